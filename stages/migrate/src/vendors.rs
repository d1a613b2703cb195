//! Who makes Enterprise Linux: how each vendor's packages, keys, repositories and boot loader are told. The facts are in `vendors.toml`.
//!
//! What each vendor has under a name of its own has a *role*: `centos-logos` and `rocky-logos` have the role `logos`. A
//! [target](crate::target::Target) names its own packages by the same roles, so that one takes the other's place.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// The roles: what a vendor has under a name of its own.
pub const ROLES: [(&str, &str); 13] = [
    ("release", "says which distribution it is, and provides `system-release`"),
    ("release-compat", "says so to programs that ask for Red Hat's"),
    ("release-eula", "the licence agreement"),
    ("repos", "the files of repositories, where they are not in the release package"),
    ("gpg-keys", "the keys, where they are not in the release package"),
    ("logos", "pictures with the vendor's name"),
    ("logos-httpd", "those of the web server's first page"),
    ("logos-ipa", "those of identity management"),
    ("backgrounds", "backgrounds of desktops"),
    ("indexhtml", "the first page of browsers"),
    ("bookmarks", "bookmarks of browsers"),
    ("release-notes", "release notes"),
    ("secure-boot-certificates", "certificates that kernels are signed with"),
];

/// The id of distributions that are made with Heirloom and are in no table: recognised by what their release package provides.
pub const HEIRLOOM: &str = "heirloom";

/// A vendor of Enterprise Linux.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vendor {
    /// Its id here: `centos-stream`.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// `ID` of its os-release. CentOS Linux and CentOS Stream have the same.
    pub os_ids: Vec<String>,
    /// Its packages' RPMTAG_VENDOR; `*` stands for any characters.
    pub tags: Vec<String>,
    /// Ids of the keys that sign its packages: 16 lower-case hexadecimal digits.
    pub keys: Vec<String>,
    /// Its directory below `EFI/` on the EFI system partition; empty if not known.
    #[serde(default)]
    pub efi: String,
    /// Ids of its repositories; `*` stands for any characters. Several vendors use the same.
    pub repositories: Vec<String>,
    /// Packages of its subscription services; `*` stands for any characters.
    #[serde(default)]
    pub subscription: Vec<String>,
    /// Packages for each of the [`ROLES`]; `*` stands for any characters.
    pub roles: BTreeMap<String, Vec<String>>,
}

#[derive(Default, Deserialize)]
struct Table {
    vendor: Vec<Vendor>,
}

static TABLE: LazyLock<Vec<Vendor>> =
    LazyLock::new(|| toml::from_str::<Table>(include_str!("vendors.toml")).unwrap_or_default().vendor);

/// All vendors that are known.
#[must_use]
pub fn all() -> &'static [Vendor] {
    &TABLE
}

/// The vendor with this id.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Vendor> {
    all().iter().find(|vendor| vendor.id == id)
}

/// Vendors whose packages have this RPMTAG_VENDOR; several for CentOS.
pub fn by_tag(tag: &str) -> impl Iterator<Item = &'static Vendor> {
    all().iter().filter(move |vendor| vendor.has_tag(tag))
}

/// Vendors whose packages are signed by this key.
pub fn by_key(key: &str) -> impl Iterator<Item = &'static Vendor> {
    all().iter().filter(move |vendor| vendor.keys.iter().any(|own| own == key))
}

/// The role that a package has with whichever vendor has it. What several vendors' have is told by the first.
#[must_use]
pub fn role(package: &str) -> Option<&'static str> {
    all().iter().find_map(|vendor| vendor.role(package))
}

impl Vendor {
    /// Whether packages with this RPMTAG_VENDOR are its own.
    #[must_use]
    pub fn has_tag(&self, tag: &str) -> bool {
        self.tags.iter().any(|pattern| matches(pattern, tag))
    }

    /// The role of one of its packages.
    #[must_use]
    pub fn role(&self, package: &str) -> Option<&str> {
        let has = |patterns: &[String]| patterns.iter().any(|pattern| matches(pattern, package));
        self.roles.iter().find_map(|(role, patterns)| has(patterns).then_some(role.as_str()))
    }

    /// Whether a package belongs to its subscription services.
    #[must_use]
    pub fn is_subscription(&self, package: &str) -> bool {
        self.subscription.iter().any(|pattern| matches(pattern, package))
    }

    /// Whether it has a repository of this id.
    #[must_use]
    pub fn has_repository(&self, id: &str) -> bool {
        self.repositories.iter().any(|pattern| matches(pattern, id))
    }
}

/// Whether a text is of a pattern, in which `*` stands for any characters.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    let Some((begin, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut left) = text.strip_prefix(begin) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        let Some((_, after)) = left.split_once(part) else { return false };
        left = after;
    }
    left.ends_with(end)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_is_whole() {
        let table: Table = toml::from_str(include_str!("vendors.toml")).unwrap();
        let ids: BTreeSet<_> = table.vendor.iter().map(|vendor| vendor.id.as_str()).collect();
        assert_eq!(ids.len(), table.vendor.len());
        assert!(!ids.contains(HEIRLOOM));
        for vendor in &table.vendor {
            assert!(!vendor.roles["release"].is_empty() && !vendor.tags.is_empty(), "{}", vendor.id);
            for role in vendor.roles.keys() {
                assert!(ROLES.iter().any(|(known, _)| known == role), "{role}");
            }
            for key in &vendor.keys {
                assert!(key.len() == 16 && key.chars().all(|c| "0123456789abcdef".contains(c)), "{key}");
            }
        }
    }

    #[test]
    fn patterns_match_as_people_expect() {
        for (pattern, text, expected) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("a*", "a", true),
            ("a*", "ab", true),
            ("*b", "ab", true),
            ("*b", "a", false),
            ("a*b*c", "a1b2c", true),
            ("a*b*c", "a1c2b", false),
            ("a*a", "a", false),
            ("python*-rhn*", "python3-rhn-check", true),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn packages_have_roles() {
        assert_eq!(role("rocky-logos-httpd"), Some("logos-httpd"));
        assert_eq!(role("centos-stream-release"), Some("release"));
        assert_eq!(role("bash"), None);
        assert_eq!(by_tag("CentOS").count(), 2);
        assert_eq!(by_key("702d426d350d275d").next().unwrap().id, "rocky");
        assert!(by_id("rhel").unwrap().is_subscription("subscription-manager-rhsm-certificates"));
        assert!(by_id("oracle").unwrap().has_repository("ol9_baseos_latest"));
    }
}
