//! Why something can't take effect, as members read it.

use heirloom_model::allowance::Date;
use jiff::Timestamp;

use crate::proposal::ProposalError;
use crate::tally::Tally;

/// Something can't take effect.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// No proposal.
    #[error("the proposal can't be read: {0}")]
    Proposal(#[from] ProposalError),
    /// Of another distribution.
    #[error("it is a proposal for {found}, and this is {expected}")]
    Distribution {
        /// Ours.
        expected: String,
        /// Theirs.
        found: String,
    },
    /// It was proposed under another charter.
    #[error(
        "it was proposed under charter {found}, and version {version}, {expected}, is in force: propose it again, so that the \
         members of today decide"
    )]
    OtherCharter {
        /// Version in force.
        version: u64,
        /// Digest of the charter in force, shortened.
        expected: String,
        /// The one that the proposal names, shortened.
        found: String,
    },
    /// The charter is over.
    #[error(
        "the charter ended on {ended}, and it is {today}: nothing but a new charter can be decided; if that is not the date, set \
         the clock, else propose a charter that is valid for longer"
    )]
    CharterExpired {
        /// Its last day.
        ended: Date,
        /// The present.
        today: Date,
    },
    /// There is no quorum.
    #[error("{proposal} is not approved: {}{}", .tally.standing, discounted(.tally))]
    NotApproved {
        /// The proposal's digest, shortened.
        proposal: String,
        /// How it was counted.
        tally: Box<Tally>,
    },
    /// It took effect before.
    #[error(
        "{proposal} took effect already, as entry {entry}: it can't be used a second time; propose it again"
    )]
    Repeated {
        /// The proposal's digest, shortened.
        proposal: String,
        /// Which entry.
        entry: usize,
    },
    /// It counts on another state of a channel.
    #[error("it was proposed when {channel} served {expected}, and it serves {found} now: propose it again")]
    Outdated {
        /// The channel.
        channel: String,
        /// What the proposal says.
        expected: String,
        /// What is so.
        found: String,
    },
    /// No such key, or one that is retired.
    #[error("the key {fingerprint} {why}")]
    Key {
        /// The key.
        fingerprint: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A tree that nobody approved.
    #[error("the tree {0} was never released: propose it as a snapshot")]
    NeverReleased(String),
    /// The next charter is none, or does not follow this one.
    #[error("the next charter can't be put in force: {0}")]
    NextCharter(String),
    /// Something done in an emergency waits for the usual quorum.
    #[error(
        "{proposal} was promoted in an emergency and had to be ratified until {until}: nothing else can take effect before that; \
         `heirloom release propose --ratify {proposal}`"
    )]
    Unratified {
        /// The proposal's digest, shortened.
        proposal: String,
        /// Until when.
        until: Timestamp,
    },
    /// Nothing waits for ratification under this digest.
    #[error("{0} is nothing that waits to be ratified")]
    NothingToRatify(String),
    /// Not a matter for emergencies.
    #[error("a {0} can't be decided in an emergency: propose it the usual way")]
    NoEmergency(&'static str),
    /// Time would go back.
    #[error(
        "it would take effect at {found}, before the entry that came last, at {latest}: the clock is wrong"
    )]
    Clock {
        /// The last entry's time.
        latest: Timestamp,
        /// This one's.
        found: Timestamp,
    },
}

/// Votes that don't count, said after the standing.
fn discounted(tally: &Tally) -> String {
    tally
        .discounted
        .iter()
        .map(|vote| format!("\n  the vote of {} does not count: {}", vote.member, vote.why))
        .collect()
}
