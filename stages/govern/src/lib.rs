//! Govern: who may decide what, and what was decided. A quorum of members, of which no one company has more than its
//! share, approves the exact content of everything that reaches clients.
//!
//! ```text
//! Charter ──> Proposal <── Vote, Vote, Vote        a vote is a signature over the proposal's digest
//!                │
//!             tally: who counts, who does not and why, who is missing
//!                │
//! State ──apply(Entry)──> State                    an entry: proposal, votes, and when it took effect
//! ```
//! The history is the first charter and the entries after it. Anyone who has pinned a charter can go through it again and
//! comes to the same [`State`], or to the entry that does not hold.
//!
//! All of it is pure: it reads no file, has no key, asks no clock, and does not know how signatures work; whoever calls
//! says what a member's key is and whether a signature is its ([`Keys`]). It must not decide whether a release is good:
//! that is the gate's and the members'. Start at [`State`].

mod charter;
mod history;
mod proposal;
mod state;
mod tally;
mod vote;

pub use charter::{
    Charter, CharterError, Edit, Emergency, Fault, KeyFacts, Keys, LintFinding, Member, Role, Rule,
    SigningKey, lint,
};
pub use history::{Entry, History, HistoryError, SealedVote};
pub use proposal::{
    ChannelMove, Content, Evidence, KeyChange, Kind, PackageToSign, Proposal, ProposalError, Retired,
    SnapshotToRelease, ToSign,
};
pub use state::{Held, Live, Refused, State};
pub use tally::{Counted, Discounted, Missing, Standing, Tally, tally};
pub use vote::{Decision, NAMESPACE, Vote, VoteError};

#[cfg(test)]
mod tests;
