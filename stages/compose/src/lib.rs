//! Compose: accepted packages become a signed tree of repositories that stock dnf installs from.
//!
//! Progress is a change of type: [`plan()`] says what goes where (pure), [`Signer::sign`] takes an
//! [`Accepted`](heirloom_model::record::Accepted) package and gives a
//! [`Signed`](heirloom_model::record::Signed) one, and [`write()`] takes the plan and the signed packages, judges
//! them and leaves a tree in the store. It must not decide what is accepted, fetch
//! anything or ask the clock: the same input gives the same bytes, signatures of repomd.xml included as far
//! as the key's algorithm allows.
//!
//! Start at [`Input`], then `tree` for the layout; [`gate`] judges any set of repositories.

mod check;
mod closure;
mod error;
mod file;
pub mod gate;
mod input;
mod parallel;
mod plan;
mod sign;
mod tree;

pub use check::Fault;
use check::check;
pub use error::{ComposeError, Uninstallable};
pub use input::{Candidate, Input, Rule};
pub use plan::{Because, ComposePlan, LeftOut, Placement, Unplaced, plan};
pub use sign::Signer;
pub use tree::{Release, write};
