//! `heirloom errata` as its users meet it, judged by dnf.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod judges;
#[path = "../common/machine.rs"]
mod machine;
#[path = "../common/ran.rs"]
mod ran;
mod site;

use std::fs;
use std::path::Path;
use std::process::Command;

use ran::Ran;
use testkit::tool::Tool;

fn heirloom(dir: &Path, args: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_heirloom"));
    let output = command.current_dir(dir).args(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// An OSV document of one package.
fn osv(id: &str, name: &str, fixed: &str, cve: &str) -> String {
    format!(
        r#"{{"id": "{id}", "summary": "Important: {name} security update", "details": "{name} is < 2 & more.",
          "published": "2026-01-02T00:00:00Z", "modified": "2026-01-03T00:00:00Z", "related": ["{cve}"],
          "affected": [{{"package": {{"ecosystem": "Kestrel:9", "name": "{name}"}},
            "ranges": [{{"type": "ECOSYSTEM", "events": [{{"introduced": "0"}}, {{"fixed": "{fixed}"}}]}}]}}],
          "references": [{{"type": "ADVISORY", "url": "https://kestrel.example/errata/{id}"}}]}}"#
    )
}

const WHOSE: [&str; 6] = ["--id", "kestrel", "--name", "Kestrel", "--home", "https://kestrel.example"];

fn convert(dir: &Path, from: &str, to: &str) -> Ran {
    heirloom(dir, &[&["--format", "json", "errata", "convert", from, "--to", to], &WHOSE[..]].concat())
}

/// The advisories that a directory of one format has, without what the way through it loses.
fn ids(dir: &Path, from: &str) -> Vec<String> {
    let to = format!("{}-again", from.replace('/', "-"));
    convert(dir, from, &to).expect(0);
    let mut names: Vec<_> = fs::read_dir(dir.join(to).join("osv"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn all_formats_say_the_same_and_what_is_broken_stops_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::create_dir_all(dir.join("in/more")).unwrap();
    fs::write(dir.join("in/a.json"), osv("KESA-2026:1", "alpha", "2-1", "CVE-2026-0001")).unwrap();
    fs::write(dir.join("in/more/b.json"), osv("KESA-2026:2", "beta", "1:2-1", "CVE-2026-0002")).unwrap();
    let ran = convert(dir, "in", "out").expect(0).json();
    assert_eq!((ran["advisories"].as_u64(), ran["documents"].as_u64()), (Some(2), Some(2)));
    assert_eq!(ran["written"], serde_json::json!({"csaf": 2, "osv": 2, "oval": 1, "updateinfo": 1}));
    for format in ["osv", "csaf", "oval", "updateinfo"] {
        let names = ids(dir, &format!("out/{format}"));
        assert_eq!(names, ["KESA-2026:1.json", "KESA-2026:2.json"], "{format}");
    }
    let again = convert(dir, "in", "twice").expect(0).json();
    assert_eq!(again, ran);
    Tool::new("diff").args(["-r"]).arg(dir.join("out")).arg(dir.join("twice")).run().unwrap();

    // A newer document of the same advisory, one that says nothing new, and two that can't be read.
    let newer = osv("KESA-2026:1", "alpha", "3-1", "CVE-2026-0001").replace("2026-01-03", "2026-01-04");
    fs::write(dir.join("in/newer.json"), newer).unwrap();
    fs::copy(dir.join("in/more/b.json"), dir.join("in/same.json")).unwrap();
    fs::write(dir.join("in/cut.json"), "{\"id\": ").unwrap();
    fs::write(dir.join("in/path.json"), osv("../KESA", "alpha", "2-1", "CVE-2026-0001")).unwrap();
    let ran = convert(dir, "in", "third").expect(1).json();
    assert_eq!((ran["advisories"].as_u64(), ran["repeated"].as_u64()), (Some(2), Some(1)));
    assert_eq!(ran["contradictions"][0]["left_out"], "2026-01-03T00:00:00Z");
    let faults: Vec<_> =
        ran["faults"].as_array().unwrap().iter().map(|fault| fault["document"].as_str().unwrap()).collect();
    assert_eq!(faults, ["in/cut.json", "in/path.json"]);
    assert_eq!(ran["faults"][1]["field"], "id");
    let text = fs::read_to_string(dir.join("third/osv/KESA-2026:1.json")).unwrap();
    assert!(text.contains("3-1"), "{text}");

    let there =
        heirloom(dir, &[&["errata", "convert", "in", "--to", "third"], &WHOSE[..]].concat()).expect(1);
    assert!(there.stderr.contains("third is there already"), "{}", there.stderr);
    let nobody = heirloom(dir, &["errata", "convert", "in", "--to", "fourth"]).expect(2);
    assert!(nobody.stderr.contains("whose advisories are written is not known"), "{}", nobody.stderr);
}
