//! Where the files of a log are read from.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use crate::checkpoint;

/// Reads a file of the log by its path, with at most so many bytes. `None`: there is no such file.
type Get<'a> = dyn Fn(&str, u64) -> Result<Option<Vec<u8>>, String> + 'a;

/// The files of a log, on this machine or elsewhere.
pub struct Source<'a> {
    name: String,
    get: Box<Get<'a>>,
}

/// A file of the log can't be had.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It could not be asked for.
    #[error("can't read {path} of the log {log}: {why}")]
    Failed {
        /// Where the log is.
        log: String,
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
    /// It is not there.
    #[error("the log {log} has no {path}")]
    Missing {
        /// Where the log is.
        log: String,
        /// The file.
        path: String,
    },
    /// It is larger than such a file can be.
    #[error("{path} of the log {log} has more than {limit} bytes")]
    Large {
        /// Where the log is.
        log: String,
        /// The file.
        path: String,
        /// What it may have.
        limit: u64,
    },
}

impl<'a> Source<'a> {
    /// What a function fetches: it gets a path below the log and the bytes that the file may have, and answers `None` where
    /// there is no such file. `name` is for messages.
    pub fn new(
        name: impl Into<String>,
        get: impl Fn(&str, u64) -> Result<Option<Vec<u8>>, String> + 'a,
    ) -> Self {
        Self { name: name.into(), get: Box::new(get) }
    }

    /// The files in a directory.
    #[must_use]
    pub fn directory(dir: &'a Path) -> Self {
        Self::new(dir.display().to_string(), move |path, limit| {
            let mut bytes = Vec::new();
            let read =
                File::open(dir.join(path)).and_then(|file| file.take(limit + 1).read_to_end(&mut bytes));
            match read {
                Ok(_) => Ok(Some(bytes)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error.to_string()),
            }
        })
    }

    /// Where the log is.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The signed checkpoint, as it is served.
    ///
    /// # Errors
    /// It can't be had.
    pub fn checkpoint(&self) -> Result<Vec<u8>, SourceError> {
        self.need("checkpoint", checkpoint::LARGEST)
    }

    pub(crate) fn need(&self, path: &str, limit: u64) -> Result<Vec<u8>, SourceError> {
        self.get(path, limit)?.ok_or_else(|| self.missing(path))
    }

    pub(crate) fn missing(&self, path: &str) -> SourceError {
        SourceError::Missing { log: self.name.clone(), path: path.to_owned() }
    }

    pub(crate) fn get(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, SourceError> {
        let (log, name) = (self.name.clone(), path.to_owned());
        match (self.get)(path, limit) {
            Ok(Some(bytes)) if bytes.len() as u64 > limit => {
                Err(SourceError::Large { log, path: name, limit })
            }
            Ok(found) => Ok(found),
            Err(why) => Err(SourceError::Failed { log, path: name, why }),
        }
    }
}
