//! Tags that no rule names, so that nothing can differ unseen.

use std::collections::BTreeSet;

use heirloom_model::Finding;

use super::Weight::Compatible;
use super::{Check, checks};
use crate::pair::Pair;

pub(super) const OTHER_TAGS: Check =
    Check::tags("other-tags", "Every tag that no other rule looks at is the same.", Compatible, &[])
        .code(run);

fn run(check: &Check, pair: &Pair<'_>) -> Vec<Finding> {
    let named: BTreeSet<u32> = checks().iter().flat_map(|check| check.tags).copied().collect();
    let all: BTreeSet<u32> = pair.reference.tags().chain(pair.rebuilt.tags()).collect();
    let differing = all.difference(&named).filter(|tag| !pair.same(&[**tag]));
    differing.map(|tag| check.tag_finding(pair, *tag)).collect()
}
