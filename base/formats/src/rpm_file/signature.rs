//! What the signature header names a package and its signer by. Nothing is verified here.

use super::{Header, tag};
use crate::checksum;

/// Bytes of an MD5.
const MD5: usize = 16;

impl Header {
    /// The SIGMD5 tag, over header and payload, as 32 lower-case hexadecimal digits. Koji and mock name packages by
    /// it; it proves nothing. Absent in packages made without it.
    #[must_use]
    pub fn sigmd5(&self) -> Option<String> {
        self.signature.raw(tag::SIG_MD5).filter(|bytes| bytes.len() == MD5).map(checksum::hex)
    }

    /// The id of the key that signed it, as rpm shows it: 16 lower-case hexadecimal digits. Of several signatures,
    /// that over header and payload comes first, which is the one that mock looks at.
    #[must_use]
    pub fn signing_key(&self) -> Option<String> {
        let tags = [tag::SIG_PGP, tag::SIG_GPG, tag::SIG_RSA, tag::SIG_DSA];
        tags.iter().find_map(|number| key_id(self.signature.raw(*number)?))
    }
}

/// The issuer of an OpenPGP signature packet (RFC 9580, 5.2).
pub(super) fn key_id(packet: &[u8]) -> Option<String> {
    let body = body(packet)?;
    match body.first()? {
        3 => body.get(7..15).map(checksum::hex),
        4 => {
            let (hashed, rest) = area(body.get(4..)?)?;
            let (unhashed, _) = area(rest)?;
            issuer(hashed).or_else(|| issuer(unhashed))
        }
        _ => None,
    }
}

/// The body of a signature packet, whose header has the old or the new form.
fn body(packet: &[u8]) -> Option<&[u8]> {
    let (&first, rest) = packet.split_first()?;
    let (kind, size, rest) = if first & 0x40 != 0 {
        let (size, rest) = length(rest)?;
        (first & 0x3f, size, rest)
    } else {
        let width = [1, 2, 4].get(usize::from(first & 3))?;
        let size = rest.get(..*width)?;
        let size = size.iter().fold(0, |size, byte| size << 8 | usize::from(*byte));
        (first >> 2 & 0xf, size, rest.get(*width..)?)
    };
    (first & 0x80 != 0 && kind == 2).then(|| rest.get(..size))?
}

/// A length of one, two or five bytes.
fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    match *bytes {
        [one, ref rest @ ..] if one < 192 => Some((usize::from(one), rest)),
        [one, two, ref rest @ ..] if one < 224 => {
            Some((((usize::from(one) - 192) << 8) + usize::from(two) + 192, rest))
        }
        [255, a, b, c, d, ref rest @ ..] => Some((u32::from_be_bytes([a, b, c, d]) as usize, rest)),
        _ => None,
    }
}

/// Subpackets behind two bytes with their size, and what follows them.
fn area(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let [high, low, rest @ ..] = bytes else { return None };
    rest.split_at_checked(usize::from(*high) << 8 | usize::from(*low))
}

/// The key id in a list of subpackets: subpacket 16, or the end of the fingerprint in subpacket 33.
fn issuer(mut subpackets: &[u8]) -> Option<String> {
    let mut found = None;
    while !subpackets.is_empty() {
        let (size, rest) = length(subpackets)?;
        let (subpacket, rest) = rest.split_at_checked(size)?;
        match subpacket {
            // Bit 7 says only that a reader has to understand it.
            [kind, id @ ..] if kind & 0x7f == 16 && id.len() == 8 => return Some(checksum::hex(id)),
            [kind, 4, fingerprint @ ..] if kind & 0x7f == 33 && fingerprint.len() == 20 => {
                found = Some(checksum::hex(&fingerprint[12..]));
            }
            _ => {}
        }
        subpackets = rest;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A version 4 signature with these hashed and unhashed subpackets, in an old header.
    fn v4(hashed: &[u8], unhashed: &[u8]) -> Vec<u8> {
        let mut body = vec![4, 0, 1, 8];
        for area in [hashed, unhashed] {
            body.extend([0, u8::try_from(area.len()).unwrap()]);
            body.extend(area);
        }
        [&[0x88, u8::try_from(body.len()).unwrap()][..], &body].concat()
    }

    #[test]
    fn the_issuer_is_found_in_every_form() {
        let id = [9, 16, 0x23, 0x22, 0xd3, 0xd9, 0x4b, 0xf0, 0xc9, 0xdb];
        let fingerprint = [&[22, 0x80 | 33, 4][..], &[7; 12], &id[2..]].concat();
        let time = [5, 2, 0, 0, 0, 0];
        let v3 = [&[0xc2, 17, 3, 5, 0, 0, 0, 0, 0][..], &id[2..], &[1, 8]].concat();
        let expected = Some("2322d3d94bf0c9db".to_owned());
        for packet in [
            v4(&time, &id),
            v4(&fingerprint, &[]),
            v4(&[&time[..], &fingerprint].concat(), &id),
            [&[0xc2, 255, 0, 0, 0][..], &v4(&time, &id)[1..]].concat(),
            v3,
        ] {
            assert_eq!(key_id(&packet), expected, "{packet:x?}");
        }
        assert_eq!(key_id(&v4(&time, &[])), None);
        assert_eq!(key_id(&v4(&time, &[200])), None);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(packet in proptest::collection::vec(proptest::num::u8::ANY, 0..40), at in 0usize..24, byte: u8) {
            let _ = key_id(&packet);
            let mut near = v4(&[5, 2, 0, 0, 0, 0], &[9, 16, 1, 2, 3, 4, 5, 6, 7, 8]);
            near[at] = byte;
            let _ = key_id(&near);
        }
    }
}
