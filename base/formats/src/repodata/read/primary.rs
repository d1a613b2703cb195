//! One `<package>` of primary.xml.

use heirloom_model::{Compare, Dependency, Digest, Evr, Nevra, Package, PackageFile};

use super::{Described, RepodataError, size, time};
use crate::xml::{Tag, Xml, XmlError, is_plain_relative};

/// What a `<package>` of primary says, as far as it was read.
#[derive(Default)]
struct Draft {
    name: String,
    arch: String,
    evr: Option<(u32, String, String)>,
    digest: Option<Digest>,
    build_time: u64,
    size: Option<u64>,
    installed_size: u64,
    location: Option<String>,
}

pub(super) fn package(xml: &mut Xml<'_>, document: &str) -> Result<Described, RepodataError> {
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
            "time" => self.build_time = time(xml, tag, "build")?,
            "size" => {
                self.size = Some(size(xml, tag, "package")?);
                if tag.attribute("installed").is_some() {
                    self.installed_size = size(xml, tag, "installed")?;
                }
            }
            "location" => {
                let base = tag.attribute("xml:base").map_or_else(String::new, |base| format!("{base}/"));
                self.location = Some(base + xml.need(tag, "href")?);
            }
            _ => {}
        }
        Ok(())
    }

    fn finish(self, xml: &Xml<'_>, document: &str, format: Format) -> Result<Described, RepodataError> {
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
        let package = Package {
            nevra,
            digest,
            size,
            build_time: self.build_time,
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
            files: format.files,
        };
        Ok(Described { package, installed_size: self.installed_size, header: format.header })
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
    files: Vec<PackageFile>,
    header: Option<(u64, u64)>,
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
                "rpm:header-range" => {
                    let range = (size(xml, &tag, "start")?, size(xml, &tag, "end")?);
                    format.header = (range.0 < range.1).then_some(range);
                    xml.skip()?;
                    continue;
                }
                "file" => {
                    format.files.push(file(xml, &tag)?);
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

/// A `<file>`, as primary and filelists have it.
pub(super) fn file(xml: &mut Xml<'_>, tag: &Tag) -> Result<PackageFile, XmlError> {
    let kind = tag.attribute("type");
    let (is_dir, is_ghost) = (kind == Some("dir"), kind == Some("ghost"));
    Ok(PackageFile { path: xml.text()?, is_dir, is_ghost })
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
