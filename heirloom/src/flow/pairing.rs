//! Compares two directories or repositories of packages: pairs by name and architecture, and what has none.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use heirloom_compare::{Options, Universe};
use heirloom_formats::evr;
use heirloom_formats::rpm_file::Header;
use heirloom_import::fetch::Fetcher;
use heirloom_import::{keyring, repository};
use heirloom_model::allowance::{self, AllowanceUse};
use heirloom_model::record::Compared;
use heirloom_model::{Finding, Nevra, Normalisation, Package, Severity, Verdict};
use heirloom_store::Store;
use schemars::JsonSchema;
use serde::Serialize;

use super::place::{self, Place};
use super::rollup::{self, Counted, Rollup};
use super::work;
use crate::context::processors;
use crate::fail::{Exit, Fail};
use crate::ui::Progress;

/// What two sets of packages come to.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Comparison {
    /// The worst of all packages; `incompatible` if one is missing.
    pub(crate) verdict: Verdict,
    #[serde(flatten)]
    pub(crate) rollup: Rollup,
    /// About the sets: packages that only one has, and packages of other versions.
    pub(crate) findings: Vec<Finding>,
    /// Every declared allowance that one of these findings needed.
    pub(crate) allowances: Vec<AllowanceUse>,
    /// Of all packages: every difference that was taken away because it means nothing.
    pub(crate) normalisations: Vec<Normalisation>,
    /// Every pair, by name.
    pub(crate) packages: Vec<Pair>,
}

/// A package that both sets have.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Pair {
    /// Name of its source package.
    pub(crate) source: String,
    /// The reference's repository that it is from.
    pub(crate) repository: String,
    #[serde(flatten)]
    pub(crate) compared: Compared,
}

/// Where packages come from.
pub(crate) struct Set<'a> {
    /// Directories of RPM files, and URLs of repositories.
    pub(crate) locations: &'a [String],
    /// Keys that repositories at URLs are signed with.
    pub(crate) keys: &'a [PathBuf],
}

/// A binary package of a set.
struct Found<'a> {
    nevra: Nevra,
    source: String,
    repository: String,
    place: Place<'a>,
}

/// A repository at a URL.
struct Remote<'a> {
    /// As it was given.
    name: &'a str,
    location: &'a str,
    packages: Vec<Package>,
}

/// Compares all pairs, on all processors. What is fetched is kept in `cache`.
pub(crate) fn compare(
    reference: &Set<'_>,
    rebuild: &Set<'_>,
    cache: impl FnOnce() -> Result<PathBuf, Fail>,
    options: Options,
) -> Result<Comparison, Fail> {
    let remote = |set: &Set<'_>| set.locations.iter().any(|location| is_url(location));
    let store = (remote(reference) || remote(rebuild)).then(|| Ok::<_, Fail>(Store::open(&cache()?)?));
    let store = store.transpose()?;
    let (of_reference, of_rebuild) =
        (remotes(reference, "--reference-key")?, remotes(rebuild, "--rebuild-key")?);
    let mut universe = Universe::default();
    let references = found(reference, &of_reference, store.as_ref(), Some(&mut universe))?;
    let rebuilt = found(rebuild, &of_rebuild, store.as_ref(), None)?;
    let base = Options { universe: Some(Arc::new(universe)), ..options };

    let (left, right) = (newest(&references, |it| &it.nevra), newest(&rebuilt, |it| &it.nevra));
    let pairs = pairs(&references, &left, &right);
    fetch(&pairs)?;
    let progress = Progress::new("compare", pairs.len());
    let debugging = (by_source(&references), by_source(&rebuilt));
    let packages = work::each(&pairs, processors(), |(one, other)| {
        let data = (debugging.0.get(source_name(&one.source)), debugging.1.get(source_name(&other.source)));
        let mut options = base.clone();
        // Types need both sides.
        if let (Some(ours), Some(theirs)) = data {
            for package in ours.iter().chain(theirs) {
                options.debuginfo.push(package.place.fetched()?);
            }
        }
        let compared = heirloom_compare::compare(&one.place.fetched()?, &other.place.fetched()?, &options)?;
        progress.tick(one.nevra.name());
        let (source, repository) = (source_name(&one.source).to_owned(), one.repository.clone());
        Ok::<_, Fail>(Pair { source, repository, compared })
    })?;
    progress.end(&format!("{} pairs", packages.len()));
    Ok(summed_up(&left, &right, packages, &base))
}

/// The newest of the rebuild, each with the reference's package of the same version if it has one, else with its
/// newest: a rebuild that lags behind is compared with what it is a rebuild of.
fn pairs<'a>(
    references: &'a [Found<'a>],
    left: &Newest<'a>,
    right: &Newest<'a>,
) -> Vec<(&'a Found<'a>, &'a Found<'a>)> {
    let same: BTreeMap<_, _> = references.iter().map(|one| (&one.nevra, one)).collect();
    let pair = |(key, other): (&Key<'a>, &&'a Found<'a>)| {
        let newest = left.get(key)?;
        Some((same.get(&other.nevra).copied().unwrap_or(newest), *other))
    };
    right.iter().filter_map(pair).collect()
}

/// Adds to the pairs what has no counterpart or another version, and what all of it comes to.
fn summed_up(left: &Newest<'_>, right: &Newest<'_>, packages: Vec<Pair>, options: &Options) -> Comparison {
    let (mut findings, mut uses) = (Vec::new(), Vec::new());
    let mut counted: Vec<_> = packages
        .iter()
        .map(|pair| Counted {
            source: &pair.source,
            repository: Some(&pair.repository),
            verdict: pair.compared.verdict,
        })
        .collect();
    let keys: BTreeSet<_> = left.keys().chain(right.keys()).collect();
    for key in keys {
        let (one, other) = (left.get(key).copied(), right.get(key).copied());
        let Some(finding) = about(one.map(|one| &one.nevra), other.map(|other| &other.nevra)) else {
            continue;
        };
        let (mut lowered, used) = allowance::apply(vec![finding], key.0, &options.allowances, options.today);
        uses.extend(used);
        if let (Some(found), None) | (None, Some(found)) = (one, other) {
            let verdict = Verdict::worst(lowered.iter().map(rollup::level));
            let repository = one.map(|one| one.repository.as_str());
            counted.push(Counted { source: source_name(&found.source), repository, verdict });
        }
        findings.append(&mut lowered);
    }
    let rollup = Rollup::of(counted);
    let normalisations = packages.iter().flat_map(|pair| pair.compared.normalisations.iter().cloned());
    Comparison {
        verdict: rollup.verdict().unwrap_or(Verdict::BitIdentical),
        rollup,
        findings,
        allowances: uses,
        normalisations: normalisations.collect(),
        packages,
    }
}

/// What only one has, or what has another version.
fn about(one: Option<&Nevra>, other: Option<&Nevra>) -> Option<Finding> {
    match (one, other) {
        (Some(one), None) => Some(rollup::missing(one)),
        (None, Some(other)) => Some(rollup::extra(other)),
        (Some(expected), Some(found)) if expected.evr() != found.evr() => {
            let older = evr::compare(found.evr(), expected.evr()).is_lt();
            let rule = if older { rollup::OLDER } else { rollup::OTHER };
            Some(rollup::finding(rule, Severity::Note, one, other))
        }
        _ => None,
    }
}

/// Name and architecture.
pub(crate) type Key<'a> = (&'a str, &'a str);
type Newest<'a> = BTreeMap<Key<'a>, &'a Found<'a>>;

/// The newest of each name and architecture; of equal ones, the first.
pub(crate) fn newest<'a, T>(
    packages: impl IntoIterator<Item = T>,
    nevra: impl Fn(&T) -> &'a Nevra,
) -> BTreeMap<Key<'a>, T> {
    let mut all = BTreeMap::new();
    for package in packages {
        let of = nevra(&package);
        match all.get(&(of.name(), of.arch())) {
            Some(best) if evr::compare(of.evr(), nevra(best).evr()).is_le() => {}
            _ => drop(all.insert((of.name(), of.arch()), package)),
        }
    }
    all
}

/// Packages with debugging data, by the name of their source package.
fn by_source<'a>(packages: &'a [Found<'a>]) -> BTreeMap<&'a str, Vec<&'a Found<'a>>> {
    let mut all = BTreeMap::<_, Vec<_>>::new();
    for package in packages.iter().filter(|package| package.nevra.is_debug()) {
        all.entry(source_name(&package.source)).or_default().push(package);
    }
    all
}

/// A source package's name: its file's name without version, release and suffix.
fn source_name(file: &str) -> &str {
    file.rsplitn(3, '-').nth(2).unwrap_or(file)
}

/// All binary packages of a set. The universe gets what they provide.
fn found<'a>(
    set: &Set<'_>,
    remotes: &'a [Remote<'_>],
    store: Option<&'a Store>,
    mut universe: Option<&mut Universe>,
) -> Result<Vec<Found<'a>>, Fail> {
    let mut found = Vec::new();
    for (remote, store) in remotes.iter().flat_map(|remote| store.map(|store| (remote, store))) {
        for package in remote.packages.iter().filter(|package| !package.source_rpm.is_empty()) {
            if let Some(universe) = &mut universe {
                universe.add_package(package);
            }
            found.push(Found {
                nevra: package.nevra.clone(),
                source: package.source_rpm.clone(),
                repository: remote.name.to_owned(),
                place: Place::There { store, location: remote.location, package },
            });
        }
    }
    for location in set.locations.iter().filter(|location| !is_url(location)) {
        let top = Path::new(location);
        let files = files(top)?;
        let progress = Progress::new("read", files.len());
        let before = found.len();
        for path in files {
            let repository = place::repository_of(&path, top).display().to_string();
            let header = match Header::open(&path) {
                Ok(header) => header,
                // It goes by its file's name, so that its comparison can say what is wrong with it. What has none
                // stops the work rather than be left out.
                Err(error) => {
                    let named = path.file_stem().and_then(|name| name.to_str()?.parse::<Nevra>().ok());
                    let nevra = named.ok_or_else(|| Fail::new(Exit::Failed, error))?;
                    let source =
                        format!("{}-{}-{}", nevra.name(), nevra.evr().version(), nevra.evr().release());
                    found.push(Found { nevra, source, repository, place: Place::Here(path) });
                    continue;
                }
            };
            progress.tick(header.nevra.name());
            if header.is_source {
                continue;
            }
            if let Some(universe) = &mut universe {
                universe.add(&header);
            }
            let (nevra, source) = (header.nevra, header.info.source_rpm);
            found.push(Found { nevra, source, repository, place: Place::Here(path) });
        }
        progress.end(&format!("{} binary packages of {location}", found.len() - before));
    }
    match found.is_empty() {
        false => Ok(found),
        true => {
            Err(Fail::new(Exit::Failed, format!("{}: there is no binary package", set.locations.join(", ")))
                .hint("name a directory with RPM files below it, or the URL of a repository"))
        }
    }
}

/// What the packages of a set provide; `None` for no set.
pub(crate) fn universe(set: &Set<'_>) -> Result<Option<Universe>, Fail> {
    let mut universe = Universe::default();
    for package in remotes(set, "--reference-key")?.iter().flat_map(|remote| &remote.packages) {
        universe.add_package(package);
    }
    for location in set.locations.iter().filter(|location| !is_url(location)) {
        for path in files(Path::new(location))? {
            let header = Header::open(&path).map_err(|error| Fail::new(Exit::Failed, error))?;
            if !header.is_source {
                universe.add(&header);
            }
        }
    }
    Ok((!set.locations.is_empty()).then_some(universe))
}

/// Every RPM file below a directory, links not followed.
pub(crate) fn files(dir: &Path) -> Result<Vec<PathBuf>, Fail> {
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

pub(crate) fn is_url(location: &str) -> bool {
    location.contains("://")
}

/// The signed repositories of a set, verified, with what their metadata says.
fn remotes<'a>(set: &Set<'a>, option: &str) -> Result<Vec<Remote<'a>>, Fail> {
    let urls: Vec<&'a String> = set.locations.iter().filter(|location| is_url(location)).collect();
    if let (Some(url), true) = (urls.first(), set.keys.is_empty()) {
        return Err(Fail::new(Exit::Failed, format!("{url}: no key is named that signs this repository"))
            .hint(format!("name its public key file with {option}")));
    }
    let mut remotes = Vec::new();
    for url in urls {
        let location = url.strip_prefix("file://").unwrap_or(url);
        let packages = verified(location, set.keys)?;
        remotes.push(Remote { name: url, location, packages });
    }
    Ok(remotes)
}

/// What a signed repository has. Whatever is named is compared, the older too.
fn verified(location: &str, keys: &[PathBuf]) -> Result<Vec<Package>, Fail> {
    let fetcher = Fetcher::default();
    Ok(repository::verify(&fetcher, location, &keyring(keys)?)?.packages(&fetcher)?)
}

/// Brings all packages of the pairs to this machine.
fn fetch(pairs: &[(&Found<'_>, &Found<'_>)]) -> Result<(), Fail> {
    let both = pairs.iter().flat_map(|(one, other)| [*one, *other]);
    let away: Vec<_> = both.filter(|package| package.place.here().is_none()).collect();
    if away.is_empty() {
        return Ok(());
    }
    let progress = Progress::new("fetch", away.len());
    work::each(&away, 2 * processors(), |package| {
        progress.doing(package.nevra.name());
        package.place.fetched()?;
        progress.tick(package.nevra.name());
        Ok::<_, Fail>(())
    })?;
    progress.end(&format!("{} packages", away.len()));
    Ok(())
}
