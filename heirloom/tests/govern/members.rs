//! A distribution with a charter, and its members: four affiliations, keys of OpenSSH and of OpenPGP.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use heirloom_model::record::{Composed, Tree, Waiting};
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::gpg::Key;
use testkit::tool::Tool;

use crate::ran::Ran;
use crate::site::{self, Site};

/// Name and affiliation. cho's key is an OpenPGP key, the others have one of OpenSSH.
pub(crate) const MEMBERS: [(&str, &str); 6] = [
    ("ada", "University"),
    ("ben", "University"),
    ("cho", "Hosting"),
    ("dee", "Laboratory"),
    ("eli", "Independent"),
    ("fay", "Laboratory"),
];

/// All members' keys, made once.
static KEYS: LazyLock<TempDir> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    for (name, _) in MEMBERS {
        make_key(dir.path(), name);
    }
    dir
});

fn make_key(dir: &Path, name: &str) {
    let file = dir.join(name);
    if name == "cho" {
        let key = Key::throwaway("cho <cho@hosting.example>").unwrap();
        fs::write(&file, key.secret().unwrap()).unwrap();
        fs::write(dir.join("cho.pub"), key.public().unwrap()).unwrap();
        Tool::new("chmod").arg("600").arg(&file).run().unwrap();
    } else {
        let arguments = ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"];
        Tool::new("ssh-keygen").args(arguments).arg(&file).run().unwrap();
    }
}

/// A member's private key.
pub(crate) fn key(name: &str) -> PathBuf {
    KEYS.path().join(name)
}

pub(crate) fn public(name: &str) -> PathBuf {
    KEYS.path().join(format!("{name}.pub"))
}

/// A new key beside those of members.
pub(crate) fn another(name: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    make_key(dir.path(), name);
    dir
}

/// A distribution whose members decide.
pub(crate) struct Governed {
    pub(crate) site: Site,
    /// Fingerprint of the key that signs.
    key: String,
}

impl Governed {
    /// With the usual charter: three of four affiliations release, two have packages signed.
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    /// The same, with further options of `charter init`.
    pub(crate) fn with(options: &[&str]) -> Self {
        Self::signed_by(Site::new("https://kestrel.example", ""), fingerprint(), options)
    }

    /// The same of a site whose definition names a key.
    pub(crate) fn signed_by(site: Site, key: String, options: &[&str]) -> Self {
        let governed = Self { site, key };
        let out = governed.site.path("charter.toml").display().to_string();
        let mut arguments: Vec<String> =
            ["charter", "init", "--out", &out, "--waiting-hours", "0"].map(str::to_owned).to_vec();
        arguments.extend(options.iter().map(|&option| option.to_owned()));
        for (name, affiliation) in MEMBERS {
            arguments.push(format!("--member={name}:{affiliation}:{}", public(name).display()));
        }
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        governed.site.run(&arguments).expect(0);
        governed.define("[governance]\ncharter = \"charter.toml\"\n");
        governed
    }

    /// Adds to the definition.
    pub(crate) fn define(&self, text: &str) {
        let path = self.site.path("heirloom.toml");
        fs::write(&path, fs::read_to_string(&path).unwrap() + text).unwrap();
    }

    /// Puts tree number `version` into the store, as a compose leaves it for the members.
    pub(crate) fn offer(&self, version: u32) -> Composed {
        self.offer_tree(&site::tree(version))
    }

    /// The same of a tree in a directory.
    pub(crate) fn offer_tree(&self, dir: &Path) -> Composed {
        let store = self.site.store();
        let all = site::put(&store, dir);
        let mut tree: Tree = serde_json::from_slice(&store.read(all.tree).unwrap()).unwrap();
        tree.files.retain(|file| !file.path.ends_with("repomd.xml.asc"));
        let tree = store.put(&serde_json::to_vec(&tree).unwrap()).unwrap();
        let composed = Composed { tree, ..all };
        let metadata: Vec<_> = composed
            .repositories
            .iter()
            .map(|it| json!({ "path": format!("{}/repodata/repomd.xml", it.path), "digest": it.repomd, "time": 1_790_000_000 }))
            .collect();
        let unsealed = json!({ "composed": composed, "metadata": metadata });
        let evidence = store.put(unsealed.to_string().as_bytes()).unwrap();
        let counts: serde_json::Map<String, Value> =
            composed.repositories.iter().map(|it| (it.path.clone(), it.packages.into())).collect();
        let offer = json!({
            "content": {
                "kind": "snapshot", "compose": composed.id, "tree": composed.tree, "repositories": counts,
                "key": self.key, "to_sign": metadata, "channels": [],
            },
            "evidence": [{ "name": "compose", "summary": "3 packages", "digest": evidence }],
        });
        let content = store.put(offer.to_string().as_bytes()).unwrap();
        store.append(&Waiting { kind: "snapshot".to_owned(), content }).unwrap();
        composed
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.site.run(arguments)
    }

    /// ada proposes what is ready, or what the options say; the digest.
    pub(crate) fn propose(&self, options: &[&str]) -> String {
        let mut arguments = vec!["release", "propose", "--member", "ada", "-m", "because"];
        arguments.extend(options);
        let json = self.site.json(&arguments);
        json["digest"].as_str().unwrap().to_owned()
    }

    pub(crate) fn approve(&self, proposal: &str, members: &[&str]) {
        for member in members {
            self.vote("approve", proposal, member, &key(member)).expect(0);
        }
    }

    pub(crate) fn vote(&self, decision: &str, proposal: &str, member: &str, key: &Path) -> Ran {
        let key = key.display().to_string();
        self.run(&["release", decision, proposal, "--member", member, "--key", &key])
    }

    pub(crate) fn promote(&self, proposal: &str) -> Ran {
        self.run(&["release", "promote", proposal])
    }

    /// Tree number `version`, released as the channel 9 by three members.
    pub(crate) fn release(&self, version: u32) -> Composed {
        let composed = self.offer(version);
        let proposal = self.propose(&[]);
        self.approve(&proposal, &["ada", "cho", "dee"]);
        self.promote(&proposal).expect(0);
        composed
    }

    pub(crate) fn status(&self) -> Value {
        self.site.json(&["release", "status", "--all"])
    }

    /// The same command with the clock elsewhere: `+1y`, `-1y`.
    pub(crate) fn at(&self, offset: &str, arguments: &[&str]) -> Ran {
        let program = self.site.command(arguments);
        let mut command = Command::new("faketime");
        command.args(["-f", offset]).arg(program.get_program()).args(program.get_args());
        site::finish(command)
    }
}

impl Ran {
    /// Fails the test unless what was written has all of these.
    #[track_caller]
    pub(crate) fn says(&self, words: &[&str]) {
        for word in words {
            let there = self.stderr.contains(word) || self.stdout.contains(word);
            assert!(there, "`{word}` is not in:\n{}\n{}", self.stderr, self.stdout);
        }
    }
}

/// Of the distribution's key.
pub(crate) fn fingerprint() -> String {
    fingerprint_of(site::KEY.public().unwrap().as_ref())
}

/// Of a certificate.
pub(crate) fn fingerprint_of(certificate: &[u8]) -> String {
    let key = heirloom_sign::MemberKey::parse(std::str::from_utf8(certificate).unwrap()).unwrap();
    key.fingerprint().to_lowercase()
}
