//! A public log that only grows: entries as leaves of a Merkle tree, in files that any web server serves.
//!
//! The tree is that of RFC 6962; the files are those of C2SP `tlog-tiles` with checkpoints (`tlog-checkpoint`), which are
//! signed notes (`signed-note`) that witnesses cosign (`tlog-cosignature`); a proof is a `tlog-proof`. Hashing, proofs and
//! notes are those of the crates `tlog_tiles` and `signed_note`; here are the files on disk, witnesses, and those who watch.
//!
//! It has no network (callers hand it a function that fetches), never asks the clock, never prints, and does not know what
//! an entry means. What a stranger serves is bounded, checked against a signature, and never trusted otherwise.
//!
//! Start reading at [`Log`], which writes, and [`Policy`], which decides whose checkpoints count; [`Tree`] reads,
//! [`Proof`] is handed to others, and [`follow`] is what monitors and witnesses do.

mod bundle;
mod checkpoint;
mod key;
mod log;
mod monitor;
mod policy;
mod proof;
mod source;
mod tree;

pub use bundle::{BundleError, read_bundle, write_bundle};
pub use checkpoint::{Checkpoint, CheckpointError, Cosignature, SignedCheckpoint};
pub use key::{KeyError, NoteKey, Vkey};
pub use log::{Appended, Cosigned, Log, LogError};
pub use monitor::{Finding, FindingKind, Followed, Look, MonitorError, follow};
pub use policy::{Policy, PolicyError};
pub use proof::{Proof, ProofError, Proven};
pub use source::{Source, SourceError};
pub use tree::{Tree, TreeError};

/// Most entries of a log that is read. More would take centuries; a larger number is an attack.
pub const MOST: u64 = 1 << 40;
