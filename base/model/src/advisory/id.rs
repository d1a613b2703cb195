//! Names of advisories and of vulnerabilities.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An advisory's name: letters, digits, `.`, `_`, `-`, `+`, `~` and `:`, which begins with a letter or a digit. It can
/// stand in a path and in an address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct AdvisoryId(String);

/// The text is no advisory's name.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` is no id: expected letters, digits, `.`, `_`, `-`, `+`, `~` and `:`, up to {LONGEST_ID} of them, such as EXSA-2026:0001"
)]
pub struct InvalidAdvisoryId(String);

/// Characters that an id may have. Real ones have about fifteen.
const LONGEST_ID: usize = 100;

/// `CVE-`, four digits of a year, and four digits or more.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct CveId(String);

/// The text names no CVE.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no CVE: expected CVE-, a year and four digits or more, such as CVE-2026-0001")]
pub struct InvalidCveId(String);

impl AdvisoryId {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As it stands in names of files: CSAF's rule is lower case, and `_` for all but letters, digits, `+` and `-`
    /// (CSAF 2.0, 5.1).
    #[must_use]
    pub fn csaf_name(&self) -> String {
        let mut name = String::with_capacity(self.0.len());
        for character in self.0.to_ascii_lowercase().chars() {
            match character {
                'a'..='z' | '0'..='9' | '+' | '-' => name.push(character),
                _ if name.ends_with('_') => {}
                _ => name.push('_'),
            }
        }
        name
    }
}

impl FromStr for AdvisoryId {
    type Err = InvalidAdvisoryId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_fine = |c: char| c.is_ascii_alphanumeric() || "._-+~:".contains(c);
        let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        if !begins || text.len() > LONGEST_ID || !text.chars().all(is_fine) {
            return Err(InvalidAdvisoryId(text.chars().take(LONGEST_ID).collect()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl CveId {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The ids that a text names, in its order, each once.
    #[must_use]
    pub fn all_in(text: &str) -> Vec<Self> {
        let mut found = Vec::new();
        for (at, _) in text.match_indices("CVE-") {
            let ends = text[at + 4..].find(|c: char| !c.is_ascii_digit() && c != '-');
            let name = ends.map_or(&text[at..], |length| &text[at..at + 4 + length]);
            if let Ok(id) = name.trim_end_matches('-').parse()
                && !found.contains(&id)
            {
                found.push(id);
            }
        }
        found
    }
}

impl FromStr for CveId {
    type Err = InvalidCveId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let parts = text.strip_prefix("CVE-").and_then(|rest| rest.split_once('-'));
        match parts {
            Some((year, number))
                if year.len() == 4 && digits(year) && (4..=19).contains(&number.len()) && digits(number) =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err(InvalidCveId(text.chars().take(40).collect())),
        }
    }
}

macro_rules! texts {
    ($($of:ty, $invalid:ty;)+) => {$(
        impl fmt::Display for $of {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<$of> for String {
            fn from(of: $of) -> Self {
                of.0
            }
        }

        impl TryFrom<String> for $of {
            type Error = $invalid;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }
    )+};
}

texts! {
    AdvisoryId, InvalidAdvisoryId;
    CveId, InvalidCveId;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_can_stand_in_paths() {
        for fine in ["RHSA-2025:1066", "FEDORA-EPEL-2024-0a1b2c", "openSUSE-SLE-15.4-2022-1", "a"] {
            assert_eq!(fine.parse::<AdvisoryId>().unwrap().as_str(), fine);
        }
        let long = "a".repeat(101);
        for wrong in ["", ".", "..", "-a", "../a", "a/b", "a b", "a\n", "ä", &long] {
            assert!(wrong.parse::<AdvisoryId>().is_err(), "{wrong}");
        }
        assert_eq!("RHSA-2025:1066".parse::<AdvisoryId>().unwrap().csaf_name(), "rhsa-2025_1066");
        assert_eq!("A.:b".parse::<AdvisoryId>().unwrap().csaf_name(), "a_b");
    }

    #[test]
    fn vulnerabilities_are_found_in_texts() {
        let text = "one (CVE-2025-1017), CVE-2024-123456: and CVE-2025-1017; no CVE-20-1, CVE-2024-12 or CVE-2024-1234-";
        let found: Vec<_> = CveId::all_in(text).into_iter().map(String::from).collect();
        assert_eq!(found, ["CVE-2025-1017", "CVE-2024-123456", "CVE-2024-1234"]);
        assert!("cve-2024-1234".parse::<CveId>().is_err());
    }
}
