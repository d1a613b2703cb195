//! How the payload is compressed, and the feature of rpm that a package needs for it.

use heirloom_formats::rpm_file::{DependencyKind, Header, Relation};
use heirloom_model::Finding;

use super::Check;
use super::Weight::Allowed;
use crate::pair::Pair;
use crate::tag::{PAYLOADCOMPRESSOR, PAYLOADFLAGS};

pub(super) const PAYLOAD_COMPRESSOR: Check = Check::tags(
    "payload-compressor",
    "How the payload is compressed; another way is allowed.",
    Allowed,
    &[PAYLOADCOMPRESSOR, PAYLOADFLAGS],
)
.code(run);

/// Whether a requirement only says how the payload is compressed, as `rpmlib(PayloadIsZstd)` does.
pub(super) fn is_feature(relation: &Relation) -> bool {
    relation.name.starts_with("rpmlib(PayloadIs")
}

fn run(check: &Check, pair: &Pair<'_>) -> Vec<Finding> {
    let mut findings = check.compare_tags(pair);
    let (expected, found) = (features(pair.reference), features(pair.rebuilt));
    if expected != found {
        findings.push(check.differs("requires", (expected, found)));
    }
    findings
}

fn features(header: &Header) -> String {
    let all = header.relations(DependencyKind::Requires).iter().filter(|relation| is_feature(relation));
    all.map(super::dependencies::text).collect::<Vec<_>>().join(", ")
}
