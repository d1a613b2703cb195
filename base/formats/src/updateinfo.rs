//! updateinfo.xml: advisories. What is not read of them is passed through.
//!
//! [`read`] and [`made`] lead from and to the form that advisories of all formats have.
//!
//! A compose takes the references' advisories ([`Reader`], one at a time), leaves those that concern its packages
//! ([`select`]), joins what comes from several documents ([`merge`]), and writes them ([`to_xml`]).

mod made;
mod merge;
mod select;

use std::borrow::Borrow;

use heirloom_model::nevra::InvalidNevra;
use heirloom_model::{Evr, Nevra};

use crate::document::Document;
use crate::modulemd::StreamId;
use crate::xml::{Element, Writer, Xml, XmlError};

pub use made::{made, read, records};
pub use merge::{Merged, merge};
pub use select::{Have, Selected, select};

/// Largest updateinfo.xml that is read, decompressed. Real ones have up to some hundred MB.
const LARGEST: u64 = 1 << 30;

/// An advisory, with everything that its document says of it kept for writing back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advisory {
    /// Its id, such as `EXSA-2024:1234`.
    pub id: String,
    /// `security`, `bugfix`, `enhancement` or `newpackage`.
    pub kind: String,
    /// `Critical`, `Important`, `Moderate`, `Low` or empty.
    pub severity: String,
    /// Its title.
    pub title: String,
    /// When it was issued, as the document writes it.
    pub issued: String,
    /// When it was changed, as the document writes it; empty if it was not.
    pub updated: String,
    /// The fixed packages of all its collections.
    pub packages: Vec<Nevra>,
    /// The collections, each with its packages.
    pub collections: Vec<Collection>,
    element: Element,
}

/// Packages of an advisory that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    /// Its short name, which is its id where several documents are joined by clients; empty if it has none.
    pub short: String,
    /// The module whose stream must be enabled for the packages to concern a system.
    pub module: Option<StreamId>,
    /// The packages.
    pub packages: Vec<Nevra>,
}

/// Something about advisories that their publisher has to know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AdvisoryFinding {
    /// No package of an advisory is there: it is left out.
    Lost {
        /// The advisory.
        id: String,
        /// Its packages for the architecture that are in no other repository, sorted. None if it is for others alone.
        missing: Vec<Nevra>,
    },
    /// Some packages of an advisory are not there.
    Partial {
        /// The advisory.
        id: String,
        /// The packages as the reference names them, sorted.
        missing: Vec<Nevra>,
    },
    /// Documents say different things of one advisory.
    Contradiction {
        /// The advisory.
        id: String,
        /// When the one that counts was changed, or else issued.
        kept: String,
        /// When the one that was left out was.
        left_out: String,
    },
}

impl AdvisoryFinding {
    /// Whether it is only that an advisory is about other repositories' packages.
    #[must_use]
    pub fn is_for_others(&self) -> bool {
        matches!(self, Self::Lost { missing, .. } if missing.is_empty())
    }
}

impl std::fmt::Display for AdvisoryFinding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let list = |f: &mut std::fmt::Formatter<'_>, missing: &[Nevra]| {
            missing.iter().try_for_each(|package| write!(f, " {package}"))
        };
        match self {
            Self::Lost { id, missing } if missing.is_empty() => {
                write!(f, "{id}: has no package for this repository")
            }
            Self::Lost { id, missing } => {
                write!(f, "{id}: none of its packages is there:")?;
                list(f, missing)
            }
            Self::Partial { id, missing } => {
                write!(f, "{id}: some of its packages are missing:")?;
                list(f, missing)
            }
            Self::Contradiction { id, kept, left_out } => {
                write!(f, "{id}: documents differ; the one of {kept} counts, the one of {left_out} does not")
            }
        }
    }
}

impl Advisory {
    /// The vulnerabilities that its references name, sorted: `CVE-2024-0001`.
    #[must_use]
    pub fn cves(&self) -> Vec<String> {
        let references = self.element.all("references").flat_map(|list| list.all("reference"));
        let cves = references.filter(|one| one.tag.attribute("type") == Some("cve"));
        let mut ids: Vec<_> = cves.filter_map(|one| one.tag.attribute("id").map(str::to_owned)).collect();
        ids.sort();
        ids.dedup();
        ids
    }
}

/// updateinfo.xml is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum UpdateinfoError {
    /// The XML, or a value in it, is wrong.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// A package of an advisory has a name, version, release or architecture that rpm does not allow.
    #[error("{document}, advisory {advisory}: package `{package}` has no proper identity")]
    Identity {
        /// The document.
        document: String,
        /// The advisory.
        advisory: String,
        /// The package's name as the document has it.
        package: String,
        /// Which part is wrong.
        source: InvalidNevra,
    },
}

/// Reads the advisories of a document one at a time: the rest of it is not in memory.
pub struct Reader<'a> {
    xml: Xml<'a>,
    document: &'a str,
    is_done: bool,
}

impl<'a> Reader<'a> {
    /// Opens updateinfo.xml.
    ///
    /// # Errors
    /// It can't be decompressed, or is another kind of document.
    pub fn open(document: Document<'a>) -> Result<Self, UpdateinfoError> {
        let xml = Xml::open_typed(document.at_most(LARGEST), "updates")?;
        Ok(Self { xml, document: document.name, is_done: false })
    }

    fn advance(&mut self) -> Result<Option<Advisory>, UpdateinfoError> {
        while let Some(tag) = self.xml.child()? {
            if tag.name == "update" {
                let element = self.xml.element(tag)?;
                return advisory(&self.xml, self.document, element).map(Some);
            }
            self.xml.skip()?;
        }
        Ok(None)
    }
}

impl Iterator for Reader<'_> {
    type Item = Result<Advisory, UpdateinfoError>;

    /// The next advisory; nothing after the document was found to be damaged.
    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done {
            return None;
        }
        let next = self.advance().transpose();
        self.is_done = matches!(next, None | Some(Err(UpdateinfoError::Xml(_))));
        next
    }
}

/// Parses updateinfo.xml.
///
/// # Errors
/// The document is damaged, an advisory has no id, or one of its packages no identity.
pub fn parse(document: Document<'_>) -> Result<Vec<Advisory>, UpdateinfoError> {
    Reader::open(document)?.collect()
}

/// Writes updateinfo.xml with these advisories, in this order.
#[must_use]
pub fn to_xml(advisories: impl IntoIterator<Item = impl Borrow<Advisory>>) -> String {
    let mut xml = Writer::default();
    xml.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").open("updates", &[]).raw("\n");
    for advisory in advisories {
        xml.tree(&advisory.borrow().element, 1);
    }
    xml.close("updates").raw("\n");
    xml.0
}

fn advisory(xml: &Xml<'_>, document: &str, element: Element) -> Result<Advisory, UpdateinfoError> {
    let id = element.child_text("id").to_owned();
    if id.is_empty() {
        return Err(xml.missing("update", "id").into());
    }
    let mut collections = Vec::new();
    for collection in element.all("pkglist").flat_map(|list| list.all("collection")) {
        let packages = collection.all("package").map(|package| nevra(xml, document, &id, package));
        collections.push(Collection {
            short: collection.tag.attribute("short").unwrap_or_default().to_owned(),
            module: collection.all("module").next().map(|tag| module(xml, tag)).transpose()?,
            packages: packages.collect::<Result<_, _>>()?,
        });
    }
    let date = |name| element.all(name).next().and_then(|date| date.tag.attribute("date"));
    Ok(Advisory {
        kind: element.tag.attribute("type").unwrap_or_default().to_owned(),
        severity: element.child_text("severity").to_owned(),
        title: element.child_text("title").to_owned(),
        issued: date("issued").unwrap_or_default().to_owned(),
        updated: date("updated").unwrap_or_default().to_owned(),
        id,
        packages: collections.iter().flat_map(|collection| collection.packages.clone()).collect(),
        collections,
        element,
    })
}

fn module(xml: &Xml<'_>, element: &Element) -> Result<StreamId, XmlError> {
    let text = |name| element.tag.attribute(name).unwrap_or_default();
    let version = match text("version") {
        "" => 0,
        version => version.parse().map_err(|_| xml.invalid("module", version, "a module's version"))?,
    };
    let [name, stream, context, arch] =
        ["name", "stream", "context", "arch"].map(|name| text(name).to_owned());
    Ok(StreamId { name, stream, version, context, arch })
}

fn nevra(xml: &Xml<'_>, document: &str, advisory: &str, package: &Element) -> Result<Nevra, UpdateinfoError> {
    let [name, version, release, arch] =
        ["name", "version", "release", "arch"].map(|key| package.tag.attribute(key).unwrap_or_default());
    let epoch = match package.tag.attribute("epoch") {
        None | Some("") => 0,
        Some(epoch) => epoch.parse().map_err(|_| xml.invalid("package", epoch, "an epoch"))?,
    };
    let identity = |source| UpdateinfoError::Identity {
        document: document.to_owned(),
        advisory: advisory.chars().take(120).collect(),
        package: name.chars().take(120).collect(),
        source,
    };
    Evr::new(epoch, version, release).and_then(|evr| Nevra::new(name, evr, arch)).map_err(identity)
}

#[cfg(test)]
mod tests;
