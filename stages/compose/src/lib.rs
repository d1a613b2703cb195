//! Compose: accepted packages become a signed tree of repositories that stock dnf installs from.
//!
//! Progress is a change of type: [`plan()`] says what goes where (pure), [`Signer::sign`] takes an
//! [`Accepted`](heirloom_model::record::Accepted) package and gives a
//! [`Signed`](heirloom_model::record::Signed) one, [`write()`] takes the plan and the signed packages and leaves a
//! [`Draft`] of a tree in the store, and only what the [`gate`] lets through can be [sealed](Unsealed::seal). It must not decide what is accepted, fetch
//! anything or ask the clock: the same input gives the same bytes, signatures of repomd.xml included as far
//! as the key's algorithm allows.
//!
//! Start at [`Input`], then `tree` for the layout; [`gate`] judges any set of repositories.

mod closure;
mod difference;
mod error;
mod file;
pub mod gate;
mod input;
mod label;
mod parallel;
mod plan;
mod repodata;
mod sealed;
mod sign;
mod tree;

pub use difference::{Difference, DifferenceKind};
pub use error::ComposeError;
pub use input::{ArchInput, Candidate, Input, Rule};
pub use label::labels;
pub use plan::{Because, ComposePlan, LeftOut, Place, Placement, Unplaced, plan};
pub use repodata::{Placed, Repodata, describe, write_repodata};
pub use sign::Signer;
pub use tree::{Draft, MetadataToSign, Release, Seen, Unsealed, without_signatures, write};
