//! What programs that are linked with a package's libraries lose: by the comparison's own checks of ELF files and types.

use std::path::PathBuf;

use heirloom_formats::rpm_file::FileEntry;
use heirloom_model::change::{Change, ChangeKind};
use heirloom_model::{Evidence, Finding, Severity};

use super::{Versions, not_examined, place};
use crate::look::Look;
use crate::pair::{Files, Pair};
use crate::{DistMap, payload, types};

/// Adds what breaks; says by what interfaces were compared, if any library differs.
pub(super) fn changes(
    versions: &Versions<'_>,
    debuginfo: &[PathBuf],
    changes: &mut Vec<Change>,
) -> Option<Evidence> {
    let files = versions.files.both.iter().copied();
    let both: Vec<_> = files.filter(|(old, new)| is_linked(old) && is_linked(new)).collect();
    if both.is_empty() {
        return None;
    }
    let dist = DistMap::default();
    let pair = Pair {
        reference: versions.old,
        rebuilt: versions.new,
        files: Files { both, ..Files::default() },
        dist: &dist,
        universe: None,
    };
    let size = |path: &std::path::Path| path.metadata().map_or(0, |metadata| metadata.len());
    let (old, new) = versions.paths;
    let mut look = Look::new(std::collections::BTreeSet::new()).bounded(size(old).saturating_add(size(new)));
    payload::compare(&mut look, &pair, old, new);
    let differ = !look.libraries.is_empty();
    let evidence = types::compare(&mut look, debuginfo);
    changes.extend(look.findings.iter().filter_map(change));
    differ.then_some(evidence)
}

/// Whether programs or the loader read it as ELF. Kernel modules have a list of their own, debugging data no users.
fn is_linked(file: &FileEntry) -> bool {
    let elf = file.color != 0 || file.class.starts_with("ELF ") || file.path.ends_with(".a");
    let aside = ["/usr/lib/debug/", "/lib/modules/", "/usr/lib/modules/", "/boot/"];
    elf && file.is_regular() && !aside.iter().any(|dir| file.path.starts_with(dir))
}

fn change(finding: &Finding) -> Option<Change> {
    let kind = match (finding.rule.as_str(), finding.severity) {
        // What else is undecided is about a rebuild: where an import comes from, what code does.
        ("unreadable" | "types-unknown", Severity::Undecided) => {
            return Some(not_examined(&finding.subject, &finding.found));
        }
        ("processor-level", Severity::Incompatible) => ChangeKind::LaterProcessor,
        ("types", Severity::Incompatible) => public(finding, ChangeKind::ChangedType),
        (
            "exported-symbols" | "object-size" | "version-definitions" | "static-symbols" | "elf-machine",
            Severity::Incompatible,
        ) => public(finding, ChangeKind::RemovedSymbol),
        _ => return None,
    };
    Some(Change::new(kind, finding.subject.clone()).values(finding.expected.clone(), finding.found.clone()))
}

/// The kind, unless nobody outside of the package links with the library or the symbol.
fn public(finding: &Finding, kind: ChangeKind) -> ChangeKind {
    let (path, symbol) = finding.subject.split_once(": ").unwrap_or((&finding.subject, ""));
    let path = path.split('!').next().unwrap_or(path);
    let private = symbol.rsplit_once('@').is_some_and(|(_, version)| version.contains("PRIVATE"));
    match place::is_public_library(path) && !private {
        true => kind,
        false => ChangeKind::PrivateSymbol,
    }
}
