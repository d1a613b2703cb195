//! Pieces of the store's derived table that tell whether they are whole.

use heirloom_model::Digest;

/// A body with the first 8 bytes of its digest before it.
pub(crate) fn sealed(body: &[u8]) -> Vec<u8> {
    [&Digest::of(body).as_bytes()[..8], body].concat()
}

/// The body, if it is whole.
pub(crate) fn opened(bytes: &[u8]) -> Option<&[u8]> {
    let (sum, body) = bytes.split_first_chunk::<8>()?;
    (Digest::of(body).as_bytes()[..8] == *sum).then_some(body)
}
