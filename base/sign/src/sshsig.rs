//! SSHSIG: what `ssh-keygen -Y sign` makes (OpenSSH's PROTOCOL.sshsig).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ssh_encoding::Decode as _;
use ssh_key::{Algorithm, HashAlg, PublicKey, Signature, SshSig};

use crate::member::MemberVerifyError;

/// Largest signature, in bytes: RSA's have about two thousand.
const LARGEST: usize = 64 * 1024;
const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
/// Magic and version.
const PREAMBLE: &[u8] = b"SSHSIG\0\0\0\x01";
/// Characters on a line, as ssh-keygen writes them.
const WIDTH: usize = 70;
/// In the flags of a FIDO signature: somebody touched the key.
const PRESENT: u8 = 1;
/// Bytes of flags and counter at the end of a FIDO signature.
const TRAILER: usize = 5;

/// What a key signs for these data.
pub(crate) fn signed(namespace: &str, data: &[u8]) -> ssh_key::Result<Vec<u8>> {
    SshSig::signed_data(namespace, HashAlg::Sha512, data)
}

/// The armour of a signature of [`signed`] bytes. `signature` begins with its algorithm's name.
pub(crate) fn armour(key: &PublicKey, namespace: &str, signature: &[u8]) -> ssh_key::Result<String> {
    let mut blob = PREAMBLE.to_vec();
    for part in [key.to_bytes()?.as_slice(), namespace.as_bytes(), b"", b"sha512", signature] {
        string(&mut blob, part);
    }
    let mut text = format!("{BEGIN}\n");
    let mut line = 0;
    for letter in STANDARD.encode(blob).chars() {
        if line == WIDTH {
            text.push('\n');
            line = 0;
        }
        text.push(letter);
        line += 1;
    }
    Ok(text + "\n" + END + "\n")
}

/// A string of the SSH protocol: its length, then its bytes.
pub(crate) fn string(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(bytes);
}

/// Verifies an armoured signature.
pub(crate) fn verify(
    key: &PublicKey,
    namespace: &str,
    data: &[u8],
    text: &str,
) -> Result<(), MemberVerifyError> {
    if text.len() > LARGEST {
        return Err(MemberVerifyError::Malformed(format!("it has {} bytes", text.len())));
    }
    // As ssh-keygen, it takes lines of any length and with any end.
    let body = text.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END));
    let body: String = body
        .ok_or(MemberVerifyError::Form { expected: "SSH signature" })?
        .chars()
        .filter(|letter| !letter.is_whitespace())
        .collect();
    let malformed = |said: String| MemberVerifyError::Malformed(said);
    let blob = STANDARD.decode(body).map_err(|error| malformed(error.to_string()))?;
    let signature = parse(&blob).map_err(malformed)?;
    let fingerprint = || key.fingerprint(HashAlg::Sha256).to_string();
    if signature.public_key() != key.key_data() {
        return Err(MemberVerifyError::OtherKey {
            expected: fingerprint(),
            found: signature.public_key().fingerprint(HashAlg::Sha256).to_string(),
        });
    }
    if signature.namespace() != namespace {
        return Err(MemberVerifyError::Namespace {
            expected: namespace.to_owned(),
            found: signature.namespace().chars().take(64).collect(),
        });
    }
    key.verify(namespace, data, &signature)
        .map_err(|_| MemberVerifyError::BadSignature { fingerprint: fingerprint() })?;
    match signature.algorithm() {
        Algorithm::SkEd25519 | Algorithm::SkEcdsaSha2NistP256 => {
            let bytes = signature.signature_bytes();
            let flags = bytes.len().checked_sub(TRAILER).and_then(|at| bytes.get(at));
            match flags.is_some_and(|flags| flags & PRESENT != 0) {
                true => Ok(()),
                false => Err(MemberVerifyError::NotTouched { fingerprint: fingerprint() }),
            }
        }
        _ => Ok(()),
    }
}

/// The binary form, in the one way in which it can be written: its parts, and nothing behind them.
fn parse(blob: &[u8]) -> Result<SshSig, String> {
    let rest = blob.strip_prefix(PREAMBLE).ok_or("it is of another version, or no signature at all")?;
    let parts: Vec<_> = Blobs(rest).collect();
    let [key, namespace, [], hash, signature] = parts[..] else {
        return Err("it does not have its five parts".to_owned());
    };
    if rest.len() != parts.iter().map(|part| part.len() + 4).sum::<usize>() {
        return Err("something follows it".to_owned());
    }
    let said = |error: ssh_key::Error| error.to_string();
    let public = PublicKey::from_bytes(key).map_err(said)?;
    if public.to_bytes().map_err(said)? != key {
        return Err("its key is written in a strange way".to_owned());
    }
    let namespace = std::str::from_utf8(namespace).map_err(|error| error.to_string())?;
    let hash = match hash {
        b"sha256" => HashAlg::Sha256,
        b"sha512" => HashAlg::Sha512,
        _ => return Err("its hash is neither sha256 nor sha512".to_owned()),
    };
    let mut left = signature;
    let signature = Signature::decode(&mut left).map_err(said)?;
    if !left.is_empty() {
        return Err("something follows its last part".to_owned());
    }
    SshSig::new(public.key_data().clone(), namespace, hash, signature).map_err(said)
}

/// Strings of the SSH protocol, one behind the other.
pub(crate) struct Blobs<'a>(pub(crate) &'a [u8]);

impl<'a> Iterator for Blobs<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk::<4>()?;
        let (blob, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        self.0 = rest;
        Some(blob)
    }
}
