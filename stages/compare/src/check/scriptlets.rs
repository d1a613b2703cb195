//! What runs when the package is installed, removed or verified.

use std::collections::BTreeMap;

use heirloom_formats::rpm_file::{Header, Script, ScriptKind};
use heirloom_model::Finding;

use super::Check;
use super::Weight::Compatible;
use crate::excerpt;
use crate::pair::Pair;
use crate::tag::*;

pub(super) const SCRIPTLETS: Check = Check::tags(
    "scriptlets",
    "The scriptlets are the same: text, interpreter with arguments, and flags.",
    Compatible,
    &[
        PREIN,
        PREINPROG,
        PREINFLAGS,
        POSTIN,
        POSTINPROG,
        POSTINFLAGS,
        PREUN,
        PREUNPROG,
        PREUNFLAGS,
        POSTUN,
        POSTUNPROG,
        POSTUNFLAGS,
        PRETRANS,
        PRETRANSPROG,
        PRETRANSFLAGS,
        POSTTRANS,
        POSTTRANSPROG,
        POSTTRANSFLAGS,
        PREUNTRANS,
        PREUNTRANSPROG,
        PREUNTRANSFLAGS,
        POSTUNTRANS,
        POSTUNTRANSPROG,
        POSTUNTRANSFLAGS,
        VERIFYSCRIPT,
        VERIFYSCRIPTPROG,
        VERIFYSCRIPTFLAGS,
    ],
)
.code(run);

fn run(check: &Check, pair: &Pair<'_>) -> Vec<Finding> {
    if pair.same(check.tags) {
        return Vec::new();
    }
    let (reference, rebuilt) = (by_kind(pair.reference), by_kind(pair.rebuilt));
    let mut kinds: Vec<_> = reference.keys().chain(rebuilt.keys()).collect();
    kinds.sort();
    kinds.dedup();
    let differing = kinds.into_iter().filter(|kind| reference.get(kind) != rebuilt.get(kind));
    let show = |scripts: &BTreeMap<_, &Script>, kind| scripts.get(kind).map(|s| show(s)).unwrap_or_default();
    let values = |kind| excerpt::texts(&show(&reference, kind), &show(&rebuilt, kind));
    differing.map(|kind| check.differs(kind.name(), values(kind))).collect()
}

fn by_kind(header: &Header) -> BTreeMap<ScriptKind, &Script> {
    header.scripts.iter().map(|script| (script.kind, script)).collect()
}

fn show(script: &Script) -> String {
    let flags = if script.flags == 0 { String::new() } else { format!(" (flags {})", script.flags) };
    format!("{}{flags}: {}", script.program.join(" "), script.text)
}
