//! Entry bundles: up to 256 entries in one file, each after its length in two bytes. C2SP `tlog-tiles`.

use heirloom_model::log::LONGEST;

/// Largest bundle, in bytes.
pub(crate) const LARGEST: u64 = 256 * (2 + LONGEST as u64);

/// The bytes are no bundle of so many entries.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BundleError {
    /// It ends in the middle, or too early.
    #[error("the bundle ends in its entry {at} (counted from 0): expected {expected} entries")]
    Short {
        /// The entry that is not whole.
        at: usize,
        /// How many there should be.
        expected: usize,
    },
    /// There is more than there should be.
    #[error("the bundle goes on after its {expected} entries")]
    Long {
        /// How many there should be.
        expected: usize,
    },
    /// An entry is longer than its length can say.
    #[error("an entry has {0} bytes: a log takes entries of at most {LONGEST}")]
    Entry(usize),
}

/// Reads a bundle that has exactly so many entries.
///
/// # Errors
/// There are fewer or more.
pub fn read_bundle(bytes: &[u8], count: usize) -> Result<Vec<&[u8]>, BundleError> {
    let (entries, rest) = first(bytes, count)?;
    if rest.is_empty() { Ok(entries) } else { Err(BundleError::Long { expected: count }) }
}

/// The first entries of a bundle, and the rest of it.
pub(crate) fn first(bytes: &[u8], count: usize) -> Result<(Vec<&[u8]>, &[u8]), BundleError> {
    let mut rest = bytes;
    let mut entries = Vec::new();
    for at in 0..count {
        let short = BundleError::Short { at, expected: count };
        let Some((length, after)) = rest.split_first_chunk() else { return Err(short) };
        let Some((entry, after)) = after.split_at_checked(u16::from_be_bytes(*length).into()) else {
            return Err(short);
        };
        entries.push(entry);
        rest = after;
    }
    Ok((entries, rest))
}

/// Writes a bundle.
///
/// # Errors
/// An entry is too long.
pub fn write_bundle<'e>(entries: impl IntoIterator<Item = &'e [u8]>) -> Result<Vec<u8>, BundleError> {
    let mut bytes = Vec::new();
    for entry in entries {
        let length = u16::try_from(entry.len()).map_err(|_| BundleError::Entry(entry.len()))?;
        bytes.extend(length.to_be_bytes());
        bytes.extend(entry);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_are_big_endian_and_before_each_entry() {
        let bytes = write_bundle([&b"one"[..], &[b'x'; 258]]).unwrap();
        assert_eq!((&bytes[..5], &bytes[5..7], bytes.len()), (&b"\0\x03one"[..], &[1, 2][..], 265));
        assert!(write_bundle([&[0; LONGEST][..]]).is_ok());
        assert_eq!(write_bundle([&[0; LONGEST + 1][..]]), Err(BundleError::Entry(LONGEST + 1)));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_and_nothing_else(
            entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..20),
            cut in any::<prop::sample::Index>(),
        ) {
            let bytes = write_bundle(entries.iter().map(Vec::as_slice)).unwrap();
            prop_assert_eq!(read_bundle(&bytes, entries.len()).unwrap(), entries.clone());
            let more = read_bundle(&bytes, entries.len() + 1);
            prop_assert_eq!(more, Err(BundleError::Short { at: entries.len(), expected: entries.len() + 1 }));
            if !bytes.is_empty() {
                prop_assert!(read_bundle(&bytes[..cut.index(bytes.len())], entries.len()).is_err());
                let fewer = read_bundle(&bytes, entries.len() - 1);
                prop_assert_eq!(fewer, Err(BundleError::Long { expected: entries.len() - 1 }));
            }
        }
    }
}
