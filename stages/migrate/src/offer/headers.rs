//! Headers alone, to know what becomes of configuration files before anything else is downloaded.

use std::collections::BTreeMap;

use heirloom_formats::rpm_file::{FileEntry, Header};
use heirloom_model::Nevra;

use super::{OfferError, Places};
use crate::fetch::Fetcher;

/// Bytes that a header may have; rpm's own limit is 256 MiB, and the largest real ones have some 30.
const LARGEST: u64 = 64 << 20;

/// A header that would tell more.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeaderNeed {
    /// The target's package.
    pub nevra: Nevra,
    /// Its repository.
    pub repository: String,
    /// Its file below the repository's place.
    pub location: String,
    /// Where the header ends in the file, in bytes from its beginning.
    pub end: u64,
}

/// The files of packages, read from the beginnings of their files. What is read is not verified: it serves to foretell, and the packages themselves are
/// verified before anything is done.
///
/// # Errors
/// A header can't be had, or is another package's.
pub fn read_headers(
    places: &Places,
    fetcher: &Fetcher,
    needs: &[HeaderNeed],
) -> Result<BTreeMap<Nevra, Vec<FileEntry>>, OfferError> {
    let mut found = BTreeMap::new();
    for need in needs {
        let at = places.of(&need.repository);
        let fetched = fetcher
            .read_range(at, &need.location, (0, need.end.min(LARGEST)))
            .map_err(|source| OfferError::Fetch { repository: need.repository.clone(), source })?;
        let header = Header::read(&need.location, &fetched.bytes[..])?;
        if header.nevra != need.nevra {
            return Err(OfferError::Other {
                repository: need.repository.clone(),
                location: need.location.clone(),
                expected: need.nevra.to_string(),
                found: header.nevra.to_string(),
            });
        }
        found.insert(need.nevra.clone(), header.files);
    }
    Ok(found)
}
