//! Proposals as people read them.

use std::fmt::Write as _;

use heirloom_govern::{Content, Standing};

use super::Status;
use crate::flow::governing::Known;

/// Everything about one proposal.
pub(super) fn described(known: &Known) -> String {
    let proposal = &known.proposal;
    let mut text = format!(
        "{}  {}{}\n  proposed by {} at {}",
        known.digest.short(),
        content(&proposal.content),
        if proposal.emergency { ", in an emergency" } else { "" },
        proposal.proposer,
        proposal.made
    );
    if !proposal.reason.is_empty() {
        let _ = write!(text, ": {}", proposal.reason);
    }
    let _ = writeln!(text, "\n  {}", standing(known));
    for one in &proposal.evidence {
        let _ = writeln!(text, "  {:12} {} (`--show {0}`)", one.name, one.summary);
    }
    if let Some(tally) = &known.tally {
        for vote in &tally.counted {
            let why = if vote.reason.is_empty() { String::new() } else { format!(": {}", vote.reason) };
            let _ = writeln!(
                text,
                "  {} ({}) {}s, {}{why}",
                vote.member,
                vote.affiliation,
                vote.decision.name(),
                vote.at
            );
        }
        for vote in &tally.discounted {
            let _ = writeln!(text, "  the vote of {} does not count: {}", vote.member, vote.why);
        }
    }
    let _ = write!(text, "  digest {}", known.digest);
    text
}

fn standing(known: &Known) -> String {
    match (known.entry, &known.tally, &known.outdated) {
        (Some(entry), ..) => format!("took effect as entry {entry}"),
        (None, Some(tally), _) if tally.standing == Standing::Approved => {
            format!("approved: `heirloom release promote {}` lets it take effect", known.digest.short())
        }
        (None, Some(tally), _) => tally.standing.to_string(),
        (None, None, why) => format!("can't be decided: {}", why.as_deref().unwrap_or("it is outdated")),
    }
}

/// What takes effect, in one line.
fn content(content: &Content) -> String {
    let channels = |text: String| {
        let names: Vec<_> = content.channels().iter().map(|one| one.channel.as_str()).collect();
        match names.is_empty() {
            true => text,
            false => format!("{text} for {}", names.join(", ")),
        }
    };
    match content {
        Content::Packages { count, .. } => format!("{count} packages to sign"),
        Content::Snapshot(snapshot) => {
            let packages: usize = snapshot.repositories.values().sum();
            channels(format!("a snapshot of {packages} packages, tree {},", snapshot.tree.short()))
        }
        Content::Channels { tree, .. } => channels(format!("the snapshot with tree {}", tree.short())),
        Content::Advisories { to_sign, .. } => format!("{} documents of advisories", to_sign.len()),
        Content::Charter { text } => match heirloom_govern::Charter::parse(text) {
            Ok(charter) => format!("charter {} with {} members", charter.version, charter.members.len()),
            Err(_) => "a charter that can't be read".to_owned(),
        },
        Content::Keys(change) => {
            let mut parts = Vec::new();
            if let Some(add) = &change.add {
                parts.push(format!("key {} comes", add.fingerprint));
            }
            if let Some(old) = &change.retire {
                let why = if old.stolen { "stolen" } else { "retired" };
                parts.push(format!("key {} goes ({why})", old.fingerprint));
            }
            parts.join(", ")
        }
        Content::Ratify { proposal } => format!("ratification of {}", proposal.short()),
    }
}

/// Where everything stands.
pub(super) fn status(status: &Status) -> String {
    let mut text = format!(
        "charter {} ({}), {} decisions\n",
        status.charter,
        status.charter_digest.short(),
        status.entries
    );
    for (channel, live) in &status.live {
        let _ = writeln!(
            text,
            "  {channel} serves tree {} since {}, by {}",
            live.tree.short(),
            live.since,
            live.proposal.short()
        );
    }
    for (proposal, until) in &status.unratified {
        let _ = writeln!(
            text,
            "  {} was an emergency and must be ratified until {until}: `heirloom release propose --ratify {0}`",
            proposal.short()
        );
    }
    for known in &status.proposals {
        let _ = writeln!(text, "{}", described(known));
    }
    for kind in &status.waiting {
        let _ = writeln!(text, "{kind} wait to be proposed: `heirloom release propose`");
    }
    if status.proposals.is_empty() && status.waiting.is_empty() {
        text.push_str("nothing is open, and nothing waits\n");
    }
    text
}
