//! What only becomes clear when all other rules have been applied.

use heirloom_model::Finding;

use super::Check;
use super::Weight::Expected;
use crate::tag::{HEADERIMMUTABLE, HEADERSIGNATURES};

pub(super) const BYTES: Check = Check::tags(
    "bytes",
    "Headers that say the same may still be laid out differently, and equal files compressed differently.",
    Expected,
    // They tell where the header's own bytes are.
    &[HEADERSIGNATURES, HEADERIMMUTABLE],
)
.conclusion();

/// Nothing differs but the bytes.
pub(crate) fn bytes() -> Finding {
    BYTES.differs("header and payload", ("the same values".to_owned(), "other bytes".to_owned()))
}
