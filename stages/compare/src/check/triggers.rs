//! What runs when other packages or files come and go.

use heirloom_formats::rpm_file::Trigger;
use heirloom_model::Finding;

use super::Weight::Compatible;
use super::{Check, dependencies};
use crate::excerpt;
use crate::pair::Pair;
use crate::tag::*;

pub(super) const TRIGGERS: Check = Check::tags(
    "triggers",
    "The triggers are the same, in the same order: text, interpreter, flags, priority, conditions.",
    Compatible,
    &[
        TRIGGERSCRIPTS,
        TRIGGERSCRIPTPROG,
        TRIGGERSCRIPTFLAGS,
        TRIGGERNAME,
        TRIGGERVERSION,
        TRIGGERFLAGS,
        TRIGGERINDEX,
        FILETRIGGERSCRIPTS,
        FILETRIGGERSCRIPTPROG,
        FILETRIGGERSCRIPTFLAGS,
        FILETRIGGERNAME,
        FILETRIGGERVERSION,
        FILETRIGGERFLAGS,
        FILETRIGGERINDEX,
        FILETRIGGERPRIORITIES,
        TRANSFILETRIGGERSCRIPTS,
        TRANSFILETRIGGERSCRIPTPROG,
        TRANSFILETRIGGERSCRIPTFLAGS,
        TRANSFILETRIGGERNAME,
        TRANSFILETRIGGERVERSION,
        TRANSFILETRIGGERFLAGS,
        TRANSFILETRIGGERINDEX,
        TRANSFILETRIGGERPRIORITIES,
    ],
)
.code(run);

fn run(check: &Check, pair: &Pair<'_>) -> Vec<Finding> {
    if pair.same(check.tags) {
        return Vec::new();
    }
    let (reference, rebuilt) = (&pair.reference.triggers, &pair.rebuilt.triggers);
    let mut findings = Vec::new();
    for index in 0..reference.len().max(rebuilt.len()) {
        let show = |triggers: &[Trigger]| triggers.get(index).map(show).unwrap_or_default();
        let (expected, found) = (show(reference), show(rebuilt));
        if expected != found {
            let subject = format!("trigger {}", index + 1);
            findings.push(check.differs(&subject, excerpt::texts(&expected, &found)));
        }
    }
    findings
}

fn show(trigger: &Trigger) -> String {
    let Trigger { kind, program, text, flags, priority, conditions } = trigger;
    let conditions: Vec<_> = conditions
        .iter()
        .map(|on| format!("{} ({})", dependencies::text(on), dependencies::senses_of(on.flags)))
        .collect();
    let priority = priority.map(|priority| format!(", priority {priority}")).unwrap_or_default();
    format!("{kind:?} {}, flags {flags}{priority}: {program}: {text}", conditions.join(", "))
}
