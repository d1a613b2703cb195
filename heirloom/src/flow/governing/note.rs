//! What the public log is told: every proposal, vote and decision, and every statement that is kept.

use heirloom_govern::{Charter, Content, Entry, Proposal};
use heirloom_model::Digest;
use heirloom_model::log::{LogEntry, LogKind};
use heirloom_model::record::{Attested, Built, Cast, Proposed, Snapshot};
use heirloom_model::statement::Statement;
use heirloom_store::Store;

use super::{history, offer, text};
use crate::context::Context;
use crate::fail::Fail;
use crate::flow::{log, releasing};

/// The log's entry of a decision, by which anyone finds it there.
pub(crate) fn promotion(entry: &Entry) -> Result<LogEntry, Fail> {
    let proposal = Proposal::from_json(&entry.proposal)?;
    let digest = Digest::of(serde_json::to_string(entry)?.as_bytes());
    let name = format!("{} {}", proposal.content.kind().name(), Digest::of(entry.proposal.as_bytes()));
    Ok(LogEntry { digest, kind: LogKind::Promotion, name })
}

/// Tells the log what it does not have yet. Whatever was killed in between is told the next time.
pub(crate) fn tell(context: &Context) -> Result<log::Appended, Fail> {
    if !log::is_there(context) {
        return Ok(log::Appended::NoKey);
    }
    let mut entries = decisions(context)?;
    entries.extend(statements(context)?);
    log::append(context, &entries)
}

fn decisions(context: &Context) -> Result<Vec<LogEntry>, Fail> {
    let store = &context.store;
    let mut entries = Vec::new();
    let Some(history) = history(context)? else { return Ok(entries) };
    let charter = |text: &str| {
        let version = Charter::parse(text).map_or(0, |charter| charter.version);
        let (digest, name) = (Digest::of(text.as_bytes()), format!("charter {version}"));
        LogEntry { digest, kind: LogKind::Charter, name }
    };
    entries.push(charter(&history.charter));
    for record in store.history::<Proposed>()? {
        let digest = record.record.proposal;
        let proposal = Proposal::from_json(&text(store, digest)?);
        let proposal = proposal?;
        let name = format!("{} by {}", proposal.content.kind().name(), proposal.proposer);
        entries.push(LogEntry { digest, kind: LogKind::Proposal, name });
        entries.extend(certificates(store, &proposal)?);
    }
    for record in store.history::<Cast>()? {
        let cast = record.record;
        let said = heirloom_govern::Vote::from_json(&cast.vote);
        let said = said?;
        let member: String = said.member.chars().filter(|c| !c.is_control()).take(80).collect();
        let name = format!("{member} on {}: {}", said.proposal.short(), said.decision.name());
        entries.push(LogEntry { digest: cast.digest(), kind: LogKind::Vote, name });
    }
    for entry in &history.entries {
        entries.push(promotion(entry)?);
        let proposal = Proposal::from_json(&entry.proposal)?;
        match proposal.content {
            Content::Charter { text } => entries.push(charter(&text)),
            Content::Packages { list, count, .. } => {
                entries.push(LogEntry {
                    digest: list,
                    kind: LogKind::Packages,
                    name: format!("{count} packages"),
                });
            }
            _ => {}
        }
    }
    Ok(entries)
}

/// The statements that came with a proposal, one by one.
fn certificates(store: &Store, proposal: &Proposal) -> Result<Vec<LogEntry>, Fail> {
    let Some(object) = proposal.evidence.iter().find(|one| one.name == "certificates") else {
        return Ok(Vec::new());
    };
    let statements: Vec<Statement> = serde_json::from_slice(&store.read(object.digest)?)?;
    let entry = |statement: &Statement| {
        let digest = Digest::of(&serde_json::to_vec(statement)?);
        Ok(LogEntry { digest, kind: LogKind::Certificate, name: statement.subject().name.clone() })
    };
    statements.iter().map(entry).collect()
}

/// Statements of builds, and snapshots.
fn statements(context: &Context) -> Result<Vec<LogEntry>, Fail> {
    let store = &context.store;
    let mut entries = Vec::new();
    for attested in store.history::<Attested>()?.into_iter().map(|entry| entry.record) {
        let built = store.get::<Built>(&attested.action.to_string())?;
        let name = built.map_or_else(|| attested.action.to_string(), |built| built.nevra.to_string());
        entries.push(LogEntry { digest: attested.envelope, kind: LogKind::Provenance, name });
    }
    let site = releasing::site(context)?;
    for snapshot in site.snapshots()? {
        entries.push(release(&site, &snapshot)?);
    }
    Ok(entries)
}

fn release(site: &heirloom_release::Site<'_>, snapshot: &Snapshot) -> Result<LogEntry, Fail> {
    let digest = offer::unsigned(&site.tree(snapshot)?)?;
    Ok(LogEntry { digest, kind: LogKind::Release, name: snapshot.name.clone() })
}
