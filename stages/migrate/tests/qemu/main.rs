//! A machine with UEFI and one with a BIOS are carried from one vendor's boot loader and kernel to another's, in QEMU: the steps are done in the machine
//! by this very program, with the real efibootmgr, grub's own environment and the firmware's own variables, and it is rebooted in between.
//!
//! Without KVM, so that it is the same everywhere.
//!
//! It takes minutes and needs packages that nothing else does: `./dev boot-test` installs them and runs it.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may panic, and what is printed is judged"
)]

mod guest;
mod image;

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Lines of the guest that are judged begin so.
pub(crate) const MARK: &str = "HEIRLOOM ";
/// When a machine is given up.
const LONGEST: Duration = Duration::from_secs(1800);

/// The half that runs in the machine; elsewhere there is nothing to do for it.
#[test]
#[ignore = "a part of the machines in QEMU"]
fn guest() {
    if let Some(machine) = guest::here() {
        guest::run(&machine);
    }
}

#[test]
#[ignore = "minutes, and packages of its own: ./dev boot-test"]
fn uefi_boots_the_new_entry_once_and_then_first() {
    let dir = tempfile::tempdir().unwrap();
    image::uefi(dir.path());
    let variables = dir.path().join("variables");
    fs::copy("/usr/share/OVMF/OVMF_VARS_4M.fd", &variables).unwrap();
    let code = "if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd";
    let lines = boot(
        dir.path(),
        &["-drive", code, "-drive", &format!("if=pflash,format=raw,unit=1,file={}", variables.display())],
    );
    assert_eq!(
        lines,
        [
            // The firmware finds EFI/BOOT; an entry is made as the old vendor's installer does.
            "booted 0 alpha old",
            "booted 1 alpha old",
            "carried over: old entry first true, next is new true, blockers []",
            // BootNext: the new one, once.
            "booted 2 beta new",
            "not finished",
            // So the old one again, whose program was put back.
            "booted 3 alpha old",
            "rolled back: entries as before true, order as before true",
            "carried over: old entry first true, next is new true, blockers []",
            "booted 4 beta new",
            "finished: new entry first true, old entry gone true, old program gone true",
            "booted 5 beta new",
            "end",
        ]
    );
}

#[test]
#[ignore = "minutes, and packages of its own: ./dev boot-test"]
fn a_bios_boots_the_new_kernel_once_and_then_by_default() {
    let dir = tempfile::tempdir().unwrap();
    image::bios(dir.path());
    let lines = boot(dir.path(), &[]);
    assert_eq!(
        lines,
        [
            "booted 0 bios old",
            "booted 1 bios old",
            "carried over: default is old true, next is new true, blockers []",
            "booted 2 bios new",
            "not finished",
            "booted 3 bios old",
            "rolled back: default is old true, next is none true",
            "carried over: default is old true, next is new true, blockers []",
            "booted 4 bios new",
            "finished: default is new true",
            "booted 5 bios new",
            "end",
        ]
    );
}

/// Boots the disk in a directory until the machine turns itself off; gives the lines that it marked.
fn boot(dir: &Path, firmware: &[&str]) -> Vec<String> {
    let serial = dir.join("serial");
    let log = File::create(dir.join("log")).unwrap();
    let began = Instant::now();
    let mut machine = Command::new("qemu-system-x86_64")
        .args(["-machine", "q35", "-accel", "tcg", "-cpu", "max", "-m", "1024"])
        .args(["-display", "none", "-net", "none", "-no-user-config", "-monitor", "none"])
        .arg("-serial")
        .arg(format!("file:{}", serial.display()))
        .arg("-drive")
        .arg(format!("if=virtio,format=raw,file={}", dir.join("disk").display()))
        .args(firmware)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .expect("qemu-system-x86_64; ./dev boot-test installs it");
    let status = loop {
        if let Some(status) = machine.try_wait().unwrap() {
            break Some(status);
        }
        if began.elapsed() > LONGEST {
            machine.kill().unwrap();
            machine.wait().unwrap();
            break None;
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    let said = String::from_utf8_lossy(&fs::read(&serial).unwrap_or_default()).into_owned();
    let lines: Vec<String> =
        said.lines().filter_map(|line| Some(line.split_once(MARK)?.1.trim_end().to_owned())).collect();
    println!(
        "{} boots in {:.0} s",
        lines.iter().filter(|line| line.starts_with("booted")).count(),
        began.elapsed().as_secs_f64()
    );
    let tail: Vec<&str> = said.lines().rev().take(60).collect();
    let log = fs::read_to_string(dir.join("log")).unwrap_or_default();
    let all = || tail.iter().rev().copied().collect::<Vec<_>>().join("\n");
    assert!(status.is_some_and(|status| status.success()), "{log}\n{lines:#?}\n{}", all());
    lines
}
