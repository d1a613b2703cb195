//! Composes a small distribution of real packages and lets stock tools judge it.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod clients;
mod repodata;
mod tree;
mod world;
