//! `closure` says what `dnf repoclosure` says, package by package.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use heirloom_formats::Document;
use heirloom_formats::repodata::read_packages;
use heirloom_model::{DistMap, Package};
use testkit::rpm_builder::RpmBuilder;

use crate::support::{build, input, judged, of, repository};

/// What other packages require. A name that begins with `bad-` says what is expected; below, too.
const BASE: &str = "
lib-2.0-1.noarch
capped-1-1.noarch | Provides: cap = 1:3, ranged = 2
tilde-1.0~rc1-1.noarch
caret-1.0^git1-1.noarch
virtual-1-1.noarch | Provides: virtual(x), virtual(y) = 5
owner-1-1.noarch | file: /usr/share/owner/data, /usr/bin/owner-tool
multi-1-1.x86_64 | Provides: libm.so.1()(64bit)
multi-1-1.i686 | Provides: libm.so.1
bad-upwards-1-1.noarch | Requires: ok-plain
";

const MORE: &str = "
ok-plain-1-1.noarch | Requires: lib
bad-plain-1-1.noarch | Requires: nolib
ok-at-least-1-1.noarch | Requires: lib >= 2.0
bad-at-least-1-1.noarch | Requires: lib >= 2.0-2
ok-any-release-1-1.noarch | Requires: lib = 2.0
bad-less-1-1.noarch | Requires: lib < 2.0
ok-epoch-1-1.noarch | Requires: cap >= 1:2
ok-epoch-left-out-1-1.noarch | Requires: cap >= 9
bad-epoch-1-1.noarch | Requires: cap >= 2:0
ok-tilde-1-1.noarch | Requires: tilde < 1.0
bad-tilde-1-1.noarch | Requires: tilde >= 1.0
ok-caret-1-1.noarch | Requires: caret > 1.0
bad-caret-1-1.noarch | Requires: caret = 1.0
ok-file-1-1.noarch | Requires: /usr/share/owner/data, /usr/bin/owner-tool
bad-file-1-1.noarch | Requires: /usr/share/owner/none
ok-virtual-1-1.noarch | Requires: virtual(x), virtual(y) >= 4
ok-virtual-any-version-1-1.noarch | Requires: virtual(x) >= 1
ok-self-1-1.noarch | Provides: self(a) = 2 | Requires: self(a) >= 1, ok-self
bad-self-1-1.noarch | Provides: self(b) = 2 | Requires: self(b) >= 3
ok-or-1-1.noarch | Requires: (nolib or lib)
bad-or-1-1.noarch | Requires: (nolib or lib > 9)
ok-and-1-1.noarch | Requires: (lib and caret)
bad-and-1-1.noarch | Requires: (lib and nolib)
ok-if-1-1.noarch | Requires: (nolib if nothing)
bad-if-1-1.noarch | Requires: (nolib if lib)
ok-else-1-1.noarch | Requires: (nolib if nothing else lib)
bad-else-1-1.noarch | Requires: (lib if nothing else nolib)
ok-with-1-1.noarch | Requires: (ranged >= 1 with ranged < 3)
bad-with-1-1.noarch | Requires: (ranged >= 3 with ranged < 4)
ok-without-1-1.noarch | Requires: (virtual(y) without nolib)
bad-without-1-1.noarch | Requires: (virtual(y) without virtual(x))
ok-weak-1-1.noarch | Recommends: nolib | Suggests: nolib | Supplements: nolib | Enhances: nolib
ok-conflict-1-1.noarch | Conflicts: lib | Requires: lib
ok-obsolete-1-1.noarch | Obsoletes: lib | Requires: lib
ok-second-1-1.i686 | Requires: libm.so.1, multi(x86-32)
bad-second-1-1.i686 | Requires: libn.so.1
ok-before-1-1.noarch | Requires(post): lib
bad-before-1-1.noarch | Requires(pre): nolib
ok-one-1-1.noarch | Requires: ok-other = 1-1
ok-other-1-1.noarch | Requires: ok-one = 1-1
";

/// Where we say otherwise, and why. What dnf installs decides, below.
const DISAGREEMENTS: &[(&str, &str)] = &[
    ("bad-and-1-1.noarch", "for dnf repoclosure, one side of an `and` is enough"),
    ("bad-else-1-1.noarch", "for dnf repoclosure, one branch of an `else` is enough, whatever the condition"),
    ("ok-if-1-1.noarch", "dnf repoclosure asks for what is conditional where the condition can't come true"),
];

fn builder(line: &str) -> RpmBuilder {
    let (nevra, rest) = line.split_once(" | ").unwrap_or((line, ""));
    let nevra: heirloom_model::Nevra = nevra.trim().parse().unwrap();
    let mut builder = RpmBuilder::new(nevra.name(), nevra.evr().version())
        .release(nevra.evr().release())
        .arch(nevra.arch());
    if nevra.arch() == "noarch" {
        builder = builder.tag("BuildArch", "noarch");
    }
    for (tag, list) in rest.split(" | ").filter_map(|part| part.split_once(": ")) {
        for item in list.split(", ") {
            builder = match tag {
                "file" => builder.file(item, "x\n"),
                tag => builder.tag(tag, item),
            };
        }
    }
    builder
}

fn made(dir: &Path, text: &str) -> Vec<Package> {
    build(dir, text.lines().filter(|line| !line.is_empty()).map(builder).collect());
    testkit::repo::repo(dir).unwrap();
    let read = |kind: &str| {
        let found = std::fs::read_dir(dir.join("repodata")).unwrap().map(|entry| entry.unwrap().path());
        let path =
            found.into_iter().find(|path| path.to_str().unwrap().contains(&format!("{kind}.xml"))).unwrap();
        std::fs::read(path).unwrap()
    };
    let (primary, filelists) = (read("primary"), read("filelists"));
    read_packages(Document::new("primary", &primary), Document::new("filelists", &filelists)).unwrap()
}

fn dnf(dir: &Path, repositories: &[&str]) -> Command {
    let mut dnf = Command::new("dnf");
    dnf.args(["-q", "--assumeno", "--disablerepo=*", "--releasever=9", "--forcearch=x86_64"])
        .args(["--disableplugin=local", "--setopt=reposdir=/nowhere", "--setopt=gpgcheck=0"])
        .args(["--setopt=module_platform_id=platform:el9", "--setopt=best=0"])
        .arg(format!("--setopt=cachedir={}", dir.join("cache").display()))
        .arg(format!("--installroot={}", dir.join("root").display()))
        .env("LC_ALL", "C");
    for name in repositories {
        dnf.arg(format!("--repofrompath={name},{}", dir.join(name).display()));
        dnf.arg(format!("--enablerepo={name}"));
    }
    dnf
}

/// The packages of this repository in which dnf finds something unresolved.
fn theirs(dir: &Path, repositories: &[&str], check: &str) -> BTreeSet<String> {
    let output = dnf(dir, repositories).args(["repoclosure", "--check", check]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let names = text.lines().filter_map(|line| line.strip_prefix("package: ")?.split(" from ").next());
    names.map(str::to_owned).collect()
}

#[test]
fn dnf_repoclosure_says_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let (base, more) = (made(&dir.path().join("base"), BASE), made(&dir.path().join("more"), MORE));
    let (base_dir, more_dir) = (dir.path().join("base"), dir.path().join("more"));
    let (none, needs) = ([], ["base".to_owned()]);
    let mut repositories = vec![repository("base", &base_dir, &base), repository("more", &more_dir, &more)];
    (repositories[0].needs, repositories[1].needs) = (Some(&none[..]), Some(&needs[..]));
    let dist = DistMap::default();
    let report = judged(&input(repositories, &dist));
    let ours: BTreeSet<_> =
        of(&report, "closure").into_iter().map(|one| one.package.as_ref().unwrap().to_string()).collect();

    let all = base.iter().chain(&more).map(|package| package.nevra.to_string());
    let expected: BTreeSet<_> = all.filter(|nevra| nevra.starts_with("bad-")).collect();
    assert_eq!(ours, expected);

    let mut theirs = self::theirs(dir.path(), &["base"], "base");
    theirs.extend(self::theirs(dir.path(), &["base", "more"], "more"));
    let differ: Vec<_> = ours.symmetric_difference(&theirs).map(String::as_str).collect();
    let declared: Vec<_> = DISAGREEMENTS.iter().map(|(nevra, _)| *nevra).collect();
    assert_eq!(differ, declared);

    // What is closed and can't be installed all the same, and what can.
    let failed: BTreeSet<_> =
        of(&report, "installable").into_iter().map(|one| one.package.as_ref().unwrap().name()).collect();
    let doubtful = DISAGREEMENTS.iter().map(|(nevra, _)| nevra.split("-1-1").next().unwrap());
    for name in doubtful.chain(["ok-conflict", "ok-obsolete", "ok-one", "ok-else", "ok-second", "ok-without"])
    {
        let output = dnf(dir.path(), &["base", "more"]).args(["install", name]).output().unwrap();
        // It says no only after it has found a way.
        let installs = String::from_utf8_lossy(&output.stderr).contains("Operation aborted");
        let closed = !ours.iter().any(|nevra| nevra.starts_with(name));
        assert_eq!(
            closed && !failed.contains(name),
            installs,
            "{name}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
