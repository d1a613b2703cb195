//! A distribution with a log.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use heirloom_model::Digest;
use heirloom_model::log::{LogEntry, LogKind};
use heirloom_tlog::{Log, NoteKey};
use tempfile::TempDir;

use crate::ran::Ran;

pub(crate) const ORIGIN: &str = "kestrel.example/el/log";

/// A distribution in a directory of its own.
pub(crate) struct Place {
    pub(crate) dir: TempDir,
}

impl Place {
    /// One without a log; `more` is what its definition says beside the usual.
    pub(crate) fn new(more: &str) -> Self {
        let place = Self { dir: tempfile::tempdir().unwrap() };
        fs::write(place.path("key.asc"), "").unwrap();
        fs::create_dir(place.path("upstream")).unwrap();
        place.define(more);
        place
    }

    /// One with a log.
    pub(crate) fn begun() -> Self {
        let place = Self::new("");
        place.run(&["log", "init"]).expect(0);
        place
    }

    pub(crate) fn define(&self, more: &str) {
        let text = format!(
            "[distribution]\nname = \"Kestrel Enterprise Linux\"\nid = \"kestrel\"\nversion = \"9.4\"\n\
             dist = \".el9\"\nvendor = \"Kestrel\"\nplatform_id = \"platform:el9\"\n\
             home_url = \"https://kestrel.example\"\nbug_url = \"https://kestrel.example\"\n\
             promise = \"identical\"\n\
             [upstream]\nkind = \"dist-git\"\nlocation = \"upstream\"\n\
             [bootstrap]\nlocation = \"upstream\"\nkeys = [\"key.asc\"]\n\
             [repositories.BaseOS]\n[signing]\nkey = \"secret.asc\"\n\
             [publish]\nurl = \"https://kestrel.example/el/\"\n{more}\n"
        );
        fs::write(self.path("heirloom.toml"), text).unwrap();
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    /// The same as text, for command lines.
    pub(crate) fn text(&self, below: &str) -> String {
        self.path(below).to_str().unwrap().to_owned()
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.path("state/published/log")
    }

    pub(crate) fn vkey(&self) -> String {
        NoteKey::load(&self.path("log.key")).unwrap().log_vkey().to_string()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_heirloom"));
        command
            .arg("--definition")
            .arg(self.path("heirloom.toml"))
            .args(arguments)
            .current_dir(self.dir.path());
        let output = command.output().unwrap();
        Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    pub(crate) fn json(&self, arguments: &[&str], code: i32) -> serde_json::Value {
        let mut all = vec!["--format", "json"];
        all.extend(arguments);
        self.run(&all).expect(code).json()
    }

    /// Appends what other verbs would: an entry about each document.
    pub(crate) fn append(&self, documents: &[&str]) {
        append(&self.log(), &self.path("log.key"), documents);
    }

    pub(crate) fn write(&self, name: &str, content: &str) -> String {
        fs::write(self.path(name), content).unwrap();
        self.text(name)
    }

    /// The log made anew by its own key, with other entries: what a dishonest owner would serve.
    pub(crate) fn forge(&self, documents: &[&str]) {
        fs::remove_dir_all(self.log()).unwrap();
        drop(Log::create(&self.log(), NoteKey::load(&self.path("log.key")).unwrap()).unwrap());
        self.append(documents);
    }
}

pub(crate) fn append(log: &Path, key: &Path, documents: &[&str]) {
    let entries = documents.iter().map(|document| LogEntry {
        digest: Digest::of(document.as_bytes()),
        kind: LogKind::Certificate,
        name: format!("about {document}"),
    });
    let lines: Vec<_> = entries.map(|entry| entry.line().unwrap()).collect();
    Log::open(log, NoteKey::load(key).unwrap()).unwrap().append(&lines).unwrap();
}
