//! What all parts of planning share: input, solver, memory.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use heirloom_model::Package;
use heirloom_model::record::CrutchKind;

use crate::cone::Keys;
use crate::expected::Expected;
use crate::lab::{Lab, On, Question};
use crate::memo::{Memo, Solutions, Solved};
use crate::{Input, PlanError, Unbuildable};

/// Shared by all parts of one plan.
pub(crate) struct Work<'w, 'l, 'a> {
    pub(crate) input: &'w Input<'a>,
    pub(crate) lab: &'w Lab<'l, 'a>,
    pub(crate) keys: &'w Keys<'a>,
    pub(crate) memo: &'w mut Memo<'a>,
    names: OnceCell<Names<'a>>,
}

/// Names of packages that are there already.
struct Names<'a> {
    bootstrap: HashSet<&'a str>,
    earlier: HashSet<&'a str>,
    base: HashSet<&'a str>,
}

impl<'a> Work<'_, '_, 'a> {
    /// The base that buildroots stand on at last.
    pub(crate) fn on(&self) -> On {
        if self.input.options.own_base { On::Own } else { On::Bootstrap }
    }

    pub(crate) fn name(&self, source: usize) -> &'a str {
        self.input.sources[source].name
    }

    /// Which other repository has a package of this name.
    pub(crate) fn elsewhere(&self, package: &str) -> Option<CrutchKind> {
        let names = self.names();
        match (names.bootstrap.contains(package), names.earlier.contains(package)) {
            (true, _) => Some(CrutchKind::Bootstrap),
            (false, true) => Some(CrutchKind::Earlier),
            (false, false) => None,
        }
    }

    /// Whether the base from bootstrap has a package of this name.
    pub(crate) fn in_base(&self, package: &str) -> bool {
        self.names().base.contains(package)
    }

    fn names(&self) -> &Names<'a> {
        self.names.get_or_init(|| {
            let of = |packages: &'a [Package]| packages.iter().map(|package| package.nevra.name()).collect();
            let base = self.input.base.packages.iter();
            Names {
                bootstrap: of(self.input.bootstrap),
                earlier: of(self.input.earlier),
                base: base.map(|&index| self.input.bootstrap[index].nevra.name()).collect(),
            }
        })
    }
}

/// What each source package needs, solved: the part of planning that takes time. [`crate::order`] makes a plan of
/// it.
pub struct Needs<'a> {
    expected: Expected,
    keys: Keys<'a>,
    memo: Memo<'a>,
    /// By source, on the base that buildroots stand on at last; `None` for what is left out.
    pub(crate) full: Vec<Option<Arc<Solved>>>,
    pub(crate) left_out: Vec<(String, String)>,
    /// What was left out because its needs can't be met.
    pub(crate) unbuildable: Vec<(String, String)>,
}

impl<'a> Needs<'a> {
    /// All solutions that were used, to be given to the next plan.
    #[must_use]
    pub fn solutions(&self) -> Solutions {
        self.memo.solutions()
    }

    /// Calls `then` with all that the parts of planning share.
    pub(crate) fn work<T>(
        &mut self,
        input: &Input<'a>,
        then: impl FnOnce(&mut Work<'_, '_, 'a>, &[Option<Arc<Solved>>]) -> Result<T, PlanError>,
    ) -> Result<T, PlanError> {
        let lab = Lab::new(input, &self.expected)?;
        let mut work =
            Work { input, lab: &lab, keys: &self.keys, memo: &mut self.memo, names: OnceCell::new() };
        then(&mut work, &self.full)
    }

    pub(crate) fn new(input: &Input<'a>, known: &Solutions) -> Self {
        let expected = Expected::new(input, &BTreeSet::new());
        Self {
            keys: Keys::new(input, &expected),
            expected,
            memo: Memo::new(input, known),
            full: Vec::new(),
            left_out: Vec::new(),
            unbuildable: Vec::new(),
        }
    }

    /// Goes on without these source packages and their results.
    pub(crate) fn leave_out(&mut self, input: &Input<'a>, out: &BTreeMap<usize, String>) {
        let hidden: BTreeSet<usize> = out.keys().copied().collect();
        self.expected = Expected::new(input, &hidden);
        self.keys = Keys::new(input, &self.expected);
        let name = |(&index, why): (&usize, &String)| (input.sources[index].name.to_owned(), why.clone());
        self.unbuildable = out.iter().map(name).collect();
    }

    /// Solves for all source packages that are not left out.
    pub(crate) fn solve(&mut self, input: &Input<'a>) -> Result<(), PlanError> {
        let out: BTreeSet<&str> = self.unbuildable.iter().map(|(name, _)| name.as_str()).collect();
        let excluded = |index: usize| input.sources[index].evaluated.excluded.as_ref();
        let all: Vec<usize> = (0..input.sources.len())
            .filter(|&index| !out.contains(input.sources[index].name) && excluded(index).is_none())
            .collect();
        self.left_out = (0..input.sources.len())
            .filter_map(|index| Some((input.sources[index].name.to_owned(), excluded(index)?.clone())))
            .collect();
        let solved = self.work(input, |work, _| {
            let questions: Vec<_> = all
                .iter()
                .map(|&source| {
                    let requires = input.sources[source].requires();
                    let question = Question { requires, on: work.on(), hidden: Vec::new() };
                    (work.keys.of(source, false, &question), question)
                })
                .collect();
            work.memo.ask(work.lab, &questions)
        })?;
        let mut unbuildable = Vec::new();
        for (&index, solved) in all.iter().zip(&solved) {
            if let Err(why) = &**solved {
                let why = self.memo.texts.get(*why).to_owned();
                unbuildable.push(Unbuildable { source: input.sources[index].name.to_owned(), why });
            }
        }
        if !unbuildable.is_empty() {
            return Err(PlanError::Unbuildable(unbuildable));
        }
        self.full = vec![None; input.sources.len()];
        for (index, solved) in all.into_iter().zip(solved) {
            self.full[index] = Some(solved);
        }
        Ok(())
    }
}
