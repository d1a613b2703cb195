//! Machines: what they have, and how it stands.

use std::fs;
use std::path::Path;

use serde_json::Value;
use testkit::rpm_builder::RpmBuilder;
use testkit::tool::Tool;

use crate::{distribution, heirloom};

const OURS: &str = "Kestrel Foundation";

/// A root with a release, filled by rpm.
fn root(dir: &Path, name: &str, release: &str, packages: &[RpmBuilder]) {
    let root = dir.join(name);
    let built = dir.join(format!("{name}-rpms"));
    let os_release = format!("NAME=\"Kestrel\"\nID=\"kestrel\"\nVERSION_ID=\"{release}\"\n");
    let release = RpmBuilder::new("kestrel-release", release)
        .tag("Vendor", OURS)
        .file("/usr/lib/os-release", os_release);
    let files: Vec<_> =
        packages.iter().chain([&release]).map(|it| it.build(&built).unwrap().binary).collect();
    fs::create_dir_all(&root).unwrap();
    // Debian's rpm has its database in the user's home directory.
    Tool::new("rpm")
        .define("_dbpath", "/var/lib/rpm")
        .arg("--root")
        .arg(&root)
        .args(["-i", "--nodeps", "--noscripts", "--nosignature"])
        .args(files)
        .run()
        .unwrap();
}

fn ours(name: &str, version: &str) -> RpmBuilder {
    RpmBuilder::new(name, version).tag("Vendor", OURS)
}

/// Package, stream, state, and days left.
fn rows(machine: &Value) -> Vec<(String, String, String, String, Option<i64>)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let row = |row: &Value| {
        (
            text(&row["package"]),
            text(&row["stream"]),
            text(&row["standing"]),
            text(&row["phase"]),
            row["days_left"].as_i64(),
        )
    };
    machine["packages"].as_array().unwrap().iter().map(row).collect()
}

#[test]
fn each_package_of_a_machine_has_its_stream_its_phase_and_its_days() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    distribution(dir);
    root(
        dir,
        "old",
        "9.2",
        &[
            ours("bash", "5"),
            ours("sql16", "16").tag("Epoch", "1"),
            ours("nodejs", "18").tag("ModularityLabel", "nodejs:18:9020:abc"),
            ours("ruby", "3").tag("ModularityLabel", "ruby:3.1:9020:abc"),
            RpmBuilder::new("driver", "1").tag("Vendor", "Somebody"),
        ],
    );
    root(dir, "new", "9.4", &[ours("bash", "5"), ours("sql16", "16")]);

    let check = |args: &[&str], code| {
        heirloom(dir, &[&["--format", "json", "lifecycle", "check"], args].concat()).expect(code).json()
    };
    let report = check(&["old", "--today", "2026-03-02"], 5);
    let machine = &report["machines"][0];
    let row = |package: &str, stream: &str, standing: &str, phase: &str, days| {
        (package.to_owned(), stream.to_owned(), standing.to_owned(), phase.to_owned(), days)
    };
    assert_eq!(
        rows(machine),
        [
            row("ruby-3-1.noarch", "ruby:3.1", "unknown-stream", "", None),
            row("nodejs-18-1.noarch", "nodejs:18", "ended", "", Some(-306)),
            row("sql16-1:16-1.noarch", "sql16", "supported", "full", Some(90)),
            row("bash-5-1.noarch", "", "supported", "full", Some(2282)),
            row("kestrel-release-9.2-1.noarch", "", "supported", "full", Some(2282)),
        ]
    );
    assert_eq!(
        (&machine["unsupported"], &machine["ending"], &machine["others"]),
        (&2.into(), &1.into(), &1.into())
    );
    assert_eq!((&machine["minor"]["newest"], &machine["minor"]["has_ended"]), (&4.into(), &true.into()));
    assert_eq!(check(&["old", "--today", "2026-03-02", "--within", "89"], 5)["machines"][0]["ending"], 0);

    // The newest minor with what is supported; then a stream ends, then everything.
    for (today, code, unsupported) in [
        ("2026-05-31", 0, 0),
        ("2026-06-01", 5, 1),
        ("2027-06-01", 5, 1),
        ("2032-06-01", 5, 3),
        ("2022-05-16", 5, 3),
    ] {
        let report = check(&["new", "--today", today], code);
        assert_eq!(report["machines"][0]["unsupported"], unsupported, "{today}");
    }
    let both = check(&["new", "old", "--today", "2026-03-02"], 5);
    assert_eq!(both["machines"].as_array().unwrap().len(), 2);

    let text = heirloom(dir, &["lifecycle", "check", "old", "--today", "2026-03-02"]).expect(5).stdout;
    for line in [
        "old: Kestrel Enterprise Linux 9.2, on 2026-03-02 by the document of 2026-01-15",
        "9 is in full support until 2027-05-31 (455 days), and ends on 2032-05-31",
        "9.2 ended on 2025-05-31, 275 days ago: what was fixed since is not fixed here; go to 9.4, released on 2024-05-09",
        "packages: 1 ended, 3 full, 1 unknown stream",
        "1 of other vendors are not judged",
        "2 not supported, 1 end within 90 days",
        "next: 2026-05-31 (90 days)  9: stream sql16 ends",
        "sql16-1:16-1.noarch           sql16      full            2026-05-31  90, soon",
        "nodejs-18-1.noarch            nodejs:18  ended           2025-04-30  since 306 days",
    ] {
        assert!(text.contains(line), "`{line}` is not in:\n{text}");
    }

    // A database alone is of the release that its release package has.
    let database = check(&["old/var/lib/rpm", "--today", "2026-03-02"], 5);
    assert_eq!(database["machines"][0]["release"], "9.2");
    assert_eq!(rows(&database["machines"][0]), rows(machine));
}

#[test]
fn a_machine_that_the_document_is_not_about_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    distribution(dir);
    root(dir, "root", "9.4", &[]);
    let release = dir.join("root/usr/lib/os-release");
    for (text, words) in [
        ("ID=falcon\nVERSION_ID=9.4\n", "root is `falcon`, and the document is of `kestrel`"),
        (
            "ID=kestrel\nVERSION_ID=8.10\n",
            "root is kestrel 8.10, of which the document of 2026-01-15 says nothing",
        ),
    ] {
        fs::write(&release, text).unwrap();
        let ran = heirloom(dir, &["lifecycle", "check", "root"]).expect(1);
        assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
    }
    fs::create_dir(dir.join("empty")).unwrap();
    let ran = heirloom(dir, &["lifecycle", "check", "empty"]).expect(1);
    assert!(ran.stderr.contains("empty has no database of packages"), "{}", ran.stderr);
}
