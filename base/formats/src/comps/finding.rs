//! What is wrong with the groups of a repository.

use std::collections::BTreeSet;
use std::fmt;

use super::{Comps, GroupPackage, PackageKind};

/// A kind of element that has an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Section {
    /// `<group>`
    Group,
    /// `<environment>`
    Environment,
    /// `<category>`
    Category,
}

/// Something about groups that their maker has to know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CompsFinding {
    /// A group must have a package that nothing provides: it can't be installed.
    MandatoryMissing {
        /// The group's id.
        group: String,
        /// The package.
        package: String,
    },
    /// A group may have a package that nothing provides.
    PackageMissing {
        /// The group's id.
        group: String,
        /// The package.
        package: String,
        /// When it would be installed.
        kind: PackageKind,
    },
    /// A conditional package waits for one that nothing provides.
    ConditionMissing {
        /// The group's id.
        group: String,
        /// The package.
        package: String,
        /// What it waits for.
        requires: String,
    },
    /// An environment or a category has a group that is not there.
    GroupMissing {
        /// What has it.
        of: Section,
        /// Its id.
        id: String,
        /// The group's id.
        group: String,
        /// Whether the group can be left out.
        is_option: bool,
    },
    /// Two elements have one id.
    Twice {
        /// What they are.
        section: Section,
        /// Their id.
        id: String,
    },
    /// Documents that were joined disagree about when a package is installed.
    Disagreement {
        /// The group's id.
        group: String,
        /// The package.
        package: String,
        /// What the first document says, which counts.
        counts: PackageKind,
        /// What the other says.
        other: PackageKind,
    },
}

impl Section {
    /// Of the name of an element.
    pub(super) fn of(element: &str) -> Option<Self> {
        match element {
            "group" => Some(Self::Group),
            "environment" => Some(Self::Environment),
            "category" => Some(Self::Category),
            _ => None,
        }
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Group => "group",
            Self::Environment => "environment",
            Self::Category => "category",
        })
    }
}

impl fmt::Display for PackageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mandatory => "mandatory",
            Self::Default => "default",
            Self::Optional => "optional",
            Self::Conditional => "conditional",
        })
    }
}

impl fmt::Display for CompsFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MandatoryMissing { group, package } => {
                write!(f, "group {group}: nothing provides its mandatory package {package}")
            }
            Self::PackageMissing { group, package, kind } => {
                write!(f, "group {group}: nothing provides its {kind} package {package}")
            }
            Self::ConditionMissing { group, package, requires } => {
                write!(f, "group {group}: {package} waits for {requires}, which nothing provides")
            }
            Self::GroupMissing { of, id, group, is_option: false } => {
                write!(f, "{of} {id}: its group {group} is not there")
            }
            Self::GroupMissing { of, id, group, is_option: true } => {
                write!(f, "{of} {id}: its optional group {group} is not there")
            }
            Self::Twice { section, id } => write!(f, "{section} {id}: there are two"),
            Self::Disagreement { group, package, counts, other } => {
                write!(f, "group {group}: {package} is {counts}, and {other} in another document")
            }
        }
    }
}

impl Comps {
    /// What is amiss with the document, sorted: packages that nothing provides, groups that are neither here nor
    /// `elsewhere`, and ids that are there twice.
    #[must_use]
    pub fn findings(
        &self,
        is_provided: impl Fn(&str) -> bool,
        elsewhere: impl Fn(&str) -> bool,
    ) -> Vec<CompsFinding> {
        let mut findings = self.twice();
        for group in &self.groups {
            let of_package = |package| missing(&group.id, package, &is_provided);
            findings.extend(group.packages.iter().flat_map(of_package));
        }
        let groups: BTreeSet<&str> = self.groups.iter().map(|group| group.id.as_str()).collect();
        let is_gone =
            |(_, _, group, _): &(Section, &str, &str, bool)| !groups.contains(group) && !elsewhere(group);
        findings.extend(self.named_groups().filter(is_gone).map(|(of, id, group, is_option)| {
            CompsFinding::GroupMissing { of, id: id.to_owned(), group: group.to_owned(), is_option }
        }));
        findings.sort();
        findings.dedup();
        findings
    }

    /// What names which group, and whether it can be left out.
    fn named_groups(&self) -> impl Iterator<Item = (Section, &str, &str, bool)> {
        let environments = self.environments.iter().flat_map(|environment| {
            let needed = environment.groups.iter().map(|group| (group.as_str(), false));
            let options = environment.options.iter().map(|option| (option.id.as_str(), true));
            needed
                .chain(options)
                .map(|(group, is_option)| (Section::Environment, environment.id.as_str(), group, is_option))
        });
        let categories = self.categories.iter().flat_map(|category| {
            category
                .groups
                .iter()
                .map(|group| (Section::Category, category.id.as_str(), group.as_str(), false))
        });
        environments.chain(categories)
    }

    fn twice(&self) -> Vec<CompsFinding> {
        let mut seen = BTreeSet::new();
        let groups = self.groups.iter().map(|it| (Section::Group, &it.id));
        let environments = self.environments.iter().map(|it| (Section::Environment, &it.id));
        let categories = self.categories.iter().map(|it| (Section::Category, &it.id));
        let again = groups.chain(environments).chain(categories).filter(|it| !seen.insert(*it));
        again.map(|(section, id)| CompsFinding::Twice { section, id: id.clone() }).collect()
    }
}

fn missing(group: &str, package: &GroupPackage, is_provided: &impl Fn(&str) -> bool) -> Vec<CompsFinding> {
    let (id, name) = (group.to_owned(), package.name.clone());
    let mut findings = Vec::new();
    if !is_provided(&package.name) {
        findings.push(match package.kind {
            PackageKind::Mandatory => {
                CompsFinding::MandatoryMissing { group: id.clone(), package: name.clone() }
            }
            kind => CompsFinding::PackageMissing { group: id.clone(), package: name.clone(), kind },
        });
    }
    if let Some(requires) = package.requires.as_ref().filter(|requires| !is_provided(requires)) {
        findings.push(CompsFinding::ConditionMissing {
            group: id,
            package: name,
            requires: requires.clone(),
        });
    }
    findings
}
