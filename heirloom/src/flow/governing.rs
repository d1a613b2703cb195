//! What members decide: proposals and votes of this state, the history that they lead to, and what is in force.

mod effect;
mod hand;
mod members;
mod note;
mod offer;
mod parcel;
mod site;

use std::collections::BTreeSet;
use std::fs;

use heirloom_govern::{Charter, Content, Entry, History, Proposal, SealedVote, Standing, State, Tally};
use heirloom_model::Digest;
use heirloom_model::record::{Cast, Promoted, Proposed, Snapshot, Waiting};
use heirloom_store::Store;
use serde::Serialize;

pub(crate) use effect::promote;
pub(crate) use hand::Hand;
pub(crate) use members::{approve, keys};
pub(crate) use note::{promotion, tell};
pub(crate) use offer::{Offer, advisories_wait, fingerprint, packages_wait, snapshot_waits, waiting};
pub(crate) use parcel::{Parcel, Received, patch, read};

use crate::context::{Context, present};
use crate::fail::{Exit, Fail};

/// Largest charter or history that is read, in bytes.
pub(crate) const LARGEST: u64 = 1 << 30;

/// What is in force, and how it came to that.
pub(crate) struct Governed {
    pub(crate) history: History,
    pub(crate) state: State,
}

/// A proposal that is known here, and where it stands.
#[derive(Serialize)]
pub(crate) struct Known {
    /// SHA-256 of its text: what members sign.
    pub(crate) digest: Digest,
    pub(crate) proposal: Proposal,
    /// The entry by which it took effect.
    pub(crate) entry: Option<usize>,
    /// How its votes count; none if it can't be decided any more.
    pub(crate) tally: Option<Tally>,
    /// Why it can't.
    pub(crate) outdated: Option<String>,
}

/// What was decided, if the definition has a charter.
pub(crate) fn history(context: &Context) -> Result<Option<History>, Fail> {
    let Some(governance) = &context.definition.governance else { return Ok(None) };
    let path = context.definition.resolve(governance.charter.get_ref());
    let charter = fs::read_to_string(&path)
        .map_err(|error| Fail::new(Exit::Definition, format!("can't read {}: {error}", path.display())))?;
    let entries = context.store.all::<Promoted>()?.into_iter().map(|record| entry(&context.store, record));
    Ok(Some(History { charter, entries: entries.collect::<Result<_, _>>()? }))
}

/// What is in force, if the definition has a charter.
pub(crate) fn of(context: &Context) -> Result<Option<Governed>, Fail> {
    let Some(history) = history(context)? else { return Ok(None) };
    let state = history.replay(&keys(), None).map_err(|error| {
        Fail::new(Exit::Promise, format!("what was decided does not hold: {error}")).hint(
            "the first charter must stay as it was when the first proposal was decided; bring that file back",
        )
    })?;
    Ok(Some(Governed { history, state }))
}

/// The charter under which an entry of a history was decided.
pub(crate) fn under(history: &History, index: usize) -> Result<(Charter, Digest), Fail> {
    let mut text = history.charter.clone();
    for entry in &history.entries[..index.min(history.entries.len())] {
        let proposal = Proposal::from_json(&entry.proposal)?;
        if let Content::Charter { text: next } = proposal.content {
            text = next;
        }
    }
    let charter = Charter::parse(&text).map_err(|error| Fail::new(Exit::Failed, error))?;
    Ok((charter, Digest::of(text.as_bytes())))
}

/// The same, for what is not possible without a charter.
pub(crate) fn required(context: &Context) -> Result<Governed, Fail> {
    of(context)?.ok_or_else(|| {
        Fail::new(Exit::Definition, "this distribution has no charter").hint(
            "`heirloom charter init` writes one; `[governance] charter = \"charter.toml\"` in the definition puts it in force",
        )
    })
}

fn entry(store: &Store, record: Promoted) -> Result<Entry, Fail> {
    let sealed = |(vote, signature)| SealedVote { vote, signature };
    let votes = record.votes.into_iter().map(sealed).collect();
    Ok(Entry { proposal: text(store, record.proposal)?, votes, promoted: record.at })
}

/// The text of a proposal.
pub(crate) fn text(store: &Store, digest: Digest) -> Result<String, Fail> {
    String::from_utf8(store.read(digest)?)
        .map_err(|error| Fail::new(Exit::Failed, format!("the proposal {digest} is no text: {error}")))
}

/// The votes on a proposal that are known here, in a fixed order.
pub(crate) fn votes(store: &Store, proposal: Digest) -> Result<Vec<SealedVote>, Fail> {
    let all = store.all::<Cast>()?.into_iter().filter(|cast| cast.proposal == proposal);
    let mut votes: Vec<_> =
        all.map(|cast| SealedVote { vote: cast.vote, signature: cast.signature }).collect();
    votes.sort();
    Ok(votes)
}

impl Governed {
    /// All proposals that are known here, the newest last.
    pub(crate) fn known(&self, context: &Context) -> Result<Vec<Known>, Fail> {
        let all = context.store.all::<Proposed>()?.into_iter();
        let mut known: Vec<_> =
            all.map(|record| self.look(context, record.proposal)).collect::<Result<_, _>>()?;
        known.sort_by_key(|known| (known.proposal.made, known.digest));
        Ok(known)
    }

    /// Where a proposal stands.
    pub(crate) fn look(&self, context: &Context, digest: Digest) -> Result<Known, Fail> {
        let text = text(&context.store, digest)?;
        let proposal = Proposal::from_json(&text)?;
        let entry = self.state.promoted(digest);
        let votes = votes(&context.store, digest)?;
        let (tally, outdated) = match self.state.tally(&text, &votes, &keys(), present()) {
            Ok((_, tally)) => (Some(tally), None),
            Err(refused) => (None, Some(refused.to_string())),
        };
        Ok(Known { digest, proposal, entry, tally, outdated })
    }

    /// The proposal whose digest begins so.
    pub(crate) fn find(&self, context: &Context, name: &str) -> Result<Digest, Fail> {
        let all = context.store.all::<Proposed>()?;
        let mut fitting =
            all.iter().map(|record| record.proposal).filter(|digest| digest.to_string().starts_with(name));
        match (fitting.next(), fitting.next()) {
            (Some(digest), None) if name.len() >= 4 => Ok(digest),
            (None, _) => Err(Fail::new(Exit::Failed, format!("no proposal is known here as {name}"))
                .hint("`heirloom release status` lists them; `heirloom release receive FILE` takes one in")),
            _ => {
                Err(Fail::new(Exit::Usage, format!("several proposals begin with {name}: give more digits")))
            }
        }
    }

    /// Whether something is proposed already, under the charter in force, and is or was not refused; for whichever channels.
    pub(crate) fn has(&self, context: &Context, content: &Content) -> Result<bool, Fail> {
        let wanted = anywhere(content);
        Ok(self.known(context)?.iter().any(|known| {
            let is_dead = known.tally.as_ref().is_none_or(|tally| {
                matches!(
                    tally.standing,
                    Standing::Rejected | Standing::Withdrawn | Standing::Expired { .. } | Standing::NoRole
                )
            });
            anywhere(&known.proposal.content) == wanted && (known.entry.is_some() || !is_dead)
        }))
    }

    /// Keeps a proposal with the objects that belong to it, which are there.
    pub(crate) fn keep(&self, context: &Context, proposal: &Proposal) -> Result<Digest, Fail> {
        let text = proposal.to_json()?;
        let digest = context.store.put(text.as_bytes())?;
        let mut evidence: Vec<_> = proposal.evidence.iter().map(|one| one.digest).collect();
        evidence.extend(proposal.content.list());
        evidence.sort_unstable();
        evidence.dedup();
        context.store.append(&Proposed { proposal: digest, evidence })?;
        Ok(digest)
    }

    /// Keeps a vote, if it is one on a proposal that is known here. Whether it counts is for the tally.
    pub(crate) fn cast(&self, context: &Context, sealed: &SealedVote) -> Result<Digest, Fail> {
        let vote = heirloom_govern::Vote::from_json(&sealed.vote)
            .map_err(|error| Fail::new(Exit::Failed, error.to_string()))?;
        if context.store.get::<Proposed>(&vote.proposal.to_string())?.is_none() {
            let message = format!("it is a vote on {}, which is not known here", vote.proposal.short());
            return Err(Fail::new(Exit::Failed, message)
                .hint("take the proposal in first: `heirloom release receive PROPOSAL-FILE`"));
        }
        let cast =
            Cast { proposal: vote.proposal, vote: sealed.vote.clone(), signature: sealed.signature.clone() };
        context.store.append(&cast)?;
        Ok(vote.proposal)
    }
}

/// A content without the channels that it is for.
fn anywhere(content: &Content) -> Content {
    let mut content = content.clone();
    if let Content::Snapshot(snapshot) = &mut content {
        snapshot.channels.clear();
    }
    content
}

/// Whether members have decided that these channels serve this snapshot, where there is a charter.
pub(crate) fn decided(context: &Context, channels: &[String], snapshot: &Snapshot) -> Result<(), Fail> {
    let Some(governed) = of(context)? else { return Ok(()) };
    let tree = offer::unsigned(&super::releasing::site(context)?.tree(snapshot)?)?;
    for channel in channels {
        if governed.state.live().get(channel).is_none_or(|live| live.tree != tree) {
            let message = format!("members have not decided that {channel} serves {}", snapshot.name);
            return Err(Fail::new(Exit::Promise, message).hint(format!(
                "`heirloom release propose --snapshot {} --channel {channel}` puts it to them; with --emergency, if it can't wait",
                snapshot.name
            )));
        }
    }
    Ok(())
}

/// The snapshot with a tree that members have approved.
pub(crate) fn snapshot_of(context: &Context, tree: Digest) -> Result<Option<Snapshot>, Fail> {
    let site = super::releasing::site(context)?;
    for snapshot in site.snapshots()?.into_iter().rev() {
        if offer::unsigned(&site.tree(&snapshot)?)? == tree {
            return Ok(Some(snapshot));
        }
    }
    Ok(None)
}

/// Where a composed tree stands.
pub(crate) enum Stands {
    /// Members have not seen it.
    New,
    /// It is released, and not all usual channels serve it.
    Released(String),
    /// All usual channels serve this snapshot of it, by decision.
    Served(Box<Snapshot>),
}

/// Where a tree stands, if there is a charter.
pub(crate) fn stands(context: &Context, tree: Digest) -> Result<Option<Stands>, Fail> {
    let Some(governed) = of(context)? else { return Ok(None) };
    if governed.state.signer_of(tree).is_none() {
        return Ok(Some(Stands::New));
    }
    let usual = super::releasing::site(context)?.usual();
    let live = governed.state.live();
    let is_served = usual.iter().all(|channel| live.get(channel).is_some_and(|live| live.tree == tree));
    Ok(Some(match snapshot_of(context, tree)? {
        Some(snapshot) if is_served => Stands::Served(Box::new(snapshot)),
        Some(snapshot) => Stands::Released(snapshot.name),
        None => Stands::New,
    }))
}

/// Objects that proposals and the history need: of what is still open or waits, the whole tree.
pub(crate) fn needed(store: &Store) -> Result<BTreeSet<Digest>, Fail> {
    let decided = store.all::<Promoted>()?.into_iter().map(|record| record.proposal);
    let decided: BTreeSet<_> = decided.collect();
    let mut needed = decided.clone();
    for record in store.all::<Proposed>()? {
        if !decided.contains(&record.proposal) && store.contains(record.proposal) {
            let text = text(store, record.proposal)?;
            let proposal = Proposal::from_json(&text)?;
            needed.extend(offer::objects(store, &proposal.evidence)?);
        }
        needed.insert(record.proposal);
        needed.extend(record.evidence);
    }
    for waiting in store.all::<Waiting>()? {
        if store.contains(waiting.content) {
            let offer: Offer = serde_json::from_slice(&store.read(waiting.content)?)?;
            needed.extend(offer::objects(store, &offer.evidence)?);
            needed.extend(offer.evidence.iter().map(|one| one.digest).chain(offer.content.list()));
        }
        needed.insert(waiting.content);
    }
    Ok(needed)
}
