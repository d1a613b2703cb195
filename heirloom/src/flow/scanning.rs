//! Looks for another company's marks in sources as they are built, and in packages. What was scanned before costs
//! nothing.

use std::collections::BTreeMap;
use std::path::Path;

use heirloom_formats::brand::Brand;
use heirloom_model::record::{Debranded, Imported, MarkFinding, Scanned};
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
    let scan = |(nevra, digest): &(&Nevra, Digest)| {
        let findings = scanner.package(&context.store.path(*digest)).map_err(|error| failed(nevra, error))?;
        Ok((nevra.to_string(), nevra.name().to_owned(), *digest, findings))
    };
    known_or(
        context,
        scanner,
        "packages",
        packages,
        |(_, digest)| *digest,
        scan,
        |(nevra, _)| (nevra.to_string(), nevra.name().to_owned()),
    )
}

/// Upstream's sources, as they are built: their files, and whether the rules took an attribution out.
pub(crate) fn sources(
    context: &Context,
    scanner: &Scanner,
    gathered: &Gathered,
    named: impl Fn(&str) -> bool,
) -> Result<Vec<Subject>, Fail> {
    let upstream = gathered.upstream.iter().chain(&gathered.modular);
    let pairs: Vec<_> = upstream
        .filter(|source| named(plain(&source.name)))
        .map(|source| (source, gathered.debranded.get(&source.name)))
        .collect();
    let scan = |(pristine, debranded): &(&Imported, Option<&Debranded>)| {
        let name = plain(&pristine.name);
        let mut findings = Vec::new();
        let source = debranded.map_or(*pristine, |it| &it.result);
        for file in &source.files {
            let path = context.store.path(file.digest);
            let mut data = std::fs::File::open(&path).map_err(|error| failed(path.display(), error))?;
            scanner.file(name, &file.name, &mut data, &mut findings);
        }
        let [before, after] = changed_files(&context.store, pristine, source)?;
        findings.extend(scanner.altered(name, &before, &after));
        findings.sort();
        Ok((pristine.name.clone(), name.to_owned(), subject(pristine, *debranded), findings))
    };
    known_or(
        context,
        scanner,
        "sources",
        &pairs,
        |(a, b)| subject(a, *b),
        scan,
        |(source, _)| (source.name.clone(), plain(&source.name).to_owned()),
    )
}

/// What the findings in a source are about: both what came in, and what is built of it.
fn subject(pristine: &Imported, debranded: Option<&Debranded>) -> Digest {
    let result = debranded.map_or(pristine, |it| &it.result);
    Digest::of(format!("{} {}", pristine.digest(), result.digest()).as_bytes())
}

/// Refuses packages that carry marks which no allowance covers.
pub(crate) fn gate(context: &Context, all: &[(&Nevra, Digest)]) -> Result<(), Fail> {
    let Some(scanner) = scanner(context)? else { return Ok(()) };
    let subjects = packages(context, &scanner, all)?;
    let marked: Vec<_> = subjects.iter().filter(|subject| subject.open().next().is_some()).collect();
    if marked.is_empty() {
        return Ok(());
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

type Found = (String, String, Digest, Vec<MarkFinding>);

/// Scans what is not known yet, on all processors, and remembers it.
fn known_or<T: Sync>(
    context: &Context,
    scanner: &Scanner,
    what: &str,
    items: &[T],
    digest: impl Fn(&T) -> Digest,
    scan: impl Fn(&T) -> Result<Found, Fail> + Sync,
    names: impl Fn(&T) -> (String, String),
) -> Result<Vec<Subject>, Fail> {
    let brand = scanner.digest();
    let mut known: BTreeMap<Digest, Scanned> = context
        .store
        .all::<Scanned>()?
        .into_iter()
        .filter(|scanned| scanned.brand == brand)
        .map(|scanned| (scanned.subject, scanned))
        .collect();
    let fresh: Vec<&T> = items.iter().filter(|item| !known.contains_key(&digest(item))).collect();
    let progress = Progress::new("scan", fresh.len());
    let found = work::each(&fresh, processors(), |item| {
        let found = scan(item)?;
        progress.tick(&found.0);
        Ok::<_, Fail>(found)
    })?;
    let scanned: Vec<_> =
        found.into_iter().map(|(_, _, subject, findings)| Scanned { subject, brand, findings }).collect();
    context.store.append_all(&scanned)?;
    known.extend(scanned.into_iter().map(|scanned| (scanned.subject, scanned)));
    progress.end(&format!("{} {what} ({} anew)", items.len(), fresh.len()));
    let subjects = items.iter().filter_map(|item| {
        let (name, package) = names(item);
        let findings = known.get(&digest(item))?.findings.clone();
        Some(Subject { name, package, findings })
    });
    Ok(subjects.collect())
}
