//! Members with made-up keys: a key is `key:NAME`, and its signature says so with the digest of what was signed.

mod charters;
mod insiders;
mod sequences;

use heirloom_model::Digest;
use jiff::{SignedDuration, Timestamp};

use crate::*;

/// When everything begins.
pub(super) fn start() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

pub(super) fn after(hours: i64) -> Timestamp {
    start() + SignedDuration::from_hours(hours)
}

fn inspect(text: &str) -> Result<KeyFacts, String> {
    let name = text.strip_prefix("key:").ok_or("it is no key")?;
    let (name, end) = name.split_once('@').map_or((name, None), |(name, end)| (name, Some(end)));
    let expires = end.map(|end| format!("{end}T00:00:00Z").parse().unwrap());
    Ok(KeyFacts { fingerprint: name.to_owned(), kind: "made-up".to_owned(), expires })
}

fn verify(key: &str, data: &[u8], signature: &str, _at: Timestamp) -> Result<(), String> {
    match signature == sign(key, data) {
        true => Ok(()),
        false => Err("the signature is another key's or of another text".to_owned()),
    }
}

pub(super) fn sign(key: &str, data: &[u8]) -> String {
    format!("{key} {}", Digest::of(data))
}

pub(super) fn keys() -> Keys<'static> {
    Keys { inspect: &inspect, verify: &verify }
}

/// Six members of four affiliations: two each of two of them.
pub(super) const MEMBERS: [(&str, &str); 6] = [
    ("ada", "University"),
    ("ben", "University"),
    ("cho", "Hosting"),
    ("dee", "Hosting"),
    ("eli", "Laboratory"),
    ("fay", "Independent"),
];

pub(super) fn charter_text() -> String {
    let names: Vec<_> = MEMBERS.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let names = names.join(", ");
    let mut text = format!(
        "version = 1\ndistribution = \"kestrel\"\nvalid_until = 2027-03-01\n\
         [role.build]\nmembers = [{names}]\nthreshold = 2\nper_affiliation = 1\n\
         [role.release]\nmembers = [{names}]\nthreshold = 3\nper_affiliation = 1\nwaiting_hours = 24\nexpires_days = 14\n\
         [role.charter]\nmembers = [{names}]\nthreshold = 3\nper_affiliation = 1\n\
         [emergency]\nmembers = [{names}]\nthreshold = 4\nper_affiliation = 1\nratify_days = 7\n\
         [[signing_key]]\nfingerprint = \"aa01\"\ncertificate = \"cert one\"\n"
    );
    for (name, affiliation) in MEMBERS {
        text.push_str(&format!(
            "[[member]]\nname = \"{name}\"\naffiliation = \"{affiliation}\"\nkeys = [\"key:{name}\"]\n"
        ));
    }
    text
}

pub(super) fn state() -> State {
    State::new(&charter_text()).unwrap()
}

pub(super) fn tree(number: u8) -> Digest {
    Digest::of(&[number])
}

/// A snapshot for the channel `9`, which serves `from` until then.
pub(super) fn snapshot(number: u8, from: Option<u8>) -> Content {
    Content::Snapshot(SnapshotToRelease {
        compose: tree(number),
        tree: tree(number),
        repositories: [("BaseOS".to_owned(), 1)].into(),
        key: "aa01".to_owned(),
        to_sign: vec![ToSign {
            path: "BaseOS/repodata/repomd.xml".to_owned(),
            digest: tree(100 + number),
            time: 1,
        }],
        channels: vec![ChannelMove { channel: "9".to_owned(), from: from.map(tree) }],
    })
}

/// The text of a proposal of ada's, at the start.
pub(super) fn propose(state: &State, content: Content) -> String {
    proposal(state, content).to_json().unwrap()
}

pub(super) fn proposal(state: &State, content: Content) -> Proposal {
    Proposal::new("kestrel", state.charter_digest(), "ada", start(), content)
}

/// A vote with the member's own key.
pub(super) fn vote(
    state: &State,
    proposal: &str,
    member: &str,
    decision: Decision,
    hours: i64,
) -> SealedVote {
    let vote =
        Vote::new(Digest::of(proposal.as_bytes()), state.charter_digest(), member, decision, after(hours))
            .to_json()
            .unwrap();
    SealedVote { signature: sign(&format!("key:{member}"), vote.as_bytes()), vote }
}

pub(super) fn approvals(state: &State, proposal: &str, members: &[&str]) -> Vec<SealedVote> {
    members.iter().map(|member| vote(state, proposal, member, Decision::Approve, 1)).collect()
}

/// Promotes what these members approve, a day later.
pub(super) fn promote(state: &State, proposal: &str, members: &[&str]) -> Result<State, Refused> {
    promote_at(state, proposal, approvals(state, proposal, members), 25)
}

pub(super) fn promote_at(
    state: &State,
    proposal: &str,
    votes: Vec<SealedVote>,
    hours: i64,
) -> Result<State, Refused> {
    let entry = Entry { proposal: proposal.to_owned(), votes, promoted: after(hours) };
    state.apply(&entry, &keys())
}
