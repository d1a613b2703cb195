//! Signs what is accepted, composes it and lets channels serve it.

mod input;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use heirloom_compose::{ComposePlan, Difference, Draft, Release, Signer, Unplaced};
use heirloom_import::release::Release as ReleasePackage;
use heirloom_model::Nevra;
use heirloom_model::gate::{GateReport, GateSeverity};
use heirloom_model::record::{Accepted, BuildrootPackage, Composed, Ground, Signed};
use heirloom_sign::SecretKey;
use heirloom_store::Store;
use serde::Serialize;

use input::Offered;

use super::comparing::Judgement;
use super::gather::{self, Gathered};
use super::governing::Stands;
use super::releasing::{self, Released};
use super::{accounting, gating, governing, planning, reached, scanning};
use crate::context::{Context, processors};
use crate::fail::{Exit, Fail};
use crate::ui::Progress;

/// What was composed and published.
#[derive(Serialize)]
pub(crate) struct Published {
    pub(crate) composed: Composed,
    /// The file for a client's /etc/yum.repos.d.
    pub(crate) repository_file: PathBuf,
    pub(crate) unplaced: Vec<Unplaced>,
    /// How it differs from the reference's own composition.
    pub(crate) differences: Vec<Difference>,
    /// What was left out of the reference's groups, modules and advisories, or is amiss with them.
    pub(crate) remarks: Vec<String>,
    pub(crate) gate: GateReport,
    pub(crate) newly_signed: usize,
    pub(crate) inherited: usize,
    #[serde(flatten)]
    pub(crate) released: Released,
}

/// A composed tree, and what the gate says of it.
pub(crate) struct Drafted {
    draft: Draft,
    plan: ComposePlan,
    pub(crate) report: GateReport,
    newly_signed: usize,
}

/// Composes and publishes, unless the gate refuses.
pub(crate) fn compose(
    context: &Context,
    gathered: &Gathered,
    judgement: &Judgement,
) -> Result<Published, Fail> {
    let Drafted { draft, plan, report, newly_signed } = draft(context, gathered, judgement)?;
    if report.is_refused() {
        return Err(refused(&report));
    }
    let remarks = draft.seen.remarks.clone();
    let unsealed = draft.let_through(&report)?;
    let key = context.key()?;
    let composed = match governing::stands(context, unsealed.composed.tree)? {
        Some(Stands::Served(snapshot)) => snapshot.composed,
        Some(Stands::Released(name)) => {
            let what = format!("{name} is what would be composed, and not all channels serve it");
            return Err(Fail::new(Exit::Waits, what)
                .hint(format!("members decide on that: `heirloom release propose --snapshot {name}`")));
        }
        Some(Stands::New) => {
            governing::snapshot_waits(context, &key.fingerprint().to_lowercase(), &unsealed, &report)?;
            let packages = unsealed.composed.packages();
            let what = format!("a tree of {packages} packages is composed, and members have to approve it");
            return Err(waits(what));
        }
        None => unsealed.seal(&context.store, &key)?,
    };
    let released = releasing::release(context, &composed)?;
    accounting::came_out(context)?;
    governing::tell(context)?;
    let id = context.definition.distribution.id.get_ref();
    Ok(Published {
        repository_file: released.root.join(format!("{id}.repo")),
        composed,
        inherited: distinct(&plan).iter().filter(|one| *one.ground() == Ground::Inherited).count(),
        unplaced: plan.unplaced,
        differences: plan.differences,
        remarks,
        gate: report,
        newly_signed,
        released,
    })
}

/// Plans the repositories, signs what goes in, composes the tree in the store, and puts it before the gate.
pub(crate) fn draft(context: &Context, gathered: &Gathered, judgement: &Judgement) -> Result<Drafted, Fail> {
    let progress = Progress::new("compose", 0);
    let offered = Offered::new(context, gathered, judgement)?;
    let plan = heirloom_compose::plan(&offered.input(context, gathered)?)?;
    let accepted = distinct(&plan);
    progress.total(accepted.len());
    planning::fetch(context, gathered, &absent(&context.store, &accepted))?;
    let all: Vec<_> = accepted.iter().map(|accepted| (accepted.nevra(), accepted.digest())).collect();
    let scanned = scanning::gate(context, &all)?;
    let key = context.key()?;
    let before: BTreeSet<_> = signed(&context.store)?;
    if context.definition.governance.is_some() {
        signed_or_waiting(context, &key, &accepted)?;
    }
    let tick = |_: &Signed| progress.tick("signing");
    let signed = Signer::new(&context.store, &key)?.sign_all(&accepted, processors(), &tick)?;
    reached::signed(context, &accepted)?;
    progress.doing("writing");
    let advisories = accounting::read(context)?;
    let repository_file = repository_file(context)?;
    let packages = offered.packages();
    let sources = packages.iter().map(|(digest, package)| (*digest, package.source_rpm.clone())).collect();
    let release = Release {
        id: context.definition.distribution.id.get_ref(),
        name: &context.definition.distribution.name,
        version: &context.definition.distribution.version,
        sources: &sources,
        repository_file: &repository_file,
        platform_id: &context.definition.distribution.platform_id,
        renamed: &renamed(judgement),
        key: &key,
        default_streams: &context.definition.compose.default_streams,
        compression: context.definition.compose.compression,
        extras: input::extras(context, gathered, &advisories)?,
    };
    let draft = heirloom_compose::write(&context.store, &plan, &signed, &release, processors())?;
    let judged = gating::Judged {
        id: draft.id(),
        plan: &plan,
        signed: &signed,
        seen: &draft.seen,
        packages: &packages,
        scanned: scanned.as_deref(),
        withdrawn: &advisories.withdrawn(),
    };
    let newly_signed = signed.iter().filter(|signed| !before.contains(&signed.signed)).count();
    progress.end(&format!("{} packages, {newly_signed} newly signed", accepted.len()));
    let report = gating::ask(context, gathered, &judged)?;
    Ok(Drafted { draft, plan, report, newly_signed })
}

/// Under a charter, only what members have approved is signed: the rest waits for them.
fn signed_or_waiting(context: &Context, key: &SecretKey, accepted: &[&Accepted]) -> Result<(), Fail> {
    let mut missing = Vec::new();
    for accepted in accepted {
        let record = format!("{}/{}", accepted.digest(), key.fingerprint());
        let signed = context.store.get::<Signed>(&record)?;
        if !signed.is_some_and(|signed| context.store.contains(signed.signed)) {
            missing.push(*accepted);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    governing::packages_wait(context, &key.fingerprint().to_lowercase(), &missing)?;
    Err(waits(format!(
        "{} packages are not signed, and members have to approve that they are",
        missing.len()
    )))
}

fn waits(what: String) -> Fail {
    Fail::new(Exit::Waits, what).hint(
        "`heirloom release propose` puts it to them; once they have approved it, `heirloom release promote`, and then this \
         command again",
    )
}

/// Most refusals that are told one by one.
const TOLD: usize = 30;

fn refused(report: &GateReport) -> Fail {
    let errors = report.findings.iter().filter(|finding| finding.severity == GateSeverity::Error);
    let mut text = match errors.clone().count() {
        1 => "the gate refuses the compose for 1 reason".to_owned(),
        count => format!("the gate refuses the compose for {count} reasons"),
    };
    for finding in errors.clone().take(TOLD) {
        text.push_str(&format!("\n  {finding}\n    {}", finding.fix));
    }
    match errors.skip(TOLD).count() {
        0 => {}
        more => text.push_str(&format!("\n  and {more} more")),
    }
    Fail::new(Exit::Promise, text).hint(
        "mend them, or accept them in the file of waivers (`compose.waivers`), each with a reason and an end; what was \
         published before is still served",
    )
}

/// What the reference calls otherwise, by its name there.
fn renamed(judgement: &Judgement) -> BTreeMap<Nevra, Nevra> {
    let all = judgement.packages.iter().chain(judgement.elsewhere.values().flatten());
    let compared = all.filter_map(|judged| judged.compared());
    let renamed = compared.filter(|compared| compared.reference_nevra != compared.nevra);
    renamed.map(|compared| (compared.reference_nevra.clone(), compared.nevra.clone())).collect()
}

/// Each accepted package once, though several repositories have it.
fn distinct(plan: &ComposePlan) -> Vec<&Accepted> {
    let mut seen = BTreeSet::new();
    let accepted = plan.placements.iter().map(|placement| &placement.accepted);
    accepted.filter(|accepted| seen.insert(accepted.digest())).collect()
}

/// What has to be in the store before it can be signed: inherited packages, and those of other machines.
fn absent(store: &Store, accepted: &[&Accepted]) -> Vec<BuildrootPackage> {
    let absent = accepted.iter().filter(|accepted| !store.contains(accepted.digest()));
    absent
        .map(|accepted| BuildrootPackage { nevra: accepted.nevra().clone(), digest: accepted.digest() })
        .collect()
}

/// The file for clients that have nothing of the distribution yet: the key is at the root of the site.
fn repository_file(context: &Context) -> Result<String, Fail> {
    let distribution = &context.definition.distribution;
    let public_key = context.key()?.public_armoured()?;
    let release = ReleasePackage {
        id: distribution.id.get_ref(),
        name: &distribution.name,
        version: &distribution.version,
        platform_id: &distribution.platform_id,
        home_url: &distribution.home_url,
        bug_url: &distribution.bug_url,
        base_url: &context.definition.publish.url,
        repositories: gather::repositories(context),
        public_key: &public_key,
    };
    let key = format!("RPM-GPG-KEY-{}", release.id);
    let root = format!("{}/{key}", release.base_url.trim_end_matches('/'));
    Ok(release.repository_file().replace(&format!("file:///etc/pki/rpm-gpg/{key}"), &root))
}

fn signed(store: &Store) -> Result<BTreeSet<heirloom_model::Digest>, Fail> {
    Ok(store.all::<Signed>()?.into_iter().map(|signed| signed.signed).collect())
}
