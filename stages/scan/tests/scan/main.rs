//! The scanner against what the real tools make: packages, archives, keys, programs, and hostile ones.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod common;
mod containers;
mod hostile;
mod marks;
