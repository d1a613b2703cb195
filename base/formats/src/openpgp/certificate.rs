//! What a certificate allows: which of its keys may sign, and when.

use pgp::composed::{Deserializable as _, SignedPublicKey, SignedPublicSubKey};
use pgp::packet::{self, Signature, SignatureType};
use pgp::types::{Fingerprint, KeyDetails, KeyId, Tag};

use crate::checksum;

/// A certificate can't be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// The content is no OpenPGP certificate, or a damaged one.
    #[error("not an armoured OpenPGP certificate (public key)")]
    Malformed(#[source] Box<pgp::errors::Error>),
    /// There is nothing like a certificate in it.
    #[error("there is no OpenPGP certificate (public key) in it: `gpg --export --armor` writes one")]
    Missing,
    /// The certificate has no valid signature of its own.
    #[error("the certificate {0} has no valid signature of its own on any of its user ids")]
    Unbound(String),
}

/// A primary key or subkey that may sign data.
#[derive(Debug)]
pub struct Key {
    material: Material,
    certificate: String,
    valid: (u32, u32),
    revoked: bool,
}

#[derive(Debug)]
enum Material {
    Primary(packet::PublicKey),
    Subkey(packet::PublicSubkey),
}

impl Key {
    /// Fingerprint of the certificate that it belongs to: upper-case hexadecimal digits.
    #[must_use]
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// Its own key id, by which rpm names signers: 16 lower-case hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> String {
        checksum::hex(self.names().1.as_ref())
    }

    /// First and last second in which it may sign (Unix seconds); `u32::MAX` if it never expires.
    #[must_use]
    pub fn valid(&self) -> (u32, u32) {
        self.valid
    }

    /// Whether its owner has withdrawn it, or the certificate.
    #[must_use]
    pub fn is_revoked(&self) -> bool {
        self.revoked
    }

    fn names(&self) -> (Fingerprint, KeyId) {
        match &self.material {
            Material::Primary(key) => (key.fingerprint(), key.legacy_key_id()),
            Material::Subkey(key) => (key.fingerprint(), key.legacy_key_id()),
        }
    }

    /// Whether the signature says that it is this key's.
    pub(super) fn made(&self, signature: &Signature) -> bool {
        let (fingerprint, id) = self.names();
        let fingerprints = signature.issuer_fingerprint();
        if fingerprints.is_empty() {
            return signature.issuer_key_id().contains(&&id);
        }
        fingerprints.contains(&&fingerprint)
    }

    pub(super) fn verifies(&self, signature: &Signature, data: &[u8]) -> bool {
        match &self.material {
            Material::Primary(key) => signature.verify(key, data).is_ok(),
            Material::Subkey(key) => signature.verify(key, data).is_ok(),
        }
    }
}

/// The certificates of one block, armoured or binary. Nothing of them is verified: [`signing_keys`] does that.
///
/// # Errors
/// What begins like no such block; and in place of a certificate, one that can't be parsed.
pub fn certificates(
    block: &[u8],
) -> Result<impl Iterator<Item = Result<SignedPublicKey, CertificateError>>, CertificateError> {
    let malformed = |error| CertificateError::Malformed(Box::new(error));
    let (found, _) = SignedPublicKey::from_reader_many_buf(block).map_err(malformed)?;
    Ok(found.map(move |certificate| certificate.map_err(malformed)))
}

/// The keys of a certificate: its primary key first, then the subkeys that it binds and that may sign. None is left out
/// for being expired or revoked.
///
/// # Errors
/// The certificate has no valid signature of its own.
pub fn signing_keys(certificate: &SignedPublicKey) -> Result<Vec<Key>, CertificateError> {
    let primary = &certificate.primary_key;
    let fingerprint = fingerprint(primary);
    let own = certificate
        .details
        .users
        .iter()
        .flat_map(|user| user.signatures.iter().map(move |signature| (user, signature)))
        .filter(|(_, signature)| signature.typ() != Some(SignatureType::CertRevocation))
        .filter(|(user, signature)| signature.verify_certification(primary, Tag::UserId, &user.id).is_ok())
        .map(|(_, signature)| signature);
    let direct = certificate.details.direct_signatures.iter();
    let own = latest(own.chain(direct.filter(|signature| signature.verify_key(primary).is_ok())))
        .ok_or_else(|| CertificateError::Unbound(fingerprint.clone()))?;
    let revocations = &certificate.details.revocation_signatures;
    let revoked = revocations.iter().any(|signature| signature.verify_key(primary).is_ok());
    let valid = validity(primary.created_at().as_secs(), own);
    let mut keys = vec![Key {
        material: Material::Primary(primary.clone()),
        certificate: fingerprint.clone(),
        valid,
        revoked,
    }];
    for subkey in &certificate.public_subkeys {
        let Some(binding) = signing_binding(subkey, primary) else { continue };
        let (from, until) = validity(subkey.created_at().as_secs(), binding);
        let withdrawn = of_type(subkey, SignatureType::SubkeyRevocation)
            .any(|signature| signature.verify_subkey_binding(primary, &subkey.key).is_ok());
        keys.push(Key {
            material: Material::Subkey(subkey.key.clone()),
            certificate: fingerprint.clone(),
            valid: (from, until.min(valid.1)),
            revoked: revoked || withdrawn,
        });
    }
    Ok(keys)
}

/// The fingerprint of a key: upper-case hexadecimal digits, 40 of them if it is of version 4.
pub fn fingerprint(key: &impl KeyDetails) -> String {
    hex(key.fingerprint().as_bytes())
}

/// Upper-case hexadecimal digits, as OpenPGP's tools write fingerprints.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    checksum::hex(bytes).to_ascii_uppercase()
}

/// The binding of a subkey that may sign, confirmed by the subkey itself.
fn signing_binding<'a>(subkey: &'a SignedPublicSubKey, primary: &packet::PublicKey) -> Option<&'a Signature> {
    let bindings = of_type(subkey, SignatureType::SubkeyBinding)
        .filter(|signature| signature.verify_subkey_binding(primary, &subkey.key).is_ok());
    latest(bindings).filter(|binding| {
        let confirmed = binding.embedded_signature();
        binding.key_flags().sign()
            && confirmed.is_some_and(|back| back.verify_primary_key_binding(&subkey.key, primary).is_ok())
    })
}

fn of_type(subkey: &SignedPublicSubKey, kind: SignatureType) -> impl Iterator<Item = &Signature> {
    subkey.signatures.iter().filter(move |signature| signature.typ() == Some(kind))
}

fn latest<'a>(signatures: impl Iterator<Item = &'a Signature>) -> Option<&'a Signature> {
    signatures.max_by_key(|signature| signature.created())
}

/// The seconds in which a key may sign.
fn validity(created: u32, binding: &Signature) -> (u32, u32) {
    let lifetime = binding.key_expiration_time().map_or(0, |time| time.as_secs());
    (created, if lifetime == 0 { u32::MAX } else { created.saturating_add(lifetime) })
}
