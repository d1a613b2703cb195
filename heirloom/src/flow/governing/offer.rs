//! What can be proposed: what is ready, and what members want changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::BufReader;

use heirloom_compose::{MetadataToSign, Unsealed, without_signatures};
use heirloom_formats::rpm_file::Envelope;
use heirloom_govern::{
    ChannelMove, Content, Evidence, KeyChange, Kind, PackageToSign, Proposal, Retired, SigningKey,
    SnapshotToRelease, ToSign,
};
use heirloom_model::gate::GateReport;
use heirloom_model::record::{Accepted, Compared, Composed, ComposedPackage, Ground, Tree, Waiting};
use heirloom_model::statement::Statement;
use heirloom_model::{Digest, Nevra};
use heirloom_store::Store;
use serde::{Deserialize, Serialize};

use super::Governed;
use crate::context::Context;
use crate::fail::{Exit, Fail, chain};
use crate::flow::releasing;
use crate::report::plural;

/// Version of the program, which statements name.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A content with what belongs to it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Offer {
    pub(crate) content: Content,
    pub(crate) evidence: Vec<Evidence>,
}

/// Keeps that these packages wait to be signed.
pub(crate) fn packages_wait(context: &Context, key: &str, packages: &[&Accepted]) -> Result<(), Fail> {
    let store = &context.store;
    // Inherited ones have no record yet, and a promotion finds them by it.
    store.append_all(&packages.iter().map(|accepted| (*accepted).clone()).collect::<Vec<_>>())?;
    let mut list = packages.iter().map(|accepted| to_sign(store, accepted)).collect::<Result<Vec<_>, _>>()?;
    list.sort();
    let mut statements = Vec::new();
    let listed: BTreeSet<_> = list.iter().map(|one| one.package).collect();
    for compared in store.all::<Compared>()?.into_iter().filter(|it| listed.contains(&it.package)) {
        statements.push(Statement::new(&compared, VERSION));
    }
    let summary = format!("{} with the reference", plural(statements.len(), "comparison"));
    let certificates = evidence(store, "certificates", summary, &statements)?;
    let content = Content::Packages {
        key: key.to_owned(),
        count: list.len(),
        list: store.put(&serde_json::to_vec(&list)?)?,
    };
    waits(store, &Offer { content, evidence: vec![certificates] })
}

fn to_sign(store: &Store, accepted: &Accepted) -> Result<PackageToSign, Fail> {
    let path = store.path(accepted.digest());
    let failed = |error: String| Fail::new(Exit::Failed, format!("{}: {error}", accepted.nevra()));
    let file = File::open(&path).map_err(|error| failed(error.to_string()))?;
    let envelope = Envelope::read(BufReader::new(file)).map_err(|error| failed(chain(&error)))?;
    let header = envelope.digest();
    let ground = match accepted.ground() {
        Ground::Compared(verdict) => verdict.to_string(),
        Ground::Own => "own".to_owned(),
        Ground::Inherited => "inherited".to_owned(),
        Ground::Companion => "companion".to_owned(),
    };
    Ok(PackageToSign { nevra: accepted.nevra().clone(), package: accepted.digest(), header, ground })
}

/// Keeps that a composed tree waits to be released.
pub(crate) fn snapshot_waits(
    context: &Context,
    key: &str,
    unsealed: &Unsealed,
    report: &GateReport,
) -> Result<(), Fail> {
    let store = &context.store;
    let gate = format!(
        "{} findings, {} of them waived",
        report.findings.len() + report.waived.len(),
        report.waived.len()
    );
    let composed = &unsealed.composed;
    let difference = Difference::between(store, served(context)?.as_ref(), composed)?;
    let evidence = vec![
        evidence(store, "compose", format!("{} packages", composed.packages()), unsealed)?,
        evidence(store, "gate", gate, report)?,
        evidence(store, "differences", difference.to_string(), &difference)?,
    ];
    let file = |MetadataToSign { path, digest, time }: &MetadataToSign| ToSign {
        path: path.clone(),
        digest: *digest,
        time: *time,
    };
    let content = Content::Snapshot(SnapshotToRelease {
        compose: composed.id,
        tree: composed.tree,
        repositories: composed.repositories.iter().map(|it| (it.path.clone(), it.packages)).collect(),
        key: key.to_owned(),
        to_sign: unsealed.metadata.iter().map(file).collect(),
        channels: Vec::new(),
    });
    waits(store, &Offer { content, evidence })
}

/// Whether members have approved that these documents are signed: how many they have not. Then it is kept that they wait;
/// else the signer is given what they approved.
pub(crate) fn advisories_wait(
    context: &Context,
    governed: &Governed,
    key: &str,
    to_sign: Vec<ToSign>,
) -> Result<usize, Fail> {
    governed.state.signs(key).map_err(|refused| Fail::new(Exit::Promise, refused))?;
    let mut missing: BTreeSet<Digest> = to_sign.iter().map(|file| file.digest).collect();
    let mut proposals = Vec::new();
    for entry in &governed.history.entries {
        let proposal = Proposal::from_json(&entry.proposal)?;
        let Content::Advisories { key: signer, to_sign } = proposal.content else { continue };
        let before = missing.len();
        if signer == key {
            let approved: BTreeSet<Digest> = to_sign.iter().map(|file| file.digest).collect();
            missing.retain(|digest| !approved.contains(digest));
        }
        if missing.len() < before {
            proposals.push(Digest::of(entry.proposal.as_bytes()));
        }
    }
    match missing.len() {
        0 => super::site::hand_to_signer(context, governed, &proposals)?,
        _ => {
            let content = Content::Advisories { key: key.to_owned(), to_sign };
            waits(&context.store, &Offer { content, evidence: Vec::new() })?;
        }
    }
    Ok(missing.len())
}

fn evidence(store: &Store, name: &str, summary: String, value: &impl Serialize) -> Result<Evidence, Fail> {
    Ok(Evidence { name: name.to_owned(), summary, digest: store.put(&serde_json::to_vec(value)?)? })
}

fn waits(store: &Store, offer: &Offer) -> Result<(), Fail> {
    let content = store.put(&serde_json::to_vec(offer)?)?;
    Ok(store.append(&Waiting { kind: offer.content.kind().name().to_owned(), content })?)
}

/// What waits to be proposed, of this kind.
pub(crate) fn waiting(store: &Store, kind: Kind) -> Result<Option<Offer>, Fail> {
    let Some(waiting) = store.get::<Waiting>(kind.name())? else { return Ok(None) };
    Ok(Some(serde_json::from_slice(&store.read(waiting.content)?)?))
}

/// The objects of a composed tree that belongs to a proposal: nobody else may need them yet.
pub(super) fn objects(store: &Store, evidence: &[Evidence]) -> Result<Vec<Digest>, Fail> {
    let mut objects = Vec::new();
    for one in evidence.iter().filter(|one| one.name == "compose" && store.contains(one.digest)) {
        let Unsealed { composed, .. } = serde_json::from_slice(&store.read(one.digest)?)?;
        objects.push(composed.tree);
        objects.extend(composed.repositories.iter().flat_map(|it| [it.contents, it.repomd]));
        if store.contains(composed.tree) {
            let tree: Tree = serde_json::from_slice(&store.read(composed.tree)?)?;
            objects.extend(tree.files.into_iter().map(|file| file.digest));
        }
    }
    Ok(objects)
}

/// What the default channel serves.
fn served(context: &Context) -> Result<Option<Composed>, Fail> {
    let site = releasing::site(context)?;
    let usual = site.usual();
    let current = match usual.first() {
        Some(channel) => site.current(channel)?.and_then(|current| current.record),
        None => None,
    };
    Ok(match current {
        Some(channel) => Some(site.find(&channel.snapshot)?.composed),
        None => None,
    })
}

/// Packages that only one of two trees has, by repository.
#[derive(Serialize)]
struct Difference {
    added: BTreeMap<String, Vec<Nevra>>,
    removed: BTreeMap<String, Vec<Nevra>>,
}

impl Difference {
    fn between(store: &Store, before: Option<&Composed>, now: &Composed) -> Result<Self, Fail> {
        let read = |composed: &Composed| -> Result<BTreeMap<String, Vec<Nevra>>, Fail> {
            let mut all = BTreeMap::new();
            for repository in &composed.repositories {
                let packages: Vec<ComposedPackage> =
                    serde_json::from_slice(&store.read(repository.contents)?)?;
                let mut nevras: Vec<_> = packages.into_iter().map(|package| package.nevra).collect();
                nevras.sort();
                all.insert(repository.path.clone(), nevras);
            }
            Ok(all)
        };
        let before = before.map(read).transpose()?.unwrap_or_default();
        let now = read(now)?;
        Ok(Self { added: only(&now, &before), removed: only(&before, &now) })
    }
}

fn only(
    one: &BTreeMap<String, Vec<Nevra>>,
    other: &BTreeMap<String, Vec<Nevra>>,
) -> BTreeMap<String, Vec<Nevra>> {
    let in_other =
        |path: &str, nevra: &Nevra| other.get(path).is_some_and(|all| all.binary_search(nevra).is_ok());
    let rest = one.iter().map(|(path, all)| {
        (path.clone(), all.iter().filter(|nevra| !in_other(path, nevra)).cloned().collect::<Vec<_>>())
    });
    rest.filter(|(_, all)| !all.is_empty()).collect()
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let count = |all: &BTreeMap<String, Vec<Nevra>>| all.values().map(Vec::len).sum::<usize>();
        write!(f, "{} packages come, {} go", count(&self.added), count(&self.removed))
    }
}

impl Governed {
    /// These channels, and what they serve by the history.
    pub(crate) fn moves(&self, channels: &[String]) -> Vec<ChannelMove> {
        let mut moves: Vec<_> = channels
            .iter()
            .map(|channel| ChannelMove {
                channel: channel.clone(),
                from: self.state.live().get(channel).map(|live| live.tree),
            })
            .collect();
        moves.sort();
        moves
    }

    /// Channels serve a snapshot that was released before.
    pub(crate) fn switch(
        &self,
        context: &Context,
        snapshot: &str,
        channels: &[String],
    ) -> Result<Offer, Fail> {
        let site = releasing::site(context)?;
        let snapshot = site.find(snapshot)?;
        let tree = unsigned(&site.tree(&snapshot)?)?;
        Ok(Offer {
            content: Content::Channels { tree, channels: self.moves(channels) },
            evidence: Vec::new(),
        })
    }

    /// The signing keys change.
    pub(crate) fn keys(add: Option<&str>, retire: Option<(&str, bool)>) -> Result<Offer, Fail> {
        let add = add.map(|certificate| {
            let fingerprint = fingerprint(certificate)?;
            Ok::<_, Fail>(SigningKey { fingerprint, certificate: certificate.to_owned() })
        });
        let retire =
            retire.map(|(fingerprint, stolen)| Retired { fingerprint: fingerprint.to_lowercase(), stolen });
        let change = KeyChange { add: add.transpose()?, retire };
        Ok(Offer { content: Content::Keys(change), evidence: Vec::new() })
    }
}

/// The digest under which a snapshot's tree was approved.
pub(crate) fn unsigned(tree: &Tree) -> Result<Digest, Fail> {
    Ok(without_signatures(tree)?)
}

/// The fingerprint of an armoured OpenPGP certificate.
pub(crate) fn fingerprint(certificate: &str) -> Result<String, Fail> {
    let key = heirloom_sign::MemberKey::parse(certificate)
        .map_err(|error| Fail::new(Exit::Failed, chain(&error)))?;
    Ok(key.fingerprint().to_lowercase())
}
