//! Bytes to types and back: RPM headers, repodata, comps, modules, advisories, what a compose says of itself, dist-git
//! metadata, TUF metadata, the definition file, OpenPGP certificates and signatures of others.
//!
//! Every byte read here may come from a stranger, so every parser bounds what it reads, names the document
//! and the place of a fault, and never panics. This crate knows no network, no store and no private key, never asks
//! the clock and decides nothing: callers hand it bytes or a path and get a value or a precise error.
//!
//! Start reading at [`rpm_file`] (what a package says of itself) and [`repodata`] (what a repository says
//! of its packages); both lead to [`heirloom_model::Package`].

pub mod advisory;
pub mod allowances;
pub mod archive;
pub mod attribution;
pub mod brand;
pub mod checksum;
pub mod comps;
pub mod debrand;
pub mod definition;
pub mod distgit;
pub mod dnf_history;
pub mod document;
pub mod evr;
pub mod lifecycle;
pub mod modulemd;
pub mod openpgp;
pub mod productmd;
pub mod pyc;
pub mod recorded;
pub mod repodata;
pub mod repomd;
pub mod rpm_file;
pub mod rpmdb;
pub mod sbom;
pub mod spec;
pub mod tuf;
pub mod updateinfo;
pub mod vex;
pub mod waivers;

mod belongs;
mod declared;
mod xml;

pub use checksum::Checksum;
pub use document::{Document, DocumentError};
pub use xml::XmlError;
