//! Real packages in real repositories: they are read as what a target offers, and dnf is asked whether a plan's result goes together.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use heirloom_formats::rpm_file::Header;
use heirloom_migrate::facts::InstalledFact;
use heirloom_migrate::fetch::Fetcher;
use heirloom_migrate::offer::{Offer, OfferError, Places, read, read_headers, read_paths};
use heirloom_migrate::plan::{Action, ConfigOutcome, Inputs, Options, headers_needed, make, paths_needed};
use heirloom_model::Digest;
use tempfile::TempDir;
use testkit::rpm_builder::RpmBuilder;
use testkit::server::Server;

use super::case::{Case, KEY, VENDOR_KEY, step};

fn package(name: &str, version: &str) -> RpmBuilder {
    RpmBuilder::new(name, version)
}

fn vendor_s() -> Vec<RpmBuilder> {
    vec![
        package("centos-stream-release", "9.0").provides("system-release"),
        package("setup", "1").requires("system-release").file_as(
            "%config(noreplace)",
            "/etc/setup.conf",
            "old",
        ),
        package("lib", "1"),
        package("app", "1").requires("lib >= 1"),
        package("old-tool", "1").file("/usr/bin/tool", "a program\n"),
        package("split", "1").file("/usr/bin/split-it", "a program\n"),
        package("orphan", "1").requires("app"),
        package("pinned", "1").requires("lib = 1"),
    ]
}

fn others() -> Vec<RpmBuilder> {
    vec![package("agent", "1").requires("/usr/bin/split-it").requires("/usr/share/app/data")]
}

fn target_s() -> Vec<RpmBuilder> {
    vec![
        package("kestrel-release", "9.4")
            .provides("system-release")
            .tag("Conflicts", "centos-stream-release"),
        package("setup", "1").release("2").requires("system-release").file_as(
            "%config(noreplace)",
            "/etc/setup.conf",
            "new",
        ),
        package("lib", "2"),
        package("app", "2")
            .requires("lib >= 2")
            .requires("(extra if lib)")
            .file("/usr/share/app/data", "data"),
        package("extra", "1"),
        package("new-tool", "2").tag("Obsoletes", "old-tool < 2").file("/usr/bin/tool", "a program\n"),
        package("split", "2").requires("split-core = 2"),
        package("split-core", "2").tag("Obsoletes", "split < 2").file("/usr/bin/split-it", "a program\n"),
    ]
}

/// Builds packages, several at once.
fn build(packages: Vec<RpmBuilder>, into: &Path) -> Vec<PathBuf> {
    let build = |package: RpmBuilder| package.build(&into.join("made")).unwrap().binary;
    fs::create_dir_all(into.join("Packages")).unwrap();
    let threads: Vec<_> = std::thread::scope(|scope| {
        let all: Vec<_> = packages.into_iter().map(|package| scope.spawn(move || build(package))).collect();
        all.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let place = |path: PathBuf| {
        let place = into.join("Packages").join(path.file_name().unwrap());
        fs::rename(path, &place).unwrap();
        place
    };
    let placed = threads.into_iter().map(place).collect();
    fs::remove_dir_all(into.join("made")).unwrap();
    placed
}

fn fact(path: &Path, key: &str) -> InstalledFact {
    let header = Header::open(path).unwrap();
    let package = header.package(Digest::of(b""), 0, "");
    InstalledFact {
        nevra: package.nevra.clone(),
        vendor: String::new(),
        key: key.to_owned(),
        source: package.source_rpm.clone(),
        module: String::new(),
        reason: "user".to_owned(),
        repository: String::new(),
        installed: 0,
        bytes: BTreeMap::new(),
        provides: package.provides,
        requires: package.requires,
        conflicts: package.conflicts,
        obsoletes: package.obsoletes,
        files: package.files.into_iter().map(|file| file.path).collect(),
        has_kernel_files: false,
    }
}

struct World {
    dir: TempDir,
    case: Case,
    /// Packages of the vendor and of others.
    old: Vec<PathBuf>,
}

impl World {
    fn tree(&self) -> PathBuf {
        self.dir.path().join("tree/9/BaseOS/x86_64/os")
    }

    fn places(&self) -> Places {
        Places::below(&self.case.target.target, "x86_64", &self.dir.path().join("tree")).unwrap()
    }

    fn offer(&self, places: &Places) -> Result<Offer, OfferError> {
        let cache = self.dir.path().join("cache");
        fs::create_dir_all(&cache).unwrap();
        read(&self.case.target.target, "x86_64", places, &Fetcher::default(), Some(&cache))
    }
}

fn world() -> World {
    let dir = TempDir::new().unwrap();
    let mut case = Case::empty();
    let tree = dir.path().join("tree/9/BaseOS/x86_64/os");
    build(target_s(), &tree);
    testkit::repo::repo_at(&tree, 7).unwrap();
    testkit::repo::sign(&tree, &KEY).unwrap();
    let mut old = Vec::new();
    for (packages, key) in [(vendor_s(), VENDOR_KEY), (others(), "1111111111111111")] {
        for path in build(packages, &dir.path().join(key)) {
            case.assessment.packages.push(fact(&path, key));
            old.push(path);
        }
    }
    World { dir, case, old }
}

#[test]
fn dnf_finds_that_a_plan_s_result_goes_together() {
    let mut world = world();
    let places = world.places();
    let mut offer = world.offer(&places).unwrap();
    assert_eq!(offer.packages.len(), 8);
    assert_eq!(offer.repositories[0].revision, "7");
    assert!(offer.packages.iter().all(|it| it.header.0 > 0 && it.header.0 < it.header.1));
    let tool = |it: &&heirloom_migrate::offer::Offered| it.package.nevra.name() == "new-tool";
    assert_eq!(offer.packages.iter().find(tool).unwrap().installed_size, 10);
    world.case.assessment.changed.push(heirloom_migrate::facts::ChangedFile {
        path: "/etc/setup.conf".to_owned(),
        package: "setup-1-1.noarch".parse().unwrap(),
        is_config: true,
        is_noreplace: true,
        change: heirloom_migrate::facts::Changed::Content,
        vendor: Digest::of(b"old").to_string(),
        local: Digest::of(b"mine").to_string(),
        algorithm: 8,
    });
    // A path that primary does not list.
    let (headers, options) = (BTreeMap::new(), Options::default());
    let (assessment, target) = (&world.case.assessment, &world.case.target);
    let of = |offer: &Offer, headers: &BTreeMap<_, _>| {
        let inputs = Inputs { assessment, target, offer, headers, now: 0, program: "x", options: &options };
        (make(&inputs), paths_needed(&inputs))
    };
    let (_, paths) = of(&offer, &headers);
    // The vendor's app did not have it: who needs it was broken before, until it is known who has it.
    assert_eq!(paths, BTreeSet::from(["/usr/share/app/data".to_owned()]));
    read_paths(&mut offer, &target.target, &places, &Fetcher::default(), None, &paths).unwrap();
    let (plan, paths) = of(&offer, &headers);
    assert!(paths.is_empty(), "{paths:?}");
    let needs = headers_needed(&plan, &offer);
    let headers = read_headers(&places, &Fetcher::default(), &needs).unwrap();
    let (plan, _) = of(&offer, &headers);
    assert_eq!(plan.configuration[0].outcome, ConfigOutcome::NewBeside);
    assert_eq!(plan.configuration[0].vendor_new, Digest::of(b"new").to_string());
    let steps: Vec<String> = plan.packages.iter().map(step).collect();
    assert_eq!(plan.blockers().count(), 0, "{:?}\n{steps:?}", plan.checks);
    assert_eq!(
        steps,
        [
            "third-party agent-1-1.noarch",
            "upgrade app-1-1.noarch -> app-2-1.noarch",
            "swap centos-stream-release-9.0-1.noarch -> kestrel-release-9.4-1.noarch",
            "install extra-1-1.noarch",
            "upgrade lib-1-1.noarch -> lib-2-1.noarch",
            "swap old-tool-1-1.noarch -> new-tool-2-1.noarch",
            "orphan orphan-1-1.noarch",
            "remove pinned-1-1.noarch",
            "upgrade setup-1-1.noarch -> setup-1-2.noarch",
            "upgrade split-1-1.noarch -> split-2-1.noarch",
            "install split-core-2-1.noarch",
        ]
    );
    // What stays comes from a repository of its own, so that dnf sees nothing else of the old packages.
    let stay = world.dir.path().join("stay");
    fs::create_dir(&stay).unwrap();
    let mut result = BTreeSet::new();
    for step in &plan.packages {
        if let Some(source) = &step.result {
            result.insert(source.nevra.to_string());
        } else if step.action != Action::Remove {
            let nevra = step.installed.as_ref().unwrap();
            let name = nevra.file_name();
            let file = world.old.iter().find(|path| path.ends_with(&name)).unwrap();
            fs::copy(file, stay.join(&name)).unwrap();
            result.insert(nevra.to_string());
        }
    }
    testkit::repo::repo_at(&stay, 7).unwrap();
    let said = dnf(&world, &stay, &result);
    assert!(said.contains("Operation aborted"), "{said}");
    let expected = format!("Install  {} Packages", result.len());
    assert!(said.contains(&expected), "{said}");
    // The judge does judge: without what was added, it pulls it in.
    result.remove("extra-1-1.noarch");
    assert!(!dnf(&world, &stay, &result).contains(&format!("Install  {} Packages", result.len())));
    result.insert("pinned-1-1.noarch".to_owned());
    let error = dnf(&world, &stay, &result);
    assert!(!error.contains("Operation aborted"), "{error}");
}

/// What dnf says to the wish for exactly these packages in an empty root.
fn dnf(world: &World, stay: &Path, packages: &BTreeSet<String>) -> String {
    let root = world.dir.path().join("root");
    let mut dnf = Command::new("dnf");
    dnf.env("HOME", world.dir.path()).env("LC_ALL", "C");
    let config = world.dir.path().join("dnf.conf");
    fs::write(&config, "[main]\n").unwrap();
    dnf.arg("--config").arg(config);
    dnf.args(["--disableplugin=*", "--releasever=9", "--assumeno", "--noplugins"]);
    dnf.arg(format!("--installroot={}", root.display()));
    dnf.arg(format!("--setopt=cachedir={}", world.dir.path().join("dnf-cache").display()));
    dnf.arg(format!("--setopt=reposdir={}", world.dir.path().join("none").display()));
    dnf.args(["--setopt=module_platform_id=platform:el9", "--setopt=best=1"]);
    dnf.arg(format!("--repofrompath=target,file://{}", world.tree().display()));
    dnf.arg(format!("--repofrompath=stay,file://{}", stay.display()));
    dnf.args(["--nogpgcheck", "install"]).args(packages);
    let output = dnf.output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn what_is_not_signed_or_was_changed_is_not_offered() {
    let dir = TempDir::new().unwrap();
    let mut case = Case::empty();
    let tree = dir.path().join("tree/kestrel-baseos");
    build(vec![package("kestrel-release", "9.4")], &tree);
    testkit::repo::repo_at(&tree, 7).unwrap();
    let world = World { dir, case: Case::empty(), old: Vec::new() };
    let error = |places: &Places| world.offer(places).unwrap_err();
    assert!(matches!(error(&world.places()), OfferError::Fetch { .. }), "without a signature");
    testkit::repo::sign(&tree, &KEY).unwrap();
    assert_eq!(world.offer(&world.places()).unwrap().packages.len(), 1);
    // By a server, where the first place is dead.
    let server = Server::start(&tree).unwrap();
    case.target.target.repositories[0].baseurls = vec!["http://127.0.0.1:1/".to_owned(), server.url("")];
    let stated = Places::stated(&case.target.target, "x86_64").unwrap();
    assert_eq!(world.offer(&stated).unwrap().repositories[0].place, server.url(""));
    let list = tree.join("repodata/repomd.xml");
    let signed = fs::read(&list).unwrap();
    let other = testkit::gpg::Key::throwaway("Other").unwrap();
    other.sign_file(&list).unwrap();
    assert!(matches!(error(&world.places()), OfferError::Signature { .. }));
    KEY.sign_file(&list).unwrap();
    let changed = String::from_utf8(signed.clone()).unwrap().replace("<revision>7", "<revision>8");
    fs::write(&list, changed).unwrap();
    assert!(matches!(error(&world.places()), OfferError::Signature { .. }));
    fs::write(&list, &signed).unwrap();
    // A metadata file that is not the one that was signed, where nothing is in the cache.
    fs::remove_dir_all(world.dir.path().join("cache")).unwrap();
    let is_primary = |path: &PathBuf| path.to_string_lossy().contains("primary");
    let primary = fs::read_dir(tree.join("repodata")).unwrap().map(|it| it.unwrap().path()).find(is_primary);
    testkit::corrupt::flip_byte(&primary.unwrap(), -3).unwrap();
    let said = error(&world.places());
    let source = std::error::Error::source(&said).unwrap().to_string();
    assert!(source.contains("its SHA-256 is"), "{said}: {source}");
    let said =
        read(&world.case.target.target, "s390x", &world.places(), &Fetcher::default(), None).unwrap_err();
    assert!(said.to_string().contains("no packages for s390x, only for x86_64"), "{said}");
}
