//! The release, wherever a header names it: dist tags that a declared map makes equal are.

use heirloom_model::Finding;

use super::Check;
use super::Weight::Compatible;
use crate::pair::Pair;
use crate::tag::{EPOCH, RELEASE, SOURCERPM, VERSION};

pub(super) const VERSION_CHECK: Check = Check::tags(
    "version",
    "Epoch, version and release are the same, dist tags by the declared map aside.",
    Compatible,
    &[EPOCH, VERSION, RELEASE],
)
.code(|check, pair| {
    let text = |evr: &heirloom_model::Evr| evr.to_string();
    one(check, pair, "version", (text(pair.reference.nevra.evr()), text(pair.rebuilt.nevra.evr())))
});

pub(super) const SOURCE_PACKAGE: Check = Check::tags(
    "source-package",
    "The name of the source package is the same, dist tags by the declared map aside.",
    Compatible,
    &[SOURCERPM],
)
.code(|check, pair| {
    let text = |header: &heirloom_formats::rpm_file::Header| match header.value(SOURCERPM) {
        Some(heirloom_formats::rpm_file::Value::Texts(texts)) => texts.concat(),
        _ => String::new(),
    };
    one(check, pair, "SOURCERPM", (text(pair.reference), text(pair.rebuilt)))
});

fn one(check: &Check, pair: &Pair<'_>, subject: &str, (expected, found): (String, String)) -> Vec<Finding> {
    match pair.dist.plain(&expected) == pair.dist.plain(&found) {
        true => Vec::new(),
        false => vec![check.differs(subject, (expected, found))],
    }
}
