//! `heirloom.toml`: the one file that says what is rebuilt from what, and where it goes.
//!
//! Every key is documented here, and the published reference is generated from these comments. Relative
//! paths are meant from the directory of the file. An unknown key, a wrong type, a value that can't be and
//! a file that is not there are errors with line and column.

mod composing;
mod errata;
mod error;
mod governance;
mod keys;
mod log;
mod migrate;
mod policy;
mod publishing;
mod tuf;
mod upstream;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use composing::{ComposeSettings, Multilib, RepositoryRule};
pub use errata::{ErrataDays, ErrataSettings};
pub use error::DefinitionError;
pub use governance::Governance;
pub use keys::{
    Against, BaseOf, Bootstrap, BuildSettings, CompareSettings, Definition, Distribution, ForeignRepository,
    LimitSettings, Own, Signing,
};
pub use log::LogSettings;
pub use migrate::{MigrateBoot, MigrateFate, MigrateSettings, MigrateStream, MigrateSwap};
pub use publishing::{Publish, S3, StabilitySettings, Vault};
pub use tuf::TufSettings;
pub use upstream::{DebrandSettings, Exclude, ModuleSources, PinnedKey, Preview, Upstream, UpstreamKind};

/// Largest definition file that is read, in bytes.
const LARGEST: u64 = 1024 * 1024;

impl Definition {
    /// Reads, parses and checks a definition file.
    ///
    /// # Errors
    /// The file can't be read, or says something that it should not; the error names the place.
    pub fn load(path: &Path) -> Result<Self, DefinitionError> {
        let unreadable = |source| DefinitionError::Unreadable { path: path.to_owned(), source };
        let size = std::fs::metadata(path).map_err(unreadable)?.len();
        if size > LARGEST {
            return Err(unreadable(std::io::Error::other(format!("{size} bytes is more than {LARGEST}"))));
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let base = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut definition = Self::parse(&text, path)?;
        definition.check(&text, path, base)?;
        definition.base = std::path::absolute(base).map_err(unreadable)?;
        Ok(definition)
    }

    /// Parses the text of a definition; `path` is for messages. Files that it names are not looked at.
    ///
    /// # Errors
    /// The text is no TOML, has an unknown key, lacks a key or has a value of the wrong type.
    pub fn parse(text: &str, path: &Path) -> Result<Self, DefinitionError> {
        toml::from_str(text).map_err(|error| DefinitionError::from_toml(&error, text, path))
    }

    /// A path of the definition, seen from where the file is.
    #[must_use]
    pub fn resolve(&self, path: &Path) -> PathBuf {
        self.base.join(path)
    }

    /// A location of the definition: URLs stay as they are, paths are seen from where the file is.
    #[must_use]
    pub fn locate(&self, location: &str) -> String {
        match location.strip_prefix("file://") {
            Some(path) => path.to_owned(),
            None if location.contains("://") => location.to_owned(),
            None => self.base.join(location).to_string_lossy().into_owned(),
        }
    }

    fn check(&self, text: &str, path: &Path, base: &Path) -> Result<(), DefinitionError> {
        let wrong = |span: std::ops::Range<usize>, message: String, hint: &str| {
            Err(DefinitionError::at(text, path, span.start, message, hint))
        };
        let id = &self.distribution.id;
        if !is_word(id.get_ref()) {
            return wrong(
                id.span(),
                format!("`{}` can't be an id", id.get_ref()),
                "use lower-case letters, digits and `-`",
            );
        }
        for key in self.keys.values() {
            if let Some((span, message, hint)) = key.fault() {
                return wrong(span, message, hint);
            }
        }
        let upstreams = [("upstream", Some(&self.upstream))];
        let preview = ("preview.upstream", self.preview.as_ref().map(|preview| &preview.upstream));
        for (table, upstream) in upstreams.into_iter().chain([preview]) {
            if let Some((span, message, hint)) = upstream.and_then(|upstream| upstream.fault(base, table)) {
                return wrong(span, message, hint);
            }
        }
        for keys in self.key_lists() {
            for key in keys {
                // One that can be had is fetched when it is needed.
                let had =
                    |pin: &PinnedKey| pin.url.is_some() && base.join(&pin.file) == base.join(key.get_ref());
                if !base.join(key.get_ref()).is_file() && !self.keys.values().any(had) {
                    let message = format!("there is no file `{}`", key.get_ref().display());
                    return wrong(key.span(), message, "give the path of an armoured OpenPGP public key");
                }
            }
        }
        if let Some(file) =
            self.compare.allowances.as_ref().filter(|file| !base.join(file.get_ref()).is_file())
        {
            let message = format!("there is no file `{}`", file.get_ref().display());
            return wrong(
                file.span(),
                message,
                "give the path of a file of allowances, or leave the key out",
            );
        }
        if let Some(file) = self.lifecycle.as_ref().filter(|file| !base.join(file.get_ref()).is_file()) {
            let message = format!("there is no file `{}`", file.get_ref().display());
            return wrong(
                file.span(),
                message,
                "give the path of a lifecycle document (docs/lifecycle.md), or leave the key out",
            );
        }
        let charter = self.governance.as_ref().map(|governance| &governance.charter);
        if let Some(file) = charter.filter(|file| !base.join(file.get_ref()).is_file()) {
            let message = format!("there is no file `{}`", file.get_ref().display());
            return wrong(file.span(), message, "give the path of the first charter (docs/governance.md)");
        }
        if let Some((span, message, hint)) = self.signing.fault(base) {
            return wrong(span, message, hint);
        }
        if let Some((span, message, hint)) = self.debrand.fault(base) {
            return wrong(span, message, hint);
        }
        if let Some((span, message, hint)) = self.errata.fault(base) {
            return wrong(span, message, hint);
        }
        if let Some((span, message, hint)) = self.log.fault() {
            return wrong(span, message, hint);
        }
        if let Some((span, message, hint)) = self.build.fault(base) {
            return wrong(span, message, hint);
        }
        if let Some((span, message, hint)) = self.tuf.as_ref().and_then(|tuf| tuf.fault()) {
            return wrong(span, message, hint);
        }
        for name in self.repositories.keys() {
            if !is_word(&name.to_ascii_lowercase()) {
                return wrong(
                    0..0,
                    format!("`{name}` can't be a repository's name"),
                    "use letters, digits and `-`",
                );
            }
        }
        if let Some((name, level)) = self.stability.levels.iter().find(|(_, level)| !(1..=4).contains(*level))
        {
            return wrong(
                0..0,
                format!("`stability.levels` gives `{name}` the level {level}, which there is not"),
                "1 is stable across major releases, 2 within one, 3 within a stream, 4 promises nothing",
            );
        }
        let inheriting: Vec<_> =
            self.repositories.iter().filter(|(_, rule)| rule.inherit).map(|(name, _)| name).collect();
        if let [first, second, ..] = inheriting[..] {
            let message = format!("both `{first}` and `{second}` have `inherit = true`");
            return wrong(
                0..0,
                message,
                "at most one repository takes what is inherited from the bootstrap repository",
            );
        }
        Ok(())
    }

    fn key_lists(&self) -> impl Iterator<Item = &Vec<serde_spanned::Spanned<PathBuf>>> {
        let foreign: &BTreeMap<String, ForeignRepository> = &self.reference;
        let preview = self.preview.iter();
        let preview = preview.flat_map(|preview| {
            let references = preview.reference.values().map(|repository| &repository.keys);
            [&preview.upstream.keys].into_iter().chain(references)
        });
        [&self.upstream.keys, &self.bootstrap.keys]
            .into_iter()
            .chain(preview)
            .chain(foreign.values().chain(&self.bootstrap.earlier).map(|repository| &repository.keys))
            .chain(self.build.snapshots().map(|(_, snapshot)| &snapshot.keys))
    }
}

/// Lower-case letters, digits and dashes, beginning with a letter: safe in file names, URLs and macros.
fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.len() <= 40
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

#[cfg(test)]
mod tests;
