//! gpg, rpm and dnf judge what is signed here, and what they sign is judged here.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod dnf;
mod dsse;
mod keys;
mod packages;
mod support;
