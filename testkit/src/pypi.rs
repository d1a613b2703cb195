//! The field's own tools that come from PyPI.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::tool::Tool;
use crate::{Error, Result, place};

/// The directory that has these packages, each named with its version: `createrepo_c==1.2.5`. They are installed there
/// once, below `target`; it is what `PYTHONPATH` takes.
pub fn packages(names: &[&str]) -> Result<PathBuf> {
    let peers = place::make_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/peers"))?;
    let dir = peers.join(names.join("+"));
    if !dir.exists() {
        // Aside first, since other tests may look at the same moment.
        let aside = TempDir::new_in(&peers).map_err(Error::io(&peers))?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target"];
        Tool::new("/usr/bin/python3").args(pip).arg(aside.path()).args(names).run()?;
        if std::fs::rename(aside.path(), &dir).is_ok() {
            let _ = aside.keep();
        }
    }
    Ok(dir)
}

/// createrepo_c 1.2.5, newer than a stable distribution's.
pub fn createrepo_c() -> Result<PathBuf> {
    Ok(packages(&["createrepo_c==1.2.5"])?.join("createrepo_c/data/bin/createrepo_c"))
}
