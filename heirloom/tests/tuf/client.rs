//! Clients that remember: python-tuf's and our own.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::Value;
use tempfile::TempDir;
use testkit::server::Server;
use testkit::tool::Tool;

use crate::ran::Ran;
use crate::site::{Site, finish};

static PYTHON: LazyLock<PathBuf> = LazyLock::new(|| testkit::pypi::packages(&["tuf==7.0.1"]).unwrap());

/// A distribution with keys for TUF; `more` is what its definition says of it beside the directory of keys.
pub(crate) fn site(more: &str) -> Site {
    let site = Site::new("http://127.0.0.1", &format!("[tuf]\nkeys = \"tuf-keys\"\n{more}"));
    site.run(&["tuf", "init"]).expect(0);
    site
}

/// The first root of a distribution, as clients were given it.
pub(crate) fn root(site: &Site) -> PathBuf {
    site.path("tuf-keys/1.root.json")
}

/// Two clients of a channel, which see the same and remember what they saw.
pub(crate) struct Clients {
    dir: TempDir,
    root: PathBuf,
}

/// What python-tuf said.
#[derive(Debug)]
pub(crate) struct Said(pub(crate) Value);

impl Said {
    /// The name of its error, if it refused.
    pub(crate) fn error(&self) -> Option<&str> {
        self.0["error"].as_str()
    }

    pub(crate) fn version(&self, role: &str) -> u64 {
        self.0[role].as_u64().unwrap_or_else(|| panic!("{:?}", self.0))
    }
}

impl Clients {
    pub(crate) fn new(root: &Path) -> Self {
        Self { dir: tempfile::tempdir().unwrap(), root: root.to_owned() }
    }

    /// python-tuf's client, of a directory that a web server serves.
    pub(crate) fn python(&self, channel: &Path, time: &str, targets: &[&str]) -> Said {
        let server = Server::start(channel).unwrap();
        let text = Tool::new("/usr/bin/python3")
            .env("PYTHONPATH", &*PYTHON)
            .arg("-c")
            .arg(include_str!("client.py"))
            .arg(self.dir.path().join("python"))
            .arg(server.url("").trim_end_matches('/'))
            .arg(&self.root)
            .arg(time)
            .args(targets)
            .run()
            .unwrap();
        Said(serde_json::from_str(&text).unwrap())
    }

    /// Our own, of the directory itself.
    pub(crate) fn own(&self, channel: &Path, time: &str, more: &[&str]) -> Ran {
        verify(channel.to_str().unwrap(), &self.root, Some(&self.dir.path().join("state.json")), time, more)
    }

    /// Both follow, and see the same versions: root, timestamp, snapshot, targets.
    #[track_caller]
    pub(crate) fn follow(&self, channel: &Path, targets: &[&str]) -> [u64; 4] {
        let said = self.python(channel, "now", targets);
        assert_eq!(said.error(), None, "{said:?}");
        let ran = self.own(channel, "now", &[]).expect(0);
        assert!(ran.stdout.contains("is what its keys vouch for"), "{}", ran.stdout);
        let state = fs::read_to_string(self.dir.path().join("state.json")).unwrap();
        let state: Value = serde_json::from_str(&state).unwrap();
        let roles = ["root", "timestamp", "snapshot", "targets"];
        let seen = roles.map(|role| state["metadata"][role].as_u64().unwrap());
        assert_eq!(seen, roles.map(|role| said.version(role)), "{said:?}");
        seen
    }
}

/// `heirloom verify`, anywhere.
pub(crate) fn verify(place: &str, root: &Path, state: Option<&Path>, time: &str, more: &[&str]) -> Ran {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_heirloom"));
    command.args(["verify", place, "--root"]).arg(root).args(more);
    if let Some(state) = state {
        command.arg("--state").arg(state);
    }
    if time != "now" {
        command.args(["--time", time]);
    }
    finish(command)
}

/// A channel as a mirror has it, which may be changed.
pub(crate) struct Mirror {
    dir: TempDir,
}

impl Mirror {
    pub(crate) fn of(site: &Site, channel: &str) -> Self {
        let mirror = Self { dir: tempfile::tempdir().unwrap() };
        let from = fs::canonicalize(site.published(channel)).unwrap();
        Tool::new("cp").args(["-r", "--no-target-directory"]).arg(from).arg(mirror.path("9")).run().unwrap();
        Tool::new("chmod").args(["-R", "u+w"]).arg(mirror.path("9")).run().unwrap();
        mirror
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    pub(crate) fn channel(&self) -> PathBuf {
        self.path("9")
    }

    pub(crate) fn metadata(&self, name: &str) -> PathBuf {
        self.path("9/tuf").join(name)
    }

    /// Takes a metadata file of another state, under a name of its own.
    pub(crate) fn take(&self, from: &Mirror, name: &str, as_name: &str) {
        fs::copy(from.metadata(name), self.metadata(as_name)).unwrap();
    }

    /// Changes a file's text.
    #[track_caller]
    pub(crate) fn edit(&self, below: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path("9").join(below)).unwrap();
        assert!(text.contains(from), "{below} has no {from}: {text}");
        fs::write(self.path("9").join(below), text.replacen(from, to, 1)).unwrap();
    }
}
