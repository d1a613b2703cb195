//! mock's own lock, written: `buildroot_lock.json`, version 1.1.0.
//!
//! Its entries may have no other keys than mock's, so that the SHA-256 of each file stands beside mock's own options
//! in `config`, which mock takes as they are: `heirloom_sha256`, in the order of `rpms`.
//!
//! `mock --hermetic-build` takes a lock only with the container image that its bootstrap chroot is made from. Without
//! an image, the lock is for the record, and for whoever adds one.

use std::collections::BTreeMap;

use heirloom_model::{Digest, Nevra};
use serde::Serialize;

use crate::rpm_file::Header;

/// The version of the form.
const VERSION: &str = "1.1.0";

/// The container image that mock's bootstrap chroot is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BootstrapImage {
    /// Its name, for `podman pull`.
    pub name: String,
    /// SHA-256 over the digests of its layers and its configuration, as mock computes it.
    pub image_digest: String,
    /// Its digest, for `podman pull`.
    pub pull_digest: String,
    /// Its architecture in the words of OCI: `amd64`.
    pub architecture: String,
    /// Its id.
    pub id: String,
}

/// One package of a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockPackage {
    /// Identity.
    pub nevra: Nevra,
    /// The License tag.
    pub license: String,
    /// The SIGMD5 tag: 32 lower-case hexadecimal digits.
    pub sigmd5: String,
    /// Last eight digits of the id of the key that signed it.
    pub signature: Option<String>,
    /// Where the file can be had.
    pub url: String,
    /// SHA-256 of the file.
    pub digest: Digest,
}

/// A lock to be written.
#[derive(Clone, Debug)]
pub struct Lock<'a> {
    /// The architecture that was built for.
    pub arch: &'a str,
    /// What mock calls the distribution: `el9`.
    pub dist: &'a str,
    /// Macros given to rpmbuild, in order; of two with one name the later counts.
    pub macros: &'a [(String, String)],
    /// The packages, in the order in which the buildroot has them.
    pub packages: &'a [LockPackage],
    /// The image, if there is one.
    pub image: Option<&'a BootstrapImage>,
}

/// There is no lock that says this.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// mock names packages by their SIGMD5, which not every RPM has.
    #[error(
        "{0} has no SIGMD5 in its signature header, by which mock's lock names packages; rebuild it with rpm 4"
    )]
    NoSigmd5(Nevra),
    /// mock expands its options with Jinja, so that it would not get what was meant.
    #[error("the macro `{0}` has `{1}` in its value, which mock would take for a template")]
    Template(String, &'static str),
    /// JSON can't be written, which these types rule out; passed on rather than hidden.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl LockPackage {
    /// What the header of an RPM says; `digest` is the SHA-256 of its file, `url` where that can be had.
    ///
    /// # Errors
    /// It has no SIGMD5.
    pub fn new(header: &Header, digest: Digest, url: String) -> Result<Self, LockError> {
        let sigmd5 = header.sigmd5().ok_or_else(|| LockError::NoSigmd5(header.nevra.clone()))?;
        let signature = header.signing_key().map(|id| id[id.len().saturating_sub(8)..].to_owned());
        let (nevra, license) = (header.nevra.clone(), header.info.license.clone());
        Ok(Self { nevra, license, sigmd5, signature, url, digest })
    }
}

// Fields in the order of the alphabet, as mock writes them.
#[derive(Serialize)]
struct File<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    bootstrap: Option<Bootstrap<'a>>,
    buildroot: Buildroot<'a>,
    config: Config<'a>,
    version: &'static str,
}

#[derive(Serialize)]
struct Bootstrap<'a> {
    architecture: &'a str,
    id: &'a str,
    image_digest: &'a str,
    pull_digest: &'a str,
}

#[derive(Serialize)]
struct Buildroot<'a> {
    rpms: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    arch: &'a str,
    epoch: Option<String>,
    license: &'a str,
    name: &'a str,
    release: &'a str,
    sigmd5: &'a str,
    signature: Option<&'a str>,
    url: &'a str,
    version: &'a str,
}

#[derive(Serialize)]
struct Config<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    bootstrap_image: Option<&'a str>,
    bootstrap_image_ready: bool,
    dist: &'a str,
    heirloom_sha256: Vec<Digest>,
    legal_host_arches: [&'a str; 1],
    macros: BTreeMap<String, &'a str>,
    package_manager: &'static str,
    target_arch: &'a str,
}

impl Lock<'_> {
    /// The text of the file. The same packages and macros give the same bytes.
    ///
    /// # Errors
    /// A macro whose value mock would expand.
    pub fn write(&self) -> Result<String, LockError> {
        let mut macros = BTreeMap::new();
        for (name, value) in self.macros {
            if let Some(mark) = ["{{", "{%", "{#"].iter().find(|mark| value.contains(**mark)) {
                return Err(LockError::Template(name.clone(), mark));
            }
            macros.insert(format!("%{name}"), value.as_str());
        }
        let file = File {
            bootstrap: self.image.map(|image| Bootstrap {
                architecture: &image.architecture,
                id: &image.id,
                image_digest: &image.image_digest,
                pull_digest: &image.pull_digest,
            }),
            buildroot: Buildroot { rpms: self.packages.iter().map(entry).collect() },
            config: Config {
                bootstrap_image: self.image.map(|image| image.name.as_str()),
                bootstrap_image_ready: self.image.is_some(),
                dist: self.dist,
                heirloom_sha256: self.packages.iter().map(|package| package.digest).collect(),
                legal_host_arches: [self.arch],
                macros,
                package_manager: "dnf",
                target_arch: self.arch,
            },
            version: VERSION,
        };
        let mut bytes = Vec::new();
        let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
        file.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, formatter))?;
        bytes.push(b'\n');
        // JSON is UTF-8.
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

fn entry(package: &LockPackage) -> Entry<'_> {
    let evr = package.nevra.evr();
    Entry {
        arch: package.nevra.arch(),
        epoch: (evr.epoch() != 0).then(|| evr.epoch().to_string()),
        license: &package.license,
        name: package.nevra.name(),
        release: evr.release(),
        sigmd5: &package.sigmd5,
        signature: package.signature.as_deref(),
        url: &package.url,
        version: evr.version(),
    }
}
