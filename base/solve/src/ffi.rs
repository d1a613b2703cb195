//! The calls into libsolv. Everything unsafe is here, behind [`Pool`], whose methods are safe as long as
//! they are given ids that the same pool gave out; `universe` sees to that.

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};
use std::ptr::NonNull;

/// A string, relation or package of one pool. Relations have the highest bit set, packages count from 2.
pub(crate) type Id = c_int;

/// The dependency lists of a package, in the order that shim.c knows.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Provides,
    Requires,
    Conflicts,
    Obsoletes,
    Recommends,
    Suggests,
    Supplements,
    Enhances,
}

pub(crate) const GREATER: c_int = 1;
pub(crate) const EQUAL: c_int = 2;
pub(crate) const LESS: c_int = 4;

/// `SolverRuleinfo` values.
pub(crate) mod rule {
    pub(crate) const NOT_INSTALLABLE: i32 = 0x101;
    pub(crate) const NOTHING_PROVIDES: i32 = 0x102;
    pub(crate) const REQUIRES: i32 = 0x103;
    pub(crate) const SELF_CONFLICT: i32 = 0x104;
    pub(crate) const CONFLICTS: i32 = 0x105;
    pub(crate) const SAME_NAME: i32 = 0x106;
    pub(crate) const OBSOLETES: i32 = 0x107;
    pub(crate) const IMPLICIT_OBSOLETES: i32 = 0x108;
    pub(crate) const INSTALLED_OBSOLETES: i32 = 0x109;
    pub(crate) const JOB: i32 = 0x400;
    pub(crate) const JOB_NOTHING_PROVIDES: i32 = 0x401;
    /// Of shim.c: `from` itself was asked for.
    pub(crate) const JOB_PACKAGE: i32 = 0x4f0;
    pub(crate) const JOB_UNKNOWN_PACKAGE: i32 = 0x403;
    pub(crate) const INFERIOR_ARCH: i32 = 0x600;
}

/// What is asked of the solver; the order is that of `how` in shim.c.
#[derive(Clone, Copy)]
pub(crate) enum Wanted {
    /// All of these dependencies.
    Dependencies,
    /// All of these packages.
    Packages,
    /// As many of these packages as can be together.
    Possible,
}

/// One fact of the proof that there is no solution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) problem: i32,
    pub(crate) kind: i32,
    pub(crate) from: Id,
    pub(crate) to: Id,
    pub(crate) dependency: Id,
}

#[repr(C)]
struct RawPool(c_void);
#[repr(C)]
struct RawRepository(c_void);
#[repr(C)]
struct RawQueue(c_void);

unsafe extern "C" {
    fn heirloom_engine() -> *const c_char;
    fn heirloom_queue_new() -> NonNull<RawQueue>;
    fn heirloom_queue_free(queue: NonNull<RawQueue>);
    fn heirloom_queue_ids(queue: NonNull<RawQueue>, count: *mut c_int) -> *const Id;
    fn heirloom_pool_new(arch: *const c_char) -> Option<NonNull<RawPool>>;
    fn heirloom_repository_new(
        pool: NonNull<RawPool>,
        name: *const c_char,
        priority: c_int,
    ) -> NonNull<RawRepository>;
    fn heirloom_package_name(pool: NonNull<RawPool>, package: Id, name: Id, evr: Id, arch: Id);
    fn heirloom_package_add(pool: NonNull<RawPool>, package: Id, kind: c_int, ids: *const Id, count: c_int);
    fn heirloom_package_list(pool: NonNull<RawPool>, package: Id, kind: c_int, out: NonNull<RawQueue>);
    fn heirloom_text_count(pool: NonNull<RawPool>) -> c_int;
    fn heirloom_present_set(pool: NonNull<RawPool>, packages: *const Id, count: c_int) -> Id;
    fn heirloom_present_clear(pool: NonNull<RawPool>);
    fn heirloom_providers(pool: NonNull<RawPool>, dependency: Id, out: NonNull<RawQueue>);
    fn heirloom_resolvable(pool: NonNull<RawPool>, dependency: Id) -> c_int;
    fn heirloom_solve(
        pool: NonNull<RawPool>,
        wanted: *const Id,
        count: c_int,
        how: c_int,
        hidden: *const Id,
        hidden_count: c_int,
        weak: c_int,
        chosen: NonNull<RawQueue>,
        rules: NonNull<RawQueue>,
    ) -> c_int;
    fn heirloom_consider(pool: NonNull<RawPool>, ranges: *const Id, count: c_int);
    fn heirloom_pool_free(pool: NonNull<RawPool>);

    fn pool_createwhatprovides(pool: NonNull<RawPool>);
    fn pool_strn2id(pool: NonNull<RawPool>, text: *const c_char, len: c_uint, create: c_int) -> Id;
    fn pool_rel2id(pool: NonNull<RawPool>, name: Id, evr: Id, flags: c_int, create: c_int) -> Id;
    fn pool_id2str(pool: NonNull<RawPool>, id: Id) -> *const c_char;
    fn pool_dep2str(pool: NonNull<RawPool>, id: Id) -> *const c_char;
    fn pool_parserpmrichdep(pool: NonNull<RawPool>, text: *const c_char) -> Id;
    fn repo_add_solvable_block(repository: NonNull<RawRepository>, count: c_int) -> Id;
}

/// The library's version.
pub(crate) fn engine() -> String {
    // SAFETY: a constant of the library, terminated.
    unsafe { CStr::from_ptr(heirloom_engine()) }.to_string_lossy().into_owned()
}

/// A list that C fills.
struct Queue(NonNull<RawQueue>);

impl Queue {
    fn new() -> Self {
        // SAFETY: no arguments; libsolv aborts rather than return null when memory is out.
        Self(unsafe { heirloom_queue_new() })
    }

    fn ids(&self) -> &[Id] {
        let mut count = 0;
        // SAFETY: the queue lives as long as `self`, and nothing writes to it while it is borrowed.
        unsafe {
            let ids = heirloom_queue_ids(self.0, &raw mut count);
            if ids.is_null() { &[] } else { std::slice::from_raw_parts(ids, length(count)) }
        }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: made by `heirloom_queue_new`, freed once.
        unsafe { heirloom_queue_free(self.0) }
    }
}

/// All packages and what they provide. Lookups fill caches inside, hence not `Sync`.
pub(crate) struct Pool(NonNull<RawPool>);

// SAFETY: libsolv keeps a pool's state in the pool alone and has no thread-local data.
unsafe impl Send for Pool {}

impl Drop for Pool {
    fn drop(&mut self) {
        // SAFETY: made by `heirloom_pool_new`, freed once; frees its repositories too.
        unsafe { heirloom_pool_free(self.0) }
    }
}

impl Pool {
    /// `None` when this libsolv can't do rpm's semantics.
    pub(crate) fn new(arch: &CStr) -> Option<Self> {
        // SAFETY: `arch` is terminated and copied.
        unsafe { heirloom_pool_new(arch.as_ptr()) }.map(Self)
    }

    /// Makes room for `count` packages of a new repository; the first one's id.
    pub(crate) fn add_repository(&self, name: &CStr, priority: i32, count: usize) -> Id {
        // SAFETY: the pool is alive, the name is copied.
        unsafe {
            let repository = heirloom_repository_new(self.0, name.as_ptr(), priority);
            repo_add_solvable_block(repository, c_len(count))
        }
    }

    pub(crate) fn name_package(&self, package: Id, name: Id, evr: Id, arch: Id) {
        // SAFETY: ids of this pool.
        unsafe { heirloom_package_name(self.0, package, name, evr, arch) }
    }

    pub(crate) fn add_dependencies(&self, package: Id, kind: Kind, ids: &[Id]) {
        // SAFETY: ids of this pool; the slice is read only.
        unsafe { heirloom_package_add(self.0, package, kind as c_int, ids.as_ptr(), c_len(ids.len())) }
    }

    pub(crate) fn dependencies(&self, package: Id, kind: Kind) -> Vec<Id> {
        let out = Queue::new();
        // SAFETY: an id of this pool.
        unsafe { heirloom_package_list(self.0, package, kind as c_int, out.0) };
        out.ids().to_vec()
    }

    /// The id of a string; made if it is new.
    pub(crate) fn text(&self, text: &str) -> Id {
        let len = c_uint::try_from(text.len()).unwrap_or(c_uint::MAX);
        // SAFETY: libsolv reads `len` bytes and copies them. A NUL inside only ends the stored copy early.
        unsafe { pool_strn2id(self.0, text.as_ptr().cast(), len, 1) }
    }

    /// The id of `name <flags> evr`.
    pub(crate) fn relation(&self, name: Id, flags: c_int, evr: Id) -> Id {
        // SAFETY: ids of this pool.
        unsafe { pool_rel2id(self.0, name, evr, flags, 1) }
    }

    /// The id of a rich dependency, `None` if it doesn't parse.
    pub(crate) fn rich(&self, text: &str) -> Option<Id> {
        let text = CString::new(text).ok()?;
        // SAFETY: terminated, and read only during the call.
        Some(unsafe { pool_parserpmrichdep(self.0, text.as_ptr()) }).filter(|&id| id != 0)
    }

    /// How many strings there are; their ids are below that.
    pub(crate) fn text_count(&self) -> Id {
        // SAFETY: the pool is alive.
        unsafe { heirloom_text_count(self.0) }
    }

    pub(crate) fn text_of(&self, text: Id) -> String {
        // SAFETY: a string's id of this pool; the result is terminated and copied at once.
        unsafe { CStr::from_ptr(pool_id2str(self.0, text)) }.to_string_lossy().into_owned()
    }

    pub(crate) fn dependency_text(&self, dependency: Id) -> String {
        // SAFETY: an id of this pool; the temporary result is copied at once.
        unsafe { CStr::from_ptr(pool_dep2str(self.0, dependency)) }.to_string_lossy().into_owned()
    }

    /// Indexes what every package provides: after packages were added or changed, before any question.
    pub(crate) fn index(&self) {
        // SAFETY: the pool is alive.
        unsafe { pool_createwhatprovides(self.0) }
    }

    /// Copies packages into the installed set; the first copy's id. `index` must follow.
    pub(crate) fn set_present(&self, packages: &[Id]) -> Id {
        // SAFETY: ids of this pool; the slice is read only. There is one installed set at a time.
        unsafe {
            heirloom_present_clear(self.0);
            heirloom_present_set(self.0, packages.as_ptr(), c_len(packages.len()))
        }
    }

    pub(crate) fn clear_present(&self) {
        // SAFETY: the pool is alive; does nothing when there is no installed set.
        unsafe { heirloom_present_clear(self.0) }
    }

    pub(crate) fn providers(&self, dependency: Id) -> Vec<Id> {
        let out = Queue::new();
        // SAFETY: an id of this pool, which is indexed.
        unsafe { heirloom_providers(self.0, dependency, out.0) };
        out.ids().to_vec()
    }

    pub(crate) fn resolvable(&self, dependency: Id) -> bool {
        // SAFETY: an id of this pool, which is indexed.
        unsafe { heirloom_resolvable(self.0, dependency) != 0 }
    }

    /// Only packages of these ranges (first, count) count; all of them without any. `index` must follow.
    pub(crate) fn consider(&self, ranges: &[[Id; 2]]) {
        let ids = ranges.as_flattened();
        // SAFETY: ranges of packages of this pool; the slice is read only.
        unsafe { heirloom_consider(self.0, ids.as_ptr(), c_len(ids.len())) }
    }

    /// What is installed in the end, or the rules that forbid it.
    pub(crate) fn solve(
        &self,
        wanted: &[Id],
        how: Wanted,
        hidden: &[Id],
        weak: bool,
    ) -> Result<Vec<Id>, Vec<Rule>> {
        let (chosen, rules) = (Queue::new(), Queue::new());
        // SAFETY: ids of this pool, which is indexed; the solver lives only during the call.
        let problems = unsafe {
            heirloom_solve(
                self.0,
                wanted.as_ptr(),
                c_len(wanted.len()),
                how as c_int,
                hidden.as_ptr(),
                c_len(hidden.len()),
                weak.into(),
                chosen.0,
                rules.0,
            )
        };
        if problems == 0 {
            return Ok(chosen.ids().to_vec());
        }
        let rule = |ids: &[Id; 5]| {
            let [problem, kind, from, to, dependency] = *ids;
            Rule { problem, kind, from, to, dependency }
        };
        Err(rules.ids().as_chunks().0.iter().map(rule).collect())
    }
}

/// A length for C. Beyond `c_int::MAX` memory would have run out before.
fn c_len(len: usize) -> c_int {
    c_int::try_from(len).unwrap_or(c_int::MAX)
}

fn length(count: c_int) -> usize {
    usize::try_from(count).unwrap_or(0)
}
