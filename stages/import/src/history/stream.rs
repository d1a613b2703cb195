//! Commits, written by one `git fast-import`. It leaves a pack and no reference.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Read as _, Seek as _, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use heirloom_model::Digest;
use heirloom_store::Store;

use super::repository::Repository;
use super::tree::Tree;
use super::{HistoryError, Identity};

/// A commit to be made.
pub(super) struct Commit<'a> {
    /// Its tree.
    pub(super) tree: &'a Tree<'a>,
    /// What it says.
    pub(super) message: String,
    /// Its parents, in order.
    pub(super) parents: Vec<Parent>,
}

/// A parent of a commit.
pub(super) enum Parent {
    /// A commit that is there.
    Id(String),
    /// The commit that is made before this one.
    Before,
}

/// Makes the commits and returns their ids. What git says goes into the log, which it keeps locked.
pub(super) fn commit(
    repository: &Repository,
    mut log: File,
    store: &Store,
    identity: Identity<'_>,
    time: u64,
    commits: &[Commit<'_>],
) -> Result<Vec<String>, HistoryError> {
    let who = signature(identity, time)?;
    let path = &repository.path;
    let mut child = spawn(path, &log)?;
    let written = match child.stdin.take() {
        Some(stdin) => write(BufWriter::new(stdin), store, &who, commits),
        None => Ok(()),
    };
    let output = child.wait_with_output().map_err(HistoryError::io("run git in", path))?;
    let failed = |message: String| HistoryError::Git { path: path.clone(), message };
    // If git gave up, its reason tells more than the broken pipe.
    if !output.status.success() {
        written.or_else(|error| match &error {
            HistoryError::Io { source, .. } if source.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            _ => Err(error),
        })?;
        let mut said = Vec::new();
        let read = log.rewind().and_then(|()| (&mut log).take(LONGEST).read_to_end(&mut said));
        read.map_err(HistoryError::io("read what git said in", path))?;
        return Err(failed(String::from_utf8_lossy(&said).trim().to_owned()));
    }
    written?;
    let ids: Vec<_> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    match ids.len() == commits.len() && ids.iter().all(|id| id.len() == 40) {
        true => Ok(ids),
        false => Err(failed(format!("expected {} commits, found `{}`", commits.len(), ids.join(" ")))),
    }
}

/// Bytes of what git says that are told.
const LONGEST: u64 = 4096;

fn spawn(path: &Path, log: &File) -> Result<Child, HistoryError> {
    let stderr = log.try_clone().map_err(HistoryError::io("open the log of git in", path))?;
    Command::new("git")
        .arg("--git-dir")
        .arg(path)
        // Always a pack: loose objects would need a second process, and one request each from a plain web server.
        .args(["-c", "fastimport.unpackLimit=0", "fast-import", "--quiet", "--done", "--date-format=raw"])
        .env_clear()
        .envs(std::env::vars_os().filter(|(name, _)| name == "PATH"))
        .envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1"), ("LC_ALL", "C")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::from(stderr))
        .spawn()
        .map_err(|error| HistoryError::Git {
            path: path.to_owned(),
            message: format!("{error}; `heirloom doctor` says how to install git"),
        })
}

fn signature(identity: Identity<'_>, time: u64) -> Result<String, HistoryError> {
    let Identity { name, email } = identity;
    for text in [name, email] {
        if text.trim().is_empty() || text.trim() != text || text.contains(['<', '>', '\n', '\0']) {
            return Err(HistoryError::Identity(text.to_owned()));
        }
    }
    Ok(format!("{name} <{email}> {time} +0000"))
}

fn write(mut to: impl Write, store: &Store, who: &str, commits: &[Commit<'_>]) -> Result<(), HistoryError> {
    let broken = || HistoryError::io("write to", "git");
    let mut marks: BTreeMap<Digest, usize> = BTreeMap::new();
    let files = commits.iter().flat_map(|commit| &commit.tree.files);
    for (_, file) in files {
        let next = marks.len() + 1;
        if let std::collections::btree_map::Entry::Vacant(entry) = marks.entry(file.digest) {
            entry.insert(next);
            let bytes = store.read(file.digest)?;
            write!(to, "blob\nmark :{next}\n").map_err(broken())?;
            data(&mut to, &bytes).map_err(broken())?;
        }
    }
    let mark = |index| marks.len() + 1 + index;
    for (index, commit) in commits.iter().enumerate() {
        one(&mut to, &marks, mark(index), who, commit).map_err(broken())?;
    }
    // A name that ends without a commit is not written, and the commits are.
    let ends = (0..commits.len()).map(|index| format!("reset {}\nfrom {:040}\n", name(mark(index)), 0));
    let ends: String = ends.collect();
    to.write_all(format!("{ends}done\n").as_bytes()).and_then(|()| to.flush()).map_err(broken())
}

fn one(
    to: &mut impl Write,
    marks: &BTreeMap<Digest, usize>,
    mark: usize,
    who: &str,
    commit: &Commit<'_>,
) -> io::Result<()> {
    write!(to, "commit {}\nmark :{mark}\nauthor {who}\ncommitter {who}\n", name(mark))?;
    data(to, commit.message.as_bytes())?;
    for (index, parent) in commit.parents.iter().enumerate() {
        let word = if index == 0 { "from" } else { "merge" };
        match parent {
            Parent::Id(id) => writeln!(to, "{word} {id}")?,
            Parent::Before => writeln!(to, "{word} :{}", mark - 1)?,
        }
    }
    writeln!(to, "deleteall")?;
    for (path, file) in &commit.tree.files {
        let blob = marks.get(&file.digest).copied().unwrap_or_default();
        writeln!(to, "M 100644 :{blob} {}", quoted(path))?;
    }
    if let Some((path, text)) = &commit.tree.list {
        writeln!(to, "M 100644 inline {}", quoted(path))?;
        data(to, text.as_bytes())?;
    }
    write!(to, "\nget-mark :{mark}\n")
}

fn name(mark: usize) -> String {
    format!("refs/new/{mark}")
}

fn data(to: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    writeln!(to, "data {}", bytes.len())?;
    to.write_all(bytes)?;
    writeln!(to)
}

fn quoted(path: &str) -> String {
    format!("\"{}\"", path.replace('\\', "\\\\").replace('"', "\\\""))
}
