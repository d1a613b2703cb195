//! The distribution's own public log. What other verbs decide or release is appended here.

use std::path::{Path, PathBuf};

use heirloom_import::fetch::{self, Fetcher};
use heirloom_model::Digest;
use heirloom_model::log::{LogEntry, LogKind};
use heirloom_tlog::{Cosigned, Log, NoteKey, Policy, Proof, Source, Tree, Vkey};
use serde::Serialize;

use crate::context::{Context, bytes, replace};
use crate::fail::{Exit, Fail, chain};

/// The log below the document root.
const NAME: &str = "log";
/// The last checkpoint that was signed, in the state directory: a log that was brought back from a backup is older.
const SEEN: &str = "log.seen";
/// Largest checkpoint, in bytes.
const LARGEST: u64 = 64 * 1024;

/// What became of entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "log")]
pub(crate) enum Appended {
    /// There is no log: nobody made its key yet.
    NoKey,
    /// They stand in the log.
    Done {
        /// How many are new.
        added: u64,
        /// How many were there before.
        known: u64,
        /// Entries of the log now.
        size: u64,
        /// Root of its tree.
        root: Digest,
    },
}

/// The distribution's log, open.
pub(crate) struct Own {
    pub(crate) log: Log,
    pub(crate) dir: PathBuf,
    seen: PathBuf,
}

/// What `init` made, or found.
#[derive(Debug, Serialize)]
pub(crate) struct Made {
    /// The public key to give to others.
    pub(crate) vkey: String,
    pub(crate) origin: String,
    pub(crate) dir: PathBuf,
    pub(crate) size: u64,
    /// Whether it was made just now.
    pub(crate) is_new: bool,
}

/// Appends those entries that the log does not have. Without a log nothing is done, and told.
///
/// # Errors
/// The log is not as it should be, or can't be written: then it is as it was.
pub(crate) fn append(context: &Context, entries: &[LogEntry]) -> Result<Appended, Fail> {
    let Some(mut own) = open(context)? else { return Ok(Appended::NoKey) };
    let lines = entries.iter().map(LogEntry::line).collect::<Result<Vec<_>, _>>();
    let lines = lines.map_err(|error| Fail::new(Exit::Failed, chain(&error)))?;
    let appended = own.log.append(&lines)?;
    own.remember()?;
    let checkpoint = own.log.signed().checkpoint();
    Ok(Appended::Done {
        added: appended.added,
        known: appended.known,
        size: checkpoint.size(),
        root: checkpoint.root(),
    })
}

/// The proof that this entry stands in the log, by its present checkpoint. `None`: it does not, or there is no log.
///
/// # Errors
/// The log is not as it should be.
pub(crate) fn prove(context: &Context, entry: &LogEntry) -> Result<Option<Proof>, Fail> {
    let Some(own) = open(context)? else { return Ok(None) };
    let line = entry.line().map_err(|error| Fail::new(Exit::Failed, chain(&error)))?;
    let Some(index) = own.log.index_of(line.as_bytes()) else { return Ok(None) };
    let source = Source::directory(&own.dir);
    let tree = Tree::new(&source, own.log.signed().checkpoint());
    Ok(Some(Proof::make(&tree, own.log.signed(), index)?))
}

/// Whether there is a log.
pub(crate) fn is_there(context: &Context) -> bool {
    key_path(context).exists()
}

/// Opens the log, if its key is there.
pub(crate) fn open(context: &Context) -> Result<Option<Own>, Fail> {
    if !is_there(context) {
        return Ok(None);
    }
    let path = key_path(context);
    let (key, dir, seen) = (key(context)?, dir(context), context.store.dir().join(SEEN));
    if !dir.join("checkpoint").exists() {
        let message = format!("the key {} has no log in {}", path.display(), dir.display());
        return Err(match seen.exists() {
            true => gone(message),
            false => Fail::new(Exit::Failed, message).hint("`heirloom log init` makes an empty one"),
        });
    }
    let own = Own { log: Log::open(&dir, key)?, dir, seen };
    own.continues()?;
    Ok(Some(own))
}

fn gone(message: String) -> Fail {
    Fail::new(Exit::Failed, message).hint(
        "it had entries before, and others know it: bring back the newest copy (a mirror of the published directory has it). \
         A log that goes back is a fork",
    )
}

/// Makes the key, and a log that has nothing but its public key, where they are not there yet.
pub(crate) fn init(context: &Context) -> Result<Made, Fail> {
    let (path, dir) = (key_path(context), dir(context));
    if dir.is_symlink() {
        let message = format!("{} is something else already", dir.display());
        return Err(Fail::new(Exit::Failed, message)
            .hint("the log is published there: give the channel another name, or move it away"));
    }
    if !path.exists() {
        let named = NoteKey::generate(&origin(context)).map_err(|error| {
            Fail::new(Exit::Definition, chain(&error))
                .hint("set `log.origin`, such as \"kestrel.example/log\"")
        })?;
        named.save(&path)?;
    }
    let key = key(context)?;
    let vkey = key.log_vkey().to_string();
    let is_new = !dir.join("checkpoint").exists() && !context.store.dir().join(SEEN).exists();
    if is_new {
        Log::create(&dir, key)?;
    }
    // A log begins with its own key.
    let entry = LogEntry { digest: Digest::of(vkey.as_bytes()), kind: LogKind::Keys, name: vkey.clone() };
    let size = match append(context, &[entry])? {
        Appended::Done { size, .. } => size,
        Appended::NoKey => 0,
    };
    Ok(Made { vkey, origin: origin(context), dir, size, is_new })
}

impl Own {
    /// Refuses to go on from an older state than the one that was signed last.
    fn continues(&self) -> Result<(), Fail> {
        if !self.seen.exists() {
            return Ok(());
        }
        let policy = self.policy();
        let seen = policy.open(&bytes(&self.seen, LARGEST)?).map_err(|error| {
            Fail::new(Exit::Failed, format!("{}: {}", self.seen.display(), chain(&error)))
        })?;
        let (before, now) = (seen.checkpoint(), self.log.signed().checkpoint());
        let source = Source::directory(&self.dir);
        if before.size() > now.size() || !Tree::new(&source, now).continues(before)? {
            let message = format!(
                "the log in {} has {} entries, and does not continue the {} entries that were signed last",
                self.dir.display(),
                now.size(),
                before.size()
            );
            return Err(gone(message));
        }
        Ok(())
    }

    /// Keeps what was signed last.
    fn remember(&self) -> Result<(), Fail> {
        replace(&self.seen, self.log.signed().note())
    }

    fn policy(&self) -> Policy {
        Policy::of_log(self.log.vkey())
    }

    /// Adds cosignatures to the published checkpoint.
    pub(crate) fn cosign(&mut self, text: &str, policy: &Policy) -> Result<Cosigned, Fail> {
        Ok(self.log.cosign(text, policy)?)
    }
}

fn key_path(context: &Context) -> PathBuf {
    context.definition.resolve(&context.definition.log.key)
}

fn dir(context: &Context) -> PathBuf {
    context.store.dir().join("published").join(NAME)
}

/// The log's own name.
fn origin(context: &Context) -> String {
    context.definition.log.origin.clone().unwrap_or_else(|| {
        let url = context.definition.publish.url.trim_end_matches('/');
        let name = url.split_once("://").map_or(url, |(_, rest)| rest);
        format!("{}/{NAME}", name.trim_start_matches('/'))
    })
}

/// The key, which must be of the definition's log.
fn key(context: &Context) -> Result<NoteKey, Fail> {
    let (path, origin) = (key_path(context), origin(context));
    let key = NoteKey::load(&path)?;
    match key.name() == origin {
        true => Ok(key),
        false => {
            let message =
                format!("{} is the key of the log `{}`: expected `{origin}`", path.display(), key.name());
            Err(Fail::new(Exit::Definition, message)
                .hint(format!("a log keeps its name: set `log.origin = \"{}\"`", key.name())))
        }
    }
}

/// What the definition demands of a checkpoint of its own log.
pub(crate) fn policy(context: &Context) -> Result<Policy, Fail> {
    let settings = &context.definition.log;
    let wrong = |message: String| {
        Fail::new(Exit::Definition, format!("log.witnesses: {message}"))
            .hint("give each witness's public key as `heirloom log keygen` prints it")
    };
    let witnesses = settings.witnesses.iter().map(|text| Vkey::witness(text));
    let witnesses = witnesses.collect::<Result<Vec<_>, _>>().map_err(|error| wrong(chain(&error)))?;
    Policy::new(key(context)?.log_vkey(), witnesses, *settings.witnesses_needed.get_ref())
        .map_err(|error| wrong(chain(&error)))
}

/// The files of a log in a directory or at a URL.
pub(crate) fn source(location: &str) -> Source<'_> {
    let location = location.strip_prefix("file://").unwrap_or(location);
    if !fetch::is_url(location) {
        return Source::directory(Path::new(location));
    }
    let fetcher = Fetcher::default();
    Source::new(location, move |path, limit| match fetcher.read(&fetch::join(location, path), limit) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(chain(&error)),
    })
}

#[cfg(test)]
mod tests;
