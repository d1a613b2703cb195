//! Looks for another company's marks in sources as they are built, and in packages. What was scanned before costs
//! nothing.

use std::collections::BTreeMap;
use std::path::Path;

use heirloom_formats::brand::Brand;
use heirloom_model::record::{MarkFinding, Scanned};
use heirloom_model::{Digest, Nevra};
use heirloom_scan::Scanner;
use serde::Serialize;

use super::debranding::{changed_files, plain};
use super::gather::Gathered;
use super::{told, work};
use crate::context::{Context, processors};
use crate::fail::{Exit, Fail};
use crate::ui::Progress;

/// Something that was looked through.
#[derive(Serialize)]
pub(crate) struct Subject {
    /// How people call it: a NEVRA, the name of a source package, a file.
    pub(crate) name: String,
    /// The package's name, which allowances go by.
    pub(crate) package: String,
    pub(crate) findings: Vec<MarkFinding>,
}

impl Subject {
    /// What no allowance covers.
    pub(crate) fn open(&self) -> impl Iterator<Item = &MarkFinding> {
        self.findings.iter().filter(|finding| finding.allowed.is_none())
    }
}

/// The scanner that the definition asks for, if it does.
pub(crate) fn scanner(context: &Context) -> Result<Option<Scanner>, Fail> {
    let brand = context.definition.debrand.brand.as_ref();
    brand.map(|file| scanner_of(&context.definition.resolve(file.get_ref()))).transpose()
}

/// The scanner of a brand file.
pub(crate) fn scanner_of(file: &Path) -> Result<Scanner, Fail> {
    Scanner::new(&Brand::load(file)?, told::today())
        .map_err(|error| Fail::new(Exit::Definition, format!("{}: {error}", file.display())))
}

/// Packages in the store.
pub(crate) fn packages(
    context: &Context,
    scanner: &Scanner,
    packages: &[(&Nevra, Digest)],
) -> Result<Vec<Subject>, Fail> {
    let item = |(nevra, digest): &(&Nevra, Digest)| Item {
        name: nevra.to_string(),
        package: nevra.name().to_owned(),
        subject: *digest,
        what: *digest,
    };
    let items: Vec<_> = packages.iter().map(item).collect();
    known_or(context, scanner, "packages", items, |item| {
        scanner.package(&context.store.path(item.what)).map_err(|error| failed(&item.name, error))
    })
}

/// Upstream's sources, as they are built: their files, and whether the rules took an attribution out.
pub(crate) fn sources(
    context: &Context,
    scanner: &Scanner,
    gathered: &Gathered,
    named: impl Fn(&str) -> bool,
) -> Result<Vec<Subject>, Fail> {
    let upstream = gathered.upstream.iter().chain(&gathered.modular);
    let items = upstream.filter(|source| named(plain(&source.name))).map(|pristine| {
        let result = gathered.debranded.get(&pristine.name).map_or(pristine, |it| &it.result);
        Item {
            name: pristine.name.clone(),
            package: plain(&pristine.name).to_owned(),
            // Both what came in and what is built of it.
            subject: Digest::of(format!("{} {}", pristine.digest(), result.digest()).as_bytes()),
            what: (pristine, result),
        }
    });
    known_or(context, scanner, "sources", items.collect(), |item| {
        let (pristine, result) = item.what;
        let mut findings = Vec::new();
        for file in &result.files {
            let path = context.store.path(file.digest);
            let mut data = std::fs::File::open(&path).map_err(|error| failed(path.display(), error))?;
            scanner.file(&item.package, &file.name, &mut data, &mut findings);
        }
        let [before, after] = changed_files(&context.store, pristine, result)?;
        findings.extend(scanner.altered(&item.package, &before, &after));
        findings.sort();
        Ok(findings)
    })
}

/// Refuses packages that carry marks which no allowance covers. What was scanned, if the definition asks for that.
pub(crate) fn gate(context: &Context, all: &[(&Nevra, Digest)]) -> Result<Option<Vec<Subject>>, Fail> {
    let Some(scanner) = scanner(context)? else { return Ok(None) };
    let subjects = packages(context, &scanner, all)?;
    let marked: Vec<_> = subjects.iter().filter(|subject| subject.open().next().is_some()).collect();
    if marked.is_empty() {
        return Ok(Some(subjects));
    }
    let mut text = match marked.len() {
        1 => "1 package carries another company's marks".to_owned(),
        count => format!("{count} packages carry another company's marks"),
    };
    for subject in &marked {
        text.push_str(&format!("\n  {}", subject.name));
        let mut open = subject.open();
        for finding in open.by_ref().take(TOLD) {
            text.push_str(&format!("\n    {}", line(finding)));
        }
        match open.count() {
            0 => {}
            more => text.push_str(&format!("\n    and {more} more")),
        }
    }
    Err(Fail::new(Exit::Promise, text).hint(
        "debrand what has them (`debrand.rules`), or allow them in the brand file with a reason; `heirloom scan` shows all",
    ))
}

/// Findings of one package that a refusal tells.
const TOLD: usize = 5;

/// A finding in one line.
pub(crate) fn line(finding: &MarkFinding) -> String {
    let MarkFinding { mark, file, place, excerpt, allowed, .. } = finding;
    let place = if place.is_empty() { String::new() } else { format!(", {place}") };
    let allowed = allowed.as_ref().map(|reason| format!(" (allowed: {reason})")).unwrap_or_default();
    format!("{mark} in {file}{place}: {excerpt}{allowed}")
}

fn failed(what: impl std::fmt::Display, error: impl std::fmt::Display) -> Fail {
    Fail::new(Exit::Failed, format!("{what} can't be scanned: {error}"))
}

/// Something to be looked through.
struct Item<T> {
    name: String,
    package: String,
    /// Digest of all that the findings are about.
    subject: Digest,
    what: T,
}

/// Scans what is not known yet, on all processors, and remembers it.
fn known_or<T: Sync>(
    context: &Context,
    scanner: &Scanner,
    what: &str,
    items: Vec<Item<T>>,
    scan: impl Fn(&Item<T>) -> Result<Vec<MarkFinding>, Fail> + Sync,
) -> Result<Vec<Subject>, Fail> {
    let brand = scanner.digest();
    let known = context.store.all::<Scanned>()?.into_iter().filter(|scanned| scanned.brand == brand);
    let mut known: BTreeMap<Digest, Vec<MarkFinding>> =
        known.map(|scanned| (scanned.subject, scanned.findings)).collect();
    let fresh: Vec<&Item<T>> = items.iter().filter(|item| !known.contains_key(&item.subject)).collect();
    let progress = Progress::new("scan", fresh.len());
    let scanned = work::each(&fresh, processors(), |item| {
        let findings = scan(item)?;
        progress.tick(&item.name);
        Ok::<_, Fail>(Scanned { subject: item.subject, brand, findings })
    })?;
    context.store.append_all(&scanned)?;
    progress.end(&format!("{} {what} ({} anew)", items.len(), fresh.len()));
    known.extend(scanned.into_iter().map(|scanned| (scanned.subject, scanned.findings)));
    let subjects = items.into_iter().filter_map(|Item { name, package, subject, .. }| {
        Some(Subject { name, package, findings: known.get(&subject)?.clone() })
    });
    Ok(subjects.collect())
}
