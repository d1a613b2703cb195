//! rpm-md repositories made by `createrepo_c`.

use std::path::Path;

use crate::gpg::Key;
use crate::tool::Tool;
use crate::{Error, Result};

/// Writes `repodata/` for all packages under `dir`. The same packages give the same bytes.
pub fn repo(dir: &Path) -> Result<()> {
    repo_with_groups(dir, None)
}

/// Like [`repo()`], as if it was made at this time, in seconds since 1970.
pub fn repo_at(dir: &Path, time: u64) -> Result<()> {
    createrepo(time).arg(dir).run().map(drop)
}

/// Like [`repo()`], with a comps file of package groups.
pub fn repo_with_groups(dir: &Path, comps: Option<&Path>) -> Result<()> {
    let mut tool = createrepo(1);
    if let Some(comps) = comps {
        // createrepo_c reads the name as relative to the repository.
        let comps = std::fs::canonicalize(comps).map_err(Error::io(comps))?;
        tool = tool.arg("--groupfile").arg(comps);
    }
    tool.arg(dir).run().map(drop)
}

fn createrepo(time: u64) -> Tool {
    Tool::new("createrepo_c").args(["--quiet", "--no-database", "--revision", &time.to_string()]).args([
        "--set-timestamp-to-revision",
        "--workers",
        "2",
    ])
}

/// Adds another metadata file, such as an updateinfo, to a repository.
pub fn add_metadata(dir: &Path, kind: &str, file: &Path) -> Result<()> {
    Tool::new("modifyrepo_c").args(["--mdtype", kind]).arg(file).arg(dir.join("repodata")).run().map(drop)
}

/// Signs `repodata/repomd.xml`, as `repo_gpgcheck=1` wants it.
pub fn sign(dir: &Path, key: &Key) -> Result<()> {
    key.sign_file(&dir.join("repodata/repomd.xml")).map(drop)
}
