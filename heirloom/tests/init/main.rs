//! `heirloom init --from NAME`: each definition imports from what has the layout of the public services, served on
//! loopback. Host names are the first component of paths there; everything else is as it is published.
//!
//! Needs git, rpmbuild, createrepo_c and gpg.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

#[path = "../common/ran.rs"]
mod ran;

mod definitions;
mod public;
