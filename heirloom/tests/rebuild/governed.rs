//! A rebuild under a charter: members approve that packages are signed, then that the tree is released.

use std::fs;

use serde_json::Value;
use testkit::tool::Tool;

use crate::site::{Site, turn};

const MEMBERS: [(&str, &str); 3] = [("ada", "University"), ("cho", "Hosting"), ("dee", "Laboratory")];

fn charter(site: &Site) {
    let mut arguments: Vec<String> =
        ["charter", "init", "--waiting-hours", "0", "--out"].map(str::to_owned).to_vec();
    arguments.push(site.path("charter.toml").display().to_string());
    for (name, affiliation) in MEMBERS {
        let key = site.path(name);
        Tool::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).run().unwrap();
        arguments.push(format!("--member={name}:{affiliation}:{}.pub", key.display()));
    }
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    site.run(&arguments).expect(0);
    site.redefine("[signing]", "[governance]\ncharter = \"charter.toml\"\n\n[signing]");
}

/// Proposes what waits, and lets two or three members approve it.
fn decide(site: &Site, options: &[&str], members: &[&str]) -> String {
    let arguments = [&["--format", "json", "release", "propose", "--member", "ada"][..], options].concat();
    let proposed = site.run(&arguments).expect(0).json();
    let proposal = proposed["digest"].as_str().unwrap().to_owned();
    for member in members {
        let key = site.path(member).display().to_string();
        site.run(&["release", "approve", &proposal, "--member", member, "--key", &key]).expect(0);
    }
    proposal
}

#[test]
fn nothing_is_signed_or_served_before_members_have_decided() {
    let _turn = turn();
    let site = Site::new(&["less"]);
    charter(&site);
    site.run(&["log", "init"]).expect(0);
    site.run(&["rebuild"]).expect(7).says(&["packages are not signed", "heirloom release propose"]);
    site.run(&["release", "status"]).expect(0);
    let packages = decide(&site, &["-m", "less rebuilt"], &["ada"]);
    site.run(&["release", "promote", &packages]).expect(5).says(&["1 of 2 approvals"]);
    site.run(&["rebuild"]).expect(7).says(&["packages are not signed"]);
    let key = site.path("cho").display().to_string();
    site.run(&["release", "approve", &packages, "--member", "cho", "--key", &key]).expect(0);
    // A vote in dee's name, which counts for nothing and is no evidence.
    site.run(&["release", "approve", &packages, "--member", "dee", "--key", &key]).expect(0);
    let list = site.run(&["release", "review", &packages, "--show", "packages"]).expect(0).stdout;
    let list: Value = serde_json::from_str(&list).unwrap();
    let is_same = |one: &Value| one["ground"].as_str().unwrap().ends_with("identical");
    assert!(list.as_array().unwrap().iter().any(is_same), "{list}");
    let certificates = site.run(&["release", "review", &packages, "--show", "certificates"]).expect(0).stdout;
    assert!(certificates.contains("https://heirloom.example/comparison/v1"));
    site.run(&["release", "promote", &packages]).expect(0);

    site.run(&["rebuild"]).expect(7).says(&["is composed, and members have to approve it"]);
    assert!(!site.path("state/published/9").exists());
    let snapshot = decide(&site, &[], &["ada", "cho"]);
    site.run(&["release", "promote", &snapshot]).expect(0);
    let served = site.path("state/published/9");
    let pin = site.run(&["--format", "json", "charter", "show"]).expect(0).json()["digest"]
        .as_str()
        .unwrap()
        .to_owned();
    site.run(&["verify", &served.display().to_string(), "--charter", &pin]).expect(0);
    // Nothing new: nothing to decide.
    site.run(&["rebuild"]).expect(0);
    site.run(&["release", "propose", "--member", "ada"]).expect(1).says(&["nothing waits to be proposed"]);
    let history = fs::read_to_string(served.join("governance/history.jsonl")).unwrap();
    assert_eq!(history.lines().count(), 3);
    advisories_wait_for_members(&site);
    site.run(&["provenance"]).expect(0);
    everything_is_on_record(&site, &pin);
}

/// What is published of advisories is signed by decision, too.
fn advisories_wait_for_members(site: &Site) {
    site.redefine("[signing]", "[errata]\nprefix = \"K\"\n\n[signing]");
    site.run(&["errata", "publish"]).expect(7).says(&["documents are not signed", "--advisories"]);
    assert!(!site.path("state/published/errata").exists());
    let proposal = decide(site, &["--advisories"], &["ada", "dee"]);
    site.run(&["errata", "publish"]).expect(7);
    site.run(&["release", "promote", &proposal]).expect(0);
    site.run(&["errata", "publish"]).expect(0);
    let signatures = site.path("state/published/errata/SHA256SUMS.asc");
    assert!(fs::read_to_string(signatures).unwrap().contains("BEGIN PGP SIGNATURE"));
}

/// What anyone can find out of a package afterwards, and check without the machine that made it.
fn everything_is_on_record(site: &Site, pin: &str) {
    let vkey =
        site.run(&["--format", "json", "log", "init"]).expect(0).json()["vkey"].as_str().unwrap().to_owned();
    let (served, log) = (site.path("state/published/9"), site.path("state/published/log"));
    let (served, log) = (served.display().to_string(), log.display().to_string());
    site.run(&["verify", &served, "--charter", pin, "--log", &log, "--log-key", &vkey]).expect(0);
    let kinds = site.run(&["log", "list"]).expect(0).stdout;
    for kind in
        ["charter", "proposal", "vote", "promotion", "packages", "certificate", "provenance", "release"]
    {
        assert!(kinds.contains(kind), "{kind}: {kinds}");
    }
    let (page, proofs) = (site.path("less.html"), site.path("proofs"));
    let told = site
        .run(&[
            "--format",
            "json",
            "evidence",
            "less",
            "--html",
            &page.display().to_string(),
            "--proofs",
            &proofs.display().to_string(),
        ])
        .expect(0)
        .json();
    assert!(told["comparison"]["verdict"].as_str().unwrap().ends_with("identical"), "{told}");
    assert_eq!(told["decisions"].as_array().unwrap().len(), 2, "{told}");
    assert_eq!(told["decisions"][0]["by"][1]["affiliation"], "Hosting", "{told}");
    assert_eq!(told["decisions"][0]["by"].as_array().unwrap().len(), 2, "{told}");
    assert!(told["build"]["buildroot"].as_array().unwrap().len() > 100, "{told}");
    assert!(
        told["build"]["patches"].is_array() && told["build"]["files"].as_array().unwrap().len() > 1,
        "{told}"
    );
    assert_eq!(told["gaps"], serde_json::json!([]), "{told}");
    assert_eq!(told["proofs"].as_array().unwrap().len(), 3, "{told}");
    for number in 1..=3 {
        let proof = proofs.join(format!("{number}.tlog-proof")).display().to_string();
        site.run(&["log", "verify", &proof, "--key", &vkey]).expect(0);
    }
    let html = fs::read_to_string(&page).unwrap();
    assert!(html.contains("approved by") && html.contains("c2sp.org/tlog-proof@v1"), "{html}");
    // The file that a machine has installed leads to the same.
    let published = told["places"][0].as_str().unwrap();
    let file = site.path("state/published").join(published).display().to_string();
    let again = site.run(&["--format", "json", "evidence", &file]).expect(0).json();
    assert_eq!(again["accepted"], told["accepted"]);
    let changed = site.path("changed.rpm");
    let mut bytes = fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&changed, bytes).unwrap();
    site.run(&["evidence", &changed.display().to_string()])
        .expect(5)
        .says(&["nobody built or accepted these bytes"]);
}
