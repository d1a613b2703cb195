//! Links from build-ids to files: they change with every byte of code.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_formats::rpm_file::{DependencyKind, Header, Relation};
use heirloom_model::Finding;

use super::Check;
use super::Weight::Expected;
use crate::pair::{self, Pair};

pub(super) const BUILD_ID_LINKS: Check = Check::tags(
    "build-id-links",
    "Links from a build-id to its file, and provided build-ids, follow the code.",
    Expected,
    &[],
)
.code(run);

fn run(check: &Check, pair: &Pair<'_>) -> Vec<Finding> {
    let (reference, rebuilt) = (links(pair.reference), links(pair.rebuilt));
    let mut findings = Vec::new();
    let provided = (provided(pair.reference), provided(pair.rebuilt));
    if provided.0 != provided.1 {
        let count = |ids: &BTreeSet<_>| format!("{} build-ids", ids.len());
        findings.push(check.differs("debuginfo(build-id)", (count(&provided.0), count(&provided.1))));
    }
    if reference == rebuilt {
        return findings;
    }
    let count = |links: &BTreeMap<_, _>| format!("{} paths", links.len());
    findings.push(check.differs("/usr/lib/.build-id", (count(&reference), count(&rebuilt))));
    findings
}

/// Whether a debuginfo package provides a build-id by this.
pub(super) fn is_build_id(relation: &Relation) -> bool {
    relation.name == "debuginfo(build-id)"
}

fn provided(header: &Header) -> BTreeSet<&str> {
    let ids = header.relations(DependencyKind::Provides).iter().filter(|relation| is_build_id(relation));
    ids.map(|relation| relation.version.as_str()).collect()
}

fn links(header: &Header) -> BTreeMap<&str, &str> {
    let links = header.files.iter().filter(|file| pair::is_build_id_link(file));
    links.map(|file| (file.path.as_str(), file.link_target.as_str())).collect()
}
