//! PNG pictures: chunks that carry a date mean nothing.

use crate::check::normaliser;
use crate::look::{Look, Place};

/// Keywords of text chunks that carry dates (PNG specification, 11.3.4, and ImageMagick's own).
const DATES: [&[u8]; 4] = [b"date:create\0", b"date:modify\0", b"date:timestamp\0", b"Creation Time\0"];

pub(super) fn compare(look: &mut Look, place: &Place, both: (&[u8], &[u8])) -> bool {
    let (Some(reference), Some(rebuilt)) = (chunks(both.0), chunks(both.1)) else {
        look.unreadable(place, "not examined", "its chunks do not add up to a PNG picture");
        return false;
    };
    let same =
        reference.iter().filter(|chunk| !is_date(chunk)).eq(rebuilt.iter().filter(|chunk| !is_date(chunk)));
    match same {
        true => look.normalised(normaliser::PNG_DATE, place, ""),
        false => super::differs(look, place, both),
    }
    same
}

/// Type and data of each chunk.
type Chunk<'a> = (&'a [u8], &'a [u8]);

fn chunks(bytes: &[u8]) -> Option<Vec<Chunk<'_>>> {
    let mut rest = bytes.get(8..)?;
    let mut chunks = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let (kind, after) = after.split_at_checked(4)?;
        let (data, after) = after.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        rest = after.get(4..)?;
        chunks.push((kind, data));
    }
    let ended = chunks.last().is_some_and(|(kind, _)| *kind == b"IEND");
    (rest.is_empty() && ended).then_some(chunks)
}

fn is_date((kind, data): &Chunk<'_>) -> bool {
    let text = matches!(*kind, b"tEXt" | b"zTXt" | b"iTXt");
    *kind == b"tIME" || text && DATES.iter().any(|keyword| data.starts_with(keyword))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(chunks: &[(&[u8], &[u8])]) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
        for (kind, data) in chunks {
            bytes.extend((data.len() as u32).to_be_bytes());
            bytes.extend(*kind);
            bytes.extend(*data);
            bytes.extend([0; 4]);
        }
        bytes.extend([0, 0, 0, 0, b'I', b'E', b'N', b'D', 0, 0, 0, 0]);
        bytes
    }

    fn same(reference: &[u8], rebuilt: &[u8]) -> (bool, Look) {
        let mut look = Look::new(Default::default());
        (compare(&mut look, &Place::file("/usr/share/a.png", false), (reference, rebuilt)), look)
    }

    #[test]
    fn only_dates_mean_nothing() {
        let picture = |time: &[u8], data: &[u8]| png(&[(b"IHDR", b"x"), (b"tIME", time), (b"IDAT", data)]);
        assert!(same(&picture(b"1", b"a"), &picture(b"2", b"a")).0);
        assert!(!same(&picture(b"1", b"a"), &picture(b"1", b"b")).0);
        let text = |text: &[u8]| png(&[(b"IHDR", b"x"), (b"tEXt", text)]);
        assert!(same(&text(b"date:create\x002020"), &text(b"date:create\x002021")).0);
        assert!(!same(&text(b"Author\0a"), &text(b"Author\0b")).0);
    }

    #[test]
    fn a_cut_picture_is_not_examined() {
        let whole = png(&[(b"IHDR", b"x"), (b"IDAT", b"data")]);
        // Inside of a chunk, and before the last.
        for cut in [5, 12] {
            let (same, look) = same(&whole, &whole[..whole.len() - cut]);
            assert!(!same && look.findings.iter().any(|finding| finding.rule == "unreadable"), "{cut}");
        }
    }
}
