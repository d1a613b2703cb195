//! What was done, signed by the machine: for whoever keeps accounts of machines.

use std::fs;

use heirloom_model::{Digest, Nevra};
use serde::{Deserialize, Serialize};

use super::{ApplyError, Site};
use crate::facts::Identity;
use crate::journal::{Event, Journal, Step};
use crate::layout::{Layout, write_whole};
use crate::plan::{Action, Plan};
use crate::seal::{Envelope, Signer};

/// What an envelope with a receipt says its payload is.
pub const PAYLOAD_TYPE: &str = "application/vnd.heirloom.migration-receipt+json";
/// The form of a receipt.
const FORMAT: u32 = 1;

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Receipt {
    /// 1.
    pub format: u32,
    /// Which machine.
    pub machine: Identity,
    /// How it ended.
    pub result: Result,
    /// The distribution before.
    pub from: String,
    /// The distribution of the plan, with its version.
    pub to: String,
    /// SHA-256 of the envelope with the plan.
    #[schemars(with = "String")]
    pub plan: Digest,
    /// SHA-256 of the journal's last line.
    #[schemars(with = "String")]
    pub journal: Digest,
    /// When the first step began, in seconds since 1970.
    pub began: u64,
    /// When the last one ended.
    pub ended: u64,
    /// How long the transaction took, in seconds.
    pub transaction_seconds: u64,
    /// Packages that were replaced, added and removed.
    pub replaced: Vec<Replaced>,
    /// What somebody should look at, a sentence each: scriptlets that failed, services that did not start.
    pub risks: Vec<String>,
}

/// What became of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Replaced {
    /// Before; none if it was added.
    #[schemars(with = "Option<String>")]
    pub from: Option<Nevra>,
    /// After; none if it was removed.
    #[schemars(with = "Option<String>")]
    pub to: Option<Nevra>,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Result {
    /// Converted, with a way back.
    Converted,
    /// Converted, the way back given up.
    Finished,
    /// As before.
    RolledBack,
}

/// Writes the receipt of a migration, signed by the machine's key.
pub(super) fn write(
    site: &Site<'_>,
    layout: &Layout,
    plan: &Plan,
    journal: &Journal,
    result: Result,
) -> std::result::Result<(), ApplyError> {
    let receipt = made(layout, plan, journal, result);
    // Texts and numbers alone: nothing of it can fail.
    let payload = serde_json::to_vec(&receipt).unwrap_or_default();
    let envelope = Envelope::seal(PAYLOAD_TYPE, &payload, &Signer::of_machine(site.machine)?);
    let path = layout.at("receipt.json");
    write_whole(&path, &envelope.to_bytes()).map_err(ApplyError::io("can't write", &path))
}

fn made(layout: &Layout, plan: &Plan, journal: &Journal, result: Result) -> Receipt {
    let lines = journal.lines();
    let time = |step: Step, event: Event| {
        lines.iter().rfind(|line| line.step == step && line.event == event).map(|line| line.time)
    };
    let transaction = match (time(Step::Transaction, Event::Begin), time(Step::Transaction, Event::End)) {
        (Some(began), Some(ended)) => ended.saturating_sub(began),
        _ => 0,
    };
    let acting = plan.packages.iter().filter(|step| {
        result != Result::RolledBack
            && !matches!(step.action, Action::Keep | Action::Orphan | Action::ThirdParty)
    });
    Receipt {
        format: FORMAT,
        machine: plan.machine.clone(),
        result,
        from: plan.from.clone(),
        to: format!("{} {}", plan.target.name, plan.target.version),
        plan: Digest::of(&fs::read(layout.at("plan.json")).unwrap_or_default()),
        journal: journal.last(),
        began: lines.first().map_or(0, |line| line.time),
        ended: lines.last().map_or(0, |line| line.time),
        transaction_seconds: transaction,
        replaced: acting
            .map(|step| Replaced {
                from: step.installed.clone(),
                to: step.result.as_ref().map(|source| source.nevra.clone()),
            })
            .collect(),
        risks: lines
            .iter()
            .filter(|line| line.event == Event::Note && line.note != crate::journal::PUT_BACK)
            .map(|line| line.note.clone())
            .collect(),
    }
}
