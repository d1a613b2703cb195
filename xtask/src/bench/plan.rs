//! Planning, at the size of a distribution: Debian's own indexes, fetched and verified by apt, as RPM-shaped metadata.
//! The measuring itself is `stages/plan/benches/debian`; here are its inputs, and two sizes, each run once with nothing
//! known and once with everything.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::Result;
use crate::world::apt::Apt;

/// Source packages: of an Enterprise Linux, and of all that there is.
const SIZES: [&str; 2] = ["3000", "30000"];

/// Fetches the indexes and measures both sizes.
pub(super) fn run() -> Result<()> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench");
    let apt = Apt::open(&dir.join("apt"))?;
    for kind in ["Sources", "Packages"] {
        fs::write(dir.join(kind), apt.index(kind)?)?;
    }
    SIZES.iter().try_for_each(|size| measure(&dir, size))
}

fn measure(dir: &Path, size: &str) -> Result<()> {
    let known = dir.join(format!("solutions-{size}"));
    let _ = fs::remove_file(&known);
    for what in ["nothing is known", "everything is known"] {
        println!("planning, {what}");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["bench", "--quiet", "--package", "heirloom-plan", "--bench", "debian", "--"]);
        cargo.args([dir.join("Sources"), dir.join("Packages"), known.clone()]).arg(size);
        if !cargo.status()?.success() {
            return Err("the benchmark of planning failed".into());
        }
    }
    Ok(())
}
