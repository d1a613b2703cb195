use super::*;

const ONE: &str = "1111111111111111111111111111111111111111";
const TWO: &str = "2222222222222222222222222222222222222222";

fn chosen(listing: &str, branch: Option<&str>, tags: Option<&str>) -> Option<(String, String, String)> {
    let chosen = Refs::from_remote(listing).choose("bash", Wanted { branch, tags })?;
    let nevra = chosen.nevra.map_or(String::new(), |nevra| nevra.to_string());
    Some((chosen.reference, chosen.commit, nevra))
}

#[test]
fn a_branch_wins_over_a_tag_and_a_tag_is_followed() {
    let listing = format!(
        "{ONE}\trefs/heads/c9\n{TWO}\trefs/tags/c9\n{ONE}\trefs/tags/v1\n{TWO}\trefs/tags/v1^{{}}\n\
         {TWO}\trefs/tags/imports/c9/bash-5.1-2.el9\nnonsense\n-x\trefs/heads/bad\n"
    );
    let branch = |name: &str| chosen(&listing, Some(name), None);
    let text = |text: &str| text.to_owned();
    assert_eq!(branch("c9"), Some((text("refs/heads/c9"), text(ONE), text(""))));
    assert_eq!(branch("v1"), Some((text("refs/tags/v1"), text(TWO), text("bash-5.1-2.el9.src"))));
    assert_eq!(branch(TWO).unwrap().0, TWO);
    assert_eq!(branch("bad"), None);
    assert_eq!(branch("c8"), None);
}

#[test]
fn the_newest_version_by_rpm_is_chosen() {
    let tags = ["imports/c9/bash-5.9-1.el9", "imports/c9/bash-5.10-1.el9", "imports/c9/bash-5.10-1.el9_2"];
    let others = ["imports/c9/bash-completion-9-1.el9", "imports/c9/bash-x", "imports/c9-beta/bash-9-1.el9"];
    let listing: String = tags.iter().chain(&others).map(|tag| format!("{ONE}\trefs/tags/{tag}\n")).collect();
    let newest = chosen(&listing, None, Some("imports/c9/")).unwrap();
    assert_eq!(
        (newest.0.as_str(), newest.2.as_str()),
        ("refs/tags/imports/c9/bash-5.10-1.el9_2", "bash-5.10-1.el9_2.src")
    );
    assert_eq!(chosen(&listing, None, Some("imports/c8/")), None);
}

#[test]
fn files_say_what_git_says() {
    let dir = tempfile::tempdir().unwrap();
    let sh = |line: &str| {
        let line = format!(
            "export GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x; {line}"
        );
        testkit::tool::Tool::new("sh").args(["-ec", &line]).dir(dir.path()).run().unwrap();
    };
    let objects =
        |refs: Refs| refs.0.into_iter().map(|(name, target)| (name, target.object)).collect::<Vec<_>>();
    let same = || {
        let files = objects(Refs::from_files(dir.path()).unwrap());
        assert_eq!(files, objects(Refs::from_git(dir.path()).unwrap()));
        files.len()
    };
    sh(
        "git init -q -b c9; git commit -q --allow-empty -m x; git branch a/b; git tag t; git tag -m x imports/c9/x-1-1",
    );
    assert_eq!(same(), 4);
    sh("git pack-refs --all; git commit -q --allow-empty -m y; git tag -d t");
    assert_eq!(same(), 3);
    sh("git symbolic-ref refs/heads/link refs/heads/c9");
    assert_eq!(Refs::from_files(dir.path()), None);
}

proptest::proptest! {
    #[test]
    fn never_panics(text in "[ -~\t\n^{}]{0,200}", branch in "[ -~]{0,20}") {
        let refs = Refs::from_remote(&text);
        refs.choose("bash", Wanted { branch: Some(&branch), tags: None });
        refs.choose("bash", Wanted { branch: None, tags: Some(&branch) });
        packed_refs(&text, &mut BTreeMap::new());
    }
}
