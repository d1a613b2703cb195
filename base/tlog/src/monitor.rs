//! Watching a log: whether what it serves continues what it served before.

use crate::tree::WIDTH;
use crate::{CheckpointError, Policy, SignedCheckpoint, Source, SourceError, Tree, TreeError};

/// How closely a log is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Whether it continues what was seen: all that a witness needs.
    Consistency,
    /// That, and each entry that is new.
    New,
    /// That, and each entry.
    All,
}

/// What was seen of a log.
#[derive(Debug)]
pub struct Followed {
    /// Its checkpoint.
    pub signed: SignedCheckpoint,
    /// Entries that are new since the last look, each with its index from 0. Empty for [`Look::Consistency`].
    pub entries: Vec<(u64, Vec<u8>)>,
    /// What the log must not have done. If there is any, what was seen before stays what is known of the log.
    pub findings: Vec<Finding>,
}

/// The log did what no log may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub kind: FindingKind,
    /// The signed checkpoint that was seen before, if any: with the other one, anyone can check this.
    pub seen: Option<String>,
    /// The signed checkpoint of now.
    pub found: String,
}

/// What a log must not do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FindingKind {
    /// It says two things of the same size.
    #[error("the log forked: it signed two different trees of {size} entries")]
    Fork {
        /// That size.
        size: u64,
    },
    /// It grew, and what it had before is no longer in it.
    #[error(
        "the log was rewritten: its tree of {size} entries does not continue the tree of {seen} that it signed before"
    )]
    Rewritten {
        /// The size before.
        seen: u64,
        /// The size now.
        size: u64,
    },
    /// It has fewer entries than before.
    #[error("the log shrank: it has {size} entries, and had {seen}")]
    Shrunk {
        /// The size before.
        seen: u64,
        /// The size now.
        size: u64,
    },
    /// It serves another entry than the one that it signed.
    #[error("entry {index} was rewritten: it is not the one that the tree was made of")]
    Entry {
        /// The entry, counted from 0.
        index: u64,
    },
    /// It serves something in the place of entries or hashes.
    #[error("what the log serves is not what it signed: {0}")]
    Served(String),
}

/// A log could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum MonitorError {
    /// Its files can't be had.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Its checkpoint is not believed.
    #[error("the checkpoint of the log {log}: {source}")]
    Checkpoint {
        /// Where the log is.
        log: String,
        /// Why.
        source: CheckpointError,
    },
    /// What was seen before is not of this log.
    #[error("what was seen before is no checkpoint of this log: {0}")]
    Seen(CheckpointError),
}

/// Looks at a log. `seen` is the signed checkpoint of the last look ([`SignedCheckpoint::note`]), which the caller keeps, and
/// replaces only if there are no findings.
///
/// # Errors
/// The log can't be had, its checkpoint is not believed, or `seen` is of another log.
pub fn follow(
    policy: &Policy,
    source: &Source<'_>,
    seen: Option<&[u8]>,
    look: Look,
) -> Result<Followed, MonitorError> {
    let wrong = |error| MonitorError::Checkpoint { log: source.name().to_owned(), source: error };
    let signed = policy.open(&source.checkpoint()?).map_err(wrong)?;
    // Witnesses may have changed since.
    let before = seen.map(|note| Policy::of_log(policy.log().clone()).open(note)).transpose();
    let before = before.map_err(MonitorError::Seen)?;
    let tree = Tree::new(source, signed.checkpoint());
    let mut followed = Followed { signed: signed.clone(), entries: Vec::new(), findings: Vec::new() };
    let kind = match &before {
        Some(before) => compare(&tree, before, &signed)?,
        None => None,
    };
    let inconsistent = kind.is_some();
    let text = |signed: &SignedCheckpoint| String::from_utf8_lossy(&signed.note).into_owned();
    let finding = |kind| Finding { kind, seen: before.as_ref().map(text), found: text(&signed) };
    followed.findings.extend(kind.map(&finding));
    if look != Look::Consistency && !inconsistent {
        let known = before.as_ref().map_or(0, |before| before.checkpoint.size());
        let kinds = read(&tree, known, look, &mut followed.entries)?;
        followed.findings.extend(kinds.into_iter().map(finding));
    }
    Ok(followed)
}

/// Holds what a log signed against what it signed before.
fn compare(
    tree: &Tree<'_>,
    before: &SignedCheckpoint,
    now: &SignedCheckpoint,
) -> Result<Option<FindingKind>, MonitorError> {
    let (seen, size) = (before.checkpoint.size(), now.checkpoint.size());
    if size < seen {
        return Ok(Some(FindingKind::Shrunk { seen, size }));
    }
    match tree.continues(&before.checkpoint) {
        Ok(true) => Ok(None),
        Ok(false) if size == seen => Ok(Some(FindingKind::Fork { size })),
        Ok(false) => Ok(Some(FindingKind::Rewritten { seen, size })),
        Err(error) => served(error).map(Some),
    }
}

/// Entries of at most one bundle are read at a time; each bundle that is not as it was signed is a finding.
fn read(
    tree: &Tree<'_>,
    known: u64,
    look: Look,
    entries: &mut Vec<(u64, Vec<u8>)>,
) -> Result<Vec<FindingKind>, MonitorError> {
    let first = if look == Look::All { 0 } else { known / WIDTH };
    let mut kinds = Vec::new();
    for number in first..tree.size().div_ceil(WIDTH) {
        match tree.bundle(number) {
            Ok(bundle) => entries.extend((number * WIDTH..).zip(bundle).filter(|(index, _)| *index >= known)),
            Err(error) => kinds.push(served(error)?),
        }
        // Each is told by the first few; a log that is all wrong need not be read whole.
        if kinds.len() == 10 {
            break;
        }
    }
    Ok(kinds)
}

/// A log that serves something else than it signed is found out; one that can't be asked is not known.
fn served(error: TreeError) -> Result<FindingKind, MonitorError> {
    match error {
        TreeError::Source(error) => Err(error.into()),
        TreeError::Entry { index, .. } => Ok(FindingKind::Entry { index }),
        other => Ok(FindingKind::Served(other.to_string())),
    }
}
