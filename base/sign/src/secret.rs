//! A member's private key, which signs votes.

use std::path::{Path, PathBuf};

use heirloom_model::KeySource;
use rsa::pkcs1v15::SigningKey;
use rsa::signature::{SignatureEncoding as _, Signer as _};
use rsa::{BigUint, RsaPrivateKey};
use sha2::{Digest as _, Sha256, Sha512};
use ssh_key::private::{KeypairData, RsaKeypair};
use ssh_key::public::{EcdsaPublicKey, Ed25519PublicKey, KeyData, RsaPublicKey};
use ssh_key::{HashAlg, Mpint, PrivateKey, PublicKey};

use crate::file::{bounded, check_private, private_text};
use crate::holder::HolderError;
use crate::holder::token::{Token, TokenKey};
use crate::key::{KeyError, SecretKey};
use crate::member::{MemberKey, MemberKeyError, MemberVerifyError};
use crate::sign::SignError;
use crate::ssh_agent::{SshAgent, SshAgentError};
use crate::sshsig;

/// What opens a member's key, beside the place where it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unlock<'a> {
    /// The OpenPGP certificate of a key in gpg-agent.
    pub certificate: Option<&'a [u8]>,
    /// A file with the passphrase of an OpenSSH private key.
    pub passphrase: Option<&'a Path>,
    /// The socket of ssh-agent, for a file with a *public* SSH key, or a private one with a passphrase.
    pub ssh_agent: Option<&'a Path>,
}

/// A member's private key.
pub struct MemberSecret {
    fingerprint: String,
    key: Key,
}

enum Key {
    OpenPgp(Box<SecretKey>),
    Ssh(Box<PrivateKey>),
    Agent(Box<SshAgent>),
    Token(Box<Token>, PublicKey),
}

/// A member's private key can't be used.
#[derive(Debug, thiserror::Error)]
pub enum MemberSecretError {
    /// It can't be read, or is held by something that does not answer.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A file that is no key.
    #[error(
        "{path} is no private key: expected an armoured OpenPGP key, or one of OpenSSH (`ssh-keygen -p -f {path}` \
             converts older forms)"
    )]
    Unknown {
        /// The file.
        path: PathBuf,
    },
    /// A key of OpenSSH that can't be parsed.
    #[error("{path} is not a well formed OpenSSH key: {said}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What the parser said.
        said: String,
    },
    /// It has a passphrase.
    #[error(
        "{path} is protected by a passphrase: give the file of the passphrase, or `ssh-add` it to ssh-agent"
    )]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The passphrase is another one's.
    #[error("the passphrase in {file} does not open {path}")]
    WrongPassphrase {
        /// The file of the key.
        path: PathBuf,
        /// The file of the passphrase.
        file: PathBuf,
    },
    /// A public key, or the handle of a FIDO device, and nothing that holds the private one.
    #[error("the private key of {path} is elsewhere: `ssh-add` it, and set SSH_AUTH_SOCK")]
    Elsewhere {
        /// The file.
        path: PathBuf,
    },
    /// A key that members may not have.
    #[error("{place} can't sign votes")]
    Unfit {
        /// Where it is.
        place: String,
        /// Why.
        source: MemberKeyError,
    },
    /// ssh-agent does not sign.
    #[error(transparent)]
    SshAgent(#[from] SshAgentError),
    /// The OpenPGP signature failed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// What was made does not hold.
    #[error("the signature that was made does not hold")]
    Wrong(#[from] MemberVerifyError),
    /// The SSH implementation failed.
    #[error("SSH operation failed")]
    Ssh(#[from] ssh_key::Error),
}

impl From<HolderError> for MemberSecretError {
    fn from(error: HolderError) -> Self {
        Self::Key(error.into())
    }
}

impl MemberSecret {
    /// Opens a key: a file (armoured OpenPGP without passphrase, or OpenSSH), a public SSH key whose private one
    /// is in ssh-agent, an OpenPGP key in gpg-agent, or a PKCS#11 token, which then makes SSH signatures.
    ///
    /// # Errors
    /// A file that others can read, a passphrase that is missing or wrong, a holder that does not have the key.
    pub fn open(source: &KeySource, unlock: Unlock<'_>) -> Result<Self, MemberSecretError> {
        let key = match source {
            KeySource::File(path) => from_file(path, unlock)?,
            KeySource::Pkcs11(uri) => {
                let token = Token::open(uri).map_err(HolderError::from)?;
                let public = ssh_public(token.public())?;
                Key::Token(Box::new(token), public)
            }
            KeySource::GpgAgent { .. } | KeySource::Signer(_) => {
                Key::OpenPgp(Box::new(SecretKey::open(source, unlock.certificate)?))
            }
        };
        let public = match &key {
            Key::OpenPgp(openpgp) => return Ok(Self { fingerprint: openpgp.fingerprint().to_owned(), key }),
            Key::Ssh(ssh) => ssh.public_key(),
            Key::Agent(agent) => &agent.key,
            Key::Token(_, public) => public,
        };
        let fitting = MemberKey::of_ssh(public.clone())
            .map_err(|error| MemberSecretError::Unfit { place: source.to_string(), source: error })?;
        Ok(Self { fingerprint: fitting.fingerprint().to_owned(), key })
    }

    /// As [`MemberKey::fingerprint`].
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The public key, in the form that [`MemberKey::parse`] reads.
    ///
    /// # Errors
    /// None that opening would have let through.
    pub fn public(&self) -> Result<String, MemberSecretError> {
        let public = match &self.key {
            Key::OpenPgp(key) => return Ok(key.public_armoured()?),
            Key::Ssh(key) => key.public_key(),
            Key::Agent(agent) => &agent.key,
            Key::Token(_, public) => public,
        };
        Ok(public.to_openssh()? + "\n")
    }

    /// An armoured signature of these data, OpenPGP or SSHSIG as the key is. `time` (Unix seconds) goes into those of
    /// OpenPGP, `namespace` into those of SSH.
    ///
    /// # Errors
    /// A holder that does not sign.
    pub fn sign(&self, namespace: &str, data: &[u8], time: u64) -> Result<String, MemberSecretError> {
        let signed = sshsig::signed(namespace, data)?;
        let (public, signature) = match &self.key {
            Key::OpenPgp(key) => return Ok(key.sign_detached(data, time)?),
            Key::Ssh(key) => {
                let signature = match key.key_data() {
                    KeypairData::Rsa(pair) => by_rsa(pair, &signed)?,
                    _ => key.sign(namespace, HashAlg::Sha512, data)?.signature().clone().try_into()?,
                };
                (key.public_key(), signature)
            }
            Key::Agent(agent) => (&agent.key, agent.sign(&signed)?),
            Key::Token(token, public) => (public, by_token(token, &signed)?),
        };
        let text = sshsig::armour(public, namespace, &signature)?;
        // What others made is looked at before it is taken for a signature.
        sshsig::verify(public, namespace, data, &text)?;
        Ok(text)
    }
}

fn from_file(path: &Path, unlock: Unlock<'_>) -> Result<Key, MemberSecretError> {
    let bytes = bounded(path)?;
    let malformed = |error: ssh_key::Error| MemberSecretError::Malformed {
        path: path.to_owned(),
        said: error.to_string(),
    };
    let text =
        std::str::from_utf8(&bytes).map_err(|_| MemberSecretError::Unknown { path: path.to_owned() })?;
    if text.contains("-----BEGIN PGP") {
        return Ok(Key::OpenPgp(Box::new(SecretKey::load(path)?)));
    }
    let elsewhere = |key: PublicKey| match unlock.ssh_agent {
        Some(socket) => Ok(Key::Agent(Box::new(SshAgent::open(socket, key)?))),
        None => Err(MemberSecretError::Elsewhere { path: path.to_owned() }),
    };
    if !text.contains("-----BEGIN OPENSSH PRIVATE KEY-----") {
        let public = PublicKey::from_openssh(text.trim());
        return elsewhere(public.map_err(|_| MemberSecretError::Unknown { path: path.to_owned() })?);
    }
    let mut key = PrivateKey::from_openssh(&**bytes).map_err(malformed)?;
    check_private(path)?;
    if key.is_encrypted() {
        let Some(file) = unlock.passphrase else {
            let public = key.public_key().clone();
            let locked = || Err(MemberSecretError::Locked { path: path.to_owned() });
            return if unlock.ssh_agent.is_some() { elsewhere(public) } else { locked() };
        };
        let passphrase = private_text(file, "passphrase")?;
        key = key.decrypt(passphrase.trim_end_matches(['\r', '\n'])).map_err(|_| {
            MemberSecretError::WrongPassphrase { path: path.to_owned(), file: file.to_owned() }
        })?;
    }
    // Of a key in a FIDO device, the file has only the handle.
    match key.public_key().key_data() {
        KeyData::SkEd25519(_) | KeyData::SkEcdsaSha2NistP256(_) => elsewhere(key.public_key().clone()),
        _ => Ok(Key::Ssh(Box::new(key))),
    }
}

/// A token's key, as SSH has it.
fn ssh_public(key: &TokenKey) -> Result<PublicKey, MemberSecretError> {
    let data = match key {
        TokenKey::Rsa(modulus, exponent) => KeyData::Rsa(RsaPublicKey {
            e: Mpint::from_positive_bytes(exponent)?,
            n: Mpint::from_positive_bytes(modulus)?,
        }),
        TokenKey::Ed25519(point) => KeyData::Ed25519(Ed25519PublicKey(*point)),
        TokenKey::P256(point) => KeyData::Ecdsa(EcdsaPublicKey::from_sec1_bytes(point)?),
    };
    Ok(PublicKey::from(data))
}

/// The library's own way from one form of an RSA key to the other takes a prime twice.
fn by_rsa(pair: &RsaKeypair, data: &[u8]) -> Result<Vec<u8>, MemberSecretError> {
    let number =
        |number: &Mpint| number.as_positive_bytes().map(BigUint::from_bytes_be).ok_or(ssh_key::Error::Crypto);
    let private = &pair.private;
    let key = RsaPrivateKey::from_components(
        number(&pair.public.n)?,
        number(&pair.public.e)?,
        number(&private.d)?,
        vec![number(&private.p)?, number(&private.q)?],
    );
    let key = SigningKey::<ssh_key::sha2::Sha512>::new(key.map_err(|_| ssh_key::Error::Crypto)?);
    Ok(named("rsa-sha2-512", &key.sign(data).to_vec()))
}

/// An SSH signature that begins with its algorithm's name.
fn named(algorithm: &str, bytes: &[u8]) -> Vec<u8> {
    let mut signature = Vec::new();
    sshsig::string(&mut signature, algorithm.as_bytes());
    sshsig::string(&mut signature, bytes);
    signature
}

fn by_token(token: &Token, data: &[u8]) -> Result<Vec<u8>, MemberSecretError> {
    let (name, bytes) = match token.public() {
        TokenKey::Rsa(..) => ("rsa-sha2-512", token.rsa(&Sha512::digest(data)).map_err(HolderError::from)?),
        TokenKey::Ed25519(_) => ("ssh-ed25519", token.ed25519(data).map_err(HolderError::from)?),
        TokenKey::P256(_) => {
            let both = token.ecdsa(&Sha256::digest(data)).map_err(HolderError::from)?;
            let (r, s) = both.split_at(both.len() / 2);
            let mut bytes = Vec::new();
            for number in [r, s] {
                sshsig::string(&mut bytes, Mpint::from_positive_bytes(number)?.as_bytes());
            }
            ("ecdsa-sha2-nistp256", bytes)
        }
    };
    Ok(named(name, &bytes))
}
