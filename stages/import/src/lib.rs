//! Import: brings foreign bytes in, verified, and records where each came from.
//!
//! Reads dist-git trees, git repositories and source RPMs ([`sources`]), and the signed rpm-md repositories of
//! binaries that serve as bootstrap and reference ([`repository`]); writes the distribution's own release package
//! ([`release`]). Everything it hands on is an object in the store with a checked digest. It runs no foreign code:
//! spec files are bytes here, and of a git repository nothing is checked out. It must not decide what is built.
//!
//! Start at [`Importer`] and [`sources`].

mod distgit;
mod error;
pub mod fetch;
mod git;
pub mod history;
mod importer;
mod keys;
mod modules;
pub mod release;
pub mod repository;
pub mod sources;
mod srpm;
mod tree;

pub use error::ImportError;
pub use importer::Importer;
pub use keys::{Pinned, keyring};
