//! Compares two directories or repositories of packages: pairs by name and architecture, and what has none.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use heirloom_compare::{Options, Universe};
use heirloom_formats::evr;
use heirloom_formats::rpm_file::Header;
use heirloom_import::repository;
use heirloom_model::record::Compared;
use heirloom_model::{Finding, Nevra, Normalisation, Severity, Verdict};
use heirloom_store::Store;
use serde::Serialize;

use super::work;
use crate::context::processors;
use crate::fail::{Exit, Fail};
use crate::ui::Progress;

/// What two sets of packages come to.
#[derive(Serialize)]
pub(crate) struct Comparison {
    /// The worst of all packages; `incompatible` if one is missing.
    pub(crate) verdict: Verdict,
    /// About the sets: packages that only one has, and packages of other versions.
    pub(crate) findings: Vec<Finding>,
    /// Of all packages.
    pub(crate) normalisations: Vec<Normalisation>,
    /// The worst of each source package's packages.
    pub(crate) sources: BTreeMap<String, Verdict>,
    /// Every pair, by name.
    pub(crate) packages: Vec<Compared>,
    /// Name of each pair's source package.
    #[serde(skip)]
    pub(crate) names: Vec<String>,
}

/// Where packages come from.
pub(crate) struct Set<'a> {
    /// A directory of RPM files, or the URL of a repository.
    pub(crate) location: &'a str,
    /// Keys that a repository at a URL is signed with.
    pub(crate) keys: &'a [PathBuf],
}

struct Found {
    nevra: Nevra,
    source: String,
    path: PathBuf,
}

/// Compares all pairs, on all processors.
pub(crate) fn compare(
    reference: &Set<'_>,
    rebuild: &Set<'_>,
    cache: &Path,
    options: Options,
) -> Result<Comparison, Fail> {
    let (mut universe, mut unused) = (Universe::default(), Universe::default());
    let references = found(reference, cache, &mut universe)?;
    let rebuilt = found(rebuild, cache, &mut unused)?;
    let is_debug = |package: &Found| {
        package.nevra.name().ends_with("-debuginfo") || package.nevra.name().ends_with("-debugsource")
    };
    let mut debuginfo = BTreeMap::<&str, Vec<PathBuf>>::new();
    for package in references.iter().chain(&rebuilt).filter(|package| is_debug(package)) {
        debuginfo.entry(source_name(&package.source)).or_default().push(package.path.clone());
    }
    let base = Options { universe: Some(Arc::new(universe)), ..options };
    let (left, right) = (newest(&references), newest(&rebuilt));
    let pairs: Vec<_> = left.iter().filter_map(|(key, one)| Some((*one, *right.get(key)?))).collect();
    let progress = Progress::new("compare", pairs.len());
    let packages = work::each(&pairs, processors(), |(one, other)| {
        let mut options = base.clone();
        options.debuginfo.extend(debuginfo.get(source_name(&one.source)).into_iter().flatten().cloned());
        options.debuginfo.extend(debuginfo.get(source_name(&other.source)).into_iter().flatten().cloned());
        options.debuginfo.sort();
        options.debuginfo.dedup();
        let compared = heirloom_compare::compare(&one.path, &other.path, &options);
        progress.tick(one.nevra.name());
        compared
    })?;
    let findings = about(&left, &right);
    progress.end(&format!("{} pairs", packages.len()));
    let mut sources = BTreeMap::<String, Verdict>::new();
    for ((one, _), compared) in pairs.iter().zip(&packages) {
        let verdict = sources.entry(source_name(&one.source).to_owned()).or_insert(Verdict::BitIdentical);
        *verdict = Verdict::worst([*verdict, compared.verdict]);
    }
    for missing in left.iter().filter(|(key, _)| !right.contains_key(*key)).map(|(_, one)| one) {
        sources.insert(source_name(&missing.source).to_owned(), Verdict::Incompatible);
    }
    Ok(Comparison {
        verdict: Verdict::worst(sources.values().copied()),
        findings,
        normalisations: packages
            .iter()
            .flat_map(|compared| compared.normalisations.iter().cloned())
            .collect(),
        sources,
        names: pairs.iter().map(|(one, _)| source_name(&one.source).to_owned()).collect(),
        packages,
    })
}

type Key<'a> = (&'a str, &'a str);

/// The newest of each name and architecture.
fn newest(packages: &[Found]) -> BTreeMap<Key<'_>, &Found> {
    let mut all = BTreeMap::<Key<'_>, &Found>::new();
    for package in packages {
        let best = all.entry((package.nevra.name(), package.nevra.arch())).or_insert(package);
        if evr::compare(package.nevra.evr(), best.nevra.evr()).is_gt() {
            *best = package;
        }
    }
    all
}

/// What only one has, and what has another version.
fn about(left: &BTreeMap<Key<'_>, &Found>, right: &BTreeMap<Key<'_>, &Found>) -> Vec<Finding> {
    let finding = |rule: &str, severity, subject: &Key<'_>, expected: String, found: String| Finding {
        rule: rule.to_owned(),
        severity,
        subject: format!("{}.{}", subject.0, subject.1),
        expected,
        found,
    };
    let keys: BTreeSet<_> = left.keys().chain(right.keys()).collect();
    let show =
        |package: Option<&&Found>| package.map(|package| package.nevra.evr().to_string()).unwrap_or_default();
    keys.into_iter()
        .filter_map(|key| match (left.get(key), right.get(key)) {
            (a @ Some(_), None) => {
                Some(finding("missing-package", Severity::Incompatible, key, show(a), String::new()))
            }
            (None, b @ Some(_)) => {
                Some(finding("extra-package", Severity::Different, key, String::new(), show(b)))
            }
            (a @ Some(one), b @ Some(other)) if one.nevra.evr() != other.nevra.evr() => {
                let lag = evr::compare(other.nevra.evr(), one.nevra.evr()).is_lt();
                let rule = if lag { "older-version" } else { "other-version" };
                Some(finding(rule, Severity::Note, key, show(a), show(b)))
            }
            _ => None,
        })
        .collect()
}

/// A source package's name: its file's name without version, release and suffix.
fn source_name(file: &str) -> &str {
    file.rsplitn(3, '-').nth(2).unwrap_or(file)
}

/// All binary packages of a set, as files on this machine.
fn found(set: &Set<'_>, cache: &Path, universe: &mut Universe) -> Result<Vec<Found>, Fail> {
    let files = match set.location.contains("://") {
        true => fetched(set, cache)?,
        false => files(Path::new(set.location))?,
    };
    let progress = Progress::new("read", files.len());
    let mut found = Vec::new();
    for path in files {
        // A file that can't be read has no name to pair it by: it stops the work rather than be left out.
        let header = Header::open(&path).map_err(|error| Fail::new(Exit::Failed, error))?;
        if !header.is_source {
            universe.add(&header);
            progress.tick(header.nevra.name());
            found.push(Found { nevra: header.nevra, source: header.info.source_rpm, path });
        }
    }
    progress.end(&format!("{} packages of {}", found.len(), set.location));
    if found.is_empty() {
        return Err(Fail::new(Exit::Failed, format!("{}: there is no binary package", set.location))
            .hint("name a directory with RPM files below it, or the URL of a repository"));
    }
    Ok(found)
}

/// Every RPM file below a directory, links not followed.
fn files(dir: &Path) -> Result<Vec<PathBuf>, Fail> {
    let failed =
        |error: std::io::Error| Fail::new(Exit::Failed, format!("{}: can't be read: {error}", dir.display()));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let kind = entry.file_type().map_err(failed)?;
        let path = entry.path();
        if kind.is_dir() {
            files.extend(self::files(&path)?);
        } else if path.extension().is_some_and(|suffix| suffix == "rpm") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The packages of a signed repository, kept in a cache by their digests.
fn fetched(set: &Set<'_>, cache: &Path) -> Result<Vec<PathBuf>, Fail> {
    if set.keys.is_empty() {
        return Err(Fail::new(
            Exit::Failed,
            format!("{}: no key is named that signs this repository", set.location),
        )
        .hint("name its public key file with --reference-key or --rebuild-key"));
    }
    let store = Store::open(cache)?;
    let verified = repository::verify(set.location, &repository::keyring(set.keys)?)?;
    let packages = verified.packages()?;
    let progress = Progress::new("fetch", packages.len());
    let paths = work::each(&packages, 2 * processors(), |package| -> Result<PathBuf, Fail> {
        repository::fetch_package(&store, set.location, package)?;
        progress.tick(package.nevra.name());
        Ok(store.path(package.digest))
    })?;
    progress.end(&format!("{} packages of {}", paths.len(), set.location));
    Ok(paths)
}
