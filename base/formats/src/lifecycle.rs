//! The life of a distribution: read as it is declared and as it is published, and written in what others read.
//!
//! | form | read | written |
//! |---|---|---|
//! | `lifecycle.toml`, written by people | [`load`], [`parse`] | |
//! | `lifecycle.json`, published | [`read_json`] | [`to_json`] |
//! | endoflife.date's array of cycles | | [`to_endoflife`] |
//! | iCalendar, RFC 5545 | | [`to_ics`] |
//! | SVG | | [`to_svg`] |
//!
//! Nothing of what is written depends on the day on which it is: what holds on a day is asked of the record
//! ([`heirloom_model::lifecycle::Major::life`]).

mod declared;
mod endoflife;
mod ics;
mod json;
mod svg;
#[cfg(test)]
mod tests;

pub use declared::{load, parse};
pub use endoflife::to_endoflife;
pub use ics::to_ics;
pub use json::{LifecycleError, Published, SCHEMA_VERSION, read_json, to_json};
pub use svg::to_svg;
