//! An action: one build with all its inputs pinned.

use serde::{Deserialize, Serialize};

use crate::{Dependency, Digest, Nevra};

/// One package of a buildroot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BuildrootPackage {
    /// Identity.
    pub nevra: Nevra,
    /// SHA-256 of the RPM file.
    pub digest: Digest,
}

/// What a package is, apart from signature, build time and build host: equal for two builds of the same thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// SHA-256 of the RPM file.
    pub package: Digest,
    /// Digest of its content.
    pub content: Digest,
}

/// What the action of a step was found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pinned {
    /// Digest of all that it follows from: the source, its requirements, the results before it.
    pub inputs: Digest,
    /// The object that holds the action as JSON.
    pub document: Digest,
    /// The action's key.
    pub key: Digest,
}

/// What a build may use at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Wall-clock seconds.
    pub seconds: u64,
    /// Bytes of memory for its processes together.
    pub memory: u64,
    /// Bytes that it may write.
    pub disk: u64,
    /// Processes and threads at one time.
    pub processes: u64,
}

/// One build with everything that goes in, as it is run: packages and sources are objects named by the
/// digests of their files. The same [key](Action::key), the same work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// Version of the rules by which builds are run; changing how a build is run changes it.
    pub builder: u32,
    /// The source package's name.
    pub name: String,
    /// Name of the spec file among `sources`.
    pub spec: String,
    /// File name and digest of each source, the spec file included, sorted by name.
    pub sources: Vec<(String, Digest)>,
    /// Packages of the base layer, shared by all builds, sorted.
    pub base: Vec<BuildrootPackage>,
    /// Packages on top of it for this build alone, sorted.
    pub extra: Vec<BuildrootPackage>,
    /// Requirements that the buildroot was solved for.
    pub requires: Vec<Dependency>,
    /// Macros given to rpmbuild, in order.
    pub macros: Vec<(String, String)>,
    /// Build conditionals switched on.
    pub with: Vec<String>,
    /// Target architecture.
    pub arch: String,
    /// What it may use.
    pub limits: Limits,
}

impl Action {
    /// The action's key: the digest of its JSON with each package of the buildroot named by what `content`
    /// says of its file instead of by the file. Fields are in the type's order and lists are sorted, so that
    /// the text is canonical.
    ///
    /// # Errors
    /// When JSON can't be written, which these types rule out; passed on rather than hidden.
    pub fn key(&self, content: impl Fn(Digest) -> Digest) -> Result<Digest, serde_json::Error> {
        let named = |packages: &[BuildrootPackage]| {
            let named = |package: &BuildrootPackage| BuildrootPackage {
                digest: content(package.digest),
                ..package.clone()
            };
            packages.iter().map(named).collect()
        };
        let by_content = Self { base: named(&self.base), extra: named(&self.extra), ..self.clone() };
        Ok(Digest::of(&serde_json::to_vec(&by_content)?))
    }

    /// All packages of the buildroot, base first.
    pub fn buildroot(&self) -> impl Iterator<Item = &BuildrootPackage> {
        self.base.iter().chain(&self.extra)
    }
}
