//! Whether members have decided that the channel serves what it serves: the history, from a pinned charter on.

use std::collections::BTreeMap;

use heirloom_formats::openpgp::Keyring;
use heirloom_formats::tuf::Target;
use heirloom_govern::{Held, History, State};
use heirloom_model::Digest;
use heirloom_model::record::Tree;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::place::Place;
use super::{Check, Finding};
use crate::fail::{Exit, Fail, chain};
use crate::flow::governing;

/// Where it is below a channel.
pub(super) const DIR: &str = "governance";
const HISTORY: &str = "governance/history.jsonl";
const TREE: &str = "governance/tree.json";
/// Largest history and list of files, in bytes.
const LARGEST: u64 = 1 << 30;
const REPOMD: &str = "repodata/repomd.xml";
/// By how much honest clocks differ.
const SKEW: SignedDuration = SignedDuration::from_hours(24);

/// What is remembered of a history, so that an older or another one is not believed later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seen {
    /// Number of decisions.
    pub(crate) entries: usize,
    /// SHA-256 of the history with so many.
    pub(crate) head: Digest,
}

/// What members have decided on.
pub(super) struct Decided {
    /// The files, and the signatures of metadata beside them.
    pub(super) list: BTreeMap<String, Target>,
    pub(super) seen: Seen,
    pub(super) history: History,
}

/// What is wrong with it, in one sentence, and where.
type Wrong = (&'static str, String);

/// The check, and what is believed.
pub(super) fn check(
    place: &Place,
    channel: &str,
    pin: Digest,
    seen: Option<&Seen>,
    time: Timestamp,
) -> Result<(Check, Option<Decided>), Fail> {
    let read = |path: &'static str| {
        let failed = |error| {
            Fail::new(Exit::Failed, format!("can't read {path}: {error}"))
                .hint("try again, or another mirror")
        };
        place.read(path, LARGEST).map_err(failed)
    };
    let (history, tree) = (read(HISTORY)?, read(TREE)?);
    let what = "history, votes, list of files and signatures of metadata".to_owned();
    let (history, state, head) = match believe(history, pin, seen, time) {
        Ok(believed) => believed,
        Err((path, why)) => return Ok((Check::new("decisions", what, vec![Finding::new(path, why)]), None)),
    };
    let seen = Seen { entries: history.entries.len(), head };
    let list = match approved(channel, &state, tree) {
        Ok(tree) => tree,
        Err((path, why)) => return Ok((Check::new("decisions", what, vec![Finding::new(path, why)]), None)),
    };
    let mut list: BTreeMap<String, Target> =
        list.files.into_iter().map(|file| (file.path, Target::new(file.size, file.digest, false))).collect();
    let findings = signatures(place, &state, channel, &mut list)?;
    let live = state.live().get(channel);
    let told = format!(
        "{} decisions under charter {}; {channel} serves tree {} since {}",
        state.entries(),
        state.charter().version,
        live.map(|live| live.tree.short()).unwrap_or_default(),
        live.map(|live| live.since.to_string()).unwrap_or_default()
    );
    let check = Check::new("decisions", told, findings);
    Ok((check, Some(Decided { list, seen, history })))
}

/// The history, if it is the pinned one and goes on from what was seen.
fn believe(
    bytes: Option<Vec<u8>>,
    pin: Digest,
    seen: Option<&Seen>,
    time: Timestamp,
) -> Result<(History, State, Digest), Wrong> {
    let wrong = |why: String| (HISTORY, why);
    let bytes = bytes.ok_or_else(|| {
        wrong("is missing: the channel says nothing of who decided; try another mirror".to_owned())
    })?;
    let text = String::from_utf8(bytes).map_err(|_| wrong("is no text".to_owned()))?;
    if !text.ends_with('\n') {
        return Err(wrong("is cut off: try again, or another mirror".to_owned()));
    }
    let history = History::parse(&text).map_err(|error| wrong(error.to_string()))?;
    if let Some(seen) = seen {
        let known = text.lines().count().saturating_sub(1);
        if known < seen.entries {
            return Err(wrong(format!(
                "has {known} decisions, and {} were seen before: the mirror serves an old state; try another one",
                seen.entries
            )));
        }
        let before: String = text.split_inclusive('\n').take(seen.entries + 1).collect();
        if Digest::of(before.as_bytes()) != seen.head {
            return Err(wrong(
                "is not what was seen before: somebody shows two histories; keep both files, and tell the members".to_owned(),
            ));
        }
    }
    let state = history.replay(&governing::keys(), Some(pin)).map_err(|error| wrong(error.to_string()))?;
    let latest = state.latest();
    if latest > time.saturating_add(SKEW).unwrap_or(time) {
        return Err(wrong(format!(
            "its newest decision took effect at {latest}, and it is {time} here: set this machine's clock, or do not believe it"
        )));
    }
    Ok((history, state, Digest::of(text.as_bytes())))
}

/// The list of files, if members approved that the channel serves it.
fn approved(channel: &str, state: &State, tree: Option<Vec<u8>>) -> Result<Tree, Wrong> {
    let wrong = |why: String| (TREE, why);
    let live = state.live().get(channel).ok_or_else(|| {
        let known: Vec<_> = state.live().keys().map(String::as_str).collect();
        let why = format!(
            "members have not decided on a channel {channel}, only on {}; `--channel` names another one",
            known.join(", ")
        );
        (HISTORY, why)
    })?;
    let tree = tree.ok_or_else(|| wrong("is missing: copy the channel anew".to_owned()))?;
    let found = Digest::of(&tree);
    if found != live.tree {
        return Err(wrong(format!(
            "has the SHA-256 {}, and members have decided that {channel} serves {} since {}: the mirror serves something older, or \
             something that nobody has approved; try another mirror",
            found.short(),
            live.tree.short(),
            live.since
        )));
    }
    serde_json::from_slice(&tree).map_err(|error| wrong(format!("is no list of files: {error}")))
}

/// Whether the metadata is signed by a key that is the distribution's; the signatures become part of the list.
fn signatures(
    place: &Place,
    state: &State,
    channel: &str,
    list: &mut BTreeMap<String, Target>,
) -> Result<Vec<Finding>, Fail> {
    let mut findings = Vec::new();
    let tree = state.live().get(channel).map(|live| live.tree);
    let signer = tree.and_then(|tree| state.signer_of(tree));
    let held: Vec<&Held> = signer.and_then(|key| state.keys().get(key)).into_iter().collect();
    let certificates = held.iter().map(|held| held.certificate.as_str()).collect::<Vec<_>>().join("\n");
    let keyring = Keyring::from_armoured(certificates.as_bytes()).map_err(|error| {
        Fail::new(Exit::Failed, format!("the certificate in the history: {}", chain(&error)))
    })?;
    let paths: Vec<String> = list.keys().filter(|path| path.ends_with(REPOMD)).cloned().collect();
    for path in paths {
        let name = format!("{path}.asc");
        let failed = |error| Fail::new(Exit::Failed, format!("can't read {path}: {error}"));
        let data = place.read(&path, LARGEST).map_err(failed)?;
        let signature = place.read(&name, 1 << 20).map_err(failed)?;
        let (Some(data), Some(signature)) = (data, signature) else {
            findings.push(Finding::new(&name, "it, or what it signs, is missing: copy the channel anew"));
            continue;
        };
        if let Err(error) = keyring.verify_detached(&data, &signature) {
            findings.push(Finding::new(&name, format!("{}: dnf would refuse it, too", chain(&error))));
        }
        list.insert(name, Target::new(signature.len() as u64, Digest::of(&signature), false));
    }
    Ok(findings)
}

/// Whether the other list, that of the keys, has what members approved.
pub(super) fn agree(decided: &Decided, targets: &BTreeMap<String, Target>) -> Check {
    let mut findings = Vec::new();
    for (path, target) in &decided.list {
        match targets.get(path) {
            Some(other) if other.digest() == target.digest() && other.length == target.length => {}
            Some(_) => findings.push(Finding::new(path, "is another file in the list that the keys sign")),
            None => findings.push(Finding::new(path, "is not in the list that the keys sign")),
        }
    }
    let more = targets.iter().filter(|(path, target)| {
        let is_superseded = target.custom.is_some_and(|custom| custom.superseded);
        !is_superseded && !path.starts_with("mirrorlist/") && !decided.list.contains_key(*path)
    });
    findings.extend(more.map(|(path, _)| {
        Finding::new(path, "is in the list that the keys sign, and members have not approved it")
    }));
    Check::new("agreement", format!("{} approved files", decided.list.len()), findings)
}
