//! The distribution, its file systems, the kernel, and what ties the machine down.

use heirloom_formats::evr::compare_versions;

use super::{Surroundings, bytes, count, mount_of, some};
use crate::check::Check;
use crate::facts::{Assessment, Mount};
use crate::vendors;

/// Bytes on the root's file system below which nothing is begun, and below which it may get narrow.
const LEAST_ROOT: u64 = 300 << 20;
const FEW_ROOT: u64 = 2 << 30;

pub(super) fn checks(it: &Assessment, around: &Surroundings, found: &mut Vec<Check>) {
    distribution(it, around, found);
    kind(it, found);
    space(it, found);
    kernel(it, found);
    security(it, around, found);
    ties(it, found);
}

fn distribution(it: &Assessment, around: &Surroundings, found: &mut Vec<Check>) {
    if it.system.vendor.is_empty() {
        let what = match it.system.name.as_str() {
            "" => "nothing says which distribution this is".to_owned(),
            name => format!("this is {name}"),
        };
        found.push(Check::blocker(
            "not-enterprise-linux",
            format!("{what}, and no Enterprise Linux that is known"),
            "only a machine with a distribution that is derived from Red Hat Enterprise Linux can be carried over",
        ));
    }
    if !around.is_root {
        found.push(Check::blocker(
            "not-root",
            "root did not look: what only root can read is missing",
            "run it as root: `sudo heirloom-migrate assess`",
        ));
    }
}

fn kind(it: &Assessment, found: &mut Vec<Check>) {
    let kind = it.system.kind.as_str();
    if kind.starts_with("container") {
        found.push(Check::risk(
            "container",
            format!("this is a {kind}: its kernel and boot loader are not its own"),
            "make a new image of the target rather than to carry a container over",
        ));
    } else if kind == "ostree" {
        found.push(Check::blocker(
            "ostree",
            "the system is an image of ostree, which packages can't be installed into",
            "rebase it to an image of the target: `rpm-ostree rebase` or `bootc switch`",
        ));
    } else if !kind.is_empty() {
        found.push(Check::blocker(
            "live-system",
            format!("this is a {kind}: what is changed is lost when it is switched off"),
            "install it to a disk first, or name the installed system: `--root /mnt`",
        ));
    }
}

fn space(it: &Assessment, found: &mut Vec<Check>) {
    for path in ["/", "/usr", "/etc", "/var", "/boot"] {
        let Some(mount) = mount_of(it, path).filter(|mount| mount.point == path && mount.read_only) else {
            continue;
        };
        found.push(Check::blocker(
            "read-only-root",
            format!("{} is mounted read-only", mount.point),
            format!("mount it so that it can be written to: `mount -o remount,rw {}`", mount.point),
        ));
    }
    let free =
        |mount: &Mount| format!("{} is {} free of {}", mount.point, bytes(mount.free), bytes(mount.size));
    if let Some(mount) = it.mounts.iter().find(|mount| mount.point == "/" && mount.size > 0) {
        let advice = format!(
            "make room{}: `dnf clean all`, old logs, `dnf remove --oldinstallonly`",
            if mount.volume_free > 0 { ", or grow the volume with `lvextend --resizefs`" } else { "" }
        );
        match mount.free {
            0..LEAST_ROOT => found.push(Check::blocker("root-space", free(mount), advice)),
            LEAST_ROOT..FEW_ROOT => found.push(Check::risk("root-space", free(mount), advice)),
            _ => {}
        }
    }
    let kernel = it.boot.kernels.iter().map(|kernel| kernel.boot_bytes).max().unwrap_or(0);
    if let Some(mount) = mount_of(it, "/boot").filter(|mount| mount.size > 0 && mount.free < kernel) {
        found.push(Check::blocker(
            "boot-space",
            format!("{}, but the largest kernel takes {}", free(mount), bytes(kernel)),
            "remove old kernels: `dnf remove --oldinstallonly --setopt installonly_limit=2 kernel`",
        ));
    }
    for path in ["/tmp", "/var/tmp"] {
        let is_noexec = |mount: &&Mount| mount.options.iter().any(|option| option == "noexec");
        if let Some(mount) = mount_of(it, path).filter(is_noexec) {
            found.push(Check::risk(
                "noexec-tmp",
                format!("programs can't be run from {path}, as {} is mounted with noexec; scriptlets of packages and dracut may do so", mount.point),
                format!("allow it for the time of the conversion: `mount -o remount,exec {}`", mount.point),
            ));
        }
    }
}

fn kernel(it: &Assessment, found: &mut Vec<Check>) {
    let running = it.boot.running_kernel.as_str();
    // `uname -r` is version, release and architecture.
    let newest = it
        .boot
        .kernels
        .iter()
        .filter(|kernel| !kernel.package.is_empty() && !kernel.version.contains("debug"))
        .max_by(|a, b| compare_kernels(&a.version, &b.version));
    if let Some(newest) = newest
        && !running.is_empty()
        && compare_kernels(running, &newest.version).is_lt()
    {
        found.push(Check::risk(
            "kernel-not-newest",
            format!(
                "kernel {running} runs, but {} is installed: nobody has seen this machine boot it",
                newest.version
            ),
            "reboot first, so that what boots now is known to boot",
        ));
    }
    if !it.foreign_modules.is_empty() {
        let names: Vec<String> = it
            .foreign_modules
            .iter()
            .map(|(module, package)| match package.as_str() {
                "" => format!("{module} (of no package)"),
                package => format!("{module} (of {package})"),
            })
            .collect();
        found.push(Check::risk(
            "third-party-kernel-modules",
            format!("kernel modules of others are loaded: {}", some(names.iter().map(String::as_str))),
            "see to it that they exist for the target's kernel, before the machine is booted with it",
        ));
    }
}

fn compare_kernels(a: &str, b: &str) -> std::cmp::Ordering {
    let (a, b) = (a.split_once('-').unwrap_or((a, "")), b.split_once('-').unwrap_or((b, "")));
    compare_versions(a.0, b.0).then_with(|| compare_versions(a.1, b.1))
}

fn security(it: &Assessment, around: &Surroundings, found: &mut Vec<Check>) {
    if it.system.fips {
        found.push(Check::info(
            "fips",
            "FIPS mode is on",
            "ask whether the target's modules are validated; that FIPS mode stays on does not make them so",
        ));
    }
    if around.will_relabel {
        found.push(Check::risk(
            "selinux-relabel",
            "all files get their SELinux labels anew at the next boot (/.autorelabel), which takes its time",
            "reboot first, and begin when that is done",
        ));
    }
}

fn ties(it: &Assessment, found: &mut Vec<Check>) {
    let ties = &it.subscription;
    if ties.registered {
        found.push(Check::risk(
            "subscription-left",
            format!("the machine is registered with its vendor: {}", some(ties.files.iter().map(String::as_str))),
            "give the subscription back when the conversion is finished, not before: `subscription-manager unregister`",
        ));
    } else if !ties.files.is_empty() {
        found.push(Check::info(
            "subscription-left",
            format!("files of a subscription are left: {}", some(ties.files.iter().map(String::as_str))),
            "remove them when the conversion is finished",
        ));
    }
    let broken: Vec<&str> =
        it.alternatives.iter().filter(|it| !it.exists).map(|it| it.name.as_str()).collect();
    if !broken.is_empty() {
        found.push(Check::risk(
            "alternatives-broken",
            format!(
                "{} of `alternatives` lead nowhere: {}",
                count(broken.len(), "link"),
                some(broken.iter().copied())
            ),
            format!("choose one that is there: `alternatives --config {}`", broken[0]),
        ));
    }
    let enabled: Vec<String> = it
        .modules
        .iter()
        .filter(|module| module.state == "enabled")
        .map(|module| format!("{}:{}", module.name, module.stream))
        .collect();
    if !enabled.is_empty() {
        found.push(Check::info(
            "modules-enabled",
            format!(
                "{} of modules {} enabled: {}",
                count(enabled.len(), "stream"),
                if enabled.len() == 1 { "is" } else { "are" },
                some(enabled.iter().map(String::as_str))
            ),
            "the plan says whether the target has them",
        ));
    }
    let protected = it.package_manager.protected.iter().map(String::as_str);
    let protected: Vec<&str> = protected.filter(|name| vendors::role(name).is_some()).collect();
    if !protected.is_empty() {
        found.push(Check::info(
            "protected-packages",
            format!(
                "dnf is told never to remove {}, which the target has under another name",
                some(protected)
            ),
            "nothing is to be done: the transaction replaces it, and the target protects its own",
        ));
    }
}
