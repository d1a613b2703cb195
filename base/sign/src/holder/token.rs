//! Keys on PKCS#11 tokens: hardware security modules, smart cards, SoftHSM.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use heirloom_model::Pkcs11Uri;

use crate::file::private_text;
use crate::key::KeyError;

/// DER of `DigestInfo` up to the digest (RFC 8017, 9.2).
const SHA256_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
    0x04, 0x20,
];
const SHA512_INFO: [u8; 19] = [
    0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00,
    0x04, 0x40,
];
/// DER of the curves' names: P-256; Ed25519 as PKCS#11 3.0 writes it, and as RFC 8410 does.
const P256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const ED25519: [&[u8]; 2] = [b"\x13\x0cedwards25519", &[0x06, 0x03, 0x2b, 0x65, 0x70]];

/// A private key on a token, with an open session.
pub(crate) struct Token {
    session: Mutex<Session>,
    private: ObjectHandle,
    name: String,
    public: TokenKey,
}

/// A token's public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TokenKey {
    /// Modulus and exponent, big-endian.
    Rsa(Vec<u8>, Vec<u8>),
    /// A point.
    Ed25519([u8; 32]),
    /// An uncompressed point (SEC 1), 65 bytes.
    P256(Vec<u8>),
}

/// The token did not sign.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The library that drives the token can't be loaded or started.
    #[error("the PKCS#11 library {module} can't be used")]
    Module {
        /// The library.
        module: PathBuf,
        /// Why.
        source: Box<Error>,
    },
    /// No token fits, or several do.
    #[error("{count} tokens fit `{wanted}`, and one must: {module} has {found}")]
    Tokens {
        /// How many.
        count: usize,
        /// The URI.
        wanted: String,
        /// The library.
        module: PathBuf,
        /// Labels of all tokens.
        found: String,
    },
    /// A PIN is needed.
    #[error(
        "the token `{token}` wants a PIN: write it into a file (mode 600) and add `&pin-source=FILE` to the URI"
    )]
    NoPin {
        /// Its label.
        token: String,
    },
    /// The file with the PIN can't be used.
    #[error("the PIN can't be read")]
    PinFile(#[source] Box<KeyError>),
    /// The PIN is wrong.
    #[error(
        "the token `{token}` refused the PIN of {file}: it is wrong; each wrong try counts, and the token locks itself"
    )]
    WrongPin {
        /// Its label.
        token: String,
        /// The file.
        file: PathBuf,
    },
    /// Too many wrong PINs.
    #[error(
        "the token `{token}` is locked after too many wrong PINs: its security officer must set a new one"
    )]
    PinLocked {
        /// Its label.
        token: String,
    },
    /// No private key fits, or several do.
    #[error(
        "{count} private keys on the token `{token}` fit `{wanted}`, and one must: it has {found}; name it by \
             `object` and `id`"
    )]
    Objects {
        /// How many.
        count: usize,
        /// The URI.
        wanted: String,
        /// Its label.
        token: String,
        /// Labels and ids of all private keys.
        found: String,
    },
    /// A private key whose public key is not on the token.
    #[error("the token `{token}` has no public key beside the private one: write it there with the same id")]
    NoPublic {
        /// Its label.
        token: String,
    },
    /// A key that is neither RSA, Ed25519 nor P-256, or can't do what is wanted.
    #[error("the key on the token `{token}` is {found}: expected {expected}")]
    Kind {
        /// The token's label.
        token: String,
        /// What it is.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A key that wants its PIN each time.
    #[error(
        "the key on the token `{token}` wants its PIN for every signature (CKA_ALWAYS_AUTHENTICATE): use one that does \
             not, such as another slot of the card"
    )]
    AlwaysPin {
        /// Its label.
        token: String,
    },
    /// The token failed.
    #[error("the token `{token}` failed to {what}")]
    Failed {
        /// Its label.
        token: String,
        /// At what.
        what: &'static str,
        /// Why.
        source: Box<Error>,
    },
}

impl Token {
    /// Opens a session and logs in, with the PIN from the URI's file.
    pub(crate) fn open(uri: &Pkcs11Uri) -> Result<Self, TokenError> {
        let module = |error| TokenError::Module { module: uri.module.clone(), source: Box::new(error) };
        let library = Pkcs11::new(&uri.module).map_err(module)?;
        match library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            // Another key of this process uses it.
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(error) => return Err(module(error)),
        }
        let (slot, name, wants_pin) = slot(&library, uri).map_err(module)??;
        let failed = Failed { token: &name };
        let session = library.open_ro_session(slot).map_err(|error| failed.to("open a session", error))?;
        if wants_pin {
            log_in(&session, uri, &name)?;
        }
        let private = private_key(&session, uri, &name)?;
        let always = session.get_attributes(private, &[AttributeType::AlwaysAuthenticate]);
        // A token that does not know this attribute does not ask each time.
        if always.is_ok_and(|found| found.contains(&Attribute::AlwaysAuthenticate(true))) {
            return Err(TokenError::AlwaysPin { token: name });
        }
        let public = public_key(&session, private, &name)?;
        Ok(Self { session: Mutex::new(session), private, name, public })
    }

    pub(crate) fn public(&self) -> &TokenKey {
        &self.public
    }

    /// RSA PKCS#1 v1.5 of a SHA-256 or, twice as long, SHA-512 digest.
    pub(crate) fn rsa(&self, digest: &[u8]) -> Result<Vec<u8>, TokenError> {
        let info = if digest.len() == 64 { SHA512_INFO } else { SHA256_INFO };
        self.sign(&Mechanism::RsaPkcs, &[info.as_slice(), digest].concat())
    }

    /// Ed25519 of a message.
    pub(crate) fn ed25519(&self, message: &[u8]) -> Result<Vec<u8>, TokenError> {
        self.sign(&Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Pure)), message)
    }

    /// ECDSA of a digest: both numbers, equally long.
    pub(crate) fn ecdsa(&self, digest: &[u8]) -> Result<Vec<u8>, TokenError> {
        self.sign(&Mechanism::Ecdsa, digest)
    }

    fn sign(&self, mechanism: &Mechanism<'_>, data: &[u8]) -> Result<Vec<u8>, TokenError> {
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let signed = session.sign(mechanism, self.private, data);
        signed.map_err(|error| Failed { token: &self.name }.to("sign", error))
    }

    /// It holds a key that can't be used for this.
    pub(crate) fn unfit(&self, expected: &'static str) -> TokenError {
        TokenError::Kind { token: self.name.clone(), found: self.public.to_string(), expected }
    }
}

impl fmt::Display for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa(modulus, _) => write!(f, "RSA {}", modulus.len() * 8),
            Self::Ed25519(_) => f.write_str("Ed25519"),
            Self::P256(_) => f.write_str("ECDSA P-256"),
        }
    }
}

struct Failed<'a> {
    token: &'a str,
}

impl Failed<'_> {
    fn to(&self, what: &'static str, error: Error) -> TokenError {
        TokenError::Failed { token: self.token.to_owned(), what, source: Box::new(error) }
    }
}

/// The one token that fits, its label, and whether it wants a PIN.
fn slot(library: &Pkcs11, uri: &Pkcs11Uri) -> Result<Result<(Slot, String, bool), TokenError>, Error> {
    let fits = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found);
    let (mut all, mut fitting) = (Vec::new(), Vec::new());
    for slot in library.get_slots_with_initialized_token()? {
        let info = library.get_token_info(slot)?;
        all.push(format!("`{}`", info.label()));
        if fits(&uri.token, info.label())
            && fits(&uri.manufacturer, info.manufacturer_id())
            && fits(&uri.model, info.model())
            && fits(&uri.serial, info.serial_number())
        {
            fitting.push((slot, info.label().to_owned(), info.login_required()));
        }
    }
    let count = fitting.len();
    Ok(match (fitting.pop(), count) {
        (Some(one), 1) => Ok(one),
        _ => Err(TokenError::Tokens {
            count,
            wanted: uri.to_string(),
            module: uri.module.clone(),
            found: if all.is_empty() { "none".to_owned() } else { all.join(", ") },
        }),
    })
}

fn log_in(session: &Session, uri: &Pkcs11Uri, name: &str) -> Result<(), TokenError> {
    let token = || name.to_owned();
    let file = uri.pin_source.as_ref().ok_or_else(|| TokenError::NoPin { token: token() })?;
    let pin = private_text(file, "PIN").map_err(|error| TokenError::PinFile(Box::new(error)))?;
    let pin = AuthPin::from(pin.trim_end_matches(['\r', '\n']).to_owned());
    match session.login(UserType::User, Some(&pin)) {
        // By another key of this process, on the same token.
        Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
        Err(Error::Pkcs11(RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange, _)) => {
            Err(TokenError::WrongPin { token: token(), file: file.clone() })
        }
        Err(Error::Pkcs11(RvError::PinLocked, _)) => Err(TokenError::PinLocked { token: token() }),
        Err(error) => Err(Failed { token: name }.to("log in", error)),
    }
}

fn private_key(session: &Session, uri: &Pkcs11Uri, name: &str) -> Result<ObjectHandle, TokenError> {
    let failed = |error| Failed { token: name }.to("look for the key", error);
    let mut wanted = vec![Attribute::Class(ObjectClass::PRIVATE_KEY)];
    wanted.extend(uri.object.iter().map(|label| Attribute::Label(label.clone().into_bytes())));
    wanted.extend(uri.id.iter().map(|id| Attribute::Id(id.clone())));
    let found = session.find_objects(&wanted).map_err(failed)?;
    if let [one] = found[..] {
        return Ok(one);
    }
    let all = session.find_objects(&[Attribute::Class(ObjectClass::PRIVATE_KEY)]).map_err(failed)?;
    let mut told = Vec::new();
    for object in all {
        let attributes = session.get_attributes(object, &[AttributeType::Label, AttributeType::Id]);
        let mut text = String::new();
        for attribute in attributes.map_err(failed)? {
            match attribute {
                Attribute::Label(label) => text = format!("`{}`", String::from_utf8_lossy(&label)) + &text,
                Attribute::Id(id) => {
                    text += " (id=";
                    text.extend(id.iter().map(|byte| format!("%{byte:02X}")));
                    text += ")";
                }
                _ => {}
            }
        }
        told.push(text);
    }
    Err(TokenError::Objects {
        count: found.len(),
        wanted: uri.to_string(),
        token: name.to_owned(),
        found: if told.is_empty() { "none".to_owned() } else { told.join(", ") },
    })
}

/// The public numbers: of RSA they are in the private object, of curves in the public one.
fn public_key(session: &Session, private: ObjectHandle, name: &str) -> Result<TokenKey, TokenError> {
    let failed = |error| Failed { token: name }.to("read the public key", error);
    let no_public = || TokenError::NoPublic { token: name.to_owned() };
    let kind = |found: String| TokenError::Kind {
        token: name.to_owned(),
        found,
        expected: "RSA, Ed25519 or ECDSA P-256",
    };
    let wanted =
        [AttributeType::KeyType, AttributeType::Id, AttributeType::Modulus, AttributeType::PublicExponent];
    let (mut key_type, mut id, mut modulus, mut exponent) = (None, Vec::new(), Vec::new(), Vec::new());
    for attribute in session.get_attributes(private, &wanted).map_err(failed)? {
        match attribute {
            Attribute::KeyType(found) => key_type = Some(found),
            Attribute::Id(found) => id = found,
            Attribute::Modulus(found) => modulus = found,
            Attribute::PublicExponent(found) => exponent = found,
            _ => {}
        }
    }
    let key_type = key_type.ok_or_else(no_public)?;
    if key_type == KeyType::RSA && !modulus.is_empty() && !exponent.is_empty() {
        return Ok(TokenKey::Rsa(modulus, exponent));
    }
    let beside = [Attribute::Class(ObjectClass::PUBLIC_KEY), Attribute::KeyType(key_type), Attribute::Id(id)];
    let public = *session.find_objects(&beside).map_err(failed)?.first().ok_or_else(no_public)?;
    let (mut params, mut point) = (Vec::new(), Vec::new());
    for attribute in
        session.get_attributes(public, &[AttributeType::EcParams, AttributeType::EcPoint]).map_err(failed)?
    {
        match attribute {
            Attribute::EcParams(found) => params = found,
            Attribute::EcPoint(found) => point = found,
            _ => {}
        }
    }
    // The point is a DER octet string, except where a token leaves that out.
    let point = match point.as_slice() {
        [0x04, length, rest @ ..] if usize::from(*length) == rest.len() => rest,
        bare => bare,
    };
    match (<[u8; 32]>::try_from(point), point.first()) {
        (Ok(point), _) if ED25519.contains(&params.as_slice()) => Ok(TokenKey::Ed25519(point)),
        (_, Some(4)) if params == P256 && point.len() == 65 => Ok(TokenKey::P256(point.to_vec())),
        _ => Err(kind(key_type.to_string())),
    }
}
