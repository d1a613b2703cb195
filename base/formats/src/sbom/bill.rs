//! What a list of parts says, before it is written in a format.

use std::collections::BTreeMap;

use heirloom_model::advisory::CveId;
use heirloom_model::digest::Hasher;
use heirloom_model::stream::StreamId;
use heirloom_model::{Digest, Nevra};

use super::licence::Licence;
use crate::advisory::purl::Purl;

/// A list of parts: the packages of one build, or of a release. Every list is sorted, so that the same facts give the
/// same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    /// What it is a list of: `zlib-1.2.13-1.el9`, `Kestrel Enterprise Linux`.
    pub subject: Subject,
    /// Who makes the distribution, and this list.
    pub maker: Maker,
    /// When what is listed was made, in seconds since 1970.
    pub created: u64,
    /// Binary packages.
    pub packages: Vec<PackagePart>,
    /// The source packages that they were built from, each with its build.
    pub sources: Vec<SourcePart>,
    /// Packages of buildroots that are not among `packages`.
    pub tools: Vec<ToolPart>,
}

/// What a list of parts is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// One source package's build.
    Build {
        /// Name, version and release.
        name: String,
        /// Epoch, version and release.
        version: String,
    },
    /// A release.
    Release {
        /// The distribution's full name.
        name: String,
    },
}

/// Who makes the distribution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Maker {
    /// Short name in lower case.
    pub id: String,
    /// Version with its minor.
    pub version: String,
    /// The organisation's name.
    pub organisation: String,
    /// An address of its own, below which names are made. Nothing needs to be there.
    pub home: String,
    /// Version of Heirloom.
    pub tool_version: String,
}

/// A binary package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackagePart {
    /// What it says of itself.
    pub about: About,
    /// The file that users get.
    pub digest: Digest,
    /// File name of its source package.
    pub source_rpm: String,
    /// The module that it is of.
    pub module: Option<StreamId>,
    /// Who made it, if not the distribution: its vendor tag, which may be empty.
    pub foreign_vendor: Option<String>,
}

/// What a package says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Identity.
    pub nevra: Nevra,
    /// Its licence tag, as an expression.
    pub licence: Licence,
    /// One line.
    pub summary: String,
    /// Where to read about it, or nothing.
    pub url: String,
}

/// A source package, and its build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourcePart {
    /// What it says of itself.
    pub about: About,
    /// The source RPM that users get.
    pub digest: Digest,
    /// Its files.
    pub files: Vec<FilePart>,
    /// Vulnerabilities that its changelog says this version fixes, sorted.
    pub fixes: Vec<CveId>,
    /// The key of the action that built it.
    pub action: Digest,
    /// Indexes of its binary packages in [`Bill::packages`].
    pub gave: Vec<usize>,
    /// Its buildroot, in order.
    pub buildroot: Vec<Tool>,
}

/// A file of a source package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePart {
    /// Plain name.
    pub name: String,
    /// SHA-256 of its bytes.
    pub digest: Digest,
    /// Where it was fetched, if that was an address.
    pub url: Option<String>,
    /// Whether the spec file names it as a patch.
    pub is_patch: bool,
    /// Vulnerabilities that a patch's name says it fixes, sorted.
    pub fixes: Vec<CveId>,
}

/// One package of a buildroot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tool {
    /// An index into [`Bill::packages`].
    Own(usize),
    /// An index into [`Bill::tools`].
    Other(usize),
}

/// A package that only buildroots have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolPart {
    /// Identity.
    pub nevra: Nevra,
    /// SHA-256 of the RPM file.
    pub digest: Digest,
    /// Whether the distribution made it itself.
    pub own: bool,
}

impl Bill {
    /// Digest of all that it lists: what its own name is made of.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let Maker { id, version, organisation, home, tool_version } = &self.maker;
        let mut hasher = Hasher::default();
        let head = [id, version, organisation, home, tool_version].map(|text| format!("{text}\n"));
        hasher.update(format!("bill 1\n{:?}\n{}\n{}", self.subject, self.created, head.concat()).as_bytes());
        for package in &self.packages {
            hasher.update(format!("package {} {}\n", package.about.nevra, package.digest).as_bytes());
        }
        for source in &self.sources {
            hasher.update(
                format!("source {} {} {}\n", source.about.nevra, source.digest, source.action).as_bytes(),
            );
        }
        hasher.finish()
    }

    /// Name and version of what it is about.
    pub(super) fn title(&self) -> (&str, &str) {
        match &self.subject {
            Subject::Build { name, version } => (name, version),
            Subject::Release { name } => (name, &self.maker.version),
        }
    }

    /// Below this address its parts have their names.
    pub(super) fn namespace(&self) -> String {
        format!("{}/sbom/{}", self.maker.home.trim_end_matches('/'), self.digest())
    }

    /// Identifiers that are licences' own in this list, with their texts, sorted.
    pub(super) fn custom_licences(&self) -> BTreeMap<&str, &str> {
        let packages = self.packages.iter().map(|package| &package.about);
        let all = packages.chain(self.sources.iter().map(|source| &source.about));
        all.flat_map(|about| about.licence.custom()).collect()
    }

    fn purl(&self, nevra: &Nevra, namespace: &str) -> Purl {
        Purl {
            namespace: namespace.to_owned(),
            name: nevra.name().to_owned(),
            evr: Some(nevra.evr().clone()),
            arch: Some(nevra.arch().to_owned()),
            ..Purl::default()
        }
    }

    fn distro(&self) -> Option<String> {
        Some(format!("{}-{}", self.maker.id, self.maker.version))
    }

    pub(super) fn purl_of_package(&self, package: &PackagePart) -> String {
        // Whose a foreign package is, its vendor tag does not say in a package URL's words.
        let namespace = if package.foreign_vendor.is_none() { self.maker.id.as_str() } else { "" };
        let mut purl = self.purl(&package.about.nevra, namespace);
        purl.distro = self.distro();
        purl.module.clone_from(&package.module);
        purl.upstream = Some(package.source_rpm.clone()).filter(|name| !name.is_empty());
        purl.to_string()
    }

    pub(super) fn purl_of_source(&self, source: &SourcePart) -> String {
        Purl { distro: self.distro(), ..self.purl(&source.about.nevra, &self.maker.id) }.to_string()
    }

    pub(super) fn purl_of_tool(&self, tool: &ToolPart) -> String {
        purl(&tool.nevra, tool.own.then_some(self.maker.id.as_str()))
    }

    /// Who supplies a package; none where nobody is named.
    pub(super) fn supplier<'a>(&'a self, package: &'a PackagePart) -> Option<&'a str> {
        let name = package.foreign_vendor.as_ref().unwrap_or(&self.maker.organisation);
        Some(name.as_str()).filter(|name| !name.is_empty())
    }
}

/// The package URL of an RPM: `pkg:rpm/kestrel/bash@5.1.8-9.el9?arch=x86_64`. Without a namespace, it says nothing of
/// whose it is.
#[must_use]
pub fn purl(nevra: &Nevra, namespace: Option<&str>) -> String {
    let purl = Purl {
        namespace: namespace.unwrap_or_default().to_owned(),
        name: nevra.name().to_owned(),
        evr: Some(nevra.evr().clone()),
        arch: Some(nevra.arch().to_owned()),
        ..Purl::default()
    };
    purl.to_string()
}

/// An identifier for a part that is the same in every format: what it is, its name, and the beginning of its digest.
/// Letters, digits, `.` and `-`, as SPDX 2.3 demands.
pub(super) fn id(kind: &str, name: &str, digest: Digest) -> String {
    let mut id = String::with_capacity(kind.len() + name.len() + 18);
    id.push_str(kind);
    id.push('-');
    id.extend(name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }));
    id.push('-');
    id.push_str(&digest.to_string()[..16]);
    id
}

/// Identifiers of all parts, by their place in the list.
pub(super) struct Ids {
    pub(super) packages: Vec<String>,
    pub(super) sources: Vec<String>,
    pub(super) files: Vec<Vec<String>>,
    pub(super) tools: Vec<String>,
}

impl Ids {
    pub(super) fn new(bill: &Bill) -> Self {
        let of_source = |source: &SourcePart| {
            // The same file can be in several source packages.
            let own = source.digest.to_string();
            let file = |file: &FilePart| {
                let both = Digest::of(format!("{own} {} {}", file.digest, file.name).as_bytes());
                id("file", &file.name, both)
            };
            source.files.iter().map(file).collect()
        };
        Self {
            packages: bill.packages.iter().map(|it| id("rpm", it.about.nevra.name(), it.digest)).collect(),
            sources: bill.sources.iter().map(|it| id("source", it.about.nevra.name(), it.digest)).collect(),
            files: bill.sources.iter().map(of_source).collect(),
            tools: bill.tools.iter().map(|it| id("tool", it.nevra.name(), it.digest)).collect(),
        }
    }

    pub(super) fn tool(&self, tool: Tool) -> &str {
        match tool {
            Tool::Own(index) => &self.packages[index],
            Tool::Other(index) => &self.tools[index],
        }
    }
}

/// An address that may stand where formats ask for one.
pub(super) fn web(url: &str) -> Option<&str> {
    let known = ["http://", "https://", "ftp://"].iter().any(|scheme| url.starts_with(scheme));
    let plain = url.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"{}|\\^`[]".contains(&byte));
    (known && plain && url.len() > 8).then_some(url)
}

/// A time in seconds since 1970, as formats write it: `2026-01-15T00:00:00Z`.
pub(super) fn time(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    time.unwrap_or_default().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
