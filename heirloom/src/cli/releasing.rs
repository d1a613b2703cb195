//! What is asked of releases on the command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// What is served as what.
#[derive(Args, Debug)]
pub(crate) struct Publish {
    /// Channels, such as `9` or `stable`.
    #[arg(required = true, value_name = "CHANNEL")]
    pub(crate) channels: Vec<String>,
    /// The snapshot, by its name, the beginning of it, its day, or a channel that serves it [default: the newest].
    #[arg(long, value_name = "SNAPSHOT|CHANNEL")]
    pub(crate) snapshot: Option<String>,
    /// Uploads the channels there, and leaves those of the document root as they are.
    #[arg(long, value_enum)]
    pub(crate) to: Option<Remote>,
}

/// Where channels are served beside the document root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Remote {
    /// The bucket of `publish.s3`.
    S3,
}

/// What goes back to what.
#[derive(Args, Debug)]
pub(crate) struct Rollback {
    /// The channel.
    pub(crate) channel: String,
    /// The snapshot, as for `publish` [default: what the channel served before its present one].
    #[arg(long, value_name = "SNAPSHOT")]
    pub(crate) to: Option<String>,
}

/// How everything is checked.
#[derive(Args, Debug)]
pub(crate) struct Fsck {
    /// Repairs what can be repaired: links files again from the store, and brings objects back from snapshots.
    #[arg(long)]
    pub(crate) repair: bool,
    /// Reads every byte again, not only what was touched since it was found good.
    #[arg(long)]
    pub(crate) full: bool,
}

/// What is served where.
#[derive(Args, Debug)]
pub(crate) struct Serve {
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// The document root [default: `published` in the state directory of the definition].
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}
