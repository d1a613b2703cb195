//! The gate beside stock tools: dnf judges closure, rpm judges files, gpg signs.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod files;
mod kept;
mod repoclosure;
mod support;
