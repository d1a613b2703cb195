//! The transaction, tried by dnf and rpm themselves without anything being changed: in a mount namespace of its own, with copies of the databases.

use std::fs;

use super::installed::{copy_tree, database};
use super::transaction::{NO_BYTECODE, arguments, excerpt};
use super::{ApplyError, Site};
use crate::journal::Step;
use crate::layout::Layout;

/// Databases are covered by their copies (trees can't be made read-only for it: rpm counts no free space there); then keys are imported into the copy, and dnf is asked.
const SCRIPT: &str = r#"set -e
mount --bind "$1" "$2"
if [ -d "$3" ] && [ -d "$4" ]; then mount --bind "$3" "$4"; fi
rpmkeys --import "$5"
shift 5
exec dnf "$@"
"#;
/// dnf's own database.
const HISTORY: &str = "/var/lib/dnf";

/// Tries it.
///
/// # Errors
/// dnf or rpm would refuse.
pub(super) fn rehearse(site: &Site<'_>, layout: &Layout) -> Result<(), ApplyError> {
    let machine = site.machine;
    let dir = layout.at("rehearsal");
    let _ = fs::remove_dir_all(&dir);
    let real = database(machine)?;
    for (name, place) in [("rpm", real), ("dnf", HISTORY)] {
        let Ok(from) = machine.resolve(place) else { continue };
        copy_tree(&from, &dir.join(name)).map_err(ApplyError::io("can't copy", &from))?;
    }
    let _ = fs::remove_dir_all(layout.at("stage").join("cache"));
    let inside = |name: &str| Layout::inside(&format!("rehearsal/{name}"));
    let mut command = machine.tool("unshare");
    command.args(["--mount", "/bin/sh", "-c", SCRIPT, "sh", &inside("rpm"), real, &inside("dnf"), HISTORY]);
    command.arg(Layout::inside("stage/certificates.asc")).args(arguments(true));
    let run = command.env(NO_BYTECODE, "1").output();
    let output = run.map_err(|source| ApplyError::Tool { tool: "unshare".to_owned(), source })?;
    let _ = fs::remove_dir_all(&dir);
    let said =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    let log = layout.at("log").join("rehearsal.log");
    fs::write(&log, &said).map_err(ApplyError::io("can't write", &log))?;
    match output.status.success() {
        true => Ok(()),
        false => {
            let said = format!("dnf would refuse ({}):\n{}", output.status, excerpt(&said));
            Err(ApplyError::Step { step: Step::Rehearse, said, rolled_back: false })
        }
    }
}
