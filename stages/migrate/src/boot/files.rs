//! Reading a machine's files and the output of its tools, within bounds.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::PathBuf;

use crate::machine::Machine;

/// Longest file that is read: a `grub.cfg` or a list of a tool.
const LONGEST: u64 = 8 << 20;

/// The beginning of a file; none if it can't be read.
pub(super) fn bytes(machine: &Machine, path: &str, most: u64) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    File::open(machine.resolve(path).ok()?).ok()?.take(most).read_to_end(&mut content).ok()?;
    Some(content)
}

/// A text file.
pub(super) fn text(machine: &Machine, path: &str) -> Option<String> {
    bytes(machine, path, LONGEST).map(|content| String::from_utf8_lossy(&content).into_owned())
}

/// Whether there is something at a path.
pub(super) fn exists(machine: &Machine, path: &str) -> bool {
    machine.resolve(path).is_ok_and(|path| path.exists())
}

/// Names in a directory, sorted; none if there is no such directory.
pub(super) fn names(machine: &Machine, path: &str) -> Vec<String> {
    let Ok(place) = machine.resolve(path) else { return Vec::new() };
    let mut names: Vec<String> = fs::read_dir(place)
        .into_iter()
        .flatten()
        .flatten()
        .take(100_000)
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

/// Bytes of a regular file; 0 if it is none.
pub(super) fn size(machine: &Machine, path: &str) -> u64 {
    machine
        .resolve(path)
        .ok()
        .and_then(|path: PathBuf| path.metadata().ok())
        .filter(fs::Metadata::is_file)
        .map_or(0, |data| data.len())
}

/// What a tool of the machine prints; else what went wrong, in a sentence.
pub(super) fn output(machine: &Machine, program: &str, arguments: &[&str]) -> Result<String, String> {
    let line = || format!("`{program} {}`", arguments.join(" "));
    let output = machine
        .tool(program)
        .args(arguments)
        .output()
        .map_err(|error| format!("{} can't be run: {error}", line()))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => {
            let said = String::from_utf8_lossy(&output.stderr).trim().chars().take(300).collect::<String>();
            Err(format!("{} failed: {said}", line()))
        }
    }
}
