//! What goes wrong with the field's scripts, tried on whole machines. The table of all of it is docs/known-failures.md; what belongs to
//! planning or booting alone is tested there.
#![expect(clippy::unwrap_used, reason = "a step that fails is the test's failure")]

#[path = "../common/carried.rs"]
mod carried;
mod carried_once;
mod refused;
mod table;
