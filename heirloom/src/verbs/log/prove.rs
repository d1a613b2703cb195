//! Proofs: made with the log, checked without it.

use std::path::{Path, PathBuf};

use heirloom_model::Digest;
use heirloom_model::log::LogEntry;
use heirloom_tlog::{Proof, Tree};
use serde::Serialize;

use super::list::{Told, about, named, read};
use super::{Head, no_log, policy, text_of};
use crate::cli::{ProveLog, VerifyLog};
use crate::context::{Context, digest, replace};
use crate::fail::{Exit, Fail, chain};
use crate::flow::log;
use crate::ui::Shown;

/// Largest proof, in bytes.
const LARGEST: u64 = 1 << 20;

/// A proof that was written, or checked.
#[derive(Serialize)]
struct Proved {
    proof: PathBuf,
    #[serde(flatten)]
    told: Told,
    checkpoint: Head,
}

pub(super) fn prove(args: &ProveLog, open: impl FnOnce() -> Result<Context, Fail>) -> Result<Shown, Fail> {
    let (digest, to) = match args.document.parse::<Digest>() {
        Ok(digest) => (digest, format!("{digest}.tlog-proof")),
        Err(_) => (digest(Path::new(&args.document))?, format!("{}.tlog-proof", args.document)),
    };
    let to = args.to.clone().unwrap_or_else(|| PathBuf::from(to));
    let own = if args.which.log.is_none() { Some(open()?) } else { None };
    let (location, policy) = named(&args.which, own.as_ref())?;
    let source = log::source(&location);
    let read = read(&source, &policy)?;
    let mut found = about(&read, digest);
    found.retain(|(_, entry)| args.kind.as_ref().is_none_or(|kind| *kind == entry.kind));
    let (index, entry) = the_one(&found, digest)?;
    let proof = match &own {
        Some(context) => log::prove(context, entry)?.ok_or_else(no_log)?,
        None => Proof::make(&Tree::new(&source, read.signed.checkpoint()), &read.signed, *index)?,
    };
    replace(&to, proof.to_text().as_bytes())?;
    let told = Told { index: *index, entry: Some(entry.clone()), text: None };
    let proved = Proved { proof: to, told, checkpoint: Head::of(&read.signed) };
    let text = format!(
        "{}: entry {index}, {} {}\n{}",
        proved.proof.display(),
        entry.kind,
        entry.name,
        proved.checkpoint.text()
    );
    Shown::new(&proved, text)
}

fn the_one(found: &[(u64, LogEntry)], digest: Digest) -> Result<&(u64, LogEntry), Fail> {
    match found {
        [one] => Ok(one),
        [] => Err(Fail::new(Exit::Failed, format!("nothing in the log is about {digest}"))
            .hint("`heirloom log list` shows what stands in it")),
        several => {
            let kinds: Vec<_> =
                several.iter().map(|(_, entry)| format!("{} {}", entry.kind, entry.name)).collect();
            let message = format!("{} entries are about {digest}: {}", several.len(), kinds.join(", "));
            Err(Fail::new(Exit::Usage, message).hint("name the kind with --kind"))
        }
    }
}

/// Checks a proof.
pub(super) fn verify(args: &VerifyLog) -> Result<Shown, Fail> {
    let policy = policy(&args.trusted)?;
    let path = &args.proof;
    let refused = |what: String| Fail::new(Exit::Promise, format!("{}: {what}", path.display()));
    let proof = Proof::parse(&text_of(path, LARGEST)?).map_err(|error| refused(chain(&error)))?;
    let proven = proof.verify(&policy).map_err(|error| refused(chain(&error)))?;
    let told = Told::of(proven.index, &proven.entry);
    if let Some(file) = &args.file {
        let found = digest(file)?;
        let stated = told.entry.as_ref().map(|entry| entry.digest);
        if stated != Some(found) {
            let stated = stated.map_or_else(|| "no document".to_owned(), |digest| digest.to_string());
            return Err(refused(format!("it is about {stated}, and {} is {found}", file.display()))
                .hint("the file was changed, or the proof is of another one"));
        }
    }
    let text = match &told.entry {
        Some(LogEntry { digest, kind, name }) => format!("{kind} {name} ({digest})"),
        None => told.text.clone().unwrap_or_default(),
    };
    let proved = Proved { proof: path.clone(), told, checkpoint: Head::of(&proven.signed) };
    let text = format!("in the log as entry {}: {text}\n{}", proven.index, proved.checkpoint.text());
    Shown::new(&proved, text)
}
