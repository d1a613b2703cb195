//! Booting: machines as their tools describe them, and steps on made-up ones.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod layouts;
mod root;
mod secure_boot;
mod steps;
