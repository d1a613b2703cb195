//! A proposal takes effect.
//!
//! What can fail comes first: signing, and laying the snapshot out. Then the entry is recorded, then links are switched,
//! each in one step, with a view that has the entry in its history. A process that is killed leaves the state before or
//! the one after; the same command again goes on where it was.

use heirloom_compose::{Signer, Unsealed};
use heirloom_govern::{Content, Entry, History, PackageToSign, Proposal, SealedVote, State};
use heirloom_model::Digest;
use heirloom_model::record::{Accepted, Promoted, Signed, Snapshot};
use heirloom_sign::SecretKey;
use serde::Serialize;

use super::{Governed, site, text, votes};
use crate::context::{Context, present, processors};
use crate::fail::{Exit, Fail};
use crate::flow::releasing::{self, Entered};
use crate::flow::{accounting, reached};
use crate::ui::Progress;

/// What came of a promotion.
#[derive(Serialize)]
pub(crate) struct Effect {
    /// The proposal's digest.
    pub(crate) proposal: Digest,
    /// Its place in the history.
    pub(crate) entry: usize,
    /// Whether it took effect before, and this call only went on.
    pub(crate) again: bool,
    /// What was done, in one sentence.
    pub(crate) did: String,
    /// What to do next.
    pub(crate) next: String,
    /// Channels that were switched.
    pub(crate) entered: Option<Entered>,
}

/// Lets a proposal take effect, if the votes that are known here approve it.
pub(crate) fn promote(context: &Context, governed: &Governed, digest: Digest) -> Result<Effect, Fail> {
    let proposal = text(&context.store, digest)?;
    let votes = votes(&context.store, digest)?;
    let again = governed.state.promoted(digest);
    let (history, state) = match again {
        Some(_) => (governed.history.clone(), governed.state.clone()),
        None => follow(governed, proposal.clone(), votes)?,
    };
    let entry = again.unwrap_or(state.entries());
    let content = Proposal::from_json(&proposal)?;
    let work = Work { context, digest, history: &history, state: &state, entry, again: again.is_some() };
    site::hand_to_signer(context, governed, &[digest])?;
    work.take(&content)
}

/// The history with this as its last entry.
fn follow(governed: &Governed, proposal: String, votes: Vec<SealedVote>) -> Result<(History, State), Fail> {
    let entry = Entry { proposal, votes, promoted: present() };
    let state = governed.state.apply(&entry, &super::keys()).map_err(|refused| {
        Fail::new(Exit::Promise, refused).hint(
            "`heirloom release status` shows who is missing; `heirloom release export` writes a file for members elsewhere",
        )
    })?;
    let mut history = governed.history.clone();
    history.entries.push(entry);
    Ok((history, state))
}

struct Work<'a> {
    context: &'a Context,
    digest: Digest,
    history: &'a History,
    state: &'a State,
    entry: usize,
    again: bool,
}

impl Work<'_> {
    fn take(&self, proposal: &Proposal) -> Result<Effect, Fail> {
        match &proposal.content {
            Content::Packages { list, .. } => self.sign(*list, &proposal.content),
            Content::Snapshot(_) => self.release(proposal),
            Content::Channels { tree, .. } => {
                let snapshot = super::snapshot_of(self.context, *tree)?.ok_or_else(|| {
                    Fail::new(Exit::Failed, format!("no snapshot here has the tree {}", tree.short()))
                        .hint("it may not be kept any more: `heirloom snapshots` lists what there is")
                })?;
                self.switch(proposal, &snapshot)
            }
            Content::Advisories { .. } => {
                self.record()?;
                let next = "`heirloom errata publish` signs and serves them".to_owned();
                self.done("the advisories may be signed".to_owned(), next, None)
            }
            Content::Charter { .. } => {
                self.record()?;
                let version = self.state.charter().version;
                self.done(format!("charter {version} is in force"), String::new(), None)
            }
            Content::Keys(change) => {
                self.record()?;
                let did = match (&change.add, &change.retire) {
                    (Some(add), Some(old)) => {
                        format!("{} signs in the place of {}", add.fingerprint, old.fingerprint)
                    }
                    (Some(add), None) => format!("{} may sign", add.fingerprint),
                    (None, Some(old)) => format!("{} signs nothing any more", old.fingerprint),
                    (None, None) => "nothing".to_owned(),
                };
                let next = "`signing.key` in the definition must name the key in use; `heirloom compose` then tells what it is to sign";
                self.done(did, next.to_owned(), None)
            }
            Content::Ratify { proposal } => {
                self.record()?;
                self.done(format!("{} is ratified", proposal.short()), String::new(), None)
            }
        }
    }

    /// Writes the entry into the ledger, where it was not before.
    fn record(&self) -> Result<(), Fail> {
        let Some(entry) = self.history.entries.get(self.entry - 1).filter(|_| !self.again) else {
            return Ok(());
        };
        let votes = entry.votes.iter().map(|sealed| (sealed.vote.clone(), sealed.signature.clone()));
        let votes = votes.collect();
        let record = Promoted { number: self.entry, proposal: self.digest, votes, at: entry.promoted };
        self.context.store.append(&record)?;
        site::show_to_signer(self.context, self.history)
    }

    /// The key that signs, if it is the one that members have approved.
    fn key(&self, content: &Content) -> Result<SecretKey, Fail> {
        let key = self.context.key()?;
        let (approved, own) = (content.key().unwrap_or_default(), key.fingerprint().to_lowercase());
        if approved != own {
            let message = format!("it is to be signed by the key {approved}, and `signing.key` is {own}");
            return Err(Fail::new(Exit::Promise, message)
                .hint("let the definition name that key, or compose and propose it again with this one"));
        }
        Ok(key)
    }

    fn done(&self, did: String, next: String, entered: Option<Entered>) -> Result<Effect, Fail> {
        if entered.is_none() {
            site::refresh(self.context, self.history)?;
        }
        Ok(Effect { proposal: self.digest, entry: self.entry, again: self.again, did, next, entered })
    }

    fn sign(&self, list: Digest, content: &Content) -> Result<Effect, Fail> {
        let store = &self.context.store;
        let packages: Vec<PackageToSign> = serde_json::from_slice(&store.read(list)?)?;
        let mut accepted = Vec::with_capacity(packages.len());
        for package in &packages {
            accepted.push(store.get::<Accepted>(&package.package.to_string())?.ok_or_else(|| {
                Fail::new(Exit::Failed, format!("{} is not accepted here", package.nevra))
                    .hint("promote where it was built and compared")
            })?);
        }
        let progress = Progress::new("sign", accepted.len());
        let key = self.key(content)?;
        let all: Vec<_> = accepted.iter().collect();
        let tick = |_: &Signed| progress.tick("signing");
        Signer::new(store, &key)?.sign_all(&all, processors(), &tick)?;
        reached::signed(self.context, &all)?;
        progress.end(&format!("{} packages", all.len()));
        self.record()?;
        let next = "`heirloom compose` makes repositories of them".to_owned();
        self.done(format!("{} packages are signed", all.len()), next, None)
    }

    fn release(&self, proposal: &Proposal) -> Result<Effect, Fail> {
        let lacks = || Fail::new(Exit::Failed, "the proposal does not say what was composed");
        let compose = proposal.evidence.iter().find(|one| one.name == "compose").ok_or_else(lacks)?;
        let unsealed: Unsealed = serde_json::from_slice(&self.context.store.read(compose.digest)?)?;
        let Content::Snapshot(approved) = &proposal.content else { return Err(lacks()) };
        // What was approved is the tree; the rest comes with it and must be about it.
        if unsealed.composed.tree != approved.tree {
            return Err(Fail::new(
                Exit::Promise,
                "the compose that came with the proposal is of another tree",
            ));
        }
        let composed = unsealed.seal(&self.context.store, &self.key(&proposal.content)?)?;
        let progress = Progress::new("release", 0);
        progress.doing("laying out the snapshot");
        let snapshot = releasing::site(self.context)?.lay_out(&composed, crate::context::now())?;
        progress.end(&snapshot.name);
        self.switch(proposal, &snapshot)
    }

    fn switch(&self, proposal: &Proposal, snapshot: &Snapshot) -> Result<Effect, Fail> {
        // Of what took effect before, only what is still in force is served.
        let in_force =
            |channel: &str| self.state.live().get(channel).is_some_and(|live| live.proposal == self.digest);
        let channels: Vec<String> = proposal
            .content
            .channels()
            .iter()
            .map(|it| it.channel.clone())
            .filter(|it| in_force(it))
            .collect();
        let stability = releasing::hold(self.context, &channels, snapshot)?;
        self.record()?;
        let site = site::published(self.context, self.history)?;
        let entered =
            Entered { channels: site.switch(&channels, snapshot, crate::context::now())?, stability };
        // The other channels' views get the entry, too.
        site::refresh(self.context, self.history)?;
        accounting::came_out(self.context)?;
        let did = match channels.is_empty() {
            true => format!("{} is released; no channel serves it by this proposal", snapshot.name),
            false => format!("{} serves {}", channels.join(", "), snapshot.name),
        };
        self.done(did, "`heirloom verify` checks it as a client does".to_owned(), Some(entered))
    }
}

/// Where what was handed to the signer lies.
pub(crate) fn inbox(context: &Context) -> std::path::PathBuf {
    context.store.dir().join("inbox")
}

pub(super) fn failed(path: &std::path::Path) -> impl Fn(std::io::Error) -> Fail {
    move |error| Fail::new(Exit::Failed, format!("{}: {error}", path.display()))
}
