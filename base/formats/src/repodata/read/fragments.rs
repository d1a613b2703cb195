//! Fragments back from what was written of them.

use heirloom_model::{Digest, Evr, Nevra};
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::slices::Slices;
use super::{LARGEST, LATEST, RepodataError};
use crate::document::Document;
use crate::repodata::{COMMON, FILELISTS, Fragment, OTHER, RPM};
use crate::xml::is_plain_relative;

/// A package as a repository's metadata has it, with what tells whether its file is still the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Path below the repository's root.
    pub location: String,
    /// Bytes of the file.
    pub size: u64,
    /// The file's time in seconds since 1970.
    pub file_time: u64,
    /// The rest, as it is written there.
    pub fragment: Fragment,
}

/// What tells whether a package's file is still the one that a repository's metadata describes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// Path below the repository's root.
    pub location: String,
    /// Bytes of the file.
    pub size: u64,
    /// The file's time in seconds since 1970.
    pub file_time: u64,
}

/// Lists a repository's packages, in the order of its primary metadata, and nothing of what they are.
///
/// # Errors
/// The document is damaged, or not of the form that [`Fragments`] reads.
pub fn read_listing(primary: Document<'_>) -> Result<Vec<Listed>, RepodataError> {
    let mut slices = Slices::open(primary, "metadata", &[])?;
    let mut listed = Vec::new();
    while let Some(slice) = slices.next()? {
        let published = Draft::read(slice).ok_or_else(|| slices.shape(PACKAGE))?;
        let Published { location, size, file_time, fragment: _ } = published;
        listed.push(Listed { location, size, file_time });
    }
    Ok(listed)
}

const PACKAGE: &str = "before it, a package with name, version, SHA-256, times, size and a plain location";

/// Reads the packages of primary, filelists and other, which must list them in one order, as createrepo_c and
/// [`super::super::RepositoryWriter`] do, and gives their elements as they are: written again, they are the same
/// bytes.
///
/// After an error there are no more packages.
pub struct Fragments<'a> {
    primary: Slices<'a>,
    filelists: Slices<'a>,
    other: Slices<'a>,
    done: bool,
}

impl<'a> Fragments<'a> {
    /// Opens the three documents.
    ///
    /// # Errors
    /// One of them is of another kind, or can't be read.
    pub fn open(
        primary: Document<'a>,
        filelists: Document<'a>,
        other: Document<'a>,
    ) -> Result<Self, RepodataError> {
        let [common, rpm] = [format!("xmlns=\"{COMMON}\""), format!("xmlns:rpm=\"{RPM}\"")];
        let [list, log] = [FILELISTS, OTHER].map(|namespace| format!("xmlns=\"{namespace}\""));
        Ok(Self {
            primary: Slices::open(primary, "metadata", &[&common, &rpm])?,
            filelists: Slices::open(filelists, "filelists", &[&list])?,
            other: Slices::open(other, "otherdata", &[&log])?,
            done: false,
        })
    }

    fn step(&mut self) -> Result<Option<Published>, RepodataError> {
        let Some(primary) = self.primary.next()? else {
            for rest in [&mut self.filelists, &mut self.other] {
                if rest.next()?.is_some() {
                    return Err(rest.shape("no package that the primary metadata does not have"));
                }
            }
            return Ok(None);
        };
        let mut published = Draft::read(primary).ok_or_else(|| {
            self.primary
                .shape("before it, a package with name, version, SHA-256, times, size and a plain location")
        })?;
        for (slices, text) in [
            (&mut self.filelists, &mut published.fragment.filelists),
            (&mut self.other, &mut published.fragment.other),
        ] {
            let slice = slices.next()?;
            let found = slice.filter(|slice| is_of(slice, published.fragment.digest));
            *text = found
                .ok_or_else(|| slices.shape("before it, the same package as in the primary metadata"))?;
        }
        Ok(Some(published))
    }
}

impl Iterator for Fragments<'_> {
    type Item = Result<Published, RepodataError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let step = self.step().transpose();
        self.done = !matches!(step, Some(Ok(_)));
        step
    }
}

/// Whether it is the element of this package, and well-formed.
fn is_of(slice: &str, digest: Digest) -> bool {
    let mut reader = Reader::from_str(slice);
    let Ok(Event::Start(start)) = reader.read_event() else { return false };
    let id = attribute(&start, "pkgid").and_then(|id| id.parse::<Digest>().ok());
    id == Some(digest) && is_well_formed(&mut reader)
}

fn is_well_formed(reader: &mut Reader<&[u8]>) -> bool {
    loop {
        match reader.read_event() {
            Ok(Event::Eof) => return true,
            Ok(Event::Start(tag) | Event::Empty(tag)) if tag.attributes().any(|found| found.is_err()) => {
                return false;
            }
            Ok(_) => {}
            Err(_) => return false,
        }
    }
}

/// What an element of primary says that a fragment must know.
#[derive(Default)]
struct Draft {
    name: String,
    arch: String,
    evr: Option<Evr>,
    digest: Option<Digest>,
    file_time: Option<u64>,
    build_time: Option<u64>,
    size: Option<u64>,
    /// Where it is written, and what it is.
    location: Option<(std::ops::Range<usize>, String)>,
}

impl Draft {
    /// Nothing, if something is not there or not what it should be.
    fn read(slice: String) -> Option<Published> {
        let mut draft = Self::default();
        let mut reader = Reader::from_str(&slice);
        let mut path: Vec<String> = Vec::new();
        loop {
            let event = reader.read_event().ok()?;
            let end = usize::try_from(reader.buffer_position()).ok()?;
            match event {
                Event::Eof => break,
                Event::Start(tag) => {
                    if path.len() == 1 {
                        draft.tag(&tag, end - 1)?;
                    }
                    path.push(tag.name().as_ref().to_owned());
                }
                Event::Empty(tag) if path.len() == 1 => draft.tag(&tag, end - 2)?,
                Event::Empty(tag) if tag.attributes().any(|found| found.is_err()) => return None,
                Event::End(_) => drop(path.pop()),
                Event::Text(text) if path.len() == 2 => match path.get(1).map(String::as_str) {
                    Some("name") => draft.name.push_str(&text.xml10_content()),
                    Some("arch") => draft.arch.push_str(&text.xml10_content()),
                    Some("checksum") => draft.digest = Some(text.xml10_content().trim().parse().ok()?),
                    _ => {}
                },
                _ => {}
            }
        }
        draft.finish(slice)
    }

    /// A tag below the package whose text ends at this byte.
    fn tag(&mut self, tag: &BytesStart<'_>, end: usize) -> Option<()> {
        let number = |name, most| attribute(tag, name)?.parse().ok().filter(|number| *number <= most);
        match tag.name().as_ref() {
            "version" => {
                let epoch = attribute(tag, "epoch")?.parse().ok()?;
                self.evr = Evr::new(epoch, &attribute(tag, "ver")?, &attribute(tag, "rel")?).ok();
            }
            "checksum" if attribute(tag, "type")? != "sha256" => return None,
            "time" => {
                self.file_time = number("file", LATEST);
                self.build_time = number("build", LATEST);
            }
            "size" => self.size = number("package", LARGEST),
            "location" => self.location = Some(place(tag, end)?),
            _ => {}
        }
        Some(())
    }

    fn finish(self, slice: String) -> Option<Published> {
        let (place, location) = self.location?;
        let mut primary = slice;
        let gap = place.start;
        primary.get(place.clone())?;
        primary.replace_range(place, "");
        Some(Published {
            location,
            size: self.size?,
            file_time: self.file_time?,
            fragment: Fragment {
                nevra: Nevra::new(&self.name, self.evr?, &self.arch).ok()?,
                digest: self.digest?,
                build_time: self.build_time?,
                primary,
                gap,
                filelists: String::new(),
                other: String::new(),
            },
        })
    }
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = tag.try_get_attribute(name).ok()??;
    found.normalized_value(XmlVersion::Implicit1_0).ok().map(|value| value.into_owned())
}

/// Where the location stands, and which it is: plain, and not below another root.
fn place(tag: &BytesStart<'_>, end: usize) -> Option<(std::ops::Range<usize>, String)> {
    let text: &str = tag;
    let value = text.find(" href=\"")? + " href=\"".len();
    let length = text.get(value..)?.find('"')?;
    let location = attribute(tag, "href")?;
    let start = end.checked_sub(text.len())? + value;
    let is_plain = is_plain_relative(&location) && attribute(tag, "xml:base").is_none();
    is_plain.then_some((start..start + length, location))
}
