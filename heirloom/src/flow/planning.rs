//! From what came in to a plan: the base of all buildroots, spec files evaluated in it, the order.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_build::{Builder, Root};
use heirloom_formats::Document;
use heirloom_formats::comps::Comps;
use heirloom_formats::definition::BaseOf;
use heirloom_import::repository;
use heirloom_model::record::{BuildrootPackage, Evaluated, Imported, Plan, Settled, Solving};
use heirloom_model::{Dependency, Digest, Package};
use heirloom_plan::{Base, Input, Options, Planned, Solutions, Source};
use heirloom_store::State;

use super::gather::{Foreign, Gathered};
use super::policy::Policy;
use super::work;
use crate::context::{Context, processors};
use crate::fail::{Exit, Fail};
use crate::interrupt;
use crate::ui::Progress;

/// What plans and builds stand on.
pub(crate) struct Ground {
    pub(crate) base: Base,
    /// Digest of its packages.
    pub(crate) base_digest: Digest,
    /// By name of the source package.
    pub(crate) evaluated: BTreeMap<String, Evaluated>,
    /// Source packages whose spec files are not understood, and why.
    pub(crate) wrong: Vec<(String, String)>,
}

/// Makes the base root and evaluates every spec file in it.
pub(crate) fn ground(
    context: &Context,
    builder: &Builder<'_>,
    gathered: &Gathered,
    keep_going: bool,
) -> Result<Ground, Fail> {
    let progress = Progress::new("evaluate", gathered.sources.len());
    progress.doing("base of the buildroots");
    let (base, root, base_packages) = base_root(context, builder, gathered)?;
    let _listening = interrupt::listen();
    let Evaluation { evaluated, fresh, wrong } = evaluate(context, builder, &root, &gathered.sources)?;
    if !wrong.is_empty() && !keep_going {
        let all: Vec<_> = wrong.into_iter().map(|(_, why)| why).collect();
        return Err(Fail::new(Exit::Build, all.join("\n")).hint(
            "mend the spec file, leave the package out with `upstream.exclude`, or build the rest with --keep-going",
        ));
    }
    progress.end(&format!(
        "{} spec files ({fresh} new), base of {base_packages} packages",
        gathered.sources.len(),
    ));
    Ok(Ground { base, base_digest: root.digest(), evaluated, wrong })
}

/// The base of all buildroots, made now if it is not there: what was solved, the root, and the number of packages.
pub(crate) fn base_root(
    context: &Context,
    builder: &Builder<'_>,
    gathered: &Gathered,
) -> Result<(Base, Root, usize), Fail> {
    let base = base(context, &gathered.bootstrap)?;
    let packages = base.packages(&gathered.bootstrap.packages);
    fetch(context, gathered, &packages)?;
    let _listening = interrupt::listen();
    let root = builder.base_root(&packages)?;
    Ok((base, root, packages.len()))
}

fn base(context: &Context, bootstrap: &Foreign) -> Result<Base, Fail> {
    let group = &context.definition.bootstrap.group;
    let missing = || {
        Fail::new(
            Exit::Build,
            format!("the bootstrap repository {} has no comps group `{group}`", bootstrap.state.location),
        )
        .hint("`bootstrap.group` in the definition names the group that every buildroot has")
    };
    let comps = context.store.read(*bootstrap.state.extras.get("group").ok_or_else(missing)?)?;
    let document = Document::new("comps of the bootstrap repository", &comps);
    let comps = Comps::parse(document).map_err(|error| Fail::new(Exit::Failed, error))?;
    let group = comps.group(group).ok_or_else(missing)?;
    let names: Vec<_> = group.installed_packages().map(str::to_owned).collect();
    Ok(heirloom_plan::base(context.arch(), &bootstrap.packages, &names)?)
}

/// Makes sure that these packages, as far as they are foreign, are in the store.
pub(crate) fn fetch(
    context: &Context,
    gathered: &Gathered,
    packages: &[BuildrootPackage],
) -> Result<(), Fail> {
    let mut missing = BTreeSet::new();
    for package in packages {
        if context.store.check(package.digest)? != State::Whole {
            missing.insert(package.digest);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let mut found: BTreeMap<Digest, (&str, &Package)> = BTreeMap::new();
    for foreign in gathered.foreign() {
        let offered = foreign.packages.iter().filter(|package| missing.contains(&package.digest));
        for package in offered {
            found.entry(package.digest).or_insert((foreign.state.location.as_str(), package));
        }
    }
    let found: Vec<_> = found.into_values().collect();
    work::each(&found, processors(), |(location, package)| {
        repository::fetch_package(&context.store, location, package)
    })?;
    Ok(())
}

/// What evaluating came to.
struct Evaluation {
    evaluated: BTreeMap<String, Evaluated>,
    /// How many were not known before.
    fresh: usize,
    wrong: Vec<(String, String)>,
}

/// Evaluates the spec files whose evaluation in this base is not known yet.
fn evaluate(
    context: &Context,
    builder: &Builder<'_>,
    root: &Root,
    sources: &[Imported],
) -> Result<Evaluation, Fail> {
    let macros = context.macros();
    let mut evaluated = BTreeMap::new();
    let mut fresh = Vec::new();
    for source in sources {
        let key = heirloom_build::evaluation_key(root, source, &macros, context.arch());
        match context.store.get::<Evaluated>(&key.to_string())? {
            Some(known) => drop(evaluated.insert(source.name.clone(), known)),
            None => fresh.push(source),
        }
    }
    let results = builder.evaluate(root, &fresh, &macros, context.arch())?;
    let mut wrong = Vec::new();
    for (source, result) in fresh.iter().zip(results) {
        match result {
            Ok(new) => {
                context.store.append(&new)?;
                evaluated.insert(source.name.clone(), new);
            }
            Err(error) => wrong.push((source.name.clone(), error.to_string())),
        }
    }
    Ok(Evaluation { evaluated, fresh: fresh.len(), wrong })
}

/// What each source's dynamic build requirements came to when they were last asked for.
type Learned = BTreeMap<String, [Option<Vec<Dependency>>; 2]>;

/// Computes the plan. With `keep_going`, what can't be built is left out.
pub(crate) fn plan(
    context: &Context,
    gathered: &Gathered,
    ground: &Ground,
    policy: &Policy,
    keep_going: bool,
) -> Result<Plan, Fail> {
    let learned = learned(context, ground)?;
    let reference: Vec<Package> =
        gathered.references.iter().flat_map(|reference| reference.packages.iter().cloned()).collect();
    let sources = gathered.sources.iter().filter_map(|source| {
        let [usual, bootstrap] = learned.get(&source.name)?;
        Some(Source {
            name: &source.name,
            evaluated: ground.evaluated.get(&source.name)?,
            learned: usual.as_deref(),
            learned_bootstrap: bootstrap.as_deref(),
        })
    });
    let settings = &context.definition.build;
    // The base is counted from the start of bootstrap's packages.
    let fixed: Vec<Package>;
    let bootstrap = match policy.fixed() {
        None => &gathered.bootstrap.packages,
        Some(more) => {
            fixed = gathered.bootstrap.packages.iter().chain(more).cloned().collect();
            &fixed
        }
    };
    let input = Input {
        arch: context.arch(),
        sources: sources.collect(),
        bootstrap,
        earlier: gathered.earlier(),
        base: &ground.base,
        reference: &reference,
        options: Options {
            passes: settings.passes.get(),
            own_base: settings.base == BaseOf::Own,
            keep_going,
            fixed: policy.fixed().is_some(),
            threads: processors(),
        },
    };
    let Planned { mut plan, solutions } = heirloom_plan::plan(&input, &known(context)?).map_err(|error| {
        Fail::from(error).hint(
            "nothing was built; add what is missing, leave the package out with `upstream.exclude`, or build the rest \
             with --keep-going",
        )
    })?;
    remember(context, &solutions)?;
    plan.unbuildable.extend(ground.wrong.iter().cloned());
    Ok(plan)
}

/// The solutions of the plan before. Lost or of another form, they are found again.
fn known(context: &Context) -> Result<Solutions, Fail> {
    let Some(Solving { solutions }) = context.store.get("solving")? else { return Ok(Solutions::default()) };
    match context.store.contains(solutions) {
        true => Ok(serde_json::from_slice(&context.store.read(solutions)?).unwrap_or_default()),
        false => Ok(Solutions::default()),
    }
}

fn remember(context: &Context, solutions: &Solutions) -> Result<(), Fail> {
    let solutions = context.store.put(&serde_json::to_vec(solutions)?)?;
    Ok(context.store.append(&Solving { solutions })?)
}

fn learned(context: &Context, ground: &Ground) -> Result<Learned, Fail> {
    let mut learned = Learned::new();
    for (name, Evaluated { source, .. }) in &ground.evaluated {
        let both = [settled(context, *source, &[])?, settled(context, *source, &["bootstrap".to_owned()])?];
        learned.insert(name.clone(), both);
    }
    Ok(learned)
}

/// All requirements of a source under these conditionals, if a build of it has asked for more than it states.
pub(crate) fn settled(
    context: &Context,
    source: Digest,
    with: &[String],
) -> Result<Option<Vec<Dependency>>, Fail> {
    let settled = context.store.get::<Settled>(&Settled::key_of(source, with))?;
    Ok(settled.map(|settled| settled.requires))
}
