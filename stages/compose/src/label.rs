//! What packages say of the module that they are of.

use heirloom_formats::rpm_file::Header;
use heirloom_model::Digest;
use heirloom_store::Store;

use crate::ComposeError;
use crate::parallel::for_each;

const LABEL: &str = "modularity/1";

/// The modularity label of each of these RPMs of the store (RPMTAG_MODULARITYLABEL), empty for one that has none. A
/// header is read once, `jobs` at a time.
///
/// # Errors
/// A package is gone or damaged.
pub fn labels(store: &Store, digests: &[Digest], jobs: usize) -> Result<Vec<String>, ComposeError> {
    let kept: Vec<_> = digests.iter().zip(store.derived_all(LABEL, digests)).collect();
    let labels = for_each(&kept, jobs, |(digest, kept)| {
        match kept.as_ref().and_then(|bytes| std::str::from_utf8(bytes).ok()) {
            Some(label) => Ok((label.to_owned(), false)),
            None => Ok((Header::open(&store.path(**digest))?.info.modularity_label, true)),
        }
    })?;
    let read = digests.iter().zip(&labels).filter(|(_, (_, read))| *read);
    store.derive(LABEL, read.map(|(digest, (label, _))| (*digest, label.as_bytes())));
    Ok(labels.into_iter().map(|(label, _)| label).collect())
}
