//! The program as its users meet it: real sources in, real dnf out, judged by rpm and dnf alone.
//!
//! Needs root and the stand-in upstream (`cargo xtask world`).
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

#[path = "../common/ran.rs"]
mod ran;

mod again;
mod arches;
mod crash;
mod cutoff;
mod debranding;
mod errata;
mod failures;
mod governed;
mod holds;
mod imports;
mod plans;
mod policies;
mod refused;
mod released;
mod reproducing;
mod same;
mod shell;
mod site;
mod upstreams;
mod whole;
