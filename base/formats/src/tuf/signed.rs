//! Metadata files: what is signed, and by whom.

use std::collections::BTreeSet;

use heirloom_model::Digest;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::key::{hex, unhex};
use super::metadata::fault;
use super::{Body, KeyId, Metadata, PublicKey, Role, RoleKeys, Root, Targets, TufError};

/// The specification that metadata is written by.
const SPECIFICATION: &str = "1.0.34";
/// Signatures that a file may have.
const MOST_SIGNATURES: usize = 256;

/// A signature: 64 bytes, by the key of this id.
pub type Signature = (KeyId, Vec<u8>);

/// Bytes to sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsigned {
    /// Who is to sign them.
    pub role: Role,
    /// Their version.
    pub version: u64,
    /// Canonical JSON.
    pub bytes: Vec<u8>,
}

/// A metadata file that was received. Whose signatures hold is another question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received<B> {
    /// What it says.
    pub metadata: Metadata<B>,
    canonical: Vec<u8>,
    signatures: Vec<Signature>,
}

/// What all roles have.
#[derive(Serialize, Deserialize)]
struct Header {
    #[serde(rename = "_type")]
    role: String,
    spec_version: String,
    version: u64,
    expires: String,
    #[serde(rename = "x-heirloom-made", default, skip_serializing_if = "Option::is_none")]
    made: Option<String>,
    #[serde(rename = "x-heirloom-channel", default, skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    signed: Value,
    signatures: Vec<WrittenSignature>,
}

#[derive(Serialize, Deserialize)]
struct WrittenSignature {
    keyid: KeyId,
    sig: String,
}

impl Unsigned {
    /// What is to be signed of this metadata; the same metadata gives the same bytes.
    ///
    /// # Errors
    /// Metadata that nobody would accept: a version 0, a threshold that can't be met, a path that leaves the tree.
    pub fn of<B: Body>(metadata: &Metadata<B>) -> Result<Self, TufError> {
        let role = B::ROLE;
        let unwritable = |what: String| TufError::Unwritable { role, what };
        metadata.body.check().map_err(unwritable)?;
        if metadata.version == 0 {
            return Err(unwritable("version 0: they begin with 1".to_owned()));
        }
        let header = Header {
            role: role.name().to_owned(),
            spec_version: SPECIFICATION.to_owned(),
            version: metadata.version,
            expires: time(metadata.expires),
            made: metadata.made.map(time),
            channel: metadata.channel.clone(),
        };
        let object = |value: serde_json::Result<Value>| match value {
            Ok(Value::Object(object)) => Ok(object),
            Ok(_) => Err(unwritable("it is no object".to_owned())),
            Err(error) => Err(unwritable(error.to_string())),
        };
        let mut all: Map<String, Value> = object(serde_json::to_value(&header))?;
        all.extend(object(serde_json::to_value(&metadata.body))?);
        let bytes = canonical(&Value::Object(all)).map_err(|error| unwritable(error.to_string()))?;
        Ok(Self { role, version: metadata.version, bytes })
    }

    /// Digest of what is to be signed.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }

    /// The file with these signatures, whatever their order. Whether they hold is not asked.
    #[must_use]
    pub fn attach(&self, signatures: &[Signature]) -> Vec<u8> {
        let signatures: std::collections::BTreeMap<_, _> =
            signatures.iter().map(|(id, signature)| (*id, hex(signature))).collect();
        let written: Vec<_> = signatures
            .iter()
            .map(|(id, signature)| format!("{{\"keyid\":\"{id}\",\"sig\":\"{signature}\"}}"))
            .collect();
        let head = format!("{{\"signatures\":[{}],\"signed\":", written.join(","));
        // Canonical JSON is JSON, since no text in it has control characters.
        [head.as_bytes(), &self.bytes, b"}\n"].concat()
    }
}

impl Targets {
    /// Adds a file; of two at one path the first one counts.
    ///
    /// # Errors
    /// A path that clients would not agree about.
    pub fn add(&mut self, path: &str, target: super::Target) -> Result<(), TufError> {
        if let Some(why) = fault(path) {
            return Err(TufError::Path { path: path.to_owned(), why });
        }
        self.targets.entry(path.to_owned()).or_insert(target);
        Ok(())
    }
}

impl<B: Body> Received<B> {
    /// Reads a file; `file` is its name, for errors.
    ///
    /// # Errors
    /// It is larger than any such file, or not what its role writes.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, TufError> {
        let role = B::ROLE;
        let malformed = |what: String| {
            let what = what.chars().take(300).collect();
            TufError::Malformed { file: file.to_owned(), role, what }
        };
        if bytes.len() as u64 > B::LARGEST {
            let by = format!("the most that any {role} has");
            return Err(TufError::TooLong { file: file.to_owned(), most: B::LARGEST, by });
        }
        let mut reader = serde_json::Deserializer::from_slice(bytes);
        let read: File =
            serde_path_to_error::deserialize(&mut reader).map_err(|error| malformed(error.to_string()))?;
        reader.end().map_err(|error| malformed(error.to_string()))?;
        let canonical = canonical(&read.signed).map_err(|error| malformed(error.to_string()))?;
        let header: Header = part(&read.signed).map_err(malformed)?;
        if header.role != role.name() {
            return Err(malformed(format!("_type: expected `{role}`, found `{}`", header.role)));
        }
        if !header.spec_version.starts_with("1.") {
            return Err(malformed(format!("spec_version: expected `1.`, found `{}`", header.spec_version)));
        }
        if header.version == 0 {
            return Err(malformed("version: expected a number from 1 on, found 0".to_owned()));
        }
        let body: B = part(&read.signed).map_err(malformed)?;
        body.check().map_err(malformed)?;
        let time = |name: &str, text: &str| {
            let wrong =
                || malformed(format!("{name}: expected a time as 2026-03-14T09:00:00Z, found `{text}`"));
            read_time(text).ok_or_else(wrong)
        };
        let expires = time("expires", &header.expires)?;
        let made = header.made.map(|made| time("x-heirloom-made", &made)).transpose()?;
        if let Some(channel) = header.channel.as_ref().filter(|name| !is_channel(name)) {
            return Err(malformed(format!("x-heirloom-channel: `{channel}` can't be a channel")));
        }
        let signatures = signatures(&read.signatures).map_err(malformed)?;
        let metadata = Metadata { version: header.version, expires, made, channel: header.channel, body };
        Ok(Self { metadata, canonical, signatures })
    }

    /// What was signed: canonical JSON.
    #[must_use]
    pub fn canonical(&self) -> &[u8] {
        &self.canonical
    }

    /// Its signatures, whether they hold or not.
    #[must_use]
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// The keys of its role, as this root has them, whose signature holds.
    #[must_use]
    pub fn signers(&self, root: &Root) -> BTreeSet<KeyId> {
        let keys = root.roles.get(&B::ROLE);
        let key = |id: &KeyId| root.keys.get(id).filter(|_| keys.is_some_and(|keys| keys.keys.contains(id)));
        let holds = |(id, signature): &&Signature| {
            key(id).is_some_and(|key: &PublicKey| key.has_signed(&self.canonical, signature))
        };
        self.signatures.iter().filter(holds).map(|(id, _)| *id).collect()
    }

    /// Whether as many keys of its role have signed it as this root, of this version, wants.
    ///
    /// # Errors
    /// They are too few.
    pub fn check_signers(&self, file: &str, (version, root): (u64, &Root)) -> Result<(), TufError> {
        let found = self.signers(root);
        let threshold = root.roles.get(&B::ROLE).map_or(u32::MAX, |keys: &RoleKeys| keys.threshold);
        if found.len() >= threshold as usize {
            return Ok(());
        }
        let others: Vec<_> =
            self.signatures.iter().map(|(id, _)| id).filter(|id| !found.contains(id)).collect();
        let others = match &others[..] {
            [] => String::new(),
            [first, ..] => format!(" (and {} that do not count, such as by {})", others.len(), first.short()),
        };
        let (file, found) = (file.to_owned(), found.len());
        Err(TufError::Signatures { file, role: B::ROLE, root: version, found, threshold, others })
    }
}

fn part<T: for<'de> Deserialize<'de>>(signed: &Value) -> Result<T, String> {
    serde_path_to_error::deserialize(signed).map_err(|error| error.to_string())
}

fn signatures(written: &[WrittenSignature]) -> Result<Vec<Signature>, String> {
    if written.len() > MOST_SIGNATURES {
        return Err(format!("{} signatures, more than {MOST_SIGNATURES}", written.len()));
    }
    let mut seen = BTreeSet::new();
    let one = |WrittenSignature { keyid, sig }: &WrittenSignature| {
        if !seen.insert(*keyid) {
            return Err(format!("signatures: two of them are by {keyid}"));
        }
        // One that is empty was left for somebody to fill in.
        let bytes = unhex(sig).filter(|bytes| bytes.len() <= 1024);
        Ok((*keyid, bytes.ok_or_else(|| format!("signatures: that by {keyid} is not hexadecimal"))?))
    };
    written.iter().map(one).collect()
}

/// OLPC's canonical JSON.
pub(super) fn canonical(value: &Value) -> serde_json::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let format = olpc_cjson::CanonicalFormatter::new();
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, format))?;
    Ok(bytes)
}

/// A time as the specification writes it, in whole seconds.
fn time(time: Timestamp) -> String {
    let seconds = Timestamp::from_second(time.as_second()).unwrap_or(time);
    seconds.to_string()
}

/// `2026-03-14T09:00:00Z` and nothing else.
fn read_time(text: &str) -> Option<Timestamp> {
    let found: Timestamp = text.parse().ok()?;
    (time(found) == text).then_some(found)
}

/// What can be a channel's name.
fn is_channel(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(plain)
}
