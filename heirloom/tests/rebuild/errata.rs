//! Every advisory of upstream has a state, ours reach dnf, and what nobody told of is found.

use std::fs;

use serde_json::{Value, json};

use crate::site::{Site, turn};

/// An advisory as OSV, about one binary package.
fn osv(id: &str, package: &str, fixed: &str, cve: &str) -> String {
    json!({
        "schema_version": "1.7.0", "id": id, "modified": "2026-03-02T00:00:00Z", "published": "2026-03-01T00:00:00Z",
        "summary": format!("Important: {package} security update"),
        "details": format!("{package} of Tarnholt Enterprise Linux 9 is not safe. Tarnholt OpenVault is not affected. See {cve}."),
        "upstream": [cve],
        "affected": [{
            "package": {"ecosystem": "Tarnholt:9", "name": package},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}],
        }],
    })
    .to_string()
}

fn write_own(site: &Site, change: &str) {
    let dir = site.path("own/kestrel-tools");
    fs::create_dir_all(&dir).unwrap();
    let spec = format!(
        "Name: kestrel-tools\nVersion: 1\nRelease: 1%{{?dist}}\nSummary: x\nLicense: MIT\nBuildArch: noarch\n%description\nx\n\
         %files\n%changelog\n* Wed Jan 01 2025 Someone <s@example.org> - 1-1\n- {change}\n"
    );
    fs::write(dir.join("kestrel-tools.spec"), spec).unwrap();
}

fn status(site: &Site, code: i32) -> Value {
    site.run(&["--format", "json", "errata", "status"]).expect(code).json()
}

/// State and reason of an advisory.
fn state<'a>(status: &'a Value, id: &str) -> (&'a str, String) {
    let all = status["accounts"].as_array().unwrap();
    let one =
        all.iter().find(|one| one["upstream"] == id).unwrap_or_else(|| panic!("{id} has no state: {status}"));
    (one["state"].as_str().unwrap(), one.to_string())
}

#[test]
fn every_advisory_of_upstream_has_one_state() {
    let _turn = turn();
    let site = Site::new(&["less"]);
    write_own(&site, "Fix CVE-2026-0009");
    fs::create_dir(site.path("advisories")).unwrap();
    let write =
        |id: &str, text: String| fs::write(site.path("advisories").join(format!("{id}.json")), text).unwrap();
    for (id, package, fixed) in [
        ("TSA-2026:0001", "less", "1-1"),
        ("TSA-2026:0002", "less", "99999-1"),
        ("TSA-2026:0003", "wrong", "1-1.el9"),
        ("TSA-2026:0004", "tarnholt-logos", "1-1"),
        ("TSA-2026:0005", "elsewhere", "1-1"),
        ("TSA-2026:0006", "less", "1-1"),
    ] {
        write(id, osv(id, package, fixed, &format!("CVE-2026-{}", &id[9..])));
    }
    site.redefine(
        "[signing]",
        "[own]\nsources = \"own\"\n\n[errata]\nupstream = [\"advisories\"]\nprefix = \"K\"\nown = \"errata\"\n\
         names = { \"Tarnholt Enterprise Linux\" = \"Kestrel Enterprise Linux\", \"Tarnholt\" = \"Kestrel\" }\n\
         keep_names = [\"Tarnholt OpenVault\"]\nnot_applicable = { \"TSA-2026:0006\" = \"we build less otherwise\" }\n\
         days = { important = 7 }\n\n[signing]",
    );

    // Nothing is built: the source that came is to be built, and what is behind it waits.
    site.run(&["import"]).expect(0);
    let before = status(&site, 0);
    assert_eq!(state(&before, "TSA-2026:0001").0, "building", "{before}");
    assert_eq!(before["counts"]["shipped"], 0);

    site.run(&["rebuild"]).expect(0);
    let empty = "%description\nx\n%install\ntrue\n%files\n";
    site.write_spec("wrong", &format!("%build\nexit 3\n{empty}"));
    site.run(&["build", "--keep-going"]).expect(4);
    let after = status(&site, 5);
    for (id, expected, why) in [
        ("TSA-2026:0001", "shipped", "less-"),
        ("TSA-2026:0002", "pending", "has not come yet"),
        ("TSA-2026:0003", "blocked", "does not build"),
        ("TSA-2026:0005", "not-applicable", "offers elsewhere"),
        ("TSA-2026:0006", "not-applicable", "we build less otherwise"),
        ("TSA-2024:0117", "shipped", "less-"),
        ("TSA-2024:0101", "pending", "source of zlib"),
    ] {
        let (found, text) = state(&after, id);
        assert_eq!(found, expected, "{text}");
        assert!(text.contains(why), "{why}: {text}");
    }
    // The reference's three and ours, each once.
    assert_eq!(after["accounts"].as_array().unwrap().len(), 9, "{after}");
    let untold = &after["unreconciled"];
    assert_eq!(untold.as_array().unwrap().len(), 1, "{untold}");
    assert_eq!((&untold[0]["fault"], &untold[0]["cves"][0]), (&json!("untold"), &json!("CVE-2026-0009")));

    own_advisory_reaches_machines(&site);
    let lag = site.run(&["--format", "json", "errata", "lag"]).expect(0).json();
    let timeline =
        lag["timelines"].as_array().unwrap().iter().find(|one| one["upstream"] == "TSA-2026:0001").unwrap();
    for step in ["seen", "imported", "built", "compared", "signed", "published", "out"] {
        assert!(timeline[step].is_string(), "{step}: {timeline}");
    }
    assert!(lag["missed"].as_array().unwrap().iter().any(|one| one["id"] == "KSA-2026:0003"), "{lag}");
    a_phase_keeps_rebases_out(&site);
    all_of_it_is_published(&site);
    vanished_and_withdrawn(&site);
}

/// The gate refuses what the phase of the day does not promise.
fn a_phase_keeps_rebases_out(site: &Site) {
    let life = |promises: &str| {
        let text = format!(
            "id = \"kestrel\"\nname = \"Kestrel\"\nupdated = 2026-01-15\n[[major]]\nversion = 9\n[[major.phase]]\n\
             kind = \"maintenance\"\nbegins = 2020-01-01\nends = 2199-12-31\npromises = {{ security = \"Low\"{promises} }}\n\
             [[major.minor]]\nversion = 4\nreleased = 2024-05-09\n"
        );
        fs::write(site.path("lifecycle.toml"), text).unwrap();
    };
    life("");
    site.redefine("[distribution]", "lifecycle = \"lifecycle.toml\"\n\n[distribution]");
    site.run(&["rebuild"]).expect(0);
    let spec = site.path("own/kestrel-tools/kestrel-tools.spec");
    let text = fs::read_to_string(&spec).unwrap();
    fs::write(&spec, text.replace("Version: 1", "Version: 2")).unwrap();
    site.run(&["rebuild"]).expect(5).says(&["lifecycle", "kestrel-tools-2"]);
    life(", rebases = true");
    site.run(&["rebuild"]).expect(0);
    let life = site
        .run(&["--format", "json", "lifecycle", "check", &site.path("root").display().to_string()])
        .expect(0);
    assert_eq!(life.json()["machines"][0]["phase"], "maintenance");
}

fn all_of_it_is_published(site: &Site) {
    let published = site.run(&["--format", "json", "errata", "publish"]).expect(0).json();
    assert!(published["probes"].as_u64().unwrap() > 3 && published["is_new"] == true, "{published}");
    let errata = site.path("state/published/errata");
    for path in [
        "osv/KSA-2026:0001.json",
        "csaf/white/index.txt",
        "oval/9.xml",
        "updateinfo/9.xml",
        "lag.svg",
        "mail/KSA-2024:0117.txt",
    ] {
        assert!(errata.join(path).is_file(), "{path}");
    }
    for path in ["lifecycle.json", "lifecycle.ics", "endoflife.json"] {
        assert!(errata.join(path).is_file(), "{path}");
    }
    let lag: Value = serde_json::from_str(&fs::read_to_string(errata.join("lag.json")).unwrap()).unwrap();
    assert!(lag["all"]["count"].as_u64().unwrap() >= 2, "{lag}");
    assert_eq!(site.run(&["--format", "json", "errata", "publish"]).expect(0).json()["is_new"], false);
    site.run(&["fsck"]).expect(0);

    // What is downloaded is enough to audit a machine, and the machine of the newest packages lacks nothing.
    let root = site.path("root").display().to_string();
    let bundle = errata.join("bundle.jsonl.zst").display().to_string();
    let key = site.path("state/published/RPM-GPG-KEY-kestrel").display().to_string();
    let audit = site.run(&["--format", "json", "audit", &root, "--bundle", &bundle, "--key", &key]);
    assert_eq!(audit.code, 0, "{} {}", audit.stdout, audit.stderr);
    assert_eq!(audit.json()["support"]["ends"], "2199-12-31");

    // A statement against an advisory is told, and the advisory counts.
    site.redefine("prefix = \"K\"", "prefix = \"K\"\nvex = \"vex.toml\"");
    let statement = "[[statement]]\ncve = \"CVE-2026-0001\"\npackage = \"less\"\nstatus = \"not affected\"\n\
                     justification = \"component_not_present\"\nsince = \"2026-03-01\"\n";
    fs::write(site.path("vex.toml"), statement).unwrap();
    let told = site.run(&["errata", "publish"]).expect(5);
    assert!(
        told.stdout.contains("CVE-2026-0001") && told.stdout.contains("a statement is wrong"),
        "{}",
        told.stdout
    );
    assert!(errata.join("osv/KSA-2026:0001.json").is_file());
    site.redefine("\nvex = \"vex.toml\"", "");
}

fn own_advisory_reaches_machines(site: &Site) {
    let begun = site.run(&["--format", "json", "errata", "new", "kestrel-tools"]).expect(0).json();
    let file = site.path("errata").join(format!("{}.toml", begun["id"].as_str().unwrap()));
    let text = fs::read_to_string(&file).unwrap();
    let text = text
        .replace("title = \"\"", "title = \"Moderate: kestrel-tools security update\"")
        .replace("\"\"\"\n\"\"\"", "\"\"\"\nIt looked too far.\"\"\"")
        .replace("cves = []", "cves = [\"CVE-2026-0009\"]");
    fs::write(&file, text).unwrap();
    fs::remove_dir_all(site.upstream.join("wrong")).unwrap();
    site.run(&["rebuild"]).expect(0);
    let status = status(site, 0);
    assert_eq!(status["unreconciled"], json!([]));

    // Debian's rpm has its database in the user's home directory.
    fs::write(site.path(".rpmmacros"), "%_dbpath /var/lib/rpm\n").unwrap();
    let root = site.path("root");
    let listed = site.dnf(&root, &["updateinfo", "list", "--available"]).unwrap_or_default();
    let own = begun["id"].as_str().unwrap();
    site.dnf(&root, &["install", "kestrel-release", "less", "kestrel-tools"]).unwrap();
    let installed = site.dnf(&root, &["updateinfo", "list", "--installed"]).unwrap();
    for id in [own, "KSA-2026:0001", "KSA-2024:0117"] {
        assert!(installed.contains(id), "{id}: {installed} {listed}");
    }
    assert!(!installed.contains("TSA-"), "{installed}");
    let info = site.dnf(&root, &["updateinfo", "info", "--installed", "KSA-2026:0001"]).unwrap();
    assert!(info.contains("Kestrel Enterprise Linux 9 is not safe"), "{info}");
    assert!(info.contains("Tarnholt OpenVault is not affected"), "{info}");
    let whole = site.run(&["--format", "json", "why", "KSA-2026:0001"]).expect(0).json();
    let told = &whole["accounts"][0];
    assert!(
        told["original"]["description"].as_str().unwrap().contains("Tarnholt Enterprise Linux 9"),
        "{told}"
    );
    assert_eq!(told["record"]["related"], json!(["TSA-2026:0001"]));
}

fn vanished_and_withdrawn(site: &Site) {
    // What upstream takes back leaves the repositories, and the gate does not miss it.
    let file = site.path("advisories/TSA-2026:0001.json");
    let mut withdrawn: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    withdrawn["withdrawn"] = json!("2026-03-03T00:00:00Z");
    fs::write(&file, withdrawn.to_string()).unwrap();
    site.run(&["rebuild"]).expect(0);
    let listed = site.dnf(&site.path("root"), &["updateinfo", "list", "--installed", "--refresh"]).unwrap();
    assert!(!listed.contains("KSA-2026:0001") && listed.contains("KSA-2024:0117"), "{listed}");

    let file = site.path("advisories/TSA-2026:0002.json");
    let text = fs::read_to_string(&file).unwrap();
    let mut withdrawn: Value = serde_json::from_str(&text).unwrap();
    withdrawn["withdrawn"] = json!("2026-03-03T00:00:00Z");
    fs::write(&file, withdrawn.to_string()).unwrap();
    let told = status(site, 0);
    assert_eq!(state(&told, "TSA-2026:0002").0, "not-applicable");
    fs::remove_file(&file).unwrap();
    let told = status(site, 5);
    assert_eq!(told["unreconciled"][0], json!({"fault": "vanished", "advisory": "TSA-2026:0002"}));
    fs::write(&file, &text[..text.len() / 2]).unwrap();
    let told = site.run(&["errata", "status"]).expect(5);
    assert!(told.stdout.contains("TSA-2026:0002.json") && told.stdout.contains("EOF"), "{}", told.stdout);
    site.run(&["compose"]).expect(1).says(&["TSA-2026:0002.json", "errata status"]);
}
