//! What the ledger knows of upstream's packages here.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use heirloom_errata::{Claim, Ground, NotApplicable, Published, Source, Stage};
use heirloom_formats::rpm_file::Header;
use heirloom_model::advisory::CveId;
use heirloom_model::record::{
    Accepted, Arrival, Built, Compared, ComposedPackage, Debranded, Evaluated, Imported, Plan, Ran, Snapshot,
};
use heirloom_model::stream::StreamId;
use heirloom_model::{Digest, Evr, Nevra, Package};

use crate::context::{Context, processors};
use crate::fail::{Exit, Fail};
use crate::flow::{releasing, told};

/// What machines have that follow the usual channel, and what the published source packages say.
pub(super) fn published(context: &Context) -> Result<(Ground, Vec<Claim>), Fail> {
    let mut ground = known(context)?;
    let site = releasing::site(context)?;
    let channel = site.usual().into_iter().next();
    let current = channel.map(|channel| site.current(&channel)).transpose()?.flatten();
    let snapshot = match current.and_then(|current| current.record) {
        Some(record) => Some(site.find(&record.snapshot)?),
        None => None,
    };
    let Some(snapshot) = snapshot else { return Ok((ground, Vec::new())) };
    let packages = composed(context, &snapshot)?;
    let claims = publish(context, &mut ground, &packages)?;
    Ok((ground, claims))
}

/// The packages of a snapshot, each once.
fn composed(context: &Context, snapshot: &Snapshot) -> Result<Vec<ComposedPackage>, Fail> {
    let mut all = BTreeMap::new();
    for repository in &snapshot.composed.repositories {
        let packages: Vec<ComposedPackage> =
            serde_json::from_slice(&context.store.read(repository.contents)?)?;
        for package in packages {
            all.entry((package.nevra.clone(), package.signed)).or_insert(package);
        }
    }
    Ok(all.into_values().collect())
}

/// Adds published packages to the ground, and reads what the newest changelog entries of their sources say.
fn publish(context: &Context, ground: &mut Ground, packages: &[ComposedPackage]) -> Result<Vec<Claim>, Fail> {
    let builds = context.store.all::<Built>()?;
    let of_build = builds.iter().flat_map(|built| built.packages.iter().map(move |one| (one.digest, built)));
    let of_build: BTreeMap<Digest, &Built> = of_build.collect();
    let binaries: Vec<_> = packages.iter().filter(|package| package.nevra.arch() != "src").collect();
    let digests: Vec<_> = binaries.iter().map(|package| package.signed).collect();
    let labels = heirloom_compose::labels(&context.store, &digests, processors())?;
    let mut made: BTreeMap<&Nevra, BTreeSet<String>> = BTreeMap::new();
    for (package, label) in binaries.iter().zip(labels) {
        ground.arches.insert(package.nevra.arch().to_owned());
        let built = of_build.get(&package.accepted);
        if let Some(built) = built {
            made.entry(&built.nevra).or_default().insert(package.nevra.name().to_owned());
        }
        ground.publish([Published {
            nevra: package.nevra.clone(),
            module: StreamId::parse(&label),
            source: built.map(|built| built.nevra.clone()),
        }]);
    }
    ground.arches.insert("noarch".to_owned());
    let mut claims = Vec::new();
    for package in packages.iter().filter(|package| package.nevra.arch() == "src") {
        let Some(packages) = made.remove(&package.nevra) else { continue };
        let header = Header::open(&context.store.path(package.signed))
            .map_err(|error| Fail::new(Exit::Failed, error))?;
        let cves = header.changelog.first().map(|entry| CveId::all_in(&entry.text)).unwrap_or_default();
        if !cves.is_empty() {
            claims.push(Claim { source: package.nevra.clone(), cves, packages });
        }
    }
    Ok(claims)
}

/// What is known without what is published.
fn known(context: &Context) -> Result<Ground, Fail> {
    let definition = &context.definition;
    let version = &definition.distribution.version;
    let not_applicable = definition.errata.not_applicable.iter();
    let mut ground = Ground {
        major: version.split('.').next().unwrap_or(version).to_owned(),
        arches: BTreeSet::from(["noarch".to_owned(), context.arch().to_owned()]),
        dist: told::dist_map(context)?,
        not_applicable: not_applicable
            .map(|(advisory, why)| NotApplicable { advisory: advisory.clone(), why: why.clone() })
            .collect(),
        ..Ground::default()
    };
    for entry in context.store.history::<Compared>()? {
        ground.renamed.insert(entry.record.reference_nevra, entry.record.nevra);
    }
    for state in super::references(context)? {
        let packages: Vec<Package> = serde_json::from_slice(&context.store.read(state.packages)?)?;
        for package in packages {
            ground.offered.insert(package.nevra.name().to_owned());
            ground.origins.insert(package.nevra, package.source_rpm);
        }
    }
    for source in sources(context)? {
        ground.sources.entry(source.name.clone()).or_default().push(source);
    }
    Ok(ground)
}

/// What the ledger has of builds and what became of them.
struct Results {
    ran: HashMap<String, Ran>,
    built: HashMap<Digest, Built>,
    accepted: BTreeSet<Digest>,
    compared: HashMap<Digest, Compared>,
    evaluated: HashMap<Digest, Evaluated>,
    debranded: HashMap<Digest, Imported>,
}

impl Results {
    fn load(context: &Context) -> Result<Self, Fail> {
        let store = &context.store;
        let compared = store.history::<Compared>()?.into_iter();
        let evaluated = store.history::<Evaluated>()?.into_iter();
        Ok(Self {
            ran: store.all::<Ran>()?.into_iter().map(|ran| (ran.step.clone(), ran)).collect(),
            built: store.all::<Built>()?.into_iter().map(|built| (built.action, built)).collect(),
            accepted: store.all::<Accepted>()?.iter().map(Accepted::digest).collect(),
            compared: compared.map(|entry| (entry.record.package, entry.record)).collect(),
            evaluated: evaluated.map(|entry| (entry.record.source, entry.record)).collect(),
            debranded: store.all::<Debranded>()?.into_iter().map(|one| (one.source, one.result)).collect(),
        })
    }

    /// How far a source package came, its version as far as it is known, and what it makes.
    fn stage(&self, imported: &Imported) -> (Stage, Option<Evr>, BTreeSet<String>) {
        let digest = imported.digest();
        let source = self.debranded.get(&digest).map_or(digest, Imported::digest);
        let evaluated = self.evaluated.get(&source);
        let own = evaluated.map(|evaluated| &evaluated.nevra);
        let seen = imported.nevra.as_ref().or(own).map(|nevra| nevra.evr().clone());
        let mut makes: BTreeSet<String> = evaluated
            .iter()
            .flat_map(|evaluated| &evaluated.binaries)
            .map(|binary| binary.nevra.name().to_owned())
            .collect();
        if let Some(why) = evaluated.and_then(|evaluated| evaluated.excluded.clone()) {
            return (Stage::Excluded(why), seen, makes);
        }
        let ran = self.ran.get(&imported.name);
        if let Some(failed) = ran.and_then(|ran| ran.failed.as_ref()) {
            let first = failed.message.lines().next().unwrap_or_default().to_owned();
            return (Stage::Failed(first), seen, makes);
        }
        let built = ran.and_then(|ran| ran.action).and_then(|action| self.built.get(&action));
        // What was built of an earlier source is no result of this one.
        let built = built.filter(|built| own.is_none_or(|own| *own == built.nevra));
        let Some(built) = built else { return (Stage::Imported, seen, makes) };
        makes.extend(built.packages.iter().map(|package| package.nevra.name().to_owned()));
        let seen = seen.or_else(|| Some(built.nevra.evr().clone()));
        if built.packages.iter().any(|package| self.accepted.contains(&package.digest)) {
            return (Stage::Accepted, seen, makes);
        }
        let mut judged = built.packages.iter().filter_map(|package| self.compared.get(&package.digest));
        match judged.next() {
            Some(one) => (Stage::Refused(format!("{} is {}", one.nevra, one.verdict)), seen, makes),
            None => (Stage::Built, seen, makes),
        }
    }
}

/// Every source package of upstream, as far as it came.
fn sources(context: &Context) -> Result<Vec<Source>, Fail> {
    let store = &context.store;
    let results = Results::load(context)?;
    let mut all = Vec::new();
    let mut known = BTreeSet::new();
    let imported: BTreeMap<String, Imported> =
        store.all::<Imported>()?.into_iter().map(|one| (one.name.clone(), one)).collect();
    let arrivals: BTreeMap<String, Arrival> =
        store.all::<Arrival>()?.into_iter().map(|one| (one.package.clone(), one)).collect();
    for name in imported.keys().chain(arrivals.keys()).collect::<BTreeSet<_>>() {
        let (plain, module) = match name.split_once('@') {
            Some((plain, stream)) => {
                let (module, stream) = stream.split_once(':').unwrap_or((stream, ""));
                (plain, Some((module.to_owned(), stream.to_owned())))
            }
            None => (name.as_str(), None),
        };
        known.insert(plain.to_owned());
        let one = imported.get(name);
        let (mut stage, mut seen, makes) = match one {
            Some(one) => results.stage(one),
            None => (Stage::Seen, None, BTreeSet::new()),
        };
        // An arrival that is newer than what is imported says what is to come.
        if let Some(arrival) = arrivals.get(name).filter(|arrival| arrival.imported.is_none()) {
            seen = arrival.nevra.as_ref().map(|nevra| nevra.evr().clone()).or(seen);
            stage = arrival.failed.clone().map_or(Stage::Seen, Stage::Unimportable);
        }
        all.push(Source { name: plain.to_owned(), module, seen, stage, makes });
    }
    let excluded = context.definition.upstream.exclude.iter().map(|one| (&one.package, &one.reason));
    let plan: Option<Plan> = store.get("plan")?;
    let left_out = plan.iter().flat_map(|plan| &plan.left_out).map(|(name, why)| (name, why));
    for (name, why) in excluded.chain(left_out) {
        all.retain(|one| one.name != *name || one.module.is_some());
        let stage = Stage::Excluded(why.clone());
        all.push(Source { name: name.clone(), module: None, seen: None, stage, makes: BTreeSet::new() });
    }
    Ok(all)
}
