//! Whether the public log has every decision that the channel's history has.

use std::collections::BTreeSet;

use heirloom_tlog::Tree;

use super::decisions::Decided;
use super::{Check, Finding};
use crate::cli;
use crate::fail::{Exit, Fail, chain};
use crate::flow::{governing, log};
use crate::verbs::log::demanded;

/// Entries of a bundle.
const BUNDLE: u64 = 256;

/// Looks every decision up in the log. What is not in it was kept from those who watch.
pub(super) fn check(args: &cli::Verify, place: &str, decided: &Decided) -> Result<Check, Fail> {
    let cli::LogKeys { log_key, witness, need } = &args.log;
    let policy = demanded(log_key.as_deref().unwrap_or_default(), witness, *need)?;
    let source = log::source(place);
    let note = source.checkpoint().map_err(|error| Fail::new(Exit::Failed, chain(&error)))?;
    let what = |text: String| Check::new("log", "public log".to_owned(), vec![Finding::new(place, text)]);
    let signed = match policy.open(&note) {
        Ok(signed) => signed,
        Err(error) => return Ok(what(chain(&error))),
    };
    let tree = Tree::new(&source, signed.checkpoint());
    let mut there = BTreeSet::new();
    for bundle in 0..tree.size().div_ceil(BUNDLE) {
        match tree.bundle(bundle) {
            Ok(entries) => there.extend(entries),
            Err(error) => return Ok(what(chain(&error))),
        }
    }
    let mut findings = Vec::new();
    for (index, entry) in decided.history.entries.iter().enumerate() {
        let promotion = governing::promotion(entry)?;
        let line = promotion.line().map_err(|error| Fail::new(Exit::Failed, chain(&error)))?;
        if !there.contains(line.as_bytes()) {
            let text = format!(
                "decision {} ({}) is not in it: it was kept from those who watch the log; tell the members",
                index + 1,
                promotion.name
            );
            findings.push(Finding::new(place, text));
        }
    }
    let told = format!("{} entries, with {} cosignatures", tree.size(), signed.cosignatures().len());
    Ok(Check::new("log", told, findings))
}
