//! Reading primary, filelists and other.

mod primary;

use std::collections::HashMap;

use heirloom_model::nevra::InvalidNevra;
use heirloom_model::{Digest, Nevra, Package, PackageFile};

use crate::document::Document;
use crate::rpm_file::ChangelogEntry;
use crate::xml::{Tag, Xml, XmlError};

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
    #[error(
        "{document}: package {package} is said to be at `{location}`, which is not a path below the repository's root"
    )]
    Location {
        /// The document.
        document: String,
        /// The package.
        package: String,
        /// The location.
        location: String,
    },
    /// The two documents do not belong together.
    #[error(
        "{document} has package {package} ({digest}), which the repository's primary metadata does not have"
    )]
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
        let package = primary::package(&mut xml, primary.name)?;
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
