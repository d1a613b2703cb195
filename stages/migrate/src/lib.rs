//! A machine is carried from one Enterprise Linux to another of the same major version, with a way back at every moment.
//!
//! ```text
//! assess ──Assessment──> plan ──Plan──> apply ──journal──> verify, finish
//!   reads only   + Target + Offer   pure      savepoint      ^
//!                                             └── rollback ──┘ (before and after the transaction, after a reboot)
//! ```
//! This crate runs on other people's machines: it uses the types and the parsers of this workspace and nothing else of it, knows no store and no
//! private key but the machine's own, never prints and never asks the clock. Packages are installed by the machine's own dnf and rpm;
//! the way back needs neither, nor a network.
//!
//! Start reading at [`facts`] and [`plan`].

pub mod apply;
pub mod assess;
pub mod boot;
pub mod check;
pub mod facts;
pub mod fetch;
pub mod fleet;
pub mod journal;
pub mod layout;
pub mod machine;
pub mod offer;
pub mod page;
pub mod plan;
pub mod savepoint;
pub mod seal;
pub mod secure_boot;
pub mod target;
pub mod vendors;
pub mod verify;
