//! A proposal: the exact content of what is to take effect. Its bytes are what members sign the digest of.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_model::{Digest, Nevra};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::charter::Role;

/// What a proposal says it is.
const FORM: &str = "https://heirloom.example/proposal/v1";
/// Largest proposal, in bytes: 60,000 packages have some 20 MB.
pub(crate) const LARGEST: usize = 64 << 20;

/// What is to take effect, under which charter, and until when it may.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// The form of this document.
    #[serde(rename = "_type")]
    form: String,
    /// Short name of the distribution.
    pub distribution: String,
    /// SHA-256 of the charter under which it is decided: under another one, it must be proposed again.
    pub charter: Digest,
    /// The member who proposes it, and may withdraw it.
    pub proposer: String,
    /// When it was made.
    pub made: Timestamp,
    /// Whether it can't wait, and is decided by the emergency quorum.
    #[serde(default)]
    pub emergency: bool,
    /// Why, in the proposer's words.
    pub reason: String,
    /// What.
    pub content: Content,
    /// What members may look at before they decide, and what is kept with it.
    #[serde(default)]
    pub evidence: Vec<Evidence>,
}

/// What is to take effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Content {
    /// Packages are signed.
    Packages {
        /// Fingerprint of the key that signs them.
        key: String,
        /// How many.
        count: usize,
        /// The object that lists them: JSON, an array of [`PackageToSign`], sorted. It is apart, since a history keeps all
        /// proposals for ever.
        list: Digest,
    },
    /// A composed tree is signed, becomes a snapshot, and channels serve it.
    Snapshot(SnapshotToRelease),
    /// Channels serve a snapshot that was released before.
    Channels {
        /// SHA-256 of the list of the tree's files.
        tree: Digest,
        /// Which, and what they serve until then.
        channels: Vec<ChannelMove>,
    },
    /// Advisories are signed and published.
    Advisories {
        /// Fingerprint of the key that signs them.
        key: String,
        /// What is signed, sorted.
        to_sign: Vec<ToSign>,
    },
    /// The charter that follows.
    Charter {
        /// Its text.
        text: String,
    },
    /// A signing key comes or goes.
    Keys(KeyChange),
    /// What an emergency quorum did is approved by the usual one.
    Ratify {
        /// SHA-256 of the proposal that was promoted.
        proposal: Digest,
    },
}

/// What a proposal is about, without its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// [`Content::Packages`].
    Packages,
    /// [`Content::Snapshot`].
    Snapshot,
    /// [`Content::Channels`].
    Channels,
    /// [`Content::Advisories`].
    Advisories,
    /// [`Content::Charter`].
    Charter,
    /// [`Content::Keys`].
    Keys,
    /// [`Content::Ratify`].
    Ratify,
}

/// A package that is to be signed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackageToSign {
    /// Identity.
    pub nevra: Nevra,
    /// SHA-256 of the file as it was built.
    pub package: Digest,
    /// SHA-256 of its main header, which is what a signature is made of; it has the digest of the payload in it.
    pub header: Digest,
    /// On what ground it was accepted: a verdict, or `own`, `inherited`, `companion`.
    pub ground: String,
}

/// A file that is to be signed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToSign {
    /// Path below the tree's root.
    pub path: String,
    /// SHA-256 of its bytes.
    pub digest: Digest,
    /// The time that the signature states, in seconds since 1970.
    pub time: u64,
}

/// A composed tree that is to become a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotToRelease {
    /// Digest of all that went into the compose.
    pub compose: Digest,
    /// SHA-256 of the list of the tree's files before metadata is signed: JSON with path, digest and size of each.
    pub tree: Digest,
    /// Number of packages by repository.
    pub repositories: BTreeMap<String, usize>,
    /// Fingerprint of the key that has signed the packages and signs the metadata.
    pub key: String,
    /// The metadata that is signed, sorted.
    pub to_sign: Vec<ToSign>,
    /// Which channels are to serve it, and what they serve until then.
    pub channels: Vec<ChannelMove>,
}

/// What a channel serves now. If it serves something else when the time has come, the proposal is outdated.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelMove {
    /// The channel.
    pub channel: String,
    /// SHA-256 of the list of files that it serves, without the signatures of metadata; none if there is no such channel yet.
    pub from: Option<Digest>,
}

/// How the signing keys change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyChange {
    /// The key that signs from now on, as an armoured certificate with its fingerprint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub add: Option<crate::SigningKey>,
    /// The one that signs nothing any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retire: Option<Retired>,
}

/// A key that is taken out of use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retired {
    /// Its fingerprint.
    pub fingerprint: String,
    /// Whether somebody else may have it: then what it signed counts only if it was released before.
    pub stolen: bool,
}

/// An object that belongs to a proposal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// What it is: `certificates`, `gate`, `changes`.
    pub name: String,
    /// What it says, in one line.
    pub summary: String,
    /// SHA-256 of the object.
    pub digest: Digest,
}

/// The bytes are no proposal.
#[derive(Debug, thiserror::Error)]
pub enum ProposalError {
    /// They can't be parsed.
    #[error("it is no proposal: {0}")]
    Malformed(#[from] serde_json::Error),
    /// They are too many.
    #[error("it has {0} bytes, more than the {LARGEST} that a proposal may have")]
    TooLarge(usize),
    /// It has another form.
    #[error("its form is `{0}`: expected `{FORM}`; it may be of a newer Heirloom")]
    Form(String),
    /// It contradicts itself.
    #[error("it can't take effect: {0}")]
    Wrong(String),
}

impl Proposal {
    /// A proposal to sign, release or change something.
    #[must_use]
    pub fn new(
        distribution: &str,
        charter: Digest,
        proposer: &str,
        made: Timestamp,
        content: Content,
    ) -> Self {
        Self {
            form: FORM.to_owned(),
            distribution: distribution.to_owned(),
            charter,
            proposer: proposer.to_owned(),
            made,
            emergency: false,
            reason: String::new(),
            content,
            evidence: Vec::new(),
        }
    }

    /// Reads the bytes of a proposal.
    ///
    /// # Errors
    /// They are none, or one that can't take effect whatever members say.
    pub fn from_json(text: &str) -> Result<Self, ProposalError> {
        if text.len() > LARGEST {
            return Err(ProposalError::TooLarge(text.len()));
        }
        let proposal: Self = serde_json::from_str(text)?;
        if proposal.form != FORM {
            return Err(ProposalError::Form(proposal.form.chars().take(120).collect()));
        }
        proposal.content.check().map_err(ProposalError::Wrong)?;
        Ok(proposal)
    }

    /// Its bytes: one line.
    ///
    /// # Errors
    /// As for [`Proposal::from_json`].
    pub fn to_json(&self) -> Result<String, ProposalError> {
        self.content.check().map_err(ProposalError::Wrong)?;
        Ok(serde_json::to_string(self)?)
    }

    /// Who decides on it.
    #[must_use]
    pub fn role(&self) -> Role {
        match (self.emergency, self.content.kind()) {
            (true, _) => Role::Emergency,
            (false, Kind::Packages) => Role::Build,
            (false, Kind::Snapshot | Kind::Channels | Kind::Ratify) => Role::Release,
            (false, Kind::Advisories) => Role::Errata,
            (false, Kind::Charter | Kind::Keys) => Role::Charter,
        }
    }
}

impl Content {
    /// What it is about.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Packages { .. } => Kind::Packages,
            Self::Snapshot(_) => Kind::Snapshot,
            Self::Channels { .. } => Kind::Channels,
            Self::Advisories { .. } => Kind::Advisories,
            Self::Charter { .. } => Kind::Charter,
            Self::Keys(_) => Kind::Keys,
            Self::Ratify { .. } => Kind::Ratify,
        }
    }

    /// The channels that it lets serve something.
    #[must_use]
    pub fn channels(&self) -> &[ChannelMove] {
        match self {
            Self::Snapshot(snapshot) => &snapshot.channels,
            Self::Channels { channels, .. } => channels,
            _ => &[],
        }
    }

    /// The tree that its channels are to serve.
    #[must_use]
    pub fn tree(&self) -> Option<Digest> {
        match self {
            Self::Snapshot(snapshot) => Some(snapshot.tree),
            Self::Channels { tree, .. } => Some(*tree),
            _ => None,
        }
    }

    /// The key that signs what it is about.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Packages { key, .. } | Self::Advisories { key, .. } => Some(key),
            Self::Snapshot(snapshot) => Some(&snapshot.key),
            _ => None,
        }
    }

    /// The list that must be known to say what may be signed, beside the proposal itself.
    #[must_use]
    pub fn list(&self) -> Option<Digest> {
        match self {
            Self::Packages { list, .. } => Some(*list),
            _ => None,
        }
    }

    /// The SHA-256 of everything that may be signed if it is approved; of packages, it is the main header that is signed.
    ///
    /// # Errors
    /// Its list is not the one that the proposal names, or can't be read.
    pub fn signable(&self, list: Option<&[u8]>) -> Result<BTreeSet<Digest>, ProposalError> {
        Ok(match self {
            Self::Packages { list: expected, count, .. } => {
                let bytes = list.unwrap_or_default();
                if Digest::of(bytes) != *expected {
                    let text = format!("the list of packages that came with it is not {expected}");
                    return Err(ProposalError::Wrong(text));
                }
                let packages: Vec<PackageToSign> = serde_json::from_slice(bytes)?;
                if packages.len() != *count {
                    let text = format!("it says {count} packages, and its list has {}", packages.len());
                    return Err(ProposalError::Wrong(text));
                }
                packages.iter().map(|package| package.header).collect()
            }
            Self::Snapshot(SnapshotToRelease { to_sign, .. }) | Self::Advisories { to_sign, .. } => {
                to_sign.iter().map(|file| file.digest).collect()
            }
            _ => BTreeSet::new(),
        })
    }

    fn check(&self) -> Result<(), String> {
        let mut channels = BTreeSet::new();
        if let Some(twice) = self.channels().iter().find(|one| !channels.insert(&one.channel)) {
            return Err(format!("the channel {} is named twice", twice.channel));
        }
        match self {
            Self::Packages { count: 0, .. } => Err("it has no packages".to_owned()),
            Self::Channels { channels, .. } if channels.is_empty() => Err("it names no channel".to_owned()),
            Self::Keys(KeyChange { add: None, retire: None }) => Err("no key comes or goes".to_owned()),
            _ => Ok(()),
        }
    }
}

impl Kind {
    /// Its name in proposals.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Packages => "packages",
            Self::Snapshot => "snapshot",
            Self::Channels => "channels",
            Self::Advisories => "advisories",
            Self::Charter => "charter",
            Self::Keys => "keys",
            Self::Ratify => "ratify",
        }
    }
}
