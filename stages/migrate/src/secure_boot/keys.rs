//! Certificates (X.509), and lists of them as firmware keeps them.

use der::{Decode as _, Encode as _};
use rsa::pkcs1::DecodeRsaPublicKey as _;
use rsa::{Pkcs1v15Sign, RsaPublicKey};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// Largest certificate.
const LARGEST: usize = 64 << 10;
/// Certificates that are taken from a list.
const MOST: usize = 1000;
/// EFI_CERT_X509_GUID, as it lies in memory.
const X509: [u8; 16] =
    [0xa1, 0x59, 0xc0, 0xa5, 0xe4, 0x94, 0xa7, 0x4a, 0x87, 0xb5, 0xab, 0x15, 0x5c, 0x2b, 0xf0, 0x72];

/// How a digest is marked in an RSA signature (RFC 8017, 9.2, notes).
const fn mark(algorithm: u8, length: u8) -> [u8; 19] {
    [
        0x30,
        length + 17,
        0x30,
        0x0d,
        0x06,
        0x09,
        0x60,
        0x86,
        0x48,
        0x01,
        0x65,
        0x03,
        0x04,
        0x02,
        algorithm,
        0x05,
        0x00,
        0x04,
        length,
    ]
}

/// A certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// It in DER.
    pub der: Vec<u8>,
    /// Whose it is: `CN=Kestrel Secure Boot CA,O=Kestrel`.
    pub subject: String,
    /// SHA-256 of its DER, in hexadecimal digits.
    pub fingerprint: String,
    pub(super) content: x509_cert::Certificate,
}

impl Certificate {
    /// Reads one; none if it is none.
    #[must_use]
    pub fn read(der: &[u8]) -> Option<Self> {
        match der.len() {
            0..=LARGEST => Self::new(x509_cert::Certificate::from_der(der).ok()?),
            _ => None,
        }
    }

    pub(super) fn new(content: x509_cert::Certificate) -> Option<Self> {
        let der = content.to_der().ok()?;
        let fingerprint = Sha256::digest(&der).iter().map(|byte| format!("{byte:02x}")).collect();
        Some(Self { subject: content.tbs_certificate.subject.to_string(), fingerprint, der, content })
    }

    /// Whether another one certified it: names fit, and the signature is good.
    pub(super) fn is_certified_by(&self, issuer: &Self) -> bool {
        let (own, other) = (&self.content.tbs_certificate, &issuer.content.tbs_certificate);
        let (Ok(signed), Some(signature)) = (own.to_der(), self.content.signature.as_bytes()) else {
            return false;
        };
        own.issuer == other.subject
            && issuer.has_signed(&self.content.signature_algorithm.oid.to_string(), &signed, signature)
    }

    /// Whether its key made a signature over some bytes. RSA with SHA-2; others are not good.
    pub(super) fn has_signed(&self, algorithm: &str, bytes: &[u8], signature: &[u8]) -> bool {
        let key = self.content.tbs_certificate.subject_public_key_info.subject_public_key.as_bytes();
        let Some(key) = key.and_then(|key| RsaPublicKey::from_pkcs1_der(key).ok()) else { return false };
        let (mark, digest) = match algorithm {
            // sha256WithRSAEncryption, and rsaEncryption as messages have it, whose digest here is SHA-256.
            "1.2.840.113549.1.1.11" | "1.2.840.113549.1.1.1" => (mark(1, 32), Sha256::digest(bytes).to_vec()),
            "1.2.840.113549.1.1.12" => (mark(2, 48), Sha384::digest(bytes).to_vec()),
            "1.2.840.113549.1.1.13" => (mark(3, 64), Sha512::digest(bytes).to_vec()),
            _ => return false,
        };
        let scheme = Pkcs1v15Sign { hash_len: Some(digest.len()), prefix: mark.into() };
        key.verify(scheme, &digest, signature).is_ok()
    }
}

/// Certificates, in DER, of a list of UEFI's form (EFI_SIGNATURE_LIST, UEFI 2.10, 32.4.1): the variable `db` without the four bytes that
/// efivarfs puts before it. Other kinds of entries are passed over.
#[must_use]
pub fn certificates_of_list(list: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut rest = list;
    while let Some(head) = rest.get(..28) {
        let word =
            |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]) as usize;
        let (length, header, size) = (word(16), word(20), word(24));
        let (Some(body), true) = (rest.get(28..length), size > 16) else { break };
        if head[..16] == X509 {
            let entries = body.get(header..).unwrap_or_default().chunks_exact(size);
            // Each has its owner before it.
            found.extend(entries.map(|entry| entry[16..].to_vec()).take(MOST.saturating_sub(found.len())));
        }
        rest = &rest[length..];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_and_never_panic() {
        let mut list = X509.to_vec();
        for word in [28 + 20_u32, 0, 20] {
            list.extend(word.to_le_bytes());
        }
        list.extend([7; 16]);
        list.extend(b"cert");
        let twice = [list.clone(), list.clone()].concat();
        assert_eq!(certificates_of_list(&twice), [b"cert", b"cert"]);
        for cut in 0..list.len() {
            assert!(certificates_of_list(&list[..cut]).is_empty());
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(mut bytes in proptest::collection::vec(0_u8..40, 0..200), known in proptest::bool::ANY) {
            if known && bytes.len() > 16 {
                bytes[..16].copy_from_slice(&X509);
            }
            let _ = certificates_of_list(&bytes);
            let _ = Certificate::read(&bytes);
        }
    }
}
