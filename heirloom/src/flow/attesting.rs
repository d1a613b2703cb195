//! Reads from the store what is attested of builds: their provenance, and the lists of their parts.

mod parts;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use heirloom_attest::{Facts, Foreign, SignedPackage, SourceOf, Times};
use heirloom_build::Invocation;
use heirloom_formats::rpm_file::Header;
use heirloom_import::fetch::{is_url, join};
use heirloom_import::history::shown_origin;
use heirloom_import::repository;
use heirloom_model::Digest;
use heirloom_model::provenance::Provenance;
use heirloom_model::record::{
    Action, Attested, Built, Composed, ComposedPackage, Cost, Debranded, Imported, Plan, Ran, Reached,
    RepositoryState, Side, Signed,
};
use heirloom_sign::SecretKey;

use crate::context::Context;
use crate::fail::{Exit, Fail, chain};

/// Version of the program, which statements name.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// All that the ledger knows of builds and what went into them.
pub(crate) struct Evidence<'a> {
    context: &'a Context,
    /// By their own digest.
    sources: HashMap<Digest, Imported>,
    /// By the digest of what the rules made.
    debranded: HashMap<Digest, Debranded>,
    signed: HashMap<Digest, Vec<SignedPackage>>,
    /// Packages of own builds.
    own: HashSet<Digest>,
    foreign: HashMap<Digest, (String, Option<String>)>,
    reached: HashMap<Digest, Reached>,
    /// How often each action was built.
    tries: HashMap<Digest, usize>,
    costs: Vec<Cost>,
    headers: Mutex<HashMap<Digest, Option<Digest>>>,
}

impl<'a> Evidence<'a> {
    pub(crate) fn load(context: &'a Context) -> Result<Self, Fail> {
        let store = &context.store;
        let mut sources: HashMap<Digest, Imported> = HashMap::new();
        for side in store.all::<Side>()? {
            sources
                .extend(side.sources.into_iter().map(|source| (source.imported.digest(), source.imported)));
        }
        let imported = store.history::<Imported>()?.into_iter().map(|entry| entry.record);
        sources.extend(imported.map(|imported| (imported.digest(), imported)));
        let debranded = store.history::<Debranded>()?.into_iter().map(|entry| entry.record);
        let debranded =
            debranded.filter(|it| !it.edits.is_empty()).map(|it| (it.result.digest(), it)).collect();
        let mut signed: HashMap<Digest, Vec<SignedPackage>> = HashMap::new();
        for Signed { package: unsigned, signed: it, key, .. } in store.all::<Signed>()? {
            signed.entry(unsigned).or_default().push(SignedPackage { unsigned, signed: it, key });
        }
        let builds = store.history::<Built>()?;
        let own = builds.iter().flat_map(|entry| entry.record.all_packages().map(|package| package.digest));
        let own = own.collect();
        let mut tries: HashMap<Digest, usize> = HashMap::new();
        for entry in &builds {
            *tries.entry(entry.record.action).or_default() += 1;
        }
        Ok(Self {
            sources,
            debranded,
            signed,
            own,
            foreign: foreign(context)?,
            reached: store.all::<Reached>()?.into_iter().map(|reached| (reached.action, reached)).collect(),
            tries,
            costs: store.history::<Cost>()?.into_iter().map(|entry| entry.record).collect(),
            headers: Mutex::default(),
            context,
        })
    }

    /// Whether a package is of a build of one's own.
    pub(crate) fn is_own(&self, package: Digest) -> bool {
        self.own.contains(&package)
    }

    /// The builds of these packages that count; without any, those that the newest compose is made of, else all.
    pub(crate) fn chosen(&self, packages: &[String]) -> Result<Vec<Built>, Fail> {
        if packages.is_empty() {
            return self.all_chosen();
        }
        let mut all = Vec::new();
        for package in packages {
            let mut builds = self.of_steps(|source| source == package)?;
            if builds.is_empty() {
                builds = self.of_steps(|_| true)?;
                builds.retain(|built| built.packages.iter().any(|made| made.nevra.name() == package));
            }
            match builds.is_empty() {
                true => {
                    let message = format!("nothing that is built is called {package}, and no build made it");
                    return Err(
                        Fail::new(Exit::Failed, message).hint("`heirloom status` lists what is built")
                    );
                }
                false => all.extend(builds),
            }
        }
        Ok(all)
    }

    /// Each package of the newest compose is of one build: of its step's result, else of any that gave the same, as passes of
    /// a cycle do.
    fn all_chosen(&self) -> Result<Vec<Built>, Fail> {
        let contents = self.composed()?;
        let mut builds = self.of_steps(|_| true)?;
        if !contents.is_empty() {
            builds.extend(self.context.store.all::<Built>()?);
            let mut left: HashSet<Digest> = contents.into_keys().collect();
            builds.retain(|built| {
                let taken = built.packages.iter().filter(|package| left.remove(&package.digest)).count();
                taken > 0
            });
        }
        builds.sort_by(|a, b| (&a.nevra, a.action).cmp(&(&b.nevra, b.action)));
        match builds.is_empty() {
            true => Err(Fail::new(Exit::Failed, "nothing is built yet").hint("run `heirloom build`")),
            false => Ok(builds),
        }
    }

    /// Results that count, of the plan's source packages.
    fn of_steps(&self, is_meant: impl Fn(&str) -> bool) -> Result<Vec<Built>, Fail> {
        let store = &self.context.store;
        let plan = store.get::<Plan>("plan")?;
        let mut all = Vec::new();
        // Ids with a colon are earlier passes.
        for step in plan
            .iter()
            .flat_map(|plan| &plan.steps)
            .filter(|step| !step.id.contains(':') && is_meant(&step.source))
        {
            let ran = store.get::<Ran>(&step.id)?.and_then(|ran| ran.action);
            all.extend(ran.map(|action| store.get::<Built>(&action.to_string())).transpose()?.flatten());
        }
        Ok(all)
    }

    /// What the newest compose has, by the digest of what was accepted.
    pub(crate) fn composed(&self) -> Result<BTreeMap<Digest, ComposedPackage>, Fail> {
        let store = &self.context.store;
        let Some(composed) = store.get::<Composed>("compose")? else { return Ok(BTreeMap::new()) };
        let mut all = BTreeMap::new();
        for repository in &composed.repositories {
            let contents: Vec<ComposedPackage> = serde_json::from_slice(&store.read(repository.contents)?)?;
            all.extend(contents.into_iter().map(|package| (package.accepted, package)));
        }
        Ok(all)
    }

    /// The action that gave a result.
    pub(crate) fn action(&self, built: &Built) -> Result<Action, Fail> {
        let document = self.context.store.read(built.document).map_err(|error| {
            Fail::from(error)
                .hint(format!("the action of {} is gone; `heirloom build` writes it anew", built.nevra))
        })?;
        Ok(serde_json::from_slice(&document)?)
    }

    /// What can be stated of a build.
    pub(crate) fn provenance(&self, built: &Built) -> Result<Provenance, Fail> {
        let action = self.action(built)?;
        let Invocation { command, environment } = Invocation::of(&action);
        let signed: Vec<_> =
            built.all_packages().filter_map(|it| self.signed.get(&it.digest)).flatten().cloned().collect();
        let facts = Facts {
            built,
            action: &action,
            source: self.source(&action),
            signed: &signed,
            header: &|package| self.header(package),
            from: &|package| self.from(package),
            shown: &shown_origin,
            times: self.times(built),
            command,
            environment: environment.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            builder: format!("{}#heirloom", self.context.definition.distribution.home_url),
            tool_version: VERSION,
        };
        heirloom_attest::provenance(&facts).map_err(|error| Fail::new(Exit::Failed, chain(&error)))
    }

    fn source(&self, action: &Action) -> Option<SourceOf<'_>> {
        let digest = heirloom_attest::source_digest(action);
        if let Some(debranded) = self.debranded.get(&digest)
            && let Some(before) = self.sources.get(&debranded.source)
        {
            return Some(SourceOf { built: &debranded.result, debranded: Some((debranded, before)) });
        }
        self.sources.get(&digest).map(|built| SourceOf { built, debranded: None })
    }

    /// Digest of the header of a package, if the store has it.
    fn header(&self, package: Digest) -> Option<Digest> {
        let lock = || self.headers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(&package) {
            return *known;
        }
        let digest = Header::open(&self.context.store.path(package)).ok().map(|header| header.digest());
        lock().insert(package, digest);
        digest
    }

    fn from(&self, package: Digest) -> (Option<&str>, Option<Foreign<'_>>) {
        let own =
            self.own.contains(&package).then_some(self.context.definition.distribution.id.get_ref().as_str());
        let foreign = self.foreign.get(&package);
        let foreign = foreign.map(|(repository, url)| Foreign { repository, url: url.as_deref() });
        (own, foreign.filter(|_| own.is_none()))
    }

    /// When it ran. Not known of what came from a cache, and of what was built again: the ledger notes the first time.
    fn times(&self, built: &Built) -> Option<Times> {
        let finished = self.reached.get(&built.action)?.built;
        let once = self.tries.get(&built.action) == Some(&1);
        let here = self.costs.iter().any(|cost| cost.step == built.step && cost.resources == built.resources);
        let took = (built.resources.seconds + built.resources.overhead_seconds).ceil() as u64;
        let started = finished.checked_sub(took)?;
        (once && here).then_some(Times { started, finished })
    }

    /// Signs a statement, and keeps it.
    pub(crate) fn sign(&self, built: &Built, key: &SecretKey) -> Result<(Attested, String), Fail> {
        let statement = serde_json::to_vec(&self.provenance(built)?)?;
        let envelope = key.sign_envelope(heirloom_model::provenance::ENVELOPE_TYPE, &statement);
        let envelope = envelope.map_err(|error| {
            Fail::new(Exit::Failed, chain(&error))
                .hint("`heirloom init` makes a key that can sign statements")
        })?;
        let object = self.context.store.put(envelope.as_bytes())?;
        let attested = Attested { action: built.action, envelope: object, key: key.fingerprint().to_owned() };
        Ok((attested, envelope))
    }
}

/// Packages of foreign repositories, each with the repository's name, and with its address if that is not on this machine.
fn foreign(context: &Context) -> Result<HashMap<Digest, (String, Option<String>)>, Fail> {
    let mut all = HashMap::new();
    for state in context.store.all::<RepositoryState>()? {
        // What was cleaned away is not known any more.
        if !context.store.contains(state.packages) {
            continue;
        }
        let remote = is_url(&state.location) && !state.location.starts_with("file:");
        for package in repository::packages(&context.store, &state)? {
            let url = remote.then(|| shown_origin(&join(&state.location, &package.location)));
            let name = format!("{}/{}", state.role.name(), state.name);
            all.entry(package.digest).or_insert((name, url));
        }
    }
    Ok(all)
}
