//! What a monitor sees of a log that does what no log may do.

use std::fs;

use heirloom_tlog::{
    CheckpointError, FindingKind, Followed, Log, Look, MonitorError, NoteKey, Policy, Source, follow,
};

use crate::support::{ORIGIN, Place, entries, entry};

fn look(place: &Place, seen: &[u8], look: Look) -> Followed {
    let log = place.log();
    follow(&place.policy(), &Source::directory(&log), Some(seen), look).unwrap()
}

#[track_caller]
fn finds(place: &Place, seen: &[u8], kind: &FindingKind, said: &str) {
    let followed = look(place, seen, Look::All);
    let [finding] = &followed.findings[..] else { panic!("{:?}", followed.findings) };
    assert_eq!(&finding.kind, kind);
    assert!(finding.kind.to_string().contains(said), "{}", finding.kind);
    // Anyone can check the evidence: both are signed by the log.
    let (policy, seen_text) = (place.policy(), finding.seen.clone().unwrap());
    assert_eq!(seen_text.as_bytes(), seen);
    policy.open(seen_text.as_bytes()).unwrap();
    policy.open(finding.found.as_bytes()).unwrap();
}

/// The log made anew by its own key, of other entries.
fn again(place: &Place, entries: &[Vec<u8>]) -> Place {
    let new = Place { dir: tempfile::tempdir().unwrap() };
    fs::copy(place.path("key"), new.path("key")).unwrap();
    Log::create(&new.log(), new.key()).unwrap().append(entries).unwrap();
    new
}

#[test]
fn new_entries_are_told_once() {
    let place = Place::with(300);
    let log = place.log();
    let first = follow(&place.policy(), &Source::directory(&log), None, Look::New).unwrap();
    assert_eq!((first.entries.len(), &first.entries[299]), (300, &(299, entry(299))));
    let seen = place.signed().note().to_vec();
    assert_eq!(look(&place, &seen, Look::New).entries, []);
    place.open().append(&entries(300..302)).unwrap();
    for how in [Look::New, Look::All] {
        let followed = look(&place, &seen, how);
        assert_eq!(
            (followed.entries, followed.findings),
            (vec![(300, entry(300)), (301, entry(301))], vec![])
        );
    }
    assert_eq!(look(&place, &seen, Look::Consistency).entries, []);
}

#[test]
fn a_fork_is_found_out() {
    let place = Place::with(300);
    let seen = place.signed().note().to_vec();
    let mut other = entries(0..300);
    other[17] = b"another".to_vec();
    let kind = FindingKind::Fork { size: 300 };
    finds(&again(&place, &other), &seen, &kind, "it signed two different trees of 300 entries");
}

#[test]
fn a_history_that_was_rewritten_is_found_out() {
    let place = Place::with(300);
    let seen = place.signed().note().to_vec();
    for changed in [0, 255, 256, 299] {
        let mut other = entries(0..1000);
        other[changed] = b"another".to_vec();
        let kind = FindingKind::Rewritten { seen: 300, size: 1000 };
        finds(&again(&place, &other), &seen, &kind, "does not continue the tree of 300 that it signed");
    }
}

#[test]
fn a_log_that_shrank_is_found_out() {
    let place = Place::with(300);
    let seen = place.signed().note().to_vec();
    let kind = FindingKind::Shrunk { seen: 300, size: 299 };
    finds(&again(&place, &entries(0..299)), &seen, &kind, "it has 299 entries, and had 300");
    let empty = again(&place, &[]);
    finds(&empty, &seen, &FindingKind::Shrunk { seen: 300, size: 0 }, "it has 0 entries");
}

#[test]
fn an_entry_that_was_rewritten_is_found_out() {
    let place = Place::with(600);
    let seen = place.signed().note().to_vec();
    for (path, index) in [("tile/entries/000", 0), ("tile/entries/002.p/88", 512)] {
        let copy = place.copy();
        copy.damage(path, 4);
        finds(&copy, &seen, &FindingKind::Entry { index }, &format!("entry {index} was rewritten"));
        // One who reads only what is new does not look there.
        assert_eq!(look(&copy, &seen, Look::New).findings.len(), usize::from(index == 512));
    }
    let copy = place.copy();
    fs::write(copy.log().join("tile/entries/001"), "\0").unwrap();
    let [finding] = &look(&copy, &seen, Look::All).findings[..] else { panic!() };
    assert!(finding.kind.to_string().contains("tile/entries/001"), "{}", finding.kind);
    assert!(finding.kind.to_string().contains("the bundle ends in its entry 0"), "{}", finding.kind);
    let copy = place.copy();
    copy.damage("tile/0/001", 7);
    let followed = look(&copy, &seen, Look::All);
    assert!(followed.findings[0].kind.to_string().contains("do not hash to the root"));
}

#[test]
fn what_can_not_be_looked_at_is_an_error_and_no_finding() {
    let place = Place::with(600);
    let seen = place.signed().note().to_vec();
    let log = place.log();
    let source = Source::directory(&log);
    let stranger = Policy::of_log(NoteKey::generate(ORIGIN).unwrap().log_vkey());
    let error = follow(&stranger, &source, Some(&seen), Look::All).unwrap_err();
    assert!(matches!(error, MonitorError::Checkpoint { source: CheckpointError::Unsigned { .. }, .. }));
    assert!(error.to_string().contains("there are signatures of: kestrel.example/log"), "{error}");
    let error = follow(&place.policy(), &source, Some(b"x\n"), Look::All).unwrap_err();
    assert!(matches!(error, MonitorError::Seen(CheckpointError::Malformed)), "{error}");
    let failing = Source::new("nowhere", |_, _| Err("the line is dead".to_owned()));
    let error = follow(&place.policy(), &failing, None, Look::All).unwrap_err().to_string();
    assert_eq!(error, "can't read checkpoint of the log nowhere: the line is dead");
    let endless = Source::new("endless", |_, limit| Ok(Some(vec![0; usize::try_from(limit).unwrap() + 1])));
    let error = follow(&place.policy(), &endless, None, Look::All).unwrap_err().to_string();
    assert_eq!(error, "checkpoint of the log endless has more than 65536 bytes");
    fs::remove_file(place.log().join("tile/entries/001")).unwrap();
    let error = follow(&place.policy(), &source, Some(&seen), Look::All).unwrap_err().to_string();
    assert!(error.ends_with("has no tile/entries/001"), "{error}");
}

#[test]
fn a_log_of_absurd_size_is_no_log() {
    let key = NoteKey::generate(ORIGIN).unwrap();
    let dir = tempfile::tempdir().unwrap();
    key.save(&dir.path().join("key")).unwrap();
    // A note that the key itself signed, by the crate that others use.
    let secret = fs::read_to_string(dir.path().join("key")).unwrap();
    for size in ["1099511627777", "18446744073709551615", "00", "-1"] {
        let text = format!("{ORIGIN}\n{size}\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
        let mut note = signed_note::Note::new(text.as_bytes(), &[]).unwrap();
        note.add_sigs(&[&signed_note::StandardSigner::new(secret.trim_end()).unwrap()]).unwrap();
        let error = Policy::of_log(key.log_vkey()).open(&note.to_bytes()).unwrap_err();
        assert!(matches!(error, CheckpointError::Malformed), "{size}: {error}");
    }
}
