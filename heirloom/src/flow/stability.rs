//! Holds a snapshot against the one that a channel has, before the channel is switched: set and forget means that no
//! update within a major release breaks a machine.

use std::fmt::Write as _;

use heirloom_compare::stability::{Effect, rules};
use heirloom_model::gate::{GateFinding, GateReport, GateSeverity, RuleReport, Waiver};
use heirloom_model::record::{Channel, Snapshot};
use serde::Serialize;

use super::changes::{self, Changes, PackageNews, Side};
use super::told;
use super::waiving::{self, Of};
use crate::context::Context;
use crate::fail::{Exit, Fail};

/// What the rules of stability say of a snapshot that wants into a channel.
#[derive(Serialize)]
pub(crate) struct Stability {
    pub(crate) channel: String,
    pub(crate) snapshot: String,
    /// The snapshot that the channel has.
    pub(crate) against: Option<String>,
    /// Why nothing was asked, if nothing was.
    pub(crate) not_asked: Option<String>,
    pub(crate) report: GateReport,
}

/// Whether this snapshot may enter the channel. It is an answer either way; [`Stability::refusal`] is for whoever has to
/// stop on it.
pub(crate) fn hold(context: &Context, channel: &str, snapshot: &Snapshot) -> Result<Stability, Fail> {
    let unasked = |why: String, against: Option<String>| Stability {
        channel: channel.to_owned(),
        snapshot: snapshot.name.clone(),
        against,
        not_asked: Some(why),
        report: GateReport::default(),
    };
    if context.definition.publish.ungated.iter().any(|name| name == channel) {
        return Ok(unasked(format!("`publish.ungated` names the channel {channel}"), None));
    }
    let Some(present) = context.store.get::<Channel>(channel)? else {
        return Ok(unasked(format!("the channel {channel} is empty"), None));
    };
    if present.snapshot == snapshot.name {
        return Ok(unasked(format!("the channel {channel} has it already"), Some(present.snapshot)));
    }
    let old = self::snapshot(context, &present.snapshot)?;
    let changes = between(context, &side(context, &old, channel)?, &side(context, snapshot, channel)?)?;
    Ok(Stability {
        channel: channel.to_owned(),
        snapshot: snapshot.name.clone(),
        against: Some(old.name),
        not_asked: None,
        report: report(&changes, &waiving::declared(context, Of::Stability)?),
    })
}

fn between(context: &Context, old: &Side<'_>, new: &Side<'_>) -> Result<Changes, Fail> {
    let declared = &context.definition.stability.levels;
    let levels = changes::levels(declared, "stability.levels", Exit::Definition)?;
    changes::between(old, new, &levels, Some(&context.store))
}

/// A snapshot of the ledger.
pub(crate) fn snapshot(context: &Context, name: &str) -> Result<Snapshot, Fail> {
    context.store.get::<Snapshot>(name)?.ok_or_else(|| {
        Fail::new(Exit::Failed, format!("there is no snapshot {name}"))
            .hint("`heirloom snapshots` lists those that there are")
    })
}

/// A snapshot's packages. If none of them tells the distribution's version, the channel's name may.
pub(crate) fn side<'a>(context: &'a Context, snapshot: &Snapshot, channel: &str) -> Result<Side<'a>, Fail> {
    let mut side =
        Side::snapshot(&context.store, snapshot.clone(), context.definition.distribution.id.get_ref())?;
    let number = |part: &str| !part.is_empty() && part.bytes().all(|digit| digit.is_ascii_digit());
    let numeric = channel.split('.').all(number);
    side.version = side.version.or_else(|| numeric.then(|| channel.to_owned()));
    Ok(side)
}

/// The findings of all rules, without what waivers accept.
pub(crate) fn report(changes: &Changes, waivers: &[Waiver]) -> GateReport {
    let findings = changes.packages.iter().flat_map(findings).collect();
    let of = |kind: heirloom_model::change::ChangeKind| RuleReport {
        rule: kind.name().to_owned(),
        of: "packages that are not the same".to_owned(),
        looked_at: changes.packages.len(),
        errors: 0,
        warnings: 0,
        waived: 0,
        not_asked: Vec::new(),
    };
    let rules = rules().iter().map(|rule| of(rule.kind)).collect();
    GateReport::new(findings, rules, waivers, told::today())
}

fn findings(package: &PackageNews) -> Vec<GateFinding> {
    let finding = |severity, rule: &str, detail: String, fix: &str| GateFinding {
        severity,
        rule: rule.to_owned(),
        repository: package.repository.clone(),
        arch: package.machine.clone(),
        package: package.nevra.clone(),
        detail,
        fix: fix.to_owned(),
    };
    let mut findings = Vec::new();
    for judged in &package.changes {
        let severity = match judged.effect {
            Effect::Blocked => GateSeverity::Error,
            Effect::Note => GateSeverity::Warning,
            Effect::Fine => continue,
        };
        let detail = format!("{}: {}", judged.change.subject, judged.reason);
        findings.push(finding(severity, judged.change.kind.name(), detail, &judged.fix));
    }
    findings
}

impl Stability {
    /// Why the channel must not be switched, if it must not.
    pub(crate) fn refusal(&self) -> Option<Fail> {
        self.report.is_refused().then(|| {
            let against = self.against.as_deref().unwrap_or_default();
            let heading =
                format!("{} may not replace {against} in the channel {}", self.snapshot, self.channel);
            refusal(&heading, &self.report)
        })
    }
}

/// The refusal of an update, each blocked thing with what would mend it.
pub(crate) fn refusal(heading: &str, report: &GateReport) -> Fail {
    let errors = || report.findings.iter().filter(|finding| finding.severity == GateSeverity::Error);
    let mut text = heading.to_owned();
    let _ = match errors().count() {
        1 => write!(text, ": 1 change would break machines"),
        count => write!(text, ": {count} changes would break machines"),
    };
    for finding in errors() {
        let _ = write!(text, "\n  {}\n    fix: {}", line(&finding.to_string()), finding.fix);
    }
    Fail::new(Exit::Promise, text).hint(
        "mend what is blocked and compose again, or waive it with a reason in the file that `compose.waivers` names; \
         `heirloom changes` shows all that changes",
    )
}

/// Foreign text does not break the line.
fn line(text: &str) -> String {
    text.replace('\n', "\\n")
}

#[cfg(test)]
mod tests;
