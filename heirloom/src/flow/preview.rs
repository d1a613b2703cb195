//! What an upstream that is ahead will bring: sources that change, and the packages that are made of them. It has a
//! store of its own, so that what is imported for a look is never taken for the distribution's.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_compare::Options;
use heirloom_formats::evr;
use heirloom_formats::spec::{Lines, Spec};
use heirloom_import::repository;
use heirloom_import::sources::{self, Settings};
use heirloom_model::record::Imported;
use heirloom_model::{Evr, Finding, Package, Severity};
use heirloom_store::Store;
use serde::Serialize;

use super::gather::{self, Foreign};
use super::pairing::{self, Key};
use super::{told, work};
use crate::context::{Context, processors};
use crate::fail::{Exit, Fail};
use crate::ui::Progress;

/// Lines of a changelog that are told of one source package.
const NEWS: usize = 12;

/// What becomes of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Turn {
    /// It comes.
    New,
    /// A newer one comes.
    Newer,
    /// What comes is older.
    Older,
    /// The same version comes with other content.
    Other,
    /// It goes.
    Gone,
}

/// A source package that will not be what it is.
#[derive(Debug, Serialize)]
pub(crate) struct Change {
    pub(crate) source: String,
    pub(crate) turn: Turn,
    /// Epoch, version and release here; absent: not known without running the spec file.
    pub(crate) here: Option<String>,
    /// The same of what comes.
    pub(crate) next: Option<String>,
    /// When the preview published it, in seconds since 1970.
    pub(crate) published: Option<u64>,
    /// New lines of its changelog.
    pub(crate) news: Vec<String>,
    /// Packages that it is to be made into and that will not be what they are.
    pub(crate) packages: Vec<PackageChange>,
}

/// A package that will not be what it is.
#[derive(Debug, Serialize)]
pub(crate) struct PackageChange {
    pub(crate) name: String,
    pub(crate) arch: String,
    pub(crate) turn: Turn,
    /// What it provides now and will not: libraries, commands of other packages' requirements.
    pub(crate) lost: Vec<String>,
    /// What it will provide in addition.
    pub(crate) gained: Vec<String>,
    /// What breaks users of its interfaces; absent: that was not looked at.
    pub(crate) breaks: Option<Vec<Finding>>,
}

impl PackageChange {
    /// Whether users of the package may notice.
    pub(crate) fn changes_interface(&self) -> bool {
        self.turn == Turn::Gone
            || !self.lost.is_empty()
            || self.breaks.as_ref().is_some_and(|it| !it.is_empty())
    }
}

/// Looks at the preview. Named packages only, if any are; with `interfaces`, the packages themselves are compared.
pub(crate) fn preview(context: &Context, names: &[String], interfaces: bool) -> Result<Vec<Change>, Fail> {
    let Some(preview) = &context.definition.preview else {
        return Err(Fail::new(Exit::Definition, "the definition has no [preview]")
            .hint("[preview.upstream] has the keys of [upstream]; docs/definition.md"));
    };
    let here = gather::upstream(context)?;
    let store = Store::open(&context.store.dir().join("preview"))?;
    let other = Context { definition: context.definition.clone(), store };
    let importer = other.importer();
    let progress = Progress::new("preview", 0);
    let references = gather::references(&other, &importer, &preview.reference, other.arch())?;
    let tick = |name: &str, total: usize| {
        progress.total(total);
        progress.tick(name);
    };
    let from = other.upstream(&preview.upstream, || match references.is_empty() {
        true => here.upstream.iter().map(|source| source.name.clone()).collect(),
        false => gather::names(&references),
    })?;
    let exclude: Vec<_> = preview.upstream.exclude.iter().map(|it| it.package.as_str()).collect();
    let settings = Settings { exclude: &exclude, max_age_days: preview.upstream.max_age_days, tick: &tick };
    let next = sources::import_upstream(&importer, &from, settings)?.ordinary;
    progress.end(&format!("{} source packages", next.len()));

    let dist = &context.definition.distribution.dist;
    let excluded: BTreeSet<_> =
        context.definition.upstream.exclude.iter().map(|it| it.package.as_str()).collect();
    let named = |name: &str| names.is_empty() || names.iter().any(|wanted| wanted == name);
    let told = |source: &&Imported| named(&source.name) && !excluded.contains(source.name.as_str());
    let ours: BTreeMap<_, _> = here.upstream.iter().filter(told).map(|it| (it.name.as_str(), it)).collect();
    let theirs: BTreeMap<_, _> = next.iter().filter(told).map(|it| (it.name.as_str(), it)).collect();
    let mut changes = Vec::new();
    for name in ours.keys().chain(theirs.keys()).copied().collect::<BTreeSet<_>>() {
        let now = ours.get(name).map(|source| Read::of(&context.store, source, dist)).transpose()?;
        let then = theirs.get(name).map(|source| Read::of(&other.store, source, dist)).transpose()?;
        changes.extend(change(name, now, then));
    }
    let changed: BTreeSet<_> = changes.iter().map(|change| change.source.clone()).collect();
    let mut packages = match references.is_empty() {
        true => BTreeMap::new(),
        false => packages(&here.references, &references, &changed),
    };
    if interfaces {
        compare(context, &other, &here.references, &references, &mut packages)?;
    }
    for change in &mut changes {
        change.packages = packages.remove(&change.source).unwrap_or_default();
    }
    Ok(changes)
}

/// What is read of a source package.
struct Read {
    digest: heirloom_model::Digest,
    evr: Option<Evr>,
    published: Option<u64>,
    changelog: Vec<String>,
}

impl Read {
    fn of(store: &Store, source: &Imported, dist: &str) -> Result<Self, Fail> {
        let file = source.files.iter().find(|file| file.name == source.spec);
        let bytes = file.map(|file| store.read(file.digest)).transpose()?.unwrap_or_default();
        let lines = Lines::read(&bytes);
        let spec = Spec::read(&lines);
        let evr = match &source.nevra {
            Some(nevra) => Some(nevra.evr().clone()),
            None => spec.identity(Some(dist)).evr(),
        };
        let section = spec.sections().iter().find(|section| section.name == "changelog");
        let changelog = section.into_iter().flat_map(|section| section.body());
        let changelog =
            changelog.map(|line| String::from_utf8_lossy(lines.text(line)).trim_end().to_owned()).collect();
        Ok(Self { digest: source.digest(), evr, published: source.published, changelog })
    }
}

fn change(name: &str, now: Option<Read>, then: Option<Read>) -> Option<Change> {
    let text = |read: &Option<Read>| read.as_ref()?.evr.as_ref().map(ToString::to_string);
    let turn = match (&now, &then) {
        (None, Some(_)) => Turn::New,
        (Some(_), None) => Turn::Gone,
        (Some(now), Some(then)) if now.digest == then.digest => return None,
        (Some(now), Some(then)) => match (&now.evr, &then.evr) {
            (Some(now), Some(then)) => match evr::compare(then, now) {
                std::cmp::Ordering::Greater => Turn::Newer,
                std::cmp::Ordering::Less => Turn::Older,
                std::cmp::Ordering::Equal => Turn::Other,
            },
            _ => Turn::Other,
        },
        (None, None) => return None,
    };
    let known: BTreeSet<_> = now.iter().flat_map(|now| &now.changelog).collect();
    let news = then.iter().flat_map(|then| &then.changelog).take_while(|line| !known.contains(line));
    let news = match turn {
        // The whole past of a package is no news.
        Turn::New => Vec::new(),
        _ => news.filter(|line| !line.is_empty()).take(NEWS).cloned().collect(),
    };
    Some(Change {
        source: name.to_owned(),
        turn,
        here: text(&now),
        next: text(&then),
        published: then.and_then(|then| then.published),
        news,
        packages: Vec::new(),
    })
}

/// Packages by the name of their source, for those that change.
type BySource = BTreeMap<String, Vec<PackageChange>>;

/// What the repositories' metadata alone says.
fn packages(now: &[Foreign], then: &[Foreign], changed: &BTreeSet<String>) -> BySource {
    let (ours, theirs) = (newest(now), newest(then));
    let mut all = BySource::new();
    for key in ours.keys().chain(theirs.keys()).collect::<BTreeSet<_>>() {
        let (one, other) = (ours.get(key), theirs.get(key));
        let source = one.or(other).and_then(|(_, package)| package.source_name()).unwrap_or_default();
        if !changed.contains(source) {
            continue;
        }
        let turn = match (one, other) {
            (Some((_, one)), Some((_, other))) if one.nevra.evr() == other.nevra.evr() => continue,
            (Some((_, one)), Some((_, other))) => {
                match evr::compare(other.nevra.evr(), one.nevra.evr()).is_gt() {
                    true => Turn::Newer,
                    false => Turn::Older,
                }
            }
            (Some(_), None) => Turn::Gone,
            (None, _) => Turn::New,
        };
        let provides = |package: Option<&(&Foreign, &Package)>| provides(package.map(|it| it.1));
        let (had, will) = (provides(one), provides(other));
        let (lost, gained) = match turn {
            Turn::New | Turn::Gone => (Vec::new(), Vec::new()),
            _ => (had.difference(&will).cloned().collect(), will.difference(&had).cloned().collect()),
        };
        let (name, arch) = (key.0.to_owned(), key.1.to_owned());
        let change = PackageChange { name, arch, turn, lost, gained, breaks: None };
        all.entry(source.to_owned()).or_default().push(change);
    }
    all
}

/// The names that a package provides, without versions: these change with each update.
fn provides(package: Option<&Package>) -> BTreeSet<String> {
    package.into_iter().flat_map(|package| &package.provides).map(|it| it.name.clone()).collect()
}

type Newest<'a> = BTreeMap<Key<'a>, (&'a Foreign, &'a Package)>;

/// The newest package of each name and architecture; debugging data has no interfaces.
fn newest(repositories: &[Foreign]) -> Newest<'_> {
    let all = repositories.iter().flat_map(|foreign| foreign.packages.iter().map(move |it| (foreign, it)));
    let all = all.filter(|(_, it)| !it.is_debug() && it.nevra.arch() != "src");
    pairing::newest(all, |(_, package)| &package.nevra)
}

/// Fetches both packages of each pair and looks for what breaks users.
fn compare(
    context: &Context,
    other: &Context,
    now: &[Foreign],
    then: &[Foreign],
    packages: &mut BySource,
) -> Result<(), Fail> {
    let (ours, theirs) = (newest(now), newest(then));
    let mut pairs = Vec::new();
    for change in packages.values_mut().flatten() {
        let key = (change.name.as_str(), change.arch.as_str());
        if let (Some(one), Some(next)) = (ours.get(&key).copied(), theirs.get(&key).copied()) {
            pairs.push((change, one, next));
        }
    }
    let progress = Progress::new("interfaces", pairs.len());
    let options = Options { today: told::today(), ..Options::default() };
    let places: Vec<_> = pairs.iter().map(|(_, one, next)| (*one, *next)).collect();
    let found = work::each(&places, processors(), |((from, one), (to, next))| {
        repository::fetch_package(&context.store, &from.state.location, one)?;
        repository::fetch_package(&other.store, &to.state.location, next)?;
        let (one, next) = (context.store.path(one.digest), other.store.path(next.digest));
        let compared = heirloom_compare::compare(&one, &next, &options)?;
        progress.tick(compared.nevra.name());
        let breaking = compared.findings.into_iter().filter(|it| it.severity == Severity::Incompatible);
        Ok::<_, Fail>(breaking.collect::<Vec<_>>())
    })?;
    let total = pairs.len();
    for ((change, ..), found) in pairs.into_iter().zip(found) {
        change.breaks = Some(found);
    }
    progress.end(&format!("{total} packages compared"));
    Ok(())
}
