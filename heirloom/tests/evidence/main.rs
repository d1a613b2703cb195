//! Provenance and lists of parts as others see them: judged by in-toto's and DSSE's own libraries, by rpm, and by those who
//! make the formats of lists.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod made;
#[path = "../common/ran.rs"]
mod ran;

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use serde_json::{Value, json};
use testkit::corrupt;
use testkit::gpg::Key;
use testkit::tool::Tool;

use made::Made;
use ran::Ran;

const JUDGES: [&str; 2] = ["in-toto-attestation==0.9.3", "securesystemslib[crypto]==1.6.0"];
const FILE: &str = "out/hello-2-1.x86_64.provenance.json";

fn stated() -> Made {
    let made = Made::new();
    made.run(&["provenance", "--out", "out"]).expect(0);
    made
}

fn verify(made: &Made, key: &str, packages: &[&Path]) -> Ran {
    let packages: Vec<_> = packages.iter().map(|path| path.to_str().unwrap()).collect();
    made.run(&[&["--format", "json", "verify-provenance", FILE, "--key", key][..], &packages].concat())
}

fn judged(made: &Made, packages: &[PathBuf]) -> testkit::Result<Value> {
    let numbers = made.path("numbers");
    let gpg = Tool::new("gpg").arg("--homedir").arg(made.key.home());
    let list = gpg.args(["--with-colons", "--with-key-data", "--list-keys", made.key.fingerprint()]).run()?;
    fs::write(&numbers, list).unwrap();
    let judge = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/evidence/judge.py");
    let run = Tool::new("/usr/bin/python3").env("PYTHONPATH", testkit::pypi::packages(&JUDGES)?);
    let run =
        run.arg(judge).arg(made.path(FILE)).arg(numbers).arg(made.key.fingerprint()).args(packages).run()?;
    Ok(serde_json::from_str(&run).unwrap())
}

#[test]
fn in_toto_and_dsse_read_the_provenance_and_rpm_agrees() {
    let made = stated();
    let packages = [made.rpm("rpms"), made.srpm("rpms"), made.rpm("signed"), made.srpm("signed")];
    let signed = |name: &str| format!("signed/{}/{name}", made.key.fingerprint());
    let expected = json!({
        "subjects": [
            "hello-2-1.noarch.rpm", "hello-2-1.src.rpm",
            signed("hello-2-1.noarch.rpm"), signed("hello-2-1.src.rpm"),
        ],
        "buildroot": ["pkg:rpm/bash@5-1?arch=noarch"],
        "times": true,
    });
    assert_eq!(judged(&made, &packages).unwrap(), expected);
    let envelope = fs::read_to_string(made.path(FILE)).unwrap();
    let payload: Value = serde_json::from_str(&envelope).unwrap();
    let payload =
        base64::engine::general_purpose::STANDARD.decode(payload["payload"].as_str().unwrap()).unwrap();
    let text = String::from_utf8(payload).unwrap();
    assert!(!text.contains("secret") && !text.contains("/srv"), "{text}");
    assert!(text.contains("\"startedOn\":\"2025-12-31T23:59:58Z\""), "{text}");

    let again = made.run(&["--format", "json", "provenance", "hello"]).expect(0).json();
    let digest = again[0]["envelope"].as_str().unwrap();
    let kept = made.path("state/objects").join(&digest[..2]).join(&digest[2..]);
    assert_eq!(fs::read_to_string(kept).unwrap(), envelope, "the same records, the same bytes");
    made.run(&["clean"]).expect(0);
    assert!(made.path("state/objects").join(&digest[..2]).join(&digest[2..]).is_file(), "cleaned away");

    // The judge does judge.
    fs::write(made.path(FILE), envelope.replacen("\"payload\":\"e", "\"payload\":\"f", 1)).unwrap();
    assert!(judged(&made, &[]).is_err());
}

#[test]
fn packages_are_recognised_however_they_are_signed() {
    let made = stated();
    let other = Key::throwaway("Other <other@example.org>").unwrap();
    made.write_key(&other, "other-");
    let again = made.path("again/hello-2-1.noarch.rpm");
    fs::create_dir(made.path("again")).unwrap();
    fs::copy(made.rpm("rpms"), &again).unwrap();
    other.sign_rpms(std::slice::from_ref(&again)).unwrap();
    let ran = verify(&made, "public.asc", &[&made.rpm("rpms"), &made.rpm("signed"), &again]).expect(0).json();
    let how: Vec<_> =
        ran["packages"].as_array().unwrap().iter().map(|it| it["how"].as_str().unwrap()).collect();
    assert_eq!(how, ["file", "file", "header"]);
    assert_eq!(ran["signed_by"].as_str().unwrap().to_uppercase(), made.key.fingerprint());

    // A changed payload has the header of the true package still.
    corrupt::flip_byte(&again, -10).unwrap();
    let ran = verify(&made, "public.asc", &[&again]).expect(5).json();
    assert_eq!((&ran["holds"], &ran["packages"][0]["how"]), (&json!(false), &json!("not")));
    verify(&made, "public.asc", &[&made.path("foreign/tzdata-2024a-1.noarch.rpm")]).expect(5);

    let unknown = verify(&made, "other-public.asc", &[]).expect(5);
    assert!(unknown.stderr.contains("expected a signature by"), "{}", unknown.stderr);
    let text = fs::read_to_string(made.path(FILE)).unwrap();
    fs::write(made.path(FILE), text.replacen("\"payload\":\"eyJ", "\"payload\":\"eyK", 1)).unwrap();
    let changed = verify(&made, "public.asc", &[]).expect(5);
    assert!(changed.stderr.contains("was changed after it was signed"), "{}", changed.stderr);
}

fn judged_list(made: &Made, form: &str, file: &str) -> Value {
    let library = match form {
        "spdx" => "spdx-tools==0.8.5",
        "spdx3" => "spdx-python-model==0.0.6",
        _ => "cyclonedx-python-lib[json-validation]==11.12.0",
    };
    let judge = Path::new(env!("CARGO_MANIFEST_DIR")).join("../base/formats/tests/sbom/judge.py");
    let run = Tool::new("/usr/bin/python3").env("PYTHONPATH", testkit::pypi::packages(&[library]).unwrap());
    serde_json::from_str(&run.arg(judge).arg(form).arg(made.path(file)).run().unwrap()).unwrap()
}

/// An advisory of one package.
fn advisory(made: &Made, name: &str, fixed: &str) -> String {
    let text = format!(
        r#"{{"id": "KESA-2026:1", "summary": "Important: {name} security update", "details": "d",
          "published": "2026-01-02T00:00:00Z", "modified": "2026-01-03T00:00:00Z", "related": ["CVE-2026-0001"],
          "affected": [{{"package": {{"ecosystem": "Kestrel:9", "name": "{name}"}},
            "ranges": [{{"type": "ECOSYSTEM", "events": [{{"introduced": "0"}}, {{"fixed": "{fixed}"}}]}}]}}],
          "references": [{{"type": "ADVISORY", "url": "https://kestrel.example/errata/KESA-2026:1"}}]}}"#
    );
    let file = format!("{name}.osv.json");
    fs::write(made.path(&file), text).unwrap();
    file
}

#[test]
fn lists_of_parts_are_valid_and_audited() {
    let made = Made::new();
    let (needs, only_built_with) = (advisory(&made, "hello", "3-1"), advisory(&made, "bash", "9-1"));
    for (form, ending) in [("spdx", "spdx.json"), ("spdx3", "spdx3.json"), ("cyclonedx", "cdx.json")] {
        made.run(&["sbom", "--form", form, "--out", "lists"]).expect(0);
        let file = format!("lists/hello-2-1.x86_64.{ending}");
        judged_list(&made, form, &file);
        let printed = made.run(&["sbom", "hello", "--form", form]).expect(0);
        assert_eq!(printed.stdout, fs::read_to_string(made.path(&file)).unwrap(), "{form}");
        made.run(&["sbom", "--release", "--form", form, "--out", &format!("release.{ending}")]).expect(0);
        judged_list(&made, form, &format!("release.{ending}"));
        if form != "spdx3" {
            for list in [file, format!("release.{ending}")] {
                made.run(&["audit", &list, "--advisories", &needs]).expect(5);
                made.run(&["audit", &list, "--advisories", &only_built_with]).expect(0);
            }
        }
    }
    let other = made.run(&["audit", "release.spdx3.json", "--advisories", &needs]).expect(1);
    assert!(other.stderr.contains("is SPDX 3"), "{}", other.stderr);
    let whole = made.run(&["sbom", "--release", "--form", "spdx"]).expect(0);
    let whole: Value = serde_json::from_str(&whole.stdout).unwrap();
    let named = |name: &str| {
        let all = whole["packages"].as_array().unwrap().iter();
        all.filter(|package| package["name"] == name).cloned().collect::<Vec<_>>()
    };
    let [binary, source] = &named("hello")[..] else { panic!("{whole}") };
    let signed = Tool::new("sha256sum").arg(made.rpm("signed")).run().unwrap();
    assert_eq!(binary["checksums"][0]["checksumValue"], signed.split_whitespace().next().unwrap());
    assert_eq!(binary["licenseDeclared"], "GPL-3.0-or-later AND LicenseRef-BSD");
    assert_eq!(binary["supplier"], "Organization: Kestrel Foundation");
    assert_eq!(named("tzdata")[0]["supplier"], "Organization: Somebody else");
    assert_eq!(source["annotations"].as_array().unwrap().len(), 1, "of this version alone: {source}");
    assert!(source["annotations"][0]["comment"].as_str().unwrap().contains("CVE-2025-1000"));
    assert_eq!(named("file0")[0]["downloadLocation"], "https://lookaside.example/file0");
    let patches = whole["relationships"].as_array().unwrap().iter();
    assert_eq!(patches.filter(|it| it["relationshipType"] == "PATCH_FOR").count(), 1);
}

#[test]
fn what_is_not_there_is_told() {
    let made = Made::new();
    let unknown = made.run(&["provenance", "nothing"]).expect(1);
    assert!(unknown.stderr.contains("nothing that is built is called nothing"), "{}", unknown.stderr);
    let nowhere = made.run(&["sbom", "--form", "spdx"]).expect(2);
    assert!(nowhere.stderr.contains("no directory to write them to"), "{}", nowhere.stderr);
    let keyless = stated();
    let unsigned = keyless.run(&["reproduce", FILE]).expect(2);
    assert!(unsigned.stderr.contains("believed for its signature alone"), "{}", unsigned.stderr);
    let empty = keyless.run(&["reproduce", FILE, "--key", "public.asc", "--objects", "boot"]).expect(1);
    for name in ["3 objects are nowhere", "file0 (", "hello.spec (", "--objects DIR|URL"] {
        assert!(empty.stderr.contains(name), "{}", empty.stderr);
    }
    assert!(!empty.stderr.contains("bash-5-1"), "it is in the directory: {}", empty.stderr);

    // Sources from another machine's state; the package of the buildroot is not there.
    let bash = Tool::new("sha256sum").arg(keyless.path("boot/bash-5-1.noarch.rpm")).run().unwrap();
    let state = keyless.path("state");
    fs::remove_file(state.join("objects").join(&bash[..2]).join(&bash[2..64])).unwrap();
    let server = testkit::server::Server::start(&state).unwrap();
    let remote =
        keyless.run(&["reproduce", FILE, "--key", "public.asc", "--objects", &server.url("")]).expect(1);
    assert!(remote.stderr.contains("1 object is nowhere\n  bash-5-1.noarch ("), "{}", remote.stderr);
}
