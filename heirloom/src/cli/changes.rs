//! What changes between two states.

use std::path::PathBuf;

use clap::Args;

/// The two states, and how the result is shown.
#[derive(Args, Debug)]
pub(crate) struct Changes {
    /// What users have: a snapshot, a day of snapshots or a channel of the distribution; a directory with RPM files below
    /// it; the URL of a signed repository [default: the channel `stable`, or the first of `publish.channels`].
    #[arg(value_name = "FROM")]
    pub(crate) from: Option<String>,
    /// What they would get, likewise [default: the newest snapshot].
    #[arg(value_name = "TO")]
    pub(crate) to: Option<String>,
    /// Public key file that may sign repositories at URLs.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Vec<PathBuf>,
    /// Where packages from URLs and results are kept [default: $XDG_CACHE_HOME/heirloom or ~/.cache/heirloom]. With a
    /// snapshot or a channel, they are kept in the distribution's own state.
    #[arg(long, value_name = "DIR")]
    pub(crate) cache: Option<PathBuf>,
    /// Compatibility level of packages, before those of the definition: `php*=3`. 1 and 2 never break within a major
    /// release, 3 not within the life of its stream, 4 may.
    #[arg(long, value_name = "NAME=LEVEL", value_parser = level)]
    pub(crate) level: Vec<(String, u8)>,
    /// Ends with exit code 5 if a gated channel would refuse the update.
    #[arg(long)]
    pub(crate) gate: bool,
    /// File of waivers: what is blocked and accepted, with reason and end [default: `compose.waivers`].
    #[arg(long, value_name = "FILE", requires = "gate")]
    pub(crate) waivers: Option<PathBuf>,
    /// Writes a self-contained HTML report.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
}

fn level(text: &str) -> Result<(String, u8), String> {
    let (name, level) = text.rsplit_once('=').ok_or("expected NAME=LEVEL, such as `php*=3`")?;
    match level.parse() {
        Ok(level @ 1..=4) => Ok((name.to_owned(), level)),
        _ => Err(format!("`{level}` is no compatibility level: they are 1 to 4")),
    }
}
