//! RPMs built from the spec files in `fixtures/` by the host's rpmbuild.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::OnceLock;

/// A repository's root with every fixture in it.
pub(crate) fn repository() -> &'static Path {
    static BUILT: OnceLock<tempfile::TempDir> = OnceLock::new();
    BUILT.get_or_init(|| build(&["rich", "family", "latin"])).path()
}

/// Builds these fixtures into a new directory.
pub(crate) fn build(specs: &[&str]) -> tempfile::TempDir {
    let work = tempfile::tempdir().unwrap();
    let repository = tempfile::tempdir().unwrap();
    std::fs::write(work.path().join("family.txt"), "source\n").unwrap();
    std::fs::write(work.path().join("family.patch"), "").unwrap();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    for spec in specs {
        let mut command = Command::new("rpmbuild");
        command.args(["-ba", "--nodeps", "--quiet"]);
        for (name, value) in [
            ("_topdir", work.path()),
            ("_sourcedir", work.path()),
            ("_rpmdir", repository.path()),
            ("_srcrpmdir", repository.path()),
            ("_invalid_encoding_terminates_build", Path::new("0")),
            ("dist", Path::new(".el9")),
            ("_buildshell", Path::new("/bin/bash")),
        ] {
            command.args(["--define", &format!("{name} {}", value.display())]);
        }
        run(command.arg(fixtures.join(format!("{spec}.spec"))));
    }
    repository
}

/// Runs a tool and demands success.
pub(crate) fn run(command: &mut Command) -> String {
    let Output { status, stdout, stderr } =
        command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(status.success(), "{command:?}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}
