//! What the judgement, the references and the definition offer to the plan of a compose.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use heirloom_compose::{ArchInput, Candidate, Input, Rule};
use heirloom_model::record::Accepted;
use heirloom_model::{Digest, Package, arch};

use crate::context::Context;
use crate::fail::{Exit, Fail};
use crate::flow::accounting::{self, Advisories};
use crate::flow::comparing::{Judged, Judgement, Standing};
use crate::flow::gather::{Elsewhere, Foreign, Gathered};

/// An accepted package with its metadata and the name of its source.
type One<'a> = (Accepted, &'a Package, &'a str);

/// All that may be composed, by architecture: that of the distribution first.
pub(super) struct Offered<'a> {
    arches: Vec<Arch<'a>>,
}

struct Arch<'a> {
    name: &'a str,
    accepted: Vec<One<'a>>,
    second: Vec<One<'a>>,
    references: &'a [Foreign],
    /// What others may need and no reference has.
    bootstrap: Vec<Package>,
}

impl<'a> Offered<'a> {
    pub(super) fn new(
        context: &'a Context,
        gathered: &'a Gathered,
        judgement: &'a Judgement,
    ) -> Result<Self, Fail> {
        let second = arch::second(context.arch());
        let of = |arch: &str| gathered.elsewhere.iter().find(|other| other.arch == arch);
        let judged = |other: &Elsewhere| judgement.elsewhere.get(&other.arch).map_or(&[][..], Vec::as_slice);
        let sources = judgement.sources.iter().map(|(name, package)| (name.as_str(), package));
        let mut first = Arch {
            name: context.arch(),
            accepted: with_companions(&judgement.packages, sources),
            second: Vec::new(),
            references: &gathered.references,
            bootstrap: gathered.bootstrap.packages.clone(),
        };
        if let Some(other) = second.and_then(of) {
            first.second = second_of(judged(other), &first.accepted);
        }
        let mut arches = vec![first];
        for other in gathered.other_arches() {
            if !arch::COMPOSED.contains(&other.arch.as_str()) {
                let known = arch::COMPOSED.join(", ");
                let message = format!("compose.results.{}: no repository is made for it", other.arch);
                return Err(Fail::new(Exit::Definition, message)
                    .hint(format!("architectures are {known}; i686 goes beside x86_64 alone")));
            }
            arches.push(elsewhere(other, judged(other)));
        }
        for arch in &arches {
            for (accepted, ..) in arch.accepted.iter().chain(&arch.second) {
                context.store.append(accepted)?;
            }
        }
        Ok(Self { arches })
    }

    /// All that is known of packages that may be composed, by digest.
    pub(super) fn packages(&self) -> BTreeMap<Digest, &Package> {
        let accepted = self.arches.iter().flat_map(|arch| arch.accepted.iter().chain(&arch.second));
        let bootstrap = self.arches.iter().flat_map(|arch| &arch.bootstrap);
        let accepted = accepted.map(|(accepted, package, _)| (accepted.digest(), *package));
        bootstrap.map(|package| (package.digest, package)).chain(accepted).collect()
    }

    pub(super) fn input<'i>(&'i self, context: &'i Context, gathered: &Gathered) -> Result<Input<'i>, Fail> {
        let arches = self.arches.iter().map(|arch| ArchInput {
            arch: arch.name,
            accepted: arch.accepted.iter().map(candidate).collect(),
            second: arch.second.iter().map(candidate).collect(),
            references: arch
                .references
                .iter()
                .map(|reference| (reference.name.as_str(), &reference.packages[..]))
                .collect(),
            bootstrap: &arch.bootstrap,
        });
        Ok(Input {
            arches: arches.collect(),
            rules: rules(context, gathered)?,
            multilib: context.definition.compose.multilib.as_ref(),
            exclude: &context.definition.compose.exclude,
        })
    }
}

fn candidate<'a>((accepted, package, source): &'a One<'a>) -> Candidate<'a> {
    Candidate { accepted, package, source }
}

/// What was accepted, and of the same builds debugging data and sources.
fn with_companions<'a>(
    packages: &'a [Judged],
    sources: impl IntoIterator<Item = (&'a str, &'a Package)>,
) -> Vec<One<'a>> {
    let mut of_source: BTreeMap<&str, &Accepted> = BTreeMap::new();
    let mut all = Vec::new();
    for judged in packages {
        if let Some(accepted) = &judged.accepted {
            of_source.entry(&judged.source).or_insert(accepted);
            all.push((accepted.clone(), &judged.package, judged.source.as_str()));
        }
    }
    let debug = packages.iter().filter(|judged| matches!(judged.standing, Standing::Debug));
    let debug = debug.map(|judged| (judged.source.as_str(), &judged.package));
    for (source, package) in debug.chain(sources) {
        if let Some(accepted) = of_source.get(source) {
            all.push((Accepted::companion(package, accepted), package, source));
        }
    }
    all
}

/// Packages of the second architecture. One that the reference does not have is accepted for the sake of the first
/// architecture's packages of the same source; the rules for multilib say whether it is taken.
fn second_of<'a>(judged: &'a [Judged], first: &[One<'a>]) -> Vec<One<'a>> {
    let of_source: BTreeMap<&str, &Accepted> =
        first.iter().map(|(accepted, _, source)| (*source, accepted)).collect();
    let mut all = with_companions(judged, []);
    for judged in judged.iter().filter(|judged| matches!(judged.standing, Standing::Extra)) {
        if let Some(accepted) = of_source.get(judged.source.as_str()) {
            let companion = Accepted::companion(&judged.package, accepted);
            all.push((companion, &judged.package, judged.source.as_str()));
        }
    }
    all
}

/// What another machine has built. What no reference has, and none of our sources made, it inherited as we do.
fn elsewhere<'a>(other: &'a Elsewhere, judged: &'a [Judged]) -> Arch<'a> {
    let sources = other.results.packages.iter().filter(|package| package.nevra.arch() == "src");
    let extra = judged.iter().filter(|judged| matches!(judged.standing, Standing::Extra));
    let made: BTreeSet<_> =
        judged.iter().filter(|judged| judged.accepted.is_some()).map(|judged| &judged.source).collect();
    Arch {
        name: &other.arch,
        accepted: with_companions(judged, sources.map(|package| (package.nevra.name(), package))),
        second: Vec::new(),
        references: &other.references,
        bootstrap: extra
            .filter(|judged| !made.contains(&judged.source))
            .map(|judged| judged.package.clone())
            .collect(),
    }
}

fn rules<'a>(context: &'a Context, gathered: &Gathered) -> Result<Vec<Rule<'a>>, Fail> {
    let all = &context.definition.repositories;
    for (name, rule) in all {
        let fault = |message: String, hint: String| Err(Fail::new(Exit::Definition, message).hint(hint));
        let unknown = rule.like.as_ref().filter(|like| reference(&gathered.references, like).is_none());
        if let Some(like) = unknown {
            return fault(
                format!("repositories.{name} is like `{like}`, which is no reference"),
                format!("add [reference.{like}], or name another"),
            );
        }
        let needs = rule.needs.iter().flatten().find(|need| !all.contains_key(*need));
        if let Some(need) = needs {
            return fault(
                format!("repositories.{name} needs `{need}`, which is no repository"),
                format!("add [repositories.{need}], or name another"),
            );
        }
    }
    Ok(all.iter().map(|(name, rule)| Rule { name, rule }).collect())
}

fn reference<'a>(references: &'a [Foreign], name: &str) -> Option<&'a Foreign> {
    references.iter().find(|reference| reference.name == name)
}

/// By repository and architecture: by kind in repomd.xml, the objects that hold it.
type Extras = BTreeMap<(String, String), BTreeMap<String, Digest>>;

/// What the repositories have beside packages: the definition's own files, else the reference's.
pub(super) fn extras(
    context: &Context,
    gathered: &Gathered,
    advisories: &Advisories,
) -> Result<Extras, Fail> {
    let mut all = BTreeMap::new();
    let arches = [(context.arch(), &gathered.references[..])]
        .into_iter()
        .chain(gathered.other_arches().map(|other| (other.arch.as_str(), &other.references[..])));
    for (arch, references) in arches {
        let offered = accounting::offered(context, advisories, arch)?;
        let offered = offered.map(|text| context.store.put(text.as_bytes())).transpose()?;
        for (name, rule) in &context.definition.repositories {
            let like = rule.like.as_ref().and_then(|like| reference(references, like));
            let mut extras = like.map(|like| like.state.extras.clone()).unwrap_or_default();
            if let Some(offered) = offered {
                extras.insert("updateinfo".to_owned(), offered);
            }
            for (kind, file) in
                [("group", &rule.comps), ("modules", &rule.modules), ("productid", &rule.productid)]
            {
                if let Some(file) = file {
                    extras.insert(kind.to_owned(), own(context, name, kind, file)?);
                }
            }
            all.insert((name.clone(), arch.to_owned()), extras);
        }
    }
    Ok(all)
}

fn own(context: &Context, repository: &str, kind: &str, file: &Path) -> Result<Digest, Fail> {
    let path = context.definition.resolve(file);
    let (digest, _) = context.store.put_file(&path).map_err(|error| {
        Fail::from(error).hint(format!("repositories.{repository} names it as its `{kind}`"))
    })?;
    Ok(digest)
}
