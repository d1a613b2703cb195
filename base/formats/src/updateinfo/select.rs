//! Which advisories concern the packages of a repository.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_model::{Digest, Evr, Nevra};

use super::{Advisory, AdvisoryFinding, Collection};
use crate::belongs::belongs;
use crate::evr;
use crate::xml::Element;

/// What a repository has.
#[derive(Clone, Copy, Debug)]
pub struct Have<'a> {
    /// Its architecture. What advisories name for others is dropped without a finding, as are sources and debugging data.
    pub arch: &'a str,
    /// Its packages, with the SHA-256 of each file.
    pub packages: &'a BTreeMap<Nevra, Digest>,
    /// Packages of the reference that are called otherwise here.
    pub renamed: &'a BTreeMap<Nevra, Nevra>,
    /// Packages of the other repositories that are published with it: they are dropped, and not missing.
    pub elsewhere: &'a BTreeSet<Nevra>,
}

/// What is to be written, and what was seen on the way.
#[derive(Clone, Debug, Default)]
pub struct Selected {
    /// The advisories, sorted by id.
    pub advisories: Vec<Advisory>,
    /// What was lost, sorted.
    pub findings: Vec<AdvisoryFinding>,
}

/// The advisories that concern packages of a repository: what [`Have::keep`] keeps of each.
#[must_use]
pub fn select(advisories: impl IntoIterator<Item = Advisory>, have: &Have<'_>) -> Selected {
    let mut selected = Selected::default();
    for advisory in advisories {
        let (kept, finding) = have.keep(&advisory);
        selected.advisories.extend(kept);
        selected.findings.extend(finding);
    }
    selected.advisories.sort_by(|a, b| a.id.cmp(&b.id));
    selected.findings.sort();
    selected
}

impl Have<'_> {
    /// An advisory with the packages that are here only, if there are any. They are named as they are here. A file name and
    /// a source package stay only where the package has kept its name, a digest only where the file is the same, byte by
    /// byte. Everything else stays: references, texts, modules, what is suggested afterwards.
    ///
    /// One at a time, so that a large document need not be in memory: see [`super::Reader`].
    #[must_use]
    pub fn keep(&self, advisory: &Advisory) -> (Option<Advisory>, Option<AdvisoryFinding>) {
        let mut missing = BTreeSet::new();
        let kept = self.advisory(advisory, &mut missing);
        let (id, missing) = (advisory.id.clone(), missing.into_iter().collect::<Vec<_>>());
        let finding = match &kept {
            None => Some(AdvisoryFinding::Lost { id, missing }),
            Some(_) if missing.is_empty() => None,
            Some(_) => Some(AdvisoryFinding::Partial { id, missing }),
        };
        (kept, finding)
    }

    /// What is left of an advisory, if anything is.
    fn advisory(&self, advisory: &Advisory, missing: &mut BTreeSet<Nevra>) -> Option<Advisory> {
        let mut left = advisory.clone();
        left.collections.clear();
        let mut collections = advisory.collections.iter();
        for list in left.element.children.iter_mut().filter(|child| child.tag.name == "pkglist") {
            let mut elements = Vec::new();
            for mut element in std::mem::take(&mut list.children) {
                if element.tag.name == "collection" {
                    let Some(known) = collections.next() else { continue };
                    let Some(collection) = self.collection(known, &mut element, missing) else { continue };
                    left.collections.push(collection);
                }
                elements.push(element);
            }
            list.children = elements;
        }
        left.element.children.retain(|child| child.tag.name != "pkglist" || !child.children.is_empty());
        left.packages = left.collections.iter().flat_map(|collection| collection.packages.clone()).collect();
        (!left.packages.is_empty()).then_some(left)
    }

    /// What is left of a collection, if any package is; its element is cut the same way.
    fn collection(
        &self,
        known: &Collection,
        element: &mut Element,
        missing: &mut BTreeSet<Nevra>,
    ) -> Option<Collection> {
        let mut packages = Vec::new();
        let mut nevras = known.packages.iter();
        element.children.retain_mut(|child| {
            if child.tag.name != "package" {
                return true;
            }
            let Some(theirs) = nevras.next() else { return false };
            let ours = self.renamed.get(theirs).unwrap_or(theirs);
            let Some(digest) = self.packages.get(ours) else {
                // Where a newer one is there, machines get the fix by that.
                if known.module.is_none()
                    && has_newer(ours, |least| Box::new(self.packages.range(least..).map(|(nevra, _)| nevra)))
                {
                    rename(child, theirs, ours, None);
                    packages.push(ours.clone());
                    return true;
                }
                let is_elsewhere = self.elsewhere.contains(ours)
                    || has_newer(ours, |least| Box::new(self.elsewhere.range(least..)));
                if belongs(theirs, self.arch) && !is_elsewhere {
                    missing.insert(theirs.clone());
                }
                return false;
            };
            rename(child, theirs, ours, Some(digest));
            packages.push(ours.clone());
            true
        });
        (!packages.is_empty()).then(|| Collection { packages, ..known.clone() })
    }
}

/// Whether there is a newer package of this name and architecture, in order of their text.
fn has_newer<'a>(
    package: &Nevra,
    after: impl FnOnce(Nevra) -> Box<dyn Iterator<Item = &'a Nevra> + 'a>,
) -> bool {
    // No version is less than this as text, so that all of a name come after it.
    let least = Evr::new(0, "%", "%").and_then(|evr| Nevra::new(package.name(), evr, "0"));
    let Ok(least) = least else { return false };
    after(least)
        .take_while(|nevra| nevra.name() == package.name())
        .any(|nevra| nevra.arch() == package.arch() && evr::compare(nevra.evr(), package.evr()).is_gt())
}

/// Makes a `<package>` say what the package is here.
fn rename(element: &mut Element, theirs: &Nevra, ours: &Nevra, digest: Option<&Digest>) {
    if theirs != ours {
        let evr = ours.evr();
        let epoch = evr.epoch().to_string();
        for (attribute, value) in [
            ("name", ours.name()),
            ("version", evr.version()),
            ("release", evr.release()),
            ("epoch", &epoch),
            ("arch", ours.arch()),
        ] {
            element.tag.set(attribute, value);
        }
        element.tag.remove("src");
    }
    let digest = digest.map(ToString::to_string);
    element.children.retain(|child| match child.tag.name.as_str() {
        "filename" => theirs == ours,
        "sum" => {
            let is_sha256 = child.tag.attribute("type") == Some("sha256");
            theirs == ours
                && is_sha256
                && digest.as_ref().is_some_and(|digest| child.text.trim().eq_ignore_ascii_case(digest))
        }
        _ => true,
    });
}
