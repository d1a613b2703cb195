//! Compares what was rebuilt with the reference, and decides what may be signed.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_compare::{Options, Stored};
use heirloom_import::repository;
use heirloom_model::allowance::{self, AllowanceUse};
use heirloom_model::record::{Accepted, Built, Compared, Imported};
use heirloom_model::{Finding, Package, Verdict, arch};
use serde::Serialize;

use super::building::Builds;
use super::gather::{Foreign, Gathered};
use super::rollup::{self, Counted, Rollup};
use super::told::Told;
use super::{reached, work};
use crate::context::{Context, processors};
use crate::fail::Fail;
use crate::report::IdleAllowance;
use crate::ui::Progress;

/// What became of one rebuilt package.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Standing {
    /// It was compared with the reference, and keeps the promise.
    Kept(Box<Compared>),
    /// It was compared with the reference, and breaks the promise.
    Broken(Box<Compared>),
    /// The distribution's own.
    Own,
    /// Debugging data; the reference does not publish it.
    Debug,
    /// The reference has no such package.
    Extra,
}

/// One rebuilt package.
#[derive(Serialize)]
pub(crate) struct Judged {
    pub(crate) package: Package,
    pub(crate) source: String,
    /// The reference's repository that has its counterpart.
    pub(crate) repository: Option<String>,
    pub(crate) standing: Standing,
    pub(crate) accepted: Option<Accepted>,
}

impl Judged {
    pub(crate) fn compared(&self) -> Option<&Compared> {
        match &self.standing {
            Standing::Kept(compared) | Standing::Broken(compared) => Some(compared),
            Standing::Own | Standing::Debug | Standing::Extra => None,
        }
    }

    /// What it counts for; nothing, if no reference could have it.
    fn counted(&self) -> Option<Counted<'_>> {
        let verdict = match self.standing {
            Standing::Extra => Some(rollup::level(&rollup::extra(&self.package.nevra))),
            _ => self.compared().map(|compared| compared.verdict),
        };
        Some(Counted { source: &self.source, repository: self.repository.as_deref(), verdict: verdict? })
    }
}

/// All of them, and what is missing.
#[derive(Serialize)]
pub(crate) struct Judgement {
    /// The worst of everything that has a reference; none if nothing has.
    pub(crate) verdict: Option<Verdict>,
    #[serde(flatten)]
    pub(crate) rollup: Rollup,
    /// About the sets: packages that only one has.
    pub(crate) findings: Vec<Finding>,
    /// Every declared allowance that one of these findings needed.
    pub(crate) allowances: Vec<AllowanceUse>,
    pub(crate) packages: Vec<Judged>,
    /// Packages that the reference has of an imported source, and the rebuild has not.
    pub(crate) missing: Vec<String>,
    /// Allowances that should be looked at again.
    pub(crate) idle_allowances: Vec<IdleAllowance>,
    /// What other machines have built, by architecture.
    pub(crate) elsewhere: BTreeMap<String, Vec<Judged>>,
    /// Source packages of what was built, with the name of each.
    #[serde(skip)]
    pub(crate) sources: Vec<(String, Package)>,
    pub(crate) seconds: f64,
}

impl Judgement {
    /// Number of packages with a verdict, by verdict.
    pub(crate) fn verdicts(&self) -> BTreeMap<Verdict, usize> {
        let mut counts = BTreeMap::new();
        for compared in self.packages.iter().filter_map(Judged::compared) {
            *counts.entry(compared.verdict).or_default() += 1;
        }
        counts
    }

    /// Number of packages that are the same as the reference's, and of those that are not.
    pub(crate) fn identical_and_different(&self) -> (usize, usize) {
        let verdicts = self.verdicts();
        let identical =
            verdicts.iter().filter(|(verdict, _)| verdict.is_identical()).map(|(_, count)| count).sum();
        (identical, verdicts.values().sum::<usize>() - identical)
    }

    /// Packages that may not be signed though users would expect them.
    pub(crate) fn refused(&self) -> impl Iterator<Item = &Judged> {
        let refused = |judged: &&Judged| matches!(judged.standing, Standing::Broken(_) | Standing::Extra);
        // What another machine has beyond the reference is not composed, or inherited.
        let elsewhere = self.elsewhere.values().flatten();
        let elsewhere = elsewhere.filter(|judged| matches!(judged.standing, Standing::Broken(_)));
        self.packages.iter().filter(refused).chain(elsewhere)
    }
}

/// Compares all packages of the final builds; what was compared before costs nothing.
pub(crate) fn compare(context: &Context, gathered: &Gathered, builds: &Builds) -> Result<Judgement, Fail> {
    let builds: Vec<(&Built, &Imported)> = final_builds(builds)
        .filter_map(|(name, built)| {
            Some((built, gathered.sources.iter().find(|source| source.name == *name)?))
        })
        .collect();
    let told = Told::new(context, &gathered.references, builds.iter().copied())?;
    let all: Vec<(&Package, &Imported)> = builds
        .iter()
        .flat_map(|(built, source)| built.packages.iter().map(move |package| (package, *source)))
        .collect();
    let progress = Progress::new("compare", all.len());
    let packages = work::each(&all, processors(), |(package, source)| {
        let judged = judge(context, &told, package, (&source.name, source.own));
        progress.tick(package.nevra.name());
        judged
    })?;
    let mut judgement = summed_up(packages, &expected(gathered, &builds), &told.options);
    judgement.elsewhere = elsewhere(context, gathered)?;
    reached::compared(context, builds.iter().map(|(built, _)| built.action))?;
    judgement.sources =
        builds.iter().map(|(built, source)| (source.name.clone(), built.source.clone())).collect();
    let verdicts: Vec<_> =
        judgement.verdicts().iter().map(|(verdict, count)| format!("{count} {verdict}")).collect();
    judgement.seconds = progress.end(&match verdicts.is_empty() {
        true => "nothing to compare with".to_owned(),
        false => verdicts.join(", "),
    });
    Ok(judgement)
}

/// What other machines have built, held against the references of its architecture.
fn elsewhere(context: &Context, gathered: &Gathered) -> Result<BTreeMap<String, Vec<Judged>>, Fail> {
    let own: BTreeSet<_> =
        gathered.sources.iter().filter(|source| source.own).map(|source| source.name.as_str()).collect();
    let mut judged = BTreeMap::new();
    for other in &gathered.elsewhere {
        let told = Told::new(context, &other.references, [])?;
        let binaries: Vec<_> =
            other.results.packages.iter().filter(|package| package.nevra.arch() != "src").collect();
        let progress = Progress::new("compare", binaries.len());
        let packages = work::each(&binaries, processors(), |package| {
            repository::fetch_package(&context.store, &other.results.state.location, package)?;
            let source = package.source_name().unwrap_or_default();
            let judged = judge(context, &told, package, (source, own.contains(source)));
            progress.tick(package.nevra.name());
            judged
        })?;
        progress.end(&format!("{} packages of {}", packages.len(), other.arch));
        judged.insert(other.arch.clone(), packages);
    }
    Ok(judged)
}

/// What all packages come to, and those that the rebuild may lack.
fn summed_up(packages: Vec<Judged>, of_reference: &[Expected<'_>], options: &Options) -> Judgement {
    let there: BTreeSet<_> =
        packages.iter().map(|judged| (judged.package.nevra.name(), judged.package.nevra.arch())).collect();
    let gone = of_reference
        .iter()
        .filter(|(_, package, _)| !there.contains(&(package.nevra.name(), package.nevra.arch())));
    let mut counted: Vec<_> = packages.iter().filter_map(Judged::counted).collect();
    let extra = packages.iter().filter(|judged| matches!(judged.standing, Standing::Extra));
    let mut findings: Vec<_> = extra.map(|judged| rollup::extra(&judged.package.nevra)).collect();
    let (mut allowances, mut missing) = (Vec::new(), Vec::new());
    for (repository, package, source) in gone {
        let nevra = &package.nevra;
        let (found, used) =
            allowance::apply(vec![rollup::missing(nevra)], nevra.name(), &options.allowances, options.today);
        if used.is_empty() {
            missing.push(nevra.to_string());
        }
        let verdict = Verdict::worst(found.iter().map(rollup::level));
        counted.push(Counted { source, repository: Some(&repository.state.name), verdict });
        findings.extend(found);
        allowances.extend(used);
    }
    let rollup = Rollup::of(counted);
    let compared = packages.iter().filter_map(Judged::compared);
    let uses = compared.map(|compared| (compared.nevra.name(), &*compared.allowances));
    let uses = uses.chain(rollup::uses(&allowances));
    let idle = allowance::unused_or_expired(&options.allowances, uses, options.today);
    Judgement {
        verdict: rollup.verdict(),
        rollup,
        findings,
        missing,
        idle_allowances: idle.into_iter().map(IdleAllowance::from).collect(),
        allowances,
        packages,
        elsewhere: BTreeMap::new(),
        sources: Vec::new(),
        seconds: 0.0,
    }
}

/// The results that count: the last build of each source.
fn final_builds(builds: &Builds) -> impl Iterator<Item = (&String, &Built)> {
    builds.built.iter().filter(|(step, _)| !step.contains(':'))
}

fn judge(
    context: &Context,
    told: &Told<'_>,
    package: &Package,
    (source, own): (&str, bool),
) -> Result<Judged, Fail> {
    let counterpart = counterpart(told.references, package);
    let repository = counterpart.map(|(repository, _)| repository.state.name.clone()).filter(|_| !own);
    let judged = |standing, accepted: Option<Accepted>| -> Result<Judged, Fail> {
        if let Some(accepted) = &accepted {
            context.store.append(accepted)?;
        }
        Ok(Judged { package: package.clone(), source: source.to_owned(), repository, standing, accepted })
    };
    if own {
        return judged(Standing::Own, Some(Accepted::own(package)));
    }
    let Some((repository, reference)) = counterpart else {
        return judged(if package.is_debug() { Standing::Debug } else { Standing::Extra }, None);
    };
    let compared = compare_pair(context, told, (repository, reference), (source, package))?;
    match Accepted::compared(&compared, context.definition.distribution.promise) {
        Ok(accepted) => judged(Standing::Kept(Box::new(compared)), Some(accepted)),
        Err(_) => judged(Standing::Broken(Box::new(compared)), None),
    }
}

/// The reference's package of this name and architecture: of the same EVR if it has one, else its newest.
fn counterpart<'a>(references: &'a [Foreign], package: &Package) -> Option<(&'a Foreign, &'a Package)> {
    let of = |package: &'a Package| (package.nevra.name(), arch::family(package.nevra.arch()));
    let this = (package.nevra.name(), arch::family(package.nevra.arch()));
    let same = |other: &&'a Package| of(other) == this;
    references
        .iter()
        .flat_map(|repository| repository.packages.iter().map(move |package| (repository, package)))
        .filter(|(_, other)| same(other))
        .max_by(|(_, a), (_, b)| {
            let equal = |other: &Package| other.nevra.evr() == package.nevra.evr();
            equal(a).cmp(&equal(b)).then_with(|| heirloom_formats::evr::compare(a.nevra.evr(), b.nevra.evr()))
        })
}

fn compare_pair(
    context: &Context,
    told: &Told<'_>,
    (repository, reference): (&Foreign, &Package),
    (source, package): (&str, &Package),
) -> Result<Compared, Fail> {
    let digest = Some(told.digest(source));
    let key = Compared::key_of(package.digest, reference.digest, heirloom_compare::RULES, digest);
    if let Some(known) = context.store.get::<Compared>(&key)? {
        return Ok(known);
    }
    repository::fetch_package(&context.store, &repository.state.location, reference)?;
    let (theirs, ours) = (context.store.path(reference.digest), context.store.path(package.digest));
    let compared = heirloom_compare::compare_stored(
        Stored { path: &theirs, digest: reference.digest },
        Stored { path: &ours, digest: package.digest },
        &told.options(source, &context.store)?,
    )?;
    let compared = Compared { told: digest, ..compared };
    context.store.append(&compared)?;
    Ok(compared)
}

/// A package of the reference with its repository and the name of its source.
type Expected<'a> = (&'a Foreign, &'a Package, &'a str);

/// What the reference has of the sources that were built.
fn expected<'a>(gathered: &'a Gathered, builds: &[(&Built, &Imported)]) -> Vec<Expected<'a>> {
    let built: BTreeSet<&str> = builds.iter().map(|(_, source)| source.name.as_str()).collect();
    let of_references = gathered.references.iter();
    of_references
        .flat_map(|repository| repository.packages.iter().map(move |package| (repository, package)))
        .filter_map(|(repository, package)| Some((repository, package, package.source_name()?)))
        .filter(|(_, _, source)| built.contains(source))
        .collect()
}

#[cfg(test)]
mod tests {
    use heirloom_model::record::RepositoryRole;
    use heirloom_model::{Digest, Severity};

    use super::*;
    use heirloom_model::record::RepositoryState;

    fn package(nevra: &str) -> Package {
        let none = serde_json::json!([]);
        serde_json::from_value(serde_json::json!({
            "nevra": nevra, "digest": Digest::of(nevra.as_bytes()), "size": 1, "provides": none, "requires": none,
            "conflicts": none, "obsoletes": none, "recommends": none, "suggests": none, "supplements": none,
            "enhances": none, "files": none,
        }))
        .unwrap()
    }

    fn judged(nevra: &str, repository: Option<&str>, standing: Standing) -> Judged {
        let repository = repository.map(str::to_owned);
        Judged { package: package(nevra), source: "zlib".to_owned(), repository, standing, accepted: None }
    }

    #[test]
    fn a_judgement_is_added_up_and_a_missing_package_can_be_allowed() {
        let digest = Digest::of(b"x");
        let state = RepositoryState {
            role: RepositoryRole::Reference,
            name: "CRB".to_owned(),
            location: String::new(),
            repomd: digest,
            signed_by: String::new(),
            packages: digest,
            extras: BTreeMap::new(),
        };
        let foreign = Foreign { name: "CRB".to_owned(), state, packages: Vec::new() };
        let compared = Compared {
            nevra: "zlib-1-1.noarch".parse().unwrap(),
            package: digest,
            reference: digest,
            reference_nevra: "zlib-1-1.noarch".parse().unwrap(),
            rules: 1,
            verdict: Verdict::Identical,
            evidence: None,
            findings: Vec::new(),
            normalisations: Vec::new(),
            allowances: Vec::new(),
            told: None,
        };
        let judge = |allowances: Vec<allowance::Allowance>| {
            let packages = vec![
                judged("zlib-1-1.noarch", Some("BaseOS"), Standing::Kept(Box::new(compared.clone()))),
                judged("zlib-debuginfo-1-1.noarch", None, Standing::Debug),
                judged("kestrel-release-1-1.noarch", None, Standing::Own),
            ];
            let (there, gone) = (package("zlib-1-1.noarch"), package("zlib-devel-1-1.noarch"));
            let expected = [(&foreign, &there, "zlib"), (&foreign, &gone, "zlib")];
            summed_up(packages, &expected, &Options { allowances, ..Options::default() })
        };
        let judgement = judge(Vec::new());
        assert_eq!(judgement.verdict, Some(Verdict::Incompatible));
        assert_eq!(judgement.missing, ["zlib-devel-1-1.noarch"]);
        assert_eq!(judgement.findings[0].severity, Severity::Incompatible);
        let levels: Vec<_> = judgement.rollup.repositories.into_iter().collect();
        let crb = |level| [("BaseOS".to_owned(), Verdict::Identical), ("CRB".to_owned(), level)];
        assert_eq!(levels, crb(Verdict::Incompatible));

        let allowance = allowance::Allowance {
            rule: rollup::MISSING.to_owned(),
            package: "zlib-devel".to_owned(),
            path: "*".to_owned(),
            reason: "no".to_owned(),
            expires: allowance::Date::default(),
        };
        let judgement = judge(vec![allowance]);
        assert_eq!((judgement.verdict, judgement.missing.len()), (Some(Verdict::Identical), 0));
        assert!(judgement.idle_allowances.is_empty());
        assert_eq!(judgement.rollup.repositories.into_iter().collect::<Vec<_>>(), crb(Verdict::Identical));
    }
}
