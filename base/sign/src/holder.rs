//! Who holds a private key, and computes with it.

pub(crate) mod agent;
pub(crate) mod remote;
pub(crate) mod token;

use std::cell::Cell;
use std::fmt;

use heirloom_formats::openpgp::fingerprint;
use pgp::composed::SignedSecretKey;
use pgp::crypto::hash::HashAlgorithm;
use pgp::crypto::public_key::PublicKeyAlgorithm;
use pgp::packet;
use pgp::ser::Serialize as _;
use pgp::types::{
    EddsaLegacyPublicParams, Fingerprint, KeyDetails, KeyId, KeyVersion, Mpi, Password, PublicParams,
    SignatureBytes, SigningKey, Timestamp,
};

use agent::{Agent, AgentError};
use remote::{Remote, RemoteError};
use token::{Token, TokenError};

/// What makes a signature.
pub(crate) enum Holder {
    /// This process.
    Local(Box<SignedSecretKey>),
    /// Something that computes with digests.
    Device(Device),
    /// A signer process, which wants to see what it signs.
    Remote(Remote),
}

/// What holds a key and computes with it.
pub(crate) enum Device {
    /// gpg-agent.
    Agent(Agent),
    /// A PKCS#11 token.
    Token(Box<Token>),
}

/// Whoever holds the key did not sign.
#[derive(Debug, thiserror::Error)]
pub enum HolderError {
    /// gpg-agent did not.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// The token did not.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The signer did not.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// A key of another kind.
    #[error("the key {fingerprint} is neither Ed25519 nor RSA: only these sign from outside of a file")]
    Algorithm {
        /// The certificate.
        fingerprint: String,
    },
    /// It signed with another key.
    #[error("{by} made a signature that the certificate {fingerprint} does not verify: it holds another key")]
    OtherKey {
        /// Who signed.
        by: &'static str,
        /// The certificate.
        fingerprint: String,
    },
}

impl Device {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Agent(_) => "gpg-agent",
            Self::Token(_) => "the token",
        }
    }

    /// RSA PKCS#1 v1.5 of a SHA-256 digest; `size` bytes.
    pub(crate) fn rsa(&self, digest: &[u8], size: usize) -> Result<Vec<u8>, HolderError> {
        let number = match self {
            Self::Agent(agent) => agent.rsa(digest)?,
            Self::Token(token) => token.rsa(digest)?,
        };
        // Leading zeros may be left out.
        let mut padded = vec![0; size.saturating_sub(number.len())];
        padded.extend_from_slice(&number);
        Ok(padded)
    }

    /// Ed25519 of a message; 64 bytes.
    pub(crate) fn ed25519(&self, message: &[u8]) -> Result<Vec<u8>, HolderError> {
        match self {
            Self::Agent(agent) => Ok(agent.ed25519(message)?),
            Self::Token(token) => Ok(token.ed25519(message)?),
        }
    }
}

/// Bytes of an RSA key's modulus.
pub(crate) fn modulus_size(params: &PublicParams) -> usize {
    let PublicParams::RSA(key) = params else { return 0 };
    let bytes = key.to_bytes().unwrap_or_default();
    Mpi::try_from_reader(bytes.as_slice()).map_or(0, |number| number.len())
}

/// A key that is outside of this process, as rPGP signs with it.
pub(crate) struct Outside<'a> {
    public: &'a packet::PublicKey,
    device: &'a Device,
    /// Why it did not sign, since rPGP's errors can't hold ours.
    failure: Cell<Option<HolderError>>,
}

impl<'a> Outside<'a> {
    pub(crate) fn new(public: &'a packet::PublicKey, device: &'a Device) -> Self {
        Self { public, device, failure: Cell::new(None) }
    }

    /// The holder's own reason, or rPGP's.
    pub(crate) fn told<E>(&self, error: pgp::errors::Error) -> E
    where
        E: From<HolderError> + From<pgp::errors::Error>,
    {
        match self.failure.take() {
            Some(failure) => failure.into(),
            None => error.into(),
        }
    }

    fn compute(&self, digest: &[u8]) -> Result<SignatureBytes, HolderError> {
        match self.public.public_params() {
            params @ PublicParams::RSA(_) => {
                let number = self.device.rsa(digest, modulus_size(params))?;
                Ok(SignatureBytes::Mpis(vec![Mpi::from_slice(&number)]))
            }
            PublicParams::EdDSALegacy(EddsaLegacyPublicParams::Ed25519 { .. }) => {
                let signature = self.device.ed25519(digest)?;
                let (r, s) = signature.split_at(signature.len() / 2);
                Ok(SignatureBytes::Mpis(vec![Mpi::from_slice(r), Mpi::from_slice(s)]))
            }
            PublicParams::Ed25519(_) => Ok(SignatureBytes::Native(self.device.ed25519(digest)?.into())),
            _ => Err(HolderError::Algorithm { fingerprint: fingerprint(self.public) }),
        }
    }
}

impl SigningKey for Outside<'_> {
    fn sign(&self, _: &Password, hash: HashAlgorithm, digest: &[u8]) -> pgp::errors::Result<SignatureBytes> {
        if hash != HashAlgorithm::Sha256 {
            return Err(pgp::errors::Error::from(std::io::Error::other("only SHA-256 is signed")));
        }
        self.compute(digest).map_err(|failure| {
            let text = failure.to_string();
            self.failure.set(Some(failure));
            pgp::errors::Error::from(std::io::Error::other(text))
        })
    }

    fn hash_alg(&self) -> HashAlgorithm {
        HashAlgorithm::Sha256
    }
}

impl fmt::Debug for Outside<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} for {:?}", self.device.name(), self.public.fingerprint())
    }
}

impl KeyDetails for Outside<'_> {
    fn version(&self) -> KeyVersion {
        self.public.version()
    }

    fn legacy_key_id(&self) -> KeyId {
        self.public.legacy_key_id()
    }

    fn fingerprint(&self) -> Fingerprint {
        self.public.fingerprint()
    }

    fn algorithm(&self) -> PublicKeyAlgorithm {
        self.public.algorithm()
    }

    fn created_at(&self) -> Timestamp {
        self.public.created_at()
    }

    fn legacy_v3_expiration_days(&self) -> Option<u16> {
        self.public.legacy_v3_expiration_days()
    }

    fn public_params(&self) -> &PublicParams {
        self.public.public_params()
    }
}
