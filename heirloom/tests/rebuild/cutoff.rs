//! What a change sets off, and where it ends: three small packages with a library between them, really built.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;

use crate::site::{Site, replace, turn};

/// A library, a program that is linked with it, a package that runs the program, and one that has to do with none.
fn site() -> Site {
    let site = Site::new(&[]);
    let library = "%description\nx\n%package devel\nSummary: x\nRequires: %{name}%{?_isa} = %{version}-%{release}\n\
        %description devel\nx\n%prep\n%setup -q -c -T\n%build\n\
        cp %{SOURCE0} .\ngcc -g -O2 -shared -fPIC -Wl,-soname,libanswer.so.1 -o libanswer.so.1 answer.c\n%install\n\
        install -D libanswer.so.1 %{buildroot}%{_libdir}/libanswer.so.1\n\
        ln -s libanswer.so.1 %{buildroot}%{_libdir}/libanswer.so\n\
        install -D -m644 %{SOURCE1} %{buildroot}%{_includedir}/answer.h\n\
        %files\n%{_libdir}/libanswer.so.1\n%files devel\n%{_libdir}/libanswer.so\n%{_includedir}/answer.h\n";
    site.write_source(
        "answer",
        &format!("Source0: answer.c\nSource1: answer.h\n{library}"),
        &[("answer.c", "int answer(void) { return 42; }\n"), ("answer.h", "int answer(void);\n")],
    );
    let program = "Source0: asker.c\nBuildRequires: answer-devel\n%description\nx\n%prep\n%setup -q -c -T\n%build\n\
        cp %{SOURCE0} .\ngcc -g -O2 -o asker asker.c -lanswer\n%install\ninstall -D asker %{buildroot}%{_bindir}/asker\n\
        %files\n%{_bindir}/asker\n";
    let main = "#include <answer.h>\n#include <stdio.h>\nint main(void) { return printf(\"%d\\n\", answer()) < 0; }\n";
    site.write_source("asker", program, &[("asker.c", main)]);
    let text = "BuildArch: noarch\nBuildRequires: asker\n%description\nx\n%prep\n%setup -q -c -T\n%build\nasker > said\n\
        %install\ninstall -D -m644 said %{buildroot}%{_datadir}/said\n%files\n%{_datadir}/said\n";
    site.write_source("teller", text, &[]);
    site.write_spec("bystander", "%description\nx\n%install\ntrue\n%files\n");
    site
}

/// What was built in this run, and what not; both by step.
fn run(site: &Site, arguments: &[&str]) -> (BTreeSet<String>, Value) {
    let result = site.run(&[&["--format", "json", "build"], arguments].concat()).expect(0).json();
    let cached: BTreeSet<_> =
        result["cached"].as_array().unwrap().iter().map(|step| step.as_str().unwrap()).collect();
    let built = result["built"].as_object().unwrap().keys();
    (built.filter(|step| !cached.contains(step.as_str())).cloned().collect(), result)
}

fn names(steps: &[&str]) -> BTreeSet<String> {
    steps.iter().map(|step| (*step).to_owned()).collect()
}

#[test]
fn a_change_goes_as_far_as_it_makes_a_difference() {
    let _turn = turn();
    let site = site();
    let (built, _) = run(&site, &[]);
    assert!(built.is_superset(&names(&["answer", "asker", "teller", "bystander"])), "{built:?}");
    assert_eq!(run(&site, &[]).0, names(&[]));

    // A comment: the library is built again and comes out with the same content. There it ends.
    replace(&site.spec("answer"), "%build", "# Compiled by hand.\n%build");
    let (built, result) = run(&site, &[]);
    assert_eq!(built, names(&["answer"]));
    assert_eq!(result["cut"], serde_json::json!({ "asker": "content", "teller": "content" }));
    let why = site.run(&["why", "asker"]).expect(0).stdout;
    assert!(why.contains("same content"), "{why}");

    // One more exported symbol: all in whose buildroot the library is are built again. Nothing else is.
    let source = site.upstream.join("answer/SOURCES/answer.c");
    fs::write(&source, "int answer(void) { return 42; }\nint more(void) { return 1; }\n").unwrap();
    let (built, _) = run(&site, &[]);
    assert_eq!(built, names(&["answer", "asker", "teller"]));
    let why = site.run(&["why", "asker"]).expect(0).stdout;
    assert!(why.contains("because buildroot answer.x86_64:") && why.contains(" -> "), "{why}");
}

#[test]
fn an_interface_stops_a_change_and_a_proof_finds_out_if_it_should_not_have() {
    let _turn = turn();
    let site = site();
    let interface = ["--cutoff", "interface"];
    run(&site, &interface);

    // Other code behind the same symbols: who is linked with the library need not be built, and the proof agrees.
    let source = site.upstream.join("answer/SOURCES/answer.c");
    let other = "static int half(void) { return 20; }\nint answer(void) { volatile int a = half(); return a + 1 + 21; }\n";
    fs::write(&source, other).unwrap();
    let (built, result) = run(&site, &interface);
    assert_eq!(built, names(&["answer"]));
    assert_eq!(result["cut"]["asker"], "interface");
    let (built, result) = run(&site, &[&interface[..], &["--prove", "5"]].concat());
    assert_eq!(built, names(&[]));
    let proofs = result["proofs"].as_array().unwrap();
    assert!(
        !proofs.is_empty() && proofs.iter().all(|proof| proof["differ"] == serde_json::json!([])),
        "{proofs:?}"
    );

    // Another answer: the package that runs the program would come out otherwise, which no interface shows.
    fs::write(&source, "int answer(void) { return 43; }\n").unwrap();
    let (built, result) = run(&site, &interface);
    assert_eq!(built, names(&["answer"]));
    assert_eq!(result["cut"]["teller"], "interface", "{}", result["cut"]);
    let ran = site.run(&["build", "--cutoff", "interface", "--prove", "5"]).expect(5);
    assert!(
        ran.stdout.contains("teller had been left out") && ran.stdout.contains("teller.noarch"),
        "{}",
        ran.stdout
    );
    // From now on the real one counts.
    let said =
        run(&site, &interface).1["built"]["teller"]["packages"][0]["digest"].as_str().unwrap().to_owned();
    let rpm = site.path("state/objects").join(&said[..2]).join(&said[2..]);
    let files =
        testkit::tool::Tool::new("rpm").args(["-qp", "--qf", "[%{FILEDIGESTS}\n]"]).arg(rpm).run().unwrap();
    let expected = testkit::tool::Tool::new("sh").args(["-c", "echo 43 | sha256sum"]).run().unwrap();
    assert_eq!(files.trim(), expected.split_whitespace().next().unwrap());

    // An exported symbol: exactly its users.
    fs::write(&source, "int answer(void) { return 43; }\nint more(void) { return 1; }\n").unwrap();
    let (built, _) = run(&site, &interface);
    assert_eq!(built, names(&["answer", "asker"]));
}

#[test]
fn two_releases_share_results_and_a_poisoned_one_is_refused() {
    let _turn = turn();
    let one = site();
    let other = one.sibling();
    let cache = one.path("cache");
    for site in [&one, &other] {
        site.redefine("[signing]", &format!("[build]\ncache = \"{}\"\n\n[signing]", cache.display()));
    }
    // Another release of the same distribution: packages that don't say so are the same.
    other.redefine("version = \"9.4\"", "version = \"9.5\"");
    let (built, _) = run(&one, &[]);
    assert!(built.contains("asker"), "{built:?}");

    let rpms = objects(&cache.join("objects"));
    let poisoned = rpms.iter().find(|path| is_package(path, "asker-1-1")).unwrap();
    fs::set_permissions(poisoned, fs::Permissions::from_mode(0o644)).unwrap();
    let mut bytes = fs::read(poisoned).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(poisoned, bytes).unwrap();

    let ran = other.run(&["--format", "json", "build"]).expect(0);
    ran.says(&["refused what the cache has", "is damaged"]);
    let result = ran.json();
    let cached: Vec<_> =
        result["cached"].as_array().unwrap().iter().map(|step| step.as_str().unwrap()).collect();
    assert!(
        cached.contains(&"answer") && cached.contains(&"teller") && !cached.contains(&"asker"),
        "{cached:?}"
    );

    // The damaged file had two names: the first state finds that out too, and takes the new one.
    let ran = one.run(&["--format", "json", "build"]).expect(0);
    ran.says(&["asker-1-1", "was damaged in the store"]);
    assert!(ran.json()["cached"].as_array().unwrap().iter().any(|step| step == "asker"));

    let cleaned = one.run(&["--format", "json", "clean"]).expect(0).json();
    assert_eq!(cleaned["cache"]["results"], 0, "{cleaned}");
    assert_eq!(run(&one, &[]).0, names(&[]), "clean threw away what is needed");
    one.redefine("[build]", "[build]\ncache_gib = 0");
    let cleaned = one.run(&["--format", "json", "clean"]).expect(0).json();
    assert!(cleaned["cache"]["results"].as_u64().unwrap() >= 5 && cleaned["cache"]["kept"] == 0, "{cleaned}");
}

fn objects(dir: &Path) -> Vec<std::path::PathBuf> {
    let read = |dir: &Path| fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    read(dir).iter().flat_map(|part| read(part)).collect()
}

fn is_package(path: &Path, nvr: &str) -> bool {
    let name =
        testkit::tool::Tool::new("rpm").args(["-qp", "--nosignature", "--qf", "%{NVRA}"]).arg(path).run();
    name.is_ok_and(|name| name.starts_with(nvr) && !name.ends_with("src"))
}
