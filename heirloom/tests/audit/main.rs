//! `heirloom audit` as its users meet it, judged by dnf, a scanner of OVAL, and a maker of lists of parts.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod damage;
#[path = "../common/machine.rs"]
mod judges;
mod machine;
#[path = "../common/ran.rs"]
mod ran;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use testkit::gpg::Key;

use machine::{Machine, NEEDED, state};
use ran::Ran;

fn heirloom(dir: &Path, args: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_heirloom"));
    let output = command.current_dir(dir).args(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn audit(machine: &Machine, args: &[&str]) -> Ran {
    heirloom(&machine.path(""), &[&["--format", "json", "audit"], args].concat())
}

/// The advisories that are missing, sorted.
fn needed(report: &Value) -> Vec<String> {
    let all = report["needed"].as_array().unwrap().iter();
    let mut ids: Vec<_> = all
        .filter(|one| one["status"] == "affected")
        .map(|one| one["id"].as_str().unwrap().to_owned())
        .collect();
    ids.sort();
    ids
}

#[test]
fn dnf_a_scanner_and_lists_of_parts_lead_to_the_same() {
    let machine = Machine::new();
    let before = state(&machine.path("root"));
    for source in ["in", "out/osv", "out/csaf", "out/oval/9.xml", "out/updateinfo/9.xml", "repo"] {
        let report = audit(&machine, &["root", "--advisories", source]).expect(5).json();
        assert_eq!(needed(&report), NEEDED, "{source}");
        assert_eq!(
            (report["system"]["id"].as_str(), report["system"]["major"].as_str()),
            (Some("kestrel"), Some("9"))
        );
        assert_eq!(report["notes"], serde_json::json!([]), "{source}");
    }
    // Packages that differ in nothing but who reads them.
    assert!(state(&machine.path("root")) == before, "the root was changed");
    assert_eq!(machine.updates(), NEEDED, "dnf");
    assert_eq!(machine.oscap(), NEEDED, "a scanner");
    // These lists leave out streams of modules, and the release tells only that there is one.
    for list in machine.lists() {
        let report = audit(&machine, &[list.to_str().unwrap(), "--advisories", "in"]).expect(5).json();
        let (own, list) = (needed(&report), list.display());
        assert_eq!(own, NEEDED.into_iter().filter(|id| *id != "KESA-2026:3").collect::<Vec<_>>(), "{list}");
        let all = report["needed"].as_array().unwrap().iter();
        let undecided: Vec<_> =
            all.filter(|one| one["status"] == "undecided").map(|one| one["id"].as_str().unwrap()).collect();
        assert_eq!(undecided, ["KESA-2026:3", "KESA-2026:9"], "{list}");
        assert!(report["notes"].to_string().contains("2 advisories are undecided"), "{report}");
        assert_eq!(report["system"]["version"], "9.4", "{list}");
    }
    let file = machine.path("root/var/lib/rpm/rpmdb.sqlite");
    let report = audit(&machine, &[file.to_str().unwrap(), "--advisories", "in"]).expect(5).json();
    assert_eq!(
        (needed(&report), report["system"]["kind"].as_str()),
        (NEEDED.map(str::to_owned).to_vec(), Some("database"))
    );

    // What people see, the worst first.
    let shown = heirloom(&machine.path(""), &["audit", "root", "--advisories", "in"]).expect(5).stdout;
    let lines: Vec<_> = shown.lines().collect();
    assert!(
        lines[0].contains("7 packages of kestrel 9.4 (sqlite); 9 advisories, 6 of them concern it"),
        "{shown}"
    );
    let summary = "vulnerable: 5 vulnerabilities, 5 security advisories are missing: 1 Critical, 1 Important, 1 Moderate, 2 Low";
    assert_eq!(lines[1], summary);
    let first: Vec<_> = lines[4].split_whitespace().collect();
    assert_eq!(first, ["Critical", "alpha", "1-1", "3-1", "KESA-2026:5", "CVE-2026-0005"]);

    // dnf mends it, and all see that.
    machine.dnf(&["upgrade", "alpha"]);
    let left = ["KESA-2026:3", "KESA-2026:6", "KESA-2026:7"];
    let report = audit(&machine, &["root", "--advisories", "in"]).expect(5).json();
    assert_eq!(
        (needed(&report), machine.updates(), machine.oscap()),
        (
            left.map(str::to_owned).to_vec(),
            left.map(str::to_owned).to_vec(),
            left.map(str::to_owned).to_vec()
        )
    );
    let fixed = report["vulnerabilities"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["id"] == "CVE-2026-0005")
        .unwrap();
    assert_eq!(
        (fixed["status"].as_str(), fixed["advisories"][0].as_str()),
        (Some("fixed"), Some("KESA-2026:5"))
    );
    machine.dnf(&["remove", "delta", "epoch", "tilde"]);
    let shown = heirloom(&machine.path(""), &["audit", "root", "--advisories", "in"]).expect(0).stdout;
    assert!(shown.contains("no security advisory is missing\n"), "{shown}");
}

#[test]
fn exit_codes_and_what_is_not_covered() {
    let machine = Machine::new();
    let code = |args: &[&str]| audit(&machine, &[&["root", "--advisories", "in"], args].concat()).code;
    assert_eq!(code(&["--severity", "critical"]), 5);
    assert_eq!(code(&["--fail-on", "none"]), 0);
    assert_eq!(code(&["--severity", "worse"]), 2);
    machine.dnf(&["upgrade", "alpha"]);
    assert_eq!(code(&["--severity", "important"]), 0, "what is left is moderate and low");
    assert_eq!(code(&["--severity", "moderate"]), 5);
    fs::write(machine.path("in/cut.json"), "{\"id\": ").unwrap();
    assert_eq!(code(&["--severity", "moderate"]), 5, "vulnerable, whatever else can't be read");
    let ran = audit(&machine, &["root", "--advisories", "in", "--severity", "important"]).expect(1).json();
    assert_eq!(ran["faults"][0]["document"], "in/cut.json");
    fs::remove_file(machine.path("in/cut.json")).unwrap();

    let ran = heirloom(&machine.path(""), &["audit", "root", "--advisories", "in", "--major", "8"]).expect(1);
    assert!(
        ran.stdout.contains("the advisories are for major version 9, the system is of 8"),
        "{}",
        ran.stdout
    );
    let release = machine.path("root/usr/lib/os-release");
    fs::remove_file(&release).unwrap();
    let ran = audit(&machine, &["root", "--advisories", "in"]).expect(5).json();
    assert_eq!(
        (ran["system"]["major"].as_str(), ran["system"]["id"].as_str()),
        (Some("9"), Some("")),
        "its release package"
    );
    machine.dnf(&["remove", "kestrel-release"]);
    let ran = audit(&machine, &["root", "--advisories", "in"]).expect(1);
    assert!(
        ran.stderr.contains("of which major version") && ran.stderr.contains("--major"),
        "{}",
        ran.stderr
    );
    audit(&machine, &["root", "--advisories", "in", "--major", "9"]).expect(5);
    audit(&machine, &["root"]).expect(2);
}

#[test]
fn a_bundle_stands_for_all_documents() {
    let machine = Machine::new();
    let dir = machine.path("");
    let bundle = |to: &str, sources: &[&str]| {
        heirloom(&dir, &[&["errata", "bundle", "--id", "kestrel", "--to", to], sources].concat()).expect(0)
    };
    bundle("a.bundle", &["in"]);
    bundle("b.bundle", &["in"]);
    let bytes = fs::read(machine.path("a.bundle")).unwrap();
    assert_eq!(bytes, fs::read(machine.path("b.bundle")).unwrap());
    let life = r#"{"schema_version":1,"lifecycle":{"id":"kestrel","name":"Kestrel","updated":"2026-01-15","majors":[{"version":9,
        "phases":[{"kind":"full","begins":"2022-05-17","ends":"2199-05-31","promises":{"security":"Low"}}],
        "minors":[{"version":4,"released":"2024-05-09"}]}]}}"#;
    fs::write(machine.path("wrong.json"), r#"{"9": "2032-05-31"}"#).unwrap();
    let refused = heirloom(
        &dir,
        &["errata", "bundle", "--id", "kestrel", "--to", "d.bundle", "in", "--lifecycle", "wrong.json"],
    );
    assert!(refused.expect(1).stderr.contains("wrong.json"));
    fs::write(machine.path("life.json"), life).unwrap();
    bundle("c.bundle", &["a.bundle", "out/updateinfo", "--lifecycle", "life.json"]);
    for name in ["a.bundle", "c.bundle"] {
        let report = audit(&machine, &["root", "--bundle", name]).expect(5).json();
        assert_eq!(needed(&report), NEEDED, "{name}");
        let notes = report["notes"].to_string();
        assert!(notes.contains("nobody's signature"), "{notes}");
        let ends = (name == "c.bundle").then_some("2199-05-31");
        assert_eq!(report["support"]["ends"].as_str(), ends, "{name}");
        let report = audit(&machine, &["root", "--advisories", name]).expect(5).json();
        assert_eq!(needed(&report), NEEDED, "{name}");
    }

    let (own, other) = (
        Key::throwaway("Own <a@kestrel.example>").unwrap(),
        Key::throwaway("Other <b@kestrel.example>").unwrap(),
    );
    fs::write(machine.path("own.asc"), own.public().unwrap()).unwrap();
    fs::write(machine.path("other.asc"), other.public().unwrap()).unwrap();
    let signed = |key: &str| audit(&machine, &["root", "--bundle", "a.bundle", "--key", key]);
    assert!(signed("own.asc").expect(1).stderr.contains("a.bundle.asc"), "there is no signature");
    let signature = own.sign_file(&machine.path("a.bundle")).unwrap();
    assert_eq!(signature, machine.path("a.bundle.asc"));
    let report = signed("own.asc").expect(5).json();
    assert_eq!(
        report["advisories"]["signed_by"].as_str().unwrap().to_ascii_lowercase(),
        own.fingerprint().to_ascii_lowercase()
    );
    assert_eq!(report["notes"], serde_json::json!([]));
    assert!(signed("other.asc").expect(1).stderr.contains("its signature does not hold"));
    fs::copy(machine.path("c.bundle"), machine.path("a.bundle")).unwrap();
    assert!(signed("own.asc").expect(1).stderr.contains("its signature does not hold"), "another bundle");
    fs::write(machine.path("a.bundle"), &bytes[..bytes.len() / 2]).unwrap();
    let cut = audit(&machine, &["root", "--bundle", "a.bundle"]).expect(1);
    assert!(cut.stderr.contains("a.bundle"), "{}", cut.stderr);

    heirloom(&dir, &["errata", "bundle", "--id", "tarnholt", "--to", "d.bundle", "in"]).expect(0);
    let report = audit(&machine, &["root", "--bundle", "d.bundle"]).expect(5).json();
    assert!(
        report["notes"].to_string().contains("the bundle is for `tarnholt`, the system is `kestrel`"),
        "{}",
        report["notes"]
    );
}

/// A document of one format that was changed after it was written.
#[test]
fn a_format_that_says_something_else_is_found() {
    let machine = Machine::new();
    let dir = machine.path("");
    let check =
        |args: &[&str]| heirloom(&dir, &[&["--format", "json", "errata", "crosscheck"], args].concat());
    let real = ["root", "--advisories", "out"];
    let report = check(&real).expect(0).json();
    assert_eq!(report["formats"], serde_json::json!({"csaf": 9, "osv": 9, "oval": 9, "updateinfo": 9}));
    let made_up = check(&["--advisories", "out"]).expect(0).json();
    assert!(made_up["machines"].as_u64().unwrap() > 3 * 9, "{made_up}");

    let change = |path: &str, from: &str, to: &str| {
        let path = machine.path(path);
        let text = fs::read_to_string(&path).unwrap();
        let changed = text.replace(from, to);
        assert_ne!(changed, text, "{from} is in {}", path.display());
        fs::write(&path, changed).unwrap();
        move || fs::write(&path, text).unwrap()
    };
    let subjects = |report: &Value| -> Vec<String> {
        report["differences"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["subject"].as_str().unwrap().to_owned())
            .collect()
    };
    // The machine has alpha 1: a fix in 1-1 is one that it has.
    let undo = change("out/osv/KESA-2026:5.json", "\"3-1\"", "\"1-1\"");
    let report = check(&real).expect(5).json();
    assert_eq!(subjects(&report), ["KESA-2026:5", "CVE-2026-0005"]);
    let verdicts =
        serde_json::json!({"csaf": "affected", "osv": "fixed", "oval": "affected", "updateinfo": "affected"});
    assert_eq!(report["differences"][0]["verdicts"], verdicts);
    let text = heirloom(&dir, &["errata", "crosscheck", "root", "--advisories", "out"]).expect(5).stdout;
    assert!(text.contains("KESA-2026:5: csaf says affected, osv says fixed, oval says affected"), "{text}");
    undo();
    // One that this machine does not show: it is older than both.
    let undo = change("out/updateinfo/9.xml", "version=\"3\"", "version=\"4\"");
    check(&real).expect(0);
    let report = check(&["--advisories", "out"]).expect(5).json();
    assert_eq!(subjects(&report), ["KESA-2026:5", "CVE-2026-0005"]);
    assert!(report["differences"][0]["package"].as_str().unwrap().starts_with("alpha-3-1"), "{report}");
    undo();
    let undo = change("out/oval/9.xml", "CVE-2026-0003", "CVE-2026-3000");
    assert_eq!(subjects(&check(&real).expect(5).json()), ["CVE-2026-0003", "CVE-2026-3000"]);
    undo();
    check(&real).expect(0);
    fs::remove_file(machine.path("out/osv/KESA-2026:7.json")).unwrap();
    assert_eq!(subjects(&check(&real).expect(5).json()), ["KESA-2026:7", "CVE-2026-0007"]);
    fs::write(machine.path("out/osv/KESA-2026:7.json"), "{").unwrap();
    check(&["root", "--advisories", "in"]).expect(1);
}
