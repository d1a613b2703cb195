//! Import: brings foreign bytes in, verified, and records where each came from.
//!
//! Reads dist-git trees ([`distgit`]), git repositories ([`git`]), repositories of source RPMs ([`srpm`]) and the
//! signed rpm-md repositories of binaries that serve as bootstrap and reference ([`repository`]); writes the
//! distribution's own release package ([`release`]). Everything it hands on is an object in the store with
//! a checked digest. It runs no foreign code: spec files are bytes here. It must not decide what is built.
//!
//! Start at [`sources`].

pub mod distgit;
mod error;
pub mod fetch;
pub mod git;
pub mod history;
pub mod release;
pub mod repository;
pub mod sources;
pub mod srpm;

pub use error::ImportError;
