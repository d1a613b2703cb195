//! One step: its buildroot, its action, its result.

use std::sync::Arc;

use heirloom_build::{BuildError, Job, Outcome};
use heirloom_model::record::{
    Action, Built, Cost, CutOff, Deviated, FailKind, Failed, Imported, Limits, Pinned, Ran, Settled, Step,
};
use heirloom_model::{Dependency, Deviation, Digest, Package};
use heirloom_plan::{Buildroot, Offer};

use super::super::planning;
use super::super::policy::Following;
use super::budget::Share;
use super::course::Task;
use super::walk::{Came, Made, Walk};
use crate::fail::{Exit, Fail, chain};

/// Raised when actions are put together in another way.
const PINNING: u32 = 1;

impl Walk<'_> {
    pub(super) fn step(&self, task: &Task, share: Share) -> Result<Came, Fail> {
        let step = task.step();
        let Some(results) = self.lock().course.results_before(task) else { return Ok(Came::Stale) };
        let pinned = match self.pin(step, &results)? {
            Ok(pinned) => pinned,
            Err(failed) => return self.fail(step, failed),
        };
        let _claim = self.claim(pinned.key);
        let seen = match self.options.cutoff {
            CutOff::Interface => Some(self.results.seen(&self.action(&pinned)?)?),
            CutOff::Content => None,
        };
        let came = match self.known(step, &pinned, seen)? {
            Some((built, cut)) => self.is_known(step, &pinned, built, cut)?,
            None => self.run_build(step, &pinned, share)?,
        };
        if let (Some(seen), Came::Built(built) | Came::Known(built, _)) = (seen, &came) {
            self.results.is_alike(seen, built.action)?;
        }
        Ok(came)
    }

    /// Finds out what the step's action is. What follows from the same inputs is not worked out again.
    fn pin(&self, step: &Step, results: &[Arc<Made>]) -> Result<Result<Pinned, Failed>, Fail> {
        let source = self.source(step)?;
        let mut requires = self.requires(step)?;
        requires.sort();
        requires.dedup();
        let inputs = self.inputs(step, &requires, results)?;
        let store = &self.context.store;
        if let Some(pinned) = store.get::<Pinned>(&inputs.to_string())?
            && store.contains(pinned.document)
        {
            return Ok(Ok(pinned));
        }
        let buildroot = match self.buildroot(step, results, &requires)? {
            Ok(buildroot) => buildroot,
            Err(why) => return Ok(Err(never_tried(step, FailKind::Unresolvable, why))),
        };
        let action = self.put_together(step, source, requires, buildroot);
        let document = store.put(&serde_json::to_vec(&action)?)?;
        let pinned = Pinned { inputs, document, key: self.results.key(&action)? };
        store.append(&pinned)?;
        Ok(Ok(pinned))
    }

    /// The inner error says what can't be had.
    fn buildroot(
        &self,
        step: &Step,
        results: &[Arc<Made>],
        requires: &[Dependency],
    ) -> Result<Result<Buildroot, String>, Fail> {
        if self.policy.follows() {
            let nevra = &self.ground.evaluated[&step.source].nevra;
            if let Some(record) = self.policy.record(&step.source, nevra) {
                let following = self.policy.follow(self.context.arch(), self.gathered, record, requires)?;
                let Following { buildroot, deviations, broken } = following;
                let fatal: Vec<_> =
                    deviations.iter().filter(|it| it.is_fatal()).map(ToString::to_string).collect();
                self.context.store.append(&Deviated { step: self.name(step), deviations })?;
                let why =
                    || format!("{}: its recorded buildroot can't be had: {}", step.id, fatal.join("; "));
                return Ok(if broken { Err(why()) } else { Ok(buildroot) });
            }
            let deviations =
                vec![Deviation::Incomplete { why: "there is no record of this package".to_owned() }];
            self.context.store.append(&Deviated { step: self.name(step), deviations })?;
        }
        let own: Vec<Package>;
        let packages = match self.policy.fixed() {
            Some(fixed) => fixed,
            None => {
                own = results.iter().flat_map(|made| made.built.packages.iter().cloned()).collect();
                &own
            }
        };
        let offer = Offer {
            arch: self.context.arch(),
            bootstrap: &self.gathered.bootstrap.packages,
            earlier: self.gathered.earlier(),
            base: &self.ground.base,
            own_base: step.own_base,
            results: packages,
        };
        Ok(heirloom_plan::buildroot(&offer, &step.source, requires).map_err(|error| error.to_string()))
    }

    /// Digest of everything that the action follows from.
    fn inputs(&self, step: &Step, requires: &[Dependency], results: &[Arc<Made>]) -> Result<Digest, Fail> {
        let limits = self.limits(step);
        let group = &self.context.definition.bootstrap.group;
        let facts = (
            (PINNING, heirloom_build::BUILDER, self.context.arch(), self.context.macros(), limits),
            (step.source_digest, &step.with, step.own_base, requires),
            (self.gathered.bootstrap.state.repomd, self.ground.base_digest),
            (self.gathered.earlier.as_ref().map(|earlier| earlier.state.repomd), group, self.policy.digest()),
            self.policy.record(&step.source, &self.ground.evaluated[&step.source].nevra),
        );
        let mut text = serde_json::to_vec(&facts)?;
        for made in results {
            text.extend_from_slice(made.digest.as_bytes());
        }
        Ok(Digest::of(&text))
    }

    fn action(&self, pinned: &Pinned) -> Result<Action, Fail> {
        Ok(serde_json::from_slice(&self.context.store.read(pinned.document)?)?)
    }

    /// A result that was there, and what cut the build off if its inputs are not those of the last time.
    fn known(
        &self,
        step: &Step,
        pinned: &Pinned,
        seen: Option<Digest>,
    ) -> Result<Option<(Built, Option<CutOff>)>, Fail> {
        if let Some(built) = self.results.known(pinned.key, &self.progress)? {
            let last = self.context.store.get::<Ran>(&self.name(step))?;
            let cut = last.filter(|last| last.action == Some(pinned.key)).and_then(|last| {
                if last.document == Some(pinned.document) { last.cut } else { Some(CutOff::Content) }
            });
            return Ok(Some((built, cut)));
        }
        let Some(alike) = seen.map(|seen| self.results.alike(seen)).transpose()?.flatten() else {
            return Ok(None);
        };
        Ok(self.results.known(alike, &self.progress)?.map(|built| (built, Some(CutOff::Interface))))
    }

    fn is_known(
        &self,
        step: &Step,
        pinned: &Pinned,
        mut built: Built,
        cut: Option<CutOff>,
    ) -> Result<Came, Fail> {
        // The same action may have been built for a step of another name.
        built.step.clone_from(&step.id);
        self.ran(step, Some(built.action), Some(pinned.document), cut, None)?;
        self.progress.tick(&step.id);
        Ok(Came::Known(Box::new(built), cut))
    }

    fn run_build(&self, step: &Step, pinned: &Pinned, share: Share) -> Result<Came, Fail> {
        let Pinned { document, key, .. } = pinned;
        let action = &self.action(pinned)?;
        // A base of own results can need packages of bootstrap that the first base does not have.
        planning::fetch(self.context, self.gathered, &action.base)?;
        planning::fetch(self.context, self.gathered, &action.extra)?;
        self.progress.doing(&step.id);
        let name = self.name(step);
        let job = Job { step: &name, key: *key, document: *document, action, jobs: share.cores };
        let mut tries = 0;
        let outcome = loop {
            let doing = |phase: &str| self.progress.doing(&format!("{} {phase}", step.id));
            match self.builder.run(&job, &doing) {
                Err(BuildError::Interrupted) => return Ok(Came::Interrupted),
                Err(error) if error.is_infrastructure() && tries < self.options.retries => {
                    tries += 1;
                    self.progress.say(&format!(
                        "{}: the machine failed, try {tries} of {}: {}",
                        step.id,
                        self.options.retries,
                        chain(&error)
                    ));
                }
                Err(error) if error.is_infrastructure() && self.options.keep_going => {
                    let message =
                        format!("{}: the machine failed, not the package: {}", step.id, chain(&error));
                    return self.fail(step, never_tried(step, FailKind::Machine, message));
                }
                outcome => break outcome?,
            }
        };
        match outcome {
            Outcome::Built(built) => self.is_built(step, built),
            Outcome::NeedsMore(requires) => {
                let settled = Settled { source: step.source_digest, with: step.with.clone(), requires };
                self.context.store.append(&settled)?;
                Ok(Came::Learned)
            }
            Outcome::Failed(failed) => self.fail(step, failed),
        }
    }

    fn is_built(&self, step: &Step, mut built: Box<Built>) -> Result<Came, Fail> {
        built.step.clone_from(&step.id);
        self.results.keep(&built)?;
        self.context.store.append(&Cost { step: step.id.clone(), resources: built.resources })?;
        self.ran(step, Some(built.action), Some(built.document), None, None)?;
        self.progress.line(&format!("{} {:.1} s", built.nevra, built.resources.seconds));
        Ok(Came::Built(built))
    }

    fn fail(&self, step: &Step, failed: Failed) -> Result<Came, Fail> {
        let first = failed.message.lines().next().unwrap_or_default();
        self.progress.line(&format!("{} FAILED: {first}", step.id));
        self.ran(step, None, failed.document, None, Some(failed.clone()))?;
        Ok(Came::Failed(failed))
    }

    fn ran(
        &self,
        step: &Step,
        action: Option<Digest>,
        document: Option<Digest>,
        cut: Option<CutOff>,
        failed: Option<Failed>,
    ) -> Result<(), Fail> {
        Ok(self.context.store.append(&Ran { step: self.name(step), action, document, cut, failed })?)
    }

    /// How the ledger calls a step: a side build's are apart from the distribution's.
    fn name(&self, step: &Step) -> String {
        self.side.map_or_else(|| step.id.clone(), |side| side.step(&step.id))
    }

    fn source(&self, step: &Step) -> Result<&Imported, Fail> {
        let sources = &self.gathered.sources;
        let found = sources.binary_search_by(|source| source.name.as_str().cmp(&step.source));
        found
            .map(|index| &sources[index])
            .map_err(|_| Fail::new(Exit::Failed, format!("{} is planned, but not imported", step.source)))
    }

    fn requires(&self, step: &Step) -> Result<Vec<Dependency>, Fail> {
        let evaluated = &self.ground.evaluated[&step.source];
        if let Some(requires) = planning::settled(self.context, step.source_digest, &step.with)? {
            return Ok(requires);
        }
        let bootstrap = evaluated.bootstrap_requires.clone().filter(|_| !step.with.is_empty());
        Ok(bootstrap.unwrap_or_else(|| evaluated.build_requires.clone()))
    }

    fn limits(&self, step: &Step) -> Limits {
        let definition = &self.context.definition;
        let needs = definition.build.needs.get(&step.source).copied().unwrap_or_default();
        needs.limits(definition.limits)
    }

    fn put_together(
        &self,
        step: &Step,
        source: &Imported,
        requires: Vec<Dependency>,
        buildroot: Buildroot,
    ) -> Action {
        Action {
            builder: heirloom_build::BUILDER,
            name: source.name.clone(),
            spec: source.spec.clone(),
            sources: source.files.iter().map(|file| (file.name.clone(), file.digest)).collect(),
            base: buildroot.base,
            extra: buildroot.extra,
            requires,
            macros: self.context.macros(),
            with: step.with.clone(),
            arch: self.context.arch().to_owned(),
            limits: self.limits(step),
        }
    }
}

/// A failure before there was an action to run.
pub(super) fn never_tried(step: &Step, kind: FailKind, message: String) -> Failed {
    Failed { step: step.id.clone(), document: None, kind, message, log: None }
}
