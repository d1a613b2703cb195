//! What the gate is asked about: plain values, from wherever they come.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use heirloom_formats::openpgp::Keyring;
use heirloom_formats::updateinfo::Advisory;
use heirloom_model::allowance::Date;
use heirloom_model::gate::{ModularFact, Waiver};
use heirloom_model::lifecycle::Major;
use heirloom_model::record::{Accepted, MarkFinding, Promise, RepositoryKind};
use heirloom_model::{Digest, DistMap, Nevra, Package};
use heirloom_store::Store;

/// Everything that the gate looks at. What is absent is not asked about, and the report says so.
#[derive(Clone)]
pub struct GateInput<'a> {
    /// The repositories to judge.
    pub repositories: Vec<GateRepository<'a>>,
    /// Snapshots that are kept: machines may have anything of them.
    pub snapshots: Vec<GateSnapshot<'a>>,
    /// Repositories of the reference.
    pub references: Vec<GateReference<'a>>,
    /// Which release tags of reference and rebuild mean the same.
    pub dist: &'a DistMap,
    /// The keys that may sign packages.
    pub keyring: Option<&'a Keyring>,
    /// Where packages are found by digest, and where what is derived from them is kept.
    pub store: Option<&'a Store>,
    /// What is wrong with module documents.
    pub modular: Option<&'a [ModularFact]>,
    /// Advisories of all repositories together.
    pub advisories: Option<Advisories<'a>>,
    /// The marks of the packages that were scanned.
    pub marks: Option<&'a [Marked<'a>]>,
    /// On what grounds packages were accepted.
    pub grounds: Option<Grounds<'a>>,
    /// The life of the major version that these repositories are of.
    pub lifecycle: Option<&'a Major>,
    /// What is accepted though a rule finds fault with it.
    pub waivers: &'a [Waiver],
    /// The day on which waivers hold or have expired, and whose phase counts.
    pub today: Date,
    /// Threads for reading packages.
    pub jobs: usize,
}

/// One repository to judge.
#[derive(Clone, Copy)]
pub struct GateRepository<'a> {
    /// Its name; its twins with debugging data and sources have the same.
    pub name: &'a str,
    /// What it holds.
    pub kind: RepositoryKind,
    /// Architecture of the machines it is for; `src` for sources.
    pub arch: &'a str,
    /// Names of the repositories that its packages may need packages of, and what these need in turn; absent: all.
    pub needs: Option<&'a [String]>,
    /// Its packages. Each one's `digest` is of the file that clients get, with its signature.
    pub packages: &'a [Package],
    /// Where these files are.
    pub files: Files<'a>,
    /// Whether it has module documents.
    pub has_modules: bool,
}

/// Where the files of packages are.
#[derive(Clone, Copy)]
pub enum Files<'a> {
    /// In [`GateInput::store`], by their digests.
    Store,
    /// Below this directory, at their locations.
    Below(&'a Path),
    /// Nowhere, for this reason.
    Absent(&'a str),
}

/// A snapshot that is kept.
#[derive(Clone)]
pub struct GateSnapshot<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether it is what the channel has, and so what this compose takes the place of.
    pub is_present: bool,
    /// Its repositories.
    pub repositories: Vec<SnapshotRepository<'a>>,
}

/// A repository of a snapshot.
#[derive(Clone)]
pub struct SnapshotRepository<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it holds.
    pub kind: RepositoryKind,
    /// Architecture of the machines it is for; `src` for sources.
    pub arch: &'a str,
    /// Its packages.
    pub packages: Vec<KnownPackage<'a>>,
}

/// A package of which no more is known, nor needed.
#[derive(Clone, Copy, Debug)]
pub struct KnownPackage<'a> {
    /// Identity.
    pub nevra: &'a Nevra,
    /// The file that clients got.
    pub digest: Digest,
}

/// A repository of the reference.
#[derive(Clone, Copy)]
pub struct GateReference<'a> {
    /// Its name.
    pub name: &'a str,
    /// Architecture of the machines it is for.
    pub arch: &'a str,
    /// Its packages.
    pub packages: &'a [Package],
}

/// Advisories, each list of all repositories together.
#[derive(Clone, Copy)]
pub struct Advisories<'a> {
    /// Those of the reference; absent where there is none.
    pub reference: Option<&'a [Advisory]>,
    /// Those to be published.
    pub ours: &'a [Advisory],
    /// Those of the present snapshot; absent where there is none.
    pub present: Option<&'a [Advisory]>,
    /// Ids of those that were withdrawn, which nobody misses; absent where that is not known.
    pub withdrawn: Option<&'a BTreeSet<String>>,
}

/// A package that was scanned for marks.
#[derive(Clone, Copy)]
pub struct Marked<'a> {
    /// Identity.
    pub nevra: &'a Nevra,
    /// What was found, what allowances cover included.
    pub findings: &'a [MarkFinding],
}

/// On what grounds packages were accepted.
#[derive(Clone, Copy)]
pub struct Grounds<'a> {
    /// What the definition promises.
    pub promise: Promise,
    /// The grounds.
    pub accepted: &'a [Accepted],
}

impl GateRepository<'_> {
    /// Whether clients of one machine may use both at the same time, so that their packages meet.
    pub(super) fn meets(&self, kind: RepositoryKind, arch: &str) -> bool {
        self.kind == kind && self.arch == arch
    }

    /// The file of a package, or why there is none.
    pub(super) fn file<'r>(&'r self, store: Option<&Store>, package: &Package) -> Result<PathBuf, &'r str> {
        match (self.files, store) {
            (Files::Store, Some(store)) => Ok(store.path(package.digest)),
            (Files::Store, None) => Err("there is no store"),
            (Files::Below(dir), _) => Ok(dir.join(&package.location)),
            (Files::Absent(why), _) => Err(why),
        }
    }
}
