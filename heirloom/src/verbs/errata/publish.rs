//! `heirloom errata publish`: lets a web server serve what there is of advisories.

use std::fmt::Write as _;

use heirloom_errata::Unreconciled;
use serde::Serialize;

use super::site::last_second;
use crate::cli::PublishErrata;
use crate::context::Context;
use crate::fail::{Exit, Fail};
use crate::flow::publishing::Errata;
use crate::flow::{accounting, publishing};
use crate::ui::Shown;

#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    errata: &'a Errata,
    advisories: usize,
    unreconciled: &'a [Unreconciled],
    faults: Vec<String>,
}

pub(super) fn run(context: &Context, args: &PublishErrata) -> Result<Shown, Fail> {
    let expires = args.expires.as_deref().map(last_second).transpose()?;
    let accounts = accounting::now(context)?;
    let errata = publishing::publish(context, &accounts, expires)?;
    accounting::are_out(context, &accounts.accounts)?;
    let mut text = String::new();
    super::troubles(&mut text, &accounts);
    super::list(&mut text, "note: a statement is outdated:", &errata.outdated_statements);
    super::list(&mut text, "error: a statement is wrong:", &errata.wrong_statements);
    let documents: Vec<_> =
        errata.documents.iter().map(|(format, count)| format!("{count} {format}")).collect();
    let _ = writeln!(
        text,
        "{} {}: {} advisories in {} files; documents: {}",
        errata.dir.display(),
        if errata.is_new { "has it now" } else { "has it already" },
        accounts.records.len(),
        errata.files,
        documents.join(", ")
    );
    let _ = write!(text, "all formats lead to the same verdicts on {} made-up machines", errata.probes);
    let told = Told {
        advisories: accounts.records.len(),
        unreconciled: &accounts.unreconciled,
        faults: accounts.advisories.faults.iter().map(ToString::to_string).collect(),
        errata: &errata,
    };
    let exit = if errata.wrong_statements.is_empty() { super::exit(&accounts) } else { Exit::Promise };
    Ok(Shown::new(&told, text)?.exit(exit))
}
