//! All that is known of one package, from its source to those who approved it.

use std::path::Path;

use heirloom_govern::{Charter, Content, Decision, Entry, PackageToSign, Proposal, tally};
use heirloom_model::log::{LogEntry, LogKind};
use heirloom_model::provenance::{Provenance, Resource, Role};
use heirloom_model::record::{Accepted, Attested, Built, Compared, Edit, Ground, Signed, Tree};
use heirloom_model::statement::Statement;
use heirloom_model::{Digest, Nevra, Verdict};
use jiff::Timestamp;
use serde::Serialize;

use super::attesting::{Evidence, VERSION};
use super::{governing, log, releasing};
use crate::context::{Context, digest};
use crate::fail::{Exit, Fail, chain};

/// All that is known of one package.
#[derive(Serialize)]
pub(crate) struct Dossier {
    pub(crate) package: Nevra,
    /// SHA-256 of the package as it was built, or as it came.
    pub(crate) accepted: Digest,
    /// As it was signed: with the key's fingerprint.
    pub(crate) signed: Vec<SignedAs>,
    /// On what ground it may be published.
    pub(crate) ground: Option<String>,
    pub(crate) comparison: Option<Comparison>,
    pub(crate) build: Option<Build>,
    /// What members decided about it.
    pub(crate) decisions: Vec<Decided>,
    /// Proofs that these stand in the public log.
    pub(crate) proofs: Vec<Proof>,
    /// What is not known, and why.
    pub(crate) gaps: Vec<String>,
}

/// A signature of it.
#[derive(Serialize)]
pub(crate) struct SignedAs {
    pub(crate) digest: Digest,
    pub(crate) key: String,
}

/// What it was compared with.
#[derive(Serialize)]
pub(crate) struct Comparison {
    pub(crate) reference: Nevra,
    pub(crate) digest: Digest,
    pub(crate) verdict: Verdict,
    pub(crate) findings: usize,
    /// SHA-256 of the statement of it.
    pub(crate) statement: Digest,
}

/// How it was built.
#[derive(Serialize)]
pub(crate) struct Build {
    pub(crate) source: Nevra,
    pub(crate) origin: Option<String>,
    pub(crate) commit: Option<String>,
    /// Files of the source package.
    pub(crate) files: Vec<Named>,
    /// Those of them that are patches.
    pub(crate) patches: Vec<String>,
    /// What debrand rules did.
    pub(crate) edits: Vec<Edit>,
    pub(crate) builder: String,
    pub(crate) action: String,
    pub(crate) command: Vec<String>,
    pub(crate) started: Option<String>,
    pub(crate) finished: Option<String>,
    /// Installed packages, in order.
    pub(crate) buildroot: Vec<Named>,
    /// The object that holds the signed statement of it.
    pub(crate) provenance: Option<Digest>,
}

/// A file with its digest.
#[derive(Serialize)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) sha256: Option<Digest>,
}

/// What members decided.
#[derive(Serialize)]
pub(crate) struct Decided {
    /// What: `packages`, `snapshot`.
    pub(crate) kind: &'static str,
    /// Place in the history, from 1.
    pub(crate) entry: usize,
    pub(crate) proposal: Digest,
    pub(crate) reason: String,
    pub(crate) emergency: bool,
    pub(crate) at: Timestamp,
    /// Who approved it, and when.
    pub(crate) by: Vec<Approval>,
}

/// A member's approval.
#[derive(Serialize)]
pub(crate) struct Approval {
    pub(crate) member: String,
    pub(crate) affiliation: String,
    pub(crate) at: Timestamp,
}

/// A proof of the public log.
#[derive(Serialize)]
pub(crate) struct Proof {
    /// What it is about.
    pub(crate) what: String,
    /// The proof: a file for `heirloom log verify`.
    pub(crate) text: String,
}

/// Everything about a package that is built or published: its name, its NEVRA, or a file of it.
pub(crate) fn gather(context: &Context, name: &str) -> Result<Dossier, Fail> {
    let evidence = Evidence::load(context)?;
    let (nevra, accepted) = find(context, &evidence, name)?;
    let store = &context.store;
    let mut gaps = Vec::new();
    let ground = store.get::<Accepted>(&accepted.to_string())?.map(|accepted| match accepted.ground() {
        Ground::Compared(verdict) => format!("compared with the reference: {verdict}"),
        Ground::Own => "the distribution's own".to_owned(),
        Ground::Inherited => "taken over from the bootstrap repository".to_owned(),
        Ground::Companion => "debugging data or source of an accepted build".to_owned(),
    });
    if ground.is_none() {
        gaps.push("it is not accepted: nothing says that it may be published".to_owned());
    }
    let signed = store.all::<Signed>()?.into_iter().filter(|signed| signed.package == accepted);
    let signed: Vec<_> =
        signed.map(|it| SignedAs { digest: it.signed, key: it.key.to_lowercase() }).collect();
    let comparison = comparison(context, accepted)?;
    if comparison.is_none() {
        gaps.push("it was not compared: the reference has no counterpart of it".to_owned());
    }
    let mut dossier = Dossier {
        package: nevra,
        accepted,
        signed,
        ground,
        comparison,
        build: None,
        decisions: Vec::new(),
        proofs: Vec::new(),
        gaps,
    };
    build(context, &evidence, &mut dossier)?;
    decide(context, &mut dossier)?;
    Ok(dossier)
}

/// The package that is meant, with its digest before it was signed.
fn find(context: &Context, evidence: &Evidence<'_>, name: &str) -> Result<(Nevra, Digest), Fail> {
    let path = Path::new(name);
    let signed = context.store.all::<Signed>()?;
    if path.is_file() {
        let digest = digest(path)?;
        let accepted = signed.iter().find(|it| it.signed == digest).map_or(digest, |it| it.package);
        let header = heirloom_formats::rpm_file::Header::open(path)
            .map_err(|error| Fail::new(Exit::Failed, format!("{name}: {}", chain(&error))))?;
        let known = context.store.get::<Accepted>(&accepted.to_string())?.is_some();
        return match known || evidence.is_own(accepted) {
            true => Ok((header.nevra, accepted)),
            false => Err(Fail::new(
                Exit::Promise,
                format!("{name} is not known here: nobody built or accepted these bytes"),
            )
            .hint("it may have been changed, or be another distribution's")),
        };
    }
    let fits = |nevra: &Nevra| nevra.name() == name || nevra.to_string() == name;
    let published = evidence.composed()?.into_values().filter(|package| fits(&package.nevra));
    let mut found: Vec<_> = published.map(|package| (package.nevra, package.accepted)).collect();
    if found.is_empty() {
        let built = evidence.chosen(&[name.to_owned()]).unwrap_or_default();
        let packages = built.iter().flat_map(Built::all_packages).filter(|package| fits(&package.nevra));
        found = packages.map(|package| (package.nevra.clone(), package.digest)).collect();
    }
    // Of one name, the binary one is meant.
    found.sort_by_key(|(nevra, _)| (nevra.arch() == "src", nevra.clone()));
    found.into_iter().next().ok_or_else(|| {
        Fail::new(Exit::Failed, format!("no package {name} is built or published here"))
            .hint("give a name, a name-version-release.architecture, or an RPM file")
    })
}

fn comparison(context: &Context, accepted: Digest) -> Result<Option<Comparison>, Fail> {
    let all = context.store.all::<Compared>()?;
    let Some(compared) = all.into_iter().find(|compared| compared.package == accepted) else {
        return Ok(None);
    };
    let statement = Digest::of(&serde_json::to_vec(&Statement::new(&compared, VERSION))?);
    Ok(Some(Comparison {
        reference: compared.reference_nevra.clone(),
        digest: compared.reference,
        verdict: compared.verdict,
        findings: compared.findings.len(),
        statement,
    }))
}

fn build(context: &Context, evidence: &Evidence<'_>, dossier: &mut Dossier) -> Result<(), Fail> {
    let builds = context.store.all::<Built>()?;
    let made = |built: &&Built| built.all_packages().any(|package| package.digest == dossier.accepted);
    let Some(built) = builds.iter().rfind(made) else {
        dossier
            .gaps
            .push("it was not built here: it came from elsewhere, or its build is cleaned away".to_owned());
        return Ok(());
    };
    let statement = match evidence.provenance(built) {
        Ok(statement) => statement,
        Err(fail) => {
            dossier.gaps.push(format!("how it was built can't be told any more: {}", fail.message));
            return Ok(());
        }
    };
    let attested = context.store.all::<Attested>()?.into_iter().filter(|it| it.action == built.action);
    let attested: Vec<_> = attested.collect();
    if attested.is_empty() {
        let gap = "no signed statement of its build is kept: `heirloom provenance` makes one";
        dossier.gaps.push(gap.to_owned());
    }
    for one in &attested {
        let entry =
            LogEntry { digest: one.envelope, kind: LogKind::Provenance, name: built.nevra.to_string() };
        prove(context, "how it was built", &entry, dossier)?;
    }
    dossier.build = Some(describe(&statement, attested.last().map(|it| it.envelope)));
    Ok(())
}

fn describe(statement: &Provenance, provenance: Option<Digest>) -> Build {
    let named = |resource: &Resource| Named { name: resource.label().to_owned(), sha256: resource.sha256() };
    let files: Vec<_> = statement.dependencies(Role::Source).map(named).collect();
    let is_patch = |name: &&String| name.ends_with(".patch") || name.ends_with(".diff");
    let patches = files.iter().map(|file| &file.name).filter(is_patch).cloned().collect();
    let rules = statement.dependencies(Role::DebrandRules);
    let asked = &statement.predicate.build_definition.external_parameters;
    let details = &statement.predicate.run_details;
    Build {
        source: asked.source.nevra.clone(),
        origin: asked.source.origin.clone(),
        commit: asked.source.commit.clone(),
        patches,
        files,
        edits: rules.flat_map(|rule| rule.annotations.edits.clone()).collect(),
        builder: details.builder.id.clone(),
        action: details.metadata.invocation_id.clone(),
        command: asked.command.clone(),
        started: details.metadata.started_on.clone(),
        finished: details.metadata.finished_on.clone(),
        buildroot: statement.dependencies(Role::Buildroot).map(named).collect(),
        provenance,
    }
}

/// Decisions by which it was signed and released.
fn decide(context: &Context, dossier: &mut Dossier) -> Result<(), Fail> {
    let Some(history) = governing::history(context)? else {
        dossier.gaps.push("this distribution has no charter: whoever had the key decided".to_owned());
        return Ok(());
    };
    for (index, entry) in history.entries.iter().enumerate() {
        let proposal = Proposal::from_json(&entry.proposal)?;
        if concerns(context, &proposal.content, dossier)? {
            let digest = Digest::of(entry.proposal.as_bytes());
            let by = approvals(entry, (&proposal, digest), &governing::under(&history, index)?);
            dossier.decisions.push(Decided {
                kind: proposal.content.kind().name(),
                entry: index + 1,
                proposal: digest,
                reason: proposal.reason,
                emergency: proposal.emergency,
                at: entry.promoted,
                by,
            });
            let what = format!("decision {}", index + 1);
            prove(context, &what, &governing::promotion(entry)?, dossier)?;
        }
    }
    if dossier.decisions.is_empty() {
        dossier.gaps.push("members have not decided on it yet".to_owned());
    }
    Ok(())
}

/// Whether a decision is about this package.
fn concerns(context: &Context, content: &Content, dossier: &Dossier) -> Result<bool, Fail> {
    let store = &context.store;
    Ok(match content {
        Content::Packages { list, .. } if store.contains(*list) => {
            let packages: Vec<PackageToSign> = serde_json::from_slice(&store.read(*list)?)?;
            packages.iter().any(|package| package.package == dossier.accepted)
        }
        Content::Snapshot(snapshot) if store.contains(snapshot.tree) => {
            let tree: Tree = serde_json::from_slice(&store.read(snapshot.tree)?)?;
            tree.files.iter().any(|file| dossier.signed.iter().any(|signed| signed.digest == file.digest))
        }
        _ => false,
    })
}

/// Approvals that counted, by the charter of the time.
fn approvals(entry: &Entry, proposal: (&Proposal, Digest), charter: &(Charter, Digest)) -> Vec<Approval> {
    let charter = (&charter.0, charter.1);
    let tally = tally(charter, proposal, &entry.votes, &governing::keys(), entry.promoted);
    let approvals = tally.counted.into_iter().filter(|vote| vote.decision == Decision::Approve);
    approvals
        .map(|vote| Approval { member: vote.member, affiliation: vote.affiliation, at: vote.at })
        .collect()
}

fn prove(context: &Context, what: &str, entry: &LogEntry, dossier: &mut Dossier) -> Result<(), Fail> {
    match log::prove(context, entry)? {
        Some(proof) => dossier.proofs.push(Proof { what: what.to_owned(), text: proof.to_text() }),
        None => dossier.gaps.push(format!("{what} is not in the public log: `heirloom log init` begins one")),
    }
    Ok(())
}

/// What the document root has of it: paths below the default channel.
pub(crate) fn places(context: &Context, dossier: &Dossier) -> Result<Vec<String>, Fail> {
    let site = releasing::site(context)?;
    let usual = site.usual();
    let Some(current) = usual.first().map(|channel| site.current(channel)).transpose()?.flatten() else {
        return Ok(Vec::new());
    };
    let Some(record) = current.record else { return Ok(Vec::new()) };
    let tree = site.tree(&site.find(&record.snapshot)?)?;
    let is_it = |digest: Digest| dossier.signed.iter().any(|signed| signed.digest == digest);
    let files = tree.files.into_iter().filter(|file| is_it(file.digest));
    Ok(files.map(|file| format!("{}/{}", record.name, file.path)).collect())
}
