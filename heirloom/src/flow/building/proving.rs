//! Makes builds that an interface cut off, and compares: was it right to leave them out?

use std::collections::BTreeMap;

use heirloom_build::{Builder, Job, Outcome};
use heirloom_model::record::{Action, Built, CutOff, Plan, Ran};
use serde::Serialize;

use super::Options;
use super::results::Results;
use crate::context::Context;
use crate::fail::Fail;
use crate::ui::Progress;

/// A build that was made although it had been cut off.
#[derive(Serialize)]
pub(crate) struct Proof {
    /// The step.
    pub(crate) step: String,
    /// The packages that came out otherwise; none: it was right to leave it out.
    pub(crate) differ: Vec<String>,
    /// Why there is no answer.
    pub(crate) failed: Option<String>,
}

/// What proving works with.
pub(super) struct Work<'a> {
    pub(super) context: &'a Context,
    pub(super) builder: &'a Builder<'a>,
    pub(super) results: &'a Results<'a>,
    pub(super) options: Options,
}

impl Work<'_> {
    /// Builds as many as are wanted, other ones each time the inputs change. A result that differs takes the place
    /// of the one that was kept.
    pub(super) fn prove(
        &self,
        plan: &Plan,
        cut: &BTreeMap<String, CutOff>,
        built: &mut BTreeMap<String, Built>,
    ) -> Result<Vec<Proof>, Fail> {
        let mut sample = Vec::new();
        for step in plan.steps.iter().filter(|step| cut.get(&step.id) == Some(&CutOff::Interface)) {
            let ran = self.context.store.get::<Ran>(&step.id)?;
            sample.extend(ran.and_then(|ran| ran.document).map(|document| (document, step.id.as_str())));
        }
        // Digests are as good as chance, and can be repeated.
        sample.sort();
        sample.truncate(self.options.prove);
        if sample.is_empty() {
            return Ok(Vec::new());
        }
        let progress = Progress::new("prove", sample.len());
        let mut proofs = Vec::new();
        for (document, step) in sample {
            progress.doing(step);
            let action: Action = serde_json::from_slice(&self.context.store.read(document)?)?;
            let key = self.results.key(&action)?;
            let job = Job { step, key, document, action: &action, jobs: self.options.budget.cores };
            let proof = match self.builder.run(&job, &|_| {})? {
                Outcome::Built(fresh) => self.judge(step, *fresh, built)?,
                Outcome::NeedsMore(_) => Proof {
                    step: step.to_owned(),
                    differ: Vec::new(),
                    failed: Some("it asks for other build requirements than before".to_owned()),
                },
                Outcome::Failed(failed) => {
                    Proof { step: step.to_owned(), differ: Vec::new(), failed: Some(failed.message) }
                }
            };
            progress.line(&format!("{step} {}", if proof.holds() { "is the same" } else { "DIFFERS" }));
            proofs.push(proof);
        }
        let right = proofs.iter().filter(|proof| proof.holds()).count();
        progress.end(&format!("{right} of {} builds that were left out are the same", proofs.len()));
        Ok(proofs)
    }

    fn judge(&self, step: &str, fresh: Built, built: &mut BTreeMap<String, Built>) -> Result<Proof, Fail> {
        let differ = match built.get(step) {
            Some(kept) => self.results.differences(kept, &fresh)?,
            None => Vec::new(),
        };
        self.results.keep(&fresh)?;
        if !differ.is_empty() {
            let ran = Ran {
                step: step.to_owned(),
                action: Some(fresh.action),
                document: Some(fresh.document),
                cut: None,
                failed: None,
            };
            self.context.store.append(&ran)?;
            built.insert(step.to_owned(), fresh);
        }
        Ok(Proof { step: step.to_owned(), differ, failed: None })
    }
}

impl Proof {
    /// Whether it was right to leave the build out.
    pub(crate) fn holds(&self) -> bool {
        self.differ.is_empty() && self.failed.is_none()
    }
}
