//! Snapshots in a store, made of packages by rpmbuild and of metadata by createrepo_c.

use std::path::Path;

use heirloom_formats::rpm_file::Header;
use heirloom_model::Digest;
use heirloom_model::allowance::Date;
use heirloom_model::record::{Composed, ComposedPackage, ComposedRepository, RepositoryKind};
use tempfile::TempDir;
use testkit::rpm_builder::RpmBuilder;

use super::*;
use crate::cli;
use crate::flow::sample::DEFINITION;
use crate::verbs::changes as verb;

/// A distribution with its store.
struct Place {
    dir: TempDir,
    context: Context,
}

impl Place {
    fn new(tables: &str, waivers: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("heirloom.toml"), format!("{DEFINITION}{tables}")).unwrap();
        std::fs::write(dir.path().join("waivers.toml"), waivers).unwrap();
        let context = Context::open(&dir.path().join("heirloom.toml")).unwrap();
        Self { dir, context }
    }

    /// A snapshot of these packages, made on this day of January 2026.
    fn snapshot(&self, day: u64, packages: &[RpmBuilder]) -> Snapshot {
        let dir = self.dir.path().join(format!("made-{day}"));
        for package in packages {
            std::fs::remove_file(package.build(&dir).unwrap().source).unwrap();
        }
        testkit::repo(&dir).unwrap();
        let store = &self.context.store;
        for file in std::fs::read_dir(dir.join("repodata")).unwrap() {
            store.put_file(&file.unwrap().path()).unwrap();
        }
        let composed = Composed {
            id: Digest::of(&day.to_be_bytes()),
            tree: store.put(b"{\"files\":[]}").unwrap(),
            repositories: vec![self.repository(&dir)],
        };
        let made = 1_767_225_600 + (day - 1) * 86_400;
        let day = Date::from_unix(made);
        let snapshot = Snapshot { name: format!("{day}-{}", composed.id.short()), day, made, composed };
        store.append(&snapshot).unwrap();
        snapshot
    }

    fn repository(&self, dir: &Path) -> ComposedRepository {
        let store = &self.context.store;
        let mut packages = Vec::new();
        for path in crate::flow::pairing::files(dir).unwrap() {
            let (digest, size) = store.put_file(&path).unwrap();
            let location = path.file_name().unwrap().to_string_lossy().into_owned();
            let nevra = Header::open(&path).unwrap().nevra;
            let because = String::new();
            packages.push(ComposedPackage {
                location,
                nevra,
                accepted: digest,
                signed: digest,
                size,
                because,
            });
        }
        ComposedRepository {
            name: "BaseOS".to_owned(),
            kind: RepositoryKind::Binary,
            arch: "x86_64".to_owned(),
            path: "BaseOS/x86_64/os".to_owned(),
            packages: packages.len(),
            contents: store.put(&serde_json::to_vec(&packages).unwrap()).unwrap(),
            repomd: store.put_file(&dir.join("repodata/repomd.xml")).unwrap().0,
        }
    }

    fn switch(&self, channel: &str, snapshot: &Snapshot) {
        let (name, snapshot) = (channel.to_owned(), snapshot.name.clone());
        self.context.store.append(&Channel { name, snapshot, generation: 1, since: 0 }).unwrap();
    }

    fn hold(&self, channel: &str, snapshot: &Snapshot) -> Stability {
        hold(&self.context, channel, snapshot).unwrap()
    }
}

fn tool(version: &str) -> RpmBuilder {
    RpmBuilder::new("tool", version).file("/usr/bin/tool", "#!/bin/sh\n")
}

fn release(version: &str) -> RpmBuilder {
    RpmBuilder::new("kestrel-release", version)
}

#[test]
fn a_channel_that_is_empty_ungated_or_up_to_date_is_not_asked_and_says_so() {
    let place = Place::new("", "");
    let (old, new) = (place.snapshot(1, &[tool("1")]), place.snapshot(2, &[RpmBuilder::new("tool", "2")]));
    let why = |channel, snapshot| {
        let stability = place.hold(channel, snapshot);
        assert!(stability.refusal().is_none());
        stability.not_asked.unwrap()
    };
    assert_eq!(why("stable", &old), "the channel stable is empty");
    place.switch("testing", &old);
    assert_eq!(why("testing", &new), "`publish.ungated` names the channel testing");
    place.switch("stable", &old);
    assert_eq!(why("stable", &old), "the channel stable has it already");
}

#[test]
fn what_would_break_a_machine_is_refused_with_what_would_mend_it() {
    let place = Place::new("", "");
    let old = place.snapshot(1, &[tool("1"), RpmBuilder::new("gone", "1"), release("9.4")]);
    let new = place.snapshot(2, &[RpmBuilder::new("tool", "2"), release("9.5")]);
    place.switch("9", &old);
    let stability = place.hold("9", &new);
    assert_eq!((stability.against.as_ref(), stability.not_asked.as_ref()), (Some(&old.name), None));
    let fail = stability.refusal().unwrap();
    assert_eq!(fail.exit, Exit::Promise);
    let expected = format!(
        "{} may not replace {} in the channel 9: 2 changes would break machines\n  removed-package: \
         BaseOS/x86_64: gone-1-1.noarch: gone: a package is gone: level 2 never breaks within a major release\n    \
         fix: put it back, let another package obsolete it, or waive it\n  removed-program: BaseOS/x86_64: \
         tool-2-1.noarch: /usr/bin/tool: a program is gone: level 2 never breaks within a major release\n    fix: \
         put it back, or a link of its name, or waive it",
        new.name, old.name
    );
    assert_eq!(fail.message, expected);
    assert!(serde_json::to_string(&stability).unwrap().contains("removed-program"));
}

#[test]
fn another_major_release_is_told_by_the_release_package_and_blocks_nothing() {
    let place = Place::new("", "");
    let old = place.snapshot(1, &[tool("1"), release("9.4")]);
    let new = place.snapshot(2, &[RpmBuilder::new("tool", "2"), release("10.0")]);
    place.switch("stable", &old);
    let stability = place.hold("stable", &new);
    assert!(stability.refusal().is_none());
    assert!(stability.report.findings.iter().any(|finding| finding.rule == "removed-program"));
}

#[test]
fn declared_levels_and_waivers_let_it_through_until_their_end() {
    let waiver = |until: &str| {
        format!(
            "[[waiver]]\nrule = \"removed-program\"\npackage = \"tool\"\ndetail = \"/usr/bin/tool: *\"\nreason = \
             \"nobody ran it\"\nuntil = \"{until}\"\n[[waiver]]\nrule = \"closure\"\nreason = \"the gate's\"\nuntil = \
             \"2999-01-01\"\n"
        )
    };
    let compose = "[compose]\nwaivers = \"waivers.toml\"\n";
    for (tables, waivers, refused) in [
        ("[stability]\nlevels = { tool = 4 }\n".to_owned(), String::new(), false),
        (compose.to_owned(), waiver("2999-01-01"), false),
        (compose.to_owned(), waiver("2020-01-01"), true),
    ] {
        let place = Place::new(&tables, &waivers);
        let (old, new) =
            (place.snapshot(1, &[tool("1")]), place.snapshot(2, &[RpmBuilder::new("tool", "2")]));
        place.switch("stable", &old);
        let stability = place.hold("stable", &new);
        assert_eq!(stability.refusal().is_some(), refused, "{tables}{waivers}");
        let idle: Vec<_> = stability.report.idle.iter().map(|idle| idle.waiver.clone()).collect();
        assert!(idle.iter().all(|idle| !idle.contains("closure")), "{idle:?}");
    }
    let wrong = tempfile::tempdir().unwrap();
    let path = wrong.path().join("heirloom.toml");
    std::fs::write(&path, format!("{DEFINITION}[stability]\nlevels = {{ tool = 5 }}\n")).unwrap();
    let fail = Context::open(&path).err().unwrap();
    assert!(fail.exit == Exit::Definition && fail.message.contains("`tool` the level 5"), "{}", fail.message);
}

#[test]
fn what_both_have_is_not_opened_and_what_was_found_is_kept() {
    let place = Place::new("", "");
    let same = RpmBuilder::new("same", "1").file("/usr/share/same", "x");
    let old = place.snapshot(1, &[tool("1"), same.clone()]);
    let new = place.snapshot(2, &[RpmBuilder::new("tool", "2"), same]);
    place.switch("stable", &old);
    let store = &place.context.store;
    let remove = |snapshot: &Snapshot, name: &str| {
        let contents = store.read(snapshot.composed.repositories[0].contents).unwrap();
        let packages: Vec<ComposedPackage> = serde_json::from_slice(&contents).unwrap();
        let package = packages.iter().find(|package| package.nevra.name() == name).unwrap();
        store.remove(package.signed).unwrap();
    };
    remove(&old, "same");
    let first = place.hold("stable", &new);
    for snapshot in [&old, &new] {
        remove(snapshot, "tool");
    }
    let second = place.hold("stable", &new);
    assert!(first.refusal().is_some());
    assert_eq!(first.report, second.report);
}

/// What `heirloom changes` with these two names says first.
fn shown(dir: &Path, names: &[&str]) -> Result<String, Fail> {
    let name = |index: usize| names.get(index).map(|name| (*name).to_owned());
    let args = cli::Changes {
        from: name(0),
        to: name(1),
        key: Vec::new(),
        cache: None,
        level: Vec::new(),
        gate: false,
        waivers: None,
        html: None,
    };
    let shown = verb::run(&args, || Context::open(&dir.join("heirloom.toml")))?;
    Ok(shown.text().lines().next().unwrap_or_default().to_owned())
}

#[test]
fn states_are_named_by_channel_snapshot_day_and_directory() {
    let place = Place::new("", "");
    let one = place.snapshot(1, &[tool("1")]).name;
    let two = place.snapshot(2, &[tool("2")]);
    let three = place.snapshot(3, &[tool("3")]).name;
    place.switch("9", &two);
    let (dir, two) = (place.dir, two.name);
    drop(place.context);
    let made = dir.path().join("made-1").display().to_string();
    for (names, expected) in [
        (&[][..], format!("{two} (version 9) -> {three}")),
        (&["9"], format!("{two} (version 9) -> {three}")),
        (&[one.as_str()], format!("{one} -> {three}")),
        (&["2026-01-01", "2026-01-02"], format!("{one} -> {two}")),
        (&[made.as_str(), "9"], format!("{made} -> {two} (version 9)")),
    ] {
        let said = shown(dir.path(), names).map_err(|fail| fail.message).unwrap();
        // The channel's own name is asked only where it was given.
        let expected = if names.is_empty() { expected.replace(" (version 9)", "") } else { expected };
        assert_eq!(said, expected);
    }
    let fail = shown(dir.path(), &["unheard"]).unwrap_err();
    assert!(fail.message.contains("unheard: there is no such snapshot"), "{}", fail.message);
}
