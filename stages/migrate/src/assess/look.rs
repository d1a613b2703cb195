//! Reading files of the machine and running its tools, with bounds; what fails is noted.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::process::{Command, Stdio};

use crate::machine::Machine;

/// Largest file of a machine's set-up that is read, in bytes.
const LARGEST: u64 = 16 << 20;
/// Names that are read of one directory.
const MOST_NAMES: usize = 100_000;
/// Bytes that a tool may say.
const LONGEST: u64 = 64 << 20;
/// Seconds that a tool may take.
const LONGEST_RUN: &str = "30";

/// A look at a machine.
pub(super) struct Look<'a> {
    pub(super) machine: &'a Machine,
    /// What could not be looked at.
    pub(super) unseen: Vec<String>,
}

impl<'a> Look<'a> {
    pub(super) fn new(machine: &'a Machine) -> Self {
        Self { machine, unseen: Vec::new() }
    }

    pub(super) fn miss(&mut self, what: impl Into<String>) {
        self.unseen.push(what.into());
    }

    /// The text of a file; none if there is none, or if it can't be read, which is noted.
    pub(super) fn text(&mut self, path: &str) -> Option<String> {
        match self.bytes(path) {
            Ok(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
            Err(error) if is_absent(&error) => None,
            Err(error) => {
                self.miss(format!("{path} can't be read: {error}"));
                None
            }
        }
    }

    fn bytes(&self, path: &str) -> io::Result<Vec<u8>> {
        let place = self.machine.resolve(path)?;
        // A pipe or a device would keep the program waiting.
        if !fs::symlink_metadata(&place)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
        }
        let mut bytes = Vec::new();
        File::open(place)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
        match bytes.len() as u64 > LARGEST {
            true => {
                Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {LARGEST} bytes")))
            }
            false => Ok(bytes),
        }
    }

    /// The names in a directory, sorted; none if there is none, or if it can't be read, which is noted.
    pub(super) fn names(&mut self, path: &str) -> Vec<String> {
        let read = || -> io::Result<Vec<String>> {
            let entries = fs::read_dir(self.machine.resolve(path)?)?.take(MOST_NAMES);
            entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
        };
        match read() {
            Ok(mut names) => {
                names.sort();
                names
            }
            Err(error) => {
                if !is_absent(&error) {
                    self.miss(format!("{path} can't be listed: {error}"));
                }
                Vec::new()
            }
        }
    }

    /// Paths in a directory whose names end so, sorted.
    pub(super) fn paths(&mut self, directory: &str, ending: &str) -> Vec<String> {
        let names = self.names(directory);
        names.iter().filter(|name| name.ends_with(ending)).map(|name| format!("{directory}/{name}")).collect()
    }

    /// Whether a path leads to something.
    pub(super) fn exists(&self, path: &str) -> bool {
        self.machine.resolve(path).is_ok_and(|place| fs::symlink_metadata(place).is_ok())
    }

    /// What a tool of the machine says; none if it can't be run or fails, which is noted. `what` names what is not known then.
    pub(super) fn run(&mut self, what: &str, program: &str, args: &[&str]) -> Option<String> {
        let mut command = self.machine.tool("timeout");
        command.arg(LONGEST_RUN).arg(program).args(args);
        match said(&mut command) {
            Ok(text) => Some(text),
            Err(error) => {
                self.miss(format!("{what}: `{program}` did not say: {error}"));
                None
            }
        }
    }
}

/// Whether an error says that there is nothing.
pub(super) fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// What a command writes to its standard output.
fn said(command: &mut Command) -> io::Result<String> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let mut bytes = Vec::new();
    if let Some(output) = child.stdout.take() {
        output.take(LONGEST).read_to_end(&mut bytes)?;
    }
    let status = child.wait()?;
    match status.code() {
        Some(0) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Some(124) => Err(io::Error::new(io::ErrorKind::TimedOut, "it took too long")),
        Some(125..=127) => Err(io::Error::new(io::ErrorKind::NotFound, "it is not there")),
        _ => Err(io::Error::other(format!("{status}"))),
    }
}
