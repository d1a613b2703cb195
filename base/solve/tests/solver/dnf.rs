//! dnf chooses the same packages: each case is made into real RPMs and repositories and put to it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use heirloom_model::{Dependency, Package};
use heirloom_solve::Universe;

use crate::support::{self, Case};

#[test]
fn dnf_chooses_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let cases = Mutex::new(support::cases().into_iter().enumerate());
    let failures = Mutex::new(String::new());
    let work = || {
        loop {
            let Some((index, (name, case))) = cases.lock().unwrap().next() else { break };
            if case.not_with_dnf.is_some() || !case.present.is_empty() {
                continue;
            }
            let ours = ours(&case);
            let theirs = ask_dnf(&directory.path().join(index.to_string()), &case);
            if ours != theirs {
                writeln!(failures.lock().unwrap(), "== {name}\nours: {ours:?}\ndnf:  {theirs:?}").unwrap();
            }
        }
    };
    std::thread::scope(|scope| [scope.spawn(work), scope.spawn(work)].map(|thread| thread.join().unwrap()));
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{failures}");
}

/// The chosen packages, `None` if there is no solution.
fn ours(case: &Case) -> Option<BTreeSet<String>> {
    let offers = case.offers();
    let universe = Universe::new("x86_64", &support::repositories(&offers)).unwrap();
    let solution = universe.install(&case.want, &[], case.weak).ok()?;
    let nevra = |chosen: &heirloom_solve::Chosen| universe.package(chosen.id).unwrap().nevra.to_string();
    Some(solution.install.iter().map(nevra).collect())
}

/// Asks by a package that requires what is wanted, since dnf's command line looks at names first and takes
/// no rich dependency.
fn ask_dnf(directory: &Path, case: &Case) -> Option<BTreeSet<String>> {
    let mut request = support::package("request-1-1.noarch");
    request.requires.clone_from(&case.want);
    let mut dnf = Command::new("dnf");
    dnf.args(["--assumeno", "--disableplugin=*", "--disablerepo=*", "--releasever=9", "--forcearch=x86_64"])
        .args(["--setopt=gpgcheck=0", "--setopt=module_platform_id=platform:el9", "--setopt=best=0"])
        .arg(format!("--setopt=install_weak_deps={}", u8::from(case.weak)))
        .arg(format!("--setopt=cachedir={}", directory.join("cache").display()))
        .arg(format!("--installroot={}", directory.join("root").display()));
    let mut offers = case.offers();
    offers.push(support::Offer { name: "request".to_owned(), priority: 0, packages: vec![request] });
    for offer in &offers {
        let repository = directory.join(&offer.name);
        make_repository(&repository, &offer.packages);
        dnf.arg(format!("--repofrompath={},{}", offer.name, repository.display()))
            .arg(format!("--setopt={}.priority={}", offer.name, 99 - offer.priority))
            .arg(format!("--enablerepo={}", offer.name));
    }
    let output = dnf.args(["install", "request"]).env("LC_ALL", "C").output().expect("dnf is installed");
    let text = String::from_utf8_lossy(&output.stdout);
    // The table: ` name  arch  [epoch:]version-release  repository  size`.
    let chosen: BTreeSet<_> = text
        .lines()
        .filter(|line| line.starts_with(' '))
        .filter_map(|line| {
            let words: Vec<_> = line.split_whitespace().collect();
            let [name, arch, evr, repository, ..] = words[..] else { return None };
            let known = offers.iter().any(|offer| offer.name == repository) && name != "request";
            known.then(|| format!("{name}-{evr}.{arch}"))
        })
        .collect();
    assert!(text.contains("Transaction Summary") || !output.stderr.is_empty(), "{text}");
    text.contains("Transaction Summary").then_some(chosen)
}

fn make_repository(directory: &Path, packages: &[Package]) {
    std::fs::create_dir_all(directory).unwrap();
    for package in packages {
        let spec = directory.join("package.spec");
        std::fs::write(&spec, spec_of(package)).unwrap();
        let target = package.nevra.arch();
        run(Command::new("rpmbuild")
            .args(["-bb", "--quiet", "--nodeps", "--target", target])
            .arg(format!("--define=_topdir {}", directory.join("top").display()))
            .arg(format!("--define=_rpmdir {}", directory.join("rpms").display()))
            .args(["--define=__os_install_post %{nil}", "--define=debug_package %{nil}"])
            .arg(&spec));
    }
    run(Command::new("createrepo_c").arg("--quiet").arg(directory));
}

fn spec_of(package: &Package) -> String {
    let (nevra, mut spec) = (&package.nevra, String::new());
    writeln!(spec, "Name: {}\nEpoch: {}", nevra.name(), nevra.evr().epoch()).unwrap();
    writeln!(spec, "Version: {}\nRelease: {}", nevra.evr().version(), nevra.evr().release()).unwrap();
    writeln!(spec, "Summary: test\nLicense: none\nAutoReqProv: no").unwrap();
    if nevra.arch() == "noarch" {
        writeln!(spec, "BuildArch: noarch").unwrap();
    }
    let lists: [(&str, &[Dependency]); 8] = [
        // The first one is the package itself, which rpmbuild adds.
        ("Provides", &package.provides[1..]),
        ("Requires", &package.requires),
        ("Conflicts", &package.conflicts),
        ("Obsoletes", &package.obsoletes),
        ("Recommends", &package.recommends),
        ("Suggests", &package.suggests),
        ("Supplements", &package.supplements),
        ("Enhances", &package.enhances),
    ];
    for (tag, list) in lists {
        list.iter().for_each(|dependency| writeln!(spec, "{tag}: {dependency}").unwrap());
    }
    writeln!(spec, "%description\ntest\n%install").unwrap();
    for file in &package.files {
        writeln!(spec, "install -D /dev/null %{{buildroot}}{}", file.path).unwrap();
    }
    writeln!(spec, "%files").unwrap();
    package.files.iter().for_each(|file| writeln!(spec, "{}", file.path).unwrap());
    spec
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
