//! Finds the stand-in upstream that `cargo xtask world` makes.

use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// The directory of the made world: `HEIRLOOM_WORLD`, else `target/world` of this workspace.
pub fn world() -> Result<PathBuf> {
    let path = std::env::var_os("HEIRLOOM_WORLD").map_or_else(default_place, PathBuf::from);
    if path.join("reference/.stamp").is_file() { Ok(path) } else { Err(Error::NoWorld { path }) }
}

fn default_place() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/world")
}
