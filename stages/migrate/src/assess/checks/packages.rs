//! The database of packages, and what is installed.

use std::collections::{BTreeMap, BTreeSet};

use super::{Surroundings, count, some};
use crate::assess::system::{is_x86, releases};
use crate::check::Check;
use crate::facts::{Assessment, Changed, InstalledFact};
use crate::vendors::{self, Vendor};

pub(super) fn checks(it: &Assessment, around: &Surroundings, found: &mut Vec<Check>) {
    database(it, found);
    transactions(it, around, found);
    halves(it, found);
    others(it, found);
    options(it, found);
    changed(it, found);
}

fn database(it: &Assessment, found: &mut Vec<Check>) {
    if it.database.path.is_empty() && it.database.faults.is_empty() {
        found.push(Check::blocker(
            "database-missing",
            "there is no database of packages in /var/lib/rpm or /usr/lib/sysimage/rpm",
            "name the root of a machine with rpm: `--root DIRECTORY`",
        ));
    } else if let Some(first) = it.database.faults.first() {
        let more = it.database.faults.len() - 1;
        let more = if more == 0 { String::new() } else { format!(", and {more} more") };
        found.push(Check::blocker(
            "database-broken",
            format!("the database of packages is damaged: {first}{more}"),
            "see what `rpmdb --verifydb` says; `rpmdb --rebuilddb` may mend it, after a copy of its directory",
        ));
    }
}

fn transactions(it: &Assessment, around: &Surroundings, found: &mut Vec<Check>) {
    let id = "unfinished-transaction";
    if around.is_locked {
        found.push(Check::blocker(
            id,
            "packages are being installed or removed right now: the database's lock is held",
            "wait until that has ended",
        ));
    } else if !it.package_manager.unfinished.is_empty() {
        let advice = match it.package_manager.name.as_str() {
            "yum" => "finish it: `yum-complete-transaction`, or clear it away with `--cleanup-only`",
            _ => {
                "look at it with `dnf history info last`, mend what is half done with `dnf check`, then install or remove anything with dnf"
            }
        };
        found.push(Check::blocker(id, it.package_manager.unfinished.clone(), advice));
    }
    if let Some(number) = around.failed_transaction {
        found.push(Check::risk(
            "failed-transaction",
            format!("the last transaction of dnf ({number}) ended with errors"),
            format!("look at it: `dnf history info {number}`, `dnf check`"),
        ));
    }
}

/// What tells that a machine was carried over before, and not to the end.
fn halves(it: &Assessment, found: &mut Vec<Check>) {
    let id = "half-converted";
    let all: Vec<&InstalledFact> = releases(&it.packages).collect();
    let makers: BTreeSet<&str> = all.iter().map(|package| package.vendor.as_str()).collect();
    if makers.len() > 1 {
        found.push(Check::blocker(
            id,
            format!(
                "release packages of several distributions are installed: {}",
                some(all.iter().map(|package| package.nevra.name()))
            ),
            "remove what does not belong to the distribution that the machine has",
        ));
    }
    let own = vendors::by_id(&it.system.vendor);
    let is_own = |package: &InstalledFact| {
        makers.contains(package.vendor.as_str()) || own.is_some_and(|own| own.has_tag(&package.vendor))
    };
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let foreign = it.packages.iter().filter(|package| !is_own(package));
    for vendor in foreign.filter_map(|package| vendors::by_tag(&package.vendor).next()) {
        *counts.entry(&vendor.name).or_default() += 1;
    }
    // A few leftovers are third parties' packages as others are.
    counts.retain(|_, number| *number >= 3 && *number * 20 >= it.packages.len());
    for (name, number) in counts {
        found.push(Check::risk(
            id,
            format!(
                "{} of {} {} of {name}, which is not the distribution that is installed",
                number,
                it.packages.len(),
                if number == 1 { "is" } else { "packages are" }
            ),
            "find out what was begun here; `dnf distro-sync` brings packages back to the distribution's own",
        ));
    }
    let mut keys: BTreeMap<&str, usize> = BTreeMap::new();
    for package in it.packages.iter().filter(|package| !package.key.is_empty()) {
        *keys.entry(&package.key).or_default() += 1;
    }
    let own_keys: BTreeSet<&str> = all.iter().map(|package| package.key.as_str()).collect();
    let most = keys.into_iter().max_by_key(|(_, number)| *number);
    if let Some((key, number)) = most.filter(|(key, _)| !own_keys.is_empty() && !own_keys.contains(key)) {
        found.push(Check::risk(
            id,
            format!(
                "{number} of {} packages are signed by the key {key}, and the release package is not",
                it.packages.len()
            ),
            "the release package alone was replaced, or most packages came from elsewhere: `dnf distro-sync`, or a plan, brings them together",
        ));
    }
    let mut versions: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for package in it.packages.iter().filter(|package| !is_install_only(package)) {
        *versions.entry((package.nevra.name(), package.nevra.arch())).or_default() += 1;
    }
    let twice: Vec<&str> =
        versions.into_iter().filter(|(_, number)| *number > 1).map(|((name, _), _)| name).collect();
    if !twice.is_empty() {
        found.push(Check::blocker(
            id,
            format!(
                "{} installed in several versions, as after a transaction that broke off: {}",
                packages_are(twice.len()),
                some(twice)
            ),
            "remove the older ones: `dnf remove --duplicates`",
        ));
    }
}

fn packages_are(number: usize) -> String {
    format!("{} {}", count(number, "package"), if number == 1 { "is" } else { "are" })
}

/// Packages of which several versions are meant to be installed.
fn is_install_only(package: &InstalledFact) -> bool {
    let name = package.nevra.name();
    let is_kernel = ["kernel", "kernel-core", "kernel-devel", "kernel-PAE", "kernel-uek"].contains(&name)
        || ["kernel-modules", "kernel-debug", "kernel-rt", "kernel-64k", "kernel-uek-"]
            .iter()
            .any(|begin| name.starts_with(begin));
    let marks = [
        "installonlypkg(kernel)",
        "installonlypkg(kernel-module)",
        "installonlypkg(vm)",
        "multiversion(kernel)",
        "kernel",
        "kernel-modules",
    ];
    is_kernel || package.provides.iter().any(|provided| marks.contains(&provided.name.as_str()))
}

/// What did not come from the vendor.
fn others(it: &Assessment, found: &mut Vec<Check>) {
    let own = vendors::by_id(&it.system.vendor);
    let release = it.packages.iter().find(|package| Some(&package.nevra) == it.system.release.as_ref());
    let is_own = |package: &InstalledFact| {
        let key = package.key.as_str();
        own.is_some_and(|own: &Vendor| own.has_tag(&package.vendor))
            || release.is_some_and(|release| {
                release.vendor == package.vendor && (release.key == key || key.is_empty())
            })
    };
    let mut makers: BTreeMap<&str, usize> = BTreeMap::new();
    let foreign = it.packages.iter().filter(|package| !is_own(package));
    foreign.for_each(|package| *makers.entry(package.vendor.as_str()).or_default() += 1);
    if !makers.is_empty() && (own.is_some() || release.is_some()) {
        let number: usize = makers.values().sum();
        let names: Vec<String> = makers
            .iter()
            .map(|(maker, number)| {
                format!("{number} of {}", if maker.is_empty() { "nobody that is named" } else { maker })
            })
            .collect();
        found.push(Check::info(
            "third-party-packages",
            format!("{} not the vendor's: {}", packages_are(number), some(names.iter().map(String::as_str))),
            "the plan says what becomes of each",
        ));
    }
    let is_narrow = it.machine.architecture == "x86_64";
    let narrow = it.packages.iter().filter(|package| is_narrow && is_x86(package.nevra.arch()));
    let narrow: Vec<&str> = narrow.map(|package| package.nevra.name()).collect();
    if !narrow.is_empty() {
        found.push(Check::info(
            "packages-of-32-bits",
            format!("{} of 32 bits: {}", packages_are(narrow.len()), some(narrow.iter().copied())),
            "remove them if nothing needs them; a target without them holds the others back",
        ));
    }
}

fn options(it: &Assessment, found: &mut Vec<Check>) {
    let manager = &it.package_manager;
    let of_all = manager.excludes.iter().map(|name| ("dnf.conf", name));
    let enabled = it.repositories.iter().filter(|repository| repository.enabled);
    let of_one =
        enabled.flat_map(|repository| repository.excludes.iter().map(|name| (repository.id.as_str(), name)));
    let excludes: Vec<String> =
        of_all.chain(of_one).map(|(place, name)| format!("{name} ({place})")).collect();
    if !excludes.is_empty() {
        found.push(Check::risk(
            "excluded-packages",
            format!("packages are kept from dnf: {}", some(excludes.iter().map(String::as_str))),
            "take `exclude`, `excludepkgs` and `includepkgs` out of dnf.conf and the repositories' files for the time of the conversion",
        ));
    }
    if !manager.locks.is_empty() {
        found.push(Check::risk(
            "version-locks",
            format!(
                "{} held at a version: {}",
                packages_are(manager.locks.len()),
                some(manager.locks.iter().map(String::as_str))
            ),
            "release them: `dnf versionlock clear`",
        ));
    }
    let kernels = it.packages.iter().filter(|package| {
        ["kernel-core", "kernel"].contains(&package.nevra.name()) && package.has_kernel_files
    });
    let kernels = kernels.count();
    if manager.installonly_limit == 1
        || (manager.installonly_limit as usize) <= kernels && manager.installonly_limit > 0
    {
        found.push(Check::info(
            "installonly-limit",
            format!(
                "{} installed, and dnf keeps {}: a further kernel pushes the oldest out",
                count(kernels, "kernel"),
                manager.installonly_limit
            ),
            "raise `installonly_limit` in dnf.conf, if the oldest one is the one to go back to",
        ));
    }
}

fn changed(it: &Assessment, found: &mut Vec<Check>) {
    let id = "changed-files";
    let (configuration, others): (Vec<_>, Vec<_>) = it.changed.iter().partition(|file| file.is_config);
    let others: Vec<&str> = others
        .into_iter()
        .filter(|file| file.change != Changed::Access)
        .map(|file| file.path.as_str())
        .collect();
    if !others.is_empty() {
        let what = if others.len() == 1 { "is" } else { "are" };
        found.push(Check::risk(
            id,
            format!("{} that {what} no configuration {what} not as installed: {}", count(others.len(), "file"), some(others.iter().copied())),
            "keep what you changed elsewhere: such files are replaced with their packages; `rpm -V PACKAGE` says what differs",
        ));
    }
    if !configuration.is_empty() {
        let what = if configuration.len() == 1 { "is" } else { "are" };
        found.push(Check::info(
            id,
            format!(
                "{} {what} changed: {}",
                count(configuration.len(), "configuration file"),
                some(configuration.iter().map(|file| file.path.as_str()))
            ),
            "the plan says what becomes of each",
        ));
    }
}
