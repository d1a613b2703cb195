//! What a plan is made of, and whose packages are whose.

use std::collections::{BTreeMap, HashSet};

use heirloom_formats::rpm_file::FileEntry;
use heirloom_model::Nevra;

use crate::facts::{Assessment, InstalledFact};
use crate::offer::Offer;
use crate::target::{Target, Verified};
use crate::vendors;

/// What a plan is made of.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// The machine.
    pub assessment: &'a Assessment,
    /// The target, and who vouches for it.
    pub target: &'a Verified,
    /// What it offers for the machine's architecture.
    pub offer: &'a Offer,
    /// Files of the target's packages whose headers were read; see [`headers_needed`](crate::plan::headers_needed). May be empty.
    pub headers: &'a BTreeMap<Nevra, Vec<FileEntry>>,
    /// Now, in seconds since 1970.
    pub now: u64,
    /// Version of the program.
    pub program: &'a str,
    /// What can be chosen.
    pub options: &'a Options,
}

/// What can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The directory on the machine where downloads and the way back are kept.
    pub state_dir: String,
}

impl Default for Options {
    fn default() -> Self {
        Self { state_dir: "/var/lib/heirloom-migrate".to_owned() }
    }
}

/// Whose a package is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Maker {
    /// The target's, by its key.
    Target,
    /// A vendor's of Enterprise Linux, whichever.
    Vendor,
    /// Someone else's.
    Other,
}

/// Whose packages are whose, on one machine.
pub(super) struct Makers<'a> {
    assessment: &'a Assessment,
    /// The release package.
    release: Option<&'a InstalledFact>,
    target_keys: HashSet<String>,
}

impl<'a> Makers<'a> {
    pub(super) fn new(assessment: &'a Assessment, target_keys: HashSet<String>) -> Self {
        let release = assessment.system.release.as_ref();
        let release = release.and_then(|it| assessment.packages.iter().find(|fact| fact.nevra == *it));
        Self { assessment, release, target_keys }
    }

    /// By the key; by the vendor tag only where that says nothing else.
    pub(super) fn maker(&self, fact: &InstalledFact) -> Maker {
        let release = self.release;
        if self.target_keys.contains(&fact.key) {
            return Maker::Target;
        }
        if !fact.key.is_empty()
            && (vendors::by_key(&fact.key).next().is_some() || release.is_some_and(|it| it.key == fact.key))
        {
            return Maker::Vendor;
        }
        let is_tagged = !fact.vendor.is_empty()
            && (vendors::by_tag(&fact.vendor).next().is_some()
                || release.is_some_and(|it| it.vendor == fact.vendor));
        // Others build for a vendor under its tag, with keys and repositories of their own.
        let is_own_place = match fact.repository.trim_start_matches('@') {
            "" | "anaconda" | "System" => true,
            id => self.is_vendor_repository(id),
        };
        if is_tagged && (fact.key.is_empty() || is_own_place) { Maker::Vendor } else { Maker::Other }
    }

    /// Whether a repository of this id is a vendor's: by the table, or by whose package brings its file.
    pub(super) fn is_vendor_repository(&self, id: &str) -> bool {
        if vendors::by_id(&self.assessment.system.vendor).is_some_and(|it| it.has_repository(id)) {
            return true;
        }
        let Some(repository) = self.assessment.repositories.iter().find(|it| it.id == id) else {
            return false;
        };
        !repository.package.is_empty()
            && self.release.is_some_and(|it| {
                let owner = repository.package.as_str();
                it.nevra.name() == owner
                    || it.nevra.to_string() == owner
                    || self.role(owner_name(owner)).is_some()
            })
    }

    /// The role of a vendor's package.
    pub(super) fn role(&self, name: &str) -> Option<String> {
        let system = &self.assessment.system;
        let own = vendors::by_id(&system.vendor).and_then(|vendor| vendor.role(name));
        if let Some(role) = own.or_else(|| vendors::role(name)) {
            return Some(role.to_owned());
        }
        if self.release.is_some_and(|release| release.nevra.name() == name) {
            return Some("release".to_owned());
        }
        // A distribution that is in no table names its packages like this.
        let rest = name.strip_prefix(&system.id)?.strip_prefix('-')?;
        vendors::ROLES.iter().find(|(role, _)| *role == rest).map(|(role, _)| (*role).to_owned())
    }

    /// Whether it belongs to a vendor's subscription services.
    pub(super) fn is_subscription(&self, name: &str) -> bool {
        vendors::by_id(&self.assessment.system.vendor).is_some_and(|vendor| vendor.is_subscription(name))
    }
}

/// A name, or the name in a NEVRA.
pub(super) fn owner_name(owner: &str) -> &str {
    match owner.parse::<Nevra>() {
        Ok(nevra) => owner.get(..nevra.name().len()).unwrap_or(owner),
        Err(_) => owner,
    }
}

/// The architecture on which both can be: that of the machine, or none.
pub(super) fn goes_for(old: &str, new: &str, machine: &str) -> bool {
    old == new || new == "noarch" || old == "noarch" && new == machine
}

/// What the target's file says of a package that the target does not have.
pub(super) fn declared<'t>(target: &'t Target, name: &str) -> Option<&'t crate::target::Declared> {
    target.packages.iter().find(|it| vendors::matches(&it.name, name))
}
