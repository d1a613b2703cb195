//! Which distribution and which machine it is.

use std::collections::BTreeMap;

use heirloom_model::Digest;

use super::look::Look;
use super::text;
use crate::facts::{InstalledFact, SystemFacts};
use crate::machine::Machine;
use crate::vendors::{self, Vendor};

/// What the packages provide that say which distribution this is.
const RELEASE: &str = "system-release";

/// SHA-256 of a machine's `/etc/machine-id` without the line's end, in hexadecimal digits; empty if there is none.
#[must_use]
pub fn machine_id(machine: &Machine) -> String {
    let text = Look::new(machine).text("/etc/machine-id").unwrap_or_default();
    match text.trim() {
        "" | "uninitialized" => String::new(),
        id => Digest::of(id.as_bytes()).to_string(),
    }
}

/// What os-release and a few other files say.
pub(super) fn facts(look: &mut Look) -> SystemFacts {
    let release =
        look.text("/etc/os-release").or_else(|| look.text("/usr/lib/os-release")).unwrap_or_default();
    let values: BTreeMap<String, String> = text::assignments(&release).into_iter().collect();
    let value = |key: &str| values.get(key).cloned().unwrap_or_default();
    let (version, platform) = (value("VERSION_ID"), value("PLATFORM_ID"));
    SystemFacts {
        id: value("ID"),
        id_like: text::list(&value("ID_LIKE")),
        major: major(&version, &platform),
        name: values.get("PRETTY_NAME").cloned().unwrap_or_else(|| value("NAME")),
        version,
        platform,
        selinux: selinux(look),
        fips: fips(look),
        kind: kind(look),
        vendor: String::new(),
        release: None,
    }
}

fn major(version: &str, platform: &str) -> u32 {
    let number = |text: &str| text.split('.').next().and_then(|digits| digits.parse().ok());
    let by_platform = platform.strip_prefix("platform:el").and_then(number);
    by_platform.or_else(|| number(version)).unwrap_or(0)
}

fn selinux(look: &mut Look) -> String {
    if look.machine.is_here() {
        let now = match look.text("/sys/fs/selinux/enforce").as_deref().map(str::trim) {
            Some("1") => "enforcing",
            Some(_) => "permissive",
            None => "disabled",
        };
        return now.to_owned();
    }
    let values = text::assignments(&look.text("/etc/selinux/config").unwrap_or_default());
    let value =
        values.into_iter().rev().find(|(key, _)| key == "SELINUX").map(|(_, value)| value.to_lowercase());
    value.unwrap_or_default()
}

fn fips(look: &mut Look) -> bool {
    if look.machine.is_here() {
        return look.text("/proc/sys/crypto/fips_enabled").is_some_and(|text| text.trim() == "1");
    }
    let policy = look.text("/etc/crypto-policies/config").unwrap_or_default();
    look.exists("/etc/system-fips") || text::lines(&policy).iter().any(|line| line.starts_with("FIPS"))
}

fn kind(look: &mut Look) -> String {
    let container = look.text("/run/systemd/container").map(|name| name.trim().to_owned());
    let kind = if look.exists("/run/ostree-booted") || look.exists("/ostree/repo") {
        "ostree"
    } else if look.exists("/run/rootfsbase") || look.exists("/run/initramfs/live") {
        "live system"
    } else if let Some(name) = container.filter(|name| !name.is_empty()) {
        return format!("container ({name})");
    } else if look.exists("/run/.containerenv") {
        "container (podman)"
    } else if look.exists("/.dockerenv") {
        "container (docker)"
    } else {
        ""
    };
    kind.to_owned()
}

/// Its host name.
pub(super) fn host(look: &mut Look) -> String {
    let name = look.text("/etc/hostname").unwrap_or_default();
    let name = text::lines(&name).into_iter().next().unwrap_or_default();
    match look.machine.is_here() {
        true => rustix::system::uname().nodename().to_string_lossy().into_owned(),
        false => name,
    }
}

/// The architecture that most packages have; packages of 32 bits do not count beside those of 64.
pub(super) fn architecture(packages: &[InstalledFact]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for package in packages.iter().filter(|package| package.nevra.arch() != "noarch") {
        *counts.entry(package.nevra.arch()).or_default() += 1;
    }
    if counts.contains_key("x86_64") {
        counts.retain(|arch, _| !is_x86(arch));
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count).map(|(arch, _)| arch.to_owned());
    most.unwrap_or_else(|| rustix::system::uname().machine().to_string_lossy().into_owned())
}

/// Whether an architecture is x86's of 32 bits.
pub(super) fn is_x86(arch: &str) -> bool {
    ["i386", "i486", "i586", "i686"].contains(&arch)
}

/// Packages that say which distribution this is.
pub(super) fn releases(packages: &[InstalledFact]) -> impl Iterator<Item = &InstalledFact> {
    packages.iter().filter(|package| package.provides.iter().any(|provided| provided.name == RELEASE))
}

/// Who made it: by the release package, else by what os-release says.
pub(super) fn recognise(system: &mut SystemFacts, packages: &[InstalledFact]) {
    let fits = |vendor: &&Vendor| vendor.os_ids.contains(&system.id);
    let vendor_of = |package: &InstalledFact| {
        let has = |vendor: &&Vendor| {
            vendor.role(package.nevra.name()).is_some_and(|role| role.starts_with("release"))
                && vendor.has_tag(&package.vendor)
        };
        vendors::all().iter().find(has)
    };
    let known = releases(packages).filter_map(|package| Some((package, vendor_of(package)?)));
    let mut known: Vec<_> = known.collect();
    known.sort_by_key(|(_, vendor)| !fits(vendor));
    let any = || releases(packages).next().map(|package| package.nevra.clone());
    system.release = known.first().map(|(package, _)| package.nevra.clone()).or_else(any);
    let is_stream = system.name.contains("Stream");
    let by_id = || {
        let fitting = vendors::all().iter().filter(fits);
        fitting.min_by_key(|vendor| (vendor.id == "centos-stream") != is_stream)
    };
    let vendor = known.first().map(|(_, vendor)| *vendor).or_else(by_id);
    let is_derived = system.id_like.iter().any(|id| id == "rhel") && system.release.is_some();
    system.vendor = match vendor {
        Some(vendor) => vendor.id.clone(),
        None if is_derived => vendors::HEIRLOOM.to_owned(),
        None => String::new(),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::packages::tests::fact;

    #[test]
    fn the_major_version_is_the_platform_s() {
        for (version, platform, expected) in [
            ("9.4", "platform:el9", 9),
            ("8", "", 8),
            ("", "platform:el10", 10),
            ("x", "y", 0),
            ("43", "platform:f43", 43),
        ] {
            assert_eq!(major(version, platform), expected, "{version} {platform}");
        }
    }

    #[test]
    fn vendors_are_recognised() {
        for (id, name, like, packages, expected) in [
            (
                "centos",
                "CentOS Stream 9",
                "rhel fedora",
                vec![("centos-stream-release", "CentOS")],
                "centos-stream",
            ),
            ("centos", "CentOS Linux 8", "rhel fedora", vec![("centos-linux-release", "CentOS")], "centos"),
            ("centos", "CentOS Stream 9", "", vec![], "centos-stream"),
            ("centos", "CentOS Linux 7 (Core)", "", vec![], "centos"),
            // Oracle has a package of Red Hat's name.
            (
                "ol",
                "Oracle Linux",
                "",
                vec![("oraclelinux-release", "Oracle America"), ("redhat-release", "Oracle America")],
                "oracle",
            ),
            ("rhel", "", "", vec![("redhat-release", "Red Hat, Inc.")], "rhel"),
            ("kestrel", "Kestrel", "rhel centos", vec![("kestrel-release", "Kestrel")], "heirloom"),
            ("kestrel", "Kestrel", "rhel centos", vec![], ""),
            ("fedora", "Fedora", "", vec![("fedora-release", "Fedora Project")], ""),
            ("", "", "", vec![], ""),
        ] {
            let mut system = SystemFacts {
                id: id.into(),
                name: name.into(),
                id_like: text::list(like),
                ..SystemFacts::default()
            };
            let packages: Vec<_> = packages
                .into_iter()
                .map(|(name, vendor)| fact(&format!("{name}-9-1.noarch"), vendor, &["system-release = 9-1"]))
                .collect();
            recognise(&mut system, &packages);
            assert_eq!(system.vendor, expected, "{id} {name}");
            assert_eq!(system.release.is_some(), !packages.is_empty());
        }
    }
}
