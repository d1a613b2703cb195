//! Links from build-ids to files: they change with every byte of code.

use std::collections::BTreeMap;

use heirloom_formats::rpm_file::Header;
use heirloom_model::Finding;

use super::Check;
use super::Weight::Expected;
use crate::pair::{self, Pair};

pub(super) const BUILD_ID_LINKS: Check =
    Check::tags("build-id-links", "Links from a build-id to its file follow the code.", Expected, &[])
        .code(run);

fn run(check: &Check, pair: &Pair<'_>) -> Vec<Finding> {
    let (reference, rebuilt) = (links(pair.reference), links(pair.rebuilt));
    if reference == rebuilt {
        return Vec::new();
    }
    let count = |links: &BTreeMap<_, _>| format!("{} paths", links.len());
    vec![check.differs("/usr/lib/.build-id", (count(&reference), count(&rebuilt)))]
}

fn links(header: &Header) -> BTreeMap<&str, &str> {
    let links = header.files.iter().filter(|file| pair::is_build_id_link(file));
    links.map(|file| (file.path.as_str(), file.link_target.as_str())).collect()
}
