//! comps.xml: named groups of packages.

use std::collections::HashSet;
use std::str::FromStr;

use crate::document::Document;
use crate::xml::{Element, Writer, Xml, XmlError};

/// Largest comps.xml that is read, decompressed. Fedora's has 2 MB.
const LARGEST: u64 = 64 << 20;

/// A repository's groups.
#[derive(Clone, Debug)]
pub struct Comps {
    /// The groups, in the document's order.
    pub groups: Vec<Group>,
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
    /// The document is damaged, is no comps.xml, or has a group without id or a package of an unknown kind.
    pub fn parse(document: Document<'_>) -> Result<Self, XmlError> {
        let mut xml = Xml::open_typed(document.limit(LARGEST), "comps")?;
        let mut comps = Self { groups: Vec::new(), elements: Vec::new() };
        while let Some(tag) = xml.child()? {
            let element = xml.element(tag)?;
            if element.tag.name == "group" {
                comps.groups.push(group(&xml, &element)?);
            }
            comps.elements.push(element);
        }
        Ok(comps)
    }

    /// The group of an id.
    #[must_use]
    pub fn group(&self, id: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.id == id)
    }

    /// Writes comps.xml with the packages that `is_there`, the groups that still have a package, and the
    /// environments and categories that still have a group. Everything else stays as it was.
    #[must_use]
    pub fn filtered(&self, is_there: impl Fn(&str) -> bool) -> String {
        let left: HashSet<&str> = self
            .groups
            .iter()
            .filter(|group| group.packages.iter().any(|package| is_there(&package.name)))
            .map(|group| group.id.as_str())
            .collect();
        let mut xml = Writer::default();
        xml.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").open("comps", &[]).raw("\n");
        for element in &self.elements {
            if let Some(element) = filter(element, &left, &is_there) {
                xml.tree(&element, 1);
            }
        }
        xml.close("comps").raw("\n");
        xml.0
    }
}

fn group(xml: &Xml<'_>, element: &Element) -> Result<Group, XmlError> {
    let id = element.child_text("id").to_owned();
    if id.is_empty() {
        return Err(xml.missing("group", "id"));
    }
    let mut packages = Vec::new();
    for package in element.all("packagelist").flat_map(|list| list.all("packagereq")) {
        let kind = package.tag.attribute("type").unwrap_or_default();
        let expected = "one of mandatory, default, optional, conditional";
        let kind = kind.parse().map_err(|()| xml.invalid("packagereq", kind, expected))?;
        packages.push(GroupPackage { name: package.text.trim().to_owned(), kind });
    }
    // The untranslated name has no language.
    let name = element.all("name").find(|name| name.tag.attribute("xml:lang").is_none());
    Ok(Group { id, name: name.map_or_else(String::new, |name| name.text.trim().to_owned()), packages })
}

fn filter(element: &Element, left: &HashSet<&str>, is_there: &impl Fn(&str) -> bool) -> Option<Element> {
    let mut kept = element.clone();
    kept.children = match element.tag.name.as_str() {
        "group" if !left.contains(element.child_text("id")) => return None,
        "packagereq" if !is_there(element.text.trim()) => return None,
        "groupid" if !left.contains(element.text.trim()) => return None,
        _ => element.children.iter().filter_map(|child| filter(child, left, is_there)).collect(),
    };
    let has_groups = kept.all("grouplist").any(|list| !list.children.is_empty());
    let needs_groups = matches!(element.tag.name.as_str(), "environment" | "category");
    (has_groups || !needs_groups).then_some(kept)
}

#[cfg(test)]
mod tests;
