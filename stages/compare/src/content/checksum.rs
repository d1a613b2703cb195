//! Checksums that FIPS 140 wants beside a library: they are verified against the file that they protect.
//!
//! Two forms: an HMAC in hexadecimal (`.libssl.so.3.hmac`, `.vmlinuz-5.14.hmac`), whose key is one of a few
//! published ones, and NSS's `.chk`, which carries a key and an HMAC, or a public key and a DSA signature.

use dsa::signature::hazmat::PrehashVerifier;
use dsa::{BigUint, Components, Signature, VerifyingKey};
use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// Bytes of a number in an NSS checksum; its keys have 3072 bits at most, and arithmetic with longer ones
/// takes its time.
const LONGEST: usize = 512;

/// Keys that programs verify their own checksum with: fipscheck, libgcrypt, GnuTLS and nettle; OpenSSL 1.1
/// on Enterprise Linux; hmaccalc, for kernels.
const KEYS: [&[u8]; 4] = [
    b"orboDeJITITejsirpADONivirpUkvarP",
    b"ppaksykemnsecgtsttplmamstKEMls",
    b"FIPS-FTW-RHEL2009",
    b"What am I, a doctor or a moonshine-maker?",
];

/// Where a checksum's file can be: beside it, or where programs and libraries are.
pub(crate) fn targets(path: &str) -> Vec<String> {
    let Some((dir, name)) = path.rsplit_once('/') else { return Vec::new() };
    if let Some(library) = name.strip_suffix(".chk") {
        return vec![format!("{dir}/{library}.so")];
    }
    let Some(name) = name.strip_suffix(".hmac") else { return Vec::new() };
    let name = name.strip_prefix('.').unwrap_or(name);
    let parent = dir.strip_suffix("/fipscheck").unwrap_or(dir);
    [parent, "/usr/bin", "/usr/sbin", "/boot"].iter().map(|dir| format!("{dir}/{name}")).collect()
}

/// Whether this is the checksum of that file; `None` if it is of no known form.
pub(crate) fn verifies(checksum: &[u8], file: &[u8]) -> Option<bool> {
    if checksum.starts_with(&[0xf1, 0xc5]) {
        return nss(checksum, file);
    }
    let text = str::from_utf8(checksum).ok()?;
    let expected = unhex(text.split_ascii_whitespace().next()?)?;
    let right = |key: &&[u8]| match expected.len() {
        20 => mac::<Hmac<Sha1>>(key, file, &expected),
        32 => mac::<Hmac<Sha256>>(key, file, &expected),
        48 => mac::<Hmac<Sha384>>(key, file, &expected),
        64 => mac::<Hmac<Sha512>>(key, file, &expected),
        _ => false,
    };
    matches!(expected.len(), 20 | 32 | 48 | 64).then(|| KEYS.iter().any(right))
}

fn mac<M: Mac + KeyInit>(key: &[u8], file: &[u8], expected: &[u8]) -> bool {
    <M as KeyInit>::new_from_slice(key).is_ok_and(|mac| mac.chain_update(file).verify_slice(expected).is_ok())
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    Some(digits?.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}

/// NSS's form: magic, version, offset of the data and type; then items, each with its length before it.
fn nss(checksum: &[u8], file: &[u8]) -> Option<bool> {
    let number = |at: usize| Some(u32::from_be_bytes(*checksum.get(at..)?.first_chunk()?));
    let (mut rest, kind) = (checksum.get(number(4)? as usize..)?, number(8)?);
    let mut items = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let (item, after) = after.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        if item.len() > LONGEST || items.len() > 5 {
            return None;
        }
        items.push(item);
        rest = after;
    }
    const HMAC: u32 = 0x8000_0000;
    match items[..] {
        [key, expected] if kind & HMAC != 0 => Some(match kind & !0xff00_0000 {
            3 => mac::<Hmac<Sha1>>(key, file, expected),
            4 => mac::<Hmac<Sha256>>(key, file, expected),
            5 => mac::<Hmac<Sha384>>(key, file, expected),
            6 => mac::<Hmac<Sha512>>(key, file, expected),
            _ => return None,
        }),
        [p, q, g, y, signature] => {
            let number = BigUint::from_bytes_be;
            let components = Components::from_components(number(p), number(q), number(g)).ok()?;
            let key = VerifyingKey::from_components(components, number(y)).ok()?;
            let (r, s) = signature.split_at_checked(signature.len() / 2)?;
            let signature = Signature::from_components(number(r), number(s)).ok()?;
            let digest = match number(q).bits() {
                160 => Sha1::digest(file).to_vec(),
                256 => Sha256::digest(file).to_vec(),
                _ => return None,
            };
            Some(key.verify_prehash(&digest, &signature).is_ok())
        }
        _ => None,
    }
}
