//! Directories and repositories against each other.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;

use serde_json::json;
use testkit::gpg::Key;
use testkit::repo;
use testkit::tool::Tool;

use crate::support::{Place, matches_schema, named, sample};

#[test]
fn packages_are_paired_and_added_up_by_source_repository_and_release() {
    let place = Place::new();
    let text = |name: &str, version: &str, text: &str| {
        named(name, version).file(&format!("/usr/share/{name}"), text)
    };
    for dir in ["reference/BaseOS/Packages", "rebuild/BaseOS"] {
        place.package(dir, &text("same", "1", "a"));
        place.package(dir, &text("lagging", if dir.starts_with("re/") { "2" } else { "1" }, "a"));
    }
    place.package("reference/BaseOS/Packages", &text("lagging", "2", "a"));
    place.package("reference/AppStream/Packages", &text("gone", "1", "a"));
    place.package("reference/AppStream/Packages", &text("same-debuginfo", "1", "a"));
    place.package("rebuild/BaseOS", &text("added", "1", "a"));
    for name in ["BaseOS", "AppStream"] {
        testkit::repo(&place.path(&format!("reference/{name}"))).unwrap();
    }

    let sets = "compare --reference reference --rebuild rebuild";
    let json = place.json(sets, 11);
    matches_schema("comparison-of-sets.schema.json", &json);
    assert_eq!(json["verdict"], "incompatible");
    assert_eq!(json["repositories"]["reference/AppStream"], "incompatible");
    assert_ne!(json["repositories"]["reference/BaseOS"], "incompatible");
    assert_eq!(json["sources"]["gone"], "incompatible");
    assert_eq!(json["sources"]["same"], "bit-identical");
    assert_eq!(json["sources"]["same-debuginfo"], "abi-compatible", "nobody links to debugging data");
    assert_eq!(json["sources"]["added"], "abi-compatible");
    let about: Vec<_> = json["findings"].as_array().unwrap().iter().collect();
    let about: Vec<_> = about
        .iter()
        .map(|one| ["rule", "severity", "subject"].map(|key| one[key].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(
        about,
        [
            ["extra-package", "different", "added.noarch"],
            ["missing-package", "incompatible", "gone.noarch"],
            ["older-version", "note", "lagging.noarch"],
            ["missing-package", "different", "same-debuginfo.noarch"],
        ]
    );
    let pairs = json["packages"].as_array().unwrap();
    assert_eq!(pairs.len(), 2);
    assert_eq!((&pairs[1]["source"], &pairs[1]["repository"]), (&json!("same"), &json!("reference/BaseOS")));

    let text = place.run(sets).expect(11);
    text.says(&[
        "2 packages, 2 missing: incompatible",
        "older-version",
        "incompatible      reference/AppStream",
    ]);
    let leads = text.stdout.find("incompatible").unwrap();
    assert!(leads < text.stdout.find("lagging").unwrap(), "{}", text.stdout);
}

#[test]
fn a_release_is_several_repositories() {
    let place = Place::new();
    for side in ["reference", "rebuild"] {
        place.package(&format!("{side}/BaseOS"), &sample("text"));
        place.package(&format!("{side}/AppStream"), &named("tool", "1").file("/usr/share/tool", side));
    }
    // Their place below the rebuild does not matter.
    let json = place.json(
        "compare --reference reference/BaseOS --reference reference/AppStream --rebuild rebuild/AppStream --rebuild \
         rebuild/BaseOS",
        10,
    );
    assert_eq!(
        json["repositories"],
        json!({ "reference/AppStream": "abi-compatible", "reference/BaseOS": "bit-identical" })
    );
    assert_eq!(json["sources"], json!({ "sample": "bit-identical", "tool": "abi-compatible" }));
    assert_eq!(json["findings"], json!([]));
}

#[test]
fn a_new_requirement_is_judged_by_what_the_reference_provides() {
    let place = Place::new();
    place.package("reference", &sample("text"));
    place.package("reference", &named("other", "2"));
    place.package("known", &sample("text").requires("other >= 1"));
    place.package("known", &named("other", "2"));
    let json = place.json("compare --reference reference --rebuild known", 10);
    assert_eq!(json["sources"]["sample"], "abi-compatible", "{json:#}");
    place.package("unknown", &sample("text").requires("other >= 3"));
    place.package("unknown", &named("other", "2"));
    let json = place.json("compare --reference reference --rebuild unknown", 11);
    assert_eq!(json["sources"]["sample"], "incompatible", "{json:#}");
}

#[test]
fn a_rebuild_that_lags_behind_is_compared_with_what_it_is_a_rebuild_of() {
    let place = Place::new();
    for (dir, version) in [("reference", "1"), ("reference", "2"), ("rebuild", "1")] {
        place.package(dir, &named("tool", version).file("/usr/share/tool", version));
    }
    let json = place.json("compare --reference reference --rebuild rebuild", 0);
    assert_eq!(json["packages"][0]["reference_nevra"], "tool-1-1.noarch");
    let lag = json!([{ "rule": "older-version", "severity": "note", "subject": "tool.noarch", "expected": "2-1", "found": "1-1" }]);
    assert_eq!(json["findings"], lag);
}

#[test]
fn a_pair_is_judged_on_the_ground_that_its_universe_is() {
    let place = Place::new();
    let one = place.package("reference", &sample("text"));
    place.package("reference", &named("other", "2"));
    let two = place.package("rebuild", &sample("text").requires("other >= 1"));
    place.json(&format!("compare {one} {two}"), 12);
    place.json(&format!("compare {one} {two} --universe reference"), 10);
    place.run(&format!("compare {one} {two} --universe none")).expect(1).says(&["none: can't be read"]);
}

#[test]
fn empty_damaged_and_unknown_places_are_errors() {
    let place = Place::new();
    place.package("good", &sample("text"));
    std::fs::create_dir(place.path("empty")).unwrap();
    std::fs::create_dir(place.path("bad")).unwrap();
    place.write("bad/bad.rpm", "no package");
    for (dir, words) in [
        ("empty", &["empty: there is no binary package", "help:"][..]),
        ("bad", &["bad/bad.rpm"]),
        ("none", &["none: can't be read", "No such file"]),
        ("http://127.0.0.1:1/none", &["no key is named", "--rebuild-key"]),
    ] {
        place.run(&format!("compare --reference good --rebuild {dir}")).expect(1).says(words);
    }
}

#[test]
fn a_package_that_can_not_be_read_goes_by_its_file_name() {
    let place = Place::new();
    let good = place.package("good", &sample("text"));
    let name = Path::new(&good).file_name().unwrap().to_str().unwrap().to_owned();
    std::fs::create_dir(place.path("bad")).unwrap();
    place.write(&format!("bad/{name}"), "no package");
    let json = place.json("compare --reference good --rebuild bad", 12);
    assert_eq!((&json["verdict"], &json["findings"]), (&json!("undecided"), &json!([])));
    assert_eq!(json["packages"][0]["findings"][0]["rule"], "unreadable");
}

#[test]
fn a_signed_repository_is_fetched_from_its_url_and_only_what_is_needed() {
    let place = Place::new();
    let key = Key::throwaway("Vendor <v@example.org>").unwrap();
    place.write("vendor.asc", key.public().unwrap());
    place.package("reference", &sample("text"));
    let alone = place.package("reference", &named("unpaired", "1").file("/usr/share/unpaired", "x"));
    // That the repository provides it is known from its metadata alone.
    place.package("rebuild", &sample("text").requires("unpaired = 1-1").requires("/usr/share/unpaired"));
    testkit::repo(&place.path("reference")).unwrap();
    repo::sign(&place.path("reference"), &key).unwrap();
    // What has no counterpart is not needed.
    std::fs::remove_file(place.path(&alone)).unwrap();

    let served = serve(&place.path("reference"));
    let file = format!("file://{}", place.path("reference").display());
    for url in [served, file] {
        let sets = format!("compare --reference {url} --reference-key vendor.asc --rebuild rebuild");
        let json = place.json(&sets, 11);
        assert_eq!(json["repositories"], json!({ &url: "incompatible" }));
        assert_eq!(json["sources"], json!({ "sample": "abi-compatible", "unpaired": "incompatible" }));
        matches_schema("comparison-of-sets.schema.json", &json);
    }

    let other = Key::throwaway("Other <o@example.org>").unwrap();
    place.write("other.asc", other.public().unwrap());
    let url = format!("file://{}", place.path("reference").display());
    place
        .run(&format!("compare --reference {url} --reference-key other.asc --rebuild rebuild"))
        .expect(1)
        .says(&["repomd.xml"]);
}

/// Serves a directory on loopback, as long as the tests run.
fn serve(dir: &Path) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let dir = dir.to_owned();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|count| count == 1) {
                request.push(byte[0]);
            }
            let request = String::from_utf8_lossy(&request).into_owned();
            let path = request.split(' ').nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
            let (status, body) = match std::fs::read(dir.join(path)) {
                Ok(body) => ("200 OK", body),
                Err(_) => ("404 Not Found", Vec::new()),
            };
            let head =
                format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(&[head.as_bytes(), &body].concat());
        }
    });
    url
}

/// Builds a library and the package of its debugging data from one source package.
fn library_with_data(place: &Place, dir: &str, body: &str) {
    let library = place.library(&format!("struct s {{ int x; }}; int f(struct s *p) {{ return {body}; }}"));
    let work = place.path(&format!("work-{dir}"));
    std::fs::create_dir_all(work.join("SOURCES")).unwrap();
    std::fs::write(work.join("SOURCES/library"), library).unwrap();
    let spec = "Name: lib\nVersion: 1\nRelease: 1\nSummary: x\nLicense: MIT\nSource0: library\n%description\nx\n\
                %package debuginfo\nSummary: x\n%description debuginfo\nx\n%install\n\
                install -D -m 644 %{SOURCE0} %{buildroot}/usr/lib64/lib.so\n\
                install -D -m 644 %{SOURCE0} %{buildroot}/usr/lib/debug/lib.debug\n\
                %files\n/usr/lib64/lib.so\n%files debuginfo\n/usr/lib/debug/lib.debug\n";
    std::fs::write(work.join("lib.spec"), spec).unwrap();
    Tool::new("rpmbuild")
        .args(["-bb", "--quiet", "--nodeps", "--target", "x86_64"])
        .define("_topdir", &work)
        .define("_rpmdir", place.path(dir))
        .define("_rpmfilename", "%%{NAME}.rpm")
        .define("debug_package", "%{nil}")
        .arg(work.join("lib.spec"))
        .run()
        .unwrap();
}

#[test]
fn debugging_data_is_found_if_both_sets_have_it() {
    let place = Place::new();
    let key = Key::throwaway("Vendor <v@example.org>").unwrap();
    place.write("vendor.asc", key.public().unwrap());
    library_with_data(&place, "reference", "p->x");
    library_with_data(&place, "same", "p->x");
    library_with_data(&place, "other", "p->x + 1");
    let reference = place.path("reference");
    testkit::repo(&reference).unwrap();
    repo::sign(&reference, &key).unwrap();
    let evidence = |set: &str| {
        let url = format!("file://{} --reference-key vendor.asc", reference.display());
        let ran = place.run(&format!("--format json compare --reference {url} --rebuild {set}"));
        assert!(ran.code >= 10, "{}", ran.stderr);
        let json = ran.json();
        let pairs = json["packages"].as_array().unwrap();
        pairs.iter().find(|pair| pair["nevra"] == "lib-1-1.x86_64").unwrap()["evidence"].clone()
    };
    for set in ["same", "other"] {
        std::fs::remove_file(place.path(&format!("{set}/lib-debuginfo.rpm"))).unwrap();
    }
    // The rebuild has none: there is nothing that both could be compared by.
    assert_eq!(evidence("other"), "symbols");
    library_with_data(&place, "other", "p->x + 1");
    assert_eq!(evidence("other"), "types");
    // What only the reference has is not needed.
    std::fs::remove_dir_all(place.path("cache")).unwrap();
    std::fs::remove_file(reference.join("lib-debuginfo.rpm")).unwrap();
    assert_eq!(evidence("same"), serde_json::Value::Null);
}
