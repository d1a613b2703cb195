//! What the gate says, for people.

use std::fmt::Write as _;

use heirloom_model::gate::{GateReport, RuleReport};

use crate::ui::table;

pub(super) fn text(report: &GateReport) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        let _ = writeln!(text, "{} {finding}\n  {}", finding.severity.name(), finding.fix);
    }
    for waived in &report.waived {
        let _ = writeln!(text, "waived {}\n  {} (until {})", waived.finding, waived.reason, waived.until);
    }
    for idle in &report.idle {
        let _ = writeln!(text, "look at the waiver {}: {}", idle.waiver, idle.why);
    }
    if !text.is_empty() {
        text.push('\n');
    }
    let rows: Vec<_> = report.rules.iter().map(row).collect();
    text += &table(&["rule", "errors", "warnings", "waived", "looked at"], &rows);
    let errors: usize = report.rules.iter().map(|rule| rule.errors).sum();
    let asked = report.rules.iter().filter(|rule| rule.looked_at > 0).count();
    let _ = match errors {
        0 => {
            write!(text, "\nnothing stands in the way, as far as {asked} of {} rules were asked", rows.len())
        }
        1 => write!(text, "\nrefused: 1 error"),
        _ => write!(text, "\nrefused: {errors} errors"),
    };
    text
}

fn row(rule: &RuleReport) -> Vec<String> {
    let mut looked = match rule.looked_at {
        0 => "not asked".to_owned(),
        count => format!("{count} {}", rule.of),
    };
    if !rule.not_asked.is_empty() {
        let lead = if rule.looked_at == 0 { ": " } else { "; not asked: " };
        let _ = write!(looked, "{lead}{}", rule.not_asked.join("; "));
    }
    let count = |number: usize| if rule.looked_at == 0 { "-".to_owned() } else { number.to_string() };
    vec![rule.rule.clone(), count(rule.errors), count(rule.warnings), count(rule.waived), looked]
}
