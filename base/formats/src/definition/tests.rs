use std::path::Path;

use super::*;

const WHOLE: &str = r#"
state = "kept"

[distribution]
name = "Kestrel Enterprise Linux"
id = "kestrel"
version = "9.4"
dist = ".el9"
vendor = "Kestrel Foundation"
platform_id = "platform:el9"
home_url = "https://kestrel.example"
bug_url = "https://bugs.kestrel.example"
promise = "identical"

[upstream]
kind = "dist-git"
location = "up/dist-git"
lookaside = "up/lookaside/{digest}"
exclude = [{ package = "vendor-logos", reason = "trademark" }]

[bootstrap]
location = "file:///srv/bootstrap"
keys = ["key.asc"]

[reference.BaseOS]
location = "https://reference.example/BaseOS"
keys = ["key.asc"]

[repositories.BaseOS]
like = "BaseOS"
packages = ["kestrel-*"]

[publish]
url = "https://kestrel.example/9"

[signing]
key = "secret.asc"
"#;

fn load(text: &str) -> Result<Definition, DefinitionError> {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("key.asc"), "").unwrap();
    std::fs::write(dir.path().join("heirloom.toml"), text).unwrap();
    Definition::load(&dir.path().join("heirloom.toml"))
}

fn wrong(text: &str) -> (usize, usize, String, String) {
    match load(text) {
        Err(DefinitionError::Wrong { line, column, message, hint, .. }) => (line, column, message, hint),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_whole_definition_is_read() {
    let definition = load(WHOLE).unwrap();
    assert_eq!(definition.state, Path::new("kept"));
    assert_eq!(definition.distribution.architecture, "x86_64");
    assert_eq!(definition.limits.minutes, 120);
    assert_eq!(definition.locate("file:///srv/bootstrap"), "/srv/bootstrap");
    assert_eq!(definition.locate("https://a.example/b"), "https://a.example/b");
    assert!(definition.locate("up/dist-git").ends_with("/up/dist-git"));
}

#[test]
fn an_unknown_key_has_its_place_and_a_suggestion() {
    let (line, column, message, hint) = wrong(&WHOLE.replace("vendor =", "vender ="));
    assert_eq!((line, column), (9, 1));
    assert!(message.starts_with("unknown field `vender`"), "{message}");
    assert_eq!(hint, "did you mean `vendor`?");
}

#[test]
fn a_wrong_type_and_a_wrong_word_have_their_places() {
    assert_eq!(wrong(&WHOLE.replace("\"9.4\"", "9.4")).0, 7);
    assert_eq!(wrong(&WHOLE.replace("\"identical\"", "\"identicle\"")).3, "did you mean `identical`?");
}

#[test]
fn a_missing_file_has_its_place() {
    let (line, column, message, _) = wrong(&WHOLE.replacen("\"key.asc\"", "\"none.asc\"", 1));
    assert_eq!((line, column), (23, 9));
    assert!(message.contains("none.asc"));
}

#[test]
fn what_comparisons_are_told_is_read() {
    let told = "\n[compare]\ndist_map = [\".el9=.el9_4\"]\nallowances = \"key.asc\"\n";
    let definition = load(&format!("{WHOLE}{told}")).unwrap();
    assert_eq!(definition.compare.dist_map, [".el9=.el9_4"]);
    assert_eq!(definition.compare.allowances.unwrap().into_inner(), Path::new("key.asc"));
    let (line, column, message, _) = wrong(&format!("{WHOLE}{}", told.replace("key.asc", "none.toml")));
    assert_eq!((line, column), (41, 14));
    assert!(message.contains("none.toml"), "{message}");
}

#[test]
fn what_buildroots_are_made_of_is_read() {
    let build = |keys: &str| format!("{WHOLE}\n[build]\n{keys}\n");
    let snapshot = r#"snapshot = { BaseOS = { location = "https://a.example/1", keys = ["key.asc"] } }"#;
    assert_eq!(load(WHOLE).unwrap().build.against(), Against::Latest);
    assert_eq!(load(&build("against = \"latest\"")).unwrap().build.against(), Against::Latest);
    let definition = load(&build(&format!("against = \"snapshot\"\n{snapshot}"))).unwrap();
    assert_eq!(definition.build.snapshots().next().unwrap().1.location, "https://a.example/1");
    let definition = load(&build("against = \"recorded\"\nrecorded = \".\"")).unwrap();
    assert_eq!(definition.build.against(), Against::Recorded);

    let other = snapshot.replace("key.asc", "none.asc");
    for (keys, place, says) in [
        ("against = \"snapshot\"".to_owned(), (40, 11), "`snapshot` is not set"),
        ("against = \"recorded\"".to_owned(), (40, 11), "`recorded` is not set"),
        (snapshot.to_owned(), (40, 12), "`snapshot` is set, but builds are against `latest`"),
        (
            format!("against = \"snapshot\"\n{snapshot}\nrecorded = \".\""),
            (42, 12),
            "builds are against `snapshot`",
        ),
        ("against = \"recorded\"\nrecorded = \"none\"".to_owned(), (41, 12), "there is no directory `none`"),
        (format!("against = \"snapshot\"\n{other}"), (41, 67), "there is no file `none.asc`"),
    ] {
        let (line, column, message, hint) = wrong(&build(&keys));
        assert_eq!((line, column), place, "{message}");
        assert!(message.contains(says) && !hint.is_empty(), "{message}: {hint}");
    }
    assert_eq!(wrong(&build("against = \"recorder\"")).3, "did you mean `recorded`?");
}

#[test]
fn upstream_keys_that_do_not_belong_together_are_refused() {
    const TREES: &str = "kind = \"dist-git\"\nlocation = \"up/dist-git\"";
    let up = |text: &str| WHOLE.replace(TREES, text);
    for good in [
        "kind = \"git\"\nlocation = \"https://git.example/{name}.git\"\nbranch = \"c9\"",
        "kind = \"git\"\nlocation = \"up\"\ntags = \"imports/c9/\"\nmax_age_days = 9",
        "kind = \"srpm-repository\"\nlocation = [\"a\", \"b\"]\nkeys = [\"key.asc\"]",
        "kind = \"srpms\"\nlocation = \"a\"\nkeys = [\"key.asc\"]",
    ] {
        load(&up(good)).unwrap();
    }
    let modules =
        "modules = { location = \"m/{name}\", branch = \"x\", component_branch = \"y\", streams = [\"a\"] }";
    for (bad, says) in [
        ("kind = \"dist-git\"\nlocation = [\"a\", \"b\"]", "has 2 places"),
        ("kind = \"dist-git\"\nlocation = []", "has 0 places"),
        ("kind = \"git\"\nlocation = \"up\"", "neither `branch` nor `tags`"),
        ("kind = \"git\"\nlocation = \"up\"\nbranch = \"--upload-pack=x\"", "which git allows in no name"),
        ("kind = \"git\"\nlocation = \"https://git.example/\"\nbranch = \"c9\"", "URL without `{name}`"),
        ("kind = \"git\"\nlocation = \"up\"\nbranch = \"c9\"\npackages = \"names\"", "has no `{name}`"),
        (
            "kind = \"git\"\nlocation = \"up/{name}\"\nbranch = \"c9\"\npackages = \"names\"",
            "no file `names`",
        ),
        (
            &format!("kind = \"git\"\nlocation = \"up\"\nbranch = \"c9\"\n{modules}"),
            "`modules.streams` has `a`",
        ),
        ("kind = \"dist-git\"\nlocation = \"up\"\nbranch = \"c9\"", "`branch` and `tags` are for"),
        ("kind = \"srpms\"\nlocation = \"up\"", "`keys` is not set"),
        ("kind = \"dist-git\"\nlocation = \"up\"\nkeys = [\"key.asc\"]", "nothing is signed there"),
        ("kind = \"dist-git\"\nlocation = \"up\"\nmax_age_days = 3", "have no times"),
    ] {
        let (.., message, hint) = wrong(&up(bad));
        assert!(message.contains(says) && !hint.is_empty(), "{message}");
    }
    let (.., message, _) = wrong(&WHOLE.replace("lookaside/{digest}", "lookaside/{hash}"));
    assert!(message.contains("{hash}"), "{message}");
}

#[test]
fn a_key_that_can_be_had_need_not_be_there() {
    let missing = WHOLE.replacen("\"key.asc\"", "\"none.asc\"", 1);
    let pinned = |fingerprint: &str, url: &str| {
        format!("{missing}\n[keys.vendor]\nfile = \"none.asc\"\nfingerprint = \"{fingerprint}\"\n{url}")
    };
    let good = "0123 4567 89ab CDEF 0123  4567 89AB CDEF 0123 4567";
    load(&pinned(good, "url = \"https://vendor.example/key\"")).unwrap();
    assert!(wrong(&pinned(good, "")).2.contains("none.asc"));
    assert!(wrong(&pinned("0123", "url = \"https://vendor.example/key\"")).2.contains("no fingerprint"));
}

#[test]
fn rules_and_marks_must_be_there() {
    for (key, says) in
        [("rules = \"key.asc\"", "no directory `key.asc`"), ("brand = \"none\"", "no file `none`")]
    {
        let (.., message, hint) = wrong(&format!("{WHOLE}\n[debrand]\n{key}\n"));
        assert!(message.contains(says) && !hint.is_empty(), "{message}");
    }
}

#[test]
fn tuf_has_lives_that_can_be() {
    let tuf = load(&format!("{WHOLE}\n[tuf]\nkeys = \"tuf-keys\"\n")).unwrap().tuf.unwrap();
    let lives = [&tuf.timestamp_hours, &tuf.snapshot_days, &tuf.targets_days, &tuf.root_days];
    assert_eq!(lives.map(|life| *life.get_ref()), [48, 30, 365, 365]);
    assert!(load(WHOLE).unwrap().tuf.is_none());
    for key in ["timestamp_hours = 0", "root_threshold = 33", "root_days = 99999"] {
        let text = format!("{WHOLE}\n[tuf]\nkeys = \"tuf-keys\"\n{key}\n");
        let (line, column, message, _) = wrong(&text);
        let name = key.split(' ').next().unwrap();
        assert!(message.contains(name) && message.contains("expected a number from 1 to"), "{message}");
        assert_eq!((line, column), (text.lines().count(), name.len() + 4), "{key}");
    }
}

#[test]
fn a_missing_key_is_named() {
    assert!(wrong(&WHOLE.replace("dist = \".el9\"", "")).2.contains("missing field `dist`"));
}

#[test]
fn an_id_that_would_escape_is_refused() {
    assert!(wrong(&WHOLE.replace("\"kestrel\"", "\"../x\"")).2.contains("can't be an id"));
}

proptest::proptest! {
    #[test]
    fn never_panics(cut in 0usize..900, junk in "\\PC{0,8}") {
        let cut = WHOLE.char_indices().map(|(at, _)| at).take_while(|at| *at <= cut).last().unwrap();
        let _ = Definition::parse(&format!("{}{junk}{}", &WHOLE[..cut], &WHOLE[cut..]), Path::new("x"));
    }
}

#[test]
fn a_key_may_be_outside_of_a_file() {
    let with = |signing: &str| load(&WHOLE.replace("key = \"secret.asc\"", signing));
    let fingerprint = "0123456789ABCDEF0123456789ABCDEF01234567";
    let agent = format!("key = \"gpg-agent:{fingerprint}\"");
    let definition = with(&format!("{agent}\ncertificate = \"key.asc\"")).unwrap();
    assert_eq!(definition.signing.key.get_ref().to_string(), format!("gpg-agent:{fingerprint}"));

    let line = WHOLE.lines().position(|line| line.starts_with("key = \"secret")).unwrap() + 1;
    let at = |signing: &str, place: usize| match with(signing).unwrap_err() {
        DefinitionError::Wrong { line, message, .. } => {
            assert_eq!(line, place, "{message}");
            message
        }
        error => panic!("{error}"),
    };
    assert!(at(&agent, line).contains("`signing.certificate` is missing"));
    assert!(at(&format!("{agent}\ncertificate = \"none.asc\""), line + 1).contains("no file `none.asc`"));
    assert!(at("key = \"gpg-agent:ABC\"", line).contains("no fingerprint"));
    assert!(at("key = \"pkcs11:token=a\"", line).contains("module-path"));
    assert!(at("key = \"pkcs11:token=a?module-path=/m&pin-value=1\"", line).contains("has a PIN in it"));
    assert!(at("key = \"\"", line).contains("names no key"));
}

#[test]
fn more_witnesses_than_there_are_can_not_be_needed() {
    let log = load(WHOLE).unwrap().log;
    assert_eq!((log.key.to_str(), log.witnesses_needed.get_ref()), (Some("log.key"), &0));
    let text = format!("{WHOLE}\n[log]\nwitnesses = [\"a+b+c\"]\nwitnesses_needed = 2\n");
    let (line, _, message, hint) = wrong(&text);
    let expected = "2 witnesses are needed, and `log.witnesses` names 1";
    assert_eq!((line, &*message), (text.lines().count(), expected));
    assert!(hint.contains("need fewer"), "{hint}");
    assert!(load(&text.replace("= 2", "= 1")).is_ok());
}
