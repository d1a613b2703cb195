//! What a few people with keys try.

use heirloom_model::Digest;

use super::*;

fn refused(result: Result<State, Refused>, expected: &str) {
    let text = result.unwrap_err().to_string();
    assert!(text.contains(expected), "{expected}\n{text}");
}

#[test]
fn a_quorum_of_three_affiliations_is_one() {
    let state = state();
    let text = propose(&state, snapshot(1, None));
    let next = promote(&state, &text, &["ada", "cho", "fay"]).unwrap();
    assert_eq!(next.live()["9"].tree, tree(1));
    assert_eq!((next.entries(), next.latest()), (1, after(25)));
}

#[test]
fn one_insider_with_one_key_gets_nowhere() {
    let state = state();
    let text = propose(&state, snapshot(1, None));
    refused(
        promote(&state, &text, &["ada"]),
        "1 of 3 approvals, 2 more needed, from cho or dee (Hosting), fay (Independent), eli (Laboratory)",
    );
    // Three votes in others' names.
    let forged = ["ada", "cho", "eli"].map(|member| {
        let mut sealed = vote(&state, &text, member, Decision::Approve, 1);
        sealed.signature = sign("key:ada", sealed.vote.as_bytes());
        sealed
    });
    refused(
        promote_at(&state, &text, forged.to_vec(), 25),
        "the vote of eli does not count: no key of the member made its signature",
    );
    // The same vote many times.
    let same = vec![vote(&state, &text, "ada", Decision::Approve, 1); 5];
    refused(promote_at(&state, &text, same, 25), "1 of 3 approvals");
}

#[test]
fn a_colluding_affiliation_counts_up_to_its_limit() {
    let state = state();
    let text = propose(&state, snapshot(1, None));
    refused(
        promote(&state, &text, &["ada", "ben", "cho"]),
        "the vote of ben does not count: 1 of University count already",
    );
    refused(promote(&state, &text, &["ada", "ben", "cho", "dee"]), "2 of 3 approvals, 1 more needed");
    promote(&state, &text, &["ada", "ben", "cho", "dee", "eli"]).unwrap();
}

#[test]
fn an_approval_is_for_one_exact_proposal() {
    let state = state();
    let text = propose(&state, snapshot(1, None));
    let votes = approvals(&state, &text, &["ada", "cho", "eli"]);
    // Replayed for another snapshot.
    let other = propose(&state, snapshot(2, None));
    refused(promote_at(&state, &other, votes.clone(), 25), "it is for another proposal");
    // Every byte of it counts, even one that means nothing.
    refused(promote_at(&state, &format!("{text} "), votes.clone(), 25), "it is for another proposal");
    // A second time.
    let next = promote_at(&state, &text, votes.clone(), 25).unwrap();
    refused(promote_at(&next, &text, votes, 30), "took effect already, as entry 1");
    // Under another charter.
    let charter = state.charter().next(state.charter_digest(), &[]).unwrap().to_toml().unwrap();
    let change = propose(&state, Content::Charter { text: charter });
    let changed = promote(&state, &change, &["ada", "cho", "eli"]).unwrap();
    refused(promote(&changed, &text, &["ada", "cho", "eli"]), "and version 2");
}

#[test]
fn an_old_proposal_does_not_take_a_channel_back() {
    let state = state();
    let first = propose(&state, snapshot(1, None));
    let late = propose(&state, snapshot(2, None));
    let next = promote(&state, &first, &["ada", "cho", "eli"]).unwrap();
    refused(
        promote(&next, &late, &["ada", "cho", "eli"]),
        "it was proposed when 9 served nothing, and it serves",
    );
    // Nor does anything that was never released get there by a switch.
    let content = Content::Channels {
        tree: tree(7),
        channels: vec![ChannelMove { channel: "9".to_owned(), from: Some(tree(1)) }],
    };
    refused(promote(&next, &propose(&next, content), &["ada", "cho", "eli"]), "was never released");
}

#[test]
fn time_is_waited_for_and_runs_out() {
    let state = state();
    let text = propose(&state, snapshot(1, None));
    let votes = || approvals(&state, &text, &["ada", "cho", "eli"]);
    refused(promote_at(&state, &text, votes(), 23), "open to objections until 2026-03-02T12:00:00Z");
    promote_at(&state, &text, votes(), 24).unwrap();
    refused(promote_at(&state, &text, votes(), 15 * 24), "expired on 2026-03-15T12:00:00Z");
    // Clocks that are wrong by a year.
    refused(promote_at(&state, &text, votes(), -365 * 24), "a clock is wrong");
    let future = vec![
        vote(&state, &text, "ada", Decision::Approve, 365 * 24),
        vote(&state, &text, "cho", Decision::Approve, -365 * 24),
        vote(&state, &text, "eli", Decision::Approve, 1),
    ];
    refused(
        promote_at(&state, &text, future.clone(), 25),
        "ada does not count: it says 2027-03-01T12:00:00Z, later than now",
    );
    refused(
        promote_at(&state, &text, future, 25),
        "cho does not count: it says 2025-03-01T12:00:00Z, before the proposal",
    );
    let next = promote(&state, &text, &["ada", "cho", "eli"]).unwrap();
    let packages = propose(&next, packages("aa01"));
    refused(
        promote_at(&next, &packages, approvals(&next, &packages, &["ada", "cho"]), 10),
        "before the entry that came last",
    );
}

fn list() -> Vec<u8> {
    let package = PackageToSign {
        nevra: "less-1-1.x86_64".parse().unwrap(),
        package: tree(50),
        header: tree(51),
        ground: "identical".to_owned(),
    };
    serde_json::to_vec(&[package]).unwrap()
}

fn packages(key: &str) -> Content {
    Content::Packages { key: key.to_owned(), count: 1, list: Digest::of(&list()) }
}

#[test]
fn an_expired_charter_decides_on_nothing_but_the_next() {
    let state =
        State::new(&charter_text().replace("valid_until = 2027-03-01", "valid_until = 2026-03-01")).unwrap();
    let text = propose(&state, snapshot(1, None));
    refused(
        promote(&state, &text, &["ada", "cho", "eli"]),
        "the charter ended on 2026-03-01, and it is 2026-03-02",
    );
    let edits = [Edit::Extend("2028-01-01".parse().unwrap())];
    let charter = state.charter().next(state.charter_digest(), &edits).unwrap().to_toml().unwrap();
    let change = propose(&state, Content::Charter { text: charter });
    let renewed = promote(&state, &change, &["ada", "cho", "eli"]).unwrap();
    let text = propose(&renewed, snapshot(1, None));
    promote(&renewed, &text, &["ada", "cho", "eli"]).unwrap();
}

#[test]
fn objections_and_withdrawals_end_a_proposal() {
    let state = state();
    let text = propose(&state, snapshot(1, None));
    let mut votes = approvals(&state, &text, &["ada", "cho", "eli"]);
    votes.push(vote(&state, &text, "eli", Decision::Reject, 2));
    refused(promote_at(&state, &text, votes.clone(), 25), "2 of 3 approvals");
    votes.extend(["fay", "dee"].map(|member| vote(&state, &text, member, Decision::Reject, 2)));
    votes.push(vote(&state, &text, "cho", Decision::Reject, 2));
    refused(promote_at(&state, &text, votes, 25), "rejected");
    let mut votes = approvals(&state, &text, &["ada", "cho", "eli"]);
    votes.push(vote(&state, &text, "cho", Decision::Withdraw, 2));
    refused(
        promote_at(&state, &text, votes.clone(), 25)
            .and_then(|_| Err(Refused::NeverReleased("x".to_owned()))),
        "was never released",
    );
    votes.push(vote(&state, &text, "ada", Decision::Withdraw, 2));
    refused(promote_at(&state, &text, votes, 25), "withdrawn by its proposer");
}

#[test]
fn an_emergency_needs_more_and_is_ratified() {
    let state = state();
    let mut urgent = proposal(&state, snapshot(1, None));
    urgent.emergency = true;
    let text = urgent.to_json().unwrap();
    let votes = |members: &[&str]| approvals(&state, &text, members);
    refused(promote_at(&state, &text, votes(&["ada", "cho", "eli"]), 1), "3 of 4 approvals");
    let next = promote_at(&state, &text, votes(&["ada", "cho", "eli", "fay"]), 1).unwrap();
    assert_eq!(next.unratified().len(), 1);
    // Within a week all goes on; then nothing does until it is ratified.
    let later = |state: &State, number: u8, from: u8, hours: i64| {
        let mut proposal = proposal(state, snapshot(number, Some(from)));
        proposal.made = after(hours - 25);
        let text = proposal.to_json().unwrap();
        let votes =
            ["ada", "cho", "eli"].map(|member| vote(state, &text, member, Decision::Approve, hours - 1));
        promote_at(state, &text, votes.to_vec(), hours)
    };
    let after_one = later(&next, 2, 1, 100).unwrap();
    refused(later(&after_one, 3, 2, 200), "had to be ratified until 2026-03-08T13:00:00Z");
    let mut ratify = proposal(&after_one, Content::Ratify { proposal: Digest::of(text.as_bytes()) });
    ratify.made = after(170);
    let ratify = ratify.to_json().unwrap();
    let votes = ["ada", "cho", "eli"].map(|member| vote(&after_one, &ratify, member, Decision::Approve, 171));
    let ratified = promote_at(&after_one, &ratify, votes.to_vec(), 199).unwrap();
    later(&ratified, 3, 2, 200).unwrap();
    // Charters are no emergency.
    let charter = state.charter().next(state.charter_digest(), &[]).unwrap().to_toml().unwrap();
    let mut hasty = proposal(&state, Content::Charter { text: charter });
    hasty.emergency = true;
    let hasty = hasty.to_json().unwrap();
    refused(
        promote_at(&state, &hasty, approvals(&state, &hasty, &["ada", "cho", "eli", "fay"]), 1),
        "can't be decided in an emergency",
    );
}

#[test]
fn a_stolen_signing_key_signs_nothing_new_and_what_was_released_stays() {
    let state = state();
    let released = promote(&state, &propose(&state, snapshot(1, None)), &["ada", "cho", "eli"]).unwrap();
    let change = Content::Keys(KeyChange {
        add: Some(SigningKey { fingerprint: "bb02".to_owned(), certificate: "cert two".to_owned() }),
        retire: Some(Retired { fingerprint: "aa01".to_owned(), stolen: true }),
    });
    let rotated = promote(&released, &propose(&released, change), &["ada", "cho", "eli"]).unwrap();
    assert_eq!(rotated.keys()["aa01"].retired, Some((2, true)));
    assert_eq!(rotated.live()["9"].tree, tree(1));
    refused(
        promote(&rotated, &propose(&rotated, snapshot(2, Some(1))), &["ada", "cho", "eli"]),
        "the key aa01 was stolen",
    );
    refused(
        promote(&rotated, &propose(&rotated, packages("aa01")), &["ada", "cho"]),
        "the key aa01 was stolen",
    );
    refused(
        promote(&rotated, &propose(&rotated, packages("cc03")), &["ada", "cho"]),
        "the key cc03 is none of the distribution's",
    );
    promote(&rotated, &propose(&rotated, packages("bb02")), &["ada", "cho"]).unwrap();
    // What it signed is not served anew, either.
    let Content::Snapshot(mut second) = snapshot(2, Some(1)) else { panic!() };
    second.key = "bb02".to_owned();
    let second =
        promote(&rotated, &propose(&rotated, Content::Snapshot(second)), &["ada", "cho", "eli"]).unwrap();
    let back = Content::Channels {
        tree: tree(1),
        channels: vec![ChannelMove { channel: "9".to_owned(), from: Some(tree(2)) }],
    };
    refused(promote(&second, &propose(&second, back), &["ada", "cho", "eli"]), "is not served anew");
}

#[test]
fn only_what_is_approved_may_be_signed() {
    let state = state();
    let text = propose(&state, packages("aa01"));
    let votes = approvals(&state, &text, &["ada", "cho"]);
    let proposal = state.may_sign(&text, &votes, &keys(), after(2)).unwrap();
    assert_eq!(proposal.content.signable(Some(&list())).unwrap(), [tree(51)].into());
    let other = proposal.content.signable(Some(b"[]")).unwrap_err().to_string();
    assert!(other.contains("the list of packages that came with it is not"), "{other}");
    assert!(state.may_sign(&text, &votes[..1], &keys(), after(2)).is_err());
    // Once it took effect it can be signed again, but not with a key that was taken away.
    let next = promote_at(&state, &text, votes, 2).unwrap();
    next.may_sign(&text, &[], &keys(), after(1000)).unwrap();
    let change =
        KeyChange { add: None, retire: Some(Retired { fingerprint: "aa01".to_owned(), stolen: false }) };
    let retired = promote(&next, &propose(&next, Content::Keys(change)), &["ada", "cho", "eli"]).unwrap();
    refused(
        retired.may_sign(&text, &[], &keys(), after(30)).map(|_| retired.clone()),
        "the key aa01 is retired",
    );
}
