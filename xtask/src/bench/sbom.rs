//! Lists of parts of thousands of builds, in all formats: `stages/attest/benches/sbom.rs` makes them up and writes them.

use std::path::Path;
use std::process::Command;

use super::{Result, compiled, run_tool};

/// Measures so many.
pub(super) fn run(count: usize) -> Result<()> {
    let program = compiled("heirloom-attest", "sbom")?;
    let parent = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench");
    std::fs::create_dir_all(&parent)?;
    let dir = tempfile::tempdir_in(parent)?;
    print!("{}", run_tool(Command::new(program).arg(count.to_string()).arg(dir.path()))?);
    Ok(())
}
