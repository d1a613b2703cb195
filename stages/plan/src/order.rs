//! From what each source package needs to steps: components of the graph, passes through those that are cycles.

use std::collections::BTreeSet;
use std::sync::Arc;

use heirloom_model::record::{Crutch, CrutchKind, Cycle};

use crate::PlanError;
use crate::cycle::{First, first_pass};
use crate::lab::{On, Place};
use crate::memo::{Item, Solved};
use crate::scc;
use crate::work::Work;

/// Which build of a source package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Build {
    /// Under its `bootstrap` conditional.
    Conditional,
    /// An earlier pass of its cycle.
    Pass(usize),
    /// The one whose results count.
    Last,
}

/// Whose results a step takes of what is in its own cycle.
#[derive(Clone, Debug)]
pub(crate) enum Via {
    /// It is in no cycle.
    None,
    /// The first pass: what was built before it, these under their conditional.
    First(Arc<BTreeSet<usize>>),
    /// The pass before.
    Pass(Build),
}

/// A step to be.
pub(crate) struct Draft {
    pub(crate) source: usize,
    pub(crate) build: Build,
    /// Which pass of its cycle, 0 if it is in none.
    pub(crate) pass: usize,
    pub(crate) own_base: bool,
    pub(crate) needs: Needed,
    pub(crate) via: Via,
    /// Why it stands where it stands, if that is out of the ordinary.
    pub(crate) note: Option<String>,
}

/// Packages on top of the base: shared where nothing is special.
pub(crate) enum Needed {
    Shared(Arc<Solved>),
    Own(Vec<Item>),
}

impl Needed {
    pub(crate) fn items(&self) -> &[Item] {
        match self {
            Self::Shared(solved) => solved.as_ref().as_ref().map_or(&[], Vec::as_slice),
            Self::Own(items) => items,
        }
    }
}

/// Steps, each after what it needs, and all cycles.
pub(crate) struct Ordered {
    pub(crate) drafts: Vec<Draft>,
    pub(crate) cycles: Vec<Cycle>,
    passes: usize,
    /// The component of each source.
    pub(crate) rank: Vec<u32>,
    /// Sources of the base, if that is of own results at last.
    pub(crate) base: BTreeSet<usize>,
}

pub(crate) fn order(work: &mut Work<'_, '_, '_>, full: &[Option<Arc<Solved>>]) -> Result<Ordered, PlanError> {
    let base: BTreeSet<usize> = work
        .lab
        .own_base()
        .iter()
        .filter_map(|found| match found.from {
            Place::Source(source) => Some(source as usize),
            Place::Bootstrap | Place::Earlier => None,
        })
        .collect();
    let graph = graph(full, &base);
    let components = scc::simple_first(scc::components(&graph), &graph);
    let mut rank = vec![0; full.len()];
    for (number, members) in (0u32..).zip(&components) {
        members.iter().for_each(|&member| rank[member as usize] = number);
    }
    let passes = work.input.options.passes.max(1);
    let mut ordered = Ordered { drafts: Vec::new(), cycles: Vec::new(), passes, rank, base };
    for members in components {
        let cycle = scc::is_cycle(&members, &graph);
        let mut members: Vec<_> = members.into_iter().map(|member| member as usize).collect();
        members.retain(|&member| full[member].is_some());
        members.sort_unstable();
        match cycle {
            true => ordered.cycle(work, &members, full)?,
            false => ordered.drafts.extend(members.iter().filter_map(|&source| {
                let needs = Needed::Shared(full[source].clone()?);
                let own_base = work.input.options.own_base;
                Some(Draft {
                    source,
                    build: Build::Last,
                    pass: 0,
                    own_base,
                    needs,
                    via: Via::None,
                    note: None,
                })
            })),
        }
    }
    ordered.cycles.sort_by(|a, b| a.members.cmp(&b.members));
    Ok(ordered)
}

/// Which sources each source needs.
fn graph(full: &[Option<Arc<Solved>>], base: &BTreeSet<usize>) -> Vec<Vec<u32>> {
    let node = |source: usize| u32::try_from(source).unwrap_or(u32::MAX);
    let mut needs = Vec::with_capacity(full.len());
    for solved in full {
        let Some(solved) = solved else {
            needs.push(Vec::new());
            continue;
        };
        let items = solved.as_ref().as_ref().map_or(&[][..], Vec::as_slice);
        let of = items.iter().filter_map(|item| match item.from {
            Place::Source(source) => Some(source),
            Place::Bootstrap | Place::Earlier => None,
        });
        let mut list: Vec<u32> = of.chain(base.iter().map(|&source| node(source))).collect();
        list.sort_unstable();
        list.dedup();
        needs.push(list);
    }
    needs
}

impl Ordered {
    /// The first pass with its crutches, and the others on the results of the one before.
    fn cycle(
        &mut self,
        work: &mut Work<'_, '_, '_>,
        members: &[usize],
        full: &[Option<Arc<Solved>>],
    ) -> Result<(), PlanError> {
        let through_base = members.iter().any(|member| self.base.contains(member));
        let on = if through_base { On::Bootstrap } else { work.on() };
        let first = first_pass(work, members, full, &self.rank, on)?;
        let passes = self.passes;
        let names: Vec<String> = members.iter().map(|&member| work.name(member).to_owned()).collect();
        let told = Told { names: shortened(&names), passes, through_base };
        let crutches = first.iter().flat_map(|node| crutches(work, node, passes)).collect();
        let split: BTreeSet<_> =
            first.iter().filter(|node| node.conditional).map(|node| node.source).collect();
        let split = Arc::new(split);
        for node in first {
            self.drafts.push(Draft {
                source: node.source,
                build: if node.conditional { Build::Conditional } else { pass(1, passes) },
                pass: 1,
                own_base: on == On::Own,
                note: Some(told.first(work, &node)),
                needs: Needed::Own(node.needs),
                via: Via::First(Arc::clone(&split)),
            });
        }
        for number in 2..=passes {
            self.drafts.extend(members.iter().filter_map(|&source| {
                Some(Draft {
                    source,
                    build: pass(number, passes),
                    pass: number,
                    own_base: work.input.options.own_base,
                    note: Some(told.again(number)),
                    needs: Needed::Shared(full[source].clone()?),
                    via: Via::Pass(pass(number - 1, passes)),
                })
            }));
        }
        self.cycles.push(Cycle { members: names, crutches, passes });
        Ok(())
    }

    /// The build that a step takes the results of a source from.
    pub(crate) fn provider(&self, draft: &Draft, source: usize) -> Build {
        if self.rank[source] != self.rank[draft.source] {
            return Build::Last;
        }
        match &draft.via {
            Via::None => Build::Last,
            Via::Pass(build) => *build,
            Via::First(split) if split.contains(&source) => Build::Conditional,
            Via::First(_) => pass(1, self.passes),
        }
    }
}

fn pass(number: usize, passes: usize) -> Build {
    if number == passes { Build::Last } else { Build::Pass(number) }
}

/// The step's id.
pub(crate) fn id(name: &str, build: Build) -> String {
    match build {
        Build::Conditional => format!("{name}:bootstrap"),
        Build::Pass(number) => format!("{name}:{number}"),
        Build::Last => name.to_owned(),
    }
}

fn crutches(work: &Work<'_, '_, '_>, node: &First, passes: usize) -> Vec<Crutch> {
    let name = work.name(node.source);
    let step = id(name, if node.conditional { Build::Conditional } else { pass(1, passes) });
    let conditional = node.conditional.then(|| (CrutchKind::Conditional, Vec::new()));
    let taken = node.crutches.iter().map(|(kind, packages)| {
        let mut packages: Vec<_> =
            packages.iter().map(|package| work.memo.texts.get(*package).to_owned()).collect();
        packages.sort();
        (*kind, packages)
    });
    let all = conditional.into_iter().chain(taken);
    all.map(|(kind, packages)| Crutch { step: step.clone(), kind, packages }).collect()
}

/// How a cycle is told.
struct Told {
    names: String,
    passes: usize,
    through_base: bool,
}

impl Told {
    fn first(&self, work: &Work<'_, '_, '_>, node: &First) -> String {
        let Self { names, passes, .. } = self;
        let base = if self.through_base { ", and the base is bootstrap's" } else { "" };
        let taken = node.crutches.iter().map(|(kind, packages)| {
            let mut packages: Vec<_> =
                packages.iter().map(|package| work.memo.texts.get(*package).to_owned()).collect();
            packages.sort();
            let from = match kind {
                CrutchKind::Earlier => "the earlier release",
                CrutchKind::Bootstrap | CrutchKind::Conditional => "the bootstrap repository",
            };
            format!("takes {} from {from}", shortened(&packages))
        });
        let taken: Vec<_> = taken.collect();
        let what = match (node.conditional, taken.is_empty()) {
            (true, true) => {
                "is built first with its `bootstrap` conditional, and again when the others are there"
                    .to_owned()
            }
            (true, false) => {
                format!("is built first with its `bootstrap` conditional, and {}", taken.join(" and "))
            }
            (false, true) => format!("has what it needs in pass 1 of {passes}"),
            (false, false) => format!("{} in pass 1 of {passes}", taken.join(" and ")),
        };
        match names.as_str() == work.name(node.source) {
            true => format!("{names} needs itself; it {what}{base}"),
            false => format!("{names} need each other; {} {what}{base}", work.name(node.source)),
        }
    }

    fn again(&self, number: usize) -> String {
        let Self { names, passes, .. } = self;
        format!("pass {number} of {passes} through the cycle of {names}, on what pass {} made", number - 1)
    }
}

/// As many names as fit into a sentence.
fn shortened(names: &[String]) -> String {
    const TOLD: usize = 5;
    match names.len() {
        ..=TOLD => names.join(", "),
        more => format!("{} and {} more", names[..TOLD].join(", "), more - TOLD),
    }
}
