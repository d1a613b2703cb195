//! `heirloom errata crosscheck`: whether all formats give the same verdict.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use heirloom_errata::audit::{Crosscheck, Difference, Machine, Need, Published, probes};
use heirloom_formats::advisory::{Format, Reading};
use heirloom_formats::evr;
use serde::Serialize;

use super::{Fault, SHOWN, told};
use crate::cli::CrosscheckErrata;
use crate::context::latest;
use crate::fail::{Exit, Fail};
use crate::flow::{audit, installed};
use crate::ui::Shown;

/// What was found.
#[derive(Serialize)]
struct Report {
    /// Advisories of each format.
    formats: BTreeMap<&'static str, usize>,
    /// How many machines the formats were held against.
    machines: usize,
    /// Where they lead to different verdicts, sorted.
    differences: Vec<Told>,
    /// What could not be read.
    faults: Vec<Fault>,
    /// Packages of the target that could not be read.
    unread: Vec<String>,
}

#[derive(Serialize)]
struct Told {
    /// The id of an advisory or a vulnerability.
    subject: String,
    /// By format: `affected`, `undecided`, `fixed`; null if it does not concern the machine.
    verdicts: BTreeMap<&'static str, Option<&'static str>>,
    /// The first made-up machine on which they differ, by its package; null on a real one.
    package: Option<String>,
    /// How many machines they differ on.
    machines: usize,
}

pub(super) fn run(args: &CrosscheckErrata) -> Result<Shown, Fail> {
    let reading = Reading { latest: latest(), major: "" };
    let formats = audit::published(&args.advisories, reading)?;
    let published = formats.iter().map(|(format, read)| Published {
        format: format.name(),
        advisories: &read.advisories,
        is_security_alone: *format == Format::Oval,
    });
    let crosscheck = Crosscheck::new(published, evr::compare);
    let mut found: BTreeMap<Difference, (Option<String>, usize)> = BTreeMap::new();
    let mut machines = 0;
    let mut check = |machine: &Machine, is_real: bool| {
        machines += 1;
        for difference in crosscheck.differences(machine) {
            let package =
                machine.packages.first().filter(|_| !is_real).map(|package| match &package.module {
                    Some(module) => format!("{package} of {}:{}", module.name, module.stream),
                    None => package.to_string(),
                });
            found.entry(difference).or_insert((package, 0)).1 += 1;
        }
    };
    let mut unread = Vec::new();
    if let Some(target) = &args.target {
        let installed = installed::packages(target)?;
        let major = installed.major(args.major.as_deref())?;
        unread = installed.faults;
        check(&Machine { major, packages: installed.packages }, true);
    } else {
        let arches: Vec<&str> = args.arch.iter().map(String::as_str).collect();
        let all = formats.iter().flat_map(|(_, read)| &read.advisories);
        probes(all, &arches, evr::compare).for_each(|machine| check(&machine, false));
    }
    let told = |(difference, (package, machines)): (Difference, (Option<String>, usize))| Told {
        subject: difference.subject.to_string(),
        verdicts: difference
            .verdicts
            .into_iter()
            .map(|(format, need)| (format, need.map(Need::name)))
            .collect(),
        package,
        machines,
    };
    let report = Report {
        formats: formats.iter().map(|(format, read)| (format.name(), read.advisories.len())).collect(),
        machines,
        differences: found.into_iter().map(told).collect(),
        faults: formats.into_iter().flat_map(|(_, read)| read.faults).map(Fault::from).collect(),
        unread,
    };
    let exit = match (&report.differences[..], report.faults.is_empty() && report.unread.is_empty()) {
        ([], true) => Exit::Fine,
        ([], false) => Exit::Failed,
        _ => Exit::Promise,
    };
    Ok(Shown::new(&report, text(&report))?.exit(exit))
}

fn text(report: &Report) -> String {
    let mut text = told(&report.faults, &[]);
    for line in report.unread.iter().take(SHOWN) {
        let _ = writeln!(text, "error: {line}");
    }
    for Told { subject, verdicts, package, .. } in report.differences.iter().take(SHOWN) {
        let said = |(format, need): (&&str, &Option<&str>)| {
            format!("{format} says {}", need.unwrap_or("not concerned"))
        };
        let said: Vec<_> = verdicts.iter().map(said).collect();
        let on = package.as_ref().map(|package| format!(" (on {package})")).unwrap_or_default();
        let _ = writeln!(text, "error: {subject}: {}{on}", said.join(", "));
    }
    if report.differences.len() > SHOWN {
        let _ = writeln!(text, "error: and {} more; --format json has all", report.differences.len() - SHOWN);
    }
    let formats: Vec<_> = report.formats.iter().map(|(format, count)| format!("{count} {format}")).collect();
    let _ = writeln!(text, "advisories: {}; machines: {}", formats.join(", "), report.machines);
    let _ = match report.differences.len() {
        0 => writeln!(text, "all formats give the same verdicts"),
        count => writeln!(text, "the formats differ in {count} verdicts"),
    };
    text
}
