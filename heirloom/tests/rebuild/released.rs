//! What may reach users, and what may not: the gate, stability, waivers, and the way back.

use std::fs;
use std::path::PathBuf;

use crate::site::{Site, turn};

/// An own package with these programs.
fn write_own(site: &Site, version: u32, programs: &[&str]) {
    let dir = site.path("own/kestrel-tools");
    fs::create_dir_all(&dir).unwrap();
    let install = programs.iter().map(|name| {
        format!("printf '#!/bin/sh\\necho {name}\\n' > %{{buildroot}}/usr/bin/{name}\nchmod 755 %{{buildroot}}/usr/bin/{name}\n")
    });
    let files = programs.iter().map(|name| format!("/usr/bin/{name}\n"));
    let spec = format!(
        "Name: kestrel-tools\nVersion: {version}\nRelease: 1%{{?dist}}\nSummary: x\nLicense: MIT\nBuildArch: noarch\n\
         %description\nx\n%install\nmkdir -p %{{buildroot}}/usr/bin\n{}%files\n{}%changelog\n\
         * Wed Jan 01 2025 Someone <s@example.org> - {version}-1\n- It is {version} now\n",
        install.collect::<String>(),
        files.collect::<String>()
    );
    fs::write(dir.join("kestrel-tools.spec"), spec).unwrap();
}

fn waive(site: &Site, rule: &str, package: &str) {
    let waiver = format!(
        "[[waiver]]\nrule = \"{rule}\"\npackage = \"{package}\"\nreason = \"nobody used it\"\nuntil = \"2999-01-01\"\n"
    );
    let file = site.path("waivers.toml");
    let before = fs::read_to_string(&file).unwrap_or_default();
    fs::write(file, before + &waiver).unwrap();
}

/// The version that the channel serves.
fn served(site: &Site, channel: &str) -> String {
    let dir = site.path("state/published").join(channel).join("BaseOS/x86_64/os/Packages/k");
    let mut names: Vec<PathBuf> = testkit::place::entries(&dir).unwrap();
    // Earlier ones stay for clients in flight: what the metadata lists counts.
    let listed =
        site.dnf(&site.path("root"), &["repoquery", "--refresh", "--qf", "%{version}", "kestrel-tools"]);
    names.retain(|name| name.to_string_lossy().contains("kestrel-tools"));
    assert!(!names.is_empty());
    listed.unwrap().trim().to_owned()
}

#[test]
fn what_would_break_machines_waits_for_a_waiver() {
    let _turn = turn();
    let site = Site::new(&[]);
    fs::write(site.path("waivers.toml"), "").unwrap();
    site.redefine(
        "[signing]",
        "[own]\nsources = \"own\"\n\n[compose]\nwaivers = \"waivers.toml\"\n\n[signing]",
    );
    write_own(&site, 1, &["kestrel-look", "kestrel-find"]);
    let first = site.run(&["rebuild"]).expect(0);
    assert!(first.stdout.contains("snapshot 20") && first.stdout.contains("served as 9"), "{}", first.stdout);
    let again = site.run(&["rebuild"]).expect(0);
    again.says(&["as it was judged before"]);
    assert_eq!(served(&site, "9"), "1");
    let why = site.run(&["why", "kestrel-tools"]).expect(0);
    let composed = "kestrel-tools-1-1.el9.noarch in BaseOS/x86_64/os: own package, taken by `kestrel-*`";
    assert!(why.stdout.contains(composed), "{}", why.stdout);

    // A program less: the snapshot is made, and may not enter the channel.
    write_own(&site, 2, &["kestrel-look"]);
    let refused = site.run(&["rebuild"]).expect(5);
    refused.says(&["may not replace", "removed-program", "/usr/bin/kestrel-find", "compose.waivers"]);
    assert_eq!(served(&site, "9"), "1");
    let snapshots = site.run(&["snapshots"]).expect(0);
    assert_eq!(
        snapshots.stdout.lines().filter(|line| line.starts_with("20")).count(),
        2,
        "{}",
        snapshots.stdout
    );
    site.run(&["publish", "testing"]).expect(0);
    let changes = site.run(&["changes", "9", "testing"]).expect(0);
    assert!(changes.stdout.contains("kestrel-find"), "{}", changes.stdout);

    waive(&site, "removed-program", "kestrel-tools");
    site.run(&["rebuild"]).expect(0);
    assert_eq!(served(&site, "9"), "2");
    site.run(&["rollback", "9"]).expect(0);
    assert_eq!(served(&site, "9"), "1");
    site.run(&["publish", "9"]).expect(0);
    site.run(&["fsck", "--full"]).expect(0);

    // Older than what users have, and gone altogether.
    write_own(&site, 1, &["kestrel-look"]);
    let refused = site.run(&["rebuild"]).expect(5);
    refused.says(&["the gate refuses", "downgrade: BaseOS/x86_64: kestrel-tools-1-1.el9.noarch"]);
    let gate = site.run(&["--format", "json", "gate"]).expect(5).json();
    assert_eq!(gate["findings"][0]["rule"], "downgrade", "{gate}");
    fs::remove_dir_all(site.path("own/kestrel-tools")).unwrap();
    site.run(&["rebuild"])
        .expect(5)
        .says(&["upgrade-path: BaseOS/x86_64: kestrel-tools-2-1.el9.noarch: is in"]);
    // With it goes what it needed.
    for rule in ["upgrade-path", "empty", "removed-package"] {
        waive(&site, rule, "*");
    }
    site.run(&["rebuild"]).expect(0);
    site.run(&["clean"]).expect(0);
    site.run(&["fsck"]).expect(0);
}
