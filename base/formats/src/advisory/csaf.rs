//! CSAF 2.0, the Common Security Advisory Framework: <https://docs.oasis-open.org/csaf/csaf/v2.0/csaf-v2.0.html>.
//!
//! What fixes no vulnerability is written as `csaf_base`, which is all that CSAF has for it.

mod document;
mod read;
mod write;

pub(super) use read::read;
pub use write::{write, year};

/// Levels of branches that a product tree may have (CSAF 2.0 has no limit; real ones have four).
const DEEPEST: usize = 16;
/// Titles of notes that carry what CSAF has no place for.
const KIND: &str = "Type of advisory";
const WITHDRAWN: &str = "Withdrawn";
const SUGGESTIONS: &str = "Suggested afterwards";
