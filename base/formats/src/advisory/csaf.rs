//! CSAF 2.0, the Common Security Advisory Framework: <https://docs.oasis-open.org/csaf/csaf/v2.0/csaf-v2.0.html>.
//!
//! What fixes no vulnerability is written as `csaf_base`, which is all that CSAF has for it. What is said of a
//! vulnerability, whether it is fixed or not, is another kind of document: [`vex`]. Where all are, [`provider`] says.

mod document;
pub mod provider;
mod read;
pub mod vex;
mod write;

pub(super) use read::read;
pub use write::{path, write};

/// The field that says what a document is: an error of an advisory in it means that it is another kind, such as [`vex`].
pub const CATEGORY: &str = "document.category";
/// Levels of branches that a product tree may have (CSAF 2.0 has no limit; real ones have four).
const DEEPEST: usize = 16;
/// Titles of notes that carry what CSAF has no place for.
const KIND: &str = "Type of advisory";
const WITHDRAWN: &str = "Withdrawn";
const SUGGESTIONS: &str = "Suggested afterwards";
