//! Each rule with a pair of packages made for it.

use testkit::rpm_builder::RpmBuilder;

use crate::made::{gzip, library, told, update};
use crate::support::{Place, named};

#[test]
fn nothing_changed_gives_nothing() {
    let place = Place::new();
    for dir in ["old", "new"] {
        place.package(dir, &named("same", "1").file("/etc/same.conf", "a = 1\n"));
    }
    let json = place.json("changes old new --gate", 0);
    assert_eq!((&json["packages"], &json["refused"]), (&serde_json::json!([]), &serde_json::json!(false)));
    let text = place.run("changes old new").expect(0).stdout;
    assert!(text.contains("nothing changed"), "{text}");
}

#[test]
fn a_new_version_that_breaks_nobody_is_let_through() {
    let place = Place::new();
    update(
        &place,
        "tool",
        |old| old.file("/usr/bin/tool", "#!/bin/sh\n").file("/etc/tool.conf", "# old\na = 1\n"),
        |new| {
            let log = "* Tue Mar 05 2024 A Person <a@example.org> - 2-1\n- Mends it";
            new.file("/usr/bin/tool", "#!/bin/sh\necho\n")
                .file("/usr/bin/more", "#!/bin/sh\n")
                .file("/etc/tool.conf", "# new\n\na = 1\n")
                .scriptlet("%changelog", log)
        },
    );
    let json = place.json("changes old new --gate", 0);
    assert_eq!(told(&json)["tool"], Vec::<String>::new());
    let package = &json["packages"][0];
    assert_eq!((&package["from"], &package["to"]), (&serde_json::json!("1-1"), &serde_json::json!("2-1")));
    assert_eq!(package["changelog"][0]["text"], "- Mends it");
    assert_eq!(package["changelog"][0]["day"], "2024-03-05");
    let kinds: Vec<_> = package["changes"].as_array().unwrap().iter().map(|one| &one["kind"]).collect();
    assert_eq!(kinds, ["changed-comment", "new-file"]);
}

const UNIT: &str = "[Service]\nExecStart=/usr/bin/x\n";

/// A name, both packages, and what is told of them.
type Case =
    (&'static str, fn(RpmBuilder) -> RpmBuilder, fn(RpmBuilder) -> RpmBuilder, &'static [&'static str]);

const CASES: &[Case] = &[
    (
        "program",
        |old| old.file("/usr/bin/gone", "#!/bin/sh\n"),
        |new| new,
        &["removed-program /usr/bin/gone: blocked"],
    ),
    ("data", |old| old.file("/usr/share/x/data", "x"), |new| new, &["removed-data /usr/share/x/data: note"]),
    (
        "locale",
        |old| old.file("/usr/share/locale/de/LC_MESSAGES/x.mo", "x"),
        |new| new,
        &["removed-documentation /usr/share/locale/de/LC_MESSAGES/x.mo: note"],
    ),
    (
        "header",
        |old| old.file("/usr/include/x.h", "int x;\n"),
        |new| new,
        &["removed-file /usr/include/x.h: blocked"],
    ),
    (
        "unit",
        |old| old.file("/usr/lib/systemd/system/gone.service", UNIT),
        |new| new,
        &["removed-unit /usr/lib/systemd/system/gone.service: blocked"],
    ),
    (
        "edited-unit",
        |old| old.file("/usr/lib/systemd/system/a.service", UNIT),
        |new| new.file("/usr/lib/systemd/system/a.service", "[Service]\nExecStart=/usr/bin/y\n"),
        &["changed-unit /usr/lib/systemd/system/a.service: note"],
    ),
    (
        "default",
        |old| old.file_as("%config(noreplace)", "/etc/x.conf", "a = 1\nb = 2\n"),
        |new| new.file_as("%config(noreplace)", "/etc/x.conf", "a = 1\nb = 3\n"),
        &["changed-default /etc/x.conf: blocked"],
    ),
    (
        "sysctl",
        |old| old.file("/usr/lib/sysctl.d/50-a.conf", "kernel.x = 1\n"),
        |new| {
            new.file("/usr/lib/sysctl.d/50-a.conf", "kernel.x = 0\n")
                .file("/usr/lib/sysctl.d/51-b.conf", "kernel.y = 1\n")
        },
        &[
            "changed-default /usr/lib/sysctl.d/50-a.conf: blocked",
            "changed-default /usr/lib/sysctl.d/51-b.conf: blocked",
        ],
    ),
    (
        "preset",
        |old| old.file("/usr/lib/systemd/system-preset/90-x.preset", "disable *\n"),
        |new| new.file("/usr/lib/systemd/system-preset/90-x.preset", "enable x.service\ndisable *\n"),
        &["enabled-service x.service: blocked"],
    ),
    (
        "setuid",
        |old| old.file("/usr/bin/setuid", "#!/bin/sh\n"),
        |new| new.file_as("%attr(4755,root,root)", "/usr/bin/setuid", "#!/bin/sh\n"),
        &["new-setuid /usr/bin/setuid: blocked"],
    ),
    (
        "mode",
        |old| old.file("/usr/bin/mode", "#!/bin/sh\n"),
        |new| new.file_as("%attr(0750,root,root)", "/usr/bin/mode", "#!/bin/sh\n"),
        &["changed-permissions /usr/bin/mode: note"],
    ),
    (
        "provides",
        |old| old.provides("service-of-old").provides("config(x) = 1"),
        |new| new,
        &["removed-provides service-of-old: blocked"],
    ),
    (
        "requires",
        |old| old.requires("default"),
        |new| new.requires("default >= 2").requires("unheard-of"),
        &["new-requirement unheard-of: note"],
    ),
    ("licence", |old| old, |new| new.tag("License", "GPL-2.0-only"), &["changed-licence licence: note"]),
    (
        "scriptlet",
        |old| old.scriptlet("%post", "echo old"),
        |new| new.scriptlet("%post", "echo new"),
        &["changed-scriptlet %post: note"],
    ),
    (
        "kernel-core",
        |old| {
            old.provides("kernel(kmalloc) = 0x1")
                .provides("kernel(kfree) = 0x2")
                .file("/usr/include/k.h", "x")
        },
        |new| new.provides("kernel(kmalloc) = 0x3").provides("kernel(kfree) = 0x2"),
        &["kernel-symbol kmalloc: blocked", "removed-file /usr/include/k.h: note"],
    ),
    (
        "avahi",
        |old| old.file("/usr/bin/avahi", "#!/bin/sh\n"),
        |new| new,
        &["removed-program /usr/bin/avahi: note"],
    ),
];

#[test]
fn each_rule_finds_its_change_and_no_other() {
    let place = Place::new();
    for (name, old, new, _) in CASES {
        update(&place, name, old, new);
    }
    place.package("old", &named("removed", "1"));
    place.package(
        "old",
        &named("replaced", "1").file("/usr/bin/kept", "#!/bin/sh\n").file("/usr/bin/lost", "#!/bin/sh\n"),
    );
    place.package(
        "new",
        &named("heir", "1").tag("Obsoletes", "replaced < 2").file("/usr/bin/kept", "#!/bin/sh\n"),
    );
    place.package("old", &named("older", "2"));
    place.package("new", &named("older", "1"));
    place.package("old", &named("content", "1").file("/usr/share/content", "a"));
    place.package("new", &named("content", "1").file("/usr/share/content", "b"));
    // What is split off comes along where it is required, and only there.
    let split = |old: RpmBuilder| old.file("/usr/bin/split", "#!/bin/sh\n");
    update(&place, "whole", split, |new| new.requires("part"));
    place.package("new", &named("part", "1").file("/usr/bin/split", "#!/bin/sh\n"));
    update(&place, "alone", |old| old.file("/usr/bin/left", "#!/bin/sh\n"), |new| new);
    place.package("new", &named("taker", "1").file("/usr/bin/left", "#!/bin/sh\n"));

    let json = place.json("changes old new --gate --cache kept", 5);
    let told = told(&json);
    for (name, _, _, expected) in CASES {
        assert_eq!(told[*name], *expected, "{name}");
    }
    for (name, expected) in [
        ("removed", &["removed-package removed: blocked"][..]),
        ("replaced", &["removed-program /usr/bin/lost: blocked", "replaced-package replaced: note"]),
        ("older", &["downgrade older: blocked"]),
        ("content", &["changed-content content: note"]),
        ("whole", &["new-requirement part: note", "moved-file /usr/bin/split: note"]),
        ("alone", &["removed-program /usr/bin/left: blocked"]),
        ("heir", &[]),
    ] {
        assert_eq!(told[name], expected, "{name}");
    }
    let of = |name: &str| {
        let all = json["packages"].as_array().unwrap();
        all.iter().find(|package| package["name"] == name).unwrap().clone()
    };
    let diff = of("default")["changes"][0]["diff"].as_str().unwrap().to_owned();
    assert!(diff.contains("-b = 2\n+b = 3\n"), "{diff}");
    let after = of("alone")["changes"][0]["after"].as_str().unwrap().to_owned();
    assert_eq!(after, "now in taker-1-1.noarch, which an update does not install");
    assert_eq!(json["counts"]["replaced"], 1);

    // What was found is kept, and found again.
    assert_eq!(place.json("changes old new --gate --cache kept", 5), json);
    // Another level, and waivers, let it through.
    assert_eq!(place.json("changes old new --gate --level *=4 --level setuid=3", 5)["counts"]["blocked"], 1);
    let eased = place.json("changes old new --gate --level *=4 --level setuid=4", 5);
    assert_eq!(eased["counts"]["blocked"], 1, "new rights are looked at whatever the level");
}

#[test]
fn options_that_vanish_are_found_in_pages_and_completions() {
    let place = Place::new();
    let page = |options: &[&str], text: &str| {
        let tags: String =
            options.iter().map(|name| format!(".TP\n\\fB\\-\\-{name}\\fR\nit does\n")).collect();
        gzip(&place, format!(".TH X 1\n{tags}{text}\n").as_bytes())
    };
    let (before, after) =
        (page(&["stays", "goes", "moves"], ""), page(&["stays"], "formerly \\fB\\-\\-moves\\fR"));
    let path = "/usr/share/man/man1/tool.1.gz";
    let completion = "/usr/share/bash-completion/completions/tool";
    update(
        &place,
        "tool",
        |old| old.file(path, &before).file(completion, "opts='--stays --hidden --moves'\n"),
        |new| new.file(path, &after).file(completion, "opts='--stays'\n"),
    );
    let json = place.json("changes old new --gate", 5);
    assert_eq!(
        told(&json)["tool"],
        ["removed-option tool --goes: blocked", "removed-option tool --hidden: blocked"]
    );
}

#[test]
fn interfaces_are_followed_through_the_links_of_libraries() {
    let place = Place::new();
    let before = place.library("int kept(void) { return 1; } int lost(void) { return 2; } int data[4];");
    let after = place.library("int kept(void) { return 1; } int come(void) { return 2; } int data[8];");
    let other = place.library("int kept(void) { return 3; } int lost(void) { return 2; } int data[4];");
    update(&place, "breaks", |old| library(old, "1.0.1", &before), |new| library(new, "1.0.2", &after));
    update(&place, "keeps", |old| library(old, "1.0.1", &before), |new| library(new, "1.0.2", &other));
    update(&place, "loses", |old| library(old, "1.0.1", &before), |new| new.arch("x86_64"));
    let shape = |members: &str| {
        place.library(&format!("struct s {{ {members} }}; int f(struct s *p) {{ return p->x; }}"))
    };
    let (small, large) = (shape("int x;"), shape("long first; int x;"));
    // rpmbuild strips what it finds, unless it is told otherwise.
    let whole = |package: RpmBuilder| package.scriptlet("%global __os_install_post %{nil}", "");
    let (old, new) = (|old| whole(library(old, "1.0.1", &small)), |new| whole(library(new, "1.0.2", &large)));
    update(&place, "shape", old, new);
    let json = place.json("changes old new --gate", 5);
    let told = told(&json);
    assert!(told["shape"].iter().all(|one| one.starts_with("changed-type ")), "{:?}", told["shape"]);
    assert!(!told["shape"].is_empty());
    assert_eq!(
        told["breaks"],
        [
            "removed-symbol /usr/lib64/libsample.so.1.0.1: data: blocked",
            "removed-symbol /usr/lib64/libsample.so.1.0.1: lost: blocked"
        ]
    );
    assert_eq!(told["keeps"], Vec::<String>::new());
    assert_eq!(told["loses"], ["removed-library libsample.so.1: blocked"]);
}

#[test]
fn what_moves_to_another_repository_is_told() {
    let place = Place::new();
    for (dir, other) in [("old/BaseOS", "old/AppStream"), ("new/AppStream", "new/BaseOS")] {
        place.package(dir, &named("tool", "1").file("/usr/share/tool", "x"));
        place.package(other, &named("other", "1"));
        for repository in [dir, other] {
            testkit::repo(&place.path(repository)).unwrap();
        }
    }
    let json = place.json("changes old new --gate", 0);
    let told = told(&json);
    assert_eq!(told["tool"], ["moved-package tool: note"]);
    let change = &json["packages"][1]["changes"][0];
    assert_eq!((&change["before"], &change["after"]), (&"BaseOS".into(), &"AppStream".into()));
}

#[test]
fn a_stream_keeps_its_promise_and_another_stream_has_its_own() {
    let place = Place::new();
    let label =
        |package: RpmBuilder, stream: &str| package.tag("ModularityLabel", &format!("node:{stream}:1:abc"));
    let old = |package: RpmBuilder| label(package.file("/usr/bin/x", "#!/bin/sh\n"), "18");
    update(&place, "same", old, |new| label(new, "18"));
    update(&place, "other", old, |new| label(new, "20"));
    let json = place.json("changes old new --gate", 5);
    let told = told(&json);
    assert_eq!(told["same"], ["removed-program /usr/bin/x: blocked"]);
    assert_eq!(told["other"], ["removed-program /usr/bin/x: note"]);
    assert!(json["packages"].as_array().unwrap().iter().all(|package| package["level"] == 3));
}

#[test]
fn between_major_releases_everything_is_told_and_nothing_blocked() {
    let place = Place::new();
    update(&place, "tool", |old| old.file("/usr/bin/tool", "#!/bin/sh\n"), |new| new);
    for (dir, version) in [("old", "9.4"), ("new", "10.0")] {
        place.package(dir, &named("kestrel-release", version).provides("system-release = 1"));
    }
    let json = place.json("changes old new --gate", 0);
    assert_eq!(json["between_majors"], true);
    assert_eq!(told(&json)["tool"], ["removed-program /usr/bin/tool: note"]);
}
