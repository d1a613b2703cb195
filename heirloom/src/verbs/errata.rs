//! `heirloom errata`: advisories.

mod begin;
mod bundle;
mod crosscheck;
mod lag;
mod publish;
mod site;
mod status;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use heirloom_formats::advisory::{AdvisoryError, Format};
use heirloom_model::advisory::AdvisoryId;
use serde::Serialize;

use crate::cli::{ConvertErrata, ErrataVerb, StatusErrata, Whose};
use crate::context::Context;
use crate::fail::{Exit, Fail};
use crate::flow::accounting::{Accounts, Named};
use crate::flow::errata::{self, Writing};
use crate::ui::Shown;
use heirloom_formats::definition::{Definition, Distribution};

/// Lines of a kind that people are shown.
const SHOWN: usize = 20;

/// What was converted.
#[derive(Serialize)]
struct Report {
    documents: usize,
    advisories: usize,
    repeated: usize,
    /// What each format has: documents that were written.
    written: BTreeMap<&'static str, usize>,
    /// Documents, or advisories of them, that could not be read.
    faults: Vec<Fault>,
    /// Documents that did not count, as others say something newer of the same advisory.
    contradictions: Vec<Contradiction>,
    /// Where a format says something else than the record.
    disagreements: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct Fault {
    document: String,
    field: String,
    message: String,
}

#[derive(Serialize)]
pub(super) struct Contradiction {
    advisory: String,
    kept: String,
    left_out: String,
    document: String,
}

pub(crate) fn run(verb: &ErrataVerb, definition: &Path) -> Result<Shown, Fail> {
    let open = || Context::open(definition);
    match verb {
        ErrataVerb::Status(args) => status::run(&open()?, args),
        ErrataVerb::Lag(args) => lag::run(&open()?, args),
        ErrataVerb::New(args) => begin::run(&open()?, args),
        ErrataVerb::Convert(args) => convert(args, definition),
        ErrataVerb::Site(args) => site::run(args, definition),
        ErrataVerb::Bundle(args) => bundle::run(args, definition),
        ErrataVerb::Crosscheck(args) => crosscheck::run(args),
        ErrataVerb::Publish(args) => publish::run(&open()?, args),
    }
}

/// All that is known of one advisory.
pub(super) fn explain(context: &Context, advisory: AdvisoryId) -> Result<Shown, Fail> {
    status::run(context, &StatusErrata { advisories: vec![advisory], state: None })
}

/// Whether accounts are as they should be.
fn exit(accounts: &Accounts) -> Exit {
    match (accounts.unreconciled.is_empty(), accounts.advisories.faults.is_empty()) {
        (false, _) => Exit::Promise,
        (true, false) => Exit::Failed,
        (true, true) => Exit::Fine,
    }
}

/// What is wrong with accounts, for people.
fn troubles(text: &mut String, accounts: &Accounts) {
    for fault in accounts.advisories.faults.iter().take(SHOWN) {
        let _ = writeln!(text, "error: {fault}");
    }
    for one in accounts.unreconciled.iter().take(SHOWN) {
        let _ = writeln!(text, "not reconciled: {one}");
    }
    let more = accounts.unreconciled.len().saturating_sub(SHOWN)
        + accounts.advisories.faults.len().saturating_sub(SHOWN);
    if more > 0 {
        let _ = writeln!(text, "and {more} more (--format json has all)");
    }
    for remark in accounts.remarks.iter().take(SHOWN) {
        let _ = writeln!(text, "note: {remark}");
    }
}

/// Whose advisories they are, and of which major version: as was said, else as the definition has it.
fn whose(id: Option<&str>, definition: &Path) -> Result<(String, Option<Distribution>), Fail> {
    let (id, definition) = match id {
        Some(id) => (id.to_owned(), None),
        None if definition.exists() => {
            let definition = Definition::load(definition)?;
            (definition.distribution.id.get_ref().clone(), Some(definition.distribution))
        }
        None => {
            return Err(Fail::new(Exit::Usage, "whose advisories are written is not known")
                .hint("give --definition FILE, or --id, and --name and --home beside it"));
        }
    };
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if id.is_empty() || !id.chars().all(is_word) {
        return Err(Fail::new(Exit::Usage, format!("`{id}` can't be an id"))
            .hint("use lower-case letters, digits and `-`, as ID of /etc/os-release has"));
    }
    Ok((id, definition))
}

/// The major version of a version: 9 of 9.4.
fn major(distribution: &Distribution) -> String {
    distribution.version.split('.').next().unwrap_or_default().to_owned()
}

/// Whose advisories are written.
fn named(args: &Whose, definition: &Path) -> Result<Named, Fail> {
    let (id, definition) = whose(args.id.as_deref(), definition)?;
    let own = definition.as_ref();
    let home = args.home.clone().or_else(|| own.map(|own| own.home_url.clone()));
    let home = home.unwrap_or_else(|| format!("https://{id}.example"));
    let name = args.name.clone().or_else(|| own.map(|own| own.name.clone())).unwrap_or_else(|| id.clone());
    let major = args.major.clone().or(own.map(major)).unwrap_or_else(|| "9".to_owned());
    Ok(Named::new(id, name, &home, major))
}

/// A directory that is to be made must not be there.
fn is_new(to: &Path) -> Result<(), Fail> {
    match to.exists() {
        false => Ok(()),
        true => Err(Fail::new(Exit::Failed, format!("{} is there already", to.display()))
            .hint("remove it, or name another directory with --to")),
    }
}

fn convert(args: &ConvertErrata, definition: &Path) -> Result<Shown, Fail> {
    is_new(&args.to)?;
    let named = named(&args.whose, definition)?;
    let issuer = named.issuer();
    let formats: Vec<Format> = Format::ALL
        .into_iter()
        .filter(|format| args.formats.is_empty() || args.formats.iter().any(|name| name == format.name()))
        .collect();
    let reading = named.reading();
    let read = errata::read(&args.sources, reading)?;
    let arches: Vec<&str> = args.whose.arch.iter().map(String::as_str).collect();
    let writing = Writing { formats: &formats, arches: &arches, issuer, reading };
    let written = put(&args.to, |dir| errata::write(dir, &read.advisories, writing))?;
    let report = Report {
        documents: read.documents,
        advisories: read.advisories.len(),
        repeated: read.repeated,
        written: written.documents,
        faults: read.faults.into_iter().map(Fault::from).collect(),
        contradictions: read.contradictions.into_iter().map(Contradiction::from).collect(),
        disagreements: written.disagreements.iter().map(ToString::to_string).collect(),
    };
    let exit = match (&report.disagreements[..], &report.faults[..]) {
        ([], []) => Exit::Fine,
        ([], _) => Exit::Failed,
        _ => Exit::Promise,
    };
    Ok(Shown::new(&report, text(&report, &args.to))?.exit(exit))
}

/// Lets all be written, and gives the directory its name at the end.
pub(super) fn put<T>(to: &Path, write: impl FnOnce(&Path) -> Result<T, Fail>) -> Result<T, Fail> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error: std::io::Error| Fail::new(Exit::Failed, format!("{}: {error}", path.display()))
    };
    let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name =
        format!(".{}.{}.new", to.file_name().unwrap_or_default().to_string_lossy(), std::process::id());
    let dir = parent.join(name);
    fs::create_dir_all(&dir).map_err(failed(&dir))?;
    let written = write(&dir).and_then(|written| fs::rename(&dir, to).map_err(failed(to)).map(|()| written));
    written.inspect_err(|_| drop(fs::remove_dir_all(&dir)))
}

impl From<AdvisoryError> for Fault {
    fn from(fault: AdvisoryError) -> Self {
        Self { document: fault.document, field: fault.field, message: fault.message }
    }
}

impl From<heirloom_errata::Contradiction> for Contradiction {
    fn from(one: heirloom_errata::Contradiction) -> Self {
        Self {
            advisory: one.id.to_string(),
            kept: one.kept.to_string(),
            left_out: one.left_out.to_string(),
            document: one.document,
        }
    }
}

/// Lines of a kind, as many as people are shown.
fn list(text: &mut String, what: &str, lines: &[String]) {
    for line in lines.iter().take(SHOWN) {
        let _ = writeln!(text, "{what} {line}");
    }
    if lines.len() > SHOWN {
        let _ = writeln!(text, "{what} and {} more; --format json has all", lines.len() - SHOWN);
    }
}

/// What there is to be said of the documents that were read.
pub(super) fn told(faults: &[Fault], contradictions: &[Contradiction]) -> String {
    let mut text = String::new();
    let between = |fault: &Fault| if fault.field.is_empty() { "" } else { ", " };
    let fault =
        |fault: &Fault| format!("{}{}{}: {}", fault.document, between(fault), fault.field, fault.message);
    list(&mut text, "error:", &faults.iter().map(fault).collect::<Vec<_>>());
    let contradiction = |one: &Contradiction| {
        format!(
            "{}: documents differ; that of {} counts, not that of {} ({})",
            one.advisory, one.kept, one.left_out, one.document
        )
    };
    list(&mut text, "note:", &contradictions.iter().map(contradiction).collect::<Vec<_>>());
    text
}

fn text(report: &Report, to: &Path) -> String {
    let mut text = told(&report.faults, &report.contradictions);
    list(&mut text, "error: the formats differ:", &report.disagreements);
    let written: Vec<_> = report.written.iter().map(|(format, count)| format!("{count} {format}")).collect();
    let _ = writeln!(
        text,
        "{}: {} advisories of {} documents; written: {}",
        to.display(),
        report.advisories,
        report.documents,
        written.join(", ")
    );
    let _ = match (report.faults.len(), report.disagreements.len()) {
        (0, 0) => writeln!(text, "all formats say the same"),
        (0, count) => writeln!(text, "{count} advisories do not say the same in all formats"),
        (count, _) => writeln!(text, "{count} could not be read; everything else was converted"),
    };
    text
}
