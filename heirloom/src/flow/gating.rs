//! Puts a composed tree before the gate: what it is, what was published before, and what the reference has.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_compose::gate::{
    self, Advisories, Files, GateInput, GateReference, GateRepository, GateSnapshot, Grounds, KnownPackage,
    Marked, SnapshotRepository,
};
use heirloom_compose::{ComposePlan, Place, Seen};
use heirloom_formats::Document;
use heirloom_formats::openpgp::Keyring;
use heirloom_formats::updateinfo::{self, Advisory};
use heirloom_model::gate::{GateReport, Waiver};
use heirloom_model::lifecycle::Major;
use heirloom_model::record::{Accepted, ComposedPackage, Signed, Snapshot};
use heirloom_model::{Digest, Nevra, Package};

use super::gather::{Foreign, Gathered};
use super::scanning::Subject;
use super::waiving::{self, Of};
use super::{lifecycle, releasing, told};
use crate::context::{Context, now, processors};
use crate::fail::{Exit, Fail};
use crate::ui::Progress;

/// A compose before the gate.
pub(crate) struct Judged<'a> {
    /// Digest of everything that went in.
    pub(crate) id: Digest,
    pub(crate) plan: &'a ComposePlan,
    pub(crate) signed: &'a [Signed],
    pub(crate) seen: &'a Seen,
    /// What is known of accepted packages, by digest.
    pub(crate) packages: &'a BTreeMap<Digest, &'a Package>,
    /// What was scanned for another company's marks, if the definition asks for that.
    pub(crate) scanned: Option<&'a [Subject]>,
    /// Ids of advisories that were withdrawn.
    pub(crate) withdrawn: &'a BTreeSet<String>,
}

/// Asks every rule about it.
pub(crate) fn ask(context: &Context, gathered: &Gathered, judged: &Judged<'_>) -> Result<GateReport, Fail> {
    let progress = Progress::new("gate", 0);
    let earlier = Earlier::than(context, judged.id)?;
    let waivers = waiving::declared(context, Of::Gate)?;
    let dist = told::dist_map(context)?;
    let life = lifecycle::declared(&context.definition)?;
    let major = life.as_ref().map(|life| lifecycle::of_definition(life, &context.definition)).transpose()?;
    let key = key(context, gathered, judged.id, &earlier, &waivers, major)?;
    if let Some(report) = known(context, key) {
        progress.end("as it was judged before");
        return Ok(report);
    }
    let repositories = repositories(judged);
    let of_references = references(gathered);
    let reference_advisories = advisories_of_references(context, gathered)?;
    let present = earlier.advisories(context)?;
    let keyring = Keyring::from_armoured(context.key()?.public_armoured()?.as_bytes())?;
    let accepted: Vec<Accepted> =
        judged.plan.placements.iter().map(|placement| placement.accepted.clone()).collect();
    let names: Vec<Nevra> = nevras(judged.scanned.unwrap_or_default())?;
    let marks: Vec<_> = names
        .iter()
        .zip(judged.scanned.unwrap_or_default())
        .map(|(nevra, subject)| Marked { nevra, findings: &subject.findings })
        .collect();
    let input = GateInput {
        repositories: repositories
            .iter()
            .map(|(place, packages)| GateRepository {
                name: &place.name,
                kind: place.kind,
                arch: &place.arch,
                needs: context
                    .definition
                    .repositories
                    .get(&place.name)
                    .and_then(|rule| rule.needs.as_deref()),
                packages,
                files: Files::Store,
                has_modules: judged.seen.modules.contains_key(*place),
            })
            .collect(),
        snapshots: earlier.snapshots(),
        references: of_references
            .iter()
            .map(|(name, arch, packages)| GateReference { name, arch, packages })
            .collect(),
        dist: &dist,
        keyring: Some(&keyring),
        store: Some(&context.store),
        modular: Some(&judged.seen.modular),
        advisories: Some(Advisories {
            reference: (!gathered.references.is_empty()).then_some(&reference_advisories),
            ours: &judged.seen.advisories,
            present: earlier.present.as_ref().map(|_| &present[..]),
            withdrawn: Some(judged.withdrawn),
        }),
        marks: judged.scanned.is_some().then_some(&marks),
        grounds: Some(Grounds { promise: context.definition.distribution.promise, accepted: &accepted }),
        lifecycle: major,
        waivers: &waivers,
        today: told::today(),
        jobs: processors(),
    };
    let report = gate::ask(&input)?;
    let asked = report.rules.iter().filter(|rule| rule.looked_at > 0).count();
    progress.end(&format!("{asked} of {} rules asked", report.rules.len()));
    context.store.derive(REPORT, [(key, &serde_json::to_vec(&report)?[..])]);
    Ok(report)
}

/// Changes when rules judge otherwise.
const REPORT: &str = "gate/2";

/// What the gate said of the very same before.
fn known(context: &Context, key: Digest) -> Option<GateReport> {
    serde_json::from_slice(&context.store.derived(REPORT, key)?).ok()
}

/// The digest of all that its report depends on: everything that went in, and what it is held against.
fn key(
    context: &Context,
    gathered: &Gathered,
    id: Digest,
    earlier: &Earlier,
    waivers: &[Waiver],
    major: Option<&Major>,
) -> Result<Digest, Fail> {
    let definition = &context.definition;
    let needs: Vec<_> = definition.repositories.iter().map(|(name, rule)| (name, &rule.needs)).collect();
    let references: Vec<_> = gathered.foreign().map(|foreign| foreign.state.repomd).collect();
    let sources: Vec<_> = gathered.sources.iter().map(|source| &source.name).collect();
    let snapshots: Vec<_> = earlier.snapshots.iter().map(|snapshot| &snapshot.name).collect();
    let waivers: Vec<_> = waivers.iter().map(|waiver| format!("{waiver:?}")).collect();
    let (promise, today) = (definition.distribution.promise, told::today());
    let own = (id, needs, waivers, &definition.compare.dist_map, promise, today, major);
    let others = (references, sources, snapshots, &earlier.present);
    Ok(Digest::of(&serde_json::to_vec(&(own, others))?))
}

fn nevras(subjects: &[Subject]) -> Result<Vec<Nevra>, Fail> {
    let parse = |subject: &Subject| subject.name.parse().map_err(|error| Fail::new(Exit::Failed, error));
    subjects.iter().map(parse).collect()
}

/// What clients would see: the accepted packages' metadata with the digests of the signed files.
fn repositories<'a>(judged: &Judged<'a>) -> Vec<(&'a Place, Vec<Package>)> {
    let signed: BTreeMap<_, _> = judged.signed.iter().map(|signed| (signed.package, signed)).collect();
    let of = |place: &'a Place| {
        let package = |accepted: &Accepted| {
            let signed = signed.get(&accepted.digest())?;
            let package = *judged.packages.get(&accepted.digest())?;
            Some(Package { digest: signed.signed, size: signed.size, ..package.clone() })
        };
        let placements = judged.plan.repository(place);
        placements.filter_map(|placement| package(&placement.accepted)).collect()
    };
    judged.plan.repositories.iter().map(|place| (place, of(place))).collect()
}

/// Packages of the reference, as far as their sources are rebuilt: what was left out on purpose misses nobody.
fn references(gathered: &Gathered) -> Vec<(String, String, Vec<Package>)> {
    let sources: BTreeSet<_> = gathered.sources.iter().map(|source| source.name.as_str()).collect();
    let rebuilt = |reference: &Foreign| -> Vec<Package> {
        let is_ours = |package: &&Package| {
            let source = package.source_name();
            source.is_some_and(|source| sources.contains(source)) && !package.is_debug()
        };
        reference.packages.iter().filter(is_ours).cloned().collect()
    };
    let first = gathered.references.iter().map(|reference| (gathered.arch.as_str(), reference));
    let others =
        gathered.other_arches().flat_map(|other| other.references.iter().map(|it| (other.arch.as_str(), it)));
    let all = first.chain(others);
    all.map(|(arch, reference)| (reference.name.clone(), arch.to_owned(), rebuilt(reference))).collect()
}

fn advisories_of_references(context: &Context, gathered: &Gathered) -> Result<Vec<Advisory>, Fail> {
    let elsewhere = gathered.elsewhere.iter().flat_map(|other| &other.references);
    let mut digests = BTreeMap::new();
    for reference in gathered.references.iter().chain(elsewhere) {
        if let Some(digest) = reference.state.extras.get("updateinfo") {
            digests.insert(*digest, &reference.state.location);
        }
    }
    let mut advisories = Vec::new();
    for (digest, location) in digests {
        let bytes = context.store.read(digest)?;
        advisories.extend(updateinfo::parse(Document::new(location, &bytes))?);
    }
    Ok(advisories)
}

/// Snapshots that machines may have installed from.
struct Earlier {
    snapshots: Vec<Snapshot>,
    /// Lists of packages, which snapshots share as long as a repository does not change.
    contents: BTreeMap<Digest, Vec<ComposedPackage>>,
    /// Name of the one that this compose takes the place of.
    present: Option<String>,
}

impl Earlier {
    /// All but those of this very tree.
    fn than(context: &Context, id: Digest) -> Result<Self, Fail> {
        let site = releasing::site(context)?;
        let kept = site.kept(now())?;
        let snapshots: Vec<_> =
            kept.into_iter().map(|kept| kept.snapshot).filter(|it| it.composed.id != id).collect();
        let channel = site.usual().into_iter().next();
        let present = channel.map(|channel| site.current(&channel)).transpose()?.flatten();
        let present = present.and_then(|current| current.record).map(|record| record.snapshot);
        let present = present.filter(|name| snapshots.iter().any(|snapshot| snapshot.name == *name));
        let mut contents = BTreeMap::new();
        for repository in snapshots.iter().flat_map(|snapshot| &snapshot.composed.repositories) {
            if let std::collections::btree_map::Entry::Vacant(entry) = contents.entry(repository.contents) {
                entry.insert(serde_json::from_slice(&context.store.read(repository.contents)?)?);
            }
        }
        Ok(Self { snapshots, contents, present })
    }

    fn snapshots(&self) -> Vec<GateSnapshot<'_>> {
        self.snapshots
            .iter()
            .map(|snapshot| GateSnapshot {
                name: &snapshot.name,
                is_present: self.present.as_ref() == Some(&snapshot.name),
                repositories: self.repositories(snapshot),
            })
            .collect()
    }

    fn repositories<'s>(&'s self, snapshot: &'s Snapshot) -> Vec<SnapshotRepository<'s>> {
        let known = |contents: &Digest| {
            let packages = self.contents.get(contents).into_iter().flatten();
            packages.map(|package| KnownPackage { nevra: &package.nevra, digest: package.signed }).collect()
        };
        let repositories = snapshot.composed.repositories.iter();
        repositories
            .map(|repository| SnapshotRepository {
                name: &repository.name,
                kind: repository.kind,
                arch: &repository.arch,
                packages: known(&repository.contents),
            })
            .collect()
    }

    /// Advisories of the present snapshot.
    fn advisories(&self, context: &Context) -> Result<Vec<Advisory>, Fail> {
        let present = self.snapshots.iter().find(|snapshot| Some(&snapshot.name) == self.present.as_ref());
        let Some(present) = present else { return Ok(Vec::new()) };
        let tree = releasing::site(context)?.tree(present)?;
        let mut advisories = Vec::new();
        for file in tree.files.iter().filter(|file| file.path.contains("-updateinfo.xml")) {
            let bytes = context.store.read(file.digest)?;
            advisories.extend(updateinfo::parse(Document::new(&file.path, &bytes))?);
        }
        Ok(advisories)
    }
}
