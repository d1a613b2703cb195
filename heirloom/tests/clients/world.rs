//! A small distribution with groups and modules, composed and released by the stages themselves, and a machine with
//! stock dnf that follows it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use heirloom_compose::{ArchInput, Candidate, Input, Release, Rule, Signer, plan, write};
use heirloom_formats::definition::{Publish, RepositoryRule, Vault};
use heirloom_formats::repodata::Compression;
use heirloom_formats::rpm_file::Header;
use heirloom_model::gate::GateReport;
use heirloom_model::record::{Accepted, Compared, Promise, Snapshot};
use heirloom_model::{Digest, Package, Verdict};
use heirloom_release::Site;
use heirloom_sign::{Algorithm, SecretKey};
use heirloom_store::Store;
use tempfile::TempDir;
use testkit::rpm_builder::RpmBuilder;
use testkit::tool::Tool;

/// Seconds since 1970: the 14th of March 2026, and after all packages were built.
pub(crate) const NOW: u64 = 1_773_500_000;

/// A store with a key, and what was published of it.
pub(crate) struct World {
    pub(crate) dir: TempDir,
    pub(crate) store: Store,
    key: SecretKey,
    rules: Publish,
}

/// What one compose is made of.
#[derive(Default)]
pub(crate) struct Contents<'a> {
    pub(crate) base: Vec<&'a PathBuf>,
    pub(crate) app: Vec<&'a PathBuf>,
    pub(crate) comps: Option<String>,
    pub(crate) modules: Option<String>,
    pub(crate) updateinfo: Option<String>,
}

impl World {
    pub(crate) fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let store = Store::open(&dir.path().join("state")).unwrap();
        let key = SecretKey::generate("Kestrel <k@example.org>", 1_700_100_000, Algorithm::Ed25519).unwrap();
        let rules = Publish {
            url: format!("file://{}", dir.path().join("state/published").display()),
            channels: None,
            ungated: Vec::new(),
            in_flight_hours: 24,
            vault: Vault::default(),
            s3: None,
        };
        Self { dir, store, key, rules }
    }

    pub(crate) fn site(&self) -> Site<'_> {
        Site::new(&self.store, &self.rules, "9").unwrap()
    }

    /// Composes it, and lays it out; `after` is when, in seconds after the first moment.
    pub(crate) fn snapshot(&self, contents: &Contents<'_>, after: u64) -> Snapshot {
        let keep =
            |paths: &[&PathBuf]| -> Vec<Package> { paths.iter().map(|path| self.keep(path)).collect() };
        let (base, app) = (keep(&contents.base), keep(&contents.app));
        let accepted: Vec<_> = base.iter().chain(&app).map(|package| (compared(package), package)).collect();
        let like = |name: &str| RepositoryRule { like: Some(name.to_owned()), ..RepositoryRule::default() };
        let rules = [like("BaseOS"), like("AppStream")];
        let plan = plan(&Input {
            arches: vec![ArchInput {
                arch: "x86_64",
                accepted: accepted
                    .iter()
                    .map(|(accepted, package)| Candidate { accepted, package, source: package.nevra.name() })
                    .collect(),
                second: Vec::new(),
                references: [("BaseOS", &base[..]), ("AppStream", &app)].into(),
                bootstrap: &[],
            }],
            rules: vec![
                Rule { name: "BaseOS", rule: &rules[0] },
                Rule { name: "AppStream", rule: &rules[1] },
            ],
            multilib: None,
            exclude: &[],
        })
        .unwrap();
        let accepted: Vec<_> = plan.placements.iter().map(|placement| &placement.accepted).collect();
        let signer = Signer::new(&self.store, &self.key).unwrap();
        let signed = signer.sign_all(&accepted, 2, &|_| {}).unwrap();
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
            extras: self.extras(contents),
        };
        let draft = write(&self.store, &plan, &signed, &release, 2).unwrap();
        assert_eq!(draft.seen.modular, []);
        let unsealed = draft.let_through(&GateReport::default()).unwrap();
        let composed = unsealed.seal(&self.store, &self.key).unwrap();
        self.site().lay_out(&composed, NOW + after).unwrap()
    }

    /// Lets the channel 9 serve a snapshot.
    pub(crate) fn publish(&self, snapshot: &Snapshot, after: u64) {
        self.site().switch(&["9".to_owned()], snapshot, NOW + after).unwrap();
    }

    fn keep(&self, path: &Path) -> Package {
        let (digest, size) = self.store.put_file(path).unwrap();
        Header::open(path).unwrap().package(digest, size, "")
    }

    fn extras(&self, contents: &Contents<'_>) -> BTreeMap<(String, String), BTreeMap<String, Digest>> {
        let put = |kind: &str, text: &Option<String>| {
            Some((kind.to_owned(), self.store.put(text.as_ref()?.as_bytes()).unwrap()))
        };
        let of = |name: &str, kinds: [Option<(String, Digest)>; 2]| {
            ((name.to_owned(), "x86_64".to_owned()), kinds.into_iter().flatten().collect())
        };
        let updateinfo = put("updateinfo", &contents.updateinfo);
        [
            of("BaseOS", [put("group", &contents.comps), updateinfo]),
            of("AppStream", [put("modules", &contents.modules), None]),
        ]
        .into()
    }

    /// As clients get it: the channel is asked where its snapshot is.
    fn repository_file(&self) -> String {
        let section = |name: &str| {
            format!(
                "[{name}]\nname={name}\nmirrorlist={url}/$releasever/mirrorlist/{name}-$basearch\n\
                 gpgkey={url}/RPM-GPG-KEY-kestrel\ngpgcheck=1\nrepo_gpgcheck=1\nenabled=1\n",
                url = self.rules.url
            )
        };
        ["BaseOS", "AppStream"].map(section).concat()
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(&self.site().root().join("kestrel.repo"))
    }
}

fn compared(package: &Package) -> Accepted {
    let compared = Compared {
        nevra: package.nevra.clone(),
        package: package.digest,
        reference: package.digest,
        reference_nevra: package.nevra.clone(),
        rules: 1,
        verdict: Verdict::BitIdentical,
        evidence: None,
        findings: Vec::new(),
        normalisations: Vec::new(),
        allowances: Vec::new(),
        told: None,
    };
    Accepted::compared(&compared, Promise::Identical).unwrap()
}

/// A package with one file that says its version.
pub(crate) fn rpm(dir: &Path, name: &str, evr: &str, more: impl FnOnce(RpmBuilder) -> RpmBuilder) -> PathBuf {
    let (epoch, rest) = evr.split_once(':').unwrap_or(("", evr));
    let (version, release) = rest.split_once('-').unwrap_or((rest, "1"));
    let mut builder = RpmBuilder::new(name, version)
        .release(release)
        .file(&format!("/usr/share/{name}/version"), format!("{evr}\n"));
    if !epoch.is_empty() {
        builder = builder.tag("Epoch", epoch);
    }
    more(builder).build(dir).unwrap().binary
}

/// A machine with stock dnf and an empty system to install into.
pub(crate) struct Client {
    dir: TempDir,
}

impl Client {
    pub(crate) fn new(repo_file: &Path) -> Self {
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

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    /// What the installed package of this name says of its version; empty if it is not installed.
    pub(crate) fn version(&self, name: &str) -> String {
        let file = self.path("root/usr/share").join(name).join("version");
        fs::read_to_string(file).unwrap_or_default().trim().to_owned()
    }

    pub(crate) fn dnf(&self, args: &[&str]) -> testkit::Result<String> {
        self.dnf_of("9", args)
    }

    pub(crate) fn dnf_of(&self, release: &str, args: &[&str]) -> testkit::Result<String> {
        let path = |name| self.path(name).display().to_string();
        Tool::new("dnf")
            .env("HOME", path("home"))
            .arg(format!("--installroot={}", path("root")))
            .arg(format!("--setopt=reposdir={}", path("repos")))
            .arg(format!("--setopt=cachedir={}", path("cache")))
            .args(["--disableplugin=local", "--setopt=module_platform_id=platform:el9"])
            .args([&format!("--releasever={release}"), "--setopt=skip_if_unavailable=0"])
            .args(["--setopt=logdir=/tmp", "--forcearch=x86_64", "--assumeyes", "--quiet", "--refresh"])
            .args(args)
            .run()
    }
}
