//! Where a private key is: in a file, or behind something that signs with it and never gives it away.
//!
//! ```text
//! keys/kestrel.key                           a file
//! gpg-agent:FINGERPRINT                      the user's gpg-agent; FINGERPRINT?socket=PATH: another one
//! pkcs11:token=T;object=O?module-path=M      an object of a token, as in RFC 7512
//! signer:PATH                                a signer process behind a Unix socket
//! ```

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde::Deserialize;

/// Where a private key is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum KeySource {
    /// A file that holds it.
    File(PathBuf),
    /// A key of gpg-agent, or of the smart card that it drives.
    GpgAgent {
        /// 40 upper-case hexadecimal digits.
        fingerprint: String,
        /// The agent's socket. Absent: the user's own agent.
        socket: Option<PathBuf>,
    },
    /// An object on a PKCS#11 token.
    Pkcs11(Box<Pkcs11Uri>),
    /// The Unix socket of a signer process.
    Signer(PathBuf),
}

/// An object on a PKCS#11 token, named as in RFC 7512. What is absent fits anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pkcs11Uri {
    /// The shared library that drives the token (`module-path`).
    pub module: PathBuf,
    /// The token's label.
    pub token: Option<String>,
    /// The token's manufacturer.
    pub manufacturer: Option<String>,
    /// The token's model.
    pub model: Option<String>,
    /// The token's serial number.
    pub serial: Option<String>,
    /// The key's label.
    pub object: Option<String>,
    /// The key's id.
    pub id: Option<Vec<u8>>,
    /// A file with the PIN (`pin-source`).
    pub pin_source: Option<PathBuf>,
}

/// A text that names no private key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKeySource {
    /// Nothing behind the scheme, or nothing at all.
    #[error("`{0}` names no key: expected a path, gpg-agent:FINGERPRINT, a pkcs11: URI or signer:SOCKET")]
    Empty(String),
    /// What is behind `gpg-agent:` is no fingerprint.
    #[error("`{0}` is no fingerprint of an OpenPGP key: expected 40 hexadecimal digits behind `gpg-agent:`")]
    Fingerprint(String),
    /// An attribute that is not known here.
    #[error(
        "the pkcs11: URI has the attribute `{0}`: expected token, manufacturer, model, serial, object, id, \
             type=private, module-path or pin-source"
    )]
    Attribute(String),
    /// An attribute without a value, or twice.
    #[error("the pkcs11: URI has `{0}` twice, or without a value")]
    Value(String),
    /// A value that is not what its attribute needs.
    #[error("the pkcs11: URI's `{attribute}` is `{found}`: expected {expected}")]
    Wrong {
        /// The attribute.
        attribute: &'static str,
        /// Its value.
        found: String,
        /// What it must be.
        expected: &'static str,
    },
    /// The PIN stands in the URI.
    #[error(
        "the pkcs11: URI has a PIN in it, which others can read: write it into a file of its own and name it by \
             `pin-source`"
    )]
    Pin,
    /// No library is named.
    #[error("the pkcs11: URI names no library that drives the token: add `?module-path=/usr/lib/..`")]
    NoModule,
}

impl KeySource {
    /// The same, with relative paths as seen from this directory.
    #[must_use]
    pub fn seen_from(&self, base: &Path) -> Self {
        match self {
            Self::File(path) => Self::File(base.join(path)),
            Self::Signer(path) => Self::Signer(base.join(path)),
            Self::GpgAgent { fingerprint, socket } => Self::GpgAgent {
                fingerprint: fingerprint.clone(),
                socket: socket.as_ref().map(|path| base.join(path)),
            },
            Self::Pkcs11(uri) => {
                let pin_source = uri.pin_source.as_ref().map(|path| base.join(path));
                Self::Pkcs11(Box::new(Pkcs11Uri { pin_source, ..(**uri).clone() }))
            }
        }
    }

    /// Whether the key's certificate must be given beside it.
    #[must_use]
    pub fn needs_certificate(&self) -> bool {
        !matches!(self, Self::File(_))
    }
}

impl FromStr for KeySource {
    type Err = InvalidKeySource;

    fn from_str(text: &str) -> Result<Self, InvalidKeySource> {
        let path = |path: &str| match path.is_empty() || path.contains('\0') {
            true => Err(InvalidKeySource::Empty(text.to_owned())),
            false => Ok(PathBuf::from(path)),
        };
        if let Some(rest) = text.strip_prefix("gpg-agent:") {
            let (fingerprint, socket) = match rest.split_once("?socket=") {
                Some((fingerprint, socket)) => (fingerprint, Some(path(socket)?)),
                None => (rest, None),
            };
            let digits: String = fingerprint.chars().filter(|digit| *digit != ' ').collect();
            if digits.len() != 40 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return Err(InvalidKeySource::Fingerprint(fingerprint.to_owned()));
            }
            return Ok(Self::GpgAgent { fingerprint: digits.to_ascii_uppercase(), socket });
        }
        match (text.strip_prefix("pkcs11:"), text.strip_prefix("signer:")) {
            (Some(rest), _) => Ok(Self::Pkcs11(Box::new(Pkcs11Uri::parse(rest)?))),
            (_, Some(socket)) => Ok(Self::Signer(path(socket)?)),
            _ => Ok(Self::File(path(text)?)),
        }
    }
}

impl TryFrom<String> for KeySource {
    type Error = InvalidKeySource;

    fn try_from(text: String) -> Result<Self, InvalidKeySource> {
        text.parse()
    }
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::GpgAgent { fingerprint, socket: None } => write!(f, "gpg-agent:{fingerprint}"),
            Self::GpgAgent { fingerprint, socket: Some(socket) } => {
                write!(f, "gpg-agent:{fingerprint}?socket={}", socket.display())
            }
            Self::Pkcs11(uri) => uri.fmt(f),
            Self::Signer(socket) => write!(f, "signer:{}", socket.display()),
        }
    }
}

impl Pkcs11Uri {
    /// Parses what is behind `pkcs11:`.
    fn parse(text: &str) -> Result<Self, InvalidKeySource> {
        let mut uri = Self::default();
        let mut seen = Vec::new();
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        let parts = path.split(';').chain(query.split('&')).filter(|part| !part.is_empty());
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            if value.is_empty() || seen.contains(&name) {
                return Err(InvalidKeySource::Value(name.to_owned()));
            }
            seen.push(name);
            uri.take(name, percent_decode_str(value).collect())?;
        }
        match uri.module.as_os_str().is_empty() {
            true => Err(InvalidKeySource::NoModule),
            false => Ok(uri),
        }
    }

    fn take(&mut self, name: &str, value: Vec<u8>) -> Result<(), InvalidKeySource> {
        if name == "id" {
            self.id = Some(value);
            return Ok(());
        }
        let wrong = |attribute, found: &[u8], expected| InvalidKeySource::Wrong {
            attribute,
            found: String::from_utf8_lossy(found).into_owned(),
            expected,
        };
        let value = String::from_utf8(value).map_err(|_| InvalidKeySource::Value(name.to_owned()))?;
        match name {
            "token" => self.token = Some(value),
            "manufacturer" => self.manufacturer = Some(value),
            "model" => self.model = Some(value),
            "serial" => self.serial = Some(value),
            "object" => self.object = Some(value),
            "type" if value == "private" => {}
            "type" => return Err(wrong("type", value.as_bytes(), "`private`")),
            "module-path" => {
                if !value.starts_with('/') || value.contains('\0') {
                    return Err(wrong("module-path", value.as_bytes(), "an absolute path"));
                }
                self.module = value.into();
            }
            "pin-source" => {
                let path = value.strip_prefix("file:").unwrap_or(&value);
                let path = path.strip_prefix("//").filter(|path| path.starts_with('/')).unwrap_or(path);
                if path.is_empty() || path.starts_with('|') || path.contains(['\0', ':']) {
                    return Err(wrong("pin-source", value.as_bytes(), "the path of a file"));
                }
                self.pin_source = Some(path.into());
            }
            "pin-value" => return Err(InvalidKeySource::Pin),
            other => return Err(InvalidKeySource::Attribute(other.to_owned())),
        }
        Ok(())
    }
}

/// What must be escaped in both parts of a URI, and `/` need not be.
const RESERVED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'%')
    .add(b';')
    .add(b'?')
    .add(b'&')
    .add(b'=')
    .add(b'#')
    .add(b'"')
    .add(b'<')
    .add(b'>');

impl fmt::Display for Pkcs11Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "pkcs11:";
        let path = [
            ("token", &self.token),
            ("manufacturer", &self.manufacturer),
            ("model", &self.model),
            ("serial", &self.serial),
            ("object", &self.object),
        ];
        for (name, value) in path {
            if let Some(value) = value {
                write!(f, "{separator}{name}={}", utf8_percent_encode(value, RESERVED))?;
                separator = ";";
            }
        }
        if let Some(id) = &self.id {
            write!(f, "{separator}id=")?;
            id.iter().try_for_each(|byte| write!(f, "%{byte:02X}"))?;
            separator = ";";
        }
        if separator != ";" {
            f.write_str(separator)?;
        }
        write!(f, "?module-path={}", utf8_percent_encode(&self.module.to_string_lossy(), RESERVED))?;
        match &self.pin_source {
            Some(path) => write!(f, "&pin-source={}", utf8_percent_encode(&path.to_string_lossy(), RESERVED)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
