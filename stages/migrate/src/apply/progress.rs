//! Where a migration is, in a file that anybody with access may follow.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::layout::Layout;

/// Where a migration is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The step's name.
    pub step: String,
    /// What is done of it: bytes, packages, paths.
    pub done: u64,
    /// Of how many; 0 if that is not known.
    pub total: u64,
    /// What is being done now.
    pub what: String,
}

impl Progress {
    pub(super) fn new(step: &str, done: u64, total: u64, what: impl Into<String>) -> Self {
        Self { step: step.to_owned(), done, total, what: what.into() }
    }

    /// What the file says; none if there is none.
    #[must_use]
    pub fn read(layout: &Layout) -> Option<Self> {
        serde_json::from_slice(&fs::read(layout.at("progress")).ok()?).ok()
    }

    /// Writes the file. It is nothing that anything depends on: if it can't be written, nobody is told.
    pub fn write(&self, layout: &Layout) {
        let (path, new) = (layout.at("progress"), layout.at("progress.new"));
        let written = serde_json::to_vec(self).is_ok_and(|bytes| fs::write(&new, bytes).is_ok());
        let is_named = written && fs::rename(&new, Path::new(&path)).is_ok();
        if !is_named {
            let _ = fs::remove_file(&new);
        }
    }
}
