//! Compiler flags and platform: of no meaning in a noarch package, where they only tell which machine of
//! the build farm made it.

use heirloom_formats::rpm_file::{Header, Value};
use heirloom_model::{Finding, Severity};

use super::Check;
use super::Weight::Compatible;
use crate::pair::Pair;
use crate::tag::{OPTFLAGS as OPTFLAGS_TAG, PLATFORM as PLATFORM_TAG};

pub(super) const OPTFLAGS: Check = Check::tags(
    "optflags",
    "The compiler's flags are the same; noarch packages may differ.",
    Compatible,
    &[OPTFLAGS_TAG],
)
.code(run);

pub(super) const PLATFORM: Check = Check::tags(
    "platform",
    "The platform is the same; noarch packages may differ.",
    Compatible,
    &[PLATFORM_TAG],
)
.code(run);

fn run(check: &Check, pair: &Pair<'_>) -> Vec<Finding> {
    let noarch = pair.reference.nevra.arch() == "noarch" && pair.rebuilt.nevra.arch() == "noarch";
    let mut findings = check.compare_tags(pair);
    let words = |header: &Header| match header.value(check.tags[0]) {
        Some(Value::Texts(texts)) => texts.join(" ").split_ascii_whitespace().map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    // How many blanks are between flags follows from how macros were put together.
    if noarch || words(pair.reference) == words(pair.rebuilt) {
        findings.iter_mut().for_each(|finding| finding.severity = Severity::Note);
    }
    findings
}
