//! Dist-git trees inside git repositories, read with the git command at one commit. Nothing is checked out:
//! hooks, filters and links of a foreign repository have no effect.

use std::path::Path;
use std::process::Command;

use heirloom_model::record::Imported;
use heirloom_store::Store;

use crate::ImportError;
use crate::distgit::{self, TREE_FILE_LIMIT, TreeFile};

/// Imports the tree of a branch, tag or commit of the repository in this directory.
///
/// # Errors
/// git fails, the revision is unknown, or the tree is no dist-git tree (see [`distgit::import`]).
pub fn import(
    store: &Store,
    repository: &Path,
    revision: &str,
    lookaside: Option<&str>,
) -> Result<Imported, ImportError> {
    let name = repository.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name = name.strip_suffix(".git").unwrap_or(&name);
    let verify = ["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{revision}^{{commit}}")];
    let commit = String::from_utf8_lossy(&git(repository, &verify)?).trim().to_owned();
    let listing = git(repository, &["ls-tree", "-r", "-z", "-l", "--full-tree", &commit])?;
    let mut files = Vec::new();
    for entry in listing.split(|byte| *byte == 0).filter(|entry| !entry.is_empty()) {
        files.push(read(repository, &commit, &String::from_utf8_lossy(entry))?);
    }
    let origin = format!("{}@{commit}", repository.display());
    distgit::from_files(store, name, &origin, files, lookaside, false)
}

/// Reads one line of `ls-tree -l`: mode, type, object, size, tab, path.
fn read(repository: &Path, commit: &str, entry: &str) -> Result<TreeFile, ImportError> {
    let layout = |message: String| ImportError::Layout { path: repository.to_owned(), message };
    let (facts, path) = entry.split_once('\t').ok_or_else(|| layout(format!("git lists `{entry}`")))?;
    let facts: Vec<_> = facts.split_whitespace().collect();
    let ["100644" | "100755", "blob", object, size] = facts[..] else {
        return Err(layout(format!("`{path}` is not a plain file; a link or submodule can't be a source")));
    };
    if size.parse::<u64>().map_or(true, |size| size > TREE_FILE_LIMIT) {
        return Err(ImportError::TooLarge { location: path.to_owned(), limit: TREE_FILE_LIMIT });
    }
    let bytes = git(repository, &["cat-file", "blob", object])?;
    Ok(TreeFile { path: path.to_owned(), origin: format!("{}@{commit}:{path}", repository.display()), bytes })
}

fn git(repository: &Path, arguments: &[&str]) -> Result<Vec<u8>, ImportError> {
    let failed = |message: String| ImportError::Git {
        command: arguments.join(" "),
        path: repository.to_owned(),
        message,
    };
    // A repository that belongs to another user is fine: it is only read, and its configuration is not used
    // for anything that runs.
    let output = Command::new("git")
        .args(["-c", "safe.directory=*", "-C"])
        .arg(repository)
        .args(arguments)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .output()
        .map_err(|error| failed(format!("{error}; `heirloom doctor` says how to install git")))?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(failed(match output.stderr.is_empty() {
            true => "there is no such branch, tag or commit".to_owned(),
            false => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        })),
    }
}
