//! What happens in the life of a foundation: members join and leave, keys are lost and stolen, emergencies are ratified, and
//! some members have no network.

use std::fs;

use testkit::tool::Tool;

use crate::members::{Governed, another, key, public};

/// Puts the next charter in force, with these changes.
fn change(governed: &Governed, options: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    let next = dir.path().join("next.toml").display().to_string();
    let mut arguments = vec!["charter", "next", "--out", &next];
    arguments.extend(options);
    governed.run(&arguments).expect(0);
    let proposal = governed.propose(&["--charter", &next]);
    governed.approve(&proposal, &["ada", "cho", "dee"]);
    governed.promote(&proposal).expect(0).says(&["is in force"]);
}

#[test]
fn a_member_joins_and_another_leaves() {
    let governed = Governed::new();
    let gus = another("gus");
    let join = format!("gus:Foundry:{}", gus.path().join("gus.pub").display());
    change(&governed, &["--join", &join, "--leave", "eli"]);
    governed.offer(1);
    let proposal = governed.propose(&[]);
    governed.approve(&proposal, &["ada", "cho", "eli"]);
    governed
        .promote(&proposal)
        .expect(5)
        .says(&["the vote of eli does not count: the charter has no such member"]);
    governed.vote("approve", &proposal, "gus", &gus.path().join("gus")).expect(0);
    governed.promote(&proposal).expect(0);
    // The published history says who decided, from the first charter on.
    let history = fs::read_to_string(governed.site.published("9/governance/history.jsonl")).unwrap();
    assert_eq!(history.lines().count(), 3);
}

#[test]
fn a_member_loses_a_key_or_has_it_stolen() {
    let governed = Governed::new();
    governed.offer(1);
    let before = governed.propose(&[]);
    governed.approve(&before, &["ada", "cho", "dee"]);
    let new = another("dee");
    let print = Tool::new("ssh-keygen").args(["-l", "-f"]).arg(public("dee")).run().unwrap();
    let revoke = format!("dee:{}", print.split_whitespace().nth(1).unwrap());
    let add = format!("dee:{}", new.path().join("dee.pub").display());
    change(&governed, &["--revoke", &revoke, "--key", &add]);
    // What the thief has approved before is void with everything that was open.
    governed.promote(&before).expect(5).says(&["it was proposed under charter", "propose it again"]);
    let proposal = governed.propose(&[]);
    governed.approve(&proposal, &["ada", "cho", "dee"]);
    governed
        .promote(&proposal)
        .expect(5)
        .says(&["the vote of dee does not count: no key of the member made its signature"]);
    governed.vote("approve", &proposal, "dee", &new.path().join("dee")).expect(0);
    governed.promote(&proposal).expect(0);
}

#[test]
fn an_emergency_is_ratified() {
    let governed = Governed::new();
    governed.offer(1);
    let proposal = governed.propose(&["--emergency"]);
    governed.approve(&proposal, &["ada", "cho", "dee"]);
    governed.promote(&proposal).expect(5).says(&["3 of 4 approvals"]);
    governed.approve(&proposal, &["eli"]);
    governed.promote(&proposal).expect(0);
    governed.run(&["release", "status"]).expect(0).says(&["must be ratified until"]);
    let ratify = governed.propose(&["--ratify", &proposal]);
    governed.approve(&ratify, &["ada", "cho", "dee"]);
    governed.promote(&ratify).expect(0).says(&["is ratified"]);
    assert_eq!(governed.status()["unratified"], serde_json::json!({}));
}

#[test]
fn members_without_network_vote_by_file_by_patch_and_with_their_own_tools() {
    let governed = Governed::new();
    governed.offer(1);
    let proposal = governed.propose(&[]);
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    governed.run(&["release", "export", &proposal, "--out", &at("parcel")]).expect(0);
    let elsewhere = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_heirloom"));
        command.current_dir(dir.path()).args(arguments);
        crate::site::finish(command)
    };
    let pin = governed.site.json(&["charter", "show"])["digest"].as_str().unwrap().to_owned();
    let other = "0".repeat(64);
    let cho = key("cho").display().to_string();
    let vote = ["release", "approve", "parcel", "--member", "cho", "--key", &cho, "--out", "cho.json"];
    elsewhere(&[&vote[..], &["--pin", &other]].concat()).expect(5).says(&["which is pinned here"]);
    elsewhere(&[&vote[..], &["--pin", &pin]].concat()).expect(0);
    governed.run(&["release", "receive", &at("cho.json")]).expect(0).says(&["cho (Hosting) approves"]);

    // A patch, which git takes.
    let dee = key("dee").display().to_string();
    elsewhere(&[
        "release",
        "approve",
        "parcel",
        "--member",
        "dee",
        "--key",
        &dee,
        "--out",
        "dee.patch",
        "--patch",
    ])
    .expect(0);
    let git = |arguments: &[&str]| {
        Tool::new("git")
            .args(["-c", "user.name=x", "-c", "user.email=x@example.org"])
            .args(arguments)
            .dir(dir.path())
            .run()
            .unwrap()
    };
    git(&["init", "-q"]);
    git(&["commit", "-q", "--allow-empty", "-m", "begin"]);
    git(&["am", "-q", "dee.patch"]);
    let added = at(&format!("votes/{proposal}/dee.json"));
    governed.run(&["release", "receive", &added]).expect(0).says(&["dee (Laboratory) approves"]);
    governed.run(&["release", "receive", &at("dee.patch")]).expect(0);

    // ssh-keygen and gpg make the signature.
    elsewhere(&["release", "approve", "parcel", "--member", "eli", "--unsigned", "--out", "eli.vote"])
        .expect(0);
    Tool::new("ssh-keygen")
        .args(["-q", "-Y", "sign", "-n", "heirloom-vote", "-f"])
        .arg(key("eli"))
        .arg(at("eli.vote"))
        .run()
        .unwrap();
    governed
        .run(&["release", "receive", &at("eli.vote"), "--signature", &at("eli.vote.sig")])
        .expect(0)
        .says(&["approved: `heirloom release promote"]);
    governed.promote(&proposal).expect(0);
}

#[test]
fn a_stolen_signing_key_signs_nothing_new_and_what_was_released_stays() {
    let governed = Governed::new();
    governed.release(1);
    let old = crate::members::fingerprint();
    let new = testkit::gpg::Key::throwaway("kestrel two <k@kestrel.example>").unwrap();
    let certificate = governed.site.path("new.asc");
    fs::write(&certificate, new.public().unwrap()).unwrap();
    let certificate = certificate.display().to_string();
    let rotation = governed.propose(&["--add-key", &certificate, "--retire-key", &old, "--stolen"]);
    governed.approve(&rotation, &["ada", "cho", "dee"]);
    governed.promote(&rotation).expect(0).says(&["signs in the place of"]);
    // The thief, or whoever did not hear of it.
    governed.offer(2);
    let proposal = governed.propose(&[]);
    governed.approve(&proposal, &["ada", "cho", "dee"]);
    governed.promote(&proposal).expect(5).says(&["was stolen and is retired"]);
    let history = fs::read_to_string(governed.site.published("9/governance/history.jsonl")).unwrap();
    assert_eq!(history.lines().count(), 3, "what is served says that the key is gone");
}
