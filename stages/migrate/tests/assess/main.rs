//! Machines in directories, made with the real rpm, and what is said of them: held against what rpm says, and against the directory as it was.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that can't go on has failed; figures are printed"
)]

mod facts;
mod harmless;
mod kinds;
mod root;
mod size;
