//! What each view says of who decided: `governance/` beside its files.
//!
//! ```text
//! <view>/governance/history.jsonl   the first charter and all that was decided since, with the votes
//! <view>/governance/tree.json       the list of the snapshot's files, without the signatures of metadata
//! ```
//! The list is what members approved the digest of; the history is renewed in all views that are served whenever
//! something is decided.

use std::path::Path;

use heirloom_model::record::Snapshot;

use crate::{ReleaseError, Site, file};

/// The directory.
pub(crate) const GOVERNANCE: &str = "governance";
/// The history in it.
pub(crate) const HISTORY: &str = "history.jsonl";
/// The list of files in it.
pub(crate) const TREE: &str = "tree.json";

impl Site<'_> {
    /// The same site, whose views have this history.
    #[must_use]
    pub fn with_history(mut self, history: String) -> Self {
        self.decided = Some(history);
        self
    }

    /// Writes what a view says of decisions. Nobody sees it yet.
    pub(crate) fn write_governance(&self, view: &Path, snapshot: &Snapshot) -> Result<(), ReleaseError> {
        let Some(history) = &self.decided else { return Ok(()) };
        let dir = view.join(GOVERNANCE);
        file::make_dir(&dir)?;
        file::write(&dir.join(HISTORY), history)?;
        file::write(&dir.join(TREE), &self.approved(snapshot)?)
    }

    /// The list of files whose digest members approved.
    pub(crate) fn approved(&self, snapshot: &Snapshot) -> Result<String, ReleaseError> {
        let tree = self.tree(snapshot)?;
        let malformed = |source| ReleaseError::List { digest: snapshot.composed.tree, what: "files", source };
        serde_json::to_string(&tree.without_signatures()).map_err(malformed)
    }

    /// Gives the history to all views that are served and have one.
    ///
    /// # Errors
    /// A disk that fails or is full.
    pub fn refresh_history(&self) -> Result<(), ReleaseError> {
        let Some(history) = &self.decided else { return Ok(()) };
        for (name, current) in self.channels()? {
            let dir = self.view(&name, current.generation).join(GOVERNANCE);
            let path = dir.join(HISTORY);
            if dir.is_dir() && std::fs::read_to_string(&path).ok().as_ref() != Some(history) {
                file::replace(&path, |new| file::write(new, history))?;
                file::sync_names(&dir)?;
            }
        }
        Ok(())
    }
}
