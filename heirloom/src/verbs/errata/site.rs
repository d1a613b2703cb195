//! `heirloom errata site`: all that is published of advisories.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use heirloom_formats::advisory::time;
use heirloom_formats::definition::Definition;
use heirloom_formats::vex as declared;
use heirloom_model::advisory::vex::DeclaredVex;
use heirloom_sign::SecretKey;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{Contradiction, Fault, is_new, list, named, put, told};
use crate::cli::ErrataSite;
use crate::context::signing_key;
use crate::fail::{Exit, Fail, chain};
use crate::flow::errata::site::{Site, lay_out};
use crate::flow::errata::{self, Writing};
use crate::flow::governing::Hand;
use crate::ui::Shown;

/// What was laid out.
#[derive(Serialize)]
struct Report {
    documents: usize,
    advisories: usize,
    repeated: usize,
    /// Documents of each format, and of VEX.
    written: BTreeMap<&'static str, usize>,
    /// Files, with those that sign and list others.
    files: usize,
    /// Documents, or advisories of them, that could not be read.
    faults: Vec<Fault>,
    /// Documents that did not count, as others say something newer of the same advisory.
    contradictions: Vec<Contradiction>,
    /// Declared statements that contradict an advisory or one another.
    wrong_statements: Vec<String>,
    /// Declared statements that were true once.
    outdated_statements: Vec<String>,
    /// Where a document says something else than the record.
    disagreements: Vec<String>,
}

pub(super) fn run(args: &ErrataSite, definition: &Path) -> Result<Shown, Fail> {
    is_new(&args.to)?;
    let expires = args.expires.as_deref().map(last_second).transpose()?;
    let named = named(&args.whose, definition)?;
    let key = key(args, definition)?;
    let reading = named.reading();
    let declared = match &args.vex {
        Some(path) => declared::load(path, reading.latest)?,
        None => DeclaredVex::default(),
    };
    let read = errata::read(&args.sources, reading)?;
    let made = heirloom_errata::vex(&read.advisories, &declared);
    let arches: Vec<&str> = args.whose.arch.iter().map(String::as_str).collect();
    let writing = Writing { formats: &[], arches: &arches, issuer: named.issuer(), reading };
    let before = args.before.as_deref();
    let hand = Hand::signing(&key);
    let site = Site { advisories: &read.advisories, vex: &made.vex, writing, hand: &hand, expires, before };
    let laid = put(&args.to, |dir| lay_out(dir, &site))?;
    let (wrong, outdated): (Vec<_>, Vec<_>) = made.findings.iter().partition(|one| one.is_contradiction());
    let lines =
        |findings: Vec<&heirloom_errata::VexFinding>| findings.into_iter().map(ToString::to_string).collect();
    let report = Report {
        documents: read.documents,
        advisories: read.advisories.len(),
        repeated: read.repeated,
        written: laid.documents,
        files: laid.files,
        faults: read.faults.into_iter().map(Fault::from).collect(),
        contradictions: read.contradictions.into_iter().map(Contradiction::from).collect(),
        wrong_statements: lines(wrong),
        outdated_statements: lines(outdated),
        disagreements: laid.disagreements,
    };
    let exit = match (report.disagreements.len() + report.wrong_statements.len(), report.faults.len()) {
        (0, 0) => Exit::Fine,
        (0, _) => Exit::Failed,
        _ => Exit::Promise,
    };
    Ok(Shown::new(&report, text(&report, &args.to))?.exit(exit))
}

/// The end of a day.
pub(super) fn last_second(day: &str) -> Result<Timestamp, Fail> {
    let wrong = || {
        Fail::new(Exit::Usage, format!("`{day}` is no day"))
            .hint("name the last day as YYYY-MM-DD, such as 2027-06-30")
    };
    let begins = time(day).filter(|_| day.len() == 10).ok_or_else(wrong)?;
    begins.checked_add(SignedDuration::from_secs(24 * 60 * 60 - 1)).map_err(|_| wrong())
}

/// The key that was named, or the distribution's. It is read first, so that nothing is made in vain.
fn key(args: &ErrataSite, definition: &Path) -> Result<SecretKey, Fail> {
    let path = match &args.key {
        Some(path) => path,
        None if definition.exists() => return signing_key(&Definition::load(definition)?),
        None => {
            return Err(Fail::new(Exit::Usage, "there is no key that signs")
                .hint("give --key FILE with a secret key, or --definition FILE"));
        }
    };
    SecretKey::load(path).map_err(|error| {
        let (path, error) = (path.display().to_string(), chain(&error));
        // Some errors name the file themselves.
        let named = if error.contains(&path) { error } else { format!("{path}: {error}") };
        Fail::new(Exit::Failed, named).hint("`heirloom init` makes a key; --key names a secret one")
    })
}

fn text(report: &Report, to: &Path) -> String {
    let mut text = told(&report.faults, &report.contradictions);
    list(&mut text, "note: a statement is outdated:", &report.outdated_statements);
    list(&mut text, "error: a statement is wrong:", &report.wrong_statements);
    list(&mut text, "error: the formats differ:", &report.disagreements);
    let written: Vec<_> = report.written.iter().map(|(format, count)| format!("{count} {format}")).collect();
    let _ = writeln!(
        text,
        "{}: {} advisories of {} documents in {} files; documents: {}",
        to.display(),
        report.advisories,
        report.documents,
        report.files,
        written.join(", ")
    );
    let _ = match report.disagreements.len() {
        0 => writeln!(text, "all formats say the same"),
        count => writeln!(text, "{count} records are not the same in all formats"),
    };
    text
}
