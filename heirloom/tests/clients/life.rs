//! The life of a machine: it is installed, uses groups and modules, is updated, and goes back.

use std::fs;
use std::path::{Path, PathBuf};

use testkit::tool::Tool;

use crate::world::{Contents, World, rpm};

const MODULAR: &str = "1.module+el9+7";

/// The packages of two snapshots.
struct Packages {
    hawk: [PathBuf; 2],
    wing: [PathBuf; 2],
    talon: PathBuf,
    kestrel: PathBuf,
    nest: [PathBuf; 2],
}

fn packages(dir: &Path) -> Packages {
    let hawk = |evr: &str, wing: &str| {
        rpm(dir, "hawk", evr, |it| {
            it.requires(&format!("wing = {wing}")).tag("Recommends", "(talon if wing)")
        })
    };
    let nest = |stream: &str| {
        let evr = format!("{stream}.0-{MODULAR}");
        rpm(dir, "nest", &evr, |it| it.tag("ModularityLabel", &format!("nest:{stream}:9010:abcd1234")))
    };
    Packages {
        // A release candidate before the release, and an epoch.
        hawk: [hawk("1:2.0~rc1-1", "1.0^git2"), hawk("1:2.0-1", "1.1")],
        wing: [rpm(dir, "wing", "1.0^git2-1", |it| it), rpm(dir, "wing", "1.1-1", |it| it)],
        talon: rpm(dir, "talon", "3-1", |it| it),
        kestrel: rpm(dir, "kestrel-release", "9-1", |it| {
            it.provides("system-release(releasever) = 9").provides("base-module(platform:el9)")
        }),
        nest: [nest("1"), nest("2")],
    }
}

fn modules() -> String {
    let stream = |stream: &str| {
        format!(
            "---\ndocument: modulemd\nversion: 2\ndata:\n  name: nest\n  stream: \"{stream}\"\n  version: 9010\n  \
             context: abcd1234\n  arch: x86_64\n  summary: A nest\n  description: A nest.\n  license:\n    module:\n    \
             - MIT\n  dependencies:\n  - requires:\n      platform: [el9]\n  profiles:\n    common:\n      rpms:\n      \
             - nest\n  artifacts:\n    rpms:\n    - nest-0:{stream}.0-{MODULAR}.noarch\n...\n"
        )
    };
    let defaults = "---\ndocument: modulemd-defaults\nversion: 1\ndata:\n  module: nest\n  stream: \"1\"\n  \
                    profiles:\n    \"1\": [common]\n...\n";
    format!("{}{}{defaults}", stream("1"), stream("2"))
}

fn comps() -> String {
    let package = |name: &str| format!("<packagereq type=\"mandatory\">{name}</packagereq>");
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<comps><group><id>birds</id><name>Birds</name><description/>\
         <default>true</default><uservisible>true</uservisible><packagelist>{}{}</packagelist></group></comps>",
        package("hawk"),
        package("albatross")
    )
}

fn advisories() -> String {
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<updates><update from=\"k@example.org\" status=\"final\" \
     type=\"security\" version=\"1\"><id>KSA-2026:0001</id><title>Important: hawk</title>\
     <issued date=\"2026-03-14 00:00:00\"/><severity>Important</severity><description>A hole.</description>\
     <references><reference href=\"https://k.example/CVE-2026-0001\" id=\"CVE-2026-0001\" type=\"cve\"/></references>\
     <pkglist><collection short=\"k\"><name>k</name><package name=\"hawk\" epoch=\"1\" version=\"2.0\" release=\"1\" \
     arch=\"noarch\"><filename>hawk-2.0-1.noarch.rpm</filename></package></collection></pkglist></update></updates>"
        .to_owned()
}

#[test]
fn a_machine_is_installed_updated_and_goes_back() {
    let world = World::new();
    let made = packages(world.dir.path());
    let contents = |index: usize| Contents {
        base: vec![&made.hawk[index], &made.wing[index], &made.talon, &made.kestrel],
        app: made.nest.iter().collect(),
        comps: Some(comps()),
        modules: Some(modules()),
        updateinfo: Some(advisories()),
    };
    let first = world.snapshot(&contents(0), 0);
    world.publish(&first, 0);
    let client = world.client();

    client.dnf(&["group", "install", "birds", "--setopt=install_weak_deps=1"]).unwrap();
    assert_eq!((client.version("hawk"), client.version("talon")), ("1:2.0~rc1-1".into(), "3-1".into()));
    client.dnf(&["install", "kestrel-release"]).unwrap();
    assert!(!client.dnf(&["updateinfo", "list"]).unwrap().contains("KSA"));

    // Modules: a default stream, one that is enabled, and a switch that is refused.
    client.dnf(&["install", "nest"]).unwrap();
    assert_eq!(client.version("nest"), format!("1.0-{MODULAR}"));
    let list = client.dnf(&["module", "list", "nest"]).unwrap();
    assert!(list.contains("nest") && list.contains("1 [d][e]"), "{list}");
    let refused = client.dnf(&["module", "install", "nest:2/common"]).unwrap_err().to_string();
    assert!(refused.contains("multiple streams") || refused.contains("not possible to switch"), "{refused}");
    client.dnf(&["module", "reset", "nest"]).unwrap();
    client.dnf(&["module", "enable", "nest:2"]).unwrap();
    client.dnf(&["upgrade", "nest"]).unwrap();
    assert_eq!(client.version("nest"), format!("2.0-{MODULAR}"));

    // An update, found by its advisory.
    let second = world.snapshot(&contents(1), 100_000);
    world.publish(&second, 100_000);
    let listed = client.dnf(&["updateinfo", "list"]).unwrap();
    assert!(listed.contains("KSA-2026:0001 Important/Sec. hawk-1:2.0-1.noarch"), "{listed}");
    client.dnf(&["upgrade", "--cve", "CVE-2026-0001"]).unwrap();
    assert_eq!((client.version("hawk"), client.version("wing")), ("1:2.0-1".into(), "1.1-1".into()));

    // Back: the same switch.
    let before = world.site().before("9").unwrap();
    assert_eq!(before, first);
    world.publish(&before, 100_100);
    client.dnf(&["distro-sync"]).unwrap();
    assert_eq!((client.version("hawk"), client.version("wing")), ("1:2.0~rc1-1".into(), "1.0^git2-1".into()));

    // An installation of a day can be repeated for as long as the vault has it.
    let other = world.client();
    other.dnf_of("vault/2026-03-15", &["install", "hawk"]).unwrap();
    assert_eq!(other.version("hawk"), "1:2.0-1");
}

#[test]
fn reposync_and_createrepo_c_agree_with_the_tree() {
    let world = World::new();
    let made = packages(world.dir.path());
    let contents = Contents {
        base: vec![&made.hawk[1], &made.wing[0], &made.wing[1], &made.talon, &made.kestrel],
        comps: Some(comps()),
        ..Contents::default()
    };
    let snapshot = world.snapshot(&contents, 0);
    world.publish(&snapshot, 0);
    let client = world.client();
    let copy = client.path("copy");
    client
        .dnf(&["reposync", "--repoid=BaseOS", "--download-metadata", "-p", &copy.display().to_string()])
        .unwrap();
    let (ours, theirs) = (world.site().root().join("9/BaseOS/x86_64/os"), copy.join("BaseOS"));
    let list = "find -L . -type f ! -name '*.asc' ! -path './mirrorlist*' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum";
    let files = |dir: &Path| Tool::new("sh").args(["-c", list]).dir(dir).run().unwrap();
    let mine = files(&ours);
    for line in files(&theirs).lines().filter(|line| line.ends_with(".rpm")) {
        assert!(mine.contains(line), "{line} is not in\n{mine}");
    }
    assert_eq!(mine.matches(".rpm").count(), files(&theirs).matches(".rpm").count());

    // createrepo_c takes what our metadata says for what the files say, and so writes the same again.
    let tree = client.path("tree");
    Tool::new("cp")
        .args(["-rL", "--preserve=timestamps", "--no-preserve=mode"])
        .arg(&ours)
        .arg(&tree)
        .run()
        .unwrap();
    Tool::new(testkit::pypi::createrepo_c().unwrap())
        .args(["--quiet", "--update", "--general-compress-type=zstd"])
        .arg(&tree)
        .run()
        .unwrap();
    let primary = |dir: &Path| {
        let script = "cd \"$0/repodata\" && zstd -dc *-primary.xml.zst | grep -v '<time file=' \
                      | sed 's#<\\([a-z:]*\\)></.*>#<\\1/>#' | sort";
        Tool::new("sh").args(["-c", script]).arg(dir).run().unwrap()
    };
    let (theirs, mine) = (primary(&tree), primary(&ours));
    let only = |a: &str, b: &str| -> Vec<String> {
        a.lines().filter(|line| !b.lines().any(|other| other == *line)).map(str::to_owned).collect()
    };
    assert_eq!((only(&theirs, &mine), only(&mine, &theirs)), (vec![], vec![]));
    assert!(fs::read_dir(tree.join("repodata")).unwrap().count() >= 4);
}

/// What productmd reads of a compose, as a line for each fact.
const PRODUCTMD: &str = "
import sys, productmd.compose, productmd.treeinfo
compose = productmd.compose.Compose(sys.argv[1])
info = compose.info
print(info.compose.id, info.release.version)
for variant in sorted(info.get_variants(), key=str):
    print(variant.id, sorted(variant.arches), variant.paths.os_tree['x86_64'], variant.paths.source_tree['x86_64'])
for variant, arches in sorted(compose.rpms.rpms.items()):
    for source, packages in sorted(arches['x86_64'].items()):
        print(variant, source, sorted(packages))
for variant, arches in sorted(compose.modules.modules.items()):
    print(variant, sorted(arches['x86_64']))
tree = productmd.treeinfo.TreeInfo()
tree.load(sys.argv[1] + '/BaseOS/x86_64/os/.treeinfo')
print(tree.release.short, tree.tree.arch, sorted(tree.variants.variants), tree.variants['AppStream'].paths.repository)
";

#[test]
fn productmd_reads_what_a_snapshot_says_of_itself() {
    let world = World::new();
    let made = packages(world.dir.path());
    let contents = Contents {
        base: vec![&made.hawk[0], &made.wing[0]],
        app: made.nest.iter().collect(),
        modules: Some(modules()),
        ..Contents::default()
    };
    let snapshot = world.snapshot(&contents, 0);
    let tree = world.site().root().join("vault").join(&snapshot.name);
    let library = testkit::pypi::packages(&["createrepo_c==1.2.5", "productmd==1.51"]).unwrap();
    let python = Tool::new("/usr/bin/python3").env("PYTHONPATH", library);
    let said = python.args(["-c", PRODUCTMD]).arg(&tree).run().unwrap();
    let expected = "kestrel-9.4-20231114.0 9.4\n\
        AppStream ['x86_64'] AppStream/x86_64/os AppStream/source/tree\n\
        BaseOS ['x86_64'] BaseOS/x86_64/os BaseOS/source/tree\n\
        AppStream nest-0:1.0-1.module+el9+7.src ['nest-0:1.0-1.module+el9+7.noarch']\n\
        AppStream nest-0:2.0-1.module+el9+7.src ['nest-0:2.0-1.module+el9+7.noarch']\n\
        BaseOS hawk-1:2.0~rc1-1.src ['hawk-1:2.0~rc1-1.noarch']\n\
        BaseOS wing-0:1.0^git2-1.src ['wing-0:1.0^git2-1.noarch']\n\
        AppStream ['nest:1:9010:abcd1234', 'nest:2:9010:abcd1234']\n\
        kestrel x86_64 ['AppStream', 'BaseOS'] ../../../AppStream/x86_64/os\n";
    assert_eq!(said, expected);
    assert_eq!(fs::read_to_string(tree.join("COMPOSE_ID")).unwrap(), "kestrel-9.4-20231114.0");
    let disc = fs::read_to_string(tree.join("BaseOS/x86_64/os/.discinfo")).unwrap();
    assert!(disc.ends_with("Kestrel Enterprise Linux 9.4\nx86_64\nALL\n"), "{disc}");
}
