//! Checksums that FIPS 140 wants beside a library: they are verified against the file that they protect.
//!
//! Two forms: an HMAC (`.libssl.so.3.hmac`, `.vmlinuz-5.14.hmac`), as it is or in hexadecimal, whose key is one of a
//! few published ones, and NSS's `.chk`, which carries a key and an HMAC, or a public key and a DSA signature.

use dsa::signature::hazmat::PrehashVerifier;
use dsa::{BigUint, Components, Signature, VerifyingKey};
use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// Keys that programs verify their own checksum with: fipscheck, GnuTLS, nettle, OpenSSL 1.0; OpenSSL 1.1;
/// hmaccalc and libkcapi, for kernels too; libgcrypt.
const KEYS: [&[u8]; 4] = [
    b"orboDeJITITejsirpADONivirpUkvarP",
    b"ppaksykemnsecgtsttplmamstKMEs",
    b"FIPS-FTW-RHT2009",
    b"What am I, a doctor or a moonshuttle conductor?",
];

/// Words of one file that may be checksums: each is tried with all keys.
const MOST: usize = 16;

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

/// What a checksum's file says beside the checksum, if that is right for the file that it protects; `None` if it is
/// not, or of no known form.
pub(crate) fn verified(checksum: &[u8], file: &[u8]) -> Option<Vec<u8>> {
    if checksum.starts_with(&[0xf1, 0xc5]) {
        return nss(checksum, file)?.then(Vec::new);
    }
    if is_right(checksum, file) {
        return Some(Vec::new());
    }
    // One word of the text: alone, before a path, or after `hmac =` in a section of an INI file.
    let text = str::from_utf8(checksum).ok()?;
    let candidates = text.split_ascii_whitespace().filter_map(|word| Some((word, unhex(word)?)));
    let (word, _) = candidates.take(MOST).find(|(_, value)| is_right(value, file))?;
    Some(text.replacen(word, "", 1).into_bytes())
}

fn is_right(expected: &[u8], file: &[u8]) -> bool {
    KEYS.iter().any(|key| match expected.len() {
        20 => mac::<Hmac<Sha1>>(key, file, expected),
        32 => mac::<Hmac<Sha256>>(key, file, expected),
        48 => mac::<Hmac<Sha384>>(key, file, expected),
        64 => mac::<Hmac<Sha512>>(key, file, expected),
        _ => false,
    })
}

fn mac<M: Mac + KeyInit>(key: &[u8], file: &[u8], expected: &[u8]) -> bool {
    <M as KeyInit>::new_from_slice(key).is_ok_and(|mac| mac.chain_update(file).verify_slice(expected).is_ok())
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() % 2 != 0 || text.len() < 40 {
        return None;
    }
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

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn openssl(arguments: &[&str]) -> String {
        let output = Command::new("openssl").args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn every_form_and_key_is_verified_as_openssl_makes_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("lib.so");
        std::fs::write(&file, "a library").unwrap();
        for (key, hash) in KEYS.iter().zip(["sha256", "sha1", "sha512", "sha384"]) {
            let key = str::from_utf8(key).unwrap();
            let arguments = ["dgst", &format!("-{hash}"), "-hmac", key, "-r", file.to_str().unwrap()];
            let hex = openssl(&arguments).split_whitespace().next().unwrap().to_owned();
            for (text, beside) in [
                (hex.clone(), ""),
                (format!("{hex}\n"), "\n"),
                (format!("{hex}  /boot/vmlinuz-5.14\n"), "  /boot/vmlinuz-5.14\n"),
                (format!("[global]\nformat-version = 1\n[lib.so]\npath = /usr/lib64/lib.so\nhmac = {hex}\n"),
                    "[global]\nformat-version = 1\n[lib.so]\npath = /usr/lib64/lib.so\nhmac = \n"),
            ] {
                assert_eq!(verified(text.as_bytes(), b"a library").as_deref(), Some(beside.as_bytes()), "{key} {text}");
                assert_eq!(verified(text.as_bytes(), b"another library"), None, "{key} {text}");
            }
            assert_eq!(verified(&unhex(&hex).unwrap(), b"a library"), Some(Vec::new()));
        }
    }

    #[test]
    fn what_is_no_checksum_verifies_nothing() {
        for text in ["", "deadbeef", "no checksum at all", "\u{f1}\u{c5}"] {
            assert_eq!(verified(text.as_bytes(), b"a library"), None);
        }
        assert_eq!(verified(&[0xf1, 0xc5, 0, 0, 0xff, 0xff, 0xff, 0xff], b"a library"), None);
    }

    #[test]
    fn nss_signs_with_a_key_that_it_carries() {
        let mut chk = vec![0xf1, 0xc5, 2, 1, 0, 0, 0, 12, 0x80, 0, 0, 4];
        let key = b"key of the file";
        let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).unwrap().chain_update(b"a library").finalize();
        for item in [&key[..], &mac.into_bytes()] {
            chk.extend((item.len() as u32).to_be_bytes());
            chk.extend(item);
        }
        assert_eq!(verified(&chk, b"a library"), Some(Vec::new()));
        assert_eq!(verified(&chk, b"another library"), None);
    }
}
