//! What a certificate allows: which of its keys may sign, and when.

use pgp::composed::{SignedPublicKey, SignedPublicSubKey};
use pgp::packet::{self, Signature, SignatureType};
use pgp::types::{KeyDetails as _, Tag};

use crate::key::{KeyError, hex};

/// A primary key or subkey that may sign data.
#[derive(Debug)]
pub(crate) struct Key {
    material: Material,
    /// The certificate's fingerprint.
    pub(crate) certificate: String,
    /// First and last second in which it may sign.
    pub(crate) valid: (u32, u32),
    pub(crate) revoked: bool,
}

#[derive(Debug)]
enum Material {
    Primary(packet::PublicKey),
    Subkey(packet::PublicSubkey),
}

impl Key {
    /// Whether the signature says that it is this key's.
    pub(crate) fn made(&self, signature: &Signature) -> bool {
        let (fingerprint, id) = match &self.material {
            Material::Primary(key) => (key.fingerprint(), key.legacy_key_id()),
            Material::Subkey(key) => (key.fingerprint(), key.legacy_key_id()),
        };
        let fingerprints = signature.issuer_fingerprint();
        if fingerprints.is_empty() {
            return signature.issuer_key_id().contains(&&id);
        }
        fingerprints.contains(&&fingerprint)
    }

    pub(crate) fn verifies(&self, signature: &Signature, data: &[u8]) -> bool {
        match &self.material {
            Material::Primary(key) => signature.verify(key, data).is_ok(),
            Material::Subkey(key) => signature.verify(key, data).is_ok(),
        }
    }
}

/// Takes the primary key and the subkeys that the certificate binds.
pub(crate) fn add_certificate(certificate: &SignedPublicKey, keys: &mut Vec<Key>) -> Result<(), KeyError> {
    let primary = &certificate.primary_key;
    let fingerprint = hex(primary.fingerprint().as_bytes());
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
        .ok_or_else(|| KeyError::Unbound(fingerprint.clone()))?;
    let revocations = &certificate.details.revocation_signatures;
    let revoked = revocations.iter().any(|signature| signature.verify_key(primary).is_ok());
    let valid = validity(primary.created_at().as_secs(), own);
    keys.push(Key {
        material: Material::Primary(primary.clone()),
        certificate: fingerprint.clone(),
        valid,
        revoked,
    });
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
    Ok(())
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
