//! The provenance of a build: an in-toto statement, version 1, with the predicate of SLSA, version 1.
//!
//! ```text
//! {"_type": "https://in-toto.io/Statement/v1",
//!  "subject": [every package that the build gave, as it was built and as it was signed],
//!  "predicateType": "https://slsa.dev/provenance/v1",
//!  "predicate": {"buildDefinition": {what was built, how, and of what}, "runDetails": {by whom and when}}}
//! ```
//! It carries the action whole, so that it alone, with the objects that it names, is enough to build again. A
//! reader ignores fields that it does not know, as in-toto demands.
//!
//! Source: <https://slsa.dev/spec/v1.0/provenance>, <https://github.com/in-toto/attestation/tree/main/spec/v1>

mod check;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::record::{Action, Edit};
use crate::statement::{PAYLOAD_TYPE, STATEMENT_TYPE};
use crate::{Digest, Nevra};

pub use check::InvalidProvenance;

/// The form of the predicate.
pub const PREDICATE_TYPE: &str = "https://slsa.dev/provenance/v1";
/// How to understand the parameters of a build. It is a name, there is nothing to fetch; another form gets another number.
pub const BUILD_TYPE: &str = "https://heirloom.example/build/v1";
/// What an envelope of such a statement says its payload is.
pub const ENVELOPE_TYPE: &str = PAYLOAD_TYPE;
/// What digests of an RPM's main header are called: SHA-256 of all that a header signature covers. It stays the same
/// when a package is signed, and has the digest of the payload in it.
pub const RPM_HEADER: &str = "rpmHeaderSha256";
/// What a commit's digest is called.
pub const GIT_COMMIT: &str = "gitCommit";
/// Name of the byproduct that is the build's log.
pub const LOG: &str = "build.log";
/// Name of the byproduct that is the action's document.
pub const ACTION: &str = "action.json";

/// A statement about one build.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Provenance {
    /// [`STATEMENT_TYPE`].
    #[serde(rename = "_type")]
    statement_type: String,
    /// The packages: as they were built, sorted by name, then as they were signed.
    pub subject: Vec<Resource>,
    /// [`PREDICATE_TYPE`].
    predicate_type: String,
    /// What is said of them.
    pub predicate: Predicate,
}

/// A file or another thing, as in-toto names it (`ResourceDescriptor`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// Its name; different for each subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its address: a package URL, or where a commit is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// Its digests in hexadecimal digits, by algorithm: `sha256` of the whole file, [`RPM_HEADER`], [`GIT_COMMIT`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub digest: BTreeMap<String, String>,
    /// Where it was fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub download_location: Option<String>,
    /// What kind of content it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// What is noted beside.
    #[serde(default, skip_serializing_if = "Notes::is_empty")]
    pub annotations: Notes,
}

/// What is noted beside a resource.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notes {
    /// What it was for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Where it came from, where that is no address: the last part of a path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// The foreign repository that it is from, as the definition names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// What the debrand rules did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<Edit>,
    /// SHA-256 of the package before it was signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsigned: Option<Digest>,
    /// Fingerprint of the key that signed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

impl Notes {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What something that a build depends on was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A file of the source package as it was built.
    Source,
    /// A file of upstream's source package that debrand rules changed or removed.
    Upstream,
    /// The commit that the source package was taken from.
    Commit,
    /// The debrand rules that were applied.
    DebrandRules,
    /// An installed package of the buildroot; these are in order.
    Buildroot,
}

/// What is said of a build.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Predicate {
    /// What was built, how, and of what.
    pub build_definition: BuildDefinition,
    /// By whom and when.
    pub run_details: RunDetails,
}

/// What was built, how, and of what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BuildDefinition {
    /// [`BUILD_TYPE`].
    pub build_type: String,
    /// What was asked for.
    pub external_parameters: ExternalParameters,
    /// What the builder added.
    pub internal_parameters: InternalParameters,
    /// All that went in.
    pub resolved_dependencies: Vec<Resource>,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExternalParameters {
    /// The source package.
    pub source: SourcePackage,
    /// The architecture that it was built for.
    pub architecture: String,
    /// What ran in the buildroot, without the number of processes, which changes nothing.
    pub command: Vec<String>,
}

/// A source package and where it is from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourcePackage {
    /// Its name.
    pub name: String,
    /// Its identity.
    pub nevra: Nevra,
    /// The directory, address or source RPM that it was taken from, if the ledger knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// The commit that it was taken from, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

/// What the builder added.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InternalParameters {
    /// The action: sources, buildroot, macros, limits.
    pub action: Action,
    /// Environment variables of the command.
    pub environment: BTreeMap<String, String>,
}

/// By whom and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunDetails {
    /// Who vouches for it.
    pub builder: BuilderIdentity,
    /// Of this run.
    pub metadata: Metadata,
    /// What it gave beside the packages: [`LOG`], and [`ACTION`], the document of the action.
    #[serde(default)]
    pub byproducts: Vec<Byproduct>,
}

/// Who vouches for a build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuilderIdentity {
    /// An address that stands for the whole installation that built it.
    pub id: String,
    /// `heirloom`: the program's version; `builder`: that of the rules by which builds are run.
    #[serde(default)]
    pub version: BTreeMap<String, String>,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// The action's key.
    pub invocation_id: String,
    /// When it began, in UTC; absent where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_on: Option<String>,
    /// When it ended, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_on: Option<String>,
}

/// What a build gave beside packages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Byproduct {
    /// [`LOG`] or [`ACTION`].
    pub name: String,
    /// Its digest, as `sha256`.
    pub digest: BTreeMap<String, String>,
    /// What kind of content it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
}

impl Provenance {
    /// A statement about these packages.
    #[must_use]
    pub fn new(subject: Vec<Resource>, predicate: Predicate) -> Self {
        let (statement_type, predicate_type) = (STATEMENT_TYPE.to_owned(), PREDICATE_TYPE.to_owned());
        Self { statement_type, subject, predicate_type, predicate }
    }

    /// The action.
    #[must_use]
    pub fn action(&self) -> &Action {
        &self.predicate.build_definition.internal_parameters.action
    }

    /// The packages as they were built.
    pub fn built(&self) -> impl Iterator<Item = &Resource> {
        self.subject.iter().filter(|subject| subject.annotations.unsigned.is_none())
    }

    /// What the build depended on in this role, in order.
    pub fn dependencies(&self, role: Role) -> impl Iterator<Item = &Resource> {
        let all = self.predicate.build_definition.resolved_dependencies.iter();
        all.filter(move |dependency| dependency.annotations.role == Some(role))
    }
}

impl Resource {
    /// A file with this digest.
    #[must_use]
    pub fn file(name: &str, sha256: Digest) -> Self {
        Self { name: Some(name.to_owned()), digest: digests(sha256), ..Self::default() }
    }

    /// The SHA-256 of its file, if it states one.
    #[must_use]
    pub fn sha256(&self) -> Option<Digest> {
        self.digest.get("sha256")?.parse().ok()
    }

    /// The digest of an RPM's header, if it states one.
    #[must_use]
    pub fn header(&self) -> Option<Digest> {
        self.digest.get(RPM_HEADER)?.parse().ok()
    }

    /// Its name, or nothing.
    #[must_use]
    pub fn label(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }
}

/// The digest of a file as in-toto writes it.
#[must_use]
pub fn digests(sha256: Digest) -> BTreeMap<String, String> {
    BTreeMap::from([("sha256".to_owned(), sha256.to_string())])
}

#[cfg(test)]
mod tests;
