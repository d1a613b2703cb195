//! What of a comps.xml is for one architecture, or for the packages that a repository has.

use std::collections::HashSet;

use super::Comps;
use crate::xml::Element;

impl Comps {
    /// Writes comps.xml with the packages that `is_there`, the groups that still have a package, and the
    /// environments and categories that still have a group. Everything else stays as it was.
    #[must_use]
    pub fn filtered(&self, is_there: impl Fn(&str) -> bool) -> String {
        self.only(is_there, |_| false).to_xml()
    }

    /// The packages that `is_there`, the groups that still have a package, and the environments and categories that still
    /// have a group. Environments keep groups that are `elsewhere`, too: in another repository that is used with this one.
    #[must_use]
    pub fn only(&self, is_there: impl Fn(&str) -> bool, elsewhere: impl Fn(&str) -> bool) -> Self {
        let left = self.groups.iter().filter(|group| group.packages.iter().any(|it| is_there(&it.name)));
        let groups: HashSet<&str> = left.map(|group| group.id.as_str()).collect();
        let keep = Keep { groups, is_there, elsewhere };
        Self::of(self.elements.iter().filter_map(|element| keep.element(element, false)).collect())
    }

    /// What is for an architecture: entries without the attribute `arch`, and those whose attribute lists it, without the
    /// attribute. That attribute is pungi's: a list with commas or blanks, at groups, environments, packages and group
    /// ids; clients don't know it. Nothing else goes: empty groups stay.
    #[must_use]
    pub fn for_arch(&self, arch: &str) -> Self {
        Self::of(self.elements.iter().filter_map(|element| of_arch(element, arch)).collect())
    }
}

fn of_arch(element: &Element, arch: &str) -> Option<Element> {
    let mut kept = element.clone();
    if ["group", "environment", "packagereq", "groupid"].contains(&element.tag.name.as_str()) {
        let is_own = |list: &str| list.split([',', ' ']).any(|one| one == arch);
        if element.tag.attribute("arch").is_some_and(|list| !is_own(list)) {
            return None;
        }
        kept.tag.remove("arch");
    }
    kept.children = element.children.iter().filter_map(|child| of_arch(child, arch)).collect();
    Some(kept)
}

struct Keep<'a, There, Elsewhere> {
    groups: HashSet<&'a str>,
    is_there: There,
    elsewhere: Elsewhere,
}

impl<There: Fn(&str) -> bool, Elsewhere: Fn(&str) -> bool> Keep<'_, There, Elsewhere> {
    fn element(&self, element: &Element, in_environment: bool) -> Option<Element> {
        let text = element.text.trim();
        let is_known = |id: &str| self.groups.contains(id) || (in_environment && (self.elsewhere)(id));
        let mut kept = element.clone();
        let is_environment = in_environment || element.tag.name == "environment";
        kept.children = match element.tag.name.as_str() {
            "group" if !self.groups.contains(element.child_text("id")) => return None,
            "packagereq" if !(self.is_there)(text) => return None,
            "groupid" if !is_known(text) => return None,
            _ => element.children.iter().filter_map(|child| self.element(child, is_environment)).collect(),
        };
        let has_groups = kept.all("grouplist").any(|list| !list.children.is_empty());
        let needs_groups = matches!(element.tag.name.as_str(), "environment" | "category");
        (has_groups || !needs_groups).then_some(kept)
    }
}
