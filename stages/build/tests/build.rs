//! Real builds, by real rpm, in real buildroots; one process, so that all share a state directory.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

#[path = "build/checking.rs"]
mod checking;
#[path = "build/evaluating.rs"]
mod evaluating;
#[path = "build/figures.rs"]
mod figures;
#[path = "build/hostile.rs"]
mod hostile;
#[path = "build/killed.rs"]
mod killed;
#[path = "build/roots.rs"]
mod roots;
#[path = "build/scripts.rs"]
mod scripts;
mod support;
#[path = "build/unprivileged.rs"]
mod unprivileged;
#[path = "build/works.rs"]
mod works;
