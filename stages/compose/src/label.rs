//! What packages say of the module that they are of.

use heirloom_formats::rpm_file::Header;
use heirloom_model::Digest;
use heirloom_store::Store;

use crate::ComposeError;
use crate::parallel::for_each;
use crate::sealed::{opened, sealed};

const LABEL: &str = "modularity/2";

/// Keeps what a header says, while it is at hand.
pub(crate) fn keep(store: &Store, digest: Digest, header: &Header) {
    store.derive(LABEL, [(digest, &sealed(header.info.modularity_label.as_bytes())[..])]);
}

/// The modularity label of each of these RPMs of the store (RPMTAG_MODULARITYLABEL), empty for one that has none. A
/// header is read once, `jobs` at a time.
///
/// # Errors
/// A package is gone or damaged.
pub fn labels(store: &Store, digests: &[Digest], jobs: usize) -> Result<Vec<String>, ComposeError> {
    let kept: Vec<_> = digests.iter().zip(store.derived_all(LABEL, digests)).collect();
    for_each(&kept, jobs, |(digest, kept)| {
        let label = kept.as_deref().and_then(opened).and_then(|label| std::str::from_utf8(label).ok());
        if let Some(label) = label {
            return Ok(label.to_owned());
        }
        let header = Header::open(&store.path(**digest))?;
        keep(store, **digest, &header);
        Ok(header.info.modularity_label)
    })
}
