//! PDF documents: their dates and their identity, which is made from the date, mean nothing.

use crate::check::normaliser;
use crate::look::{Look, Place};

/// What starts and ends a value that carries a date or an identity (PDF 1.7, 14.3.3, 14.4; XMP).
const VALUES: [(&[u8], &[u8]); 10] = [
    (b"/CreationDate", b")"),
    (b"/ModDate", b")"),
    (b"/ID", b"]"),
    (b"<xmp:CreateDate>", b"<"),
    (b"<xmp:ModifyDate>", b"<"),
    (b"<xmp:MetadataDate>", b"<"),
    (b"<xap:CreateDate>", b"<"),
    (b"<xap:ModifyDate>", b"<"),
    (b"<xmpMM:DocumentID>", b"<"),
    (b"<xmpMM:InstanceID>", b"<"),
];
/// A value longer than this is none of those.
const LONGEST: usize = 256;

pub(super) fn compare(look: &mut Look, place: &Place, both: (&[u8], &[u8])) -> bool {
    let same = plain(both.0) == plain(both.1);
    match same {
        true => look.normalised(normaliser::PDF_DATE, place, ""),
        false => super::differs(look, place, both),
    }
    same
}

/// The document with those values emptied.
fn plain(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'/' | b'<')) {
        let (before, from) = rest.split_at(at);
        out.extend(before);
        let value = VALUES.iter().find(|(start, _)| from.starts_with(start));
        let cut = value.and_then(|(start, end)| {
            let text = &from[start.len()..from.len().min(start.len() + LONGEST)];
            Some((*start, start.len() + text.iter().position(|byte| *byte == end[0])?))
        });
        match cut {
            Some((start, end)) => {
                out.extend(start);
                rest = &from[end..];
            }
            None => {
                out.push(from[0]);
                rest = &from[1..];
            }
        }
    }
    out.extend(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_dates_and_identity_mean_nothing() {
        let document = |date: &str, text: &str| {
            format!("%PDF-1.5\n<< /CreationDate (D:{date}) /Title (a) >>\n{text}\n/ID [<{date}> <{date}>]\n")
        };
        let same = |a: &str, b: &str| plain(a.as_bytes()) == plain(b.as_bytes());
        assert!(same(&document("2020", "text"), &document("2021", "text")));
        assert!(!same(&document("2020", "text"), &document("2020", "TEXT")));
        assert!(!same("%PDF /Title (a)", "%PDF /Title (b)"));
    }
}
