//! From the records of a build to the statement about it.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_formats::sbom::purl;
use heirloom_model::provenance::{
    ACTION, BUILD_TYPE, BuildDefinition, BuilderIdentity, Byproduct, ExternalParameters, GIT_COMMIT,
    InternalParameters, LOG, Metadata, Notes, Predicate, Provenance, RPM_HEADER, Resource, Role, RunDetails,
    SourcePackage, digests,
};
use heirloom_model::record::{Action, Built, Debranded, Imported, SourceFile};
use heirloom_model::{Digest, Package};
use jiff::Timestamp;

/// Everything that is known of a build.
pub struct Facts<'a> {
    /// Its outcome.
    pub built: &'a Built,
    /// The action that gave it.
    pub action: &'a Action,
    /// Its source package, if the ledger knows where that came from.
    pub source: Option<SourceOf<'a>>,
    /// Signed forms of its packages.
    pub signed: &'a [SignedPackage],
    /// Digest of an RPM's main header, by the digest of its file, as far as they are known.
    pub header: &'a dyn Fn(Digest) -> Option<Digest>,
    /// Package URL namespace of a package of the buildroot, and the foreign repository that it is from.
    pub from: &'a dyn Fn(Digest) -> (Option<&'a str>, Option<Foreign<'a>>),
    /// An origin as it may be told to the world: without passwords and without this machine's paths.
    pub shown: &'a dyn Fn(&str) -> String,
    /// When it ran, if that is known.
    pub times: Option<Times>,
    /// The command that ran, and its environment.
    pub command: Vec<String>,
    /// Environment variables of the command.
    pub environment: BTreeMap<String, String>,
    /// Who vouches for it: an address.
    pub builder: String,
    /// Version of Heirloom that states it.
    pub tool_version: &'a str,
}

/// A foreign repository that a package is from.
#[derive(Clone, Copy, Debug)]
pub struct Foreign<'a> {
    /// Its name.
    pub repository: &'a str,
    /// The package's address, if it is one that others can use.
    pub url: Option<&'a str>,
}

/// Where a source package came from.
#[derive(Clone, Copy, Debug)]
pub struct SourceOf<'a> {
    /// As it was built.
    pub built: &'a Imported,
    /// What the debrand rules did, with what they were applied to, if they were.
    pub debranded: Option<(&'a Debranded, &'a Imported)>,
}

/// A package as it was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedPackage {
    /// SHA-256 of the package before.
    pub unsigned: Digest,
    /// SHA-256 of the signed package.
    pub signed: Digest,
    /// Fingerprint of the key.
    pub key: String,
}

/// When a build ran, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// When it began.
    pub started: u64,
    /// When it ended.
    pub finished: u64,
}

/// The records do not belong together.
#[derive(Debug, thiserror::Error)]
pub enum Unknown {
    /// The action is not the document that the build names.
    #[error(
        "the action of {nevra} has the digest {found}, and its record names {expected}: another version wrote it"
    )]
    Action {
        /// The source package.
        nevra: String,
        /// What the record names.
        expected: Digest,
        /// What was found.
        found: Digest,
    },
    /// JSON can't be written.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// The digest of the source package that an action builds, as [`Imported::digest`] has it.
#[must_use]
pub fn source_digest(action: &Action) -> Digest {
    let file = |(name, digest): &(String, Digest)| SourceFile {
        name: name.clone(),
        digest: *digest,
        size: 0,
        origin: String::new(),
    };
    let imported = Imported {
        name: action.name.clone(),
        spec: action.spec.clone(),
        files: action.sources.iter().map(file).collect(),
        origin: String::new(),
        own: false,
        nevra: None,
        published: None,
    };
    imported.digest()
}

/// What can be stated of a build.
///
/// # Errors
/// The action is not the one that the build's record names.
pub fn provenance(facts: &Facts<'_>) -> Result<Provenance, Unknown> {
    let Facts { built, action, .. } = facts;
    let found = Digest::of(&serde_json::to_vec(action)?);
    if found != built.document {
        let nevra = built.nevra.to_string();
        return Err(Unknown::Action { nevra, expected: built.document, found });
    }
    let builder = BuilderIdentity {
        id: facts.builder.clone(),
        version: BTreeMap::from([
            ("heirloom".to_owned(), facts.tool_version.to_owned()),
            ("builder".to_owned(), action.builder.to_string()),
        ]),
    };
    let time = |pick: fn(Times) -> u64| facts.times.map(pick).and_then(written);
    let metadata = Metadata {
        invocation_id: built.action.to_string(),
        started_on: time(|times| times.started),
        finished_on: time(|times| times.finished),
    };
    let byproduct = |name: &str, digest, media_type: &str| Byproduct {
        name: name.to_owned(),
        digest: digests(digest),
        media_type: Some(media_type.to_owned()),
    };
    let byproducts =
        vec![byproduct(LOG, built.log, "text/plain"), byproduct(ACTION, built.document, "application/json")];
    Ok(Provenance::new(
        subjects(facts),
        Predicate {
            build_definition: BuildDefinition {
                build_type: BUILD_TYPE.to_owned(),
                external_parameters: external(facts),
                internal_parameters: InternalParameters {
                    action: (*action).clone(),
                    environment: facts.environment.clone(),
                },
                resolved_dependencies: dependencies(facts),
            },
            run_details: RunDetails { builder, metadata, byproducts },
        },
    ))
}

/// As they were built; then as they were signed, under another name, since names are to differ.
fn subjects(facts: &Facts<'_>) -> Vec<Resource> {
    let with_header = |mut resource: Resource, package: &Package| {
        let header = (facts.header)(package.digest).map(|header| header.to_string());
        resource.digest.extend(header.map(|header| (RPM_HEADER.to_owned(), header)));
        resource
    };
    let all = || facts.built.all_packages();
    let plain =
        all().map(|package| with_header(Resource::file(&package.nevra.file_name(), package.digest), package));
    let mut subjects: Vec<_> = plain.collect();
    subjects.sort_by(|a, b| a.name.cmp(&b.name));
    let mut signed = Vec::new();
    for package in all() {
        for form in facts.signed.iter().filter(|form| form.unsigned == package.digest) {
            let name = format!("signed/{}/{}", form.key, package.nevra.file_name());
            let annotations =
                Notes { unsigned: Some(form.unsigned), key: Some(form.key.clone()), ..Notes::default() };
            let resource = Resource { annotations, ..Resource::file(&name, form.signed) };
            signed.push(with_header(resource, package));
        }
    }
    signed.sort_by(|a, b| a.name.cmp(&b.name));
    subjects.extend(signed);
    subjects
}

fn external(facts: &Facts<'_>) -> ExternalParameters {
    let origin = facts
        .source
        .map(|source| source.debranded.map_or(source.built, |(_, before)| before).origin.as_str());
    ExternalParameters {
        source: SourcePackage {
            name: facts.action.name.clone(),
            nevra: facts.built.nevra.clone(),
            origin: origin.map(|origin| (facts.shown)(origin)),
            commit: origin.and_then(commit).map(|(_, commit)| commit.to_owned()),
        },
        architecture: facts.action.arch.clone(),
        command: facts.command.clone(),
    }
}

/// An origin of the form `LOCATION@COMMIT`.
fn commit(origin: &str) -> Option<(&str, &str)> {
    let (location, commit) = origin.rsplit_once('@')?;
    let is_commit = [40, 64].contains(&commit.len()) && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_commit.then_some((location, commit))
}

fn dependencies(facts: &Facts<'_>) -> Vec<Resource> {
    let mut all: Vec<_> =
        facts.action.sources.iter().map(|(name, digest)| source_file(facts, name, *digest)).collect();
    if let Some(source) = facts.source {
        let before = source.debranded.map_or(source.built, |(_, before)| before);
        all.extend(of_commit(facts, before));
        if let Some((debranded, before)) = source.debranded {
            let built: BTreeSet<_> =
                facts.action.sources.iter().map(|(name, digest)| (name, digest)).collect();
            let gone = before.files.iter().filter(|file| !built.contains(&(&file.name, &file.digest)));
            all.extend(gone.map(|file| with_origin(facts, Role::Upstream, file)));
            let annotations =
                Notes { role: Some(Role::DebrandRules), edits: debranded.edits.clone(), ..Notes::default() };
            let digest = BTreeMap::from([("heirloomRules".to_owned(), debranded.rules.to_string())]);
            all.push(Resource {
                name: Some("debrand rules".to_owned()),
                digest,
                annotations,
                ..Resource::default()
            });
        }
    }
    all.extend(facts.action.buildroot().map(|package| {
        let (namespace, foreign) = (facts.from)(package.digest);
        let mut resource = Resource {
            uri: Some(purl(&package.nevra, namespace)),
            download_location: foreign.and_then(|foreign| foreign.url).map(str::to_owned),
            annotations: Notes {
                role: Some(Role::Buildroot),
                repository: foreign.map(|foreign| foreign.repository.to_owned()),
                ..Notes::default()
            },
            ..Resource::file(&package.nevra.to_string(), package.digest)
        };
        let header = (facts.header)(package.digest).map(|header| header.to_string());
        resource.digest.extend(header.map(|header| (RPM_HEADER.to_owned(), header)));
        resource
    }));
    all
}

fn source_file(facts: &Facts<'_>, name: &str, digest: Digest) -> Resource {
    let files = facts.source.map_or(&[][..], |source| &source.built.files);
    match files.iter().find(|file| file.name == name && file.digest == digest) {
        Some(file) => with_origin(facts, Role::Source, file),
        None => {
            let annotations = Notes { role: Some(Role::Source), ..Notes::default() };
            Resource { annotations, ..Resource::file(name, digest) }
        }
    }
}

/// An address stands where addresses do; what is none, such as a path inside a commit, beside.
fn with_origin(facts: &Facts<'_>, role: Role, file: &SourceFile) -> Resource {
    let origin = (facts.shown)(&file.origin);
    let is_address =
        is_web(&origin) && !origin.contains(char::is_whitespace) && commit_path(&origin).is_none();
    let (address, origin) = if is_address { (Some(origin), None) } else { (None, Some(origin)) };
    let annotations = Notes { role: Some(role), origin, ..Notes::default() };
    Resource { download_location: address, annotations, ..Resource::file(&file.name, file.digest) }
}

/// `LOCATION@COMMIT:PATH` is no address that can be fetched.
fn commit_path(origin: &str) -> Option<&str> {
    let (before, path) = origin.rsplit_once(':')?;
    commit(before).map(|_| path)
}

fn of_commit(facts: &Facts<'_>, source: &Imported) -> Option<Resource> {
    let (location, id) = commit(&source.origin)?;
    let shown = (facts.shown)(location);
    let annotations = Notes { role: Some(Role::Commit), ..Notes::default() };
    Some(Resource {
        uri: is_web(&shown).then(|| format!("git+{shown}@{id}")),
        name: Some(shown),
        digest: BTreeMap::from([(GIT_COMMIT.to_owned(), id.to_owned())]),
        annotations,
        ..Resource::default()
    })
}

fn is_web(text: &str) -> bool {
    ["http://", "https://", "ftp://"].iter().any(|scheme| text.starts_with(scheme))
}

/// A time as RFC 3339 writes it.
fn written(seconds: u64) -> Option<String> {
    let time = Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?;
    Some(time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}
