//! The types that users of a library were compiled against.

use super::Check;
use super::Weight::Breaking;

pub(crate) const TYPES: Check = Check::tags(
    "types",
    "Every type that can be reached from an exported symbol is laid out the same.",
    Breaking,
    &[],
)
.content();

pub(crate) const TYPES_UNKNOWN: Check = Check::tags(
    "types-unknown",
    "Debugging data that is there can be read, and has every export's type.",
    Breaking,
    &[],
)
.content();
