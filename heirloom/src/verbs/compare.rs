//! `heirloom compare`: verdicts and the differences that matter.

use std::fmt::Write as _;
use std::path::Path;

use heirloom_model::record::Compared;
use heirloom_model::{Severity, Verdict};

use crate::context::Context;
use crate::fail::{Exit, Fail};
use crate::flow;
use crate::flow::comparing::{self, Judgement, Standing};
use crate::ui::Shown;

/// Compares two files.
pub(crate) fn pair(reference: &Path, rebuilt: &Path) -> Result<Shown, Fail> {
    let compared = heirloom_compare::compare(reference, rebuilt)?;
    let text =
        format!("{}: {}\n{}", compared.nevra, compared.verdict, differences(&compared, Severity::Expected));
    let exit = if compared.verdict.is_identical() { Exit::Fine } else { Exit::Promise };
    Ok(Shown::new(&compared, text)?.exit(exit))
}

/// Compares everything that is built.
pub(crate) fn run(context: &Context) -> Result<Shown, Fail> {
    let (gathered, builds) = flow::built(context)?;
    let judgement = comparing::compare(context, &gathered, &builds)?;
    let mut text = report(&judgement);
    text.push_str("\nnext: `heirloom compose`, or `heirloom why PACKAGE`");
    Ok(Shown::new(&judgement, text)?.exit(exit(&judgement)))
}

pub(crate) fn exit(judgement: &Judgement) -> Exit {
    match judgement.refused().next().is_some() || !judgement.missing.is_empty() {
        true => Exit::Promise,
        false => Exit::Fine,
    }
}

/// Counts by verdict, then what breaks the promise.
pub(crate) fn report(judgement: &Judgement) -> String {
    let mut text = String::new();
    for (verdict, count) in judgement.verdicts() {
        let _ = writeln!(text, "{count:5} {verdict}");
    }
    for judged in judgement.refused() {
        match &judged.standing {
            Standing::Broken(compared) => {
                let _ = write!(
                    text,
                    "\n{}: {}\n{}",
                    compared.nevra,
                    compared.verdict,
                    differences(compared, Severity::Note)
                );
            }
            _ => {
                let _ = writeln!(text, "\n{}: the reference has no such package", judged.package.nevra);
            }
        }
    }
    for missing in &judgement.missing {
        let _ = writeln!(text, "\n{missing}: the reference has it, the rebuild does not");
    }
    text
}

/// Findings that weigh more than this, grouped as they are; a count for the rest.
pub(crate) fn differences(compared: &Compared, above: Severity) -> String {
    let mut text = String::new();
    let (shown, rest): (Vec<_>, Vec<_>) =
        compared.findings.iter().partition(|finding| finding.severity > above);
    for finding in &shown {
        let _ = writeln!(
            text,
            "  {:12} {}: {} -> {}",
            finding.rule,
            finding.subject,
            or_none(&finding.expected),
            or_none(&finding.found)
        );
    }
    if !rest.is_empty() && compared.verdict != Verdict::BitIdentical {
        let _ = writeln!(text, "  and {} differences that are expected or allowed", rest.len());
    }
    text
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "(none)" } else { text }
}
