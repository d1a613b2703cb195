//! Keys and certificates: out of their armour, and by their fingerprint.

use heirloom_model::Digest;
use sha1::Digest as _;

/// Bytes of a certificate.
const LARGEST_CERTIFICATE: usize = 64 << 10;
/// Packets of one file of keys that are looked at.
const MOST_PACKETS: usize = 1 << 20;
/// Lines of a header in an armour.
const MOST_HEADERS: usize = 64;

/// The base64 of a key, a certificate or a signature in an armour, which starts with `-----BEGIN `. Armours of
/// both OpenPGP and PEM: headers end with an empty line, a checksum begins with `=`.
pub(crate) fn armoured(bytes: &[u8]) -> Option<Vec<u8>> {
    let rest = bytes.get(11..)?;
    let label = rest.iter().take(80).position(|byte| *byte == b'-')?;
    let body = rest.get(label..)?.strip_prefix(b"-----")?;
    let known: [&[u8]; 5] = [b"PGP ", b"CERTIFICATE", b"TRUSTED CERT", b"X509 CERT", b"PUBLIC KEY"];
    if !known.iter().any(|known| rest[..label].starts_with(known)) {
        return None;
    }
    // Whatever comes next with dashes is the end, or another beginning.
    let end = body.windows(5).position(|window| window == b"-----")?;
    let lines = body[..end].split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let lines: Vec<_> = lines.collect();
    let is_header = |line: &&[u8]| line.contains(&b':') || line.is_empty();
    let skip = lines.iter().take(MOST_HEADERS).take_while(|line| is_header(line)).count();
    let body = lines[skip..].iter().take_while(|line| !line.starts_with(b"="));
    Some(body.copied().collect::<Vec<_>>().concat())
}

/// The certificate in DER that starts here: a sequence that begins with a sequence.
pub(crate) fn certificate(bytes: &[u8]) -> Option<&[u8]> {
    let [0x30, 0x82, high, low, 0x30, 0x81 | 0x82, ..] = bytes else { return None };
    let length = 4 + usize::from(u16::from_be_bytes([*high, *low]));
    bytes.get(..length).filter(|der| der.len() <= LARGEST_CERTIFICATE)
}

/// Fingerprints of the public keys in a file of OpenPGP packets; none if it is something else.
pub(crate) fn fingerprints(bytes: &[u8]) -> Vec<Vec<u8>> {
    // A public key comes first.
    if !matches!(bytes.first(), Some(0x98..=0x9a | 0xc6)) {
        return Vec::new();
    }
    let (mut found, mut rest) = (Vec::new(), bytes);
    for _ in 0..MOST_PACKETS {
        let Some((tag, body, after)) = packet(rest) else { break };
        // Public key, public subkey.
        if matches!(tag, 6 | 14) {
            found.extend(fingerprint(body));
        }
        rest = after;
    }
    found
}

/// Tag and body of the first packet, and what follows it. Bodies in parts are for data, not for keys.
fn packet(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let (tag, length, rest) = match first {
        0xc0.. => {
            let (length, rest) = match rest {
                [short @ ..192, rest @ ..] => (usize::from(*short), rest),
                [high @ 192..=223, low, rest @ ..] => {
                    ((usize::from(*high) - 192) * 256 + usize::from(*low) + 192, rest)
                }
                [255, a, b, c, d, rest @ ..] => (u32::from_be_bytes([*a, *b, *c, *d]) as usize, rest),
                _ => return None,
            };
            (first & 0x3f, length, rest)
        }
        0x80.. => {
            let (length, rest) = match (first & 3, rest) {
                (0, [length, rest @ ..]) => (usize::from(*length), rest),
                (1, [a, b, rest @ ..]) => (usize::from(u16::from_be_bytes([*a, *b])), rest),
                (2, [a, b, c, d, rest @ ..]) => (u32::from_be_bytes([*a, *b, *c, *d]) as usize, rest),
                _ => return None,
            };
            (first >> 2 & 0xf, length, rest)
        }
        _ => return None,
    };
    let (body, after) = rest.split_at_checked(length)?;
    Some((tag, body, after))
}

fn fingerprint(body: &[u8]) -> Option<Vec<u8>> {
    match body.first()? {
        4 => {
            let length = u16::try_from(body.len()).ok()?.to_be_bytes();
            let hash = sha1::Sha1::new().chain_update([0x99]).chain_update(length).chain_update(body);
            Some(hash.finalize().to_vec())
        }
        6 => {
            let length = u32::try_from(body.len()).ok()?.to_be_bytes();
            Some(Digest::of(&[&[0x9b], &length[..], body].concat()).as_bytes().to_vec())
        }
        _ => None,
    }
}
