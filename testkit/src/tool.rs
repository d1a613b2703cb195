//! Runs a tool of the ecosystem and keeps what it says for the error message.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::{Error, Result};

/// How much of a failed tool's output an error carries.
const TAIL: usize = 3000;

/// A command line being put together.
#[derive(Debug)]
pub struct Tool(Command);

impl Tool {
    /// Starts a command line. Messages are in English and sorted by bytes on every machine.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        command.env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
        Self(command)
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.0.arg(arg);
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.0.args(args);
        self
    }

    /// Adds `--define 'NAME VALUE'`, rpm's way to set a macro.
    #[must_use]
    pub fn define(self, name: &str, value: impl AsRef<Path>) -> Self {
        let value = value.as_ref().display();
        self.arg("--define").arg(format!("{name} {value}"))
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    /// Sets the working directory.
    #[must_use]
    pub fn dir(mut self, dir: impl AsRef<Path>) -> Self {
        self.0.current_dir(dir);
        self
    }

    /// Runs it to its end and gives back its standard output.
    pub fn run(mut self) -> Result<String> {
        let output = self.0.output().map_err(|source| Error::Start {
            program: self.0.get_program().to_string_lossy().into_owned(),
            source,
        })?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
        said.push_str(&String::from_utf8_lossy(&output.stderr));
        Err(Error::Tool { command: self.line(), status: output.status, output: tail(&said).to_owned() })
    }

    fn line(&self) -> String {
        std::iter::once(self.0.get_program())
            .chain(self.0.get_args())
            .map(OsStr::to_string_lossy)
            .collect::<Vec<_>>()
            .join(" ")
            .chars()
            .take(600)
            .collect()
    }
}

fn tail(text: &str) -> &str {
    let mut start = text.len().saturating_sub(TAIL);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}
