//! A PKCS #7 message of an Authenticode signature.

use cms::cert::CertificateChoices;
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerIdentifier, SignerInfo};
use der::asn1::{Any, AnyRef, ObjectIdentifier, OctetStringRef};
use der::{Encode as _, Reader as _, SliceReader};
use sha2::{Digest as _, Sha256};

use super::keys::Certificate;

/// SPC_INDIRECT_DATA_OBJID: what is signed is a digest of a file.
const INDIRECT: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.2.1.4");
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
/// Longest message.
const LONGEST: usize = 1 << 20;
/// Certificates that are taken from it.
const MOST_CERTIFICATES: usize = 32;

/// A good signature: it is over this file, and its certificate's key made it.
#[derive(Clone, Debug)]
pub struct Signature {
    /// Whose key made it.
    pub signer: Certificate,
    /// All certificates in the message, the signer's among them.
    pub certificates: Vec<Certificate>,
}

impl Signature {
    /// Reads and verifies a message over a file with this digest; else says what is wrong.
    pub(super) fn read(message: &[u8], digest: &[u8; 32]) -> Result<Self, String> {
        let data = signed_data(message)?;
        if data.encap_content_info.econtent_type != INDIRECT {
            return Err("it is not over a program".to_owned());
        }
        let content = data.encap_content_info.econtent.as_ref().ok_or("it is over nothing")?;
        if stated(content).ok_or("what it is over can't be read (only SHA-256 can)")? != digest {
            return Err("the program was changed after it was signed".to_owned());
        }
        let signers = &data.signer_infos.0;
        let (Some(signer), 1) = (signers.get(0), signers.len()) else {
            return Err("it has not exactly one signer".to_owned());
        };
        let certificates = certificates(&data);
        let by = certificates
            .iter()
            .find(|one| is_of(one, &signer.sid))
            .ok_or("its signer's certificate is not in it")?;
        verify(signer, content, by)?;
        Ok(Self { signer: by.clone(), certificates })
    }
}

fn signed_data(message: &[u8]) -> Result<SignedData, String> {
    let bad = |error: der::Error| format!("it is no PKCS #7 message ({error})");
    if message.len() > LONGEST {
        return Err("it is too long".to_owned());
    }
    // Bytes to the next multiple of eight follow.
    let mut reader = SliceReader::new(message).map_err(bad)?;
    let info: ContentInfo = reader.decode().map_err(bad)?;
    match info.content_type == SIGNED_DATA {
        true => info.content.decode_as().map_err(bad),
        false => Err("it is no signed message".to_owned()),
    }
}

/// The digest that is signed: SpcIndirectDataContent is what kind of file it is, then a DigestInfo.
fn stated(content: &Any) -> Option<&[u8]> {
    let mut reader = SliceReader::new(content.value()).ok()?;
    let _kind: AnyRef<'_> = reader.decode().ok()?;
    let info: AnyRef<'_> = reader.decode().ok()?;
    let mut reader = SliceReader::new(info.value()).ok()?;
    let algorithm: AnyRef<'_> = reader.decode().ok()?;
    let digest: OctetStringRef<'_> = reader.decode().ok()?;
    let mut reader = SliceReader::new(algorithm.value()).ok()?;
    let algorithm: ObjectIdentifier = reader.decode().ok()?;
    (algorithm == SHA256).then(|| digest.as_bytes())
}

fn certificates(data: &SignedData) -> Vec<Certificate> {
    let all = data.certificates.iter().flat_map(|set| set.0.iter()).take(MOST_CERTIFICATES);
    all.filter_map(|choice| match choice {
        CertificateChoices::Certificate(certificate) => Certificate::new(certificate.clone()),
        CertificateChoices::Other(_) => None,
    })
    .collect()
}

fn is_of(certificate: &Certificate, id: &SignerIdentifier) -> bool {
    let content = &certificate.content.tbs_certificate;
    match id {
        SignerIdentifier::IssuerAndSerialNumber(id) => {
            content.issuer == id.issuer && content.serial_number == id.serial_number
        }
        SignerIdentifier::SubjectKeyIdentifier(_) => false,
    }
}

/// The signature is over attributes, one of which is the digest of the content; without attributes it is over the content.
fn verify(signer: &SignerInfo, content: &Any, by: &Certificate) -> Result<(), String> {
    if signer.digest_alg.oid != SHA256 {
        return Err(format!("its digest is of the kind {}, not SHA-256", signer.digest_alg.oid));
    }
    let signed = match &signer.signed_attrs {
        None => content.value().to_vec(),
        Some(attributes) => {
            let of = attributes.iter().find(|attribute| attribute.oid == MESSAGE_DIGEST);
            let value = of.and_then(|attribute| attribute.values.get(0)).map(Any::value);
            if value != Some(Sha256::digest(content.value()).as_slice()) {
                return Err("its attributes are of another message".to_owned());
            }
            attributes.to_der().map_err(|error| error.to_string())?
        }
    };
    match by.has_signed(&signer.signature_algorithm.oid.to_string(), &signed, signer.signature.as_bytes()) {
        true => Ok(()),
        false => Err(format!("the key of \"{}\" did not make it", by.subject)),
    }
}
