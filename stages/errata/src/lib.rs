//! Advisories: one record of each, whatever documents it came in, and whether all that is published says the same.
//!
//! Pure: it is handed advisories and answers with advisories and findings. It reads and writes no document, knows no
//! store and asks no clock.

mod agree;
mod merge;

pub use agree::{Disagreement, disagreements};
pub use merge::{Contradiction, Merged, merge};
