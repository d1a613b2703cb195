//! Planning, at the size of a distribution: Debian's own indexes, fetched and verified by apt, as RPM-shaped metadata.
//! The measuring itself is `stages/plan/benches/debian`; here are its inputs, and two sizes, each run once with nothing
//! known and once with everything.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::Result;
use crate::world::apt::Apt;

/// Source packages of the smaller size.
const PART: &str = "3000";

/// Fetches the indexes and measures both sizes.
pub(super) fn run() -> Result<()> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench");
    let apt = Apt::open(&dir.join("apt"))?;
    for kind in ["Sources", "Packages"] {
        fs::write(dir.join(kind), apt.index(kind)?)?;
    }
    measure(&dir, "part", &[PART])?;
    measure(&dir, "whole", &[])
}

fn measure(dir: &Path, name: &str, size: &[&str]) -> Result<()> {
    let known = dir.join(format!("solutions-{name}"));
    let _ = fs::remove_file(&known);
    for what in ["nothing is known", "everything is known"] {
        println!("planning, {what}");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["bench", "--quiet", "--package", "heirloom-plan", "--bench", "debian", "--"]);
        cargo.args([dir.join("Sources"), dir.join("Packages"), known.clone()]).args(size);
        if !cargo.status()?.success() {
            return Err("the benchmark of planning failed".into());
        }
    }
    Ok(())
}
