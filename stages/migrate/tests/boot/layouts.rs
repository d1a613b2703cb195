//! Every directory in `tests/layouts` is a machine: what its tools print, in the forms of EL7 to EL10, and in `machine.toml` the files that are
//! looked at. The real `look` reads it, in a root where the tools are scripts; the plan is compared with `plan.snap` beside it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use heirloom_migrate::boot;
use heirloom_migrate::check::Check;
use heirloom_migrate::facts::{BootFacts, Mount};
use heirloom_migrate::plan::{BootPlan, BootStep};
use heirloom_migrate::target::{FORMAT, Target, TargetBoot};
use serde::Deserialize;

use crate::root::Root;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Layout {
    architecture: String,
    /// The target's version.
    version: String,
    /// The target's kernel.
    kernel: Option<String>,
    /// The target's directory below EFI; `-` if it brings no boot loader.
    #[serde(default = "kestrel")]
    directory: String,
    #[serde(default = "shim")]
    loaders: BTreeMap<String, String>,
    #[serde(default)]
    certificates: Vec<String>,
    /// Disks with grub in their first sector, and without.
    #[serde(default)]
    with_grub: Vec<String>,
    #[serde(default)]
    without_grub: Vec<String>,
    texts: BTreeMap<String, String>,
    #[serde(default)]
    sizes: BTreeMap<String, u64>,
    #[serde(default)]
    bytes: BTreeMap<String, String>,
    #[serde(default)]
    links: BTreeMap<String, String>,
    #[serde(default)]
    mounts: Vec<Mounted>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mounted {
    point: String,
    source: String,
    kind: String,
    size: u64,
    free: u64,
}

fn kestrel() -> String {
    "kestrel".to_owned()
}

fn shim() -> BTreeMap<String, String> {
    BTreeMap::from([("x86_64".to_owned(), "shimx64.efi".to_owned())])
}

/// A sector with the messages of grub's boot.img, or without.
fn sector(has_grub: bool) -> Vec<u8> {
    let mut sector = vec![0; 512];
    if has_grub {
        let messages = b"GRUB \0Geom\0Hard Disk\0Read\0 Error\r\n";
        sector[0x180..0x180 + messages.len()].copy_from_slice(messages);
    }
    sector[510..].copy_from_slice(&[0x55, 0xaa]);
    sector
}

/// Answers as the `lsblk` of a version does: an unknown option or column is an error.
const LSBLK: &str = r#"
case "$*" in
*--json*) [ -n "$JSON" ] || { echo "lsblk: unrecognized option '--json'" >&2; exit 1; } ;;
*--pairs*) ;;
*) exit 1 ;;
esac
case "$*" in
*PATH*|*PTTYPE*) [ -n "$PATHS" ] || { echo "lsblk: unknown column: PATH" >&2; exit 1; } ;;
esac
case "$*" in
*PARTTYPE*) [ -n "$TYPES" ] || { echo "lsblk: unknown column: PARTTYPE" >&2; exit 1; } ;;
esac
while IFS= read -r line; do printf '%s\n' "$line"; done </fixture/lsblk
"#;

/// Prints what follows `# DEVICE`.
const MDADM: &str = r##"
[ "$1 $2" = "--detail --export" ] || exit 1
show=
while IFS= read -r line; do
    case "$line" in
    "# $3") show=1 ;;
    "# "*) show= ;;
    *) [ -z "$show" ] || printf '%s\n' "$line" ;;
    esac
done </fixture/mdadm
"##;

fn lay_out(dir: &Path, layout: &Layout) -> Root {
    let root = Root::new();
    for (path, text) in &layout.texts {
        root.write(path, text);
    }
    for (path, size) in &layout.sizes {
        root.sparse(path, *size);
    }
    for (path, digits) in &layout.bytes {
        let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
        root.write(path, (0..digits.len()).step_by(2).map(byte).collect::<Vec<u8>>());
    }
    for (path, target) in &layout.links {
        root.link(path, target);
    }
    for disk in &layout.with_grub {
        root.write(disk, sector(true));
    }
    for disk in &layout.without_grub {
        root.write(disk, sector(false));
    }
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let lsblk = |known: &str| {
            root.write("/fixture/lsblk", &text);
            root.tool("lsblk", &format!("{known}\n{LSBLK}"));
        };
        match path.file_name().unwrap().to_str().unwrap() {
            "machine.toml" | "plan.snap" | "plan.snap.new" => {}
            "efibootmgr" => root.prints("efibootmgr", &text),
            "grubby" => root.prints("grubby", &text),
            "mdstat" => root.write("/proc/mdstat", &text),
            "mdadm" => {
                root.write("/fixture/mdadm", &text);
                root.tool("mdadm", MDADM);
            }
            "lsblk.json" => lsblk("JSON=1 PATHS=1 TYPES=1"),
            "lsblk-2.32.json" => lsblk("JSON=1 PATHS= TYPES=1"),
            "lsblk-2.23.pairs" => lsblk("JSON= PATHS= TYPES="),
            other => panic!("{}: nothing reads {other}", dir.display()),
        }
    }
    root
}

fn target(layout: &Layout) -> Target {
    let boot = TargetBoot {
        directory: layout.directory.clone(),
        label: "Kestrel Linux".to_owned(),
        loaders: layout.loaders.clone(),
        certificates: layout.certificates.clone(),
    };
    Target {
        format: FORMAT,
        id: "kestrel".to_owned(),
        name: "Kestrel Linux".to_owned(),
        version: layout.version.clone(),
        architectures: vec![layout.architecture.clone()],
        platform: String::new(),
        certificates: String::new(),
        roles: BTreeMap::new(),
        repositories: Vec::new(),
        swaps: Vec::new(),
        packages: Vec::new(),
        modules: Vec::new(),
        boot: (layout.directory != "-").then_some(boot),
    }
}

fn show(facts: &BootFacts, unseen: &[String], plan: &BootPlan, checks: &[Check]) -> String {
    let mut text = format!("{:?}, loader {:?}, BLS {}\n", facts.firmware, facts.loader, facts.has_bls);
    for kernel in &facts.kernels {
        let default = if kernel.version == facts.default_kernel { ", default" } else { "" };
        let _ = writeln!(
            text,
            "kernel {} ({} bytes, entry {}){default}",
            kernel.version, kernel.boot_bytes, kernel.has_entry
        );
    }
    for partition in facts.efi.iter().flat_map(|efi| &efi.partitions) {
        let dirs: Vec<&str> = partition.directories.iter().map(|dir| dir.name.as_str()).collect();
        let _ = writeln!(
            text,
            "ESP {} on {:?}, fstab {:?}: {}",
            partition.device,
            partition.mount,
            partition.listed,
            dirs.join(" ")
        );
    }
    if let Some(efi) = &facts.efi {
        let _ = writeln!(
            text,
            "UEFI {} bits, Secure Boot {:?}, writable {}, {} entries",
            efi.bits,
            efi.secure_boot,
            efi.writable,
            efi.entries.len()
        );
    }
    for array in &facts.arrays {
        let _ = writeln!(
            text,
            "{} {} {} of {}, {} missing",
            array.path,
            array.level,
            array.metadata,
            array.members.join(" "),
            array.missing
        );
    }
    if !facts.boot_sectors.is_empty() {
        let _ = writeln!(text, "grub in {}", facts.boot_sectors.join(" "));
    }
    for what in unseen {
        let _ = writeln!(text, "unseen: {what}");
    }
    for check in checks {
        let _ = writeln!(text, "\n{:?} {}\n  {}\n  {}", check.level, check.id, check.found, check.advice);
    }
    let mut steps = |name: &str, steps: &[BootStep]| {
        if !steps.is_empty() {
            let _ = writeln!(text, "\n{name}:");
        }
        for step in steps {
            let _ = writeln!(text, "  {step:?}");
        }
    };
    steps("before", &plan.before);
    steps("steps", &plan.steps);
    steps("finish", &plan.finish);
    steps("rollback", &plan.rollback);
    text
}

#[test]
fn every_layout_gives_its_plan() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/layouts");
    let mut dirs: Vec<_> = fs::read_dir(&top).unwrap().map(|entry| entry.unwrap().path()).collect();
    dirs.sort();
    assert!(dirs.len() >= 50, "layouts are lost: {} left", dirs.len());
    for dir in dirs {
        let name = dir.file_name().unwrap().to_string_lossy().into_owned();
        let text =
            fs::read_to_string(dir.join("machine.toml")).unwrap_or_else(|error| panic!("{name}: {error}"));
        let layout: Layout = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let root = lay_out(&dir, &layout);
        let (facts, found, unseen) = boot::look(&root.machine());
        let mounts: Vec<Mount> = layout.mounts.iter().map(mount).collect();
        let target = target(&layout);
        let (plan, checks) =
            boot::plan(&facts, &mounts, &layout.architecture, &target, layout.kernel.as_deref());
        for check in &found {
            assert!(checks.contains(check), "{name}: {check:?} is lost in the plan");
        }
        if checks.iter().any(|check| check.id.starts_with("boot-firmware")) {
            assert!(plan == BootPlan::default(), "{name}: steps for a machine that can't be handled");
        }
        insta::with_settings!({
            snapshot_path => &dir, prepend_module_to_snapshot => false, omit_expression => true, description => name.as_str(),
        }, {
            insta::assert_snapshot!("plan", show(&facts, &unseen, &plan, &checks));
        });
    }
}

fn mount(mounted: &Mounted) -> Mount {
    Mount {
        point: mounted.point.clone(),
        source: mounted.source.clone(),
        kind: mounted.kind.clone(),
        size: mounted.size,
        free: mounted.free,
        ..Mount::default()
    }
}

#[test]
fn an_empty_root_is_looked_at_without_harm() {
    let root = Root::new();
    let (facts, checks, unseen) = boot::look(&root.machine());
    assert_eq!(facts, BootFacts::default());
    assert!(checks.is_empty());
    assert!(unseen.iter().any(|what| what.starts_with("Block devices: `lsblk")), "{unseen:?}");
}
