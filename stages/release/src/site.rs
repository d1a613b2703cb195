//! The document root: where everything is, and what a killed process left there.

use std::path::{Path, PathBuf};

use heirloom_formats::definition::Publish;
use heirloom_store::Store;

use crate::name::{CHANNELS, VAULT, check_channel, is_root_file};
use crate::{ReleaseError, Tuf, file};

/// The document root of a store, `<state>/published`, with the rules that hold there.
pub struct Site<'a> {
    pub(crate) store: &'a Store,
    pub(crate) rules: &'a Publish,
    pub(crate) default: String,
    pub(crate) root: PathBuf,
    /// The history of decisions that views have.
    pub(crate) decided: Option<String>,
    pub(crate) tuf: Option<Tuf<'a>>,
}

impl<'a> Site<'a> {
    /// The site of this store. Channels that every compose is published to are those of the rules, or else `major`;
    /// the first of them is the default channel. Nothing is read or written yet.
    ///
    /// # Errors
    /// A name that can't be a channel's.
    pub fn new(store: &'a Store, rules: &'a Publish, major: &str) -> Result<Self, ReleaseError> {
        let named = rules.channels.iter().flatten();
        named.clone().try_for_each(|name| check_channel(name))?;
        let default = named.into_iter().next().map_or(major, String::as_str).to_owned();
        check_channel(&default)?;
        let root = store.dir().join("published");
        Ok(Self { store, rules, default, root, decided: None, tuf: None })
    }

    /// The document root.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The channels that every compose is published to.
    #[must_use]
    pub fn usual(&self) -> Vec<String> {
        match &self.rules.channels {
            Some(channels) => channels.clone(),
            None => vec![self.default.clone()],
        }
    }

    /// Seconds for which clients may go by metadata that they have read.
    pub(crate) fn in_flight(&self) -> u64 {
        self.rules.in_flight_hours.saturating_mul(3600)
    }

    pub(crate) fn vault(&self) -> PathBuf {
        self.root.join(VAULT)
    }

    /// Directory of a channel's views.
    pub(crate) fn views(&self, channel: &str) -> PathBuf {
        self.root.join(CHANNELS).join(channel)
    }

    /// Makes what there is not, removes what a killed process left, and finishes what it had not finished. Whoever
    /// writes calls this first.
    pub(crate) fn mend(&self) -> Result<(), ReleaseError> {
        self.replace_old_link()?;
        for dir in [self.vault(), self.root.join(CHANNELS)] {
            file::make_dir(&dir)?;
        }
        let views = file::names(&self.root.join(CHANNELS))?;
        let dirs = [self.root.clone(), self.vault()].into_iter();
        for dir in dirs.chain(views.iter().map(|channel| self.views(channel))) {
            for name in file::names(&dir)?.iter().filter(|name| file::is_leftover(name)) {
                file::remove(&dir.join(name))?;
            }
        }
        for channel in &views {
            self.drop_unserved(channel)?;
        }
        self.point_days()?;
        self.copy_root_files()
    }

    /// Earlier versions had a link to a tree where the document root is now.
    fn replace_old_link(&self) -> Result<(), ReleaseError> {
        if !self.root.is_symlink() {
            return Ok(());
        }
        let new = file::beside(&self.root);
        file::remove(&new)?;
        file::make_dir(&new)?;
        let exchange = rustix::fs::RenameFlags::EXCHANGE;
        rustix::fs::renameat_with(rustix::fs::CWD, &new, rustix::fs::CWD, &self.root, exchange)
            .map_err(|errno| ReleaseError::io("rename", &new, errno.into()))?;
        file::remove(&new)
    }

    /// The root has the key and the repository file of what the default channel serves.
    pub(crate) fn copy_root_files(&self) -> Result<(), ReleaseError> {
        let view = self.root.join(&self.default);
        for name in file::names(&view)?.iter().filter(|name| is_root_file(name)) {
            let (from, to) = (view.join(name), self.root.join(name));
            if !file::same_content(&from, &to) {
                file::replace(&to, |new| {
                    file::link(&from, new).map_err(|source| ReleaseError::io("link", new, source))
                })?;
            }
        }
        Ok(())
    }
}
