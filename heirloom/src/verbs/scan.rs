//! `heirloom scan`: another company's marks in sources and packages.

use std::fmt::Write as _;
use std::path::Path;

use heirloom_formats::rpm_file::Header;
use heirloom_model::allowance::Idle;
use heirloom_model::{Digest, Nevra};
use heirloom_scan::Scanner;
use serde::Serialize;

use crate::cli::Scan;
use crate::context::Context;
use crate::fail::{Exit, Fail};
use crate::flow::scanning::{self, Subject};
use crate::flow::{checking, gather};
use crate::ui::Shown;

#[derive(Serialize)]
struct Report {
    /// What was looked through.
    subjects: Vec<Subject>,
    /// Allowances that should be looked at again.
    idle: Vec<String>,
}

pub(crate) fn run(args: &Scan, open: impl Fn() -> Result<Context, Fail>) -> Result<Shown, Fail> {
    if args.fingerprint {
        return fingerprint(args);
    }
    let (files, names): (Vec<_>, Vec<_>) = args.what.iter().partition(|what| what.is_file());
    let given = args.brand.as_deref().map(scanning::scanner_of).transpose()?;
    if let (Some(scanner), true, false) = (&given, names.is_empty(), files.is_empty()) {
        let subjects = files.iter().map(|file| of_file(scanner, file)).collect::<Result<_, _>>()?;
        return shown(args, Report { subjects, idle: Vec::new() });
    }
    let context = open()?;
    let scanner = match given {
        Some(scanner) => scanner,
        None => scanning::scanner(&context)?.ok_or_else(|| {
            Fail::new(Exit::Definition, "the definition has no `debrand.brand`")
                .hint("write a file of marks (docs/brand.md) and name it there, or give one with --brand")
        })?,
    };
    let mut subjects: Vec<_> = files.iter().map(|file| of_file(&scanner, file)).collect::<Result<_, _>>()?;
    if !names.is_empty() || files.is_empty() {
        let names: Vec<_> = names.iter().map(|name| name.to_string_lossy()).collect();
        subjects.extend(known(&context, &scanner, &names)?);
    }
    let idle = match args.what.is_empty() {
        true => idle(&scanner, &subjects),
        false => Vec::new(),
    };
    shown(args, Report { subjects, idle })
}

/// Sources and packages of the distribution.
fn known(
    context: &Context,
    scanner: &Scanner,
    names: &[std::borrow::Cow<'_, str>],
) -> Result<Vec<Subject>, Fail> {
    let wanted = |name: &str| names.is_empty() || names.iter().any(|wanted| wanted == name);
    let gathered = gather::gather(context)?;
    let mut subjects = scanning::sources(context, scanner, &gathered, wanted)?;
    let builds = checking::built(context)?;
    let packages: Vec<(&Nevra, Digest)> = builds
        .iter()
        .flat_map(|built| built.all_packages().map(move |package| (built, package)))
        .filter(|(built, package)| wanted(package.nevra.name()) || wanted(built.nevra.name()))
        .map(|(_, package)| (&package.nevra, package.digest))
        .collect();
    subjects.extend(scanning::packages(context, scanner, &packages)?);
    if subjects.is_empty() && !names.is_empty() {
        let message = format!("there is no source package, package or file {}", names.join(", "));
        return Err(Fail::new(Exit::Failed, message).hint("`heirloom status` names what there is"));
    }
    Ok(subjects)
}

/// A package, or any other file.
fn of_file(scanner: &Scanner, file: &Path) -> Result<Subject, Fail> {
    let failed =
        |error: String| Fail::new(Exit::Failed, format!("{} can't be scanned: {error}", file.display()));
    let name = file.display().to_string();
    if file.extension().is_some_and(|extension| extension == "rpm") {
        let header = Header::open(file).map_err(|error| failed(error.to_string()))?;
        let findings = scanner.package(file).map_err(|error| failed(error.to_string()))?;
        return Ok(Subject { name, package: header.nevra.name().to_owned(), findings });
    }
    let package = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let plain = file.file_name().unwrap_or_default().to_string_lossy();
    let mut data = std::fs::File::open(file).map_err(|error| failed(error.to_string()))?;
    let mut findings = Vec::new();
    scanner.file(&package, &plain, &mut data, &mut findings);
    Ok(Subject { name, package, findings })
}

fn idle(scanner: &Scanner, subjects: &[Subject]) -> Vec<String> {
    let of = subjects.iter().map(|subject| (subject.package.as_str(), subject.findings.as_slice()));
    let idle = scanner.idle(of).into_iter().map(|(allowance, why)| {
        let why = match why {
            Idle::Unused => "nothing needs it",
            Idle::Expired => "its last day is over",
        };
        format!("the allowance of {} ({}): {why}", allowance.mark, allowance.reason)
    });
    idle.collect()
}

fn shown(args: &Scan, report: Report) -> Result<Shown, Fail> {
    let mut text = String::new();
    let (mut open, mut allowed) = (0, 0);
    for subject in &report.subjects {
        open += subject.open().count();
        allowed += subject.findings.len() - subject.open().count();
        let told = subject.findings.iter().filter(|finding| args.allowed || finding.allowed.is_none());
        let lines: String = told.map(|finding| format!("  {}\n", scanning::line(finding))).collect();
        if !lines.is_empty() {
            let _ = writeln!(text, "{}\n{lines}", subject.name);
        }
    }
    for idle in &report.idle {
        let _ = writeln!(text, "look at {idle}");
    }
    let _ = write!(text, "{} scanned: {open} marks, and {allowed} that are allowed", report.subjects.len());
    if open > 0 {
        text.push_str("\nnext: debrand what has them, or allow them in the brand file with a reason");
    }
    let exit = if open == 0 { Exit::Fine } else { Exit::Promise };
    Ok(Shown::new(&report, text)?.exit(exit))
}

/// What the brand file says of pictures.
fn fingerprint(args: &Scan) -> Result<Shown, Fail> {
    #[derive(Serialize)]
    struct Picture {
        file: String,
        sha256: Digest,
        /// Absent: it has no look of its own, or is no picture.
        looks: Option<String>,
    }
    let mut pictures = Vec::new();
    let mut text = String::new();
    for file in &args.what {
        let bytes = std::fs::read(file)
            .map_err(|error| Fail::new(Exit::Failed, format!("can't read {}: {error}", file.display())))?;
        let looks = heirloom_scan::look(&bytes);
        let said = match &looks {
            Ok(Some(looks)) => looks.clone(),
            Ok(None) => "it is of one colour".to_owned(),
            Err(why) => format!("no picture that is understood: {why}"),
        };
        let sha256 = Digest::of(&bytes);
        let _ = writeln!(text, "{}\n  sha256 {sha256}\n  looks  {said}", file.display());
        pictures.push(Picture { file: file.display().to_string(), sha256, looks: looks.ok().flatten() });
    }
    Shown::new(&pictures, text)
}
