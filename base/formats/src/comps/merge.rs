//! Several comps.xml as one.

use std::collections::HashMap;

use super::{Comps, CompsFinding, PackageKind, Section, kind, packages};
use crate::xml::Element;

/// What elements have in common that are about the same: their name, and two things that tell them from others.
type Key = (String, String, String);

impl Comps {
    /// Joins documents, in their order. What has the same id becomes one: it has the packages and groups of all, the
    /// translations of all, and everything else of the first. Where they disagree about a package, the first one counts.
    #[must_use]
    pub fn merged<'a>(documents: impl IntoIterator<Item = &'a Self>) -> (Self, Vec<CompsFinding>) {
        let (mut elements, mut places): (Vec<Element>, HashMap<Key, usize>) = Default::default();
        let mut findings = Vec::new();
        for element in documents.into_iter().flat_map(|document| &document.elements) {
            let place = *places.entry(top_key(element)).or_insert(elements.len());
            match elements.get_mut(place) {
                None => elements.push(element.clone()),
                Some(known) => {
                    findings.extend(disagreements(known, element));
                    join(known, element);
                }
            }
        }
        findings.sort();
        findings.dedup();
        (Self::of(elements), findings)
    }
}

/// Of a group, environment or category, by its id; lists of other things are one each.
fn top_key(element: &Element) -> Key {
    let id = Section::of(&element.tag.name).map_or("", |_| element.child_text("id"));
    (element.tag.name.to_string(), id.to_owned(), String::new())
}

/// Of an entry of a list, a list or a text in a language.
fn key(element: &Element) -> Key {
    let attribute = |name| element.tag.attribute(name).unwrap_or_default().to_owned();
    let (first, second) = match element.tag.name.as_str() {
        "packagereq" | "groupid" => (element.text.trim().to_owned(), attribute("arch")),
        "match" | "package" | "ignoredep" => (attribute("name"), attribute("arch")),
        _ => (attribute("xml:lang"), String::new()),
    };
    (element.tag.name.to_string(), first, second)
}

/// Adds what is not there yet: entries of lists, lists, and texts in other languages.
fn join(known: &mut Element, other: &Element) {
    let mut places = HashMap::new();
    for (place, child) in known.children.iter().enumerate() {
        places.entry(key(child)).or_insert(place);
    }
    for child in &other.children {
        let is_list = ["packagelist", "grouplist", "optionlist"].contains(&child.tag.name.as_str());
        let place = *places.entry(key(child)).or_insert(known.children.len());
        match known.children.get_mut(place) {
            None => known.children.push(child.clone()),
            Some(list) if is_list => join(list, child),
            Some(_) => {}
        }
    }
}

fn disagreements(known: &Element, other: &Element) -> Vec<CompsFinding> {
    let mut first: HashMap<Key, PackageKind> = HashMap::new();
    for package in packages(known) {
        first.entry(key(package)).or_insert(kind(package));
    }
    let disagreement = |package: &Element| {
        let counts = *first.get(&key(package))?;
        let other = kind(package);
        (counts != other).then(|| CompsFinding::Disagreement {
            group: known.child_text("id").to_owned(),
            package: package.text.trim().to_owned(),
            counts,
            other,
        })
    };
    packages(other).filter_map(disagreement).collect()
}
