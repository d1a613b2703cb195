//! A distribution whose ledger says that things were built, composed and signed. The packages are real.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use heirloom_formats::rpm_file::Header;
use heirloom_model::record::{
    self, Action, BuildrootPackage, Built, Composed, ComposedPackage, ComposedRepository, Cost, Imported,
    Limits, Reached, RepositoryKind, Resources, Signed, SourceFile,
};
use heirloom_model::{Digest, Package};
use heirloom_store::Store;
use serde_json::json;
use testkit::gpg::Key;
use testkit::rpm_builder::RpmBuilder;

use crate::ran::Ran;

const DEFINITION: &str = r#"
repositories = {}
bootstrap = { location = "boot", keys = [] }
publish = { url = "https://kestrel.example" }
signing = { key = "secret.asc" }
upstream = { kind = "dist-git", location = "up" }
[distribution]
name = "Kestrel Enterprise Linux"
id = "kestrel"
version = "9.4"
dist = ".el9"
vendor = "Kestrel Foundation"
platform_id = "platform:el9"
home_url = "https://kestrel.example"
bug_url = "https://kestrel.example"
promise = "identical"
"#;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

pub(crate) struct Made {
    dir: tempfile::TempDir,
    pub(crate) key: Key,
}

impl Made {
    /// hello was built from two sources with bash, is signed and composed beside tzdata, which is inherited.
    pub(crate) fn new() -> Self {
        let made = Self {
            dir: tempfile::tempdir().unwrap(),
            key: Key::throwaway("Kestrel <kestrel@example.org>").unwrap(),
        };
        fs::write(made.path("heirloom.toml"), DEFINITION).unwrap();
        made.write_key(&made.key, "");
        let hello = RpmBuilder::new("hello", "2")
            .tag("License", "GPLv3+ and BSD")
            .tag("URL", "https://hello.example")
            .tag("Vendor", "Kestrel Foundation")
            .file("/usr/share/hello", "hello\n")
            .file("/usr/share/more", "more\n")
            .tag("Patch0", "file1")
            .scriptlet("%changelog", "* Wed Jan 01 2025 A B <a@b.example> - 2-1\n- Fix CVE-2025-1000\n* Tue Dec 03 2024 A B <a@b.example> - 1-1\n- Fix CVE-2024-0001");
        let built = hello.build(&made.path("rpms")).unwrap();
        let tzdata =
            RpmBuilder::new("tzdata", "2024a").tag("Vendor", "Somebody else").file("/usr/share/zone", "z");
        let tzdata = tzdata.build(&made.path("foreign")).unwrap();
        let bash = RpmBuilder::new("bash", "5").build(&made.path("boot")).unwrap();
        let signed = made.path("signed");
        fs::create_dir(&signed).unwrap();
        for file in [&built.binary, &built.source] {
            fs::copy(file, signed.join(file.file_name().unwrap())).unwrap();
        }
        made.key.sign_rpms(&[made.rpm("signed"), made.srpm("signed")]).unwrap();
        made.record(&bash.binary, &tzdata.binary);
        made
    }

    /// Writes `NAMEsecret.asc` and `NAMEpublic.asc`.
    pub(crate) fn write_key(&self, key: &Key, name: &str) {
        let secret = self.path(&format!("{name}secret.asc"));
        fs::write(&secret, key.secret().unwrap()).unwrap();
        fs::set_permissions(secret, Permissions::from_mode(0o600)).unwrap();
        fs::write(self.path(&format!("{name}public.asc")), key.public().unwrap()).unwrap();
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    pub(crate) fn rpm(&self, dir: &str) -> PathBuf {
        self.path(dir).join("hello-2-1.noarch.rpm")
    }

    pub(crate) fn srpm(&self, dir: &str) -> PathBuf {
        self.path(dir).join("hello-2-1.src.rpm")
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_heirloom"));
        let output = command.current_dir(self.dir.path()).args(arguments).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// The ledger and the objects of the state directory.
    fn record(&self, bash: &Path, tzdata: &Path) {
        let store = Store::open(&self.path("state")).unwrap();
        let source = |name: &str, content: &str, origin: &str| {
            let digest = store.put(content.as_bytes()).unwrap();
            SourceFile {
                name: name.to_owned(),
                digest,
                size: content.len() as u64,
                origin: origin.to_owned(),
            }
        };
        let imported = Imported {
            name: "hello".to_owned(),
            spec: "hello.spec".to_owned(),
            files: vec![
                source("file0", "hello\n", "https://lookaside.example/file0"),
                source("file1", "more\n", "https://me:secret@git.example/hello@0:file1"),
                source("hello.spec", "spec", "/srv/secret/hello.spec"),
            ],
            origin: format!("https://me:secret@git.example/hello@{COMMIT}"),
            own: false,
            nevra: None,
            published: None,
        };
        store.append(&imported).unwrap();
        let bash = pinned(&put(&store, bash));
        let limits = Limits { seconds: 1, memory: 1 << 32, disk: 1, processes: 1 };
        let action = Action {
            builder: heirloom_build::BUILDER,
            name: "hello".to_owned(),
            spec: "hello.spec".to_owned(),
            sources: imported.files.iter().map(|file| (file.name.clone(), file.digest)).collect(),
            base: vec![bash],
            extra: Vec::new(),
            requires: Vec::new(),
            macros: vec![("dist".to_owned(), ".el9".to_owned())],
            with: Vec::new(),
            arch: "x86_64".to_owned(),
            limits,
        };
        let document = store.put(&serde_json::to_vec(&action).unwrap()).unwrap();
        let key = action.key(|package| Header::open(&store.path(package)).unwrap().content()).unwrap();
        let (binary, srpm) = (put(&store, &self.rpm("rpms")), put(&store, &self.srpm("rpms")));
        let resources = Resources { seconds: 1.5, overhead_seconds: 0.25, cpu_seconds: 1.0, peak_memory: 7 };
        let built = Built {
            action: key,
            document,
            step: "hello".to_owned(),
            nevra: srpm.nevra.clone(),
            packages: vec![binary.clone()],
            source: srpm.clone(),
            buildroot: action.buildroot().cloned().collect(),
            log: store.put(b"log").unwrap(),
            resources,
        };
        store.append(&built).unwrap();
        store.append(&Cost { step: "hello".to_owned(), resources }).unwrap();
        store.append(&Reached { action: key, built: 1_767_225_600, compared: None, signed: None }).unwrap();
        let step = "hello".to_owned();
        let ran = record::Ran { step, action: Some(key), document: Some(document), cut: None, failed: None };
        store.append(&ran).unwrap();
        let plan = json!({"steps": [{"id": "hello", "source": "hello", "source_digest": imported.digest(), "with": [],
            "pass": 0, "own_base": false, "wave": 1, "after": [], "needs": [], "reason": "x"}],
            "cycles": [], "left_out": []});
        store.append(&serde_json::from_value::<record::Plan>(plan).unwrap()).unwrap();
        let composed = [
            self.signed(&store, &binary, &self.rpm("signed")),
            self.signed(&store, &srpm, &self.srpm("signed")),
            self.signed(&store, &put(&store, tzdata), tzdata),
        ];
        compose(&store, &composed);
    }

    fn signed(&self, store: &Store, package: &Package, file: &Path) -> ComposedPackage {
        let (signed, size) = store.put_file(file).unwrap();
        let key = self.key.fingerprint().to_owned();
        store.append(&Signed { package: package.digest, signed, size, key }).unwrap();
        ComposedPackage {
            location: package.nevra.file_name(),
            nevra: package.nevra.clone(),
            accepted: package.digest,
            signed,
            size,
            because: String::new(),
        }
    }
}

fn put(store: &Store, file: &Path) -> Package {
    let (digest, size) = store.put_file(file).unwrap();
    Header::open(file).unwrap().package(digest, size, "")
}

fn pinned(package: &Package) -> BuildrootPackage {
    BuildrootPackage { nevra: package.nevra.clone(), digest: package.digest }
}

fn compose(store: &Store, packages: &[ComposedPackage]) {
    let contents = store.put(&serde_json::to_vec(packages).unwrap()).unwrap();
    let repository = ComposedRepository {
        name: "BaseOS".to_owned(),
        kind: RepositoryKind::Binary,
        arch: "x86_64".to_owned(),
        path: "BaseOS/x86_64/os".to_owned(),
        packages: packages.len(),
        contents,
        repomd: contents,
    };
    let (id, tree) = (Digest::of(b"compose"), store.put(br#"{"files": []}"#).unwrap());
    store.append(&Composed { id, tree, repositories: vec![repository] }).unwrap();
}
