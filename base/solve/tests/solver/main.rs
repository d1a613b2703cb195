//! The solver against cases with known answers, and against dnf.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod cases;
mod closure;
mod dnf;
mod support;
mod universe;
