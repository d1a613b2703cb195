//! The field's own Python libraries as judges.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The libraries that come from PyPI, and their versions.
const LIBRARIES: [&str; 2] = ["createrepo-c==1.2.5", "productmd==1.51"];

/// Runs a program in the system's Python, with the system's libraries and those from PyPI, and demands success.
pub(crate) fn run(program: &str, arguments: &[&str]) -> String {
    static LIBRARIES: OnceLock<PathBuf> = OnceLock::new();
    let libraries = LIBRARIES.get_or_init(libraries);
    finish(
        Command::new("/usr/bin/python3").args(["-c", program]).args(arguments).env("PYTHONPATH", libraries),
    )
}

/// Where the libraries are; they are installed once, below `target`.
fn libraries() -> PathBuf {
    let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/peers");
    let place = peers.join(format!("python-{}", LIBRARIES.join("-")));
    if !place.exists() {
        std::fs::create_dir_all(&peers).unwrap();
        // Aside first, since other tests may look at the same moment.
        let aside = tempfile::tempdir_in(&peers).unwrap();
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target"];
        finish(Command::new("/usr/bin/python3").args(pip).arg(aside.path()).args(LIBRARIES));
        if std::fs::rename(aside.path(), &place).is_ok() {
            let _ = aside.keep();
        }
        assert!(place.exists());
    }
    place
}

fn finish(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
