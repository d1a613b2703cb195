//! What is done in the machine, one phase at each boot. What is known between boots is in `/boot/state`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use heirloom_migrate::boot;
use heirloom_migrate::check::Level;
use heirloom_migrate::facts::{BootFacts, EfiFacts, Firmware};
use heirloom_migrate::machine::Machine;
use heirloom_migrate::plan::{BootPlan, BootStep};
use heirloom_migrate::target::{FORMAT, Target, TargetBoot};

use super::MARK;

/// The old vendor's kernel.
pub(crate) const OLD: &str = "5.14.0-1.el9.x86_64";
/// The new one's.
const NEW: &str = "5.14.0-2.el9.x86_64";
const PROGRAM: &str = "/boot/efi/EFI/alpha/shimx64.efi";

/// What a kernel is called in the menu.
pub(crate) fn title(kernel: &str) -> String {
    format!("Linux ({kernel})")
}

/// A kernel's entry in the menu.
pub(crate) fn entry(kernel: &str) -> String {
    format!(
        "menuentry '{}' {{\n linux /vmlinuz-{kernel} kernel={kernel} vendor=$vendor console=ttyS0 quiet panic=5\n initrd /initramfs.img\n}}\n",
        title(kernel)
    )
}

/// Names in a directory.
pub(crate) fn names(dir: &Path) -> Vec<String> {
    fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// The machine, if this runs in one that was made for it.
pub(crate) fn here() -> Option<Machine> {
    let line = fs::read_to_string("/proc/cmdline").ok()?;
    let is_ours = line.contains(" kernel=5.14.0-") && Path::new("/boot/boot-is-here").exists();
    is_ours.then(|| Machine::at(Path::new("/")).unwrap())
}

fn say(text: &str) {
    println!("{MARK}{text}");
}

fn of_command_line(name: &str) -> String {
    let line = fs::read_to_string("/proc/cmdline").unwrap();
    let value = line
        .split_whitespace()
        .find_map(|word| word.strip_prefix(name)?.strip_prefix('=').map(str::to_owned));
    value.unwrap_or_default()
}

/// One phase.
pub(crate) fn run(machine: &Machine) {
    let phase: u32 =
        fs::read_to_string("/boot/state/phase").ok().and_then(|text| text.parse().ok()).unwrap_or_default();
    fs::write("/boot/state/phase", (phase + 1).to_string()).unwrap();
    let vendor = match of_command_line("vendor") {
        vendor if vendor.is_empty() => "bios".to_owned(),
        vendor => vendor,
    };
    let kernel = if of_command_line("kernel") == OLD { "old" } else { "new" };
    say(&format!("booted {phase} {vendor} {kernel}"));
    match phase {
        0 if vendor == "alpha" => {
            let mut made = Vec::new();
            let entry = new_entry("alpha", machine);
            boot::run(machine, &entry, &mut made).unwrap();
            boot::run(machine, &BootStep::PutFirst, &mut made).unwrap();
        }
        0 => {}
        1 => carry_over(machine),
        2 => say("not finished"),
        3 => {
            roll_back(machine);
            carry_over(machine);
        }
        4 => finish(machine),
        _ => {
            say("end");
            fs::write("/off", "").unwrap();
        }
    }
}

fn new_entry(vendor: &str, machine: &Machine) -> BootStep {
    let (facts, _, _) = boot::look(machine);
    let esp =
        facts.devices.iter().find(|device| device.mounts.iter().any(|mount| mount == "/boot/efi")).unwrap();
    BootStep::CreateEntry {
        disk: esp.parents[0].clone(),
        partition: esp.partition_number.unwrap(),
        label: vendor.to_owned(),
        loader: format!(r"\EFI\{vendor}\shimx64.efi"),
        partition_id: esp.partition_id.clone(),
    }
}

fn target() -> Target {
    Target {
        format: FORMAT,
        id: "beta".to_owned(),
        name: "Beta Linux".to_owned(),
        version: "9.4".to_owned(),
        architectures: vec!["x86_64".to_owned()],
        platform: String::new(),
        certificates: String::new(),
        roles: BTreeMap::new(),
        repositories: Vec::new(),
        swaps: Vec::new(),
        packages: Vec::new(),
        modules: Vec::new(),
        boot: Some(TargetBoot {
            directory: "beta".to_owned(),
            label: "Beta Linux".to_owned(),
            loaders: BTreeMap::from([("x86_64".to_owned(), "shimx64.efi".to_owned())]),
            certificates: Vec::new(),
        }),
    }
}

/// What the packages of a transaction do: the new kernel and boot loader come, the old boot loader goes.
fn transaction(facts: &BootFacts) {
    fs::copy(format!("/boot/vmlinuz-{OLD}"), format!("/boot/vmlinuz-{NEW}")).unwrap();
    if facts.firmware == Firmware::Uefi {
        fs::create_dir_all("/boot/efi/EFI/beta").unwrap();
        fs::copy("/boot/beta.efi", "/boot/efi/EFI/beta/shimx64.efi").unwrap();
        fs::remove_file(PROGRAM).unwrap();
        fs::remove_file("/boot/efi/EFI/alpha/grubx64.efi").unwrap();
    }
}

fn steps(machine: &Machine, steps: &[BootStep], made: &mut Vec<u16>) {
    for step in steps {
        println!("{step:?}");
        boot::run(machine, step, made).unwrap_or_else(|error| panic!("{step:?}: {error}"));
    }
}

fn carry_over(machine: &Machine) {
    let (facts, _, unseen) = boot::look(machine);
    assert!(unseen.is_empty(), "{unseen:?}");
    let (plan, checks) = boot::plan(&facts, &[], "x86_64", &target(), Some(NEW));
    let blockers: Vec<&str> =
        checks.iter().filter(|check| check.level == Level::Blocker).map(|check| check.id.as_str()).collect();
    let mut made = Vec::new();
    steps(machine, &plan.before, &mut made);
    transaction(&facts);
    steps(machine, &plan.steps, &mut made);
    fs::write("/boot/state/plan", serde_json::to_vec(&(&plan, &made, &facts)).unwrap()).unwrap();
    let (after, _, _) = boot::look(machine);
    let (first, next) = match (&facts.efi, &after.efi) {
        (Some(before), Some(efi)) => (before.order == efi.order, efi.next == made.first().copied()),
        _ => (after.default_kernel == OLD, variable("next_entry") == title(NEW)),
    };
    let what = if facts.efi.is_some() { "old entry first" } else { "default is old" };
    say(&format!("carried over: {what} {first}, next is new {next}, blockers {blockers:?}"));
}

fn variable(name: &str) -> String {
    let block = fs::read_to_string("/boot/grub2/grubenv").unwrap();
    let value = block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    value.unwrap_or_default().to_owned()
}

fn kept() -> (BootPlan, Vec<u16>, BootFacts) {
    serde_json::from_slice(&fs::read("/boot/state/plan").unwrap()).unwrap()
}

fn efi(facts: &BootFacts) -> Option<&EfiFacts> {
    facts.efi.as_ref()
}

/// The steps, then what the files of the savepoint do: all as it was.
fn roll_back(machine: &Machine) {
    let (plan, mut made, before) = kept();
    steps(machine, &plan.rollback, &mut made);
    fs::remove_file(format!("/boot/vmlinuz-{NEW}")).unwrap();
    fs::write(
        "/boot/grub2/grub.cfg",
        format!("{}{}", fs::read_to_string("/boot/grub2/header").unwrap(), entry(OLD)),
    )
    .unwrap();
    if before.efi.is_some() {
        fs::remove_dir_all("/boot/efi/EFI/beta").unwrap();
    }
    let (after, _, _) = boot::look(machine);
    match (efi(&before), efi(&after)) {
        (Some(before), Some(after)) => say(&format!(
            "rolled back: entries as before {}, order as before {}",
            before.entries == after.entries,
            before.order == after.order
        )),
        _ => say(&format!(
            "rolled back: default is old {}, next is none {}",
            after.default_kernel == OLD,
            variable("next_entry").is_empty()
        )),
    }
}

fn finish(machine: &Machine) {
    let (plan, mut made, _) = kept();
    steps(machine, &plan.finish, &mut made);
    let (after, _, _) = boot::look(machine);
    match efi(&after) {
        Some(efi) => say(&format!(
            "finished: new entry first {}, old entry gone {}, old program gone {}",
            efi.order.first() == made.first(),
            !efi.entries.iter().any(|entry| entry.loader.contains("alpha")),
            !Path::new(PROGRAM).exists()
        )),
        None => say(&format!("finished: default is new {}", after.default_kernel == NEW)),
    }
}
