//! What the two headers say: dependencies, licence, scriptlets, and which files there are with which rights.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use heirloom_formats::rpm_file::{DependencyKind, FileEntry, Header, Relation};
use heirloom_model::change::{Change, ChangeKind};

use super::place::{self, Place};
use super::{Versions, texts};
use crate::pair;

/// Provides that say what a package is made of, and that nobody requires.
const DESCRIPTIVE: [&str; 7] =
    ["config(", "bundled(", "debuginfo(", "application(", "mimehandler(", "metainfo(", "rpmlib("];

pub(super) fn changes(versions: &Versions<'_>) -> Vec<Change> {
    let Versions { old, new, files, .. } = versions;
    let mut changes = provides(old, new);
    changes.extend(requires(old, new));
    changes.extend(scriptlets(old, new));
    if old.info.license != new.info.license {
        let values = (old.info.license.as_str(), new.info.license.as_str());
        changes.push(Change::new(ChangeKind::ChangedLicence, "licence").values(values.0, values.1));
    }
    changes.extend(files.missing.iter().filter_map(|file| gone(file)));
    changes.extend(files.extra.iter().flat_map(|file| come(file)));
    changes.extend(files.both.iter().flat_map(|(old, new)| rights(old, new)));
    changes.extend(files.both.iter().filter_map(|(old, new)| link(old, new)));
    changes
}

fn provides(old: &Header, new: &Header) -> Vec<Change> {
    let all = |header: &Header| -> BTreeMap<String, BTreeSet<String>> {
        let mut all = BTreeMap::<_, BTreeSet<_>>::new();
        for Relation { name, version, .. } in header.relations(DependencyKind::Provides) {
            all.entry(name.clone()).or_default().insert(version.clone());
        }
        all
    };
    let (before, after) = (all(old), all(new));
    let mut changes = Vec::new();
    for (name, versions) in &before {
        let there = after.get(name);
        if let Some(symbol) = kernel_symbol(name) {
            if there.is_none_or(|now| !versions.is_subset(now)) {
                let list = |all: &BTreeSet<String>| all.iter().cloned().collect::<Vec<_>>().join(", ");
                let values = (list(versions), there.map(list).unwrap_or_default());
                changes.push(Change::new(ChangeKind::KernelSymbol, symbol).values(values.0, values.1));
            }
        } else if there.is_none() {
            changes.extend(dropped(old, name, &after));
        }
    }
    changes
}

/// `sym` of `kernel(sym)` and `ksym(sym)`: the kernel's stable list, each with its checksum as the version.
fn kernel_symbol(name: &str) -> Option<&str> {
    name.strip_prefix("kernel(").or_else(|| name.strip_prefix("ksym("))?.strip_suffix(')')
}

fn dropped(old: &Header, name: &str, after: &BTreeMap<String, BTreeSet<String>>) -> Option<Change> {
    let own = name == old.nevra.name() || name.starts_with(&format!("{}(", old.nevra.name()));
    if own || DESCRIPTIVE.iter().any(|prefix| name.starts_with(prefix)) {
        return None;
    }
    match soname(name) {
        Some((library, "")) => {
            Some(Change::new(ChangeKind::RemovedLibrary, library).values(name, String::new()))
        }
        // The library itself is gone: that is said once.
        Some((library, _)) if !after.keys().any(|other| soname(other) == Some((library, ""))) => None,
        Some((_, version)) => {
            let private = version.contains("PRIVATE");
            let kind = if private { ChangeKind::PrivateSymbol } else { ChangeKind::RemovedSymbol };
            Some(Change::new(kind, name).values("symbol version", ""))
        }
        None => Some(Change::new(ChangeKind::RemovedProvides, name).values(name, "")),
    }
}

/// Library and symbol version of a provided SONAME: `libz.so.1` and `ZLIB_1.2.9` of `libz.so.1(ZLIB_1.2.9)(64bit)`.
fn soname(name: &str) -> Option<(&str, &str)> {
    let (library, rest) = name.split_once('(')?;
    let (version, rest) = rest.split_once(')')?;
    (library.contains(".so") && matches!(rest, "" | "(64bit)")).then_some((library, version))
}

/// Requirements that the older package does not have. Whether something satisfied them is for whoever knows the
/// repositories.
fn requires(old: &Header, new: &Header) -> Vec<Change> {
    let plain = |header: &Header, kind| -> HashSet<String> {
        header.relations(kind).iter().map(|relation| relation.dependency().to_string()).collect()
    };
    let (before, own) = (plain(old, DependencyKind::Requires), plain(new, DependencyKind::Provides));
    let files: HashSet<&str> = new.files.iter().map(|file| file.path.as_str()).collect();
    let known = |relation: &&Relation| {
        let text = relation.dependency().to_string();
        !relation.name.starts_with("rpmlib(")
            && !before.contains(&text)
            && !own.contains(&text)
            && !files.contains(relation.name.as_str())
    };
    let fresh = new.relations(DependencyKind::Requires).iter().filter(known);
    fresh
        .map(|relation| {
            let text = relation.dependency().to_string();
            Change::new(ChangeKind::NewRequirement, text.clone()).values("", text)
        })
        .collect()
}

fn scriptlets(old: &Header, new: &Header) -> Vec<Change> {
    let scripts = |header: &Header| -> BTreeMap<&'static str, String> {
        let all = header.scripts.iter();
        all.map(|script| (script.kind.name(), format!("{}\n{}\n", script.program.join(" "), script.text)))
            .collect()
    };
    let triggers = |header: &Header| -> String {
        header.triggers.iter().map(|trigger| format!("{}\n{}\n", trigger.program, trigger.text)).collect()
    };
    let (mut before, mut after) = (scripts(old), scripts(new));
    before.insert("triggers", triggers(old));
    after.insert("triggers", triggers(new));
    let names: BTreeSet<_> = before.keys().chain(after.keys()).copied().collect();
    let text = |all: &BTreeMap<_, String>, name| all.get(name).cloned().unwrap_or_default();
    let both = names.into_iter().map(|name| (name, text(&before, name), text(&after, name)));
    both.filter(|(_, before, after)| before != after)
        .map(|(name, before, after)| Change {
            diff: texts::diff(&before, &after),
            ..Change::new(ChangeKind::ChangedScriptlet, name)
        })
        .collect()
}

/// What the loss of a file means. Directories and what is owned without being delivered are nobody's loss; a library
/// is missed by its SONAME.
fn gone(file: &FileEntry) -> Option<Change> {
    if file.is_dir() || file.is_ghost() {
        return None;
    }
    let kind = match Place::of(file) {
        Place::Program => ChangeKind::RemovedProgram,
        Place::Module => ChangeKind::RemovedModule,
        Place::Unit => ChangeKind::RemovedUnit,
        Place::Config | Place::Development => ChangeKind::RemovedFile,
        Place::Manual | Place::Documentation => ChangeKind::RemovedDocumentation,
        Place::Preset | Place::Completion | Place::Data => ChangeKind::RemovedData,
        Place::Library => return None,
    };
    Some(Change::new(kind, file.path.clone()).values(what(file), ""))
}

fn come(file: &FileEntry) -> Vec<Change> {
    let mut changes = Vec::new();
    if file.is_regular() && (file.mode & SET_ID != 0 || !file.capabilities.is_empty()) {
        changes.push(Change::new(ChangeKind::NewSetuid, file.path.clone()).values("", raised(file)));
    }
    if file.is_dir() || file.is_ghost() {
        return changes;
    }
    if place::acts_by_itself(&file.path) {
        changes.push(Change::new(ChangeKind::ChangedDefault, file.path.clone()).values("", "a new file"));
    }
    if matches!(Place::of(file), Place::Program | Place::Library | Place::Unit | Place::Manual) {
        changes.push(Change::new(ChangeKind::NewFile, file.path.clone()).values("", what(file)));
    }
    changes
}

/// Set-user-id and set-group-id.
const SET_ID: u16 = 0o6000;

fn rights(old: &FileEntry, new: &FileEntry) -> Vec<Change> {
    if new.is_symlink() || new.is_ghost() {
        return Vec::new();
    }
    let gains = new.is_regular()
        && (new.mode & SET_ID & !old.mode != 0
            || (new.mode & SET_ID != 0 && (&new.user, &new.group) != (&old.user, &old.group))
            || (!new.capabilities.is_empty() && new.capabilities != old.capabilities));
    let show = |file: &FileEntry| format!("{:04o} {}:{}", file.mode & 0o7777, file.user, file.group);
    if gains {
        let change = Change::new(ChangeKind::NewSetuid, new.path.clone());
        return vec![change.values(show(old), raised(new))];
    }
    let same = (old.mode & 0o7777, &old.user, &old.group) == (new.mode & 0o7777, &new.user, &new.group);
    match same && old.capabilities == new.capabilities {
        true => Vec::new(),
        false => {
            let capable =
                |file: &FileEntry| format!("{} {}", show(file), file.capabilities).trim().to_owned();
            let change = Change::new(ChangeKind::ChangedPermissions, new.path.clone());
            vec![change.values(capable(old), capable(new))]
        }
    }
}

fn raised(file: &FileEntry) -> String {
    let mode = format!("{:04o} {}:{}", file.mode & 0o7777, file.user, file.group);
    format!("{mode} {}", file.capabilities).trim().to_owned()
}

/// A link in the configuration chooses, for example which target is started.
fn link(old: &FileEntry, new: &FileEntry) -> Option<Change> {
    let config = new.is_symlink() && Place::of(new) == Place::Config;
    let change = || Change::new(ChangeKind::ChangedDefault, new.path.clone());
    (config && old.link_target != new.link_target)
        .then(|| change().values(old.link_target.clone(), new.link_target.clone()))
}

fn what(file: &FileEntry) -> String {
    match file.is_symlink() {
        true => format!("a link to {}", pair::resolve(&file.path, &file.link_target)),
        false => "a file".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_soname_is_told_from_other_capabilities() {
        assert_eq!(soname("libz.so.1()(64bit)"), Some(("libz.so.1", "")));
        assert_eq!(soname("libz.so.1(ZLIB_1.2)(64bit)"), Some(("libz.so.1", "ZLIB_1.2")));
        assert_eq!(soname("libz.so.1"), None);
        assert_eq!(soname("perl(Foo.so)"), None);
        assert_eq!(soname("pkgconfig(zlib)"), None);
        assert_eq!(kernel_symbol("kernel(kmalloc)"), Some("kmalloc"));
    }
}
