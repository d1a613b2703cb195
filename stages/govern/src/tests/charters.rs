//! What charters can't be, what is unwise in them, and how they change.

use heirloom_model::Digest;

use super::*;

fn faults(text: &str) -> Vec<(Fault, String)> {
    let charter = Charter::parse(text).unwrap();
    lint(&charter, &keys(), "2026-03-01".parse().unwrap())
        .into_iter()
        .map(|one| (one.fault, one.place))
        .collect()
}

fn has(text: &str, fault: Fault, place: &str) {
    let found = faults(text);
    assert!(found.contains(&(fault, place.to_owned())), "{found:?}\n{text}");
}

#[test]
fn the_usual_charter_is_fine_and_a_file_of_it_is_the_same() {
    // Four affiliations, and an emergency needs all of them.
    let found = faults(&charter_text());
    assert!(found.iter().all(|(fault, place)| !fault.is_error() && place == "role emergency"), "{found:?}");
    let charter = Charter::parse(&charter_text()).unwrap();
    assert_eq!(Charter::parse(&charter.to_toml().unwrap()).unwrap(), charter);
}

#[test]
fn what_contradicts_itself_is_refused_with_the_place() {
    for (from, to, expected) in [
        ("version = 1\n", "version = 0\n", "version 0"),
        ("version = 1\n", "version = 2\n", "version 2"),
        ("name = \"ben\"", "name = \"ada\"", "member ada: two members"),
        ("name = \"ben\"", "name = \"../ben\"", "member ../ben: a name has"),
        ("affiliation = \"Laboratory\"", "affiliation = \" \"", "member eli: no affiliation"),
        ("keys = [\"key:eli\"]", "keys = []", "member eli: no key"),
        ("[role.charter]", "[role.other]", "unknown variant"),
        ("[role.charter]", "[role.errata]", "role charter: it is missing"),
        ("threshold = 3\nper", "threshold = 0\nper", "at least 1"),
        ("members = [\"ada\"", "members = [\"zoe\", \"ada\"", "`zoe` is no member"),
        ("waiting_hours = 24", "waiting_days = 24", "unknown field"),
        ("fingerprint = \"aa01\"", "fingerprint = \"AA01\"", "signing key AA01"),
    ] {
        let text = charter_text();
        assert!(text.contains(from), "{from}");
        let error = Charter::parse(&text.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn capture_and_unreachable_thresholds_are_found() {
    let text = charter_text();
    let release = "threshold = 3\nper_affiliation = 1\nwaiting_hours";
    let with = |threshold: u8, cap: u8| {
        text.replace(release, &format!("threshold = {threshold}\nper_affiliation = {cap}\nwaiting_hours"))
    };
    has(&with(5, 1), Fault::Unreachable, "role release");
    has(&with(2, 2), Fault::Captured, "role release");
    has(&with(4, 1), Fault::Fragile, "role release");
    has(&with(1, 1), Fault::Alone, "role release");
    // Six votes, four needed at two of each: without the university four are left, without both of two groups not.
    has(&with(5, 2), Fault::Blockable, "role release");
    has(&with(4, 1), Fault::CheapEmergency, "emergency");
    has(
        &text.replace("threshold = 4\nper_affiliation = 1", "threshold = 4\nper_affiliation = 2"),
        Fault::CheapEmergency,
        "emergency",
    );
}

#[test]
fn keys_and_ends_are_looked_at() {
    let text = charter_text();
    has(&text.replace("key:ben", "key:ada"), Fault::SharedKey, "member ben");
    has(&text.replace("key:ben", "nonsense"), Fault::BadKey, "member ben");
    has(&text.replace("key:ben", "key:ben@2026-03-20"), Fault::EndsSoon, "member ben");
    has(&text.replace("key:ben", "key:ben@2026-02-20"), Fault::Expired, "member ben");
    has(&text.replace("valid_until = 2027", "valid_until = 2026"), Fault::EndsSoon, "charter");
    has(
        &text.replace("affiliation = \"Laboratory\"", "affiliation = \"univer-sity\""),
        Fault::Alike,
        "member eli",
    );
    let stranger = "[[member]]\nname = \"gus\"\naffiliation = \"Other\"\nkeys = [\"key:gus\"]\n";
    has(&(text + stranger), Fault::Idle, "member gus");
}

/// A next charter, decided by three.
fn changed(state: &State, edits: &[Edit]) -> State {
    let text = state.charter().next(state.charter_digest(), edits).unwrap().to_toml().unwrap();
    let proposal = propose(state, Content::Charter { text });
    promote(state, &proposal, &["ada", "cho", "eli"]).unwrap()
}

#[test]
fn members_join_leave_and_replace_keys() {
    let state = state();
    let gus =
        Member { name: "gus".to_owned(), affiliation: "Other".to_owned(), keys: vec!["key:gus".to_owned()] };
    let joined = changed(&state, &[Edit::Join { member: gus, roles: vec![Role::Release] }]);
    let text = propose(&joined, snapshot(1, None));
    promote(&joined, &text, &["ada", "cho", "gus"]).unwrap();
    // Under the charter before, gus is nobody.
    let text = propose(&state, snapshot(1, None));
    let refused = promote(&state, &text, &["ada", "cho", "gus"]).unwrap_err().to_string();
    assert!(refused.contains("gus does not count: the charter has no such member"), "{refused}");

    let left = changed(&joined, &[Edit::Leave("eli".to_owned())]);
    let text = propose(&left, snapshot(1, None));
    assert!(promote(&left, &text, &["ada", "cho", "eli"]).is_err());

    // A lost or stolen key of a member: the old one counts no more.
    let (member, key) = ("cho".to_owned(), "key:cho2".to_owned());
    let edits =
        [Edit::AddKey { member: member.clone(), key }, Edit::RemoveKey { member, key: "key:cho".to_owned() }];
    let replaced = changed(&state, &edits);
    let text = propose(&replaced, snapshot(1, None));
    let refused = promote(&replaced, &text, &["ada", "cho", "eli"]).unwrap_err().to_string();
    assert!(refused.contains("cho does not count: no key of the member made its signature"), "{refused}");
    let mut votes = approvals(&replaced, &text, &["ada", "eli", "cho"]);
    votes[2].signature = sign("key:cho2", votes[2].vote.as_bytes());
    promote_at(&replaced, &text, votes, 25).unwrap();
}

#[test]
fn a_charter_follows_the_one_in_force() {
    let state = state();
    let good = state.charter().next(state.charter_digest(), &[]).unwrap();
    let refused = |change: &dyn Fn(&mut Charter)| {
        let mut next = good.clone();
        change(&mut next);
        let text = propose(&state, Content::Charter { text: next.to_toml().unwrap() });
        promote(&state, &text, &["ada", "cho", "eli"]).unwrap_err().to_string()
    };
    assert!(refused(&|next| next.version = 3).contains("it must have version 2"));
    assert!(refused(&|next| next.previous = Some(Digest::of(b"x"))).contains("it must have version 2"));
    assert!(refused(&|next| next.distribution = "other".to_owned()).contains("it is for other"));
    let unreachable = refused(&|next| {
        next.roles.get_mut(&Role::Charter).unwrap().threshold = 5;
    });
    assert!(unreachable.contains("role charter needs 5 approvals, and 4 can count"), "{unreachable}");
}
