//! A distribution of its own for one benchmark, on the stand-in upstream's bootstrap and reference repositories.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Result, heirloom, run_tool};

pub(super) struct Site {
    dir: tempfile::TempDir,
    pub(super) world: PathBuf,
    heirloom: PathBuf,
}

impl Site {
    /// A site whose upstream is this directory of dist-git trees, without some of them.
    pub(super) fn new(
        exclude: &[&str],
        upstream: impl FnOnce(&Path, &Path) -> Result<PathBuf>,
    ) -> Result<Self> {
        let lookaside = testkit::world()?.canonicalize()?.join("lookaside");
        Self::make(exclude, upstream, |_| lookaside)
    }

    /// A site whose upstream has its large sources in `lookaside` of the site's own directory.
    pub(super) fn with_lookaside(upstream: impl FnOnce(&Path, &Path) -> Result<PathBuf>) -> Result<Self> {
        Self::make(&[], upstream, |dir| dir.join("lookaside"))
    }

    fn make(
        exclude: &[&str],
        upstream: impl FnOnce(&Path, &Path) -> Result<PathBuf>,
        lookaside: impl FnOnce(&Path) -> PathBuf,
    ) -> Result<Self> {
        let world = testkit::world()?.canonicalize()?;
        let dir = tempfile::tempdir()?;
        let lookaside = lookaside(dir.path());
        let upstream = upstream(dir.path(), &world)?;
        let site = Self { dir, world, heirloom: heirloom()? };
        let world = &site.world;
        let keys = world.join("keys");
        let mut init = Command::new(&site.heirloom);
        init.arg("init").arg(site.path("")).arg("--upstream").arg(&upstream);
        init.arg("--lookaside").arg(lookaside.join("{digest}"));
        init.arg("--bootstrap").arg(world.join("bootstrap"));
        init.arg("--bootstrap-key").arg(keys.join("bootstrap.asc"));
        init.arg("--reference-key").arg(keys.join("vendor.asc"));
        for name in ["BaseOS", "AppStream", "CRB"] {
            let reference = world.join("reference").join(name).join("x86_64/os");
            init.arg("--reference").arg(format!("{name}={}", reference.display()));
        }
        for name in exclude {
            init.arg(format!("--exclude={name}=the vendor's"));
        }
        run_tool(&mut init)?;
        Ok(site)
    }

    pub(super) fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    pub(super) fn heirloom(&self, arguments: &[&str]) -> Result<String> {
        run_tool(
            Command::new(&self.heirloom).arg("--definition").arg(self.path("heirloom.toml")).args(arguments),
        )
    }

    /// Replaces a text of the definition, which must be there.
    pub(super) fn redefine(&self, text: &str, with: &str) -> Result<()> {
        let path = self.path("heirloom.toml");
        let definition = fs::read_to_string(&path)?;
        match definition.contains(text) {
            true => Ok(fs::write(path, definition.replacen(text, with, 1))?),
            false => Err(format!("{}: expected `{text}`, found:\n{definition}", path.display()).into()),
        }
    }

    /// Adds to the end of the definition.
    pub(super) fn append(&self, text: &str) -> Result<()> {
        let path = self.path("heirloom.toml");
        let definition = fs::read_to_string(&path)?;
        Ok(fs::write(path, format!("{definition}\n{text}"))?)
    }

    /// Forgets everything that was done.
    pub(super) fn clear(&self) -> Result<()> {
        Ok(fs::remove_dir_all(self.path("state"))?)
    }
}
