//! What a change can reach.

use std::collections::HashSet;

use heirloom_model::record::Plan;

/// Ids of the steps that may come out otherwise when this source package changes: its own, and all that come
/// after them, however far. In build order.
#[must_use]
pub fn affected<'p>(plan: &'p Plan, source: &str) -> Vec<&'p str> {
    let mut reached: HashSet<&str> = HashSet::new();
    let mut affected = Vec::new();
    // What a step needs comes before it.
    for step in &plan.steps {
        if step.source == source || step.after.iter().any(|id| reached.contains(&**id)) {
            reached.insert(&step.id);
            affected.push(step.id.as_str());
        }
    }
    affected
}
