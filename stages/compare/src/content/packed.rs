//! Compressed files, compared by what they hold.

use heirloom_formats::archive;

use crate::check::{Normaliser, normaliser};
use crate::look::{Look, Place};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    Gzip,
    Xz,
    Zstd,
    Bzip2,
}

impl Packing {
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        Some(match bytes {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Self::Bzip2,
            _ => return None,
        })
    }

    pub(super) fn name(self) -> &'static str {
        self.rule().name
    }

    fn rule(self) -> Normaliser {
        match self {
            Self::Gzip => normaliser::GZIP,
            Self::Xz => normaliser::XZ,
            Self::Zstd => normaliser::ZSTD,
            Self::Bzip2 => normaliser::BZIP2,
        }
    }
}

pub(super) fn compare(
    look: &mut Look,
    place: &Place,
    (reference, rebuilt): (&[u8], &[u8]),
    packing: Packing,
) -> bool {
    let (Some(reference), Some(rebuilt)) =
        (unpack(look, place, reference, "reference"), unpack(look, place, rebuilt, "rebuild"))
    else {
        return false;
    };
    look.normalised(packing.rule(), place, "");
    let inside = place.inside(&[".gz", ".xz", ".zst", ".bz2"]);
    super::compare(look, &inside, &reference, &rebuilt)
}

fn unpack(look: &mut Look, place: &Place, bytes: &[u8], side: &str) -> Option<Vec<u8>> {
    let limit = look.open(place)?;
    match archive::decompress(bytes, limit) {
        Ok(content) => {
            look.spend(content.len());
            Some(content)
        }
        Err(error) => {
            look.unreadable(place, side, error);
            None
        }
    }
}
