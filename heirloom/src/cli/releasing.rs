//! What is asked of releases on the command line.

use clap::Args;

/// What is served as what.
#[derive(Args, Debug)]
pub(crate) struct Publish {
    /// Channels, such as `9` or `stable`.
    #[arg(required = true, value_name = "CHANNEL")]
    pub(crate) channels: Vec<String>,
    /// The snapshot, by its name, the beginning of it, its day, or a channel that serves it [default: the newest].
    #[arg(long, value_name = "SNAPSHOT|CHANNEL")]
    pub(crate) snapshot: Option<String>,
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
