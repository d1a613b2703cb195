//! What packages are, by their content: the store's answer, or a look at their file.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use heirloom_formats::rpm_file::Header;
use heirloom_model::Digest;
use heirloom_model::record::Content;

use crate::context::Context;
use crate::fail::{Exit, Fail};

/// Digests of contents by digests of files.
pub(crate) struct Contents<'a> {
    context: &'a Context,
    known: Mutex<BTreeMap<Digest, Digest>>,
}

impl<'a> Contents<'a> {
    /// All that the ledger knows.
    pub(crate) fn load(context: &'a Context) -> Result<Self, Fail> {
        let known = context.store.all::<Content>()?;
        let known = known.into_iter().map(|known| (known.package, known.content)).collect();
        Ok(Self { context, known: Mutex::new(known) })
    }

    /// The content of a package, if it is known without its file.
    pub(crate) fn known(&self, package: Digest) -> Option<Digest> {
        self.lock().get(&package).copied()
    }

    /// The content of a package, which is in the store if it is not known.
    pub(crate) fn of(&self, package: Digest) -> Result<Digest, Fail> {
        if let Some(known) = self.lock().get(&package) {
            return Ok(*known);
        }
        let header = Header::open(&self.context.store.path(package))
            .map_err(|error| Fail::new(Exit::Failed, error))?;
        let content = header.content();
        self.context.store.append(&Content { package, content })?;
        self.lock().insert(package, content);
        Ok(content)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Digest, Digest>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
