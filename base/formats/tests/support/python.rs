//! The field's own Python libraries as judges.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The libraries that come from PyPI, and their versions.
const LIBRARIES: [&str; 2] = ["createrepo_c==1.2.5", "productmd==1.51"];

/// Runs a program in the system's Python, with the system's libraries and those from PyPI, and demands success.
pub(crate) fn run(program: &str, arguments: &[&str]) -> String {
    static PLACE: OnceLock<PathBuf> = OnceLock::new();
    let libraries = PLACE.get_or_init(|| testkit::pypi::packages(&LIBRARIES).unwrap());
    finish(
        Command::new("/usr/bin/python3").args(["-c", program]).args(arguments).env("PYTHONPATH", libraries),
    )
}

fn finish(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
