//! gpg, rpm and dnf judge what is signed here, and what they sign is judged here.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod agent;
mod dnf;
mod dsse;
mod harden;
mod keys;
mod members;
mod packages;
mod raw;
mod remote;
mod support;
mod token;
