//! What comes out: builds, comparisons, signed packages, published trees.

use serde::{Deserialize, Serialize};

use super::BuildrootPackage;
use crate::allowance::AllowanceUse;
use crate::{Digest, Evidence, Finding, Nevra, Normalisation, Package, Verdict};

/// What a build used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Resources {
    /// Wall-clock seconds of rpmbuild.
    pub seconds: f64,
    /// Wall-clock seconds around it: buildroot, sources in, results out.
    pub overhead_seconds: f64,
    /// Processor seconds of all its processes.
    pub cpu_seconds: f64,
    /// Highest memory use in bytes, 0 where the host can't tell.
    pub peak_memory: u64,
}

/// A build that succeeded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Built {
    /// The action's key.
    pub action: Digest,
    /// The object that holds the action as JSON.
    pub document: Digest,
    /// The step of the plan it was built for.
    pub step: String,
    /// Identity of the source package.
    pub nevra: Nevra,
    /// Binary packages, sorted by identity; each `digest` names the unsigned RPM in the store.
    pub packages: Vec<Package>,
    /// The source RPM.
    pub source: Package,
    /// The buildroot, in order.
    pub buildroot: Vec<BuildrootPackage>,
    /// Object of the build log.
    pub log: Digest,
    /// What it used.
    pub resources: Resources,
}

impl Built {
    /// All its packages, the source RPM last.
    pub fn all_packages(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().chain([&self.source])
    }
}

/// Why a build gave no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailKind {
    /// rpmbuild ended with an error.
    Rpmbuild,
    /// It ran longer than its limit.
    Time,
    /// It used more memory than its limit.
    Memory,
    /// It wrote more than its limit.
    Disk,
    /// It had more processes than its limit.
    Processes,
    /// Nothing provides a build requirement.
    Unresolvable,
    /// The spec file does not parse.
    Spec,
    /// A step that it needs failed.
    Blocked,
    /// The machine, not the package: a full disk, a sandbox that could not be set up. Worth another try.
    Machine,
}

/// A step that gave no result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// The step of the plan.
    pub step: String,
    /// The object that holds the action as JSON, if it came so far.
    pub document: Option<Digest>,
    /// What kind of failure.
    pub kind: FailKind,
    /// For a person: what failed, and the last lines of the log.
    pub message: String,
    /// Object of the build log, if there is one.
    pub log: Option<Digest>,
}

/// Why a step was not built again although its inputs are other ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CutOff {
    /// The packages that were built again came out with the same content.
    #[default]
    Content,
    /// What a build can see of the packages that were built again is the same.
    Interface,
}

/// How the buildroot of a step differs from the recorded one that it follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deviated {
    /// The step of the plan.
    pub step: String,
    /// Every difference, in the record's order.
    pub deviations: Vec<crate::Deviation>,
}

/// What a build used, by step: what the next one is expected to use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// The step of the plan.
    pub step: String,
    /// What it used.
    pub resources: Resources,
}

/// What builds can see of a package, as far as this can be told from the package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// SHA-256 of the RPM file.
    pub package: Digest,
    /// Digest of what a build can see that links with its libraries.
    pub linked: Digest,
    /// Digest of what a build can see whose programs only run with its libraries.
    pub run: Digest,
    /// File names of its shared libraries, sorted.
    pub libraries: Vec<String>,
    /// File names of the shared libraries, of whatever package, that can be linked with by means of this package,
    /// sorted.
    pub links: Vec<String>,
}

impl Interface {
    /// What a build sees of it among packages by which these libraries can be linked with.
    #[must_use]
    pub fn among(&self, links: &std::collections::BTreeSet<&str>) -> Digest {
        let linked = self.libraries.iter().any(|library| links.contains(library.as_str()));
        if linked { self.linked } else { self.run }
    }
}

/// The newest action among those that are alike in all that their builds can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alike {
    /// The action's key with the buildroot's packages by their interfaces.
    pub seen: Digest,
    /// Its key.
    pub action: Digest,
}

/// What a step came to when it was run last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ran {
    /// The step of the plan.
    pub step: String,
    /// The action's key, if it came so far.
    pub action: Option<Digest>,
    /// The object that holds the action as JSON, if it came so far.
    pub document: Option<Digest>,
    /// Why it was not built again, if its inputs are not those of the time before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut: Option<CutOff>,
    /// Why it gave no result, if so. Else the ledger has a [`Built`] for the action.
    pub failed: Option<Failed>,
}

/// The promise that a definition makes about its packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Promise {
    /// Every package equals its reference, 1:1.
    Identical,
    /// Every package keeps its reference's interfaces.
    Abi,
}

/// One rebuilt package against its reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Compared {
    /// Identity of the rebuilt package: `name-[epoch:]version-release.arch`.
    #[schemars(with = "String")]
    pub nevra: Nevra,
    /// SHA-256 of the rebuilt, unsigned RPM, 64 lower-case hexadecimal digits.
    #[schemars(with = "String")]
    pub package: Digest,
    /// SHA-256 of the reference's RPM, written likewise.
    #[schemars(with = "String")]
    pub reference: Digest,
    /// Identity of the reference, written like `nevra`.
    #[schemars(with = "String")]
    pub reference_nevra: Nevra,
    /// Version of the rules that were applied.
    pub rules: u32,
    /// The level.
    pub verdict: Verdict,
    /// By what it was shown, where code differs and the interfaces were compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// Every difference, the expected ones too.
    pub findings: Vec<Finding>,
    /// Every difference that was taken away because it means nothing.
    #[serde(default)]
    pub normalisations: Vec<Normalisation>,
    /// Every declared allowance that a finding needed.
    #[serde(default)]
    pub allowances: Vec<AllowanceUse>,
    /// Digest of all that a rebuild tells the comparison beside the two packages: what the references provide,
    /// the dist map, allowances, debugging data. Absent where two files were compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub told: Option<Digest>,
}

impl Compared {
    /// A pair is compared once for each version of the rules, and for each thing that the comparison is told.
    #[must_use]
    pub fn key(&self) -> String {
        Self::key_of(self.package, self.reference, self.rules, self.told)
    }

    /// The key that a comparison of these two has.
    #[must_use]
    pub fn key_of(package: Digest, reference: Digest, rules: u32, told: Option<Digest>) -> String {
        let told = told.map_or_else(String::new, |told| format!("/{told}"));
        format!("{package}/{reference}/{rules}{told}")
    }
}

/// On what ground a package may be signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ground {
    /// Its comparison keeps the promise.
    Compared(Verdict),
    /// The distribution's own package: there is no reference.
    Own,
    /// Carried over from the bootstrap repository as it is, because packages need it at run time.
    Inherited,
    /// Debugging data or the source package of a build whose packages were accepted; no reference has a counterpart
    /// to judge it by.
    Companion,
}

/// A package that may be signed. Made only from a comparison that keeps the promise, from an own package,
/// or from a declared inheritance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    nevra: Nevra,
    digest: Digest,
    ground: Ground,
}

/// The comparison breaks the promise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{nevra} is {verdict}, which does not keep the promise `{promise}`")]
pub struct NotAccepted {
    /// The package.
    pub nevra: Nevra,
    /// Its level.
    pub verdict: Verdict,
    /// The promise, as the definition writes it.
    pub promise: &'static str,
}

impl Promise {
    /// The promise as the definition writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Identical => "identical",
            Self::Abi => "abi",
        }
    }

    /// Whether a package of this level keeps the promise.
    #[must_use]
    pub fn holds(self, verdict: Verdict) -> bool {
        match self {
            Self::Identical => verdict.is_identical(),
            Self::Abi => verdict <= Verdict::AbiCompatible,
        }
    }
}

impl Accepted {
    /// Accepts a compared package under a promise.
    ///
    /// # Errors
    /// Its level does not keep the promise.
    pub fn compared(compared: &Compared, promise: Promise) -> Result<Self, NotAccepted> {
        let Compared { nevra, package, verdict, .. } = compared;
        if !promise.holds(*verdict) {
            return Err(NotAccepted { nevra: nevra.clone(), verdict: *verdict, promise: promise.name() });
        }
        Ok(Self { nevra: nevra.clone(), digest: *package, ground: Ground::Compared(*verdict) })
    }

    /// Accepts a package of the distribution's own.
    #[must_use]
    pub fn own(package: &Package) -> Self {
        Self { nevra: package.nevra.clone(), digest: package.digest, ground: Ground::Own }
    }

    /// Accepts a package of the bootstrap repository that is carried over.
    #[must_use]
    pub fn inherited(package: &Package) -> Self {
        Self { nevra: package.nevra.clone(), digest: package.digest, ground: Ground::Inherited }
    }

    /// Accepts debugging data or the source package of a build, for the sake of an accepted package of that build.
    #[must_use]
    pub fn companion(package: &Package, _of: &Accepted) -> Self {
        Self { nevra: package.nevra.clone(), digest: package.digest, ground: Ground::Companion }
    }

    /// Identity.
    #[must_use]
    pub fn nevra(&self) -> &Nevra {
        &self.nevra
    }

    /// The unsigned RPM (or, for an inherited one, as its vendor signed it).
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// On what ground it was accepted.
    #[must_use]
    pub fn ground(&self) -> &Ground {
        &self.ground
    }
}

/// An accepted package with the distribution's signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// The RPM that was accepted.
    pub package: Digest,
    /// The signed RPM.
    pub signed: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// Fingerprint of the key.
    pub key: String,
}

/// The signed provenance of a build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attested {
    /// The action's key.
    pub action: Digest,
    /// The object that holds the envelope.
    pub envelope: Digest,
    /// Fingerprint of the key that signed it.
    pub key: String,
}
