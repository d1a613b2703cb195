//! Signatures and what is derived from headers: of real packages, and read once.

use heirloom_compose::gate::Files;
use heirloom_formats::openpgp::Keyring;
use heirloom_model::DistMap;
use heirloom_store::Store;
use testkit::gpg::Key;
use testkit::rpm_builder::RpmBuilder;

use crate::support::{build, input, judged, of, package, repository};

#[test]
fn signatures_hold_by_the_right_key_and_are_read_once() {
    let dir = tempfile::tempdir().unwrap();
    let (ours, theirs) = (Key::throwaway("ours").unwrap(), Key::throwaway("theirs").unwrap());
    let names = ["good", "foreign", "unsigned", "damaged"];
    let files =
        build(dir.path(), names.map(|name| RpmBuilder::new(name, "1").file("/usr/share/f", "f\n")).to_vec());
    ours.sign_rpms(&[files[0].clone(), files[3].clone()]).unwrap();
    theirs.sign_rpms(&files[1..2]).unwrap();
    testkit::corrupt::flip_byte(&files[3], -20).unwrap();
    let packages: Vec<_> = files.iter().map(|file| package(file)).collect();
    let store = Store::open(&dir.path().join("state")).unwrap();
    for file in &files {
        store.put_file(file).unwrap();
    }
    let keyring = Keyring::from_armoured(ours.public().unwrap().as_bytes()).unwrap();
    let dist = DistMap::default();
    let mut of_store = repository("one", dir.path(), &packages);
    of_store.files = Files::Store;
    let mut asked = input(vec![of_store], &dist);
    (asked.keyring, asked.store) = (Some(&keyring), Some(&store));
    let told = |report: &heirloom_model::gate::GateReport| {
        of(report, "signature").into_iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let first = told(&judged(&asked));
    for (line, words) in first.iter().zip([
        "damaged-1-1.noarch: ",
        "foreign-1-1.noarch: it is signed by the unknown key",
        "unsigned-1-1.noarch: it is not signed",
    ]) {
        assert!(line.contains(words), "{first:?}");
    }
    assert_eq!(first.len(), 3, "{first:?}");

    // Without the file, only what is remembered can answer.
    std::fs::remove_file(store.path(packages[0].digest)).unwrap();
    assert_eq!(told(&judged(&asked)), first);
    let other = Keyring::from_armoured(theirs.public().unwrap().as_bytes()).unwrap();
    asked.keyring = Some(&other);
    let third = told(&judged(&asked));
    assert!(
        third.iter().any(|line| line.contains("good-1-1.noarch")),
        "another key is asked anew: {third:?}"
    );
    assert!(!third.iter().any(|line| line.contains("foreign-1-1.noarch")), "{third:?}");
}

#[test]
fn a_modular_package_needs_documents_in_its_repository() {
    let dir = tempfile::tempdir().unwrap();
    let modular = RpmBuilder::new("tool", "1").tag("ModularityLabel", "tool:1:20240101:abc");
    let files = build(dir.path(), vec![modular, RpmBuilder::new("plain", "1")]);
    let packages: Vec<_> = files.iter().map(|file| package(file)).collect();
    let dist = DistMap::default();
    let report = judged(&input(vec![repository("one", dir.path(), &packages)], &dist));
    let found: Vec<_> = of(&report, "modular").into_iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "modular: one/x86_64: tool-1-1.noarch: module tool:1:20240101:abc: the repository has no module documents"
        ]
    );
    let mut with_documents = repository("one", dir.path(), &packages);
    with_documents.has_modules = true;
    assert!(of(&judged(&input(vec![with_documents], &dist)), "modular").is_empty());
}
