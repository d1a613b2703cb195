//! A small distribution to compose, and stock dnf and rpm to judge the result.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use heirloom_compose::{
    ArchInput, Candidate, ComposeError, ComposePlan, Input, Release, Rule, Signer, plan, write,
};
use heirloom_formats::definition::RepositoryRule;
use heirloom_formats::repodata::Compression;
use heirloom_formats::rpm_file::Header;
use heirloom_model::gate::GateReport;
use heirloom_model::record::{Accepted, Compared, Composed, Promise, Signed, Tree, TreeFile};
use heirloom_model::{Digest, Package, Verdict};
use heirloom_sign::{Algorithm, SecretKey};
use heirloom_store::Store;
use tempfile::TempDir;
use testkit::rpm_builder::RpmBuilder;
use testkit::tool::Tool;

/// Seconds since 1970: after the test packages' build time.
pub(crate) const KEY_CREATED: u64 = 1_700_100_000;

/// A state directory with packages in its store, ready to be composed.
pub(crate) struct World {
    pub(crate) dir: TempDir,
    pub(crate) store: Store,
    pub(crate) key: SecretKey,
    pub(crate) rebuilt: Vec<Package>,
    pub(crate) own: Vec<Package>,
    pub(crate) bootstrap: Vec<Package>,
    pub(crate) comps: Option<Digest>,
    pub(crate) base: RepositoryRule,
    pub(crate) extra: RepositoryRule,
}

/// The same packages for every test: made once, read-only.
struct Made {
    _dir: TempDir,
    rebuilt: Vec<PathBuf>,
    own: Vec<PathBuf>,
    bootstrap: Vec<PathBuf>,
}

fn made() -> &'static Made {
    static MADE: OnceLock<Made> = OnceLock::new();
    MADE.get_or_init(|| {
        let dir = TempDir::new().unwrap();
        let build = |builder: RpmBuilder| builder.build(dir.path()).unwrap().binary;
        let rebuilt = vec![
            build(RpmBuilder::new("hawk", "1.0").requires("libwing >= 2").file("/usr/share/hawk", "hawk\n")),
            build(RpmBuilder::new("libwing", "2.1").requires("feather").file("/usr/share/wing", "wing\n")),
            build(RpmBuilder::new("Talon", "3").tag("Epoch", "1").file("/usr/share/talon", "talon\n")),
        ];
        let own = vec![build(RpmBuilder::new("kestrel-release", "9").file("/etc/kestrel", "9\n"))];
        let bootstrap = vec![
            build(RpmBuilder::new("feather", "5").file("/usr/share/feather", "feather\n")),
            build(RpmBuilder::new("gravel", "1")),
        ];
        Made { rebuilt, own, bootstrap, _dir: dir }
    })
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with_key(
            SecretKey::generate("Kestrel <k@example.org>", KEY_CREATED, Algorithm::Ed25519).unwrap(),
        )
    }

    pub(crate) fn with_key(key: SecretKey) -> Self {
        let dir = TempDir::new().unwrap();
        let store = Store::open(&dir.path().join("state")).unwrap();
        let keep = |paths: &[PathBuf]| paths.iter().map(|path| keep(&store, path)).collect::<Vec<_>>();
        let made = made();
        let (rebuilt, own, bootstrap) = (keep(&made.rebuilt), keep(&made.own), keep(&made.bootstrap));
        let base = RepositoryRule { like: Some("BaseOS".to_owned()), ..RepositoryRule::default() };
        let packages = vec!["kestrel-*".to_owned()];
        let extra = RepositoryRule { packages, inherit: true, ..RepositoryRule::default() };
        Self { dir, store, key, rebuilt, own, bootstrap, comps: None, base, extra }
    }

    pub(crate) fn plan(&self) -> Result<ComposePlan, ComposeError> {
        let rebuilt = self.rebuilt.iter().map(|package| (compared(package), package));
        let own = self.own.iter().map(|package| (Accepted::own(package), package));
        let accepted: Vec<_> = rebuilt.chain(own).collect();
        plan(&Input {
            arches: vec![ArchInput {
                arch: "x86_64",
                accepted: accepted
                    .iter()
                    .map(|(accepted, package)| Candidate { accepted, package, source: package.nevra.name() })
                    .collect(),
                second: Vec::new(),
                references: [("BaseOS", &self.rebuilt[..])].into(),
                bootstrap: &self.bootstrap,
            }],
            rules: vec![Rule { name: "BaseOS", rule: &self.base }, Rule { name: "Extra", rule: &self.extra }],
            multilib: None,
            exclude: &[],
        })
    }

    pub(crate) fn sign(&self, plan: &ComposePlan) -> Result<Vec<Signed>, ComposeError> {
        let accepted: Vec<_> = plan.placements.iter().map(|placement| &placement.accepted).collect();
        Signer::new(&self.store, &self.key)?.sign_all(&accepted, 2, &|_| {})
    }

    pub(crate) fn write(&self, plan: &ComposePlan, signed: &[Signed]) -> Result<Composed, ComposeError> {
        let group = self.comps.map(|comps| ("group".to_owned(), comps));
        let release = Release {
            id: "kestrel",
            name: "Kestrel Enterprise Linux",
            version: "9.4",
            sources: &BTreeMap::new(),
            repository_file: &self.repository_file(),
            key: &self.key,
            platform_id: "platform:el9",
            renamed: &BTreeMap::new(),
            default_streams: &BTreeMap::new(),
            compression: Compression::Zstd,
            extras: [(("BaseOS".to_owned(), "x86_64".to_owned()), group.into_iter().collect())].into(),
        };
        let draft = write(&self.store, plan, signed, &release, 2)?;
        draft.let_through(&GateReport::default())?.seal(&self.store, &self.key)
    }

    fn repository_file(&self) -> String {
        let section = |name: &str| {
            format!(
                "[kestrel-{name}]\nname={name}\nbaseurl=file://{tree}/{name}/$basearch/os/\n\
                 gpgkey=file://{tree}/RPM-GPG-KEY-kestrel\ngpgcheck=1\nrepo_gpgcheck=1\nenabled=1\n",
                tree = self.published().display()
            )
        };
        ["BaseOS", "Extra"].map(section).concat()
    }

    /// Composes it and lays the tree out, in the place of an earlier one.
    pub(crate) fn compose(&self) -> Composed {
        let plan = self.plan().unwrap();
        let composed = self.write(&plan, &self.sign(&plan).unwrap()).unwrap();
        self.lay_out(&composed);
        composed
    }

    fn lay_out(&self, composed: &Composed) {
        let _ = fs::remove_dir_all(self.published());
        for file in self.files(composed) {
            let place = self.published().join(&file.path);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::hard_link(self.store.path(file.digest), place).unwrap();
        }
    }

    /// What the tree lists.
    pub(crate) fn files(&self, composed: &Composed) -> Vec<TreeFile> {
        let tree: Tree = serde_json::from_slice(&self.store.read(composed.tree).unwrap()).unwrap();
        tree.files
    }

    pub(crate) fn published(&self) -> PathBuf {
        self.store.dir().join("published")
    }

    /// A machine that knows nothing but the published repository file.
    pub(crate) fn client(&self) -> Client {
        Client::new(&self.published().join("kestrel.repo"))
    }

    /// A copy of the published tree that may be damaged (the real one shares its files with the store), and
    /// a client of it.
    pub(crate) fn damaged_copy(&self, damage: impl Fn(&Path)) -> (TempDir, Client) {
        let dir = TempDir::new().unwrap();
        let tree = dir.path().join("tree");
        Tool::new("cp").args(["-rL", "--no-preserve=mode"]).arg(self.published()).arg(&tree).run().unwrap();
        let repo = fs::read_to_string(tree.join("kestrel.repo")).unwrap();
        let moved = repo.replace(&self.published().display().to_string(), &tree.display().to_string());
        fs::write(tree.join("kestrel.repo"), moved).unwrap();
        damage(&tree);
        let client = Client::new(&tree.join("kestrel.repo"));
        (dir, client)
    }
}

fn keep(store: &Store, path: &Path) -> Package {
    let (digest, size) = store.put_file(path).unwrap();
    Header::open(path).unwrap().package(digest, size, "")
}

pub(crate) fn compared(package: &Package) -> Accepted {
    let compared = Compared {
        nevra: package.nevra.clone(),
        package: package.digest,
        reference: Digest::of(b"reference"),
        reference_nevra: package.nevra.clone(),
        rules: 1,
        verdict: Verdict::Identical,
        evidence: None,
        findings: Vec::new(),
        normalisations: Vec::new(),
        allowances: Vec::new(),
        told: None,
    };
    Accepted::compared(&compared, Promise::Identical).unwrap()
}

/// A machine with stock dnf and an empty system to install into.
pub(crate) struct Client {
    dir: TempDir,
}

impl Client {
    fn new(repo_file: &Path) -> Self {
        let dir = TempDir::new().unwrap();
        let home = dir.path().join("home");
        for sub in ["home", "root", "repos", "cache"] {
            fs::create_dir(dir.path().join(sub)).unwrap();
        }
        fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).unwrap();
        // Debian's rpm keeps its database in the home directory otherwise.
        fs::write(home.join(".rpmmacros"), "%_dbpath /var/lib/rpm\n").unwrap();
        fs::copy(repo_file, dir.path().join("repos/kestrel.repo")).unwrap();
        Self { dir }
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.dir.path().join("root")
    }

    pub(crate) fn dnf(&self, args: &[&str]) -> testkit::Result<String> {
        let path = |name| self.dir.path().join(name).display().to_string();
        Tool::new("dnf")
            .env("HOME", path("home"))
            .arg(format!("--installroot={}", path("root")))
            .arg(format!("--setopt=reposdir={}", path("repos")))
            .arg(format!("--setopt=cachedir={}", path("cache")))
            .args(["--disableplugin=local", "--releasever=9", "--setopt=module_platform_id=platform:el9"])
            .args(["--setopt=logdir=/tmp", "--assumeyes"])
            .args(args)
            .run()
    }

    /// `rpm` with a database of its own.
    pub(crate) fn rpm(&self) -> Tool {
        Tool::new("rpm").define("_dbpath", self.dir.path().join("cache/rpmdb"))
    }
}
