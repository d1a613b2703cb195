//! What a few people with keys try, and what they are told.

use std::fs;

use crate::members::{Governed, another, key};

#[test]
fn a_quorum_releases_a_snapshot_and_no_smaller_group_does() {
    let governed = Governed::new();
    governed.offer(1);
    let proposal = governed.propose(&[]);
    governed.promote(&proposal).expect(5).says(&["0 of 3 approvals, 3 more needed", "cho (Hosting)"]);

    // One insider, with one key and everybody's name.
    governed.approve(&proposal, &["ada"]);
    for other in ["cho", "dee"] {
        governed.vote("approve", &proposal, other, &key("ada")).expect(0);
    }
    governed.promote(&proposal).expect(5).says(&[
        "1 of 3 approvals, 2 more needed",
        "the vote of cho does not count: no key of the member made its signature",
    ]);
    // A colluding affiliation below its limit and at it.
    governed.approve(&proposal, &["ben"]);
    governed
        .promote(&proposal)
        .expect(5)
        .says(&["the vote of ben does not count: 1 of University count already"]);
    governed.approve(&proposal, &["cho"]);
    governed
        .promote(&proposal)
        .expect(5)
        .says(&["2 of 3 approvals, 1 more needed, from eli (Independent), dee or fay (Laboratory)"]);
    assert!(!governed.site.published("9").exists(), "nothing is served");

    governed.approve(&proposal, &["fay"]);
    governed.promote(&proposal).expect(0).says(&["took effect as entry 1", "9 serves"]);
    assert!(governed.site.published("9/BaseOS/x86_64/os/repodata/repomd.xml.asc").is_file());
    assert!(governed.site.published("9/governance/history.jsonl").is_file());
    // Twice is once.
    governed.promote(&proposal).expect(0);
    assert_eq!(governed.status()["entries"], 1);
}

#[test]
fn nobody_gets_round_the_charter() {
    let governed = Governed::new();
    governed.release(1);
    let first = governed.site.served("9");
    governed.release(2);
    governed
        .run(&["rollback", "9"])
        .expect(5)
        .says(&["members have not decided that 9 serves", "release propose --snapshot"]);
    governed.run(&["publish", "stable", "--snapshot", &first]).expect(5).says(&["members have not decided"]);
    // What was approved for one snapshot is nothing for another.
    governed.offer(3);
    let third = governed.propose(&[]);
    governed.approve(&third, &["ada", "cho", "dee"]);
    governed.offer(4);
    let fourth = governed.propose(&[]);
    let votes = governed.site.path("vote.json");
    let export = votes.display().to_string();
    governed.run(&["release", "export", &third, "--out", &export]).expect(0);
    let parcel: serde_json::Value = serde_json::from_slice(&fs::read(&votes).unwrap()).unwrap();
    let replayed = parcel["votes"][0].to_string().replace(&third, &fourth);
    fs::write(&votes, replayed).unwrap();
    governed
        .run(&["release", "receive", &export])
        .expect(0)
        .says(&["does not count: no key of the member made its signature"]);
    governed.promote(&fourth).expect(5);
    // It was proposed when 9 served the second tree, and only one of both can follow that.
    governed.promote(&third).expect(0);
    governed.approve(&fourth, &["ada", "cho", "dee"]);
    governed.promote(&fourth).expect(5).says(&["it was proposed when 9 served", "propose it again"]);
}

#[test]
fn a_changed_proposal_has_no_votes() {
    let governed = Governed::new();
    governed.offer(1);
    let proposal = governed.propose(&[]);
    governed.approve(&proposal, &["ada", "cho", "dee"]);
    let file = governed.site.path("parcel.json");
    let name = file.display().to_string();
    governed.run(&["release", "export", &proposal, "--out", &name]).expect(0);
    let text = fs::read_to_string(&file).unwrap();
    // Another reason would be harmless; the votes are gone all the same.
    fs::write(&file, text.replace("because", "Because")).unwrap();
    governed
        .run(&["release", "review", &name])
        .expect(0)
        .says(&["0 of 3 approvals", "it is for another proposal"]);
    governed
        .run(&["release", "receive", &name])
        .expect(5)
        .says(&["the votes in it are for another proposal"]);
    // The same bytes under another charter.
    fs::write(&file, text).unwrap();
    let other = Governed::with(&["--days", "31"]);
    other.run(&["release", "receive", &name]).expect(0).says(&["it was proposed under charter"]);
}

#[test]
fn clocks_that_are_wrong_by_a_year_decide_nothing() {
    let governed = Governed::new();
    governed.offer(1);
    let proposal = governed.propose(&[]);
    let vote = |offset: &str, member: &str| {
        let key = key(member).display().to_string();
        governed.at(offset, &["release", "approve", &proposal, "--member", member, "--key", &key])
    };
    vote("+1y", "ada").expect(0);
    vote("-1y", "cho").expect(0).says(&["a clock is wrong"]);
    governed.approve(&proposal, &["dee"]);
    governed.promote(&proposal).expect(5).says(&[
        "the vote of ada does not count: it says",
        "later than now",
        "the vote of cho does not count: it says",
        "before the proposal was made",
    ]);
    governed.approve(&proposal, &["ada", "cho"]);
    governed.at("-1y", &["release", "promote", &proposal]).expect(5).says(&["a clock is wrong"]);
    governed.at("+1y", &["release", "promote", &proposal]).expect(5).says(&["expired on"]);
    governed.promote(&proposal).expect(0);
}

#[test]
fn an_expired_charter_lets_nothing_through_but_the_next() {
    let governed = Governed::with(&["--days", "10"]);
    let in_time = "+20d";
    governed.offer(1);
    let at = |arguments: &[&str]| governed.at(in_time, arguments);
    let proposed = at(&["--format", "json", "release", "propose", "--member", "ada"]).expect(0).json();
    let proposal = proposed["digest"].as_str().unwrap();
    let approve = |proposal: &str| {
        for member in ["ada", "cho", "dee"] {
            let key = key(member).display().to_string();
            at(&["release", "approve", proposal, "--member", member, "--key", &key]).expect(0);
        }
    };
    approve(proposal);
    at(&["release", "promote", proposal]).expect(5).says(&[
        "the charter ended on",
        "set the clock",
        "propose a charter",
    ]);
    let next = governed.site.path("charter-2.toml").display().to_string();
    at(&["charter", "next", "--extend", "2190-01-01", "--out", &next]).expect(0);
    let renewed = at(&["--format", "json", "release", "propose", "--member", "ada", "--charter", &next])
        .expect(0)
        .json();
    let renewed = renewed["digest"].as_str().unwrap();
    approve(renewed);
    at(&["release", "promote", renewed]).expect(0).says(&["charter 2 is in force"]);
    at(&["release", "promote", proposal]).expect(5).says(&["propose it again"]);
}

#[test]
fn strangers_and_wrong_keys_are_told_apart() {
    let governed = Governed::new();
    governed.offer(1);
    governed.run(&["release", "propose", "--member", "zoe"]).expect(1).says(&["zoe is no member"]);
    let proposal = governed.propose(&[]);
    let stranger = another("zoe");
    governed
        .vote("approve", &proposal, "zoe", &stranger.path().join("zoe"))
        .expect(0)
        .says(&["the charter has no such member"]);
    governed
        .vote("approve", &proposal, "dee", &stranger.path().join("zoe"))
        .expect(0)
        .says(&["no key of the member made its signature"]);
    governed.vote("withdraw", &proposal, "dee", &key("dee")).expect(0).says(&["only ada can withdraw"]);
    governed.vote("withdraw", &proposal, "ada", &key("ada")).expect(0).says(&["withdrawn by its proposer"]);
    governed.promote(&proposal).expect(5).says(&["withdrawn"]);
    governed
        .run(&["release", "promote", "00000000"])
        .expect(1)
        .says(&["no proposal is known here as 00000000"]);
}

#[test]
fn another_key_than_was_approved_signs_nothing() {
    let governed = Governed::new();
    governed.offer(1);
    let proposal = governed.propose(&[]);
    governed.approve(&proposal, &["ada", "cho", "dee"]);
    let secret = governed.site.path("secret.asc");
    let kept = fs::read(&secret).unwrap();
    let other = testkit::gpg::Key::throwaway("somebody <s@example.org>").unwrap();
    fs::write(&secret, other.secret().unwrap()).unwrap();
    governed.promote(&proposal).expect(5).says(&["it is to be signed by the key", "and `signing.key` is"]);
    assert_eq!(governed.status()["entries"], 0);
    fs::write(&secret, kept).unwrap();
    governed.promote(&proposal).expect(0);
}
