//! Counting votes: which count, which don't and why, and who is missing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use heirloom_model::Digest;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::charter::{Charter, Keys, Role, Rule};
use crate::history::SealedVote;
use crate::proposal::Proposal;
use crate::vote::{Decision, Vote};

/// By how much honest clocks differ.
pub(crate) const SKEW: SignedDuration = SignedDuration::from_mins(10);
/// More votes on one proposal than can be meant.
const MOST_VOTES: usize = 10_000;

/// What the votes on a proposal come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Who decides.
    pub role: Role,
    /// How many approvals are needed.
    pub needed: usize,
    /// Votes that count, by time: the newest of each member.
    pub counted: Vec<Counted>,
    /// Votes that don't, and why.
    pub discounted: Vec<Discounted>,
    /// Where the proposal stands.
    pub standing: Standing,
}

/// A vote that counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// Whose.
    pub member: String,
    /// The affiliation that it counts for.
    pub affiliation: String,
    /// What.
    pub decision: Decision,
    /// When.
    pub at: Timestamp,
    /// Why, if the member said so.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// A vote that does not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Discounted {
    /// Whose it says it is.
    pub member: String,
    /// Why it does not.
    pub why: String,
}

/// Where a proposal stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It can take effect.
    Approved,
    /// There is a quorum, and everyone may look until this time.
    Waiting {
        /// When it can take effect.
        until: Timestamp,
    },
    /// Approvals are missing.
    Open(Missing),
    /// So many have rejected it that it can't be approved.
    Rejected,
    /// Its proposer has withdrawn it.
    Withdrawn,
    /// Its time is over.
    Expired {
        /// Since when.
        since: Timestamp,
    },
    /// It says that it was made later than now.
    Future {
        /// When it says it was made.
        made: Timestamp,
    },
    /// The charter has no such role.
    NoRole,
}

/// What is missing for a quorum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// How many approvals count.
    pub have: usize,
    /// How many more are needed.
    pub more: usize,
    /// Who could give one that counts, by affiliation.
    pub from: BTreeMap<String, Vec<String>>,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Approved => f.write_str("approved"),
            Self::Waiting { until } => write!(f, "approved, and open to objections until {until}"),
            Self::Open(missing) => missing.fmt(f),
            Self::Rejected => f.write_str("rejected: too few are left who could approve it"),
            Self::Withdrawn => f.write_str("withdrawn by its proposer"),
            Self::Expired { since } => write!(f, "expired on {since}: propose it again"),
            Self::Future { made } => {
                write!(
                    f,
                    "made at {made}, which is later than now: a clock is wrong, here or at the proposer's"
                )
            }
            Self::NoRole => f.write_str("the charter has no emergency: propose it the usual way"),
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { have, more, from } = self;
        write!(f, "{have} of {} approvals, {more} more needed", have + more)?;
        let groups: Vec<_> =
            from.iter().map(|(group, names)| format!("{} ({group})", names.join(" or "))).collect();
        match groups.is_empty() {
            true => Ok(()),
            false => write!(f, ", from {}", groups.join(", ")),
        }
    }
}

/// Counts the votes on a proposal, at a time.
#[must_use]
pub fn tally(
    charter: (&Charter, Digest),
    proposal: (&Proposal, Digest),
    votes: &[SealedVote],
    keys: &Keys<'_>,
    now: Timestamp,
) -> Tally {
    let role = proposal.0.role();
    let Some(rule) = charter.0.rule(role) else {
        let (counted, discounted) = (Vec::new(), Vec::new());
        return Tally { role, needed: 0, counted, discounted, standing: Standing::NoRole };
    };
    let mut count =
        Count { charter, proposal, rule, keys, now, newest: BTreeMap::new(), discounted: Vec::new() };
    votes.iter().take(MOST_VOTES).for_each(|vote| count.add(vote));
    count.sum()
}

struct Count<'a> {
    charter: (&'a Charter, Digest),
    proposal: (&'a Proposal, Digest),
    rule: Rule,
    keys: &'a Keys<'a>,
    now: Timestamp,
    newest: BTreeMap<String, Vote>,
    discounted: Vec<Discounted>,
}

impl Count<'_> {
    fn add(&mut self, sealed: &SealedVote) {
        let vote = match Vote::from_json(&sealed.vote) {
            Ok(vote) => vote,
            Err(error) => return self.discount("unknown", error.to_string()),
        };
        if let Err(why) = self.check(&vote, sealed) {
            return self.discount(&vote.member, why);
        }
        match self.newest.get(&vote.member) {
            Some(other) if (other.at, other.decision) == (vote.at, vote.decision) => {}
            Some(other) if (other.at, other.decision) > (vote.at, vote.decision) => {
                self.discount(&vote.member.clone(), format!("the member has voted again at {}", other.at));
            }
            Some(_) => {
                let why = format!("the member has voted again at {}", vote.at);
                self.discount(&vote.member.clone(), why);
                self.newest.insert(vote.member.clone(), vote);
            }
            None => {
                self.newest.insert(vote.member.clone(), vote);
            }
        }
    }

    fn discount(&mut self, member: &str, why: String) {
        self.discounted.push(Discounted { member: member.chars().take(80).collect(), why });
    }

    fn check(&self, vote: &Vote, sealed: &SealedVote) -> Result<(), String> {
        if vote.proposal != self.proposal.1 {
            return Err(format!(
                "it is for another proposal, {}: an approval counts only for the exact content that was signed",
                vote.proposal.short()
            ));
        }
        if vote.charter != self.charter.1 {
            return Err(format!("it was made under another charter, {}: vote again", vote.charter.short()));
        }
        let Some(member) = self.charter.0.member(&vote.member) else {
            return Err("the charter has no such member".to_owned());
        };
        let may_vote = match vote.decision {
            Decision::Withdraw => vote.member == self.proposal.0.proposer,
            Decision::Approve | Decision::Reject => self.rule.members.contains(&vote.member),
        };
        if !may_vote {
            return Err(match vote.decision {
                Decision::Withdraw => {
                    format!("only {} can withdraw what {0} has proposed", self.proposal.0.proposer)
                }
                _ => format!("the member has no vote as {}", self.proposal.0.role().name()),
            });
        }
        // A vote from before the proposal or from the future was made by a wrong clock.
        if vote.at < later(self.proposal.0.made, -SKEW) {
            return Err(format!(
                "it says {}, before the proposal was made at {}: the voter's clock was wrong; vote again",
                vote.at, self.proposal.0.made
            ));
        }
        if vote.at > later(self.now, SKEW) {
            return Err(format!(
                "it says {}, later than now ({}): a clock is wrong; vote again",
                vote.at, self.now
            ));
        }
        let mut whys = Vec::new();
        for key in &member.keys {
            match (self.keys.verify)(key, sealed.vote.as_bytes(), &sealed.signature, vote.at) {
                Ok(()) => return Ok(()),
                Err(why) => whys.push(why),
            }
        }
        Err(format!("no key of the member made its signature: {}", whys.join("; ")))
    }

    fn sum(mut self) -> Tally {
        let mut votes: Vec<Vote> = std::mem::take(&mut self.newest).into_values().collect();
        votes.sort_by(|a, b| (a.at, &a.member).cmp(&(b.at, &b.member)));
        let mut counted = Vec::new();
        let (mut by_group, mut rejected, mut withdrawn) =
            (BTreeMap::<String, usize>::new(), BTreeSet::new(), false);
        for vote in votes {
            let group = self.charter.0.member(&vote.member).map_or("", |member| member.group()).to_owned();
            match vote.decision {
                Decision::Withdraw => withdrawn = true,
                Decision::Reject => {
                    rejected.insert(vote.member.clone());
                }
                Decision::Approve => {
                    let count = by_group.entry(group.clone()).or_default();
                    if *count >= self.rule.per_affiliation {
                        let why = format!("{count} of {group} count already, and no more may");
                        self.discount(&vote.member.clone(), why);
                        continue;
                    }
                    *count += 1;
                }
            }
            let Vote { member, decision, at, reason, .. } = vote;
            counted.push(Counted { member, affiliation: group, decision, at, reason });
        }
        let standing = self.standing(&counted, &by_group, &rejected, withdrawn);
        let Count { rule, discounted, .. } = self;
        Tally { role: self.proposal.0.role(), needed: rule.threshold, counted, discounted, standing }
    }

    fn standing(
        &self,
        counted: &[Counted],
        by_group: &BTreeMap<String, usize>,
        rejected: &BTreeSet<String>,
        withdrawn: bool,
    ) -> Standing {
        let (proposal, needed) = (self.proposal.0, self.rule.threshold);
        let expires =
            later(proposal.made, SignedDuration::from_hours(24 * i64::from(self.rule.expires_days)));
        let until = later(proposal.made, SignedDuration::from_hours(i64::from(self.rule.waiting_hours)));
        let have: usize = by_group.values().sum();
        let may_still = self.rule.members.iter().map(String::as_str).filter(|name| !rejected.contains(*name));
        if withdrawn {
            Standing::Withdrawn
        } else if proposal.made > later(self.now, SKEW) {
            Standing::Future { made: proposal.made }
        } else if self.now > expires {
            Standing::Expired { since: expires }
        } else if self.charter.0.reach(may_still, self.rule.per_affiliation) < needed {
            Standing::Rejected
        } else if have < needed {
            Standing::Open(self.missing(counted, by_group, have))
        } else if self.now < until {
            Standing::Waiting { until }
        } else {
            Standing::Approved
        }
    }

    fn missing(&self, counted: &[Counted], by_group: &BTreeMap<String, usize>, have: usize) -> Missing {
        let mut from: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for name in &self.rule.members {
            let Some(member) = self.charter.0.member(name) else { continue };
            let is_full =
                by_group.get(member.group()).is_some_and(|count| *count >= self.rule.per_affiliation);
            if !is_full && !counted.iter().any(|vote| vote.member == *name) {
                from.entry(member.group().to_owned()).or_default().push(name.clone());
            }
        }
        Missing { have, more: self.rule.threshold - have, from }
    }
}

/// A time moved by so much, or the last there is.
pub(crate) fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.saturating_add(by).unwrap_or(time)
}
