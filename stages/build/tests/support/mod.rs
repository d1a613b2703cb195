//! What the tests of this crate share: the world's packages in a store, a builder, actions.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use heirloom_build::{Builder, Job, Outcome, Settings};
use heirloom_formats::rpm_file::Header;
use heirloom_model::record::{Action, BuildrootPackage, Built, FailKind, Failed, Limits};
use heirloom_model::{Dependency, Digest, Package};
use heirloom_solve::{Repository, Universe};
use heirloom_store::Store;

/// The world's group `buildsys-build`.
pub(crate) const BUILD_GROUP: [&str; 35] = [
    "bash",
    "binutils",
    "bootstrap-release",
    "bzip2",
    "coreutils",
    "cpio",
    "debugedit",
    "diffutils",
    "dwz",
    "elfutils",
    "file",
    "filesystem",
    "findutils",
    "gawk",
    "gcc",
    "gcc-c++",
    "glibc-common",
    "glibc-devel",
    "grep",
    "gzip",
    "hostname",
    "info",
    "make",
    "patch",
    "redhat-rpm-config",
    "rpm-build",
    "sed",
    "shadow-utils",
    "tar",
    "unzip",
    "util-linux",
    "which",
    "xz",
    "zip",
    "zstd",
];

pub(crate) const LIMITS: Limits = Limits { seconds: 300, memory: 1 << 30, disk: 1 << 30, processes: 400 };

/// A state directory with a store, and packages of the world to choose from.
pub(crate) struct Place {
    pub(crate) store: Store,
    pub(crate) dir: PathBuf,
    packages: Vec<Package>,
    files: HashMap<String, PathBuf>,
}

/// The place that tests share: buildroots are made once and stay for the next time.
pub(crate) fn place() -> &'static Place {
    static PLACE: OnceLock<Place> = OnceLock::new();
    PLACE.get_or_init(|| Place::at(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("build")))
}

/// The builder that tests share.
pub(crate) fn builder() -> &'static Builder<'static> {
    static BUILDER: OnceLock<Builder<'static>> = OnceLock::new();
    BUILDER.get_or_init(|| place().builder())
}

/// The base packages that tests share.
pub(crate) fn base() -> &'static [BuildrootPackage] {
    static BASE: OnceLock<Vec<BuildrootPackage>> = OnceLock::new();
    BASE.get_or_init(|| place().solve(&BUILD_GROUP, &[]))
}

impl Place {
    pub(crate) fn at(dir: &Path) -> Self {
        let (mut packages, mut files) = (Vec::new(), HashMap::new());
        for entry in fs::read_dir(bootstrap()).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|it| it == "rpm") {
                let package = Header::open(&path).unwrap().package(Digest::of(b""), 0, "");
                files.insert(package.nevra.to_string(), path);
                packages.push(package);
            }
        }
        Self { store: Store::open(dir).unwrap(), dir: dir.to_owned(), packages, files }
    }

    pub(crate) fn builder(&self) -> Builder<'_> {
        self.builder_with(PathBuf::from(env!("CARGO_BIN_EXE_sandbox-for-tests")))
    }

    /// A builder whose sandbox this program starts.
    pub(crate) fn builder_with(&self, program: PathBuf) -> Builder<'_> {
        let settings = Settings {
            state_dir: self.dir.clone(),
            jobs: 2,
            interrupt: Arc::default(),
            sandbox_program: Some(program),
        };
        Builder::new(&self.store, settings).unwrap()
    }

    /// The packages that these requirements need, without those of another set, in the store.
    pub(crate) fn solve(&self, wanted: &[&str], present: &[BuildrootPackage]) -> Vec<BuildrootPackage> {
        let repository = Repository { name: "world", priority: 1, packages: &self.packages };
        let universe = Universe::new("x86_64", &[repository]).unwrap();
        let wanted: Vec<Dependency> = wanted.iter().map(|text| text.parse().unwrap()).collect();
        let solution = universe.install(&wanted, &[], false).unwrap();
        let nevras = solution.install.iter().map(|chosen| universe.package(chosen.id).unwrap().nevra.clone());
        let fresh = nevras.filter(|nevra| present.iter().all(|it| it.nevra != *nevra));
        let keep = |nevra: heirloom_model::Nevra| {
            let digest = self.store.put_file(&self.files[&nevra.to_string()]).unwrap().0;
            BuildrootPackage { nevra, digest }
        };
        fresh.map(keep).collect()
    }

    /// At least so many packages, in an order in which each installs after those before it.
    pub(crate) fn more_than(&self, present: &[BuildrootPackage], count: usize) -> Vec<BuildrootPackage> {
        let mut more: Vec<BuildrootPackage> = Vec::new();
        for package in &self.packages {
            let all: Vec<_> = present.iter().chain(&more).cloned().collect();
            let needed = self.solve(&[package.nevra.name()], &all);
            if needed.len() == 1 {
                more.extend(needed);
            }
            if more.len() >= count {
                break;
            }
        }
        more
    }

    /// Puts an RPM in the store.
    pub(crate) fn keep(&self, rpm: &Path) -> BuildrootPackage {
        let digest = self.store.put_file(rpm).unwrap().0;
        BuildrootPackage { nevra: Header::open(rpm).unwrap().nevra, digest }
    }

    /// An action for one spec file with these sources.
    pub(crate) fn action(&self, spec: &str, sources: &[(&str, &[u8])]) -> Action {
        self.action_on(base(), spec, sources)
    }

    /// The same on other base packages.
    pub(crate) fn action_on(
        &self,
        base: &[BuildrootPackage],
        spec: &str,
        sources: &[(&str, &[u8])],
    ) -> Action {
        let mut sources: Vec<_> = sources
            .iter()
            .map(|(name, bytes)| ((*name).to_owned(), self.store.put(bytes).unwrap()))
            .collect();
        sources.push(("test.spec".to_owned(), self.store.put(spec.as_bytes()).unwrap()));
        sources.sort();
        Action {
            builder: heirloom_build::BUILDER,
            name: "test".to_owned(),
            spec: "test.spec".to_owned(),
            sources,
            base: base.to_vec(),
            extra: Vec::new(),
            requires: Vec::new(),
            macros: Vec::new(),
            with: Vec::new(),
            arch: "x86_64".to_owned(),
            limits: LIMITS,
        }
    }
}

/// A spec file whose build section is this script.
pub(crate) fn spec(build: &str) -> String {
    format!(
        "Name: test\nVersion: 1\nRelease: 1\nSummary: Test\nLicense: MIT\nBuildArch: noarch\n\
         %description\nTest.\n%build\n{build}\n%install\nmkdir -p %{{buildroot}}/usr/share\n\
         echo hello > %{{buildroot}}/usr/share/test\n%files\n/usr/share/test\n\
         %changelog\n* Mon Jan 01 2024 Tester <t@example.org> - 1-1\n- Made\n"
    )
}

/// The failure that is expected; anything else fails the test with the log.
pub(crate) fn failure(outcome: Outcome, kind: FailKind) -> Failed {
    match outcome {
        Outcome::Failed(failed) if failed.kind == kind => failed,
        other => panic!("expected {kind:?}, found {other:#?}"),
    }
}

pub(crate) fn bootstrap() -> PathBuf {
    // Only the bootstrap repository is needed here, so that these tests run before the whole world is made.
    let world = std::env::var_os("HEIRLOOM_WORLD")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/world"), PathBuf::from);
    let bootstrap = world.join("bootstrap");
    assert!(
        bootstrap.join("repodata/repomd.xml").exists(),
        "there is no world at {}: make it with `cargo xtask world`, or set HEIRLOOM_WORLD",
        world.display()
    );
    bootstrap
}

/// What was built; anything else fails the test with the log.
pub(crate) fn built(outcome: Outcome) -> Built {
    match outcome {
        Outcome::Built(built) => *built,
        other => panic!("expected packages, found {other:#?}"),
    }
}

/// Runs an action without listening.
pub(crate) fn run(action: &Action) -> Outcome {
    run_with(builder(), action)
}

/// The same with another builder.
pub(crate) fn run_with(builder: &Builder<'_>, action: &Action) -> Outcome {
    try_run(builder, action, &|_| {}).unwrap()
}

/// The same, listening, for builds that can't be tried.
pub(crate) fn try_run(
    builder: &Builder<'_>,
    action: &Action,
    progress: &dyn Fn(&str),
) -> Result<Outcome, heirloom_build::BuildError> {
    let key = action.key(|package| package).unwrap();
    builder.run(&Job { step: "test", key, document: key, action, jobs: 2 }, progress)
}

pub(crate) fn log(digest: Digest) -> String {
    String::from_utf8_lossy(&place().store.read(digest).unwrap()).into_owned()
}
