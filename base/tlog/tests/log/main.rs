//! A log from outside: its files, its proofs, and those who watch it.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod crash;
mod judges;
mod proofs;
mod support;
mod watched;
mod witnesses;
