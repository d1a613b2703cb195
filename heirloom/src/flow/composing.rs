//! Signs what is accepted and publishes it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use heirloom_compose::{Candidate, Input, Release, Rule, Signer, Unplaced};
use heirloom_model::record::{Accepted, BuildrootPackage, Composed, Ground, Signed};
use heirloom_store::Store;
use serde::Serialize;

use super::comparing::Judgement;
use super::gather::{Foreign, Gathered};
use super::{planning, scanning};
use crate::context::{Context, processors};
use crate::fail::{Exit, Fail};
use crate::ui::Progress;

/// What was published.
#[derive(Serialize)]
pub(crate) struct Published {
    pub(crate) composed: Composed,
    /// The directory that clients are served.
    pub(crate) tree: PathBuf,
    /// The file for a client's /etc/yum.repos.d.
    pub(crate) repository_file: PathBuf,
    pub(crate) unplaced: Vec<Unplaced>,
    pub(crate) newly_signed: usize,
    pub(crate) inherited: usize,
}

/// Plans the repositories, signs what goes in, writes and publishes the tree.
pub(crate) fn compose(
    context: &Context,
    gathered: &Gathered,
    judgement: &Judgement,
) -> Result<Published, Fail> {
    let progress = Progress::new("compose", 0);
    let key = context.key()?;
    let input = Input {
        arch: context.arch(),
        accepted: candidates(judgement),
        rules: rules(context, gathered)?,
        bootstrap: &gathered.bootstrap.packages,
    };
    let plan = heirloom_compose::plan(&input)?;
    let accepted: Vec<&Accepted> = plan.placements.iter().map(|placement| &placement.accepted).collect();
    let inherited = inherited(&accepted);
    progress.total(accepted.len());
    planning::fetch(context, gathered, &inherited)?;
    let all: Vec<_> = accepted.iter().map(|accepted| (accepted.nevra(), accepted.digest())).collect();
    scanning::gate(context, &all)?;
    let before: BTreeSet<_> = signed(&context.store)?;
    let tick = |_: &Signed| progress.tick("signing");
    let signed = Signer::new(&context.store, &key)?.sign_all(&accepted, processors(), &tick)?;
    let distribution = &context.definition.distribution;
    let release = Release {
        id: distribution.id.get_ref(),
        name: &distribution.name,
        url: &context.definition.publish.url,
        key: &key,
        comps: comps(context, gathered),
    };
    progress.doing("writing");
    let composed = heirloom_compose::write(&context.store, &plan, &signed, &release, processors())?;
    super::releasing::release(context, &composed)?;
    let newly_signed = signed.iter().filter(|signed| !before.contains(&signed.signed)).count();
    let tree = context.store.dir().join("published");
    progress.end(&format!("{} packages, {newly_signed} newly signed", accepted.len()));
    Ok(Published {
        repository_file: tree.join(format!("{}.repo", distribution.id.get_ref())),
        tree,
        composed,
        unplaced: plan.unplaced,
        newly_signed,
        inherited: inherited.len(),
    })
}

fn candidates(judgement: &Judgement) -> Vec<Candidate<'_>> {
    judgement
        .packages
        .iter()
        .filter_map(|judged| {
            Some(Candidate { accepted: judged.accepted.as_ref()?, package: &judged.package })
        })
        .collect()
}

fn rules<'a>(context: &'a Context, gathered: &'a Gathered) -> Result<Vec<Rule<'a>>, Fail> {
    let mut rules = Vec::new();
    for (name, rule) in &context.definition.repositories {
        let reference = match &rule.like {
            None => &[][..],
            Some(like) => {
                &reference(gathered, like)
                    .ok_or_else(|| {
                        Fail::new(
                            Exit::Definition,
                            format!("repositories.{name} is like `{like}`, which is no reference"),
                        )
                        .hint(format!("add [reference.{like}], or name another"))
                    })?
                    .packages
            }
        };
        rules.push(Rule { name, rule, reference });
    }
    Ok(rules)
}

fn reference<'a>(gathered: &'a Gathered, name: &str) -> Option<&'a Foreign> {
    gathered.references.iter().find(|reference| reference.state.name == name)
}

fn comps(context: &Context, gathered: &Gathered) -> BTreeMap<String, heirloom_model::Digest> {
    let of = |name: &String, like: &Option<String>| {
        Some((name.clone(), reference(gathered, like.as_ref()?)?.state.comps?))
    };
    context.definition.repositories.iter().filter_map(|(name, rule)| of(name, &rule.like)).collect()
}

/// What is carried over has to be in the store before it can be signed.
fn inherited(accepted: &[&Accepted]) -> Vec<BuildrootPackage> {
    accepted
        .iter()
        .filter(|accepted| *accepted.ground() == Ground::Inherited)
        .map(|accepted| BuildrootPackage { nevra: accepted.nevra().clone(), digest: accepted.digest() })
        .collect()
}

fn signed(store: &Store) -> Result<BTreeSet<heirloom_model::Digest>, Fail> {
    Ok(store.all::<Signed>()?.into_iter().map(|signed| signed.signed).collect())
}
