//! Steps as the plan has them: with names, waves and reasons.

use std::collections::{BTreeSet, HashMap};

use heirloom_model::record::{Need, Plan, Provider, Step};

use crate::lab::{Found, Place};
use crate::memo::Item;
use crate::order::{Build, Draft, Ordered, id};
use crate::work::Work;

/// The plan: steps sorted by wave, then by id. Wave 1 needs nothing of the distribution's own.
pub(crate) fn plan(work: &Work<'_, '_, '_>, ordered: Ordered) -> Plan {
    let mut waves: HashMap<(usize, Build), usize> = HashMap::new();
    let mut steps = Vec::with_capacity(ordered.drafts.len());
    for draft in &ordered.drafts {
        let before = before(&ordered, draft);
        let wave = before.iter().filter_map(|step| waves.get(step)).max().map_or(1, |wave| wave + 1);
        waves.insert((draft.source, draft.build), wave);
        steps.push(step(work, &ordered, draft, &before, wave));
    }
    steps.sort_by(|a, b| (a.wave, &a.id).cmp(&(b.wave, &b.id)));
    let base = base(work);
    Plan { steps, cycles: ordered.cycles, left_out: Vec::new(), unbuildable: Vec::new(), base }
}

/// The steps that must come before, once each.
fn before(ordered: &Ordered, draft: &Draft) -> Vec<(usize, Build)> {
    let of_needs = draft.needs.items().iter().filter_map(|item| match item.from {
        Place::Source(source) => Some(source),
        Place::Bootstrap | Place::Earlier => None,
    });
    let of_base = ordered.base.iter().copied().filter(|_| draft.own_base);
    let sources: BTreeSet<usize> = of_needs.chain(of_base).collect();
    sources.into_iter().map(|source| (source, ordered.provider(draft, source))).collect()
}

fn step(
    work: &Work<'_, '_, '_>,
    ordered: &Ordered,
    draft: &Draft,
    before: &[(usize, Build)],
    wave: usize,
) -> Step {
    let source = &work.input.sources[draft.source];
    let mut after: Vec<String> =
        before.iter().map(|(source, build)| id(work.name(*source), *build)).collect();
    after.sort();
    let need = |item: &Item| Need {
        package: work.memo.texts.get(item.package).to_owned(),
        because: work.memo.texts.get(item.because).to_owned(),
        provider: match item.from {
            Place::Source(source) => Provider::Step(id(work.name(source), ordered.provider(draft, source))),
            Place::Bootstrap => Provider::Bootstrap,
            Place::Earlier => Provider::Earlier,
        },
    };
    let (mut needs, mut foreign): (Vec<_>, Vec<_>) =
        draft.needs.items().iter().map(need).partition(|need| matches!(need.provider, Provider::Step(_)));
    needs.sort();
    foreign.sort();
    let reason = match (&draft.note, after.is_empty()) {
        (Some(note), _) => note.clone(),
        (None, true) => "needs the bootstrap repository only".to_owned(),
        (None, false) => format!("needs what {} make", shortened(&after)),
    };
    Step {
        id: id(source.name, draft.build),
        source: source.name.to_owned(),
        source_digest: source.evaluated.source,
        with: if draft.build == Build::Conditional { vec!["bootstrap".to_owned()] } else { Vec::new() },
        pass: draft.pass,
        own_base: draft.own_base,
        wave,
        after,
        needs,
        foreign,
        reason,
    }
}

fn shortened(names: &[String]) -> String {
    const TOLD: usize = 12;
    match names.len() {
        ..=TOLD => names.join(", "),
        more => format!("{} and {} more", names[..TOLD].join(", "), more - TOLD),
    }
}

/// What the base comes to at last.
fn base(work: &Work<'_, '_, '_>) -> Vec<Need> {
    let own = |found: &Found| Need {
        package: found.package.clone(),
        because: found.because.replace("BuildRequires: ", "base group: "),
        provider: match found.from {
            Place::Source(source) => Provider::Step(work.name(source).to_owned()),
            Place::Bootstrap => Provider::Bootstrap,
            Place::Earlier => Provider::Earlier,
        },
    };
    let bootstrap = |&index: &usize| Need {
        package: work.input.bootstrap[index].nevra.name().to_owned(),
        because: "base of the buildroots".to_owned(),
        provider: Provider::Bootstrap,
    };
    let mut base: Vec<_> = match work.input.options.own_base {
        true => work.lab.own_base().iter().map(own).collect(),
        false => work.input.base.packages.iter().map(bootstrap).collect(),
    };
    base.sort();
    base
}
