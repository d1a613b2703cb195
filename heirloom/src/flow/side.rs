//! Side builds: source packages that are built apart from the distribution, and merged or dropped as one.

use heirloom_build::Builder;
use heirloom_import::sources;
use heirloom_model::record::{Imported, Ran, Side, SideSource, SideState};
use heirloom_store::Store;

use super::building::{self, Builds, Options};
use super::gather::{self, Gathered};
use super::planning;
use crate::context::Context;
use crate::fail::{Exit, Fail};

/// Builds the packages of this directory in place of the distribution's, and only them. What they need of others is
/// taken from what is built; what needs them is not built again before they are merged.
pub(crate) fn build(
    context: &Context,
    builder: &Builder<'_>,
    name: &str,
    dir: &std::path::Path,
    options: Options,
) -> Result<(Side, Builds), Fail> {
    let mut gathered = gather::gather(context)?;
    let lookaside = context.definition.upstream.lookaside.iter();
    let lookaside: Vec<_> = lookaside.map(|pattern| context.definition.locate(pattern)).collect();
    let imported = sources::import_side(&context.importer(), dir, &lookaside)?;
    if imported.is_empty() {
        return Err(Fail::new(Exit::Failed, format!("{} has no source packages", dir.display()))
            .hint("it is to have a directory for each, as dist-git has"));
    }
    let sources = imported.into_iter().map(|imported| SideSource {
        replaces: find(&gathered.sources, &imported.name).map(Imported::digest),
        imported,
    });
    let side = Side { name: name.to_owned(), sources: sources.collect(), state: SideState::Open };
    for source in &side.sources {
        put(&mut gathered.sources, source.imported.clone());
    }
    context.store.append(&side)?;
    let ground = planning::ground(context, builder, &gathered, options.keep_going)?;
    let builds = building::build_side(context, builder, &gathered, &ground, options, &side)?;
    Ok((side, builds))
}

/// Makes the side build's sources the distribution's. Refused unless all of it is built.
pub(crate) fn merge(context: &Context, name: &str) -> Result<Side, Fail> {
    let side = open(&context.store, name)?;
    let mut missing = Vec::new();
    for source in &side.sources {
        let ran = context.store.get::<Ran>(&side.step(&source.imported.name))?;
        if ran.is_none_or(|ran| ran.failed.is_some() || ran.action.is_none()) {
            missing.push(source.imported.name.as_str());
        }
    }
    if !missing.is_empty() {
        let message =
            format!("side build {name} is merged as a whole, and not built are {}", missing.join(", "));
        return Err(Fail::new(Exit::Build, message).hint(format!("`heirloom side build {name} DIR`")));
    }
    settle(context, side, SideState::Merged)
}

/// Gives a side build up.
pub(crate) fn drop(context: &Context, name: &str) -> Result<Side, Fail> {
    settle(context, open(&context.store, name)?, SideState::Dropped)
}

fn settle(context: &Context, side: Side, state: SideState) -> Result<Side, Fail> {
    let side = Side { state, ..side };
    context.store.append(&side)?;
    Ok(side)
}

fn open(store: &Store, name: &str) -> Result<Side, Fail> {
    match store.get::<Side>(name)? {
        Some(side) if side.state == SideState::Open => Ok(side),
        Some(Side { state: SideState::Merged, .. }) => {
            Err(Fail::new(Exit::Failed, format!("side build {name} is merged already")))
        }
        Some(_) => Err(Fail::new(Exit::Failed, format!("side build {name} was dropped"))),
        None => Err(Fail::new(Exit::Failed, format!("there is no side build {name}"))
            .hint("`heirloom side list` names them")),
    }
}

/// Puts the sources of merged side builds in the place of upstream's, in the order in which they were merged. Where
/// upstream has another source by now, that one counts, and is told.
pub(super) fn apply(store: &Store, gathered: &mut Gathered) -> Result<Vec<String>, Fail> {
    let mut newer = Vec::new();
    for entry in store.history::<Side>()? {
        let side = entry.record;
        // One that was begun anew after its merge counts as it was merged.
        if side.state != SideState::Merged {
            continue;
        }
        for SideSource { imported, replaces } in side.sources {
            let now = find(&gathered.sources, &imported.name).map(Imported::digest);
            match now == replaces || now == Some(imported.digest()) {
                true => put(&mut gathered.sources, imported),
                false => newer.push(format!(
                    "upstream has another {} than when side build {} was merged: upstream's counts",
                    imported.name, side.name
                )),
            }
        }
    }
    Ok(newer)
}

fn find<'s>(sources: &'s [Imported], name: &str) -> Option<&'s Imported> {
    sources.binary_search_by(|source| source.name.as_str().cmp(name)).ok().map(|index| &sources[index])
}

fn put(sources: &mut Vec<Imported>, imported: Imported) {
    match sources.binary_search_by(|source| source.name.cmp(&imported.name)) {
        // Whether a reference has it does not change with its content.
        Ok(index) => sources[index] = Imported { own: sources[index].own, ..imported },
        Err(index) => sources.insert(index, imported),
    }
}
