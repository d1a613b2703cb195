//! What may be signed: the bytes whose digest is in a proposal that a quorum has approved, and nothing else.
//!
//! The signer believes nobody: it goes through each history itself, from the charter that it was started with, and never
//! back behind the newest one that it has seen.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use heirloom_govern::{History, Proposal, State};
use heirloom_model::Digest;
use heirloom_sign::{Purpose, Request};
use jiff::{SignedDuration, Timestamp};

use super::metadata::Book;
use crate::cli::SignerArgs;
use crate::context::{bytes, present, replace};
use crate::fail::{Exit, Fail};
use crate::flow::governing::{self, Parcel};

/// Largest parcel, in bytes.
const LARGEST: u64 = 256 << 20;
/// By how much honest clocks differ.
const SKEW: SignedDuration = SignedDuration::from_mins(10);
/// For so long, what was read holds.
const FRESH: SignedDuration = SignedDuration::from_secs(30);

pub(super) struct Policy<'a> {
    book: &'a Book,
    pin: Digest,
    key: String,
    inbox: PathBuf,
    /// Where the newest history is kept.
    kept: PathBuf,
    known: Mutex<Known>,
}

/// What was seen.
#[derive(Default)]
struct Known {
    /// The newest history.
    history: Option<History>,
    /// What may be signed, with the proposal that allows it.
    signable: BTreeMap<Digest, Digest>,
    /// The trees that channels may serve: those that they serve, and those of open proposals that a quorum has approved.
    allowed: BTreeMap<String, BTreeSet<Digest>>,
    /// Why a proposal in the inbox allows nothing.
    refused: BTreeMap<String, String>,
    /// The inbox as it was when it was read, and when that was.
    read: Option<(Vec<Stamp>, Timestamp)>,
}

/// A file of the inbox: its path, its length, and when it was written.
type Stamp = (PathBuf, u64, Option<SystemTime>);

impl<'a> Policy<'a> {
    /// The policy of a signer, with what it had seen before it was stopped.
    pub(super) fn open(args: &SignerArgs, key: &str, book: &'a Book) -> Result<Self, Fail> {
        let kept = args.dir.join("history.jsonl");
        let mut known = Known::default();
        if kept.exists() {
            let text = String::from_utf8_lossy(&bytes(&kept, governing::LARGEST)?).into_owned();
            let history = History::parse(&text).and_then(|history| {
                history.replay(&governing::keys(), Some(args.pin))?;
                Ok(history)
            });
            known.history = Some(history.map_err(|error| {
                Fail::new(Exit::Promise, format!("{}: {error}", kept.display()))
                    .hint("it is what this signer has seen before; --pin must be a charter in it")
            })?);
        }
        let (inbox, key) = (args.inbox.clone(), key.to_lowercase());
        Ok(Self { book, pin: args.pin, key, inbox, kept, known: Mutex::new(known) })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The proposal that allows to sign this.
    pub(super) fn by(&self, digest: Digest) -> Option<Digest> {
        self.known().signable.get(&digest).copied()
    }

    /// Whether this may be signed; else why not.
    pub(super) fn decide(&self, request: &Request) -> Result<(), String> {
        if request.purpose == Purpose::Metadata {
            self.look()?;
            let known = self.known();
            return self
                .book
                .judge(request, &|channel| known.allowed.get(channel).cloned().unwrap_or_default());
        }
        if request.purpose != Purpose::OpenPgp {
            return Err("this key signs packages and repositories, no statements: give statements a key of their own \
                        (`signing.statements`)"
                .to_owned());
        }
        let digest = request.digest();
        self.look()?;
        let known = self.known();
        if known.signable.contains_key(&digest) {
            return Ok(());
        }
        let mut text = format!("{} is in no proposal that a quorum has approved", digest.short());
        for (name, why) in &known.refused {
            text.push_str(&format!("; {name}: {why}"));
        }
        Err(text)
    }

    /// Reads the inbox, if it is another one than before. What was approved a moment ago may be retired now: then too, after
    /// a while.
    fn look(&self) -> Result<(), String> {
        let failed = |error: std::io::Error| format!("{}: {error}", self.inbox.display());
        let mut files: Vec<Stamp> = Vec::new();
        for entry in fs::read_dir(&self.inbox).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            if path.extension().is_some_and(|ext| ext == "json" || ext == "jsonl") {
                let file = entry.metadata().map_err(failed)?;
                files.push((path, file.len(), file.modified().ok()));
            }
        }
        files.sort();
        let mut known = self.known();
        let now = present();
        let is_fresh =
            |(before, when): &(Vec<Stamp>, Timestamp)| *before == files && now.duration_since(*when) < FRESH;
        if known.read.as_ref().is_some_and(is_fresh) {
            return Ok(());
        }
        (known.signable, known.refused, known.allowed) = Default::default();
        let (histories, parcels): (Vec<_>, Vec<_>) = files
            .iter()
            .map(|(file, ..)| file)
            .partition(|file| file.extension().is_some_and(|ext| ext == "jsonl"));
        for file in histories {
            if let Err(why) = self.go_on(file, &mut known) {
                known.refused.insert("history".to_owned(), why);
            }
        }
        for file in parcels {
            let name = file.file_stem().unwrap_or_default().to_string_lossy().chars().take(12).collect();
            match self.take(file, &mut known) {
                Ok(allowed) => known.signable.extend(allowed),
                Err(why) => {
                    known.refused.insert(name, why);
                }
            }
        }
        if let Some(history) = &known.history {
            let state =
                history.replay(&governing::keys(), Some(self.pin)).map_err(|error| error.to_string())?;
            for (channel, live) in state.live() {
                known.allowed.entry(channel.clone()).or_default().insert(live.tree);
            }
        }
        known.read = Some((files, now));
        Ok(())
    }

    /// Goes on to a history that was laid there.
    fn go_on(&self, file: &Path, known: &mut Known) -> Result<(), String> {
        let bytes = bytes(file, governing::LARGEST).map_err(|fail| fail.message)?;
        let text = String::from_utf8(bytes).map_err(|error| error.to_string())?;
        let history = History::parse(&text).map_err(|error| error.to_string())?;
        self.follow(history, known).map(drop)
    }

    /// What a proposal allows.
    fn take(&self, file: &Path, known: &mut Known) -> Result<BTreeMap<Digest, Digest>, String> {
        let bytes = bytes(file, LARGEST).map_err(|fail| fail.message)?;
        let parcel: Parcel = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
        let history = History::parse(&parcel.history).map_err(|error| error.to_string())?;
        let state = self.follow(history, known)?;
        let proposal = state
            .may_sign(&parcel.proposal, &parcel.votes, &governing::keys(), present())
            .map_err(|error| error.to_string())?;
        if proposal.content.key().is_some_and(|key| key != self.key) {
            return Err(format!("it is for another key, {}", proposal.content.key().unwrap_or_default()));
        }
        self.trees(&parcel, &proposal, &state, known)?;
        let list = proposal.content.list().and_then(|list| parcel.objects.get(&list));
        let signable = proposal.content.signable(list.map(|text| text.as_bytes()));
        let by = Digest::of(parcel.proposal.as_bytes());
        Ok(signable.map_err(|error| error.to_string())?.into_iter().map(|digest| (digest, by)).collect())
    }

    /// Keeps the lists of trees that came with a proposal, and lets its channels serve its own.
    fn trees(
        &self,
        parcel: &Parcel,
        proposal: &Proposal,
        state: &State,
        known: &mut Known,
    ) -> Result<(), String> {
        let own = proposal.content.tree();
        let live = state.live().values().map(|live| live.tree);
        for tree in live.chain(own) {
            if let Some(text) = parcel.objects.get(&tree) {
                self.book.keep(tree, text)?;
            }
        }
        // What took effect before may have been followed by something else.
        let is_open = state.promoted(Digest::of(parcel.proposal.as_bytes())).is_none();
        for (one, tree) in proposal.content.channels().iter().zip(std::iter::repeat(own)).filter(|_| is_open)
        {
            known.allowed.entry(one.channel.clone()).or_default().extend(tree);
        }
        Ok(())
    }

    /// The state that the newest history comes to: the one that came, if it goes on from what was seen.
    fn follow(&self, history: History, known: &mut Known) -> Result<State, String> {
        let replay = |history: &History| {
            let state =
                history.replay(&governing::keys(), Some(self.pin)).map_err(|error| error.to_string())?;
            let now = present();
            // Else a wait could be cut short by a date.
            match state.latest().duration_since(now) > SKEW {
                true => Err(format!(
                    "its newest decision took effect at {}, later than now ({now})",
                    state.latest()
                )),
                false => Ok(state),
            }
        };
        let Some(seen) = &known.history else {
            let state = replay(&history)?;
            self.keep(&history)?;
            known.history = Some(history);
            return Ok(state);
        };
        let both = seen.entries.len().min(history.entries.len());
        if seen.charter != history.charter || seen.entries[..both] != history.entries[..both] {
            return Err(
                "its history is not the one that was seen before: somebody shows two histories".to_owned()
            );
        }
        // One that ends earlier is how it was when the proposal was laid there: the newest counts.
        if history.entries.len() <= seen.entries.len() {
            return replay(seen);
        }
        let state = replay(&history)?;
        self.keep(&history)?;
        known.history = Some(history);
        Ok(state)
    }

    fn keep(&self, history: &History) -> Result<(), String> {
        let text = history.to_text().map_err(|error| error.to_string())?;
        replace(&self.kept, text.as_bytes()).map_err(|fail| fail.message)
    }
}
