//! Puts the steps in order. There are no cycles left here.

use std::collections::BTreeMap;

use heirloom_model::record::Step;

use crate::Input;
use crate::graph::{Draft, Drafts};

/// Steps sorted by wave, then by id. Wave 1 needs nothing of the distribution's own.
pub(crate) fn steps(input: &Input<'_>, drafts: &Drafts) -> Vec<Step> {
    let waves = waves(drafts);
    let mut steps: Vec<_> =
        drafts.iter().map(|(id, draft)| step(input, id, draft, waves[id.as_str()])).collect();
    steps.sort_by(|a, b| (a.wave, &a.id).cmp(&(b.wave, &b.id)));
    steps
}

fn waves(drafts: &Drafts) -> BTreeMap<&str, usize> {
    let mut waves: BTreeMap<&str, usize> = BTreeMap::new();
    while waves.len() < drafts.len() {
        let before = waves.len();
        for (id, draft) in drafts {
            let after = draft.after();
            let known = |step: &&str| waves.contains_key(*step) || !drafts.contains_key(*step);
            if !waves.contains_key(id.as_str()) && after.iter().all(known) {
                let wave = after.iter().filter_map(|step| waves.get(step)).max().map_or(1, |wave| wave + 1);
                waves.insert(id, wave);
            }
        }
        debug_assert!(waves.len() > before, "cycles are broken before");
        if waves.len() == before {
            break;
        }
    }
    waves
}

fn step(input: &Input<'_>, id: &str, draft: &Draft, wave: usize) -> Step {
    let source = &input.sources[draft.source];
    let after: Vec<String> = draft.after().into_iter().map(str::to_owned).collect();
    let reason = match (&draft.note, after.is_empty()) {
        (Some(note), _) => note.clone(),
        (None, true) => "needs the bootstrap repository only".to_owned(),
        (None, false) => format!("needs what {} make", after.join(", ")),
    };
    Step {
        id: id.to_owned(),
        source: source.name.to_owned(),
        source_digest: source.evaluated.source,
        with: if draft.first { vec!["bootstrap".to_owned()] } else { Vec::new() },
        pass: 0,
        own_base: false,
        wave,
        after,
        needs: draft.needs.clone(),
        reason,
    }
}
