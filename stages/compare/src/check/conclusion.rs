//! What only becomes clear when all other rules have been applied.

use heirloom_model::Finding;

use super::Check;
use super::Weight::{Allowed, Expected};
use crate::tag::{HEADERIMMUTABLE, HEADERSIGNATURES};

pub(super) const BYTES: Check = Check::tags(
    "bytes",
    "Headers that say the same may still be laid out differently, and equal files compressed differently.",
    Expected,
    // They tell where the header's own bytes are.
    &[HEADERSIGNATURES, HEADERIMMUTABLE],
)
.conclusion();

pub(super) const UNEXAMINED: Check =
    Check::tags("unexamined", "Says what keeps an undecided package undecided.", Allowed, &[]).conclusion();

/// Nothing differs but the bytes.
pub(crate) fn bytes() -> Finding {
    BYTES.differs("header and payload", ("the same values".to_owned(), "other bytes".to_owned()))
}

/// Why the verdict is `undecided`: how many findings of which rules.
pub(crate) fn unexamined(counts: &str) -> Finding {
    let found = "no interface that the headers show is broken, but code and contents are not examined yet";
    UNEXAMINED.differs(counts, (String::new(), found.to_owned()))
}
