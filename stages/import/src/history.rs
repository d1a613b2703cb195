//! The distribution's own dist-git: one bare repository for each source package, in which `upstream` is what was
//! imported and `main` is what is built, so that `git diff upstream main` shows all that was changed.
//!
//! ```text
//! <dir>/<name>.git                branches upstream and main (HEAD), tags imports/<version> and debranded/<version>
//! <dir>/lookaside/<sha256>        large and binary sources, hard links to the store's objects where possible
//! ```
//!
//! A commit's tree has `SPECS/`, `SOURCES/` and, where there are such, `.<name>.metadata` with the SHA-256 of each
//! source in the lookaside. Each commit of `main` is a merge of the one before with what is new on `upstream`.
//! Commits depend on nothing but what is recorded, in which order and by whom: no clock, no host, no path.
//!
//! The commits are written with one `git fast-import`, which makes no reference; then `packed-refs` is replaced in one
//! step, and with it all branches and tags. Whatever a killed process leaves before that step has no effect, and the
//! same call again makes the same commits. One thread at a time may record the same package.

mod error;
mod message;
mod repository;
mod stream;
mod tree;

use std::path::Path;

use heirloom_model::record::{Edit, Imported};
use heirloom_store::Store;

pub use error::HistoryError;
pub use message::origin as shown_origin;
use repository::{Recorded, Repository};
use stream::{Commit, Parent};
use tree::Tree;

/// Directory of large sources beside the repositories.
pub const LOOKASIDE: &str = "lookaside";
/// The branch with what was imported.
pub const UPSTREAM: &str = "upstream";
/// The branch with what is built.
pub const MAIN: &str = "main";

/// Who commits.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// A name, such as the vendor's.
    pub name: &'a str,
    /// An e-mail address.
    pub email: &'a str,
}

/// One import of a source package.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// As upstream has it.
    pub pristine: &'a Imported,
    /// After all rules; the same where none changed it.
    pub result: &'a Imported,
    /// What the rules did.
    pub edits: &'a [Edit],
    /// What the tags are called: name-version-release, or something else that tells this import from others.
    pub version: &'a str,
    /// The commits' time in seconds since 1970: when upstream published it.
    pub time: u64,
}

/// Where the branches are now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The newest commit of `upstream`.
    pub upstream: String,
    /// The newest commit of `main`.
    pub main: String,
    /// Whether they were made by this call; otherwise nothing was written.
    pub new: bool,
}

/// Whether the newest that is recorded of a package is this. It reads two small files.
///
/// # Errors
/// They can't be read, or the name can't be in a git repository.
pub fn is_recorded(dir: &Path, pristine: &Imported, result: &Imported) -> Result<bool, HistoryError> {
    let repository = Repository::of(dir, &pristine.name)?;
    let refs = repository.refs()?;
    let now = Recorded { pristine: pristine.digest(), result: result.digest() };
    Ok(refs.branch(UPSTREAM).is_some() && repository.recorded(&refs)? == Some(now))
}

/// Records an import in the package's repository below this directory, which is made where there is none. Content
/// that is the newest there already is not recorded again, whatever it is called; finding that out reads two
/// small files and a directory.
///
/// # Errors
/// An object is missing or damaged, a name can't be in a git repository, somebody else wrote to the branches, or
/// git fails.
pub fn record(
    store: &Store,
    dir: &Path,
    identity: Identity<'_>,
    entry: &Entry<'_>,
) -> Result<Committed, HistoryError> {
    let repository = Repository::of(dir, &entry.pristine.name)?;
    let mut refs = repository.refs()?;
    let now = Recorded { pristine: entry.pristine.digest(), result: entry.result.digest() };
    let before = repository.recorded(&refs)?;
    let (upstream, main) = (refs.branch(UPSTREAM), refs.branch(MAIN));
    if before.as_ref() == Some(&now)
        && let (Some(upstream), Some(main)) = (&upstream, &main)
    {
        repository.forget_others(main)?;
        return Ok(Committed { upstream: upstream.clone(), main: main.clone(), new: false });
    }

    let log = repository.prepare()?;
    let pristine = Tree::of(entry.pristine)?;
    let result = Tree::of(entry.result)?;
    for source in pristine.large.iter().chain(&result.large) {
        repository.keep_large(store, dir, source)?;
    }
    let imported = before.is_none_or(|before| before.pristine != now.pristine) || upstream.is_none();
    let mut commits = Vec::new();
    if imported {
        let parents = upstream.iter().cloned().map(Parent::Id).collect();
        commits.push(Commit { tree: &pristine, message: message::upstream(entry), parents });
    }
    let new = imported.then_some(Parent::Before);
    let parents = main.iter().cloned().map(Parent::Id).chain(new).collect();
    commits.push(Commit { tree: &result, message: message::main(entry), parents });
    let mut ids = stream::commit(&repository, log, store, identity, entry.time, &commits)?.into_iter();

    if imported && let Some(id) = ids.next() {
        refs.tag("imports", entry.version, &id);
        refs.set(UPSTREAM, &id);
    }
    if let Some(id) = ids.next() {
        refs.tag("debranded", entry.version, &id);
        refs.set(MAIN, &id);
    }
    repository.publish(&refs, &now)?;
    let tip = |branch| refs.branch(branch).unwrap_or_default();
    Ok(Committed { upstream: tip(UPSTREAM), main: tip(MAIN), new: true })
}

#[cfg(test)]
mod tests;
