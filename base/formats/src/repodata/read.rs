//! Reading primary, filelists and other.

use std::collections::HashMap;

use heirloom_model::nevra::InvalidNevra;
use heirloom_model::{Compare, Dependency, Digest, Evr, Nevra, Package, PackageFile};

use crate::document::Document;
use crate::rpm_file::ChangelogEntry;
use crate::xml::{Tag, Xml, XmlError, is_plain_relative};

/// A repository's metadata is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum RepodataError {
    /// The XML, or a value in it, is wrong.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// A name, version, release or architecture that rpm does not allow.
    #[error("{document}: package {name} has no proper identity")]
    Identity {
        /// The document.
        document: String,
        /// The package's name as the document has it.
        name: String,
        /// Which part is wrong.
        source: InvalidNevra,
    },
    /// Packages are known by their SHA-256 only.
    #[error("{document}: package {package} has a checksum of the kind `{found}`, only `sha256` is accepted")]
    ChecksumKind {
        /// The document.
        document: String,
        /// The package.
        package: String,
        /// The algorithm that it names.
        found: String,
    },
    /// A path that leaves the repository, or a package that is kept elsewhere.
    #[error("{document}: package {package} is said to be at `{location}`, which is not a path below the repository's root")]
    Location {
        /// The document.
        document: String,
        /// The package.
        package: String,
        /// The location.
        location: String,
    },
    /// The two documents do not belong together.
    #[error("{document} has package {package} ({digest}), which the repository's primary metadata does not have")]
    Unknown {
        /// The document.
        document: String,
        /// The package's name.
        package: String,
        /// Its digest.
        digest: Digest,
    },
    /// The two documents do not belong together.
    #[error("{document} does not have package {package}, which the repository's primary metadata has")]
    Absent {
        /// The document.
        document: String,
        /// The package.
        package: Nevra,
    },
}

/// Reads all packages of a repository. A package that primary lists twice (the same bytes) is one package,
/// at its first location.
///
/// # Errors
/// A document is damaged, names paths outside of the repository, or the two do not belong together.
pub fn read_packages(primary: Document<'_>, filelists: Document<'_>) -> Result<Vec<Package>, RepodataError> {
    let mut packages = Vec::new();
    let mut index = HashMap::new();
    let mut xml = Xml::open(primary, "metadata")?;
    while let Some(tag) = xml.child()? {
        if tag.name != "package" {
            xml.skip()?;
            continue;
        }
        let package = package(&mut xml, primary.name)?;
        index.entry(package.digest).or_insert_with(|| {
            packages.push(package);
            packages.len() - 1
        });
    }
    add_files(&mut packages, &index, filelists)?;
    Ok(packages)
}

/// Reads the changelogs of all packages, by the package's digest, newest entry first as rpm keeps them.
///
/// # Errors
/// The document is damaged.
pub fn read_changelogs(other: Document<'_>) -> Result<HashMap<Digest, Vec<ChangelogEntry>>, RepodataError> {
    let mut changelogs = HashMap::new();
    let mut xml = Xml::open(other, "otherdata")?;
    while let Some(tag) = xml.child()? {
        if tag.name != "package" {
            xml.skip()?;
            continue;
        }
        let mut entries = Vec::new();
        while let Some(entry) = xml.child()? {
            if entry.name != "changelog" {
                xml.skip()?;
                continue;
            }
            let author = xml.need(&entry, "author")?.to_owned();
            let time = xml.need_parsed(&entry, "date", "a time in seconds")?;
            entries.push(ChangelogEntry { author, time, text: xml.text()? });
        }
        // createrepo_c writes the oldest first.
        entries.reverse();
        changelogs.insert(package_id(&xml, &tag)?, entries);
    }
    Ok(changelogs)
}

fn package_id(xml: &Xml<'_>, tag: &Tag) -> Result<Digest, XmlError> {
    xml.need_parsed(tag, "pkgid", "a SHA-256 digest")
}

fn add_files(
    packages: &mut [Package],
    index: &HashMap<Digest, usize>,
    filelists: Document<'_>,
) -> Result<(), RepodataError> {
    let mut seen = vec![false; packages.len()];
    let mut xml = Xml::open(filelists, "filelists")?;
    while let Some(tag) = xml.child()? {
        if tag.name != "package" {
            xml.skip()?;
            continue;
        }
        let digest = package_id(&xml, &tag)?;
        let Some(&position) = index.get(&digest) else {
            return Err(RepodataError::Unknown {
                document: filelists.name.to_owned(),
                package: tag.attribute("name").unwrap_or_default().to_owned(),
                digest,
            });
        };
        packages[position].files = files(&mut xml)?;
        seen[position] = true;
    }
    match seen.iter().position(|seen| !seen) {
        None => Ok(()),
        Some(position) => Err(RepodataError::Absent {
            document: filelists.name.to_owned(),
            package: packages[position].nevra.clone(),
        }),
    }
}

fn files(xml: &mut Xml<'_>) -> Result<Vec<PackageFile>, XmlError> {
    let mut files = Vec::new();
    while let Some(tag) = xml.child()? {
        if tag.name != "file" {
            xml.skip()?;
            continue;
        }
        let kind = tag.attribute("type");
        let (is_dir, is_ghost) = (kind == Some("dir"), kind == Some("ghost"));
        files.push(PackageFile { path: xml.text()?, is_dir, is_ghost });
    }
    Ok(files)
}

/// What a `<package>` of primary says, as far as it was read.
#[derive(Default)]
struct Draft {
    name: String,
    arch: String,
    evr: Option<(u32, String, String)>,
    digest: Option<Digest>,
    size: Option<u64>,
    location: Option<String>,
}

fn package(xml: &mut Xml<'_>, document: &str) -> Result<Package, RepodataError> {
    let mut draft = Draft::default();
    let mut format = Format::default();
    while let Some(tag) = xml.child()? {
        match tag.name.as_str() {
            "name" => draft.name = xml.text()?,
            "arch" => draft.arch = xml.text()?,
            "checksum" => draft.digest = Some(digest(xml, &tag, document, &draft.name)?),
            "format" => format = Format::read(xml)?,
            _ => {
                draft.read_attributes(xml, &tag)?;
                xml.skip()?;
            }
        }
    }
    draft.finish(xml, document, format)
}

fn digest(xml: &mut Xml<'_>, tag: &Tag, document: &str, package: &str) -> Result<Digest, RepodataError> {
    match xml.need(tag, "type")? {
        "sha256" => Ok(xml.parse("a SHA-256 digest")?),
        found => Err(RepodataError::ChecksumKind {
            document: document.to_owned(),
            package: package.to_owned(),
            found: found.to_owned(),
        }),
    }
}

impl Draft {
    fn read_attributes(&mut self, xml: &Xml<'_>, tag: &Tag) -> Result<(), XmlError> {
        match tag.name.as_str() {
            "version" => {
                let epoch = match tag.attribute("epoch") {
                    None | Some("") => 0,
                    Some(_) => xml.need_parsed(tag, "epoch", "an epoch")?,
                };
                self.evr = Some((epoch, xml.need(tag, "ver")?.to_owned(), xml.need(tag, "rel")?.to_owned()));
            }
            "size" => self.size = Some(xml.need_parsed(tag, "package", "a size in bytes")?),
            "location" => {
                let base = tag.attribute("xml:base").map_or_else(String::new, |base| format!("{base}/"));
                self.location = Some(base + xml.need(tag, "href")?);
            }
            _ => {}
        }
        Ok(())
    }

    fn finish(self, xml: &Xml<'_>, document: &str, format: Format) -> Result<Package, RepodataError> {
        let missing = |what| xml.missing("package", what);
        let (epoch, version, release) = self.evr.ok_or_else(|| missing("version"))?;
        let digest = self.digest.ok_or_else(|| missing("checksum"))?;
        let size = self.size.ok_or_else(|| missing("size"))?;
        let location = self.location.ok_or_else(|| missing("location"))?;
        let identity = |source| RepodataError::Identity {
            document: document.to_owned(),
            name: self.name.chars().take(120).collect(),
            source,
        };
        let evr = Evr::new(epoch, &version, &release).map_err(identity)?;
        let nevra = Nevra::new(&self.name, evr, &self.arch).map_err(identity)?;
        if !is_plain_relative(&location) {
            let package = nevra.to_string();
            return Err(RepodataError::Location { document: document.to_owned(), package, location });
        }
        Ok(Package {
            nevra,
            digest,
            size,
            location,
            source_rpm: format.source_rpm,
            provides: format.provides,
            requires: format.requires,
            conflicts: format.conflicts,
            obsoletes: format.obsoletes,
            recommends: format.recommends,
            suggests: format.suggests,
            supplements: format.supplements,
            enhances: format.enhances,
            files: Vec::new(),
        })
    }
}

/// What `<format>` says.
#[derive(Default)]
struct Format {
    source_rpm: String,
    provides: Vec<Dependency>,
    requires: Vec<Dependency>,
    conflicts: Vec<Dependency>,
    obsoletes: Vec<Dependency>,
    recommends: Vec<Dependency>,
    suggests: Vec<Dependency>,
    supplements: Vec<Dependency>,
    enhances: Vec<Dependency>,
}

impl Format {
    fn read(xml: &mut Xml<'_>) -> Result<Self, XmlError> {
        let mut format = Self::default();
        while let Some(tag) = xml.child()? {
            let list = match tag.name.as_str() {
                "rpm:provides" => &mut format.provides,
                "rpm:requires" => &mut format.requires,
                "rpm:conflicts" => &mut format.conflicts,
                "rpm:obsoletes" => &mut format.obsoletes,
                "rpm:recommends" => &mut format.recommends,
                "rpm:suggests" => &mut format.suggests,
                "rpm:supplements" => &mut format.supplements,
                "rpm:enhances" => &mut format.enhances,
                "rpm:sourcerpm" => {
                    format.source_rpm = xml.text()?;
                    continue;
                }
                _ => {
                    xml.skip()?;
                    continue;
                }
            };
            while let Some(entry) = xml.child()? {
                list.push(dependency(xml, &entry)?);
                xml.skip()?;
            }
        }
        Ok(format)
    }
}

fn dependency(xml: &Xml<'_>, entry: &Tag) -> Result<Dependency, XmlError> {
    let name = xml.need(entry, "name")?.to_owned();
    let compare = match entry.attribute("flags") {
        None => return Ok(Dependency { name, version: None }),
        Some("LT") => Compare::Less,
        Some("LE") => Compare::LessOrEqual,
        Some("EQ") => Compare::Equal,
        Some("GE") => Compare::GreaterOrEqual,
        Some("GT") => Compare::Greater,
        Some(other) => return Err(xml.invalid(&entry.name, other, "one of LT, LE, EQ, GE, GT")),
    };
    // rpm writes no epoch for 0, repodata does.
    let mut version = match entry.attribute("epoch") {
        None | Some("" | "0") => String::new(),
        Some(epoch) => format!("{epoch}:"),
    };
    version.push_str(xml.need(entry, "ver")?);
    if let Some(release) = entry.attribute("rel") {
        version.push('-');
        version.push_str(release);
    }
    Ok(Dependency { name, version: Some((compare, version)) })
}
