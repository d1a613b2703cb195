//! TUF metadata: making it, and checking what is served by it.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use heirloom_formats::tuf;
use jiff::Timestamp;

/// What is done with TUF metadata.
#[derive(Debug, Subcommand)]
pub(crate) enum TufVerb {
    /// Makes the keys that are not there yet, and the first root.
    Init,
    /// Gives a role new keys: makes the next root, signed by the keys of the one before and by its own.
    Rotate(Rotate),
    /// Renews what expires of channels, without a switch where that is enough. For a timer.
    Refresh {
        /// The channel [default: all that there are].
        channel: Option<String>,
    },
}

/// Whose keys are replaced by which.
#[derive(Args, Debug)]
pub(crate) struct Rotate {
    /// The role.
    pub(crate) role: Role,
    /// Secret key to use from now on, instead of a new one; for `root` may be given several times. With the present keys of
    /// `root`, its life alone is renewed.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Vec<PathBuf>,
}

/// A role of TUF.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// Whose keys speak for which role.
    Root,
    /// Which files there are.
    Targets,
    /// Which targets belong together.
    Snapshot,
    /// Which snapshot is the newest.
    Timestamp,
}

impl From<Role> for tuf::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Root => Self::Root,
            Role::Targets => Self::Targets,
            Role::Snapshot => Self::Snapshot,
            Role::Timestamp => Self::Timestamp,
        }
    }
}

/// What is checked, beginning with what.
#[derive(Args, Debug)]
pub(crate) struct Verify {
    /// A channel: its directory, or its URL.
    #[arg(value_name = "CHANNEL-DIR|URL")]
    pub(crate) place: String,
    /// A root that is trusted: any version, from a place other than the one that is checked.
    #[arg(long, value_name = "FILE", required_unless_present = "charter")]
    pub(crate) root: Option<PathBuf>,
    /// Digest of a charter that is trusted, the first or a later one: members must have decided that the channel serves
    /// what it serves.
    #[arg(long, value_name = "DIGEST")]
    pub(crate) charter: Option<heirloom_model::Digest>,
    /// The public log, which must have every decision: its directory or URL.
    #[arg(long = "log", value_name = "DIR|URL", requires_all = ["charter", "log_key"])]
    pub(crate) log_at: Option<String>,
    #[command(flatten)]
    pub(crate) log: LogKeys,
    /// The channel's name [default: as the metadata says, or the last part of the place].
    #[arg(long, value_name = "NAME")]
    pub(crate) channel: Option<String>,
    /// What was seen before, so that nothing older is believed; it is written anew. Made if it is not there.
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
    /// Reads so many files, chosen by chance, rather than all of a directory, or none of a URL.
    #[arg(long, value_name = "N", conflicts_with = "all")]
    pub(crate) sample: Option<usize>,
    /// Reads every file of a URL, as of a directory.
    #[arg(long)]
    pub(crate) all: bool,
    /// The time, as 2026-03-14T09:00:00Z [default: now].
    #[arg(long, value_name = "RFC3339")]
    pub(crate) time: Option<Timestamp>,
}

/// Whose checkpoints of the log are believed.
#[derive(Args, Debug)]
pub(crate) struct LogKeys {
    /// The log's public key.
    #[arg(long, value_name = "VKEY", requires = "log_at")]
    pub(crate) log_key: Option<String>,
    /// The public key of a witness; may be given several times.
    #[arg(long, value_name = "VKEY", requires = "log_key")]
    pub(crate) witness: Vec<String>,
    /// How many of these witnesses must have cosigned [default: all].
    #[arg(long, value_name = "K", requires = "witness")]
    pub(crate) need: Option<usize>,
}
