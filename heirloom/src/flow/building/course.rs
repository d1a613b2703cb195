//! A plan on its way: what is built, what runs, what is lost. When more is learned about build requirements, a new
//! plan takes its place, and what does not change in it is carried over. Pure but for its clones.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use heirloom_model::record::{FailKind, Failed, Plan, Step};

use super::queue::Queue;
use super::step::never_tried;
use super::walk::Made;

/// What became of a step.
enum Fate {
    Open,
    Running,
    Built(Arc<Made>),
    Failed(Failed),
    /// It asked for more, or needs what did.
    Waiting,
}

/// A step that a worker was given.
#[derive(Clone)]
pub(super) struct Task {
    pub(super) number: usize,
    pub(super) plan: Arc<Plan>,
}

impl Task {
    pub(super) fn step(&self) -> &Step {
        &self.plan.steps[self.number]
    }
}

pub(super) struct Course {
    plan: Arc<Plan>,
    queue: Queue,
    fates: Vec<Fate>,
}

impl Course {
    /// `seconds` is what each step is expected to take.
    pub(super) fn new(plan: Plan, seconds: &[f64]) -> Self {
        let queue = Queue::new(&plan, seconds);
        let fates = plan.steps.iter().map(|_| Fate::Open).collect();
        Self { plan: Arc::new(plan), queue, fates }
    }

    /// The same for a plan that takes the place of this one. A step is carried over if it and all before it are the
    /// same. What runs goes on running; what it gives counts if its step is carried over.
    pub(super) fn replaced(mut self, plan: Plan, seconds: &[f64]) -> Self {
        let mut next = Self::new(plan, seconds);
        let old: BTreeMap<String, usize> =
            self.plan.steps.iter().enumerate().map(|(number, step)| (step.id.clone(), number)).collect();
        let mut carried: BTreeSet<String> = BTreeSet::new();
        let plan = next.plan.clone();
        for (number, step) in plan.steps.iter().enumerate() {
            let Some(&was) = old.get(&step.id) else { continue };
            let same = self.plan.steps[was] == *step && step.after.iter().all(|id| carried.contains(&**id));
            if same {
                carried.insert(step.id.clone());
            }
            match (std::mem::replace(&mut self.fates[was], Fate::Open), same) {
                (Fate::Built(made), true) => {
                    next.queue.withdraw(number);
                    next.built(number, made);
                }
                (Fate::Failed(failed), true) if failed.kind != FailKind::Blocked => {
                    next.queue.withdraw(number);
                    next.failed(number, failed);
                }
                (Fate::Running, _) => {
                    next.queue.withdraw(number);
                    next.fates[number] = Fate::Running;
                }
                _ => {}
            }
        }
        next
    }

    pub(super) fn ready(&self) -> usize {
        self.queue.ready()
    }

    /// Takes the heaviest ready step for which there is room.
    pub(super) fn take<T>(&mut self, room: impl Fn(&Step) -> Option<T>) -> Option<(Task, T)> {
        let (number, given) = self.queue.take(|number| room(&self.plan.steps[number]))?;
        self.fates[number] = Fate::Running;
        Some((Task { number, plan: self.plan.clone() }, given))
    }

    /// The step's number in today's plan, if what the worker was given is still what is wanted. Else it is put back,
    /// if it is in the plan at all.
    pub(super) fn wanted(&mut self, task: &Task) -> Option<usize> {
        if Arc::ptr_eq(&task.plan, &self.plan) {
            return Some(task.number);
        }
        let now = self.plan.steps.iter().position(|step| step.id == task.step().id)?;
        let before = |plan: &Plan, queue: &Queue, number| {
            queue.before(number).map(|number| plan.steps[number].clone()).collect::<Vec<_>>()
        };
        let then = Queue::new(&task.plan, &vec![0.0; task.plan.steps.len()]);
        let same = self.plan.steps[now] == *task.step()
            && before(&self.plan, &self.queue, now) == before(&task.plan, &then, task.number);
        if same {
            return Some(now);
        }
        self.again(now);
        None
    }

    /// It has to be looked at once more.
    pub(super) fn again(&mut self, number: usize) {
        self.fates[number] = Fate::Open;
        self.queue.put_back(number);
    }

    pub(super) fn built(&mut self, number: usize, made: Arc<Made>) {
        self.fates[number] = Fate::Built(made);
        self.queue.done(number);
    }

    pub(super) fn failed(&mut self, number: usize, failed: Failed) {
        self.fates[number] = Fate::Failed(failed);
        for (lost, cause) in self.queue.lost(number) {
            let (step, cause) = (&self.plan.steps[lost], &self.plan.steps[cause].id);
            let message = format!("{} needs {cause}, which failed", step.id);
            self.fates[lost] = Fate::Failed(never_tried(step, FailKind::Blocked, message));
        }
    }

    /// It asked for more: it and what needs it wait for another plan.
    pub(super) fn learned(&mut self, number: usize) {
        self.fates[number] = Fate::Waiting;
        for (lost, _) in self.queue.lost(number) {
            self.fates[lost] = Fate::Waiting;
        }
    }

    /// Results of the steps before a task's, however far. Of a source's builds, the last one counts. None if another
    /// plan has taken the place of the task's.
    pub(super) fn results_before(&self, task: &Task) -> Option<Vec<Arc<Made>>> {
        if !Arc::ptr_eq(&task.plan, &self.plan) {
            return None;
        }
        let steps = &self.plan.steps;
        let mut last: BTreeMap<&str, usize> = BTreeMap::new();
        for before in self.queue.before(task.number) {
            let newest = last.entry(steps[before].source.as_str()).or_insert(before);
            if pass(&steps[before]) > pass(&steps[*newest]) {
                *newest = before;
            }
        }
        let made = |number: usize| match &self.fates[number] {
            Fate::Built(made) => Some(made.clone()),
            _ => None,
        };
        Some(last.into_values().filter_map(made).collect())
    }

    /// What was built and what failed, by step.
    pub(super) fn end(self) -> (Plan, BTreeMap<String, Arc<Made>>, BTreeMap<String, Failed>) {
        let (mut built, mut failed) = (BTreeMap::new(), BTreeMap::new());
        for (step, fate) in self.plan.steps.iter().zip(self.fates) {
            match fate {
                Fate::Built(made) => drop(built.insert(step.id.clone(), made)),
                Fate::Failed(why) => drop(failed.insert(step.id.clone(), why)),
                Fate::Open | Fate::Running | Fate::Waiting => {}
            }
        }
        (Arc::unwrap_or_clone(self.plan), built, failed)
    }
}

/// The place of a step among the builds of its source.
fn pass(step: &Step) -> usize {
    match step.id.rsplit_once(':') {
        None => usize::MAX,
        Some((_, "bootstrap")) => 0,
        Some(_) => step.pass,
    }
}

#[cfg(test)]
mod tests {
    use heirloom_model::Digest;
    use heirloom_model::record::Built;

    use super::*;

    /// `name: needs needs`, each after what it needs.
    fn plan(steps: &[&str]) -> Plan {
        let steps: Vec<_> = steps
            .iter()
            .map(|text| {
                let (id, after) = text.split_once(':').unwrap();
                serde_json::json!({
                    "id": id, "source": id, "source_digest": Digest::of(b""), "with": [], "pass": 0,
                    "own_base": false, "wave": 1, "after": after.split_whitespace().collect::<Vec<_>>(),
                    "needs": [], "reason": "",
                })
            })
            .collect();
        let plan = serde_json::json!({ "steps": steps, "cycles": [], "left_out": [], "unbuildable": [] });
        serde_json::from_value(plan).unwrap()
    }

    fn made() -> Arc<Made> {
        let package = serde_json::json!({
            "nevra": "a-1-1.src", "digest": Digest::of(b""), "size": 0, "location": "", "source_rpm": "",
            "provides": [], "requires": [], "conflicts": [], "obsoletes": [], "recommends": [], "suggests": [],
            "supplements": [], "enhances": [], "files": [],
        });
        let built: Built = serde_json::from_value(serde_json::json!({
            "action": Digest::of(b""), "document": Digest::of(b""), "step": "a", "nevra": "a-1-1.src", "packages": [],
            "source": package, "buildroot": [], "log": Digest::of(b""),
            "resources": { "seconds": 1.0, "overhead_seconds": 0.0, "cpu_seconds": 1.0, "peak_memory": 0 },
        }))
        .unwrap();
        Arc::new(Made { built, digest: Digest::of(b"") })
    }

    fn take(course: &mut Course) -> Option<Task> {
        course.take(|_| Some(())).map(|(task, ())| task)
    }

    #[test]
    fn another_plan_carries_over_what_is_the_same() {
        let mut course = Course::new(plan(&["a:", "b:", "c:a", "d:b"]), &[4.0, 3.0, 1.0, 1.0]);
        let (a, b) = (take(&mut course).unwrap(), take(&mut course).unwrap());
        assert_eq!((a.step().id.as_str(), b.step().id.as_str()), ("a", "b"));
        let number = course.wanted(&a).unwrap();
        course.built(number, made());
        let c = take(&mut course).unwrap();
        // c asks for more: it needs b too. b runs on meanwhile.
        let number = course.wanted(&c).unwrap();
        course.learned(number);
        assert!(take(&mut course).is_none());
        let mut course = course.replaced(plan(&["a:", "b:", "d:b", "c:a b"]), &[1.0; 4]);
        assert!(take(&mut course).is_none(), "a is built and b runs");
        assert!(course.results_before(&b).is_none(), "it is of another plan");
        let number = course.wanted(&b).unwrap();
        course.built(number, made());
        let (_, built, failed) = {
            let c = take(&mut course).unwrap();
            assert_eq!(course.results_before(&c).unwrap().len(), if c.step().id == "c" { 2 } else { 1 });
            course.end()
        };
        assert_eq!((built.len(), failed.len()), (2, 0));
    }

    #[test]
    fn what_runs_and_is_another_step_by_then_is_put_back() {
        let mut course = Course::new(plan(&["a:", "b:"]), &[2.0, 1.0]);
        let (a, b) = (take(&mut course).unwrap(), take(&mut course).unwrap());
        let mut course = course.replaced(plan(&["b:", "a:b"]), &[1.0; 2]);
        let number = course.wanted(&a);
        assert_eq!(number, None);
        assert!(take(&mut course).is_none());
        let number = course.wanted(&b).unwrap();
        course.failed(number, never_tried(b.step(), FailKind::Rpmbuild, "no".to_owned()));
        let (_, built, failed) = course.end();
        assert_eq!((built.len(), failed["a"].kind), (0, FailKind::Blocked));
    }
}
