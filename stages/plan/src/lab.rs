//! Where questions are put to the solver: many at a time, each thread with packages of its own to choose from.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use heirloom_model::{Dependency, Package};
use heirloom_solve::{Chosen, InstallError, PackageId, Reason, Repository, Universe};

use crate::expected::Expected;
use crate::{Input, PlanError};

pub(crate) const OWN: usize = 0;
pub(crate) const BOOTSTRAP: usize = 1;
pub(crate) const EARLIER: usize = 2;

/// The repositories that a buildroot is filled from. Own results win, whatever their version.
pub(crate) fn repositories<'a>(
    own: &'a [Package],
    bootstrap: &'a [Package],
    earlier: &'a [Package],
) -> [Repository<'a>; 3] {
    [
        Repository { name: "own results", priority: 10, packages: own },
        Repository { name: "bootstrap", priority: 0, packages: bootstrap },
        Repository { name: "earlier release", priority: -10, packages: earlier },
    ]
}

/// Which base a buildroot stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum On {
    /// Bootstrap packages alone.
    Bootstrap,
    /// Own results where there are any.
    Own,
}

/// What does a buildroot with these requirements have?
#[derive(Clone, Debug)]
pub(crate) struct Question<'q> {
    pub(crate) requires: &'q [Dependency],
    pub(crate) on: On,
    /// Indexes of sources whose packages are not to be had, sorted.
    pub(crate) hidden: Vec<usize>,
}

/// A package of a buildroot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Found {
    pub(crate) package: String,
    pub(crate) because: String,
    pub(crate) from: Place,
}

/// Where a package comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// The source with this index.
    Source(u32),
    Bootstrap,
    Earlier,
}

/// The packages on top of the base, sorted, or why there are none.
pub(crate) type Answer = Result<Vec<Found>, String>;

/// Makes universes as they are needed, and keeps them.
pub(crate) struct Lab<'l, 'a> {
    input: &'l Input<'a>,
    expected: &'l Expected,
    idle: Mutex<Vec<Universe<'l>>>,
    own_base: Vec<PackageId>,
    own_base_needs: Vec<Found>,
}

impl<'l, 'a: 'l> Lab<'l, 'a> {
    pub(crate) fn new(input: &'l Input<'a>, expected: &'l Expected) -> Result<Self, PlanError> {
        let mut lab = Self {
            input,
            expected,
            idle: Mutex::default(),
            own_base: Vec::new(),
            own_base_needs: Vec::new(),
        };
        if input.options.own_base {
            lab.solve_own_base()?;
        }
        Ok(lab)
    }

    fn solve_own_base(&mut self) -> Result<(), PlanError> {
        let universe = self.universe()?;
        let group = &self.input.base.group;
        let solution =
            universe.install(group, &[], false).map_err(|error| PlanError::Base(error.to_string()))?;
        self.own_base_needs = self.found(&universe, &solution.install);
        self.own_base = solution.install.iter().map(|chosen| chosen.id).collect();
        self.keep(universe);
        Ok(())
    }

    /// What the base of own results has.
    pub(crate) fn own_base(&self) -> &[Found] {
        &self.own_base_needs
    }

    /// Answers in the order of the questions.
    pub(crate) fn ask(&self, questions: &[Question<'_>]) -> Result<Vec<Answer>, PlanError> {
        // A universe costs as much as some questions.
        let threads = self.input.options.threads.min(questions.len().div_ceil(8)).max(1);
        let next = AtomicUsize::new(0);
        let work = || -> Result<Vec<(usize, Answer)>, PlanError> {
            let mut answers = Vec::new();
            let mut universe = None;
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(question) = questions.get(index) else { break };
                let universe = match &universe {
                    Some(universe) => universe,
                    None => universe.insert(self.universe()?),
                };
                answers.push((index, self.answer(universe, question)?));
            }
            universe.into_iter().for_each(|universe| self.keep(universe));
            Ok(answers)
        };
        let parts: Vec<_> = if threads == 1 {
            vec![work()]
        } else {
            std::thread::scope(|scope| {
                let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
                running.into_iter().map(join).collect()
            })
        };
        let mut answers: Vec<_> =
            parts.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        answers.sort_by_key(|(index, _)| *index);
        Ok(answers.into_iter().map(|(_, answer)| answer).collect())
    }

    fn universe(&self) -> Result<Universe<'l>, PlanError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(universe) = idle {
            return Ok(universe);
        }
        let wrong = |error: heirloom_solve::SolveError| PlanError::Solve(error.to_string());
        let Input { bootstrap, earlier, .. } = *self.input;
        let repositories = repositories(&self.expected.packages, bootstrap, earlier);
        let universe = Universe::new(self.input.arch, &repositories).map_err(wrong)?;
        let plain = |dependency: &&Dependency| !dependency.is_rich();
        let sources = self.input.sources.iter();
        let requests = sources.flat_map(|source| {
            source.requires().iter().chain(source.bootstrap_requires().into_iter().flatten())
        });
        // A rich dependency that does not parse is told with the source that has it, when that is asked for.
        universe.expect(requests.filter(plain)).map_err(wrong)?;
        Ok(universe)
    }

    fn keep(&self, universe: Universe<'l>) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(universe);
    }

    fn answer(&self, universe: &Universe<'_>, question: &Question<'_>) -> Result<Answer, PlanError> {
        let bootstrap;
        let present = match question.on {
            On::Own => &self.own_base,
            On::Bootstrap => {
                bootstrap = self.input.base.present(BOOTSTRAP);
                &bootstrap
            }
        };
        let packages = question.hidden.iter().flat_map(|&source| &self.expected.by_source[source]);
        let hidden: Vec<_> = packages.map(|&package| PackageId { repository: OWN, package }).collect();
        match universe.install_without(question.requires, present, &hidden, false) {
            Ok(solution) => Ok(Ok(self.found(universe, &solution.install))),
            Err(InstallError::Unsolvable(why)) => Ok(Err(why.to_string())),
            Err(InstallError::Input(error)) => Ok(Err(error.to_string())),
        }
    }

    fn found(&self, universe: &Universe<'_>, chosen: &[Chosen]) -> Vec<Found> {
        let mut found: Vec<_> = chosen
            .iter()
            .filter_map(|chosen| {
                let from = match chosen.id.repository {
                    OWN => Place::Source(self.expected.sources[chosen.id.package]),
                    EARLIER => Place::Earlier,
                    _ => Place::Bootstrap,
                };
                Some(Found {
                    package: universe.package(chosen.id)?.nevra.name().to_owned(),
                    because: because(universe, &chosen.because),
                    from,
                })
            })
            .collect();
        found.sort();
        found
    }
}

/// What a thread came to; its panic is passed on.
fn join<T>(thread: std::thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// A reason, as a person reads it.
pub(crate) fn because(universe: &Universe<'_>, reason: &Reason) -> String {
    let name = |id| universe.package(id).map(|package| package.nevra.to_string()).unwrap_or_default();
    match reason {
        Reason::Wanted(dependency) => format!("BuildRequires: {dependency}"),
        Reason::RequiredBy { package, dependency } | Reason::RecommendedBy { package, dependency } => {
            format!("{} requires {dependency}", name(*package))
        }
        Reason::Replaces(package) => format!("replaces {}", name(*package)),
        Reason::Forced => "the only choice left".to_owned(),
    }
}
