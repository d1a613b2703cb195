//! The charter: members, roles and thresholds, as a file that is itself changed by a quorum only.

mod change;
mod lint;

use std::collections::{BTreeMap, BTreeSet};

use heirloom_model::Digest;
use heirloom_model::allowance::Date;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use change::Edit;
pub use lint::{Fault, LintFinding, lint};

/// Largest charter, in bytes: a hundred members with certificates have less.
const LARGEST: usize = 4 << 20;
/// More members than any foundation has.
const MOST_MEMBERS: usize = 1000;

/// What decides, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Charter {
    /// Counts its changes, from 1.
    pub version: u64,
    /// Short name of the distribution that it is for.
    pub distribution: String,
    /// The last day on which anything but a new charter can be decided under it.
    #[serde(with = "day")]
    pub valid_until: Date,
    /// SHA-256 of the charter before; none in the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Digest>,
    /// How each kind of thing is decided. `release` and `charter` are always there.
    #[serde(rename = "role")]
    pub roles: BTreeMap<Role, Rule>,
    /// The way for what can't wait, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emergency: Option<Emergency>,
    /// The keys that sign packages and repositories at first; later ones come and go by proposals of their own.
    #[serde(default, rename = "signing_key", skip_serializing_if = "Vec::is_empty")]
    pub signing_keys: Vec<SigningKey>,
    /// Who may vote.
    #[serde(rename = "member")]
    pub members: Vec<Member>,
}

/// What a quorum is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Packages may be signed.
    Build,
    /// Snapshots and channels.
    Release,
    /// Advisories.
    Errata,
    /// The charter itself and the signing keys.
    Charter,
    /// What can't wait.
    Emergency,
}

impl Role {
    /// Its name in the charter.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Release => "release",
            Self::Errata => "errata",
            Self::Charter => "charter",
            Self::Emergency => "emergency",
        }
    }
}

/// When a quorum is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Names of the members who may vote.
    pub members: BTreeSet<String>,
    /// How many must approve.
    pub threshold: usize,
    /// How many of one affiliation count at most.
    pub per_affiliation: usize,
    /// Hours that must pass between the proposal and its promotion, so that everyone can look.
    #[serde(default)]
    pub waiting_hours: u32,
    /// Days after which a proposal can't be promoted any more.
    #[serde(default = "expires_days")]
    pub expires_days: u32,
}

fn expires_days() -> u32 {
    30
}

/// The way for what can't wait. It has no waiting time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Emergency {
    /// Names of the members who may vote.
    pub members: BTreeSet<String>,
    /// How many must approve: more than usual.
    pub threshold: usize,
    /// How many of one affiliation count at most.
    pub per_affiliation: usize,
    /// Days after which a proposal can't be promoted any more.
    #[serde(default = "emergency_expires_days")]
    pub expires_days: u32,
    /// Days within which the usual quorum must ratify what was done; else nothing else is promoted.
    pub ratify_days: u32,
}

fn emergency_expires_days() -> u32 {
    3
}

/// A person who may vote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Short name, unique.
    pub name: String,
    /// Employer or other group that could tell the member how to vote. Equal texts are one group.
    pub affiliation: String,
    /// Public keys: armoured OpenPGP certificates or OpenSSH public key lines.
    pub keys: Vec<String>,
}

/// A key that signs packages and repositories.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SigningKey {
    /// Fingerprint of the OpenPGP certificate: hexadecimal digits in lower case.
    pub fingerprint: String,
    /// The certificate, armoured.
    pub certificate: String,
}

/// What is known of a public key without its charter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFacts {
    /// Names the key, whatever form it is written in.
    pub fingerprint: String,
    /// Its form: `openpgp`, `ssh-ed25519`.
    pub kind: String,
    /// When it ends, if it says so.
    pub expires: Option<Timestamp>,
}

/// Says whether a public key made a signature, in armour, over these bytes, and could at this time.
type Verify = dyn Fn(&str, &[u8], &str, Timestamp) -> Result<(), String>;

/// What the caller knows of keys and signatures.
pub struct Keys<'a> {
    /// Reads a member's public key; the error says what is wrong with it.
    pub inspect: &'a dyn Fn(&str) -> Result<KeyFacts, String>,
    /// Whether this key made this signature, in armour, over these bytes, and could at this time.
    pub verify: &'a Verify,
}

/// A text that is no charter.
#[derive(Debug, thiserror::Error)]
pub enum CharterError {
    /// It can't be parsed.
    #[error("it is no charter: {0}")]
    Malformed(String),
    /// It is larger than any.
    #[error("it has {0} bytes, more than the {LARGEST} that a charter may have")]
    TooLarge(usize),
    /// It contradicts itself.
    #[error("{place}: {what}")]
    Wrong {
        /// Where: `role release`, `member ada`.
        place: String,
        /// What was expected and found.
        what: String,
    },
}

impl Charter {
    /// Reads a charter: TOML. What it says is possible, not necessarily wise; [`lint`] is for that.
    ///
    /// # Errors
    /// It can't be parsed, or contradicts itself.
    pub fn parse(text: &str) -> Result<Self, CharterError> {
        if text.len() > LARGEST {
            return Err(CharterError::TooLarge(text.len()));
        }
        let charter: Self = toml::from_str(text)
            .map_err(|error| CharterError::Malformed(error.to_string().trim().to_owned()))?;
        charter.check()?;
        Ok(charter)
    }

    /// As a file: the same charter gives the same bytes.
    ///
    /// # Errors
    /// It can't be written as TOML.
    pub fn to_toml(&self) -> Result<String, CharterError> {
        toml::to_string_pretty(self).map_err(|error| CharterError::Malformed(error.to_string()))
    }

    fn check(&self) -> Result<(), CharterError> {
        let wrong = |place: String, what: String| Err(CharterError::Wrong { place, what });
        if self.version == 0 || (self.version == 1) != self.previous.is_none() {
            let what = "the first charter has version 1 and no `previous`; each later one names the SHA-256 of the one before";
            return wrong(format!("version {}", self.version), what.to_owned());
        }
        if self.members.len() > MOST_MEMBERS {
            return wrong(
                "member".to_owned(),
                format!("{} members, at most {MOST_MEMBERS}", self.members.len()),
            );
        }
        let mut names = BTreeSet::new();
        for member in &self.members {
            let place = || format!("member {}", member.name);
            if !is_name(&member.name) {
                return wrong(place(), "a name has letters, digits, `.`, `-` and `_` only".to_owned());
            }
            if !names.insert(member.name.as_str()) {
                return wrong(place(), "two members have this name".to_owned());
            }
            if member.affiliation.trim().is_empty() {
                return wrong(
                    place(),
                    "no affiliation: without one, nobody could tell whom a quorum consists of".to_owned(),
                );
            }
            if member.keys.is_empty() {
                return wrong(place(), "no key to vote with".to_owned());
            }
        }
        for needed in [Role::Release, Role::Charter] {
            if !self.roles.contains_key(&needed) {
                return wrong(format!("role {}", needed.name()), "it is missing".to_owned());
            }
        }
        if self.roles.contains_key(&Role::Emergency) {
            return wrong("role emergency".to_owned(), "it has a table of its own: [emergency]".to_owned());
        }
        for role in self.all_roles() {
            let Some(rule) = self.rule(role) else { continue };
            let place = || format!("role {}", role.name());
            if let Some(stranger) = rule.members.iter().find(|name| !names.contains(name.as_str())) {
                return wrong(place(), format!("`{stranger}` is no member"));
            }
            if rule.threshold == 0 || rule.per_affiliation == 0 {
                return wrong(place(), "threshold and per_affiliation are at least 1".to_owned());
            }
        }
        if self.version > 1 && !self.signing_keys.is_empty() {
            let what = "only the first charter names keys: later ones come and go by proposals of their own";
            return wrong("signing_key".to_owned(), what.to_owned());
        }
        let mut keys = BTreeSet::new();
        for key in &self.signing_keys {
            let is_hex = !key.fingerprint.is_empty()
                && key.fingerprint.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
            if !is_hex || !keys.insert(&key.fingerprint) {
                let what = "a fingerprint has hexadecimal digits in lower case, and each key is there once";
                return wrong(format!("signing key {}", key.fingerprint), what.to_owned());
            }
        }
        Ok(())
    }

    /// The roles that it has, with the emergency.
    pub fn all_roles(&self) -> impl Iterator<Item = Role> {
        self.roles.keys().copied().chain(self.emergency.as_ref().map(|_| Role::Emergency))
    }

    /// How a role decides. A role that it does not have is decided as `release`; an emergency has no stand-in.
    #[must_use]
    pub fn rule(&self, role: Role) -> Option<Rule> {
        if role == Role::Emergency {
            return self.emergency.as_ref().map(Emergency::as_rule);
        }
        self.roles.get(&role).or_else(|| self.roles.get(&Role::Release)).cloned()
    }

    /// A member by name.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }

    /// How many approvals can count at most, of these members.
    #[must_use]
    pub(crate) fn reach<'a>(&self, members: impl Iterator<Item = &'a str>, per_affiliation: usize) -> usize {
        let mut by_affiliation: BTreeMap<&str, usize> = BTreeMap::new();
        for member in members.filter_map(|name| self.member(name)) {
            *by_affiliation.entry(member.group()).or_default() += 1;
        }
        by_affiliation.values().map(|count| (*count).min(per_affiliation)).sum()
    }
}

impl Emergency {
    fn as_rule(&self) -> Rule {
        Rule {
            members: self.members.clone(),
            threshold: self.threshold,
            per_affiliation: self.per_affiliation,
            waiting_hours: 0,
            expires_days: self.expires_days,
        }
    }
}

impl Member {
    /// The affiliation, without what only looks different.
    #[must_use]
    pub fn group(&self) -> &str {
        self.affiliation.trim()
    }
}

/// Whether a text can name a member.
fn is_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    !text.is_empty() && text.len() <= 64 && text.bytes().all(plain) && !text.starts_with('.')
}

/// Days are TOML's own dates.
mod day {
    use heirloom_model::allowance::Date;
    use serde::de::Error as _;
    use serde::ser::Error as _;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};
    use toml::value::Datetime;

    pub(super) fn serialize<S: Serializer>(date: &Date, serializer: S) -> Result<S::Ok, S::Error> {
        date.to_string().parse::<Datetime>().map_err(S::Error::custom)?.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
        Datetime::deserialize(deserializer)?.to_string().parse().map_err(D::Error::custom)
    }
}
