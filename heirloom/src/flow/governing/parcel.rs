//! What travels between members: a proposal with all that is needed to decide on it, and votes.

use std::collections::BTreeMap;
use std::path::Path;

use heirloom_govern::{SealedVote, Vote};
use heirloom_model::Digest;
use heirloom_store::Store;
use serde::{Deserialize, Serialize};

use super::{Governed, members, text, votes};
use crate::context::{self, Context};
use crate::fail::{Exit, Fail};

/// Largest parcel, in bytes.
const LARGEST: u64 = 256 << 20;

/// A proposal, the history that it follows, the votes on it so far, and the objects that it names. The signer and members
/// without a network have nothing else.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parcel {
    /// The history, as it is published.
    pub(crate) history: String,
    /// The text of the proposal.
    pub(crate) proposal: String,
    pub(crate) votes: Vec<SealedVote>,
    /// Texts of objects, by digest.
    pub(crate) objects: BTreeMap<Digest, String>,
}

/// What a file has brought.
pub(crate) enum Received {
    /// A proposal.
    Parcel(Box<Parcel>),
    /// A vote.
    Vote(SealedVote),
}

impl Governed {
    /// Everything about a proposal.
    pub(crate) fn parcel(&self, store: &Store, proposal: Digest) -> Result<Parcel, Fail> {
        let record = store.get::<heirloom_model::record::Proposed>(&proposal.to_string())?;
        let mut objects = BTreeMap::new();
        for digest in record.into_iter().flat_map(|record| record.evidence) {
            objects.insert(digest, text(store, digest)?);
        }
        let content = heirloom_govern::Proposal::from_json(&text(store, proposal)?)?.content;
        // Lists of files, of what is to be served and of what is.
        let live = self.state.live().values().map(|live| live.tree);
        for tree in live.chain(content.tree()).filter(|tree| store.contains(*tree)).collect::<Vec<_>>() {
            objects.insert(tree, text(store, tree)?);
        }
        Ok(Parcel {
            history: self.history.to_text()?,
            proposal: text(store, proposal)?,
            votes: votes(store, proposal)?,
            objects,
        })
    }

    /// Takes a proposal in, with its objects and votes.
    pub(crate) fn take_in(&self, context: &Context, parcel: &Parcel) -> Result<Digest, Fail> {
        let proposal = heirloom_govern::Proposal::from_json(&parcel.proposal)?;
        for (digest, text) in &parcel.objects {
            if Digest::of(text.as_bytes()) != *digest {
                let message = format!("the object {digest} of the parcel has other bytes");
                return Err(
                    Fail::new(Exit::Promise, message).hint("it was changed on its way: ask for it again")
                );
            }
            context.store.put(text.as_bytes())?;
        }
        let digest = Digest::of(parcel.proposal.as_bytes());
        let others =
            |sealed: &&SealedVote| Vote::from_json(&sealed.vote).is_ok_and(|vote| vote.proposal != digest);
        if parcel.votes.iter().any(|vote| others(&vote)) {
            let message =
                "the votes in it are for another proposal: one of both was changed after it was voted on";
            return Err(Fail::new(Exit::Promise, message).hint("ask for it again"));
        }
        let objects = proposal.evidence.iter().map(|one| one.digest).chain(proposal.content.list());
        if let Some(missing) = objects.into_iter().find(|digest| !context.store.contains(*digest)) {
            return Err(Fail::new(Exit::Failed, format!("the parcel lacks the object {missing}")));
        }
        // Its text may be another one than this program would write, and is then another proposal.
        if proposal.to_json().ok().as_ref() != Some(&parcel.proposal) {
            let message = "the proposal is not written as Heirloom writes it: it may be of another version";
            return Err(Fail::new(Exit::Failed, message));
        }
        self.keep(context, &proposal)?;
        for vote in &parcel.votes {
            self.cast(context, vote)?;
        }
        Ok(digest)
    }
}

/// Reads a file with a proposal or a vote: JSON, or a patch that adds a vote.
pub(crate) fn read(path: &Path, signature: Option<&Path>) -> Result<Received, Fail> {
    let failed = |what: &str| {
        Fail::new(Exit::Failed, format!("{}: {what}", path.display())).hint(
            "`heirloom release export` writes proposals, `heirloom release approve` votes; a vote signed by gpg or ssh-keygen \
             needs --signature FILE beside it",
        )
    };
    let utf8 = |path: &Path| {
        String::from_utf8(context::bytes(path, LARGEST)?)
            .map_err(|_| Fail::new(Exit::Failed, format!("{} is no text", path.display())))
    };
    let text = utf8(path)?;
    if let Some(signature) = signature {
        return Ok(Received::Vote(SealedVote { vote: text, signature: utf8(signature)? }));
    }
    if let Ok(vote) = serde_json::from_str::<SealedVote>(&text) {
        return Ok(Received::Vote(vote));
    }
    if let Some(vote) = text.lines().filter_map(|line| line.strip_prefix("+{")).next() {
        let vote = serde_json::from_str(&format!("{{{vote}"));
        return vote.map(Received::Vote).map_err(|error| failed(&format!("the patch adds no vote: {error}")));
    }
    match serde_json::from_str::<Parcel>(&text) {
        Ok(parcel) => Ok(Received::Parcel(Box::new(parcel))),
        Err(error) => Err(failed(&format!("neither a proposal nor a vote: {error}"))),
    }
}

/// A vote as a patch that git and mail carry: it adds one file.
pub(crate) fn patch(vote: &Vote, sealed: &SealedVote) -> Result<String, Fail> {
    let line = serde_json::to_string(sealed)?;
    let path = format!("votes/{}/{}.json", vote.proposal, vote.member);
    let date = vote.at.strftime("%a, %d %b %Y %H:%M:%S +0000");
    let (member, word, short) = (&vote.member, members::word(vote.decision), vote.proposal.short());
    Ok(format!(
        "From {zeros} Mon Sep 17 00:00:00 2001\nFrom: {member} <{member}@heirloom.invalid>\nDate: {date}\n\
         Subject: [PATCH] {member} {word} {short}\n\n---\n {path} | 1 +\n 1 file changed, 1 insertion(+)\n \
         create mode 100644 {path}\n\ndiff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n\
         @@ -0,0 +1 @@\n+{line}\n-- \nheirloom\n",
        zeros = "0".repeat(40),
    ))
}
