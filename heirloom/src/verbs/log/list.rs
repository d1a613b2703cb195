//! What stands in a log.

use heirloom_model::Digest;
use heirloom_model::log::LogEntry;
use heirloom_tlog::{Look, Policy, SignedCheckpoint, Source, follow};
use serde::Serialize;

use super::{Head, any, log_key, no_log};
use crate::cli::{ListLog, WhichLog};
use crate::context::Context;
use crate::fail::{Exit, Fail, chain};
use crate::flow::log;
use crate::ui::{Shown, table};

/// An entry as it is told. Of what is no entry that this version can read, there is the text alone.
#[derive(Serialize)]
pub(super) struct Told {
    pub(super) index: u64,
    #[serde(flatten)]
    pub(super) entry: Option<LogEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
}

impl Told {
    pub(super) fn of(index: u64, bytes: &[u8]) -> Self {
        match LogEntry::parse(bytes) {
            Ok(entry) => Self { index, entry: Some(entry), text: None },
            Err(_) => Self { index, entry: None, text: Some(String::from_utf8_lossy(bytes).into_owned()) },
        }
    }

    fn row(&self) -> Vec<String> {
        let index = self.index.to_string();
        match &self.entry {
            Some(LogEntry { digest, kind, name }) => {
                vec![index, kind.to_string(), digest.short(), name.clone()]
            }
            None => vec![index, "?".to_owned(), String::new(), self.text.clone().unwrap_or_default()],
        }
    }
}

/// Entries for people.
pub(super) fn rows(entries: &[Told]) -> String {
    let rows: Vec<_> = entries.iter().map(Told::row).collect();
    if rows.is_empty() { String::new() } else { table(&["entry", "kind", "sha256", "about"], &rows) }
}

/// A log that was read whole, and every entry checked.
pub(super) struct Read {
    pub(super) signed: SignedCheckpoint,
    pub(super) entries: Vec<(u64, Vec<u8>)>,
}

/// Reads all entries of a log.
pub(super) fn read(source: &Source<'_>, policy: &Policy) -> Result<Read, Fail> {
    let followed =
        follow(policy, source, None, Look::All).map_err(|error| super::follow::disbelieved(&error))?;
    match followed.findings.first() {
        Some(finding) => {
            Err(Fail::new(Exit::Promise, format!("{}: {}", source.name(), chain(&finding.kind)))
                .hint("`heirloom log monitor` keeps the evidence"))
        }
        None => Ok(Read { signed: followed.signed, entries: followed.entries }),
    }
}

/// The log that was named, or the definition's own, with what has to be true of its checkpoint.
pub(super) fn named(which: &WhichLog, own: Option<&Context>) -> Result<(String, Policy), Fail> {
    match (&which.log, &which.key, own) {
        (Some(location), Some(key), _) => Ok((location.clone(), Policy::of_log(log_key(key)?))),
        (_, _, Some(context)) => {
            let own = log::open(context)?.ok_or_else(no_log)?;
            Ok((own.dir.to_string_lossy().into_owned(), any(&log::policy(context)?)?))
        }
        _ => Err(no_log()),
    }
}

#[derive(Serialize)]
struct Listed {
    checkpoint: Head,
    entries: Vec<Told>,
}

pub(super) fn run(args: &ListLog, open: impl FnOnce() -> Result<Context, Fail>) -> Result<Shown, Fail> {
    let own = if args.which.log.is_none() { Some(open()?) } else { None };
    let (location, policy) = named(&args.which, own.as_ref())?;
    let read = read(&log::source(&location), &policy)?;
    let entries = read.entries.iter().map(|(index, bytes)| Told::of(*index, bytes)).collect();
    let listed = Listed { checkpoint: Head::of(&read.signed), entries };
    let text = format!("{}{}", rows(&listed.entries), listed.checkpoint.text());
    Shown::new(&listed, text)
}

/// The entries about a document.
pub(super) fn about(read: &Read, digest: Digest) -> Vec<(u64, LogEntry)> {
    let entries =
        read.entries.iter().filter_map(|(index, bytes)| Some((*index, LogEntry::parse(bytes).ok()?)));
    entries.filter(|(_, entry)| entry.digest == digest).collect()
}
