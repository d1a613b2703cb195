//! An audit for people.

use std::fmt::Write as _;

use heirloom_model::advisory::{AdvisoryKind, Severity};

use super::{Needed, Report};
use crate::ui::table;
use crate::verbs::errata::told;
use crate::verbs::lifecycle::check::Machine as Supported;

/// Vulnerabilities that a row names.
const NAMED: usize = 3;
/// Lines of what could not be read.
const SHOWN: usize = 20;

pub(super) fn text(report: &Report) -> String {
    let mut text = told(&report.faults, &report.contradictions);
    for line in report.unread.iter().take(SHOWN) {
        let _ = writeln!(text, "error: {line}");
    }
    if report.unread.len() > SHOWN {
        let _ = writeln!(text, "error: and {} packages more can't be read", report.unread.len() - SHOWN);
    }
    text.push_str(&summary(report));
    if let Some(support) = &report.support {
        text.push_str(&supported(support));
    }
    for note in &report.notes {
        let _ = writeln!(text, "note: {note}");
    }
    if !report.needed.is_empty() {
        let heading = ["severity", "package", "installed", "fixed in", "advisory", "vulnerabilities"];
        let _ = write!(text, "\n{}", table(&heading, &rows(&report.needed)));
    }
    text
}

fn summary(report: &Report) -> String {
    let (system, advisories) = (&report.system, &report.advisories);
    let named = [system.id.as_str(), system.version.as_str()];
    let named: Vec<&str> = named.into_iter().filter(|part| !part.is_empty()).collect();
    let named = if named.is_empty() { format!("major version {}", system.major) } else { named.join(" ") };
    let mut text = format!(
        "{}: {} packages of {named} ({}); {} advisories, {} of them concern it\n",
        system.target, system.packages, system.form, advisories.count, advisories.concerned
    );
    let needed = || report.needed.iter().filter(|one| one.status == "affected");
    let security: Vec<_> = needed().filter(|one| one.kind == AdvisoryKind::Security).collect();
    let open = report.vulnerabilities.iter().filter(|one| one.status == "affected").count();
    if security.is_empty() && open == 0 {
        text.push_str("no security advisory is missing");
    } else {
        let mut levels = Vec::new();
        for level in Severity::ALL.into_iter().rev().map(Some).chain([None]) {
            let count = security.iter().filter(|one| one.severity == level).count();
            if count > 0 {
                levels.push(format!("{count} {}", level.map_or("not rated", Severity::name)));
            }
        }
        let _ = write!(
            text,
            "vulnerable: {open} vulnerabilities, {} security advisories are missing: {}",
            security.len(),
            levels.join(", ")
        );
    }
    let other = needed().count() - security.len();
    let _ = match other {
        0 => writeln!(text),
        _ => writeln!(text, "; {other} advisories of other kinds are missing"),
    };
    text
}

/// Until when what is there is supported, and what is not any more.
fn supported(support: &Supported) -> String {
    let day =
        |day: Option<heirloom_model::allowance::Date>| day.map_or_else(String::new, |day| day.to_string());
    let mut text = match support.ends {
        Some(ends) => format!("version {} is supported until {ends}", support.major),
        None => format!("version {}", support.major),
    };
    let _ = writeln!(
        text,
        "; {} packages are not supported, {} end within 90 days",
        support.unsupported, support.ending
    );
    if support.minor.has_ended {
        let _ = writeln!(text, "not supported: {}, since {}", support.release, day(support.minor.ends));
    }
    let gone: Vec<_> = support.packages.iter().filter(|row| !row.is_supported()).collect();
    for row in gone.iter().take(SHOWN) {
        let since = row.ends.map_or_else(String::new, |ends| format!(", since {ends}"));
        let stream = row.stream.as_ref().map_or_else(String::new, |stream| format!(" of {stream}"));
        let _ = writeln!(text, "not supported: {}{stream}: {}{since}", row.package, row.state());
    }
    if gone.len() > SHOWN {
        let _ = writeln!(text, "not supported: and {} more (--format json has all)", gone.len() - SHOWN);
    }
    text
}

/// A row for each package of each advisory; architectures that say the same share one.
fn rows(needed: &[Needed]) -> Vec<Vec<String>> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for advisory in needed {
        let severity = match (advisory.severity, advisory.kind) {
            (Some(severity), _) => severity.name(),
            (None, AdvisoryKind::Security) => "not rated",
            (None, kind) => kind.name(),
        };
        let names = &advisory.vulnerabilities;
        let mut cves = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        if names.len() > NAMED {
            let _ = write!(cves, " and {} more", names.len() - NAMED);
        }
        for package in &advisory.packages {
            let fixed = match package.status {
                "undecided" => format!("{}?", package.fixed),
                _ => package.fixed.clone(),
            };
            let row = vec![
                severity.to_owned(),
                package.name.clone(),
                package.installed.clone(),
                fixed,
                advisory.id.clone(),
                cves.clone(),
            ];
            if rows.last() != Some(&row) {
                rows.push(row);
            }
        }
    }
    rows
}
