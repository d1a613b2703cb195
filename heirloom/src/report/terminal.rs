//! The report on a terminal: the verdict first, then the few differences that matter.

use std::fmt::Write as _;

use heirloom_model::allowance::AllowanceUse;
use heirloom_model::record::Compared;
use heirloom_model::{Evidence, Finding, Severity, Verdict};

use super::{
    DIFFERENCES, Report, VERDICTS, allowed, by_rule, normalised, plural, rule_doc, severity_name, visible,
};
use crate::flow::rollup::Rollup;

/// Findings of one rule that are shown without being asked for all: of one pair, and of each of many.
const SHOWN: usize = 5;
const SHOWN_OF_MANY: usize = 2;
/// Pairs that are shown without being asked for all.
const PAIRS: usize = 20;
/// All findings are asked for.
const ALL: usize = usize::MAX;

/// The whole report. With `explain`, every finding and every normalisation.
pub(crate) fn terminal(report: &Report<'_>, explain: bool) -> String {
    let mut text = String::new();
    if report.packages.len() != 1 || !report.findings.is_empty() {
        let _ = writeln!(text, "{}: {}", report.title(), report.verdict);
        for (verdict, count) in report.counts() {
            let _ = writeln!(text, "{count:7} {verdict}");
        }
        if let Some(all) = report.rollup {
            text.push_str(&levels(all));
        }
        let severities = [&DIFFERENCES[..], &[Severity::Note]].concat();
        for (rule, findings) in by_rule(report.findings, &severities) {
            group(&mut text, rule, &findings, if explain { ALL } else { SHOWN });
            reasons(&mut text, report.allowances, &findings);
        }
    }
    let alone = report.packages.len() == 1;
    let mut shown = report.by_verdict();
    shown.retain(|package| explain || alone || !package.compared.verdict.is_identical());
    let left_out = if explain { 0 } else { shown.len().saturating_sub(PAIRS) };
    shown.truncate(shown.len() - left_out);
    for package in shown {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&pair(
            package.compared,
            if explain {
                ALL
            } else if alone {
                SHOWN
            } else {
                SHOWN_OF_MANY
            },
        ));
    }
    if left_out > 0 {
        let _ = writeln!(
            text,
            "\nand {} more; `--explain` and `--html FILE` show all",
            plural(left_out, "package")
        );
    }
    for idle in &report.idle {
        let _ = writeln!(text, "\nallowance {}", line(&idle.to_string()));
    }
    text
}

/// Every repository with its level, and how many source packages have each.
pub(crate) fn levels(all: &Rollup) -> String {
    let mut text = String::new();
    if !all.repositories.is_empty() {
        text.push_str("  repositories\n");
    }
    for (name, verdict) in &all.repositories {
        let _ = writeln!(text, "    {verdict:17} {}", line(name));
    }
    if !all.sources.is_empty() {
        text.push_str("  source packages\n");
    }
    for verdict in VERDICTS {
        let of_level = all.sources.iter().filter(|(_, level)| **level == verdict);
        let names: Vec<_> = of_level.map(|(name, _)| line(name)).collect();
        if !names.is_empty() {
            // Those that need attention are named.
            let rest = names.len().saturating_sub(SHOWN);
            let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
            let named = match verdict.is_identical() {
                true => String::new(),
                false => format!(": {}{more}", names[..names.len() - rest].join(", ")),
            };
            let _ = writeln!(text, "    {verdict:17} {}{named}", names.len());
        }
    }
    text
}

/// One pair.
pub(crate) fn one(compared: &Compared, explain: bool) -> String {
    pair(compared, if explain { ALL } else { SHOWN })
}

fn pair(compared: &Compared, shown: usize) -> String {
    let mut text = format!("{}: {}\n", compared.nevra, compared.verdict);
    if compared.reference_nevra != compared.nevra {
        let _ = writeln!(text, "  reference {}", compared.reference_nevra);
    }
    let _ = writeln!(text, "  {}", meaning(compared));
    text + &rules(compared, shown)
}

/// The verdict in words.
fn meaning(compared: &Compared) -> &'static str {
    match (compared.verdict, compared.evidence) {
        (Verdict::BitIdentical, _) => "the same bytes, signature aside",
        (Verdict::PayloadIdentical, _) => "the same files and header, but for what always differs",
        (Verdict::Identical, _) => "the same, after what means nothing was taken away",
        (Verdict::AbiCompatible, Some(Evidence::Types)) => {
            "not the same, but every interface holds, by symbols and types"
        }
        (Verdict::AbiCompatible, Some(Evidence::Symbols)) => {
            "not the same, but every interface holds, by symbols; types need --debuginfo"
        }
        (Verdict::AbiCompatible, None) => "not the same, but every interface holds",
        (Verdict::Incompatible, _) => "users of the reference can break",
        (Verdict::Undecided, _) => "evidence is missing",
    }
}

/// The findings that matter, rule by rule, and how much else there is. With `explain`, all of it.
pub(crate) fn differences(compared: &Compared, explain: bool) -> String {
    rules(compared, if explain { ALL } else { SHOWN })
}

fn rules(compared: &Compared, shown: usize) -> String {
    let mut text = String::new();
    for severity in DIFFERENCES {
        let rules = by_rule(&compared.findings, &[severity]);
        if rules.is_empty() {
            continue;
        }
        // Beside what breaks users, or could, what breaks nobody matters little.
        if severity == Severity::Different && !text.is_empty() && shown != ALL {
            let count = rules.iter().map(|(_, findings)| findings.len()).sum();
            let names: Vec<_> = rules.iter().map(|(rule, _)| line(rule)).collect();
            let (count, names) = (plural(count, "difference"), names.join(", "));
            let _ = writeln!(text, "  and {count} that break nobody: {names}; `--explain` shows all");
            continue;
        }
        let _ = writeln!(text, "  {}", severity_name(severity));
        for (rule, findings) in rules {
            group(&mut text, rule, &findings, shown);
        }
    }
    let rest: Vec<_> =
        compared.findings.iter().filter(|finding| finding.severity <= Severity::Note).collect();
    if shown == ALL {
        for (severity, heading) in [(Severity::Note, "allowed"), (Severity::Expected, "always expected")] {
            let rules = by_rule(&compared.findings, &[severity]);
            if !rules.is_empty() {
                let _ = writeln!(text, "  {heading}");
            }
            for (rule, findings) in rules {
                group(&mut text, rule, &findings, ALL);
                reasons(&mut text, &compared.allowances, &findings);
            }
        }
        explain_normalisations(&mut text, compared);
    } else {
        if !rest.is_empty() {
            let _ = writeln!(text, "  and {} expected or allowed", plural(rest.len(), "difference"));
        }
        let rules: Vec<_> = normalised(compared).into_keys().collect();
        if !rules.is_empty() {
            let count = plural(compared.normalisations.len(), "normalisation");
            let _ = writeln!(text, "  after {count}: {}", line(&rules.join(", ")));
        }
        if !compared.allowances.is_empty() {
            let _ = writeln!(text, "  with {} used", plural(compared.allowances.len(), "allowance"));
        }
    }
    text
}

/// The findings of one rule.
fn group(text: &mut String, rule: &str, findings: &[&Finding], most: usize) {
    let doc = rule_doc(rule);
    let _ = writeln!(text, "    {}{}{doc}", line(rule), if doc.is_empty() { "" } else { ": " });
    let shown = most.min(findings.len());
    for finding in findings.iter().take(shown) {
        let _ = writeln!(text, "      {}", line(&finding.subject));
        let (expected, found) = (line(&finding.expected), line(&finding.found));
        let _ = match (expected.is_empty(), found.is_empty()) {
            (true, true) => Ok(()),
            (false, true) => writeln!(text, "        only the reference  {expected}"),
            (true, false) => writeln!(text, "        only the rebuilt    {found}"),
            (false, false) if expected == found => writeln!(text, "        both       {found}"),
            (false, false) => {
                writeln!(text, "        reference  {expected}\n        rebuilt    {found}")
            }
        };
    }
    if findings.len() > shown {
        let _ = writeln!(text, "      and {} more; `--explain` shows all", findings.len() - shown);
    }
}

/// Why findings that would break a promise do not.
fn reasons(text: &mut String, uses: &[AllowanceUse], findings: &[&Finding]) {
    for finding in findings {
        if let Some(reason) = allowed(uses, finding) {
            let _ = writeln!(text, "      {} is allowed: {}", line(&finding.subject), line(reason));
        }
    }
}

fn explain_normalisations(text: &mut String, compared: &Compared) {
    let rules = normalised(compared);
    if !rules.is_empty() {
        let _ = writeln!(text, "  normalised");
    }
    for (rule, subjects) in rules {
        let _ = writeln!(text, "    {}", line(rule));
        for (subject, detail) in subjects {
            let separator = if detail.is_empty() { "" } else { ": " };
            let _ = writeln!(text, "      {}{separator}{}", line(subject), line(detail));
        }
    }
}

/// Foreign text that neither acts on the terminal nor breaks the line.
fn line(text: &str) -> String {
    visible(text).replace('\n', "\\n").replace('\t', "\\t")
}
