//! File systems that are mounted, the space on them, and the volumes that they are on.

use std::collections::BTreeMap;
use std::path::Path;

use super::look::Look;
use super::text::{self, MountLine, Volume};
use crate::facts::Mount;

/// Kinds that hold nothing of the machine's.
const VIRTUAL: [&str; 20] = [
    "proc",
    "sysfs",
    "cgroup",
    "cgroup2",
    "devpts",
    "devtmpfs",
    "mqueue",
    "debugfs",
    "tracefs",
    "securityfs",
    "pstore",
    "bpf",
    "configfs",
    "fusectl",
    "hugetlbfs",
    "rpc_pipefs",
    "binfmt_misc",
    "autofs",
    "nsfs",
    "selinuxfs",
];
/// Kinds that are asked for no figures: a server that does not answer would keep the program waiting.
const REMOTE: [&str; 9] = ["nfs", "nfs4", "cifs", "smb3", "ceph", "glusterfs", "lustre", "9p", "afs"];

/// What is mounted on the machine, by this system's own list; at another root, what is mounted below it.
pub(super) fn facts(look: &mut Look) -> Vec<Mount> {
    let text = std::fs::read_to_string("/proc/self/mountinfo");
    let lines = match &text {
        Ok(text) => text::mountinfo(text),
        Err(error) => {
            look.miss(format!("what is mounted: /proc/self/mountinfo can't be read: {error}"));
            Vec::new()
        }
    };
    let volumes = if look.machine.is_here() { volumes(look, &lines) } else { Vec::new() };
    let below = below(look.machine.root(), lines);
    below.into_iter().map(|line| fact(look, line, &volumes)).collect()
}

/// Mounts with their points as the machine sees them, of several at one point the last. The root is among them, whatever it is on.
fn below(root: &Path, lines: Vec<MountLine>) -> Vec<MountLine> {
    let mut all: BTreeMap<String, MountLine> = BTreeMap::new();
    let around =
        lines.iter().filter(|line| root.starts_with(&line.point)).max_by_key(|line| line.point.len());
    let whole = MountLine { point: "/".to_owned(), ..around.cloned().unwrap_or_default() };
    all.insert("/".to_owned(), whole);
    for mut line in lines {
        let Ok(inside) = Path::new(&line.point).strip_prefix(root) else { continue };
        line.point = Path::new("/").join(inside).to_string_lossy().into_owned();
        if line.point == "/" || !VIRTUAL.contains(&line.kind.as_str()) {
            all.insert(line.point.clone(), line);
        }
    }
    all.into_values().collect()
}

fn volumes(look: &mut Look, lines: &[MountLine]) -> Vec<Volume> {
    // Only where a mapper's device is mounted can there be one.
    if !lines
        .iter()
        .any(|line| line.source.starts_with("/dev/mapper/") || line.source.starts_with("/dev/dm-"))
    {
        return Vec::new();
    }
    let args = [
        "--readonly",
        "--reportformat",
        "json",
        "--units",
        "b",
        "--nosuffix",
        "-o",
        "lv_path,lv_dm_path,vg_name,lv_name,vg_free",
    ];
    let Some(text) = look.run("logical volumes", "lvs", &args) else { return Vec::new() };
    text::volumes(&text).unwrap_or_else(|| {
        look.miss("logical volumes: `lvs` said what is not understood");
        Vec::new()
    })
}

fn fact(look: &mut Look, line: MountLine, volumes: &[Volume]) -> Mount {
    let volume = volumes.iter().find(|volume| volume.paths.contains(&line.source));
    let is_remote = REMOTE.contains(&line.kind.as_str()) || line.kind.starts_with("fuse.");
    let figures = if is_remote { None } else { figures(look, &line.point) };
    let (size, free, free_inodes) = figures.unwrap_or_default();
    Mount {
        size,
        free,
        free_inodes,
        point: line.point,
        source: line.source,
        kind: line.kind,
        read_only: line.read_only,
        options: line.options,
        volume: volume.map(|volume| volume.name.clone()).unwrap_or_default(),
        volume_free: volume.map_or(0, |volume| volume.free),
    }
}

/// Bytes of it, bytes that are free, files that can be made. What is reserved for root is free: packages are root's.
fn figures(look: &mut Look, point: &str) -> Option<(u64, u64, u64)> {
    match rustix::fs::statvfs(look.machine.place(point)) {
        Ok(it) => {
            let bytes = |blocks: u64| blocks.saturating_mul(it.f_frsize);
            Some((bytes(it.f_blocks), bytes(it.f_bfree), if it.f_files == 0 { 0 } else { it.f_ffree }))
        }
        Err(error) => {
            look.miss(format!("how much space is on {point}: {error}"));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_below_a_root_are_seen_as_the_machine_sees_them() {
        let text = "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 8:2 / /mnt rw - xfs /dev/sdb1 rw\n\
            3 2 8:3 / /mnt/boot rw - ext4 /dev/sdb2 rw\n4 2 0:5 / /mnt/proc rw - proc proc rw\n\
            5 2 8:9 / /mnt/boot ro - vfat /dev/sdb9 rw\n6 1 8:7 / /mnt2 rw - xfs /dev/sdc rw\n";
        let shown = |root: &str| -> Vec<String> {
            let lines = below(Path::new(root), text::mountinfo(text));
            lines.iter().map(|line| format!("{} {}", line.point, line.source)).collect()
        };
        assert_eq!(shown("/mnt"), ["/ /dev/sdb1", "/boot /dev/sdb9"]);
        assert_eq!(shown("/mnt/boot/x"), ["/ /dev/sdb9"]);
        assert_eq!(shown("/"), ["/ /dev/sda1", "/mnt /dev/sdb1", "/mnt/boot /dev/sdb9", "/mnt2 /dev/sdc"]);
    }
}
