//! What every import works with.

use heirloom_model::record::Watched;
use heirloom_store::Store;

use crate::fetch::Fetcher;
use crate::keys::Pinned;
use crate::{ImportError, error::day};

/// Seconds that another clock may be ahead of ours.
const AHEAD: u64 = 24 * 60 * 60;

/// The store, the network, and what is known beforehand.
pub struct Importer<'s> {
    /// Where everything goes.
    pub store: &'s Store,
    /// How it is had.
    pub fetcher: Fetcher,
    /// The time, in seconds since 1970, from before anything was looked at.
    pub now: u64,
    /// Revisions that are taken although they are older than what was seen before: commits, and SHA-256 digests of
    /// repomd.xml.
    pub accept_older: Vec<String>,
    /// Keys that must be the ones that they are said to be.
    pub pinned: Vec<Pinned>,
}

impl<'s> Importer<'s> {
    /// An importer that fetches as usual and knows nothing beforehand.
    #[must_use]
    pub fn new(store: &'s Store, now: u64) -> Self {
        let fetcher = Fetcher::default();
        Self { store, fetcher, now, accept_older: Vec::new(), pinned: Vec::new() }
    }

    /// Whether somebody decided to take this revision.
    pub(crate) fn accepts(&self, revision: &str) -> bool {
        self.accept_older.iter().any(|accepted| accepted.eq_ignore_ascii_case(revision))
    }

    /// Checks the time that an upstream states for its newest content against what it stated before; what to record.
    pub(crate) fn no_older(
        &self,
        location: &str,
        revision: &str,
        newest: u64,
    ) -> Result<Option<Watched>, ImportError> {
        let location = location.to_owned();
        if newest > self.now.saturating_add(AHEAD) {
            return Err(ImportError::Future { location, found: day(newest), now: day(self.now) });
        }
        let watched = Watched { location, revision: revision.to_owned(), newest };
        match self.store.get::<Watched>(&watched.location)? {
            Some(known) if known == watched => Ok(None),
            Some(known) if newest < known.newest && !self.accepts(revision) => Err(ImportError::Older {
                location: watched.location,
                seen: known.revision,
                seen_at: day(known.newest),
                found: watched.revision,
                found_at: day(newest),
            }),
            _ => Ok(Some(watched)),
        }
    }
}
