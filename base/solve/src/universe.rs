//! The packages to choose from, as libsolv sees them.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::CString;

use heirloom_model::{Compare, Dependency, Package};

use crate::ffi::{EQUAL, GREATER, Id, Kind, LESS, Pool};

/// Packages that are offered together.
#[derive(Clone, Copy, Debug)]
pub struct Repository<'a> {
    /// Its name, for messages.
    pub name: &'a str,
    /// Among packages that satisfy a dependency, those of the highest priority win, whatever their version.
    pub priority: i32,
    /// Its packages. Source packages may be among them: they are never installed, but can be asked about.
    pub packages: &'a [Package],
}

/// A package of a [`Universe`]: indexes into the repositories that it was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PackageId {
    /// Which repository.
    pub repository: usize,
    /// Which of its packages.
    pub package: usize,
}

/// The question can't be put to the solver.
#[derive(Debug, thiserror::Error)]
pub enum SolveError {
    /// A rich dependency that is not well formed.
    #[error("{owner}: `{dependency}` is not a well-formed rich dependency")]
    RichDependency {
        /// The package that has it, or `the request`.
        owner: String,
        /// Its text.
        dependency: Dependency,
    },
    /// An architecture or repository name with a NUL byte in it.
    #[error("the name `{}` has a NUL byte in it", .0.escape_debug())]
    Name(String),
    /// libsolv was built without rpm's semantics.
    #[error("this machine's libsolv was built without RPM support: install your distribution's own libsolv")]
    NoRpm,
    /// A [`PackageId`] of another universe.
    #[error("package {} of repository {} is of another universe", .0.package, .0.repository)]
    UnknownPackage(PackageId),
}

/// All packages to choose from, indexed. Making one takes milliseconds; when packages arrive, make another.
///
/// It is `Send` but not `Sync`: lookups are cached inside.
pub struct Universe<'a> {
    pub(crate) pool: Pool,
    repositories: Vec<Repository<'a>>,
    /// The solver's id of each repository's first package; the others follow it.
    starts: Vec<Id>,
    /// Strings below this id are settled: the packages that own such a path provide it.
    settled: Cell<Id>,
    present: RefCell<Present>,
    /// The places of the repositories that count.
    considered: RefCell<Vec<usize>>,
}

/// The packages that count as installed: copies in the pool, kept until others are asked for.
#[derive(Default)]
struct Present {
    ids: Vec<PackageId>,
    first_copy: Id,
}

impl<'a> Universe<'a> {
    /// Indexes these repositories for a machine of this architecture (`x86_64`), which can run its older
    /// relatives too.
    ///
    /// # Errors
    /// A rich dependency that does not parse, naming its package.
    pub fn new(arch: &str, repositories: &[Repository<'a>]) -> Result<Self, SolveError> {
        let pool = Pool::new(&c_string(arch)?).ok_or(SolveError::NoRpm)?;
        let mut starts = Vec::new();
        let mut end = 0;
        for repository in repositories {
            let name = c_string(repository.name)?;
            let count = repository.packages.len();
            // An empty repository has no first package; it starts where the one before ends.
            let first = if count == 0 { end } else { pool.add_repository(&name, repository.priority, count) };
            end = first + Id::try_from(count).unwrap_or(Id::MAX);
            starts.push(first);
            for (package, id) in repository.packages.iter().zip(first..) {
                add_package(&pool, id, package)?;
            }
        }
        let universe = Self {
            pool,
            repositories: repositories.to_vec(),
            starts,
            settled: Cell::new(0),
            present: RefCell::default(),
            considered: RefCell::new((0..repositories.len()).collect()),
        };
        universe.settle();
        universe.pool.index();
        Ok(universe)
    }

    /// Makes only these repositories count in all questions from now on, by their places in what the universe was made
    /// from; all of them again with every place, and with none. It costs a new index, and whatever was present is not any
    /// more.
    pub fn consider(&self, repositories: &[usize]) {
        let range = |&place: &usize| {
            let count = self.repositories.get(place)?.packages.len();
            Some([*self.starts.get(place)?, Id::try_from(count).unwrap_or(Id::MAX)])
        };
        let all = repositories.is_empty() || repositories.len() == self.repositories.len();
        let places: Vec<_> = if all { (0..self.repositories.len()).collect() } else { repositories.to_vec() };
        if *self.considered.borrow() == places {
            return;
        }
        let ranges: Vec<_> = if all { Vec::new() } else { places.iter().filter_map(range).collect() };
        self.considered.replace(places);
        self.pool.clear_present();
        self.present.take();
        self.pool.consider(&ranges);
        self.pool.index();
    }

    /// All packages that count.
    pub(crate) fn considered(&self) -> Vec<PackageId> {
        let considered = self.considered.borrow();
        let of = |&repository: &usize| {
            let count = self.repositories.get(repository).map_or(0, |one| one.packages.len());
            (0..count).map(move |package| PackageId { repository, package })
        };
        considered.iter().flat_map(of).collect()
    }

    /// The package behind an id, if the id is of this universe.
    #[must_use]
    pub fn package(&self, id: PackageId) -> Option<&'a Package> {
        self.repositories.get(id.repository)?.packages.get(id.package)
    }

    /// The name of a package's repository, if the id is of this universe.
    #[must_use]
    pub fn repository(&self, id: PackageId) -> Option<&'a str> {
        Some(self.repositories.get(id.repository)?.name)
    }

    /// Takes note of dependencies that will be asked for. A path that is new in a request costs a new index;
    /// those that were expected cost one for all.
    ///
    /// # Errors
    /// A rich dependency that does not parse.
    pub fn expect<'d>(
        &self,
        dependencies: impl IntoIterator<Item = &'d Dependency>,
    ) -> Result<(), SolveError> {
        for dependency in dependencies {
            dependency_id(&self.pool, dependency, || "the request".to_owned())?;
        }
        self.request(&[]).map(drop)
    }

    /// The packages that satisfy a dependency, in the order that they were given.
    ///
    /// # Errors
    /// A rich dependency that does not parse.
    pub fn providers(&self, dependency: &Dependency) -> Result<Vec<PackageId>, SolveError> {
        let ids = self.request(std::slice::from_ref(dependency))?;
        Ok(ids.first().map(|&id| self.providers_of(id)).unwrap_or_default())
    }

    /// The requirements of these packages that no package of the universe satisfies. Build requirements, for
    /// a source package.
    ///
    /// # Errors
    /// An id of another universe.
    pub fn unresolved(&self, packages: &[PackageId]) -> Result<Vec<(PackageId, Dependency)>, SolveError> {
        let mut missing = Vec::new();
        for &id in packages {
            let package = self.package(id).ok_or(SolveError::UnknownPackage(id))?;
            let ids = self.pool.dependencies(self.solver_id(id), Kind::Requires);
            let unsatisfied = package.requires.iter().zip(ids).filter(|(_, id)| !self.pool.resolvable(*id));
            missing.extend(unsatisfied.map(|(dependency, _)| (id, dependency.clone())));
        }
        Ok(missing)
    }

    /// The solver's ids of dependencies that no package of the universe needs to have.
    pub(crate) fn request(&self, dependencies: &[Dependency]) -> Result<Vec<Id>, SolveError> {
        let ids = dependencies
            .iter()
            .map(|dependency| dependency_id(&self.pool, dependency, || "the request".to_owned()))
            .collect::<Result<_, _>>()?;
        if self.settle() {
            // Copies of packages don't have the new provides.
            self.pool.clear_present();
            self.present.take();
            self.pool.index();
        }
        Ok(ids)
    }

    /// Makes these packages, and no others, count as installed.
    pub(crate) fn set_present(&self, packages: &[PackageId]) -> Result<(), SolveError> {
        if self.present.borrow().ids == packages {
            return Ok(());
        }
        if let Some(&unknown) = packages.iter().find(|id| self.package(**id).is_none()) {
            return Err(SolveError::UnknownPackage(unknown));
        }
        let ids: Vec<_> = packages.iter().map(|id| self.solver_id(*id)).collect();
        let first_copy = self.pool.set_present(&ids);
        self.present.replace(Present { ids: packages.to_vec(), first_copy });
        self.pool.index();
        Ok(())
    }

    /// The packages that satisfy a dependency, each once.
    pub(crate) fn providers_of(&self, dependency: Id) -> Vec<PackageId> {
        let mut found: Vec<_> =
            self.pool.providers(dependency).into_iter().filter_map(|id| self.package_id(id)).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    pub(crate) fn solver_id(&self, id: PackageId) -> Id {
        // Both came from ids that C gave out, so they fit.
        self.starts[id.repository] + Id::try_from(id.package).unwrap_or(Id::MAX)
    }

    /// The package of a solver's id; the original, for a copy in the installed set.
    pub(crate) fn package_id(&self, id: Id) -> Option<PackageId> {
        let offset = |start: Id| usize::try_from(id - start).ok();
        let present = self.present.borrow();
        if !present.ids.is_empty() && id >= present.first_copy {
            return present.ids.get(offset(present.first_copy)?).copied();
        }
        let repository = self.starts.partition_point(|&start| start <= id).checked_sub(1)?;
        let package = offset(self.starts[repository])?;
        (package < self.repositories[repository].packages.len()).then_some(PackageId { repository, package })
    }

    /// Dependencies on files: every path that some dependency names becomes a provide of the packages that
    /// own it. (A path is known by its string alone, also inside a rich dependency.) Whether there were new
    /// ones.
    fn settle(&self) -> bool {
        let (start, end) = (self.settled.get(), self.pool.text_count());
        self.settled.set(end);
        let paths: HashMap<String, Id> = (start..end)
            .map(|id| (self.pool.text_of(id), id))
            .filter(|(text, _)| text.starts_with('/'))
            .collect();
        if paths.is_empty() {
            return false;
        }
        for (repository, &first) in self.repositories.iter().zip(&self.starts) {
            for (package, id) in repository.packages.iter().zip(first..) {
                let owned: Vec<_> =
                    package.files.iter().filter_map(|file| paths.get(&file.path)).copied().collect();
                self.pool.add_dependencies(id, Kind::Provides, &owned);
            }
        }
        true
    }
}

fn add_package(pool: &Pool, id: Id, package: &Package) -> Result<(), SolveError> {
    let nevra = &package.nevra;
    let (name, evr) = (pool.text(nevra.name()), pool.text(&nevra.evr().to_string()));
    pool.name_package(id, name, evr, pool.text(nevra.arch()));
    let lists = [
        (Kind::Provides, &package.provides),
        (Kind::Requires, &package.requires),
        (Kind::Conflicts, &package.conflicts),
        (Kind::Obsoletes, &package.obsoletes),
        (Kind::Recommends, &package.recommends),
        (Kind::Suggests, &package.suggests),
        (Kind::Supplements, &package.supplements),
        (Kind::Enhances, &package.enhances),
    ];
    let mut ids = Vec::new();
    for (kind, list) in lists {
        ids.clear();
        for dependency in list {
            ids.push(dependency_id(pool, dependency, || nevra.to_string())?);
        }
        // rpm's own packages provide themselves; others must be found by their name as well.
        let itself = pool.relation(name, EQUAL, evr);
        if matches!(kind, Kind::Provides) && !ids.contains(&itself) {
            ids.push(itself);
        }
        pool.add_dependencies(id, kind, &ids);
    }
    Ok(())
}

fn dependency_id(pool: &Pool, dependency: &Dependency, owner: impl Fn() -> String) -> Result<Id, SolveError> {
    if dependency.is_rich() {
        return pool
            .rich(&dependency.name)
            .ok_or_else(|| SolveError::RichDependency { owner: owner(), dependency: dependency.clone() });
    }
    let name = pool.text(&dependency.name);
    Ok(match &dependency.version {
        Some((compare, version)) => pool.relation(name, flags(*compare), pool.text(version)),
        None => name,
    })
}

fn flags(compare: Compare) -> i32 {
    match compare {
        Compare::Less => LESS,
        Compare::LessOrEqual => LESS | EQUAL,
        Compare::Equal => EQUAL,
        Compare::GreaterOrEqual => GREATER | EQUAL,
        Compare::Greater => GREATER,
    }
}

fn c_string(name: &str) -> Result<CString, SolveError> {
    CString::new(name).map_err(|_| SolveError::Name(name.to_owned()))
}
