//! Steps as the plan has them: with names, waves and reasons.

use std::collections::HashMap;
use std::sync::Arc;

use heirloom_model::record::{Need, Plan, Provider, Step};

use crate::lab::{Found, Place};
use crate::order::{Build, Draft, Ordered, id};
use crate::work::Work;

/// The plan: steps sorted by wave, then by id. Wave 1 needs nothing of the distribution's own.
pub(crate) fn plan(work: &Work<'_, '_, '_>, ordered: Ordered) -> Plan {
    let mut names = Names { work, ids: HashMap::new() };
    let mut waves: HashMap<(usize, Build), usize> = HashMap::new();
    let mut steps = Vec::with_capacity(ordered.drafts.len());
    for draft in &ordered.drafts {
        let before = before(&ordered, draft);
        let wave = before.iter().filter_map(|step| waves.get(step)).max().map_or(1, |wave| wave + 1);
        waves.insert((draft.source, draft.build), wave);
        steps.push(names.step(draft, &before, wave));
    }
    steps.sort_by(|a, b| (a.wave, &a.id).cmp(&(b.wave, &b.id)));
    let base = base(work);
    Plan { steps, cycles: ordered.cycles, left_out: Vec::new(), unbuildable: Vec::new(), base }
}

/// The steps that must come before, once each.
fn before(ordered: &Ordered, draft: &Draft) -> Vec<(usize, Build)> {
    let of_needs = draft.needs.items().iter().filter_map(|item| match item.from {
        Place::Source(source) => Some(source as usize),
        Place::Bootstrap | Place::Earlier => None,
    });
    let of_base = ordered.base.iter().copied().filter(|_| draft.own_base);
    let mut sources: Vec<usize> = of_needs.chain(of_base).collect();
    sources.sort_unstable();
    sources.dedup();
    sources.into_iter().map(|source| (source, ordered.provider(draft, source))).collect()
}

/// Ids of steps, each made once.
struct Names<'n, 'w, 'l, 'a> {
    work: &'n Work<'w, 'l, 'a>,
    ids: HashMap<(usize, Build), Arc<str>>,
}

impl Names<'_, '_, '_, '_> {
    fn id(&mut self, source: usize, build: Build) -> Arc<str> {
        let name = || id(self.work.name(source), build).into();
        Arc::clone(self.ids.entry((source, build)).or_insert_with(name))
    }

    fn step(&mut self, draft: &Draft, before: &[(usize, Build)], wave: usize) -> Step {
        let ids: Vec<Arc<str>> = before.iter().map(|&(source, build)| self.id(source, build)).collect();
        let mut after = ids.clone();
        after.sort();
        let texts = &self.work.memo.texts;
        // Packages of a solution are sorted, so both lists are.
        let (mut needs, mut foreign) = (Vec::with_capacity(draft.needs.items().len()), Vec::new());
        for item in draft.needs.items() {
            let (package, because) = (texts.shared(item.package), texts.shared(item.because));
            match item.from {
                Place::Source(source) => {
                    let step = before.binary_search_by_key(&(source as usize), |(source, _)| *source);
                    let step = step.map_or_else(|_| "".into(), |place| Arc::clone(&ids[place]));
                    needs.push(Need { package, because, provider: Provider::Step(step) });
                }
                Place::Bootstrap => foreign.push(Need { package, because, provider: Provider::Bootstrap }),
                Place::Earlier => foreign.push(Need { package, because, provider: Provider::Earlier }),
            }
        }
        needs.shrink_to_fit();
        let reason = match (&draft.note, after.is_empty()) {
            (Some(note), _) => note.clone(),
            (None, true) => "needs the bootstrap repository only".to_owned(),
            (None, false) => format!("needs what {} make", shortened(&after)),
        };
        let source = &self.work.input.sources[draft.source];
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
}

fn shortened(names: &[Arc<str>]) -> String {
    const TOLD: usize = 12;
    match names.len() {
        ..=TOLD => names.join(", "),
        more => format!("{} and {} more", names[..TOLD].join(", "), more - TOLD),
    }
}

/// What the base comes to at last.
fn base(work: &Work<'_, '_, '_>) -> Vec<Need> {
    let own = |found: &Found| Need {
        package: found.package.as_str().into(),
        because: found.because.replace("BuildRequires: ", "base group: ").into(),
        provider: match found.from {
            Place::Source(source) => Provider::Step(work.name(source as usize).into()),
            Place::Bootstrap => Provider::Bootstrap,
            Place::Earlier => Provider::Earlier,
        },
    };
    let bootstrap = |&index: &usize| Need {
        package: work.input.bootstrap[index].nevra.name().into(),
        because: "base of the buildroots".into(),
        provider: Provider::Bootstrap,
    };
    let mut base: Vec<_> = match work.input.options.own_base {
        true => work.lab.own_base().iter().map(own).collect(),
        false => work.input.base.packages.iter().map(bootstrap).collect(),
    };
    base.sort();
    base
}
