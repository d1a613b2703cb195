//! Keys that are not in this process: opened beside their certificate, and given one.

use heirloom_formats::openpgp::{self, CertificateError, certificates, signing_keys};
use heirloom_model::{KeySource, Pkcs11Uri};
use pgp::composed::{SignedKeyDetails, SignedPublicKey};
use pgp::crypto::public_key::PublicKeyAlgorithm;
use pgp::packet::{self, PubKeyInner, UserId};
use pgp::ser::Serialize as _;
use pgp::types::{
    EddsaLegacyPublicParams, KeyDetails as _, KeyVersion, Mpi, PacketHeaderVersion, PublicParams,
    RsaPublicParams, Timestamp,
};

use crate::holder::agent::Agent;
use crate::holder::remote::Remote;
use crate::holder::token::{Token, TokenKey};
use crate::holder::{Device, Holder, HolderError, Outside};
use crate::key::{KeyError, SecretKey, certify};

impl SecretKey {
    /// Opens a key wherever it is. `certificate` is its public key, armoured or binary: one that a file needs not,
    /// and everything else does. Only the primary key signs.
    ///
    /// # Errors
    /// What [`SecretKey::load`] refuses; a certificate that is missing, or another key's; a holder that can't be
    /// reached, does not have the key, or can't be unlocked.
    pub fn open(source: &KeySource, certificate: Option<&[u8]>) -> Result<Self, KeyError> {
        let certificate = certificate.map(read_certificate).transpose()?;
        let needed = || KeyError::NoCertificate(source.to_string());
        let holder = match source {
            KeySource::File(path) => {
                let key = Self::load(path)?;
                if let Some(certificate) = certificate {
                    let expected = openpgp::fingerprint(&certificate.primary_key);
                    same(source, &expected, key.fingerprint())?;
                }
                return Ok(key);
            }
            KeySource::GpgAgent { fingerprint, socket } => {
                let certificate = certificate.as_ref().ok_or_else(needed)?;
                let expected = openpgp::fingerprint(&certificate.primary_key);
                same(source, &expected, fingerprint)?;
                Holder::Device(Device::Agent(Agent::open(socket.as_deref(), &certificate.primary_key)?))
            }
            KeySource::Pkcs11(uri) => {
                let certificate = certificate.as_ref().ok_or_else(needed)?;
                let token = Token::open(uri).map_err(HolderError::from)?;
                let (_, public) = params(&token)?;
                if !same_numbers(&public, certificate.primary_key.public_params()) {
                    let expected = openpgp::fingerprint(&certificate.primary_key);
                    let found = token.public().to_string();
                    return Err(KeyError::OtherKey { source_name: source.to_string(), expected, found });
                }
                Holder::Device(Device::Token(Box::new(token)))
            }
            KeySource::Signer(socket) => {
                if certificate.is_none() {
                    return Err(needed());
                }
                Holder::Remote(Remote::open(socket).map_err(HolderError::from)?)
            }
        };
        Ok(Self::new(certificate.ok_or_else(needed)?, holder))
    }

    /// A key on a token, with a new certificate that the token signs: for this user id (`Name <mail>`), as if
    /// created at this time (Unix seconds). The same arguments give the same fingerprint.
    ///
    /// # Errors
    /// A token that can't be used, a time that OpenPGP can't express.
    pub fn certify_token(uri: &Pkcs11Uri, user_id: &str, created: u64) -> Result<Self, KeyError> {
        let created = Timestamp::from_secs(u32::try_from(created).map_err(|_| KeyError::Time(created))?);
        let token = Token::open(uri).map_err(HolderError::from)?;
        let (algorithm, public) = params(&token)?;
        let inner = PubKeyInner::new(KeyVersion::V4, algorithm, created, None, public)?;
        let primary = packet::PublicKey::from_inner(inner)?;
        let user_id = UserId::from_str(PacketHeaderVersion::New, user_id)?;
        let device = Device::Token(Box::new(token));
        let binding = {
            let key = Outside::new(&primary, &device);
            certify(&key, &primary, &user_id, created).map_err(|error| key.told::<KeyError>(error))?
        };
        let users = vec![user_id.into_signed(binding)];
        let details = SignedKeyDetails::new(Vec::new(), Vec::new(), users, Vec::new());
        let certificate = SignedPublicKey::new(primary, details, Vec::new());
        // Whether the token really signed with the key that it shows.
        signing_keys(&certificate)?;
        Ok(Self::new(certificate, Holder::Device(device)))
    }
}

/// The first certificate of an armoured or binary block.
fn read_certificate(bytes: &[u8]) -> Result<SignedPublicKey, CertificateError> {
    let certificate = certificates(bytes)?.next().ok_or(CertificateError::Missing)??;
    signing_keys(&certificate)?;
    Ok(certificate)
}

fn same(source: &KeySource, expected: &str, found: &str) -> Result<(), KeyError> {
    if expected == found {
        return Ok(());
    }
    let (expected, found) = (expected.to_owned(), found.to_owned());
    Err(KeyError::OtherKey { source_name: source.to_string(), expected, found })
}

/// A token's key, as OpenPGP v4 has it.
fn params(token: &Token) -> Result<(PublicKeyAlgorithm, PublicParams), KeyError> {
    match token.public() {
        TokenKey::Rsa(modulus, exponent) => {
            let mut bytes = Vec::new();
            Mpi::from_slice(modulus).to_writer(&mut bytes)?;
            Mpi::from_slice(exponent).to_writer(&mut bytes)?;
            let params = RsaPublicParams::try_from_reader(bytes.as_slice())?;
            Ok((PublicKeyAlgorithm::RSA, PublicParams::RSA(params)))
        }
        TokenKey::Ed25519(point) => {
            let unfit = |_| HolderError::from(token.unfit("a point on the curve"));
            let key = ed25519_dalek::VerifyingKey::from_bytes(point).map_err(unfit)?;
            let params = PublicParams::EdDSALegacy(EddsaLegacyPublicParams::Ed25519 { key });
            Ok((PublicKeyAlgorithm::EdDSALegacy, params))
        }
        TokenKey::P256(_) => Err(HolderError::from(token.unfit("RSA or Ed25519")).into()),
    }
}

/// Whether two keys are one: Ed25519 has two forms in OpenPGP.
fn same_numbers(one: &PublicParams, other: &PublicParams) -> bool {
    match (one, other) {
        (
            PublicParams::EdDSALegacy(EddsaLegacyPublicParams::Ed25519 { key }),
            PublicParams::Ed25519(params),
        ) => *key == params.key,
        _ => one == other,
    }
}
