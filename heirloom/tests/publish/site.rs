//! A distribution of two repositories whose packages need each other, and the trees that it composes.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use heirloom_model::Digest;
use heirloom_model::record::{Composed, ComposedPackage, ComposedRepository, RepositoryKind, Tree, TreeFile};
use heirloom_store::Store;
use tempfile::TempDir;
use testkit::gpg::Key;
use testkit::rpm_builder::RpmBuilder;
use testkit::tool::Tool;

use crate::ran::Ran;

/// The key of all distributions of these tests: making one takes long.
pub(crate) static KEY: LazyLock<Key> =
    LazyLock::new(|| Key::throwaway("kestrel <k@kestrel.example>").unwrap());

/// Trees by their number, made once: a directory that stays as long as the process.
static TREES: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

/// A distribution in a directory of its own.
pub(crate) struct Site {
    pub(crate) dir: TempDir,
}

impl Site {
    /// A distribution with an empty store; `publish` is what its definition says beside the URL.
    pub(crate) fn new(url: &str, publish: &str) -> Self {
        Self::at(tempfile::tempdir().unwrap(), url, publish)
    }

    pub(crate) fn at(dir: TempDir, url: &str, publish: &str) -> Self {
        let site = Self { dir };
        fs::write(site.path("key.asc"), KEY.public().unwrap()).unwrap();
        fs::write(site.path("secret.asc"), KEY.secret().unwrap()).unwrap();
        fs::set_permissions(site.path("secret.asc"), fs::Permissions::from_mode(0o600)).unwrap();
        fs::create_dir(site.path("upstream")).unwrap();
        let text = format!(
            "[distribution]\nname = \"Kestrel Enterprise Linux\"\nid = \"kestrel\"\nversion = \"9.4\"\n\
             dist = \".el9\"\nvendor = \"Kestrel\"\nplatform_id = \"platform:el9\"\n\
             home_url = \"https://kestrel.example\"\nbug_url = \"https://kestrel.example\"\n\
             promise = \"identical\"\n\
             [upstream]\nkind = \"dist-git\"\nlocation = \"upstream\"\n\
             [bootstrap]\nlocation = \"upstream\"\nkeys = [\"key.asc\"]\n\
             [repositories.BaseOS]\n[repositories.AppStream]\n\
             [signing]\nkey = \"secret.asc\"\n[publish]\nurl = \"{url}\"\n\
             ungated = [\"9\", \"9.4\", \"stable\", \"testing\"]\n{publish}\n"
        );
        fs::write(site.path("heirloom.toml"), text).unwrap();
        site
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    pub(crate) fn published(&self, below: &str) -> PathBuf {
        self.path("state/published").join(below)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_heirloom"));
        command.arg("--definition").arg(self.path("heirloom.toml")).args(arguments);
        command
    }

    /// The same, with what strace does to its system calls.
    pub(crate) fn traced(&self, how: &[&str], arguments: &[&str]) -> Command {
        let program = self.command(arguments);
        let mut command = Command::new("strace");
        // Cargo's: the loader would look for each library in a dozen directories.
        command.env_remove("LD_LIBRARY_PATH");
        command.args(["-f", "-qq"]).args(how).arg("--").arg(program.get_program()).args(program.get_args());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        finish(self.command(arguments))
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let mut all = vec!["--format", "json"];
        all.extend(arguments);
        self.run(&all).expect(0).json()
    }

    pub(crate) fn store(&self) -> Store {
        // A process that another test starts has the lock between its fork and its exec.
        for _ in 0..100 {
            match Store::open(&self.path("state")) {
                Err(heirloom_store::StoreError::Locked(_)) => {
                    std::thread::sleep(std::time::Duration::from_millis(20));
                }
                opened => return opened.unwrap(),
            }
        }
        panic!("{} is locked", self.path("state").display())
    }

    /// Puts tree number `version` into the store, as a compose does.
    pub(crate) fn compose(&self, version: u32) -> Composed {
        let composed = put(&self.store(), &tree(version));
        self.store().append(&composed).unwrap();
        composed
    }

    /// Lays out tree number `version` as a snapshot of this time, in seconds since 1970; its name.
    pub(crate) fn snapshot(&self, version: u32, time: u64) -> String {
        let composed = self.compose(version);
        let store = self.store();
        let rules = self.rules();
        heirloom_release::Site::new(&store, &rules, "9").unwrap().lay_out(&composed, time).unwrap().name
    }

    /// What the definition says of publishing.
    pub(crate) fn rules(&self) -> heirloom_formats::definition::Publish {
        heirloom_formats::definition::Definition::load(&self.path("heirloom.toml")).unwrap().publish
    }

    /// The snapshot that a channel's link leads to.
    pub(crate) fn served(&self, channel: &str) -> String {
        let list = fs::read_to_string(self.published(channel).join("mirrorlist/BaseOS-x86_64")).unwrap();
        list.split('/').find(|part| part.starts_with("20")).unwrap().to_owned()
    }
}

pub(crate) fn finish(mut command: Command) -> Ran {
    let mut output = command.output().unwrap();
    // A store that this test had open is locked as long as a process that another test has just forked has not begun.
    for _ in 0..100 {
        if !String::from_utf8_lossy(&output.stderr).contains("another heirloom process is working") {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
        output = command.output().unwrap();
    }
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Tree number `version`: `base` in BaseOS and `app` in AppStream, which needs exactly this `base`; and `common`, which
/// all versions have.
pub(crate) fn tree(version: u32) -> PathBuf {
    let dir = TREES.path().join(version.to_string());
    if dir.exists() {
        return dir;
    }
    let new = tempfile::tempdir_in(TREES.path()).unwrap().keep();
    let release = version.to_string();
    let base = new.join("BaseOS/x86_64/os");
    let app = new.join("AppStream/x86_64/os");
    let needs = format!("base = {version}-{release}");
    let packages = [
        (RpmBuilder::new("base", &release).release(&release).file("/usr/share/base", &release), &base),
        (RpmBuilder::new("common", "1").file("/usr/share/common", "x".repeat(1 << 20)), &base),
        (
            RpmBuilder::new("app", &release)
                .release(&release)
                .requires(&needs)
                .file("/usr/share/app", &release),
            &app,
        ),
    ];
    for (package, repository) in packages {
        let built = package.build(&repository.join("Packages")).unwrap();
        fs::remove_file(built.source).unwrap();
        common_once(&built.binary);
    }
    for repository in [&base, &app] {
        testkit::repo::repo_at(repository, u64::from(version) + 1_700_000_000).unwrap();
        testkit::repo::sign(repository, &KEY).unwrap();
    }
    fs::write(new.join("RPM-GPG-KEY-kestrel"), KEY.public().unwrap()).unwrap();
    fs::write(new.join("kestrel.repo"), format!("# of version {version}\n")).unwrap();
    // Two tests may have made it at once.
    if fs::rename(&new, &dir).is_err() {
        fs::remove_dir_all(&new).unwrap();
    }
    dir
}

/// Signs a package. A signature has the time in it, so that what all trees have is signed once.
fn common_once(package: &Path) {
    static LOCK: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _turn = LOCK.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let kept = TREES.path().join(package.file_name().unwrap());
    if !kept.exists() {
        KEY.sign_rpms(&[package.to_owned()]).unwrap();
        fs::copy(package, &kept).unwrap();
    }
    fs::copy(&kept, package).unwrap();
}

/// What compose leaves of a tree.
pub(crate) fn put(store: &Store, dir: &Path) -> Composed {
    let list = Tool::new("find").args([".", "-type", "f", "-printf", "%P\\n"]).dir(dir).run().unwrap();
    let files: BTreeMap<String, TreeFile> = list
        .lines()
        .map(|path| {
            let (digest, size) = store.put_file(&dir.join(path)).unwrap();
            (path.to_owned(), TreeFile { path: path.to_owned(), digest, size })
        })
        .collect();
    let repositories = ["AppStream", "BaseOS"].map(|name| repository(store, name, &files)).to_vec();
    let tree = Tree { files: files.into_values().collect() };
    let tree = store.put(&serde_json::to_vec(&tree).unwrap()).unwrap();
    Composed { id: tree, tree, repositories }
}

fn repository(store: &Store, name: &str, files: &BTreeMap<String, TreeFile>) -> ComposedRepository {
    let path = format!("{name}/x86_64/os");
    let packages: Vec<_> = files
        .values()
        .filter(|file| file.path.starts_with(&path) && file.path.ends_with(".rpm"))
        .map(|file| {
            let location = file.path[path.len() + 1..].to_owned();
            let nevra = location.rsplit('/').next().unwrap().trim_end_matches(".rpm").parse().unwrap();
            ComposedPackage {
                location,
                nevra,
                accepted: file.digest,
                signed: file.digest,
                size: file.size,
                because: String::new(),
            }
        })
        .collect();
    ComposedRepository {
        name: name.to_owned(),
        kind: RepositoryKind::Binary,
        arch: "x86_64".to_owned(),
        packages: packages.len(),
        contents: store.put(&serde_json::to_vec(&packages).unwrap()).unwrap(),
        repomd: files[&format!("{path}/repodata/repomd.xml")].digest,
        path,
    }
}

/// The digest of a file.
pub(crate) fn digest(path: &Path) -> Digest {
    Digest::of(&fs::read(path).unwrap())
}
