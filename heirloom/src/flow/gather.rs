//! Everything that comes in: sources, bootstrap and reference repositories.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use heirloom_formats::definition::ForeignRepository;
use heirloom_import::history::LOOKASIDE;
use heirloom_import::release::{self, Release};
use heirloom_import::sources::{Settings, Sources, Upstream};
use heirloom_import::{Importer, repository, sources};
use heirloom_model::Package;
use heirloom_model::record::{Arrival, Debranded, Imported, Module, RepositoryRole, RepositoryState};

use super::{debranding, history, side};
use crate::context::Context;
use crate::fail::{Exit, Fail};
use crate::ui::{Progress, say};

/// A foreign repository and its packages.
pub(crate) struct Foreign {
    /// Its name in the definition.
    pub(crate) name: String,
    pub(crate) state: RepositoryState,
    pub(crate) packages: Vec<Package>,
}

/// All that a rebuild starts from.
pub(crate) struct Gathered {
    /// Architecture that is built for.
    pub(crate) arch: String,
    /// Source packages that are built, sorted by name: upstream's after all rules, the distribution's own.
    pub(crate) sources: Vec<Imported>,
    /// Upstream's source packages as they came, sorted by name.
    pub(crate) upstream: Vec<Imported>,
    /// Components of upstream's modules as they came; their names are `name@module:stream`. They are not built.
    pub(crate) modular: Vec<Imported>,
    /// Upstream's modules.
    pub(crate) modules: Vec<Module>,
    /// What the rules made of the source packages that they concern, by name.
    pub(crate) debranded: BTreeMap<String, Debranded>,
    pub(crate) bootstrap: Foreign,
    /// The repository of an earlier release, if the definition names one.
    pub(crate) earlier: Option<Foreign>,
    /// Repositories that buildroots are made of instead of own results, if the definition says so.
    pub(crate) snapshot: Vec<Foreign>,
    /// Reference repositories, sorted by name.
    pub(crate) references: Vec<Foreign>,
    /// What there is of other architectures, sorted by architecture.
    pub(crate) elsewhere: Vec<Elsewhere>,
}

/// What another machine has built for another architecture, and what it is compared with.
pub(crate) struct Elsewhere {
    pub(crate) arch: String,
    pub(crate) results: Foreign,
    /// The reference's repositories for it: for i686, those of x86_64, which have it beside their own.
    pub(crate) references: Vec<Foreign>,
}

impl Gathered {
    /// Packages of the earlier release, if there is one.
    pub(crate) fn earlier(&self) -> &[Package] {
        self.earlier.as_ref().map_or(&[], |earlier| &earlier.packages)
    }

    /// All repositories, those first that win if two have a package.
    pub(crate) fn foreign(&self) -> impl Iterator<Item = &Foreign> {
        let first = [&self.bootstrap].into_iter().chain(&self.earlier);
        let elsewhere = self.elsewhere.iter();
        let elsewhere = elsewhere.flat_map(|other| [&other.results].into_iter().chain(&other.references));
        first.chain(&self.snapshot).chain(&self.references).chain(elsewhere)
    }

    /// The other architectures that have repositories of their own: the second one's packages go beside the first's.
    pub(crate) fn other_arches(&self) -> impl Iterator<Item = &Elsewhere> {
        let second = heirloom_model::arch::second(&self.arch);
        self.elsewhere.iter().filter(move |other| Some(other.arch.as_str()) != second)
    }
}

/// Imports and verifies all of it, debrands the sources and keeps their history; what did not change costs only its
/// digest.
pub(crate) fn gather(context: &Context) -> Result<Gathered, Fail> {
    complete(context, upstream(context)?)
}

/// The same with what was imported from elsewhere in place of upstream, and debranded there.
pub(crate) fn gather_from(context: &Context, histories: &Path, branch: &str) -> Result<Gathered, Fail> {
    let lookaside = histories.join(LOOKASIDE).join("{digest}");
    let upstream = Upstream::Git {
        location: histories.display().to_string(),
        names: Vec::new(),
        branch: Some(branch.to_owned()),
        tags: None,
        lookaside: vec![lookaside.display().to_string()],
        modules: None,
    };
    // Beside the histories are their large sources.
    let exclude = histories.join(LOOKASIDE).is_dir().then_some(LOOKASIDE);
    let gathered = import(context, |_| Ok((upstream, None, exclude.into_iter().collect())))?;
    with_own(context, gathered)
}

/// Imports and verifies what comes from others.
pub(crate) fn upstream(context: &Context) -> Result<Gathered, Fail> {
    import(context, |references| origin(context, references))
}

/// Where the definition says that sources come from.
fn origin<'a>(context: &'a Context, references: &[Foreign]) -> Result<Origin<'a>, Fail> {
    let upstream = &context.definition.upstream;
    let exclude = upstream.exclude.iter().map(|exclude| exclude.package.as_str()).collect();
    Ok((context.upstream(upstream, || names(references))?, upstream.max_age_days, exclude))
}

/// What upstream has and is not imported; nothing is imported but the references' metadata, if they have the names.
pub(crate) fn look(context: &Context) -> Result<Vec<Arrival>, Fail> {
    let progress = Progress::new("look", 0);
    let importer = context.importer();
    let references = references(context, &importer, &context.definition.reference, context.arch())?;
    let (from, max_age_days, exclude) = origin(context, &references)?;
    let tick = |name: &str, total: usize| {
        progress.total(total);
        progress.tick(name);
    };
    let settings = Settings { exclude: &exclude, max_age_days, tick: &tick };
    let waiting = sources::look(&importer, &from, settings)?;
    progress.end(&format!("{} to import", waiting.len()));
    Ok(waiting)
}

/// Names of the source packages that these repositories were built from.
pub(crate) fn names(references: &[Foreign]) -> Vec<String> {
    let packages = references.iter().flat_map(|reference| &reference.packages);
    let names: BTreeSet<_> = packages.filter_map(|package| package.source_name()).collect();
    names.into_iter().map(str::to_owned).collect()
}

/// Where sources come from, how old they may be at most in days, and which are left out.
type Origin<'a> = (Upstream, Option<u64>, Vec<&'a str>);

fn import<'a>(
    context: &Context,
    from: impl FnOnce(&[Foreign]) -> Result<Origin<'a>, Fail>,
) -> Result<Gathered, Fail> {
    let progress = Progress::new("import", 0);
    let definition = &context.definition;
    let importer = context.importer();
    let bootstrap = &definition.bootstrap;
    let location = definition.locate(&bootstrap.location);
    let keys = context.paths(&bootstrap.keys);
    let bootstrap = foreign(&importer, RepositoryRole::Bootstrap, "bootstrap", &location, &keys)?;
    let earlier = definition.bootstrap.earlier.as_ref().map(|earlier| {
        let (location, keys) = context.foreign(earlier);
        foreign(&importer, RepositoryRole::Earlier, "earlier", &location, &keys)
    });
    let earlier = earlier.transpose()?;
    let mut snapshot = Vec::new();
    for (name, repository) in definition.build.snapshots() {
        let (location, keys) = context.foreign(repository);
        snapshot.push(foreign(&importer, RepositoryRole::Snapshot, name, &location, &keys)?);
    }
    let references = references(context, &importer, &definition.reference, context.arch())?;
    let elsewhere = elsewhere(context, &importer)?;
    let tick = |name: &str, total: usize| {
        progress.total(total);
        progress.tick(name);
    };
    let (upstream, max_age_days, exclude) = from(&references)?;
    let settings = Settings { exclude: &exclude, max_age_days, tick: &tick };
    let Sources { ordinary, modular, modules } = sources::import_upstream(&importer, &upstream, settings)?;
    let parts = if modular.is_empty() { String::new() } else { format!(" and {} of modules", modular.len()) };
    progress.end(&format!(
        "{} source packages{parts}, {} bootstrap and {} reference packages",
        ordinary.len(),
        bootstrap.packages.len(),
        references.iter().map(|reference| reference.packages.len()).sum::<usize>()
    ));
    let debranded = BTreeMap::new();
    let upstream = ordinary.clone();
    let sources = ordinary;
    Ok(Gathered {
        arch: context.arch().to_owned(),
        sources,
        upstream,
        modular,
        modules,
        debranded,
        bootstrap,
        earlier,
        snapshot,
        references,
        elsewhere,
    })
}

/// Repositories of reference binaries for machines of one architecture, sorted by name.
pub(crate) fn references(
    context: &Context,
    importer: &Importer<'_>,
    all: &BTreeMap<String, ForeignRepository>,
    arch: &str,
) -> Result<Vec<Foreign>, Fail> {
    let reference = |(name, reference): (&String, &ForeignRepository)| {
        let (location, keys) = context.foreign(reference);
        let here = location.replace(BASEARCH, heirloom_model::arch::family(arch));
        let kept = if arch == context.arch() { name.clone() } else { format!("{name}.{arch}") };
        let found = foreign(importer, RepositoryRole::Reference, &kept, &here, &keys)?;
        Ok(Foreign { name: name.clone(), ..found })
    };
    all.iter().map(reference).collect()
}

/// Stands for the architecture in locations of reference repositories.
const BASEARCH: &str = "$basearch";

/// What other machines have built, and the references for it.
fn elsewhere(context: &Context, importer: &Importer<'_>) -> Result<Vec<Elsewhere>, Fail> {
    let all = &context.definition.reference;
    let one = |(arch, results): (&String, &ForeignRepository)| {
        let (location, keys) = context.foreign(results);
        let results = foreign(importer, RepositoryRole::Results, arch, &location, &keys)?;
        let second = heirloom_model::arch::second(context.arch()) == Some(arch);
        let arch_of_references = if second { context.arch() } else { arch };
        if let Some((name, _)) = all.iter().find(|(_, one)| !second && !one.location.contains(BASEARCH)) {
            let message = format!(
                "compose.results.{arch} can't be compared: the location of reference.{name} is of one architecture only"
            );
            return Err(Fail::new(Exit::Definition, message)
                .hint(format!("put `{BASEARCH}` where the architecture is in reference.{name}.location")));
        }
        let references = references(context, importer, all, arch_of_references)?;
        Ok(Elsewhere { arch: arch.clone(), results, references })
    };
    context.definition.compose.results.iter().map(one).collect()
}

fn complete(context: &Context, mut gathered: Gathered) -> Result<Gathered, Fail> {
    debranding::apply(context, &mut gathered)?;
    history::record(context, &gathered)?;
    with_own(context, gathered)
}

/// Adds the distribution's own source packages, and puts those of merged side builds in their places.
fn with_own(context: &Context, mut gathered: Gathered) -> Result<Gathered, Fail> {
    let definition = &context.definition;
    if let Some(dir) = &definition.own.sources {
        let importer = context.importer();
        gathered.sources.extend(sources::import_own(&importer, &definition.resolve(dir))?);
    }
    gathered.sources.push(import_release(context)?);
    gathered.sources = sources::distinct(gathered.sources)?;
    for newer in side::apply(&context.store, &mut gathered)? {
        say(&format!("note: {newer}"));
    }
    Ok(gathered)
}

fn foreign(
    importer: &Importer<'_>,
    role: RepositoryRole,
    name: &str,
    location: &str,
    keys: &[std::path::PathBuf],
) -> Result<Foreign, Fail> {
    let keys = importer.keyring(keys)?;
    let state = repository::import(importer, role, name, location, &keys)?;
    let mut packages = repository::packages(importer.store, &state)?;
    // The order of a foreign file is to matter nowhere.
    packages.sort_by(|a, b| (&a.nevra, a.digest).cmp(&(&b.nevra, b.digest)));
    Ok(Foreign { name: name.to_owned(), state, packages })
}

/// The repositories that are composed, as clients are told of them.
pub(crate) fn repositories(context: &Context) -> Vec<release::Repository<'_>> {
    let rules = context.definition.repositories.iter();
    rules
        .map(|(name, rule)| release::Repository {
            name,
            enabled: rule.enabled,
            debug: rule.debug,
            source: rule.source,
        })
        .collect()
}

fn import_release(context: &Context) -> Result<Imported, Fail> {
    let definition = &context.definition;
    let distribution = &definition.distribution;
    let release = Release {
        id: distribution.id.get_ref(),
        name: &distribution.name,
        version: &distribution.version,
        platform_id: &distribution.platform_id,
        home_url: &distribution.home_url,
        bug_url: &distribution.bug_url,
        base_url: &definition.publish.url,
        repositories: repositories(context),
        public_key: &context.key()?.public_armoured()?,
    };
    Ok(release::import(&context.store, &release)?)
}
