//! What a change can reach.

use std::collections::{HashMap, HashSet};

use heirloom_model::record::Plan;

/// Ids of the steps that may come out otherwise when this source package changes: its own, and all that come
/// after them, however far. In build order.
#[must_use]
pub fn affected<'p>(plan: &'p Plan, source: &str) -> Vec<&'p str> {
    let mut next: HashMap<&str, Vec<&str>> = HashMap::new();
    for step in &plan.steps {
        for before in &step.after {
            next.entry(before).or_default().push(&step.id);
        }
    }
    let own = plan.steps.iter().filter(|step| step.source == source).map(|step| step.id.as_str());
    let mut open: Vec<&str> = own.collect();
    let mut reached: HashSet<&str> = HashSet::new();
    while let Some(step) = open.pop() {
        if reached.insert(step) {
            open.extend(next.get(step).into_iter().flatten());
        }
    }
    let steps = plan.steps.iter().map(|step| step.id.as_str());
    steps.filter(|step| reached.contains(step)).collect()
}
