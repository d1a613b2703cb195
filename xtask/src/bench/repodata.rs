//! Metadata of thousands of packages, from their files and from the store, beside createrepo_c. What is from the store
//! is done by `stages/compose/benches/repodata.rs`; here are its packages, and the peer.

mod made;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::cost::{Contender, Line, contest};
use super::{Result, heirloom, run_tool};

/// Numbers of packages, if no others are given.
pub(super) const SIZES: [usize; 2] = [2_000, 20_000];

/// Packages that are placed in the largest repository, for its peak of memory.
const LARGEST: usize = 60_000;

/// Packages that are new in an update.
const NEW: usize = 10;

/// The programs that take turns.
struct Programs {
    createrepo_c: PathBuf,
    heirloom: PathBuf,
    store: PathBuf,
}

/// Makes so many packages, measures all, and removes them.
pub(super) fn run(sizes: &[usize]) -> Result<()> {
    let programs = Programs { createrepo_c: peer()?, heirloom: heirloom()?, store: store()? };
    let parent = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench");
    fs::create_dir_all(&parent)?;
    for &count in sizes {
        let dir = tempfile::tempdir_in(parent.canonicalize()?)?;
        let bytes = made::packages(&dir.path().join("packages"), count)?;
        println!("\n{count} packages, {} MB", bytes / 1_000_000);
        Bench { programs: &programs, dir: dir.path(), count }.run()?;
    }
    Ok(())
}

/// The program of the wheel itself, without the Python script around it.
fn peer() -> Result<PathBuf> {
    let program = testkit::pypi::createrepo_c()?;
    println!("{}", run_tool(Command::new(&program).arg("--version"))?.trim());
    Ok(program.canonicalize()?)
}

/// The benchmark of `heirloom-compose`, compiled.
fn store() -> Result<PathBuf> {
    super::compiled("heirloom-compose", "repodata")
}

struct Bench<'a> {
    programs: &'a Programs,
    dir: &'a Path,
    count: usize,
}

impl Bench<'_> {
    fn run(&self) -> Result<()> {
        let (state, packages) = (self.dir.join("state"), self.dir.join("packages"));
        let mut enter = Command::new(&self.programs.store);
        println!("{}", run_tool(enter.arg(&state).arg("enter").arg(&packages))?.trim());
        self.contest(
            "everything is new",
            vec![
                Contender::new("createrepo_c, from files", vec![self.theirs(&[])?]),
                Contender::new("heirloom createrepo, from files", vec![self.ours(&[])]),
                Contender::new("heirloom, from the store", vec![self.kept(&["zstd"])]),
            ],
        )?;
        self.contest(
            "everything is new, gzip",
            vec![
                Contender::new(
                    "createrepo_c, from files",
                    vec![self.theirs(&["--general-compress-type", "gz"])?],
                ),
                Contender::new(
                    "heirloom createrepo, from files",
                    vec![self.ours(&["--compression", "gzip"])],
                ),
                Contender::new("heirloom, from the store", vec![self.kept(&["gzip"])]),
            ],
        )?;
        self.sizes()?;
        self.contest(
            "nothing is new",
            vec![
                Contender::new("createrepo_c --update", vec![self.theirs(&["--update"])?]),
                Contender::new("heirloom createrepo --update", vec![self.ours(&["--update"])]),
                Contender::new("heirloom, from the store", vec![self.kept(&["again"])]),
            ],
        )?;
        let touch = |line: Line| Line::new("/bin/sh", &[0]).arg("-c").arg(line.after(&touched(&packages)));
        self.contest(
            &format!("{NEW} are new"),
            vec![
                Contender::new("createrepo_c --update", vec![touch(self.theirs(&["--update"])?)]),
                Contender::new("heirloom createrepo --update", vec![touch(self.ours(&["--update"]))]),
            ],
        )?;
        if self.count < LARGEST && self.count >= SIZES[1] {
            let many =
                Contender::new("heirloom, from the store", vec![self.kept(&["many", &LARGEST.to_string()])]);
            contest(&format!("{LARGEST} places of these packages"), 1, vec![many])?;
        }
        Ok(())
    }

    fn contest(&self, what: &str, contenders: Vec<Contender>) -> Result<()> {
        contest(&format!("{} packages, {what}", self.count), 1, contenders)
    }

    fn ours(&self, args: &[&str]) -> Line {
        let line = Line::new(&self.programs.heirloom, &[0]).arg("createrepo").arg(self.dir.join("packages"));
        args.iter().fold(line, |line, arg| line.arg(*arg))
    }

    fn kept(&self, args: &[&str]) -> Line {
        let line = Line::new(&self.programs.store, &[0]).arg(self.dir.join("state"));
        args.iter().fold(line, |line, arg| line.arg(*arg))
    }

    fn theirs(&self, args: &[&str]) -> Result<Line> {
        let out = self.dir.join("theirs");
        fs::create_dir_all(&out)?;
        let line = Line::new(&self.programs.createrepo_c, &[0]).arg("--quiet").arg("--no-database");
        let line = args.iter().fold(line.arg("-o").arg(out), |line, arg| line.arg(*arg));
        Ok(line.arg(self.dir.join("packages")))
    }

    /// What both write of the same packages.
    fn sizes(&self) -> Result<()> {
        let packages = self.dir.join("packages");
        for (form, peer) in [("gzip", "gz"), ("zstd", "zstd")] {
            run_tool(&mut self.theirs(&["--general-compress-type", peer])?.command())?;
            run_tool(&mut self.ours(&["--compression", form]).command())?;
            let (theirs, ours) =
                (size(&self.dir.join("theirs/repodata"))?, size(&packages.join("repodata"))?);
            println!("  {form}: createrepo_c wrote {} KB, heirloom {} KB", theirs / 1000, ours / 1000);
        }
        Ok(())
    }
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
