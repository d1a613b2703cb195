//! `heirloom errata`: advisories.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use heirloom_formats::advisory::{Format, Issuer, Reading};
use jiff::Timestamp;
use serde::Serialize;

use crate::cli::{ConvertErrata, ErrataVerb};
use crate::context::now;
use crate::fail::{Exit, Fail};
use crate::flow::errata::{self, Writing, Written};
use crate::ui::Shown;
use heirloom_formats::definition::Definition;

/// Lines of a kind that people are shown.
const SHOWN: usize = 20;
/// Seconds that clocks may differ by.
const DAY: u64 = 24 * 60 * 60;

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
struct Fault {
    document: String,
    field: String,
    message: String,
}

#[derive(Serialize)]
struct Contradiction {
    advisory: String,
    kept: String,
    left_out: String,
    document: String,
}

pub(crate) fn run(verb: &ErrataVerb, definition: &Path) -> Result<Shown, Fail> {
    match verb {
        ErrataVerb::Convert(args) => convert(args, definition),
    }
}

/// Whose advisories are written.
struct Named {
    name: String,
    id: String,
    home: String,
    contact: String,
    major: String,
}

impl Named {
    fn of(args: &ConvertErrata, definition: &Path) -> Result<Self, Fail> {
        let (id, definition) = match &args.id {
            Some(id) => (id.clone(), None),
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
        let own = definition.as_ref();
        let home = args.home.clone().or_else(|| own.map(|own| own.home_url.clone()));
        let major = own.map(|own| own.version.split('.').next().unwrap_or_default().to_owned());
        let home = home.unwrap_or_else(|| format!("https://{id}.example"));
        let host = home.split("://").last().and_then(|rest| rest.split('/').next()).unwrap_or_default();
        Ok(Self {
            name: args.name.clone().or_else(|| own.map(|own| own.name.clone())).unwrap_or_else(|| id.clone()),
            contact: format!("security@{host}"),
            home: home.trim_end_matches('/').to_owned(),
            major: args.major.clone().or(major).unwrap_or_else(|| "9".to_owned()),
            id,
        })
    }
}

fn convert(args: &ConvertErrata, definition: &Path) -> Result<Shown, Fail> {
    if args.to.exists() {
        return Err(Fail::new(Exit::Failed, format!("{} is there already", args.to.display()))
            .hint("remove it, or convert to another directory with --to"));
    }
    let named = Named::of(args, definition)?;
    let issuer = Issuer {
        name: &named.name,
        id: &named.id,
        ecosystem: &named.name,
        home: &named.home,
        contact: &named.contact,
    };
    let formats: Vec<Format> = Format::ALL
        .into_iter()
        .filter(|format| args.formats.is_empty() || args.formats.iter().any(|name| name == format.name()))
        .collect();
    let latest = i64::try_from(now() + DAY).ok().and_then(|time| Timestamp::from_second(time).ok());
    let reading = Reading { latest: latest.unwrap_or(Timestamp::MAX), major: &named.major };
    let read = errata::read(&args.sources, reading)?;
    let arches: Vec<&str> = args.arch.iter().map(String::as_str).collect();
    let writing = Writing { formats: &formats, arches: &arches, issuer, reading };
    let written = put(&args.to, |dir| errata::write(dir, &read.advisories, writing))?;
    let report = Report {
        documents: read.documents,
        advisories: read.advisories.len(),
        repeated: read.repeated,
        written: written.documents,
        faults: read
            .faults
            .into_iter()
            .map(|fault| Fault { document: fault.document, field: fault.field, message: fault.message })
            .collect(),
        contradictions: read
            .contradictions
            .into_iter()
            .map(|one| Contradiction {
                advisory: one.id.to_string(),
                kept: one.kept.to_string(),
                left_out: one.left_out.to_string(),
                document: one.document,
            })
            .collect(),
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
fn put(to: &Path, write: impl FnOnce(&Path) -> Result<Written, Fail>) -> Result<Written, Fail> {
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

fn text(report: &Report, to: &Path) -> String {
    let mut text = String::new();
    let mut list = |what: &str, lines: Vec<String>| {
        for line in lines.iter().take(SHOWN) {
            let _ = writeln!(text, "{what} {line}");
        }
        if lines.len() > SHOWN {
            let _ = writeln!(text, "{what} and {} more; --format json has all", lines.len() - SHOWN);
        }
    };
    let between = |fault: &Fault| if fault.field.is_empty() { "" } else { ", " };
    list(
        "error:",
        report
            .faults
            .iter()
            .map(|fault| format!("{}{}{}: {}", fault.document, between(fault), fault.field, fault.message))
            .collect(),
    );
    list(
        "note:",
        report
            .contradictions
            .iter()
            .map(|one| {
                format!(
                    "{}: documents differ; that of {} counts, not that of {} ({})",
                    one.advisory, one.kept, one.left_out, one.document
                )
            })
            .collect(),
    );
    list("error: the formats differ:", report.disagreements.clone());
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
