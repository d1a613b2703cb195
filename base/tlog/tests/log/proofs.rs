//! Proofs hold at every size, and nothing else does.

use heirloom_model::Digest;
use heirloom_tlog::{Policy, Proof, ProofError, SignedCheckpoint, Tree, TreeError};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use crate::support::{Place, entries, entry, source};

/// A log of 10,000 entries that grew in steps of all kinds, with the checkpoint of each step.
fn grown() -> (Place, Vec<SignedCheckpoint>) {
    let place = Place::new();
    let mut log = place.open();
    let steps =
        [1, 1, 1, 1, 1, 2, 3, 5, 100, 140, 1, 1, 255, 1, 256, 257, 500, 511, 1, 2000, 60, 4000, 1800, 102];
    let mut signed = vec![place.signed()];
    for step in steps {
        let size = log.size();
        log.append(&entries(size..size + step)).unwrap();
        signed.push(place.signed());
    }
    assert_eq!(log.size(), 10_000);
    (place, signed)
}

/// MTH of RFC 6962, 2.1.
fn mth(range: std::ops::Range<u64>) -> [u8; 32] {
    let count = range.end - range.start;
    match count {
        0 => Sha256::digest(b"").into(),
        1 => Sha256::new().chain_update([0]).chain_update(entry(range.start)).finalize().into(),
        _ => {
            let middle = range.start + count.next_power_of_two() / 2;
            let (left, right) = (mth(range.start..middle), mth(middle..range.end));
            Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
        }
    }
}

#[test]
fn entries_are_proven_at_every_size_and_sizes_continue_each_other() {
    let (place, all) = grown();
    let (log, policy) = (place.log(), place.policy());
    let source = source(&log);
    for (number, signed) in all.iter().enumerate() {
        let size = signed.checkpoint().size();
        assert_eq!(signed.checkpoint().root(), Digest::from(mth(0..size)), "{size}");
        let tree = Tree::new(&source, signed.checkpoint());
        let some = (0..size).step_by(usize::try_from(size / 40 + 1).unwrap()).chain(size.checked_sub(1));
        for index in some {
            let text = Proof::make(&tree, signed, index).unwrap().to_text();
            let proven = Proof::parse(&text).unwrap().verify(&policy).unwrap();
            assert_eq!((proven.entry, proven.index), (entry(index), index));
            assert_eq!(proven.signed.checkpoint(), signed.checkpoint());
        }
        for earlier in &all[..=number] {
            assert!(tree.continues(earlier.checkpoint()).unwrap());
        }
        assert!(matches!(tree.entry(size), Err(TreeError::Beyond { .. })));
    }
    // Entries that are known already are not added again, wherever they are.
    let mut log = place.open();
    let again = [entry(0), entry(9_999), entry(10_000), entry(256), entry(10_000)];
    let appended = log.append(&again).unwrap();
    assert_eq!((appended.added, appended.known, log.size()), (1, 4, 10_001));
    assert_eq!((log.index_of(&entry(10_000)), log.index_of(&entry(77))), (Some(10_000), Some(77)));
    assert_eq!((log.index_of(b"no"), log.entry(256).unwrap()), (None, entry(256)));
    let note = log.signed().note().to_vec();
    log.append(&[entry(3)]).unwrap();
    assert_eq!(log.signed().note(), note, "nothing new changes nothing");
}

/// A log of one, with a proof that a witness is needed for.
fn proof(count: u64, index: u64) -> (Policy, String) {
    let place = Place::with(count);
    let witness = heirloom_tlog::NoteKey::generate("witness.example").unwrap();
    let policy = Policy::new(place.key().log_vkey(), vec![witness.witness_vkey()], 1).unwrap();
    let mut log = place.open();
    let line = log.signed().cosign(&witness, 1_700_000_000);
    log.cosign(&line, &policy).unwrap();
    let dir = place.log();
    let source = source(&dir);
    let text =
        Proof::make(&Tree::new(&source, log.signed().checkpoint()), log.signed(), index).unwrap().to_text();
    (policy, text)
}

#[test]
fn a_proof_with_any_byte_changed_is_refused() {
    for (count, index) in [(1, 0), (7, 6), (300, 5)] {
        let (policy, text) = proof(count, index);
        Proof::parse(&text).unwrap().verify(&policy).unwrap();
        for at in 0..text.len() {
            for flip in [1, 0x20, 0x80] {
                let mut bytes = text.clone().into_bytes();
                bytes[at] ^= flip;
                let Ok(changed) = String::from_utf8(bytes) else { continue };
                let result = Proof::parse(&changed).and_then(|proof| proof.verify(&policy));
                assert!(result.is_err(), "byte {at} of\n{text}");
            }
        }
        for cut in 0..text.len() {
            if let Some(part) = text.get(..cut) {
                assert!(Proof::parse(part).and_then(|proof| proof.verify(&policy)).is_err(), "{cut}");
            }
        }
    }
}

#[test]
fn what_is_wrong_with_a_proof_is_told() {
    let (policy, text) = proof(7, 2);
    let refused =
        |text: &str| Proof::parse(text).and_then(|proof| proof.verify(&policy)).unwrap_err().to_string();
    for (from, to, said) in [
        ("c2sp.org", "c3sp.org", "line 1 of the proof: expected `c2sp.org/tlog-proof@v1`"),
        ("extra ", "", "line 2 of the proof"),
        ("extra ", "extra A", "line 2 of the proof"),
        ("index 2", "index 02", "line 3 of the proof"),
        ("index 2", "index 3", "entry 3 is not in the log of 7 entries"),
        ("index 2", "index 7", "entry 7 is not in the log of 7 entries"),
        ("\n\n", "\nAA==\n\n", "line 7 of the proof: expected a SHA-256 digest"),
        (
            "kestrel.example/log\n7",
            "kestrel.example/log\n8",
            "the signature of kestrel.example/log does not hold",
        ),
        ("\u{2014} kestrel", "\u{2014} merlin", "it is not signed by kestrel.example/log+"),
        ("\u{2014} witness", "\u{2014} other", "0 of the 1 witnesses that are needed cosigned it"),
    ] {
        let error = refused(&text.replacen(from, to, 1));
        assert!(error.contains(said), "{from} -> {to}: {error}");
    }
    let large = format!("{text}{}", "x".repeat(300_000));
    assert!(matches!(Proof::parse(&large), Err(ProofError::Large { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn random_logs_are_proven(steps in prop::collection::vec(1_u64..700, 1..6), at: prop::sample::Index) {
        let place = Place::new();
        let mut log = place.open();
        let mut before = place.checkpoint();
        let dir = place.log();
        for step in steps {
            let size = log.size();
            log.append(&entries(size..size + step)).unwrap();
            let source = source(&dir);
            let tree = Tree::new(&source, log.signed().checkpoint());
            prop_assert_eq!(log.signed().checkpoint().root(), Digest::from(mth(0..size + step)));
            prop_assert!(tree.continues(&before).unwrap());
            let index = at.index(usize::try_from(size + step).unwrap()) as u64;
            let proof = Proof::make(&tree, log.signed(), index).unwrap();
            let read = Proof::parse(&proof.to_text()).unwrap();
            prop_assert_eq!(&read, &proof);
            prop_assert_eq!(read.verify(&place.policy()).unwrap().entry, entry(index));
            before = place.checkpoint();
        }
        prop_assert_eq!(place.open().size(), log.size());
    }
}
