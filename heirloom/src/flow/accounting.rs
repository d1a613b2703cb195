//! Accounts for upstream's advisories: reads them, finds where each stands, and makes the distribution's own records.

mod ground;
mod timelines;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use heirloom_errata::{
    Account, Claim, Contradiction, Ground, Naming, Targets, TextRule, Texts, Unreconciled, account, issue,
    merge,
};
use heirloom_formats::advisory::{AdvisoryError, Issuer, Reading, own};
use heirloom_formats::{Document, updateinfo};
use heirloom_model::Digest;
use heirloom_model::advisory::vex::Vex;
use heirloom_model::advisory::{Advisory, AdvisoryId};
use heirloom_model::record::{Noticed, RepositoryRole, RepositoryState};

use super::errata;
use crate::context::{self, Context};
use crate::fail::{Exit, Fail};

pub(crate) use timelines::timelines;

/// What advisories say, upstream's and the distribution's own.
pub(crate) struct Advisories {
    /// Upstream's, sorted by id.
    pub(crate) upstream: Vec<Advisory>,
    /// The distribution's own, sorted by id.
    pub(crate) own: Vec<Advisory>,
    /// What upstream says of vulnerabilities (VEX), in the order of the documents.
    pub(crate) vex: Vec<Vex>,
    /// Documents, or advisories of them, that could not be read.
    pub(crate) faults: Vec<AdvisoryError>,
    /// Documents that did not count.
    pub(crate) contradictions: Vec<Contradiction>,
}

/// Every advisory of upstream with its account, and what is published of it.
pub(crate) struct Accounts {
    pub(crate) advisories: Advisories,
    /// In the order of upstream's advisories.
    pub(crate) accounts: Vec<Account>,
    /// What is published: of each advisory that is out, and of the distribution's own. Sorted by id.
    pub(crate) records: Vec<Advisory>,
    pub(crate) unreconciled: Vec<Unreconciled>,
    /// Names of published packages and of the sources that they were built from.
    pub(crate) names: BTreeSet<String>,
    /// What the rules of texts did not do, and rules that nothing needs.
    pub(crate) remarks: Vec<String>,
}

/// Whose advisories they are, as formats name it.
pub(crate) struct Named {
    name: String,
    id: String,
    home: String,
    contact: String,
    pub(crate) major: String,
}

impl Named {
    pub(crate) fn of(context: &Context) -> Self {
        let distribution = &context.definition.distribution;
        let named = Self::new(
            distribution.id.get_ref().clone(),
            distribution.name.clone(),
            &distribution.home_url,
            distribution.version.split('.').next().unwrap_or_default().to_owned(),
        );
        let contact = context.definition.errata.contact.clone();
        Self { contact: contact.unwrap_or(named.contact), ..named }
    }

    /// With the contact that the address of its home leads to.
    pub(crate) fn new(id: String, name: String, home: &str, major: String) -> Self {
        let home = home.trim_end_matches('/').to_owned();
        let host = home.split("://").last().and_then(|rest| rest.split('/').next()).unwrap_or_default();
        Self { contact: format!("security@{host}"), name, id, home, major }
    }

    pub(crate) fn issuer(&self) -> Issuer<'_> {
        let Self { name, id, home, contact, .. } = self;
        Issuer { name, id, ecosystem: name, home, contact }
    }

    /// How documents are read: no date may be later than tomorrow.
    pub(crate) fn reading(&self) -> Reading<'_> {
        Reading { latest: context::latest(), major: &self.major }
    }
}

impl Advisories {
    /// Ids of those that were withdrawn, here and upstream.
    pub(crate) fn withdrawn(&self) -> BTreeSet<String> {
        let all = self.upstream.iter().chain(&self.own);
        all.filter(|one| one.withdrawn.is_some()).map(|one| one.id.to_string()).collect()
    }
}

/// Accounts for all advisories by what machines have that follow the usual channel.
pub(crate) fn now(context: &Context) -> Result<Accounts, Fail> {
    let advisories = read(context)?;
    let (ground, claims) = ground::published(context)?;
    accounts(context, advisories, &ground, &claims)
}

/// Days that the definition promises.
pub(crate) fn targets(context: &Context) -> Targets {
    let days = &context.definition.errata.days;
    Targets {
        critical: days.critical,
        important: days.important,
        moderate: days.moderate,
        low: days.low,
        other: days.other,
    }
}

/// Reads all advisories that the definition names, and those of the references. What is seen for the first time is noted.
pub(crate) fn read(context: &Context) -> Result<Advisories, Fail> {
    let named = Named::of(context);
    let settings = &context.definition.errata;
    let mut said = Vec::new();
    let mut vex = Vec::new();
    let mut faults = Vec::new();
    if !settings.upstream.is_empty() {
        let sources: Vec<_> =
            settings.upstream.iter().map(|path| context.definition.resolve(path.get_ref())).collect();
        let read = errata::said(&sources, named.reading())?;
        said.extend(read.said);
        faults.extend(read.faults);
        vex.extend(read.vex.into_iter().map(|(vex, _)| vex));
    }
    for state in references(context)? {
        let Some(digest) = state.extras.get("updateinfo") else { continue };
        let bytes = context.store.read(*digest)?;
        let name = format!("updateinfo.xml of {}", state.location);
        let found = updateinfo::read(Document::new(&name, &bytes), named.reading());
        for advisory in found.unwrap_or_else(|error| vec![Err(error)]) {
            match advisory {
                Ok(advisory) => said.push((name.clone(), advisory)),
                Err(fault) => faults.push(fault),
            }
        }
    }
    let merged = merge(said);
    let own = own_advisories(context, &named)?;
    notice(context, &merged.advisories)?;
    Ok(Advisories { upstream: merged.advisories, own, vex, faults, contradictions: merged.contradictions })
}

/// The reference repositories, as they were imported last.
pub(crate) fn references(context: &Context) -> Result<Vec<RepositoryState>, Fail> {
    let known = context.store.all::<RepositoryState>()?;
    let names: BTreeSet<&str> = context.definition.reference.keys().map(String::as_str).collect();
    let is_declared = |state: &RepositoryState| {
        let name = state.name.split_once('.').map_or(state.name.as_str(), |(name, _)| name);
        state.role == RepositoryRole::Reference
            && (names.contains(name) || names.contains(state.name.as_str()))
    };
    Ok(known.into_iter().filter(is_declared).collect())
}

fn own_advisories(context: &Context, named: &Named) -> Result<Vec<Advisory>, Fail> {
    let Some(dir) = &context.definition.errata.own else { return Ok(Vec::new()) };
    let dir = context.definition.resolve(dir.get_ref());
    let failed = |error: std::io::Error| Fail::new(Exit::Definition, format!("{}: {error}", dir.display()));
    if !dir.is_dir() {
        return Ok(Vec::new());
    }
    let mut all = Vec::new();
    for entry in fs::read_dir(&dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_none_or(|ending| ending != "toml") {
            continue;
        }
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let id: AdvisoryId = stem.parse().map_err(|error| {
            Fail::new(Exit::Definition, format!("{}: {error}", path.display()))
                .hint("name the file as the advisory: `heirloom errata new` does")
        })?;
        all.push(own::load(&path, id, named.reading())?);
    }
    all.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(all)
}

/// Keeps advisories of upstream that were not there before, or are otherwise now, as they are.
fn notice(context: &Context, advisories: &[Advisory]) -> Result<(), Fail> {
    let known: BTreeMap<AdvisoryId, Noticed> =
        context.store.all::<Noticed>()?.into_iter().map(|one| (one.advisory.clone(), one)).collect();
    let mut new = Vec::new();
    for advisory in advisories {
        let text = serde_json::to_vec(advisory)?;
        let original = Digest::of(&text);
        let before = known.get(&advisory.id);
        if before.is_some_and(|before| before.original == original && context.store.contains(original)) {
            continue;
        }
        context.store.put(&text)?;
        let (seen, out) = before.map_or_else(|| (context::now(), None), |before| (before.seen, before.out));
        new.push(Noticed { advisory: advisory.id.clone(), original, seen, out });
    }
    Ok(context.store.append_all(&new)?)
}

/// Notes which of the distribution's own records came out with what was just published; without a look if none waits.
pub(crate) fn came_out(context: &Context) -> Result<(), Fail> {
    match context.store.all::<Noticed>()?.iter().any(|noticed| noticed.out.is_none()) {
        true => are_out(context, &now(context)?.accounts),
        false => Ok(()),
    }
}

/// Notes which of the distribution's own records are out, as these accounts say.
pub(crate) fn are_out(context: &Context, accounts: &[Account]) -> Result<(), Fail> {
    let mut all = context.store.all::<Noticed>()?;
    let out: BTreeSet<&AdvisoryId> =
        accounts.iter().filter(|account| account.state.is_out()).map(|account| &account.upstream).collect();
    all.retain(|noticed| noticed.out.is_none() && out.contains(&noticed.advisory));
    all.iter_mut().for_each(|noticed| noticed.out = Some(context::now()));
    Ok(context.store.append_all(&all)?)
}

/// The rules of texts.
pub(crate) fn texts(context: &Context) -> Result<Texts, Fail> {
    let settings = &context.definition.errata;
    let rules = settings.names.iter().map(|(from, to)| TextRule { from: from.clone(), to: to.clone() });
    Texts::new(rules.collect(), settings.keep_names.clone()).map_err(|error| {
        Fail::new(Exit::Definition, format!("errata.names: {error}"))
            .hint("give a name, and the name that takes its place, without versions")
    })
}

pub(crate) fn naming(context: &Context) -> Naming<'_> {
    Naming { prefix: context.definition.errata.prefix.as_ref().map(|prefix| prefix.get_ref().as_str()) }
}

/// Accounts for all advisories on this ground.
fn accounts(
    context: &Context,
    advisories: Advisories,
    ground: &Ground,
    claims: &[Claim],
) -> Result<Accounts, Fail> {
    let (naming, texts) = (naming(context), texts(context)?);
    let mut remarks = Vec::new();
    let mut used: BTreeSet<String> = BTreeSet::new();
    let (mut accounts, mut records) = (Vec::new(), Vec::new());
    for upstream in &advisories.upstream {
        let account = account(upstream, ground);
        if account.state.is_out() || upstream.withdrawn.is_some() {
            let issued = issue(upstream, Some(&account), &naming, &texts);
            used.extend(issued.worded.used.into_keys());
            remarks.extend(issued.worded.kept);
            records.push(issued.advisory);
        }
        accounts.push(account);
    }
    let idle = texts.rules().filter(|rule| !used.contains(*rule) && !records.is_empty());
    let told = advisories.contradictions.iter().map(|one| {
        format!(
            "{}: documents differ; that of {} counts, not that of {} ({})",
            one.id, one.kept, one.left_out, one.document
        )
    });
    remarks.extend(told);
    remarks.extend(idle.map(|rule| format!("errata.names: no advisory says `{rule}`")));
    records.extend(advisories.own.iter().cloned());
    records.sort_by(|a, b| a.id.cmp(&b.id));
    let noticed = context.store.all::<Noticed>()?;
    let earlier = noticed.into_iter().map(|noticed| (noticed.advisory, noticed.out.is_some())).collect();
    let accounted = heirloom_errata::Accounted {
        upstream: &advisories.upstream,
        accounts: &accounts,
        own: &advisories.own,
        earlier: &earlier,
        claims,
    };
    let unreconciled = heirloom_errata::reconcile(accounted, ground);
    let published = ground.published.values().flatten();
    let sources = published.filter_map(|one| one.source.as_ref()).map(|source| source.name().to_owned());
    let names = ground.published.keys().cloned().chain(sources).collect();
    Ok(Accounts { advisories, accounts, records, unreconciled, names, remarks })
}

/// What a compose has of advisories: all of upstream's with the packages that upstream names, in the distribution's words,
/// and its own. The compose leaves those that concern its packages, under the names that these have there.
pub(crate) fn offered(
    context: &Context,
    advisories: &Advisories,
    arch: &str,
) -> Result<Option<String>, Fail> {
    if let Some(fault) = advisories.faults.first() {
        return Err(Fail::new(Exit::Failed, format!("{} advisories can't be read; {fault}", advisories.faults.len()))
            .hint("`heirloom errata status` lists them all; an advisory that is lost is a machine that is not updated"));
    }
    let (naming, texts, named) = (naming(context), texts(context)?, Named::of(context));
    let made = advisories.upstream.iter().map(|upstream| issue(upstream, None, &naming, &texts).advisory);
    let mut all: Vec<_> = made.chain(advisories.own.iter().cloned()).collect();
    if all.is_empty() {
        return Ok(None);
    }
    all.sort_by(|a, b| a.id.cmp(&b.id));
    let mut arches = vec!["noarch", arch];
    arches.extend(heirloom_model::arch::second(arch));
    let major = named.major.as_str();
    let for_us = all.iter_mut().filter_map(|advisory| {
        // What does not say which major version it is for is for this one.
        advisory.fixed.retain(|fixed| fixed.major.is_empty() || fixed.major == major);
        let fixed = std::mem::take(&mut advisory.fixed);
        advisory.fixed = fixed.into_iter().map(|fixed| fixed.of_major(major)).collect();
        (!advisory.fixed.is_empty()).then_some(&*advisory)
    });
    let made = for_us.map(|advisory| updateinfo::made(advisory, major, &arches, named.issuer()));
    Ok(Some(updateinfo::to_xml(made)))
}
