//! Does the steps of a boot plan with the machine's own tools.

mod efi;
mod grub;
mod loaders;

use super::BootError;
use crate::machine::Machine;
use crate::plan::BootStep;

/// Does one step.
pub(super) fn run(machine: &Machine, step: &BootStep, made: &mut Vec<u16>) -> Result<(), BootError> {
    match step {
        BootStep::CreateEntry { disk, partition, label, loader, partition_id } => {
            let wanted = efi::Wanted { disk, partition: *partition, label, loader, partition_id };
            efi::create(machine, &wanted, made)
        }
        BootStep::BootOnce => efi::boot_once(machine, made),
        BootStep::PutFirst => efi::put_first(machine, made),
        BootStep::DeleteEntries { loader, partitions } => efi::delete(machine, loader, partitions, made),
        BootStep::RestoreEntries { order, existing } => efi::restore(machine, order, existing, made),
        BootStep::KeepLoader { directory } => loaders::keep(machine, directory),
        BootStep::PutLoaderBack { directory } => loaders::put_back(machine, directory),
        BootStep::ForgetLoader { directory } => loaders::forget(machine, directory),
        BootStep::RemoveLoader { directory } => loaders::remove(machine, directory),
        BootStep::CopyLoader { from, to } => loaders::copy(machine, from, to),
        BootStep::RemoveCopy { directory } => loaders::remove_copy(machine, directory),
        BootStep::WriteStub { path, like } => grub::write_stub(machine, path, like),
        BootStep::WriteMenu { path } => tool(machine, "grub2-mkconfig", &["-o", path]).map(drop),
        BootStep::InstallLoader { disk } => {
            tool(machine, "grub2-install", &["--target=i386-pc", disk]).map(drop)
        }
        BootStep::MakeInitramfs { kernel } => {
            tool(machine, "dracut", &["--force", &super::kernels::initramfs(kernel), kernel]).map(drop)
        }
        BootStep::BootKernelOnce { kernel } => grub::boot_once(machine, kernel),
        BootStep::SetDefaultKernel { kernel } => grub::set_default(machine, kernel),
    }
}

/// Runs a tool of the machine; gives what it printed.
fn tool(machine: &Machine, program: &str, arguments: &[&str]) -> Result<String, BootError> {
    let failed =
        |said: String| BootError::Tool { command: format!("{program} {}", arguments.join(" ")), said };
    let output = machine.tool(program).args(arguments).output().map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = [output.stderr, output.stdout].concat();
    Err(failed(String::from_utf8_lossy(&said).trim().chars().take(600).collect()))
}
