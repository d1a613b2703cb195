//! Those who watch a log: monitors, and witnesses who cosign what they saw.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use heirloom_model::Digest;
use heirloom_tlog::{Finding, FindingKind, Followed, Look, MonitorError, NoteKey, Policy, follow};
use serde::Serialize;

use super::list::{Told, rows};
use super::{Head, log_key, policy};
use crate::cli::{MonitorLog, WitnessLog};
use crate::context::{bytes, now, replace, timestamp};
use crate::fail::{Exit, Fail, chain};
use crate::flow::log;
use crate::ui::Shown;

/// Largest checkpoint, in bytes.
const LARGEST: u64 = 64 * 1024;

/// What a monitor saw.
#[derive(Serialize)]
struct Watched {
    log: String,
    checkpoint: Head,
    /// Entries that are new since the last look.
    new: Vec<Told>,
    findings: Vec<Found>,
    /// The file with the evidence, if anything was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<PathBuf>,
}

/// Something that no log may do.
#[derive(Serialize)]
struct Found {
    kind: &'static str,
    message: String,
}

/// What anyone can check with the log's public key.
#[derive(Serialize)]
struct Evidence<'a> {
    log: &'a str,
    key: String,
    findings: Vec<Proven<'a>>,
}

#[derive(Serialize)]
struct Proven<'a> {
    #[serde(flatten)]
    found: Found,
    /// The signed checkpoint that was seen before.
    seen: Option<&'a str>,
    /// The one of now.
    now: &'a str,
}

impl Found {
    fn of(finding: &Finding) -> Self {
        let kind = match &finding.kind {
            FindingKind::Fork { .. } => "fork",
            FindingKind::Rewritten { .. } => "rewritten",
            FindingKind::Shrunk { .. } => "shrunk",
            FindingKind::Entry { .. } => "entry",
            FindingKind::Served(_) => "served",
        };
        Self { kind, message: finding.kind.to_string() }
    }
}

pub(super) fn monitor(args: &MonitorLog) -> Result<Shown, Fail> {
    let look = if args.new_only { Look::New } else { Look::All };
    let (watched, _) = look_at(&args.log, &policy(&args.trusted)?, &args.state, look)?;
    let exit = if watched.findings.is_empty() { Exit::Fine } else { Exit::Promise };
    let text = format!("{}{}{}", rows(&watched.new), watched.checkpoint.text(), findings(&watched));
    Ok(Shown::new(&watched, text)?.exit(exit))
}

/// A cosignature that was made.
#[derive(Serialize)]
struct Cosigned {
    witness: String,
    time: Option<jiff::Timestamp>,
    checkpoint: Head,
    cosignature: String,
}

pub(super) fn witness(args: &WitnessLog) -> Result<Shown, Fail> {
    let key = NoteKey::load(&args.key)
        .map_err(|error| Fail::from(error).hint("`heirloom log keygen` makes the key of a witness"))?;
    // No witness needs to have been there before; but the log must not be its own.
    let policy = Policy::new(log_key(&args.vkey)?, vec![key.witness_vkey()], 0)
        .map_err(|error| Fail::new(Exit::Usage, chain(&error)))?;
    // What was seen is on disk before anything is cosigned.
    let (watched, followed) = look_at(&args.log, &policy, &args.state, Look::Consistency)?;
    if !watched.findings.is_empty() {
        let text = format!("nothing was cosigned\n{}", findings(&watched));
        return Ok(Shown::new(&watched, text)?.exit(Exit::Promise));
    }
    let time = now();
    let cosignature = followed.signed.cosign(&key, time);
    let made = Cosigned {
        witness: key.name().to_owned(),
        time: timestamp(time),
        checkpoint: watched.checkpoint,
        cosignature: cosignature.clone(),
    };
    Shown::new(&made, cosignature)
}

/// Looks at a log, and keeps what was seen: the new state if all is well, else the evidence.
fn look_at(location: &str, policy: &Policy, state: &Path, look: Look) -> Result<(Watched, Followed), Fail> {
    let seen = if state.exists() { Some(bytes(state, LARGEST)?) } else { None };
    let followed =
        follow(policy, &log::source(location), seen.as_deref(), look).map_err(|error| disbelieved(&error))?;
    let evidence = match followed.findings.is_empty() {
        true => {
            replace(state, followed.signed.note())?;
            None
        }
        false => Some(keep(location, policy, state, &followed)?),
    };
    let watched = Watched {
        log: location.to_owned(),
        checkpoint: Head::of(&followed.signed),
        new: followed.entries.iter().map(|(index, bytes)| Told::of(*index, bytes)).collect(),
        findings: followed.findings.iter().map(Found::of).collect(),
        evidence,
    };
    Ok((watched, followed))
}

/// Writes the evidence beside the state, under a name of its own: nothing that was found before is lost.
fn keep(location: &str, policy: &Policy, state: &Path, followed: &Followed) -> Result<PathBuf, Fail> {
    let findings = followed.findings.iter().map(|finding| Proven {
        found: Found::of(finding),
        seen: finding.seen.as_deref(),
        now: &finding.found,
    });
    let findings = findings.collect();
    let evidence = Evidence { log: location, key: policy.log().to_string(), findings };
    let text = serde_json::to_string_pretty(&evidence)? + "\n";
    let mut name = state.file_name().unwrap_or_default().to_owned();
    name.push(format!(".evidence-{}.json", Digest::of(text.as_bytes()).short()));
    let path = state.with_file_name(name);
    replace(&path, text.as_bytes())?;
    Ok(path)
}

fn findings(watched: &Watched) -> String {
    let mut text = String::new();
    for one in &watched.findings {
        let _ = writeln!(text, "{}: {}", one.kind, one.message);
    }
    if let Some(path) = &watched.evidence {
        let _ = writeln!(
            text,
            "the evidence is in {}; what was seen before is kept. Show it to others who use the log, and to those who run it",
            path.display()
        );
    }
    text
}

/// A log that was not looked at, or whose checkpoint is not believed.
pub(super) fn disbelieved(error: &MonitorError) -> Fail {
    match error {
        MonitorError::Source(_) => Fail::new(Exit::Failed, chain(error)),
        MonitorError::Checkpoint { .. } => Fail::new(Exit::Promise, chain(error)),
        MonitorError::Seen(_) => Fail::new(Exit::Failed, chain(error))
            .hint("--state names a file that keeps what was seen of another log, or something else"),
    }
}
