//! What can go wrong when test material is made.

use std::path::{Path, PathBuf};

/// The result of everything here.
pub type Result<T> = std::result::Result<T, Error>;

/// Why test material could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A tool could not be started at all.
    #[error("{program} can't be started: {source}; is it installed?")]
    Start {
        /// The tool's name.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A tool ran and failed.
    #[error("`{command}` failed ({status}):\n{output}")]
    Tool {
        /// The whole command line.
        command: String,
        /// How it ended.
        status: std::process::ExitStatus,
        /// The end of what it printed.
        output: String,
    },
    /// A file could not be read or written.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// Which file or directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A tool printed something other than what it always prints.
    #[error("{tool} printed no {expected}:\n{output}")]
    Output {
        /// The tool's name.
        tool: &'static str,
        /// What was looked for.
        expected: &'static str,
        /// What it printed.
        output: String,
    },
    /// The stand-in upstream has not been made yet.
    #[error("no stand-in upstream at {path}: run `cargo xtask world`, or set HEIRLOOM_WORLD to where one is", path = path.display())]
    NoWorld {
        /// Where it was looked for.
        path: PathBuf,
    },
}

impl Error {
    /// For `map_err`: adds the path to what the system said.
    pub fn io(path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        move |source| Self::Io { path, source }
    }
}
