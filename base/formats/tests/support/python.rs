//! The field's own Python libraries as judges.

use std::process::Command;

/// Runs a program in the system's Python, with Debian's libraries, and demands success.
pub(crate) fn run(program: &str, arguments: &[&str]) -> String {
    finish(Command::new("/usr/bin/python3").args(["-c", program]).args(arguments))
}

fn finish(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
