//! comps.xml: named groups of packages, environments and categories of groups, and packages for languages.
//!
//! What is not read is passed through: translations, descriptions, the order. A compose takes the references' documents,
//! joins them ([`Comps::merged`]), leaves what is for its architecture ([`Comps::for_arch`]) and what it has
//! ([`Comps::only`]), and asks what is amiss ([`Comps::findings`]).

mod finding;
mod merge;
mod select;

use std::str::FromStr;

use crate::document::Document;
use crate::xml::{Element, Writer, Xml, XmlError};

pub use finding::{CompsFinding, Section};

/// Largest comps.xml that is read, decompressed. Fedora's has 2 MB.
const LARGEST: u64 = 64 << 20;

/// A repository's groups.
#[derive(Clone, Debug)]
pub struct Comps {
    /// The groups, in the document's order.
    pub groups: Vec<Group>,
    /// The environments, in the document's order.
    pub environments: Vec<Environment>,
    /// The categories, in the document's order.
    pub categories: Vec<Category>,
    /// Packages for languages, in the document's order.
    pub langpacks: Vec<Langpack>,
    elements: Vec<Element>,
}

/// One group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its id, such as `core`.
    pub id: String,
    /// Its name in English.
    pub name: String,
    /// Its packages, in the document's order.
    pub packages: Vec<GroupPackage>,
}

/// A package's place in a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupPackage {
    /// The package's name.
    pub name: String,
    /// When it is installed with the group.
    pub kind: PackageKind,
    /// The package that a conditional one comes with.
    pub requires: Option<String>,
    /// Whether only the system's own architecture of it is installed (`basearchonly`).
    pub base_arch_only: bool,
}

/// When a group's package is installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PackageKind {
    /// Always.
    Mandatory,
    /// Unless it is deselected.
    Default,
    /// When it is selected.
    Optional,
    /// When another package is installed.
    Conditional,
}

/// An environment: what a system is installed as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// Its id, such as `minimal-environment`.
    pub id: String,
    /// Its name in English.
    pub name: String,
    /// Ids of the groups that it always has.
    pub groups: Vec<String>,
    /// Groups that can be chosen with it.
    pub options: Vec<GroupOption>,
}

/// A group that can be chosen with an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupOption {
    /// The group's id.
    pub id: String,
    /// Whether it is chosen unless someone says otherwise.
    pub default: bool,
}

/// A heading that groups are shown below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    /// Its id.
    pub id: String,
    /// Its name in English.
    pub name: String,
    /// Ids of its groups.
    pub groups: Vec<String>,
}

/// Which package another one has for a language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Langpack {
    /// The package that there are translations for.
    pub name: String,
    /// The name of the package with a translation; `%s` is the language.
    pub install: String,
}

impl FromStr for PackageKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            // Without a type, dnf takes it as mandatory.
            "mandatory" | "" => Self::Mandatory,
            "default" => Self::Default,
            "optional" => Self::Optional,
            "conditional" => Self::Conditional,
            _ => return Err(()),
        })
    }
}

impl Group {
    /// Names of the packages that come with the group unless someone says otherwise.
    pub fn installed_packages(&self) -> impl Iterator<Item = &str> {
        let comes =
            |package: &&GroupPackage| matches!(package.kind, PackageKind::Mandatory | PackageKind::Default);
        self.packages.iter().filter(comes).map(|package| package.name.as_str())
    }
}

impl Comps {
    /// Parses comps.xml.
    ///
    /// # Errors
    /// The document is damaged, is no comps.xml, or has a group, environment or category without id, or a package of an
    /// unknown kind.
    pub fn parse(document: Document<'_>) -> Result<Self, XmlError> {
        let mut xml = Xml::open_typed(document.at_most(LARGEST), "comps")?;
        let mut elements = Vec::new();
        while let Some(tag) = xml.child()? {
            let element = xml.element(tag)?;
            check(&xml, &element)?;
            elements.push(element);
        }
        Ok(Self::of(elements))
    }

    /// The group of an id.
    #[must_use]
    pub fn group(&self, id: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.id == id)
    }

    /// Writes comps.xml.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let mut xml = Writer::default();
        xml.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").open("comps", &[]).raw("\n");
        for element in &self.elements {
            xml.tree(element, 1);
        }
        xml.close("comps").raw("\n");
        xml.0
    }

    /// Reads elements that were checked.
    fn of(elements: Vec<Element>) -> Self {
        let all = |name| elements.iter().filter(move |element| element.tag.name == name);
        let langpacks = all("langpacks").flat_map(|list| list.all("match"));
        Self {
            groups: all("group").map(group).collect(),
            environments: all("environment").map(environment).collect(),
            categories: all("category").map(category).collect(),
            langpacks: langpacks.map(langpack).collect(),
            elements,
        }
    }
}

/// Refuses what has no id, and packages of an unknown kind.
fn check(xml: &Xml<'_>, element: &Element) -> Result<(), XmlError> {
    if !["group", "environment", "category"].contains(&element.tag.name.as_str()) {
        return Ok(());
    }
    if element.child_text("id").is_empty() {
        return Err(xml.missing(&element.tag.name, "id"));
    }
    for package in packages(element) {
        let kind = package.tag.attribute("type").unwrap_or_default();
        let expected = "one of mandatory, default, optional, conditional";
        kind.parse::<PackageKind>().map_err(|()| xml.invalid("packagereq", kind, expected))?;
    }
    Ok(())
}

fn packages(group: &Element) -> impl Iterator<Item = &Element> {
    group.all("packagelist").flat_map(|list| list.all("packagereq"))
}

/// The untranslated name has no language.
fn name(element: &Element) -> String {
    let name = element.all("name").find(|name| name.tag.attribute("xml:lang").is_none());
    name.map_or_else(String::new, |name| name.text.trim().to_owned())
}

fn group(element: &Element) -> Group {
    let packages = packages(element).map(|package| GroupPackage {
        name: package.text.trim().to_owned(),
        kind: kind(package),
        requires: package.tag.attribute("requires").map(str::to_owned),
        base_arch_only: package.tag.attribute("basearchonly") == Some("true"),
    });
    Group { id: element.child_text("id").to_owned(), name: name(element), packages: packages.collect() }
}

fn kind(package: &Element) -> PackageKind {
    let kind = package.tag.attribute("type").and_then(|kind| kind.parse().ok());
    kind.unwrap_or(PackageKind::Mandatory)
}

fn ids<'a>(element: &'a Element, list: &'static str) -> impl Iterator<Item = &'a Element> {
    element.all(list).flat_map(|list| list.all("groupid"))
}

fn environment(element: &Element) -> Environment {
    let options = ids(element, "optionlist").map(|option| GroupOption {
        id: option.text.trim().to_owned(),
        default: option.tag.attribute("default") == Some("true"),
    });
    Environment {
        id: element.child_text("id").to_owned(),
        name: name(element),
        groups: ids(element, "grouplist").map(|group| group.text.trim().to_owned()).collect(),
        options: options.collect(),
    }
}

fn category(element: &Element) -> Category {
    Category {
        id: element.child_text("id").to_owned(),
        name: name(element),
        groups: ids(element, "grouplist").map(|group| group.text.trim().to_owned()).collect(),
    }
}

fn langpack(element: &Element) -> Langpack {
    let text = |name| element.tag.attribute(name).unwrap_or_default().to_owned();
    Langpack { name: text("name"), install: text("install") }
}

#[cfg(test)]
mod tests;
