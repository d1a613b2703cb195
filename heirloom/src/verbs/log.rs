//! `heirloom log`: the public log.

mod follow;
mod list;
mod prove;

use std::fmt::Write as _;
use std::path::Path;

use heirloom_tlog::{NoteKey, Policy, SignedCheckpoint, Vkey};
use serde::Serialize;

use crate::cli::{CosignLog, KeygenLog, LogVerb, Trusted};
use crate::context::{Context, bytes};
use crate::fail::{Exit, Fail, chain};
use crate::flow::log;
use crate::ui::Shown;

/// Largest file of cosignatures, in bytes.
const LARGEST: u64 = 1 << 20;

pub(crate) fn run(verb: &LogVerb, definition: &Path) -> Result<Shown, Fail> {
    let open = || Context::open(definition);
    match verb {
        LogVerb::Init => init(&open()?),
        LogVerb::List(args) => list::run(args, open),
        LogVerb::Prove(args) => prove::prove(args, open),
        LogVerb::Verify(args) => prove::verify(args),
        LogVerb::Monitor(args) => follow::monitor(args),
        LogVerb::Witness(args) => follow::witness(args),
        LogVerb::Cosign(args) => cosign(&open()?, args),
        LogVerb::Keygen(args) => keygen(args),
    }
}

fn init(context: &Context) -> Result<Shown, Fail> {
    let made = log::init(context)?;
    let said = if made.is_new { "a new log" } else { "the log" };
    let text = format!(
        "{said} of {} entries in {}\nits public key, for those who check it:\n{}\n",
        made.size,
        made.dir.display(),
        made.vkey
    );
    Shown::new(&made, text)
}

#[derive(Serialize)]
struct Generated {
    name: String,
    vkey: String,
}

fn keygen(args: &KeygenLog) -> Result<Shown, Fail> {
    let key = NoteKey::generate(&args.name).map_err(|error| Fail::new(Exit::Usage, chain(&error)))?;
    key.save(&args.file)?;
    let made = Generated { name: key.name().to_owned(), vkey: key.witness_vkey().to_string() };
    let text = format!("{}\n", made.vkey);
    Shown::new(&made, text)
}

/// What became of cosignatures.
#[derive(Serialize)]
struct Added {
    added: Vec<String>,
    refused: Vec<Refused>,
    checkpoint: Head,
}

#[derive(Serialize)]
struct Refused {
    name: String,
    why: &'static str,
}

fn cosign(context: &Context, args: &CosignLog) -> Result<Shown, Fail> {
    let text = text_of(&args.file, LARGEST)?;
    let policy = log::policy(context)?;
    let mut own = log::open(context)?.ok_or_else(no_log)?;
    let cosigned = own.cosign(&text, &policy)?;
    if cosigned.added.is_empty() && cosigned.refused.is_empty() {
        let message = format!("{} has no cosignature", args.file.display());
        return Err(Fail::new(Exit::Failed, message).hint("give it what `heirloom log witness` printed"));
    }
    let signed = any(&policy)?
        .open(own.log.signed().note())
        .map_err(|error| Fail::new(Exit::Failed, chain(&error)))?;
    let refused = cosigned.refused.into_iter().map(|(name, why)| Refused { name, why }).collect();
    let added = Added { added: cosigned.added, refused, checkpoint: Head::of(&signed) };
    let mut text = String::new();
    for name in &added.added {
        let _ = writeln!(text, "added the cosignature of {name}");
    }
    for one in &added.refused {
        let _ = writeln!(text, "refused {}: {}", one.name, one.why);
    }
    let (found, needed) = (signed.cosignatures().len(), policy.needed());
    let _ = writeln!(
        text,
        "the checkpoint of {} entries has {found} cosignatures; {needed} are needed",
        added.checkpoint.size
    );
    let exit = if added.refused.is_empty() { Exit::Fine } else { Exit::Promise };
    Ok(Shown::new(&added, text)?.exit(exit))
}

/// A checkpoint, as verbs show it.
#[derive(Serialize)]
struct Head {
    origin: String,
    size: u64,
    root: heirloom_model::Digest,
    cosignatures: Vec<Seen>,
}

#[derive(Serialize)]
struct Seen {
    witness: String,
    time: Option<jiff::Timestamp>,
}

impl Head {
    fn of(signed: &SignedCheckpoint) -> Self {
        let checkpoint = signed.checkpoint();
        let seen = signed.cosignatures().iter();
        let seen =
            seen.map(|one| Seen { witness: one.witness.clone(), time: crate::context::timestamp(one.time) });
        Self {
            origin: checkpoint.origin().to_owned(),
            size: checkpoint.size(),
            root: checkpoint.root(),
            cosignatures: seen.collect(),
        }
    }

    /// For people.
    fn text(&self) -> String {
        let mut text = format!("{}: {} entries, root {}\n", self.origin, self.size, self.root);
        for one in &self.cosignatures {
            let time = one.time.map_or_else(String::new, |time| time.to_string());
            let _ = writeln!(text, "  cosigned by {} {time}", one.witness);
        }
        text
    }
}

/// The log's key from the command line.
fn log_key(text: &str) -> Result<Vkey, Fail> {
    Vkey::log(text).map_err(|error| {
        Fail::new(Exit::Usage, chain(&error)).hint("`heirloom log init` prints it where the log is made")
    })
}

/// What the command line demands of a checkpoint.
fn policy(trusted: &Trusted) -> Result<Policy, Fail> {
    demanded(&trusted.key, &trusted.witness, trusted.need)
}

/// A checkpoint must be signed by this key, and by so many of these witnesses; by all, if it is not said.
pub(super) fn demanded(key: &str, witnesses: &[String], need: Option<usize>) -> Result<Policy, Fail> {
    let witnesses = witnesses.iter().map(|text| Vkey::witness(text));
    let witnesses = witnesses.collect::<Result<Vec<_>, _>>().map_err(|error| {
        Fail::new(Exit::Usage, chain(&error)).hint("`heirloom log keygen` prints the public key of a witness")
    })?;
    let needed = need.unwrap_or(witnesses.len());
    Policy::new(log_key(key)?, witnesses, needed).map_err(|error| Fail::new(Exit::Usage, chain(&error)))
}

/// The same keys, and no witness is needed: cosignatures that are missing are told, and keep nobody from reading.
fn any(policy: &Policy) -> Result<Policy, Fail> {
    Policy::new(policy.log().clone(), policy.witnesses().to_vec(), 0)
        .map_err(|error| Fail::new(Exit::Definition, chain(&error)))
}

fn text_of(path: &Path, most: u64) -> Result<String, Fail> {
    String::from_utf8(bytes(path, most)?)
        .map_err(|_| Fail::new(Exit::Failed, format!("{} is no text", path.display())))
}

fn no_log() -> Fail {
    Fail::new(Exit::Failed, "there is no log").hint("`heirloom log init` makes its key and an empty log")
}
