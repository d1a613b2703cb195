//! `heirloom log`: what it makes, proves and refuses; and what those see who watch a log that does what no log may do.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod guards;
mod place;
mod proving;
#[path = "../common/ran.rs"]
mod ran;
mod watching;
