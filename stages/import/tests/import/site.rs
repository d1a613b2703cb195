//! An upstream, a store, and an importer that is quickly out of patience.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use heirloom_import::fetch::{Fetcher, Patience};
use heirloom_import::sources::{self, Settings, Sources, Upstream};
use heirloom_import::{ImportError, Importer};
use heirloom_model::record::{Arrival, Imported};
use heirloom_store::Store;
use tempfile::TempDir;
use testkit::tool::Tool;

pub(crate) struct Site {
    dir: TempDir,
    pub(crate) store: Store,
}

impl Site {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("state")).unwrap();
        fs::create_dir(dir.path().join("up")).unwrap();
        Self { dir, store }
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    pub(crate) fn importer(&self) -> Importer<'_> {
        let patience = Patience {
            connect: Duration::from_secs(5),
            stall: Duration::from_millis(400),
            attempts: 3,
            pause: Duration::from_millis(5),
        };
        Importer { fetcher: Fetcher::new(patience), ..Importer::new(&self.store, now()) }
    }

    pub(crate) fn import(&self, upstream: &Upstream) -> Result<Sources, ImportError> {
        sources::import_upstream(&self.importer(), upstream, settings())
    }

    pub(crate) fn trees(&self, lookaside: &[&str]) -> Upstream {
        let lookaside = lookaside.iter().map(|pattern| (*pattern).to_owned()).collect();
        Upstream::DistGit { dir: self.path("up"), lookaside }
    }

    /// Writes a file of upstream.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) -> PathBuf {
        write(&self.path("up").join(path), content)
    }

    /// A nested tree of a package with a patch.
    pub(crate) fn tree(&self, name: &str) {
        self.write(&format!("{name}/SPECS/{name}.spec"), format!("Name: {name}\n"));
        self.write(&format!("{name}/SOURCES/fix.patch"), format!("fix of {name}\n"));
    }

    pub(crate) fn arrival(&self, package: &str) -> Option<Arrival> {
        self.store.get(package).unwrap()
    }

    /// Fails the test unless only these packages are recorded, and the store has no other objects than theirs.
    #[track_caller]
    pub(crate) fn has_only(&self, packages: &[&str]) {
        let imported = self.store.all::<Imported>().unwrap();
        let names: Vec<_> = imported.iter().map(|imported| imported.name.as_str()).collect();
        assert_eq!(names, packages);
        let mut files: Vec<_> =
            imported.iter().flat_map(|imported| &imported.files).map(|file| file.digest).collect();
        files.sort();
        files.dedup();
        let objects: Vec<_> = self.store.objects().unwrap().into_iter().map(|(digest, _)| digest).collect();
        assert_eq!(objects, files);
        assert_eq!(fs::read_dir(self.path("state/incoming")).unwrap().count(), 0);
    }
}

pub(crate) fn settings() -> Settings<'static> {
    Settings { exclude: &[], max_age_days: None, tick: &|_, _| () }
}

/// A little later than now, so that what was just written counts as settled.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + 60
}

pub(crate) fn write(path: &Path, content: impl AsRef<[u8]>) -> PathBuf {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
    path.to_owned()
}

/// Runs a line of shell in a directory.
pub(crate) fn sh(dir: &Path, line: &str) -> String {
    Tool::new("sh").args(["-ec", line]).dir(dir).run().unwrap()
}

/// Commits all of a directory to a branch of a repository there.
pub(crate) fn commit(dir: &Path, branch: &str) -> String {
    let commit = format!(
        "git init -q -b {branch} . 2>/dev/null; git add -A; \
         git -c user.name=x -c user.email=x@example.org commit -qm x --allow-empty; git rev-parse HEAD"
    );
    sh(dir, &commit).trim().to_owned()
}

/// The digests that the file has, by the tools that lookasides are filled with.
pub(crate) fn digest(tool: &str, file: &Path) -> String {
    Tool::new(tool).arg(file).run().unwrap().split(' ').next().unwrap().to_owned()
}

/// Fails the test unless the error names all of these.
#[track_caller]
pub(crate) fn says<T>(result: Result<T, ImportError>, words: &[&str]) {
    let Err(error) = result else { panic!("this should have failed: {words:?}") };
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "`{word}` is not in: {text}");
    }
}
