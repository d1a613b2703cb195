//! The journal of a migration: what was begun, and what is done, on disk before it is.
//!
//! One line of JSON for each begin and end of a step. A line is synced before what it announces is done. Each has the digest of the line before,
//! so that nothing can be taken out of the middle; a last line that was cut short by a power failure says nothing and is cut off.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use heirloom_model::Digest;
use serde::{Deserialize, Serialize};

use crate::layout::sync_dir;

/// Bytes of a journal. A migration writes some ten thousand.
const LARGEST: u64 = 16 << 20;

/// What is done, in this order.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Packages are downloaded.
    Download,
    /// Each is what was planned, and signed by the target's key.
    Verify,
    /// The transaction is tried without changing anything.
    Rehearse,
    /// The firmware would start what is installed.
    SecureBoot,
    /// The savepoint is made.
    Save,
    /// The target's keys are imported.
    Keys,
    /// Streams of modules are set.
    Modules,
    /// Packages are replaced.
    Transaction,
    /// The old vendor's repositories are switched off, the target's written.
    Repositories,
    /// The machine is made to boot the target.
    Boot,
    /// Services are started anew.
    Services,
    /// All is done.
    Done,
    /// The way back is given up.
    Finish,
    /// The way back is gone.
    Rollback,
}

impl Step {
    /// Those of a conversion, in order.
    pub const ORDER: [Self; 12] = [
        Self::Download,
        Self::Verify,
        Self::Rehearse,
        Self::SecureBoot,
        Self::Save,
        Self::Keys,
        Self::Modules,
        Self::Transaction,
        Self::Repositories,
        Self::Boot,
        Self::Services,
        Self::Done,
    ];

    /// Its name in the journal and on the screen.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Download => "download",
            Self::Verify => "verify",
            Self::Rehearse => "rehearse",
            Self::SecureBoot => "secure-boot",
            Self::Save => "save",
            Self::Keys => "keys",
            Self::Modules => "modules",
            Self::Transaction => "transaction",
            Self::Repositories => "repositories",
            Self::Boot => "boot",
            Self::Services => "services",
            Self::Done => "done",
            Self::Finish => "finish",
            Self::Rollback => "rollback",
        }
    }
}

/// What a line says of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Event {
    /// It begins.
    Begin,
    /// It is done.
    End,
    /// It failed; what is in `note`.
    Failed,
    /// Something about it that a person should know; `note`.
    Note,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// 1, 2, 3 and so on.
    pub number: u64,
    /// Digest of the line before, without its end; of nothing for the first.
    pub before: String,
    /// Seconds since 1970.
    pub time: u64,
    /// The step.
    pub step: Step,
    /// What of it.
    pub event: Event,
    /// Words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// A journal can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The operating system says so.
    #[error("the journal {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What it says.
        source: io::Error,
    },
    /// It is not what was written.
    #[error(
        "the journal {path} is damaged in line {line}: {why}; `rollback` puts the machine back by the savepoint, whatever the journal says"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// What is wrong.
        why: String,
    },
}

/// A journal, read and to be continued.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    lines: Vec<Line>,
    last: Digest,
    /// Bytes of whole lines.
    length: u64,
}

/// Where a migration stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing of the machine was changed; this step is next.
    Untouched(Step),
    /// The savepoint is complete; this step is next.
    Saved(Step),
    /// The transaction was begun and did not end: only the savepoint leads on.
    Broken,
    /// The machine is converted, with a way back.
    Converted,
    /// The way back was being given up.
    Finishing,
    /// The machine is converted for good.
    Finished,
    /// It was being put back.
    GoingBack,
    /// It is as before.
    RolledBack,
}

impl Journal {
    /// Reads a journal; an empty one if there is none.
    ///
    /// # Errors
    /// It can't be read, or is damaged elsewhere than at its end.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let mut bytes = Vec::new();
        match File::open(path).and_then(|file| file.take(LARGEST).read_to_end(&mut bytes)) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(JournalError::Io { path: path.to_owned(), source }),
        }
        let mut journal = Self { path: path.to_owned(), lines: Vec::new(), last: Digest::of(b""), length: 0 };
        let mut pieces = bytes.split_inclusive(|byte| *byte == b'\n').peekable();
        while let Some(piece) = pieces.next() {
            let is_last = pieces.peek().is_none();
            match journal.check(piece) {
                Ok(line) => journal.take(line, piece),
                // Cut short, or blocks that never came to the disk.
                Err(_) if is_last => break,
                Err(why) => {
                    let line = journal.lines.len() + 1;
                    return Err(JournalError::Damaged { path: path.to_owned(), line, why });
                }
            }
        }
        Ok(journal)
    }

    fn check(&self, piece: &[u8]) -> Result<Line, String> {
        let text = piece.strip_suffix(b"\n").ok_or("it has no end")?;
        let line: Line = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        if line.number != self.lines.len() as u64 + 1 {
            return Err(format!("it is number {}", line.number));
        }
        match line.before == self.last.to_string() {
            true => Ok(line),
            false => Err("the line before is another one".to_owned()),
        }
    }

    fn take(&mut self, line: Line, piece: &[u8]) {
        self.last = Digest::of(piece.strip_suffix(b"\n").unwrap_or(piece));
        self.length += piece.len() as u64;
        self.lines.push(line);
    }

    /// Writes a line, and does not return before it is on disk.
    ///
    /// # Errors
    /// It can't be written.
    pub fn write(&mut self, time: u64, step: Step, event: Event, note: &str) -> Result<(), JournalError> {
        let line = Line {
            number: self.lines.len() as u64 + 1,
            before: self.last.to_string(),
            time,
            step,
            event,
            note: note.to_owned(),
        };
        self.append(line).map_err(|source| JournalError::Io { path: self.path.clone(), source })
    }

    fn append(&mut self, line: Line) -> io::Result<()> {
        let mut bytes = serde_json::to_vec(&line)?;
        bytes.push(b'\n');
        let is_new = !self.path.exists();
        let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(&self.path)?;
        // A torn line of before goes, and one that can't be written whole does not stay.
        file.set_len(self.length)?;
        file.seek(io::SeekFrom::Start(self.length))?;
        if let Err(error) = file.write_all(&bytes).and_then(|()| file.sync_all()) {
            let _ = file.set_len(self.length);
            return Err(error);
        }
        if is_new {
            sync_dir(self.path.parent().unwrap_or(Path::new("/")))?;
        }
        self.take(line, &bytes);
        Ok(())
    }

    /// Its lines.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Digest of its last line.
    #[must_use]
    pub fn last(&self) -> Digest {
        self.last
    }

    /// Whether a step ended, since the last time that the machine was put back to its savepoint.
    #[must_use]
    pub fn has_ended(&self, step: Step) -> bool {
        self.since(step).any(|line| line.event == Event::End)
    }

    fn has_begun(&self, step: Step) -> bool {
        self.since(step).any(|line| line.event == Event::Begin)
    }

    fn since(&self, step: Step) -> impl Iterator<Item = &Line> {
        // What came after the savepoint does not count once the machine was put back to it to try again.
        let back = self
            .lines
            .iter()
            .rposition(|line| line.step == Step::Save && line.event == Event::Note && line.note == PUT_BACK);
        let start = if step > Step::Save && step <= Step::Done { back.unwrap_or(0) } else { 0 };
        self.lines.iter().skip(start).filter(move |line| line.step == step)
    }

    /// Where the migration stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match () {
            () if self.has_ended(Step::Rollback) => return Standing::RolledBack,
            () if self.has_begun(Step::Rollback) => return Standing::GoingBack,
            () if self.has_ended(Step::Finish) => return Standing::Finished,
            () if self.has_begun(Step::Finish) => return Standing::Finishing,
            () if self.has_ended(Step::Done) => return Standing::Converted,
            () => {}
        }
        let next = Step::ORDER.into_iter().find(|step| !self.has_ended(*step)).unwrap_or(Step::Done);
        match next {
            Step::Transaction if self.has_begun(Step::Transaction) => Standing::Broken,
            step if step <= Step::Save => Standing::Untouched(step),
            step => Standing::Saved(step),
        }
    }
}

/// The note of a savepoint to which the machine was put back, to try again.
pub const PUT_BACK: &str = "put back";

#[cfg(test)]
mod tests;
