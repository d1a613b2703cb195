//! What machines of other distributions are told.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What is done for machines that are carried over.
#[derive(Debug, Subcommand)]
pub(crate) enum MigrateVerb {
    /// Writes the target file that `heirloom-migrate plan --target` reads, with a signature by the distribution's key in OUT.asc: what a
    /// channel serves where, by which keys, and what `[migrate]` of the definition says.
    Target(TargetFile),
}

/// Where the target file goes.
#[derive(Args, Debug)]
pub(crate) struct TargetFile {
    /// The file that is written: `kestrel.toml`.
    pub(crate) out: PathBuf,
}
