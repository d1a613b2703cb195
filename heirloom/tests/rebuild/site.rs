//! A distribution of its own for one test: definition, key, state, and a chosen part of the stand-in upstream.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;
use testkit::tool::Tool;

use crate::ran::Ran;

impl Ran {
    /// Fails the test unless the error names all of these.
    #[track_caller]
    pub(crate) fn says(&self, words: &[&str]) {
        for word in words {
            assert!(self.stderr.contains(word), "`{word}` is not in:\n{}\n{}", self.stderr, self.stdout);
        }
    }
}

/// A distribution in a directory of its own.
pub(crate) struct Site {
    dir: TempDir,
    pub(crate) upstream: PathBuf,
}

/// Builds use all processors and much memory: one test at a time.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A site that has its base root already; others begin as its copy.
static PREPARED: LazyLock<Site> = LazyLock::new(|| {
    let site = Site::bare(&[]);
    site.run(&["plan"]).expect(0);
    site
});

impl Site {
    /// A site with these source packages of the stand-in upstream, and an empty store.
    pub(crate) fn bare(packages: &[&str]) -> Self {
        let site = Self::uninitialised(packages);
        let world = testkit::world().unwrap();
        let asc = |name: &str| world.join("keys").join(name).display().to_string();
        let mut arguments = vec![
            "init".to_owned(),
            site.path("").display().to_string(),
            format!("--upstream={}", site.upstream.display()),
            format!("--lookaside={}/lookaside/{{digest}}", world.display()),
            format!("--bootstrap={}/bootstrap", world.display()),
            format!("--bootstrap-key={}", asc("bootstrap.asc")),
            format!("--reference-key={}", asc("vendor.asc")),
            "--url=https://kestrel.example".to_owned(),
        ];
        for name in ["BaseOS", "AppStream", "CRB"] {
            arguments.push(format!("--reference={name}={}/reference/{name}/x86_64/os", world.display()));
        }
        let init: Vec<_> = arguments.iter().map(String::as_str).collect();
        heirloom(&init).expect(0);
        site
    }

    /// The same, with the base root and the evaluation of the release package there already.
    pub(crate) fn new(packages: &[&str]) -> Self {
        let site = Self::bare(packages);
        fs::remove_dir_all(site.path("keys")).unwrap();
        for part in ["keys", "state"] {
            Tool::new("cp").arg("-a").arg(PREPARED.path(part)).arg(site.path(part)).run().unwrap();
        }
        site
    }

    fn uninitialised(packages: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let upstream = dir.path().join("upstream");
        fs::create_dir(&upstream).unwrap();
        // One key for all sites, so that what they publish can be compared byte by byte; making one takes long.
        static KEYS: LazyLock<TempDir> = LazyLock::new(|| {
            let dir = tempfile::tempdir().unwrap();
            heirloom(&["init", dir.path().to_str().unwrap()]).expect(0);
            dir
        });
        Tool::new("cp").arg("-a").arg(KEYS.path().join("keys")).arg(dir.path().join("keys")).run().unwrap();
        let trees = testkit::world().unwrap().join("dist-git");
        for package in packages {
            Tool::new("cp").arg("-a").arg(trees.join(package)).arg(upstream.join(package)).run().unwrap();
        }
        Self { dir, upstream }
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    /// The snapshot that clients are served.
    pub(crate) fn published(&self) -> PathBuf {
        let root = self.path("state/published");
        let list = fs::read_to_string(root.join("9/mirrorlist/BaseOS-x86_64")).unwrap_or_default();
        let below = list.lines().next().and_then(|line| line.strip_prefix("https://kestrel.example/"));
        let below = below.unwrap_or("nothing-yet");
        root.join(below.trim_end_matches("/BaseOS/x86_64/os/"))
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_heirloom"));
        command.arg("--definition").arg(self.path("heirloom.toml")).args(arguments);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        finish(self.command(arguments))
    }

    /// Runs a verb and gives its result as data.
    pub(crate) fn json(&self, verb: &str) -> serde_json::Value {
        self.run(&["--format", "json", verb]).expect(0).json()
    }

    /// Replaces text in the definition.
    pub(crate) fn redefine(&self, from: &str, to: &str) {
        replace(&self.path("heirloom.toml"), from, to);
    }

    /// Writes a source package of one spec file.
    pub(crate) fn write_spec(&self, name: &str, body: &str) {
        let dir = self.upstream.join(name).join("SPECS");
        fs::create_dir_all(&dir).unwrap();
        fs::create_dir_all(self.upstream.join(name).join("SOURCES")).unwrap();
        let head = format!(
            "Name: {name}\nVersion: 1\nRelease: 1%{{?dist}}\nSummary: x\nLicense: MIT\nBuildArch: noarch\n"
        );
        let tail = "%changelog\n* Wed Jan 01 2025 Someone <s@example.org> - 1-1\n- First\n";
        fs::write(dir.join(format!("{name}.spec")), format!("{head}{body}\n{tail}")).unwrap();
    }

    /// Writes a source package that is built for an architecture: all of its spec file but name and changelog, and
    /// its sources.
    pub(crate) fn write_source(&self, name: &str, body: &str, sources: &[(&str, &str)]) {
        let dir = self.upstream.join(name);
        for part in ["SPECS", "SOURCES"] {
            fs::create_dir_all(dir.join(part)).unwrap();
        }
        let head = format!("Name: {name}\nVersion: 1\nRelease: 1%{{?dist}}\nSummary: x\nLicense: MIT\n");
        let tail = "%changelog\n* Wed Jan 01 2025 Someone <s@example.org> - 1-1\n- First\n";
        fs::write(dir.join("SPECS").join(format!("{name}.spec")), format!("{head}{body}\n{tail}")).unwrap();
        for (file, text) in sources {
            fs::write(dir.join("SOURCES").join(file), text).unwrap();
        }
    }

    /// The spec file of one of its source packages.
    pub(crate) fn spec(&self, name: &str) -> PathBuf {
        self.upstream.join(name).join("SPECS").join(format!("{name}.spec"))
    }

    /// Another distribution of the same upstream, with its own state.
    pub(crate) fn sibling(&self) -> Self {
        let other = Self::new(&[]);
        fs::remove_dir_all(&other.upstream).unwrap();
        Tool::new("cp").arg("-a").arg(&self.upstream).arg(&other.upstream).run().unwrap();
        other
    }

    /// dnf on the published repositories, with every signature checked.
    pub(crate) fn dnf(&self, root: &Path, arguments: &[&str]) -> testkit::Result<String> {
        let repos = self.path("repos.d");
        fs::create_dir_all(&repos).unwrap();
        let file = fs::read_to_string(self.published().join("kestrel.repo")).unwrap();
        let here = format!("file://{}", self.path("state/published").display());
        let file = file.replace("mirrorlist=", "#mirrorlist=").replace("#baseurl=", "baseurl=");
        fs::write(repos.join("kestrel.repo"), file.replace("https://kestrel.example", &here)).unwrap();
        Tool::new("dnf")
            .args(["-q", "-y", "--disableplugin=local", "--releasever=9", "--forcearch=x86_64"])
            .args(["--setopt=module_platform_id=platform:el9", "--setopt=varsdir=/dev/null"])
            // As Enterprise Linux sets it in dnf.conf; else a repository that can't be verified is left out silently.
            .arg("--setopt=skip_if_unavailable=0")
            .arg(format!("--setopt=reposdir={}", repos.display()))
            .arg(format!("--setopt=cachedir={}", self.path("dnf-cache").display()))
            .arg(format!("--installroot={}", root.display()))
            .args(arguments)
            .env("HOME", self.path(""))
            .run()
    }
}

pub(crate) fn replace(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "`{from}` is not in {}", file.display());
    fs::write(file, text.replace(from, to)).unwrap();
}

fn heirloom(arguments: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_heirloom"));
    command.args(arguments);
    finish(command)
}

pub(crate) fn finish(mut command: Command) -> Ran {
    let output = command.output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Path and SHA-256 of every file below a directory, sorted.
pub(crate) fn digests(dir: &Path) -> String {
    let list = "find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum";
    Tool::new("sh").args(["-c", list]).dir(fs::canonicalize(dir).unwrap()).run().unwrap()
}
