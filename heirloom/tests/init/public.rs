//! What the public services have, with two small packages: `alpha` and `beta`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use tempfile::TempDir;
use testkit::gpg::Key;
use testkit::rpm_builder::RpmBuilder;
use testkit::tool::Tool;
use testkit::{place, repo};

/// The vendors' keys in these tests: the one that signs, and one that signs no more.
pub(crate) static KEY: LazyLock<Key> =
    LazyLock::new(|| Key::throwaway("Vendor <vendor@example.org>").unwrap());
pub(crate) static OLD_KEY: LazyLock<Key> = LazyLock::new(|| Key::throwaway("Old <old@example.org>").unwrap());

/// Signed packages: `<name>-1-1.noarch.rpm` and `<name>-1-1.src.rpm`.
static RPMS: LazyLock<TempDir> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let mut made = Vec::new();
    for name in ["alpha", "beta"] {
        let built =
            RpmBuilder::new(name, "1").file(&format!("/usr/share/{name}"), name).build(dir.path()).unwrap();
        made.extend([built.binary, built.source]);
    }
    KEY.sign_rpms(&made).unwrap();
    dir
});

/// The tree that is served.
pub(crate) struct Public(TempDir);

impl Public {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn root(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        put(&self.root().join(path), content);
    }

    /// A signed repository with these files of the packages.
    pub(crate) fn repository(&self, path: &str, files: &[&str]) {
        let dir = place::make_dir(self.root().join(path)).unwrap();
        fill(&dir, files);
    }

    /// Three repositories: the binaries of `alpha` in the first, of `beta` in the second, none in the third.
    pub(crate) fn binaries(&self, paths: [&str; 3]) {
        let [first, second, third] = paths;
        self.repository(first, &["alpha-1-1.noarch.rpm"]);
        self.repository(second, &["beta-1-1.noarch.rpm"]);
        self.repository(third, &[]);
    }

    /// The same with source RPMs.
    pub(crate) fn sources(&self, paths: [&str; 3]) {
        let [first, second, third] = paths;
        self.repository(first, &["alpha-1-1.src.rpm"]);
        self.repository(second, &["beta-1-1.src.rpm"]);
        self.repository(third, &[]);
    }

    /// A git repository with these files on a branch, as a plain web server has it.
    pub(crate) fn git(&self, path: &str, branch: &str, files: &[(&str, &str)]) {
        let work = tempfile::tempdir().unwrap();
        for (file, content) in files {
            put(&work.path().join(file), content);
        }
        let bare = self.root().join(path);
        place::make_dir(bare.parent().unwrap()).unwrap();
        let script = "git init -q -b \"$1\" . && git add -A && git -c user.name=x -c user.email=x@example.org commit -qm x \
                      && git clone -q --bare . \"$2\" && git -C \"$2\" update-server-info";
        Tool::new("sh").args(["-c", script, "sh", branch]).arg(&bare).dir(work.path()).run().unwrap();
    }
}

fn put(path: &Path, content: impl AsRef<[u8]>) {
    place::make_dir(path.parent().unwrap()).unwrap();
    place::write(path, content).unwrap();
}

/// A repository of what fills the first buildroots.
pub(crate) fn bootstrap(dir: &Path) -> PathBuf {
    let dir = place::make_dir(dir.join("first")).unwrap();
    fill(&dir, &["alpha-1-1.noarch.rpm"]);
    dir
}

fn fill(dir: &Path, files: &[&str]) {
    let packages = place::make_dir(dir.join("Packages")).unwrap();
    for file in files {
        fs::copy(RPMS.path().join(file), packages.join(file)).unwrap();
    }
    repo::repo(dir).unwrap();
    repo::sign(dir, &KEY).unwrap();
}

/// A digest by coreutils.
pub(crate) fn digest(tool: &str, content: &str) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), content).unwrap();
    let output = Tool::new(tool).arg(file.path()).run().unwrap();
    output.split(' ').next().unwrap().to_owned()
}

/// The spec file of a package of this name.
pub(crate) fn spec(name: &str) -> String {
    format!(
        "Name: {name}\nVersion: 1\nRelease: 1\nSummary: x\nLicense: MIT\nSource0: {name}-1.tar.gz\n%description\nx\n"
    )
}
