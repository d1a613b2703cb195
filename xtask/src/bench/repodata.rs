//! Metadata of thousands of packages, from their files and from the store, beside createrepo_c. What is from the store
//! is measured by `stages/compose/benches/repodata.rs`; here are its packages, and the peer.

mod made;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::cost::{Contender, Line, contest};
use super::{Result, heirloom, run_tool};

/// Numbers of packages, if no others are given.
pub(super) const SIZES: [usize; 2] = [2_000, 20_000];

/// Packages of which there are so many in the largest repository, for its peak of memory.
const LARGEST: usize = 60_000;

/// Packages that are new in an update.
const NEW: usize = 10;

/// Makes so many packages, measures all, and removes them.
pub(super) fn run(sizes: &[usize]) -> Result<()> {
    let peer = peer()?;
    let parent = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench");
    fs::create_dir_all(&parent)?;
    for &count in sizes {
        let dir = tempfile::tempdir_in(&parent)?;
        let bytes = made::packages(&dir.path().join("packages"), count)?;
        println!("\n{count} packages, {} MB", bytes / 1_000_000);
        bare(dir.path(), &peer, count)?;
        from_store(dir.path(), count)?;
    }
    Ok(())
}

/// The program of the wheel itself, without the Python script around it.
fn peer() -> Result<PathBuf> {
    let program = testkit::pypi::createrepo_c()?;
    println!("{}", run_tool(Command::new(&program).arg("--version"))?.trim());
    Ok(program.canonicalize()?)
}

fn bare(dir: &Path, peer: &Path, count: usize) -> Result<()> {
    let packages = dir.join("packages");
    let ours = |args: &[&str]| {
        let line = Line::new(heirloom()?, &[0]).arg("createrepo").arg(&packages);
        Ok::<_, Box<dyn std::error::Error>>(args.iter().fold(line, |line, arg| line.arg(*arg)))
    };
    let theirs = |program: &Path, out: &str, args: &[&str]| {
        fs::create_dir_all(dir.join(out))?;
        let line = Line::new(program, &[0]).arg("--quiet").arg("--no-database").arg("-o").arg(dir.join(out));
        let line = args.iter().fold(line, |line, arg| line.arg(*arg)).arg(&packages);
        Ok::<_, Box<dyn std::error::Error>>(line)
    };
    contest(
        &format!("{count} packages, all read from their files"),
        1,
        vec![
            Contender::new("createrepo_c", vec![theirs(peer, "theirs", &[])?]),
            Contender::new("heirloom createrepo", vec![ours(&[])?]),
            Contender::new("heirloom createrepo --compression gzip", vec![ours(&["--compression", "gzip"])?]),
        ],
    )?;
    run_tool(Command::new(heirloom()?).arg("createrepo").arg(&packages))?;
    contest(
        &format!("{count} packages, --update, nothing new"),
        1,
        vec![
            Contender::new("createrepo_c --update", vec![theirs(peer, "theirs", &["--update"])?]),
            Contender::new("heirloom createrepo --update", vec![ours(&["--update"])?]),
        ],
    )?;
    let touch = |line: Line| Line::new("/bin/sh", &[0]).arg("-c").arg(line.after(&touched(&packages)));
    contest(
        &format!("{count} packages, --update, {NEW} new"),
        1,
        vec![
            Contender::new("createrepo_c --update", vec![touch(theirs(peer, "theirs", &["--update"])?)]),
            Contender::new("heirloom createrepo --update", vec![touch(ours(&["--update"])?)]),
        ],
    )?;
    for (name, out) in
        [("createrepo_c", dir.join("theirs/repodata")), ("heirloom", packages.join("repodata"))]
    {
        println!("  {name} wrote {} KB", size(&out)? / 1000);
    }
    Ok(())
}

/// A command that makes some packages younger, so that they are new to everyone.
fn touched(packages: &Path) -> String {
    let one = |number: usize| {
        let path = packages.join(made::location(number * 7));
        format!("touch -r {0} -d '+10 seconds' {0}; ", path.display())
    };
    (0..NEW).map(one).collect()
}

fn size(dir: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(dir)? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes)
}

fn from_store(dir: &Path, count: usize) -> Result<()> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["bench", "--quiet", "--package", "heirloom-compose", "--bench", "repodata", "--"]);
    cargo.arg(dir.join("packages")).arg(dir.join("state"));
    if count >= SIZES[1] {
        cargo.arg(LARGEST.to_string());
    }
    match cargo.status()?.success() {
        true => Ok(()),
        false => Err("the benchmark of metadata from the store failed".into()),
    }
}
