use proptest::prelude::*;

use super::{Share, ShareError, deal, join, recover, split};
use crate::key::{Algorithm, SecretKey};

const FINGERPRINT: &str = "0123456789ABCDEF0123456789ABCDEF01234567";

fn named(shares: &[Share]) -> Vec<(String, Share)> {
    shares.iter().map(|share| (format!("share-{}", share.number()), share.clone())).collect()
}

fn put(shares: &[Share]) -> Result<Vec<u8>, ShareError> {
    recover(&named(shares)).map(|(file, _)| file.to_vec())
}

#[test]
fn any_three_of_five_are_enough_and_two_are_not() {
    let shares = deal(b"a secret", FINGERPRINT, 5, 3).unwrap();
    for one in 0..5 {
        for two in one + 1..5 {
            for three in two + 1..5 {
                let some = [one, two, three].map(|at| shares[at].clone());
                assert_eq!(put(&some).unwrap(), b"a secret");
            }
            let few = put(&[shares[one].clone(), shares[two].clone()]).unwrap_err();
            assert!(matches!(few, ShareError::TooFew { need: 3, found: 2 }), "{few}");
        }
    }
    assert_eq!(put(&shares).unwrap(), b"a secret");
}

#[test]
fn two_of_three_tell_nothing() {
    // With a threshold of three, every value of the secret is as likely after two shares: over many splits of the same
    // byte, each value of a share comes about equally often.
    let mut seen = [0_u32; 256];
    for _ in 0..25_600 {
        let shares = deal(b"A", FINGERPRINT, 3, 3).unwrap();
        seen[usize::from(shares[0].data[0])] += 1;
    }
    assert!(seen.iter().all(|count| (40..200).contains(count)), "{seen:?}");
}

#[test]
fn thresholds_that_can_not_be_are_refused() {
    for (shares, need) in [(5, 1), (5, 0), (5, 6), (256, 3), (1, 1), (0, 0)] {
        let error = deal(b"a", FINGERPRINT, shares, need).unwrap_err();
        assert!(matches!(error, ShareError::Threshold { .. }), "{shares} {need}: {error}");
    }
    assert_eq!(deal(b"a", FINGERPRINT, 255, 255).unwrap().len(), 255);
}

#[test]
fn what_does_not_fit_is_named() {
    let one = deal(b"a secret", FINGERPRINT, 3, 2).unwrap();
    let other = deal(b"a secret", FINGERPRINT, 3, 2).unwrap();
    assert_ne!(one[0].set(), other[0].set());
    let mixed = put(&[one[0].clone(), other[1].clone()]).unwrap_err();
    assert!(
        matches!(&mixed, ShareError::Mixed { name, first, .. } if name == "share-2" && first == "share-1")
    );
    let repeated = put(&[one[2].clone(), one[2].clone()]).unwrap_err();
    assert!(matches!(&repeated, ShareError::Repeated { name, number: 3, .. } if name == "share-3"));
}

#[test]
fn a_key_comes_back_and_a_forged_share_is_seen() {
    let dir = tempfile::tempdir().unwrap();
    let key = SecretKey::generate("Test <test@example.org>", 1_700_000_000, Algorithm::Ed25519).unwrap();
    key.save(&dir.path().join("key")).unwrap();
    let file = std::fs::read(dir.path().join("key")).unwrap();
    let (shares, named_by) = split(&file, 3, 2).unwrap();
    assert_eq!(named_by, key.fingerprint());
    let (joined, fingerprint) = join(&named(&shares[1..])).unwrap();
    assert_eq!((joined.as_slice(), fingerprint.as_str()), (file.as_slice(), key.fingerprint()));
    let mut forged = shares[1].clone();
    forged.data[100] ^= 1;
    assert!(matches!(join(&named(&[shares[0].clone(), forged])), Err(ShareError::Forged)));
    // The share of another key that claims to be of this set.
    let mut other = deal(&file, FINGERPRINT, 3, 2).unwrap();
    other.iter_mut().for_each(|share| share.set.clone_from(&shares[0].set));
    assert!(matches!(join(&named(&other)), Err(ShareError::Forged)));
    assert!(matches!(split(b"no key", 3, 2), Err(ShareError::NoKey(_))));
    assert!(matches!(split(key.public_armoured().unwrap().as_bytes(), 3, 2), Err(ShareError::NoKey(_))));
}

#[test]
fn a_changed_text_is_damaged() {
    let text = deal(b"a secret", FINGERPRINT, 3, 2).unwrap()[0].to_text();
    assert_eq!(
        Share::parse(&text.replace('\n', "\r\n"), "s").unwrap().number(),
        1,
        "line ends may change on the way"
    );
    for (what, with) in [("need: 2", "need: 3"), ("1 of 3", "2 of 3"), ("data: ", "data: A")] {
        let changed = text.replace(what, with);
        let error = Share::parse(&changed, "share-1").unwrap_err();
        assert!(matches!(&error, ShareError::Damaged { name, .. } if name == "share-1"), "{what}: {error}");
    }
    let cut = &text[..text.len() / 2];
    assert!(matches!(Share::parse(cut, "s").unwrap_err(), ShareError::Malformed { .. }));
}

proptest! {
    #[test]
    fn texts_come_back(secret in proptest::collection::vec(any::<u8>(), 1..100), shares in 2_usize..9) {
        for share in deal(&secret, FINGERPRINT, shares, 2).unwrap() {
            prop_assert_eq!(&Share::parse(&share.to_text(), "s").unwrap(), &share);
        }
    }

    #[test]
    fn no_text_is_too_strange(text in "\\PC{0,60}(\n\\PC{0,20}){0,8}") {
        prop_assert!(Share::parse(&text, "s").is_err());
    }
}
