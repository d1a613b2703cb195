//! Everything that comes in: sources, bootstrap and reference repositories.

use std::collections::BTreeSet;
use std::path::PathBuf;

use heirloom_import::release::{self, Release};
use heirloom_import::{Importer, repository, sources};
use heirloom_model::Package;
use heirloom_model::record::{Imported, RepositoryRole, RepositoryState};

use super::side;
use crate::context::Context;
use crate::fail::Fail;
use crate::ui::{Progress, say};

/// A foreign repository and its packages.
pub(crate) struct Foreign {
    pub(crate) state: RepositoryState,
    pub(crate) packages: Vec<Package>,
}

/// All that a rebuild starts from.
pub(crate) struct Gathered {
    /// Source packages, sorted by name.
    pub(crate) sources: Vec<Imported>,
    /// Components of modules, which are kept and shown, but not built yet.
    pub(crate) modular: Vec<Imported>,
    pub(crate) bootstrap: Foreign,
    /// The repository of an earlier release, if the definition names one.
    pub(crate) earlier: Option<Foreign>,
    /// Repositories that buildroots are made of instead of own results, if the definition says so.
    pub(crate) snapshot: Vec<Foreign>,
    /// Reference repositories, sorted by name.
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
        first.chain(&self.snapshot).chain(&self.references)
    }
}

/// Imports and verifies all of it; what did not change costs only its digest.
pub(crate) fn gather(context: &Context) -> Result<Gathered, Fail> {
    let progress = Progress::new("import", 0);
    let definition = &context.definition;
    let importer = context.importer();
    let foreign =
        |role, name: &str, location: &str, keys: &[PathBuf]| foreign(&importer, role, name, location, keys);
    let bootstrap = &definition.bootstrap;
    let location = definition.locate(&bootstrap.location);
    let keys = context.paths(&bootstrap.keys);
    let bootstrap = foreign(RepositoryRole::Bootstrap, "bootstrap", &location, &keys)?;
    let earlier = definition.bootstrap.earlier.as_ref().map(|earlier| {
        let (location, keys) = context.foreign(earlier);
        foreign(RepositoryRole::Earlier, "earlier", &location, &keys)
    });
    let earlier = earlier.transpose()?;
    let mut snapshot = Vec::new();
    for (name, repository) in definition.build.snapshots() {
        let (location, keys) = context.foreign(repository);
        snapshot.push(foreign(RepositoryRole::Snapshot, name, &location, &keys)?);
    }
    let mut references = Vec::new();
    for (name, reference) in &definition.reference {
        let (location, keys) = context.foreign(reference);
        references.push(foreign(RepositoryRole::Reference, name, &location, &keys)?);
    }
    let exclude: Vec<_> =
        definition.upstream.exclude.iter().map(|exclude| exclude.package.as_str()).collect();
    let tick = |name: &str, total: usize| {
        progress.total(total);
        progress.tick(name);
    };
    let names = || source_names(&references);
    let upstream = sources::import_upstream(
        &importer,
        &context.upstream(&definition.upstream, names)?,
        sources::Settings { exclude: &exclude, max_age_days: definition.upstream.max_age_days, tick: &tick },
    )?;
    let (mut all, modular) = (upstream.ordinary, upstream.modular);
    if let Some(dir) = &definition.own.sources {
        all.extend(sources::import_own(&importer, &definition.resolve(dir))?);
    }
    all.push(import_release(context)?);
    let sources = sources::distinct(all)?;
    progress.end(&format!(
        "{} source packages, {} bootstrap and {} reference packages",
        sources.len(),
        bootstrap.packages.len(),
        references.iter().map(|reference| reference.packages.len()).sum::<usize>()
    ));
    let mut gathered = Gathered { sources, modular, bootstrap, earlier, snapshot, references };
    for newer in side::apply(&context.store, &mut gathered)? {
        say(&format!("note: {newer}"));
    }
    Ok(gathered)
}

/// Names of the source packages that these repositories were built from, sorted.
fn source_names(references: &[Foreign]) -> Vec<String> {
    let packages = references.iter().flat_map(|reference| &reference.packages);
    let names: BTreeSet<_> = packages.filter_map(|package| package.source_name()).collect();
    names.into_iter().map(str::to_owned).collect()
}

fn foreign(
    importer: &Importer<'_>,
    role: RepositoryRole,
    name: &str,
    location: &str,
    keys: &[PathBuf],
) -> Result<Foreign, Fail> {
    let keys = importer.keyring(keys)?;
    let state = repository::import(importer, role, name, location, &keys)?;
    let mut packages = repository::packages(importer.store, &state)?;
    // The order of a foreign file is to matter nowhere.
    packages.sort_by(|a, b| (&a.nevra, a.digest).cmp(&(&b.nevra, b.digest)));
    Ok(Foreign { state, packages })
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
        repositories: definition.repositories.keys().map(String::as_str).collect(),
        public_key: &context.key()?.public_armoured()?,
    };
    Ok(release::import(&context.store, &release)?)
}
