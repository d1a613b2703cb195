//! Directories of dist-git trees and their lookasides.

use std::fs;
use std::os::unix::fs::symlink;

use heirloom_model::record::Imported;
use heirloom_store::Store;
use testkit::server::{Fault, Server};

use crate::site::{Site, digest, says, sh};

#[test]
fn both_layouts_with_all_digests_from_the_first_lookaside_that_has_them() {
    let site = Site::new();
    for tool in ["sha1sum", "sha256sum", "sha512sum"] {
        let name = &tool[..tool.len() - 3];
        let file = site.write("../large", format!("large {name}"));
        let digest = digest(tool, &file);
        site.tree(name);
        site.write(&format!("{name}/.{name}.metadata"), format!("{digest} SOURCES/{name}.tar\n"));
        fs::rename(&file, site.write(&format!("../look/{name}/{digest}"), "")).unwrap();
    }
    let file = site.write("../large", "flat");
    let digest = digest("sha512sum", &file);
    site.write("flat/flat.spec", "Name: flat\n");
    site.write("flat/sources", format!("SHA512 (flat.tar) = {digest}\n"));
    site.write("flat/tests/run.sh", "not a source\n");
    fs::rename(&file, site.write(&format!("../other/flat/flat.tar/sha512/{digest}/c9"), "")).unwrap();
    let server = Server::start(&site.path("")).unwrap();
    let patterns = [
        site.path("look/{algorithm}/{digest}").display().to_string(),
        server.url("other/{name}/{file}/{algorithm}/{digest}/c9"),
    ];
    let upstream = site.trees(&[&patterns[0], &patterns[1]]);
    let sources = site.import(&upstream).unwrap().ordinary;
    let files = |imported: &Imported| {
        imported.files.iter().map(|file| file.name.clone()).collect::<Vec<_>>().join(" ")
    };
    let all: Vec<_> = sources.iter().map(files).collect();
    assert_eq!(all[0], "flat.spec flat.tar");
    assert_eq!(all[1], "fix.patch sha1.spec sha1.tar");
    assert_eq!(sources.len(), 4);
    site.has_only(&["flat", "sha1", "sha256", "sha512"]);
}

#[test]
fn a_spec_file_of_another_name_is_taken_if_it_is_the_only_one() {
    let site = Site::new();
    site.write("one/SPECS/other.spec", "Name: one\n");
    site.write("one/SOURCES/template.spec", "no spec file\n");
    assert_eq!(site.import(&site.trees(&[])).unwrap().ordinary[0].spec, "other.spec");
    site.write("one/SPECS/third.spec", "Name: one\n");
    says(site.import(&site.trees(&[])), &["one:", "expected one spec file", "found 2"]);
}

#[test]
fn what_is_wrong_with_one_is_no_fault_of_others() {
    let site = Site::new();
    let wrong = [
        ("digest", "4e1243bd22c66e76c2ba9eddc1f91394e57f9f83 SOURCES/x.tar\n", "nothing of it was kept"),
        ("escape", "4e1243bd22c66e76c2ba9eddc1f91394e57f9f83 SOURCES/../../x\n", "not a path below"),
        ("dots", "4e1243bd22c66e76c2ba9eddc1f91394e57f9f83 ..\n", "not a path below"),
        (
            "twice",
            "4e1243bd22c66e76c2ba9eddc1f91394e57f9f83 SOURCES/fix.patch\n",
            "`fix.patch` is there twice",
        ),
        ("missing", "da39a3ee5e6b4b0d3255bfef95601890afd80709 SOURCES/x\n", "No such file"),
    ];
    site.write("../look/4e1243bd22c66e76c2ba9eddc1f91394e57f9f83", "not this");
    for (name, list, _) in wrong {
        site.tree(name);
        site.write(&format!("{name}/.{name}.metadata"), list);
    }
    site.tree("good");
    site.tree("link");
    symlink("/etc/passwd", site.path("up/link/SOURCES/passwd")).unwrap();
    site.tree("sparse");
    let huge = fs::File::create(site.path("up/sparse/SOURCES/huge")).unwrap();
    huge.set_len(1 << 40).unwrap();
    site.tree("nospec");
    fs::remove_file(site.path("up/nospec/SPECS/nospec.spec")).unwrap();
    let look = site.path("look/{digest}").display().to_string();
    let result = site.import(&site.trees(&[&look]));
    let mut words: Vec<_> = wrong.iter().map(|(_, _, says)| *says).collect();
    words.extend([
        "8 of 9 source packages",
        "`SOURCES/passwd` is not a plain file",
        "268435456 bytes",
        "found 0",
    ]);
    says(result, &words);
    site.has_only(&["good"]);
    assert!(site.arrival("good").unwrap().imported.is_some());
    // Put right, they come in; what was good stays as it was recorded.
    for name in ["digest", "escape", "dots", "twice", "missing"] {
        fs::remove_file(site.path(&format!("up/{name}/.{name}.metadata"))).unwrap();
    }
    for path in ["link/SOURCES/passwd", "sparse/SOURCES/huge"] {
        fs::remove_file(site.path("up").join(path)).unwrap();
    }
    site.write("nospec/SPECS/nospec.spec", "Name: nospec\n");
    site.import(&site.trees(&[&look])).unwrap();
    assert_eq!(site.store.history::<Imported>().unwrap().len(), 9);
}

#[test]
fn a_lookaside_that_is_down_is_not_passed_over() {
    let site = Site::new();
    let file = site.write("../second/x", "x");
    site.tree("one");
    site.write("one/.one.metadata", format!("{} SOURCES/x\n", digest("sha256sum", &file)));
    let server = Server::start(&site.path("")).unwrap();
    server.fail("first/x", [Fault::Status(500), Fault::Status(500), Fault::Status(500)]);
    let (first, second) = (server.url("first/{file}"), server.url("second/{file}"));
    let upstream = site.trees(&[&first, &second]);
    says(site.import(&upstream), &["first/x", "500", "tried 3 times"]);
    assert!(server.requests(Some("second/x")).is_empty());
    // Now it answers that it does not have it.
    site.import(&upstream).unwrap();
}

#[test]
fn what_did_not_change_is_not_read_and_what_did_is() {
    let site = Site::new();
    site.tree("one");
    site.tree("two");
    let first = site.import(&site.trees(&[])).unwrap().ordinary;
    let seen = site.arrival("one").unwrap();
    assert_eq!((seen.imported, seen.failed.as_deref()), (Some(seen.seen), None));

    // A directory that can't be read any more would fail, if its files were read.
    let patch = site.path("up/one/SOURCES/fix.patch");
    let before = fs::metadata(&patch).unwrap().modified().unwrap();
    assert_eq!(site.import(&site.trees(&[])).unwrap().ordinary, first);
    assert_eq!(site.store.history::<Imported>().unwrap().len(), 2);
    assert_eq!(site.arrival("one").unwrap(), seen);

    // Same size, same time of modification: the time of change tells.
    fs::write(&patch, "FIX of one\n").unwrap();
    fs::File::options().write(true).open(&patch).unwrap().set_modified(before).unwrap();
    let second = site.import(&site.trees(&[])).unwrap().ordinary;
    assert_ne!(second[0].digest(), first[0].digest());
    assert_eq!(second[1], first[1]);
    assert_eq!(site.store.history::<Imported>().unwrap().len(), 3);
    assert_ne!(site.arrival("one").unwrap().revision, seen.revision);

    // What the store lost comes again.
    let lost = second[1].files[0].digest;
    site.store.remove(lost).unwrap();
    site.import(&site.trees(&[])).unwrap();
    assert!(site.store.contains(lost));
}

#[test]
fn a_tree_that_changes_while_it_is_read_is_read_again() {
    let site = Site::new();
    site.tree("one");
    // The importer looked at the clock before the tree was written.
    let mut importer = site.importer();
    importer.now -= 60;
    let import = || {
        heirloom_import::sources::import_upstream(&importer, &site.trees(&[]), crate::site::settings())
            .unwrap()
    };
    let first = import();
    // In the same tick, nothing would tell this from before; so nothing may be remembered.
    assert_eq!(site.store.noted("tree one"), None);
    sh(&site.path("up/one/SOURCES"), "printf 'fix of TWO\\n' >fix.patch");
    assert_ne!(import().ordinary[0].digest(), first.ordinary[0].digest());
}

#[test]
fn a_failure_is_remembered_and_gone_when_it_is_put_right() {
    let site = Site::new();
    site.tree("one");
    let first = site.import(&site.trees(&[])).unwrap();
    assert!(first.modules.is_empty() && first.modular.is_empty());
    drop(Store::open(&site.path("elsewhere")).unwrap());
    fs::remove_file(site.path("up/one/SPECS/one.spec")).unwrap();
    says(site.import(&site.trees(&[])), &["1 of 1 source packages", "one:"]);
    // The last good one stays what is planned with.
    assert_eq!(site.store.get::<Imported>("one").unwrap().unwrap(), first.ordinary[0]);
}
