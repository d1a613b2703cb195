//! `heirloom errata status`: where every advisory of upstream stands. Reads the ledger, does no work.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use heirloom_errata::{Account, State, Unreconciled};
use heirloom_model::advisory::{Advisory, AdvisoryId};
use serde::Serialize;

use crate::cli::StatusErrata;
use crate::context::Context;
use crate::fail::{Exit, Fail};
use crate::flow::accounting::{self, Accounts};
use crate::ui::{Shown, table};

/// Advisories that people are shown at once.
const SHOWN: usize = 40;

#[derive(Serialize)]
struct Status<'a> {
    /// How many are in each state.
    counts: BTreeMap<&'static str, usize>,
    accounts: Vec<Told<'a>>,
    unreconciled: &'a [Unreconciled],
    /// Documents that can't be read.
    faults: Vec<String>,
    remarks: &'a [String],
}

/// An account, with the record that is published and the original that it was made of.
#[derive(Serialize)]
struct Told<'a> {
    id: AdvisoryId,
    #[serde(flatten)]
    account: &'a Account,
    title: &'a str,
    severity: Option<heirloom_model::advisory::Severity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<&'a Advisory>,
    #[serde(skip_serializing_if = "Option::is_none")]
    original: Option<&'a Advisory>,
}

pub(crate) fn run(context: &Context, args: &StatusErrata) -> Result<Shown, Fail> {
    let accounts = accounting::now(context)?;
    let naming = accounting::naming(context);
    let wanted = |upstream: &Advisory, account: &Account| {
        let ours = naming.ours(&upstream.id);
        let named = args.advisories.iter().any(|id| *id == upstream.id || *id == ours);
        let state = args.state.as_ref().is_none_or(|state| state == account.state.name());
        state && (args.advisories.is_empty() || named)
    };
    let all = accounts.advisories.upstream.iter().zip(&accounts.accounts);
    let is_asked = !args.advisories.is_empty();
    let told: Vec<Told<'_>> = all
        .filter(|(upstream, account)| wanted(upstream, account))
        .map(|(upstream, account)| {
            let id = naming.ours(&upstream.id);
            let record = accounts.records.iter().find(|record| record.id == id).filter(|_| is_asked);
            Told {
                account,
                title: &upstream.title,
                severity: upstream.severity,
                record,
                original: is_asked.then_some(upstream),
                id,
            }
        })
        .collect();
    if let Some(id) = args
        .advisories
        .iter()
        .find(|id| !told.iter().any(|one| one.id == **id || one.account.upstream == **id))
        && args.state.is_none()
    {
        return Err(Fail::new(Exit::Failed, format!("there is no advisory {id} upstream")).hint(
            "`heirloom errata status` lists all; `errata.upstream` in the definition names documents",
        ));
    }
    let mut counts: BTreeMap<_, usize> = State::NAMES.map(|name| (name, 0)).into();
    for account in &accounts.accounts {
        *counts.entry(account.state.name()).or_default() += 1;
    }
    let status = Status {
        counts,
        accounts: told,
        unreconciled: &accounts.unreconciled,
        faults: accounts.advisories.faults.iter().map(ToString::to_string).collect(),
        remarks: &accounts.remarks,
    };
    let text = if is_asked { whole(&status) } else { text(&status, &accounts) };
    Ok(Shown::new(&status, text)?.exit(super::exit(&accounts)))
}

/// All that is known of a few.
fn whole(status: &Status<'_>) -> String {
    let mut text = String::new();
    for told in &status.accounts {
        let Told { id, account, title, .. } = told;
        let _ = writeln!(text, "{id} ({}): {}\n  {title}", account.upstream, account.state.name());
        let why = account.state.why();
        if !why.is_empty() && !matches!(account.state, State::Partial { .. }) {
            let _ = writeln!(text, "  {why}");
        }
        for fixed in &account.ships {
            let _ = writeln!(text, "  has the fix: {fixed}");
        }
        if let State::Partial { missing } = &account.state {
            for one in missing {
                let _ = writeln!(text, "  missing: {}: {}", one.package, one.why);
            }
        }
        for one in &account.not_ours {
            let _ = writeln!(text, "  not ours: {}: {}", one.package, one.why);
        }
    }
    text
}

fn text(status: &Status<'_>, accounts: &Accounts) -> String {
    if accounts.accounts.is_empty() {
        let mut text = String::new();
        super::troubles(&mut text, accounts);
        text.push_str(
            "there are no advisories of upstream\nnext: import a reference with an updateinfo.xml, or name documents in \
             `errata.upstream` of the definition",
        );
        return text;
    }
    let open = |told: &&Told<'_>| told.account.state.name() != "not-applicable";
    let severity =
        |told: &Told<'_>| told.severity.map_or("", heirloom_model::advisory::Severity::name).to_owned();
    let row = |told: &Told<'_>| {
        vec![
            told.id.to_string(),
            severity(told),
            told.account.state.name().to_owned(),
            told.account.state.why(),
        ]
    };
    // What is not done first.
    let (done, waiting): (Vec<_>, Vec<_>) =
        status.accounts.iter().filter(open).partition(|told| told.account.state == State::Shipped);
    let rows: Vec<_> = waiting.iter().chain(&done).take(SHOWN).map(|told| row(told)).collect();
    let mut text = table(&["advisory", "severity", "state", ""], &rows);
    if waiting.len() + done.len() > SHOWN {
        let _ = writeln!(text, "and {} more (--format json has all)", waiting.len() + done.len() - SHOWN);
    }
    let counts: Vec<_> = State::NAMES
        .iter()
        .filter_map(|name| {
            status.counts.get(name).filter(|count| **count > 0).map(|count| format!("{count} {name}"))
        })
        .collect();
    let _ = writeln!(text, "\n{} advisories of upstream: {}", accounts.accounts.len(), counts.join(", "));
    super::troubles(&mut text, accounts);
    let _ = write!(
        text,
        "next: `heirloom errata status ID` explains one; `heirloom errata publish` writes what machines and people read"
    );
    text
}
