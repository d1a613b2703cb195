//! `file-conflict` says what `rpm -i --test` says.

use std::path::{Path, PathBuf};
use std::process::Command;

use heirloom_model::DistMap;
use testkit::rpm_builder::RpmBuilder;

use crate::support::{build, input, judged, of, package, repository};

/// A program that does nothing, for a machine of this many bits: what rpm takes its colour from.
fn program(bits: u8, mark: u8) -> Vec<u8> {
    let mut elf = vec![0; 128];
    elf[..7].copy_from_slice(&[0x7f, b'E', b'L', b'F', bits / 32, 1, 1]);
    let (machine, header): (u8, u8) = if bits == 64 { (62, 64) } else { (3, 52) };
    (elf[16], elf[18], elf[20]) = (2, machine, 1);
    elf[if bits == 64 { 52 } else { 40 }] = header;
    elf[127] = mark;
    elf
}

/// Packages of one pair; the name says whether they can be installed together.
fn pairs() -> Vec<(&'static str, [RpmBuilder; 2])> {
    let new = |name: &str| RpmBuilder::new(name, "1");
    let path = "/usr/share/thing/file";
    let pair = |name: &str, make: &dyn Fn(RpmBuilder, usize) -> RpmBuilder| {
        [0, 1].map(|one| make(new(&format!("{name}-{}", ["a", "b"][one])), one))
    };
    let with = |name: &'static str, make: &dyn Fn(RpmBuilder, usize) -> RpmBuilder| (name, pair(name, make));
    let coloured = |bits: [u8; 2]| {
        move |of: RpmBuilder, one: usize| {
            let program = program(bits[one], u8::from(one == 1));
            of.arch("x86_64").file_as("%attr(0755,root,root)", "/usr/bin/thing", program)
        }
    };
    vec![
        with("fine-same", &|of, _| of.file(path, "same\n")),
        with("bad-content", &|of, one| of.file(path, format!("{one}\n"))),
        with("bad-mode", &|of, one| {
            of.file_as(["%attr(0644,root,root)", "%attr(0755,root,root)"][one], path, "x\n")
        }),
        with("bad-owner", &|of, one| {
            of.file_as(["%attr(-,root,root)", "%attr(-,daemon,root)"][one], path, "x\n")
        }),
        with("bad-group", &|of, one| {
            of.file_as(["%attr(-,root,root)", "%attr(-,root,daemon)"][one], path, "x\n")
        }),
        with("fine-flags", &|of, one| of.file_as(["%config(noreplace)", "%attr(-,-,-)"][one], path, "x\n")),
        with("fine-ghost", &|of, one| of.file_as(["%ghost", "%attr(-,-,-)"][one], path, format!("{one}\n"))),
        with("fine-directory", &|of, one| of.file(&format!("/usr/share/thing/{one}"), "x\n")),
        // A directive is written before its path, so that a line of its own fits in.
        with("bad-directory", &|of, one| match one {
            0 => of.file(path, "x\n"),
            _ => of.file_as(&format!("%dir {path}\n"), &format!("{path}/inside"), "x\n"),
        }),
        with("bad-directory-mode", &|of, one| {
            let mode = ["0755", "0700"][one];
            let directive = format!("%dir %attr({mode},root,root) /usr/share/thing\n");
            of.file_as(&directive, &format!("/usr/share/thing/{one}"), "x\n")
        }),
        with("fine-excluded", &|of, one| match one {
            0 => of.file(path, "0\n").tag("Conflicts", "fine-excluded-b"),
            _ => of.file(path, "1\n"),
        }),
        with("fine-colours", &coloured([32, 64])),
        with("fine-colours-reversed", &coloured([64, 32])),
        with("bad-colours", &coloured([64, 64])),
        with("bad-small-colours", &coloured([32, 32])),
    ]
}

/// Whether rpm would install both.
fn rpm_installs(root: &Path, files: &[PathBuf]) -> (bool, String) {
    let output = Command::new("rpm")
        .args(["-i", "--test", "--force-debian", "--ignorearch", "--nodeps", "--noscripts"])
        .args([
            "--define",
            "_dbpath /var/lib/rpm",
            "--define",
            "_transaction_color 3",
            "--define",
            "_prefer_color 2",
        ])
        .arg("--root")
        .arg(root)
        .args(files)
        .output()
        .unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn rpm_refuses_the_same_pairs() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("root");
    std::fs::create_dir_all(root.join("var/lib/rpm")).unwrap();
    let (names, builders): (Vec<_>, Vec<_>) = pairs().into_iter().unzip();
    let files = build(&dir.path().join("rpms"), builders.into_iter().flatten().collect());
    for (name, files) in names.iter().zip(files.chunks(2)) {
        let packages: Vec<_> = files.iter().map(|file| package(file)).collect();
        let place = dir.path().join("rpms");
        let dist = DistMap::default();
        let report = judged(&input(vec![repository("one", &place, &packages)], &dist));
        let found = of(&report, "file-conflict");
        let (installs, said) = rpm_installs(&root, files);
        // That the packages' own dependencies exclude each other is not asked of rpm here.
        let excluded = packages.iter().any(|package| !package.conflicts.is_empty());
        assert_eq!(found.is_empty(), installs || excluded, "{name}: {found:?}\n{said}");
        assert_eq!(found.is_empty(), name.starts_with("fine-"), "{name}: {found:?}\n{said}");
        assert!(found.iter().all(|one| one.detail.contains("/usr/")), "{found:?}");
    }
}
