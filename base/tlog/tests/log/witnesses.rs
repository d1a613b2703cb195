//! Witnesses: what they add to a checkpoint, and what is demanded of them.

use heirloom_tlog::{CheckpointError, Cosigned, Log, NoteKey, Policy, PolicyError};

use crate::support::{Place, entries};

const TIME: u64 = 1_700_000_000;

fn witnesses() -> [NoteKey; 3] {
    ["one.example", "two.example", "three.example"].map(|name| NoteKey::generate(name).unwrap())
}

fn policy(place: &Place, witnesses: &[NoteKey], needed: usize) -> Policy {
    let keys = witnesses.iter().map(NoteKey::witness_vkey).collect();
    Policy::new(place.key().log_vkey(), keys, needed).unwrap()
}

fn names(log: &Log, policy: &Policy) -> Vec<(String, u64)> {
    let signed = policy.open(log.signed().note()).unwrap();
    signed.cosignatures().iter().map(|one| (one.witness.clone(), one.time)).collect()
}

#[test]
fn cosignatures_are_added_to_the_present_checkpoint() {
    let (place, keys) = (Place::with(5), witnesses());
    let [any, two] = [0, 2].map(|needed| policy(&place, &keys, needed));
    let mut log = place.open();
    let old = log.signed().cosign(&keys[2], TIME);
    log.append(&entries(5..9)).unwrap();
    assert!(matches!(two.open(log.signed().note()), Err(CheckpointError::Witnesses { needed: 2, .. })));
    let stranger = NoteKey::generate("stranger.example").unwrap();
    let lines = [
        log.signed().cosign(&keys[0], TIME),
        old,
        log.signed().cosign(&stranger, TIME),
        "\u{2014} two.example !\n".to_owned(),
    ];
    let cosigned = log.cosign(&lines.concat(), &any).unwrap();
    let refused = [
        ("three.example", "it is no cosignature of the present checkpoint"),
        ("stranger.example", "no witness that is known has this key"),
        ("\u{2014} two.example !", "it is no signature"),
    ];
    let refused = refused.map(|(name, why)| (name.to_owned(), why)).to_vec();
    assert_eq!(cosigned, Cosigned { added: vec!["one.example".to_owned()], refused });
    let error = two.open(log.signed().note()).unwrap_err().to_string();
    assert_eq!(error, "1 of the 2 witnesses that are needed cosigned it: one.example");
    // A whole checkpoint, as a witness gives it back.
    let note = format!(
        "{}{}",
        String::from_utf8_lossy(log.signed().note()),
        log.signed().cosign(&keys[1], TIME + 1)
    );
    log.cosign(&note, &any).unwrap();
    let both = [("one.example".to_owned(), TIME), ("two.example".to_owned(), TIME + 1)];
    assert_eq!(names(&log, &two), both);
    // Later ones take the place of earlier ones, and not the other way.
    for (time, kept) in [(TIME + 9, TIME + 9), (TIME + 3, TIME + 9)] {
        let line = log.signed().cosign(&keys[1], time);
        log.cosign(&line, &any).unwrap();
        assert_eq!(names(&log, &two)[1], ("two.example".to_owned(), kept));
    }
    assert_eq!(names(&place.open(), &two).len(), 2, "they are on disk");
    log.append(&entries(9..10)).unwrap();
    assert_eq!(names(&log, &any), [], "they were about another tree");
}

#[test]
fn a_cosignature_that_was_changed_is_refused() {
    let (place, keys) = (Place::with(5), witnesses());
    let needed = policy(&place, &keys, 0);
    let mut log = place.open();
    let line = log.signed().cosign(&keys[0], TIME);
    log.cosign(&line, &needed).unwrap();
    let text = String::from_utf8(log.signed().note().to_vec()).unwrap();
    let base64 = line.trim_end().rsplit(' ').next().unwrap();
    // The time is within what is signed.
    let at = text.find(base64).unwrap() + 14;
    let mut changed = text.clone().into_bytes();
    changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
    let error = needed.open(&changed).unwrap_err();
    assert!(matches!(&error, CheckpointError::Signature(name) if name == "one.example"), "{error}");
}

#[test]
fn no_key_counts_twice() {
    let (place, [one, two, _]) = (Place::new(), witnesses());
    let log = place.key().log_vkey();
    let path = place.path("copy");
    one.save(&path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let twice = || vec![one.witness_vkey(), one.witness_vkey()];
    assert!(matches!(Policy::new(log.clone(), twice(), 1), Err(PolicyError::Twice(_, _))));
    assert!(matches!(
        Policy::new(log.clone(), vec![place.key().witness_vkey()], 1),
        Err(PolicyError::Twice(_, _))
    ));
    let error = Policy::new(log, vec![one.witness_vkey(), two.witness_vkey()], 3).unwrap_err();
    assert_eq!(error.to_string(), "3 witnesses are needed, and only 2 are named");
    assert!(text.starts_with("PRIVATE+KEY+one.example+"));
}
