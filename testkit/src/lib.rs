//! Makes what tests feed to the program: small real RPMs, repositories, keys, damaged files.
//!
//! Everything here is made by the ecosystem's own tools (`rpmbuild`, `createrepo_c`, `gpg`),
//! so that a test compares the program with them and not with itself. For the same reason
//! this crate must not use any `heirloom-*` crate. It is for tests and for `xtask` only.
//!
//! Start reading at [`rpm_builder`], the one that most tests begin with; [`world()`] finds the
//! whole stand-in upstream that `cargo xtask world` makes.

pub mod corrupt;
pub mod error;
pub mod gpg;
pub mod machine;
pub mod npm;
pub mod place;
pub mod pypi;
pub mod repo;
pub mod rpm_builder;
pub mod rpm_edit;
pub mod server;
pub mod tool;
mod world;

pub use error::{Error, Result};
pub use repo::repo;
pub use world::world;
