//! What is read and written, and what a client makes of it. Other programs judge it in the tests of the command.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;

use ed25519_dalek::{Signer as _, SigningKey};
use heirloom_model::Digest;
use jiff::{SignedDuration, Timestamp as Time};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::signed::canonical;
use super::*;

fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

fn public(key: &SigningKey) -> PublicKey {
    PublicKey::from_bytes(key.verifying_key().to_bytes()).unwrap()
}

fn sign(unsigned: &Unsigned, keys: &[u8]) -> Vec<u8> {
    let keys = keys.iter().map(|number| key(*number));
    let signatures: Vec<_> =
        keys.map(|key| (public(&key).id(), key.sign(&unsigned.bytes).to_vec())).collect();
    unsigned.attach(&signatures)
}

fn time(text: &str) -> Time {
    text.parse().unwrap()
}

/// What securesystemslib calls the key of RFC 8032, 7.1, test 1.
const KEYID: &str = "74c181c7ad8a0855d4b55e44d2ba87aabdddb196832571f15f92fece332e4916";
const NOW: &str = "2026-03-14T09:00:00Z";

fn says<B>(version: u64, days: i64, body: B) -> Metadata<B> {
    let (made, channel) = (Some(time(NOW)), Some("9".to_owned()));
    let expires = time(NOW).checked_add(SignedDuration::from_hours(24 * days)).unwrap();
    Metadata { version, expires, made, channel, body }
}

/// A root in which each role has these keys and this threshold.
fn root_of(version: u64, roles: [(&[u8], u32); 4]) -> Metadata<Root> {
    let ids = |numbers: &[u8]| numbers.iter().map(|number| public(&key(*number)).id()).collect();
    let numbers: BTreeSet<u8> = roles.iter().flat_map(|(numbers, _)| numbers.iter().copied()).collect();
    let body = Root {
        keys: numbers.iter().map(|number| (public(&key(*number)).id(), public(&key(*number)))).collect(),
        roles: Role::ALL
            .into_iter()
            .zip(roles)
            .map(|(role, (numbers, threshold))| (role, RoleKeys { keys: ids(numbers), threshold }))
            .collect(),
    };
    Metadata { channel: None, ..says(version, 365, body) }
}

fn root(version: u64) -> Metadata<Root> {
    root_of(version, [(&[1], 1), (&[2], 1), (&[3], 1), (&[4], 1)])
}

fn file<B: Body>(metadata: &Metadata<B>, keys: &[u8]) -> Vec<u8> {
    sign(&Unsigned::of(metadata).unwrap(), keys)
}

fn targets(path: &str) -> Targets {
    let mut targets = Targets::default();
    targets.add(path, Target::new(3, Digest::of(b"abc"), false)).unwrap();
    targets
}

/// A channel's metadata by name.
type Files = BTreeMap<String, Vec<u8>>;

/// Everything of version `version`.
fn files(version: u64) -> Files {
    let targets = file(&says(version, 365, targets("a/b")), &[2]);
    let snapshot = file(&says(version, 30, Snapshot::new(Meta::of(version, &targets))), &[3]);
    let stamp = file(&says(version, 2, Timestamp::new(Meta::of(version, &snapshot))), &[4]);
    let names = [Role::Targets, Role::Snapshot, Role::Timestamp].map(|role| role.file(version));
    names.into_iter().zip([targets, snapshot, stamp]).collect()
}

fn run(files: &Files, trusted: &mut Trusted, now: &str) -> Result<Verified, TufError> {
    let fetch = |name: &str, _: u64| Ok(files.get(name).cloned());
    verify(&file(&root(1), &[1]), trusted, Some(time(now)), &fetch)
}

#[test]
fn canonical_json_and_key_ids_are_those_of_securesystemslib() {
    let value = json!({"b": [1, true, null, "é\"\\\n"], "a": {"z": -5, "é": 0}});
    let text = String::from_utf8(canonical(&value).unwrap()).unwrap();
    assert_eq!(text, "{\"a\":{\"z\":-5,\"é\":0},\"b\":[1,true,null,\"é\\\"\\\\\n\"]}");
    // RFC 8032, 7.1, test 1.
    let bytes = key::unhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a").unwrap();
    let key = PublicKey::from_bytes(bytes.try_into().unwrap()).unwrap();
    assert_eq!(key.id().to_string(), KEYID);
    let signature = "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd2\
                     5bf5f0595bbe24655141438e7a100b";
    assert!(key.has_signed(b"", &key::unhex(signature).unwrap()));
    assert!(!key.has_signed(b"x", &key::unhex(signature).unwrap()));
    assert!(!key.has_signed(b"", b"short"));
}

#[test]
fn what_is_written_is_read_and_has_no_chance_in_it() {
    let metadata = says(7, 365, targets("BaseOS/x86_64/os/Packages/b/bc-1-1.x86_64.rpm"));
    let bytes = file(&metadata, &[2]);
    assert_eq!(bytes, file(&metadata, &[2]));
    let received: Received<Targets> = Received::parse("7.targets.json", &bytes).unwrap();
    assert_eq!(received.metadata, metadata);
    assert_eq!(received.canonical(), Unsigned::of(&metadata).unwrap().bytes);
    assert_eq!(received.signers(&root(1).body).len(), 1);
    let bytes = file(&root(3), &[1]);
    assert_eq!(Received::<Root>::parse("3.root.json", &bytes).unwrap().metadata, root(3));
}

#[test]
fn unknown_fields_are_kept_under_the_signature() {
    let text = String::from_utf8(Unsigned::of(&says(1, 2, targets("a"))).unwrap().bytes).unwrap();
    let text =
        text.replace("\"a\":{", "\"a\":{\"x-colour\":[{\"red\":1}],").replacen('{', "{\"x-new\":{},", 1);
    let value: Value = serde_json::from_str(&text).unwrap();
    let unsigned = Unsigned { role: Role::Targets, version: 1, bytes: canonical(&value).unwrap() };
    let bytes = sign(&unsigned, &[2]);
    let received: Received<Targets> = Received::parse("1.targets.json", &bytes).unwrap();
    assert_eq!(received.signers(&root(1).body).len(), 1);
    let other = String::from_utf8(bytes).unwrap().replace("\"red\":1", "\"red\":2");
    let received: Received<Targets> = Received::parse("1.targets.json", other.as_bytes()).unwrap();
    assert!(received.signers(&root(1).body).is_empty());
}

#[test]
fn what_no_role_writes_is_refused_with_its_place() {
    let whole = |edit: &dyn Fn(&mut Value)| {
        let mut value: Value = serde_json::from_slice(&file(&root(1), &[1])).unwrap();
        edit(&mut value);
        Received::<Root>::parse("1.root.json", value.to_string().as_bytes()).unwrap_err().to_string()
    };
    let first = |value: &Value| value["signed"]["keys"].as_object().unwrap().keys().next().unwrap().clone();
    type Edit<'a> = &'a dyn Fn(&mut Value);
    let cases: [(&str, Edit<'_>); 16] = [
        ("_type: expected `root`", &|value| value["signed"]["_type"] = json!("targets")),
        ("spec_version: expected `1.`", &|value| value["signed"]["spec_version"] = json!("2.0.0")),
        ("version: expected a number", &|value| value["signed"]["version"] = json!(0)),
        ("version: invalid type", &|value| value["signed"]["version"] = json!("1")),
        ("floating point", &|value| value["signed"]["version"] = json!(1.5)),
        ("expires: expected a time", &|value| {
            value["signed"]["expires"] = json!("2026-03-14T09:00:00+00:00")
        }),
        ("expires: expected a time", &|value| value["signed"]["expires"] = json!("2026-03-14T09:00:00.5Z")),
        ("`consistent_snapshot` is false", &|value| value["signed"]["consistent_snapshot"] = json!(false)),
        ("roles: `snapshot` is missing", &|value| {
            value["signed"]["roles"].as_object_mut().unwrap().remove("snapshot");
        }),
        ("roles.root.threshold: expected a number from 1", &|value| {
            value["signed"]["roles"]["root"]["threshold"] = json!(2);
        }),
        ("roles.root.threshold: expected a number from 1", &|value| {
            value["signed"]["roles"]["root"]["threshold"] = json!(0);
        }),
        ("a key is named twice", &|value| {
            let ids = value["signed"]["roles"]["root"]["keyids"].as_array_mut().unwrap();
            ids.push(ids[0].clone());
        }),
        ("is not among `keys`", &|value| {
            value["signed"]["roles"]["root"]["keyids"] = json!([Digest::of(b"x").to_string()]);
        }),
        ("only `ed25519` is accepted", &|value| {
            let id = first(value);
            value["signed"]["keys"][&id]["keytype"] = json!("rsa");
        }),
        ("another id has the same key", &|value| {
            let key = value["signed"]["keys"][first(value)].clone();
            value["signed"]["keys"][Digest::of(b"x").to_string()] = key;
        }),
        ("two of them are by", &|value| {
            let signatures = value["signatures"].as_array_mut().unwrap();
            signatures.push(signatures[0].clone());
        }),
    ];
    for (expected, edit) in cases {
        let found = whole(edit);
        assert!(found.contains(expected), "{expected}: {found}");
    }
    for path in ["", "/a", "a/../b", "a//b", "./a", "a\nb", "é", &"x".repeat(5000)] {
        assert!(Targets::default().add(path, Target::new(0, Digest::of(b""), false)).is_err(), "{path:?}");
    }
    let bad = file(&says(1, 2, targets("a/b")), &[2]);
    let bad = String::from_utf8(bad).unwrap().replace("a/b", "../b");
    let error = Received::<Targets>::parse("x", bad.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("`../b` is no plain path"), "{error}");
    let large = vec![b' '; 20_000];
    assert!(matches!(Received::<Timestamp>::parse("x", &large), Err(TufError::TooLong { .. })));
}

#[test]
fn a_threshold_is_of_different_keys_of_the_role() {
    let root = root_of(1, [(&[1, 5, 6], 2), (&[2], 1), (&[3], 1), (&[4], 1)]);
    let check = |keys: &[u8]| {
        let received: Received<Root> = Received::parse("1.root.json", &file(&root, keys)).unwrap();
        received.check_signers("1.root.json", (1, &root.body))
    };
    for (keys, holds) in
        [(&[1, 5][..], true), (&[6, 5, 1], true), (&[1], false), (&[1, 2], false), (&[7, 8], false)]
    {
        assert_eq!(check(keys).is_ok(), holds, "{keys:?}");
    }
    let error = check(&[1, 2]).unwrap_err().to_string();
    assert!(error.contains("1 of the 2 signatures") && error.contains("1 that do not count"), "{error}");
}

#[test]
fn roots_are_followed_one_by_one() {
    let mut files = files(1);
    // 2: another root key; 3: signed by that and its own two, timestamps by another key.
    let second = root_of(2, [(&[5], 1), (&[2], 1), (&[3], 1), (&[4], 1)]);
    let third = root_of(3, [(&[6, 7], 2), (&[2], 1), (&[3], 1), (&[9], 1)]);
    files.insert("2.root.json".to_owned(), file(&second, &[1, 5]));
    let mut trusted = Trusted::default();
    assert_eq!(run(&files, &mut trusted, NOW).unwrap().root.version, 2);
    assert_eq!((trusted.root, trusted.timestamp), (2, 1));
    for (keys, why) in [
        (&[6, 7][..], "3.root.json has 0 of the 1 signatures that it needs from keys that root 2 names"),
        (&[5, 6], "3.root.json has 1 of the 2 signatures that it needs from keys that root 3 names"),
        (&[1, 6, 7], "keys that root 2 names"),
    ] {
        files.insert("3.root.json".to_owned(), file(&third, keys));
        let error = run(&files, &mut trusted, NOW).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
    // A root in the place of another one.
    files.insert(
        "3.root.json".to_owned(),
        file(&root_of(4, [(&[5], 1), (&[2], 1), (&[3], 1), (&[4], 1)]), &[5]),
    );
    let error = run(&files, &mut trusted, NOW).unwrap_err().to_string();
    assert!(error.contains("says that it is version 4, but its name says version 3"), "{error}");
    files.insert("3.root.json".to_owned(), file(&third, &[5, 6, 7]));
    let error = run(&files, &mut trusted, NOW).unwrap_err().to_string();
    assert!(error.contains("timestamp.json has 0 of the 1 signatures"), "{error}");
    assert_eq!((trusted.root, trusted.timestamp), (3, 0), "what the old key said is forgotten with it");
    // Back to the second: what was seen is remembered.
    files.remove("3.root.json");
    let error = run(&files, &mut trusted, NOW).unwrap_err().to_string();
    assert!(error.contains("is version 2, but version 3 was seen before"), "{error}");
}

#[test]
fn versions_never_fall_whichever_role_they_are_of() {
    let (one, two) = (files(1), files(2));
    let mut trusted = Trusted::default();
    run(&two, &mut trusted, NOW).unwrap();
    let seen = Trusted { root: 1, timestamp: 2, snapshot: 2, targets: 2, channel: Some("9".to_owned()) };
    assert_eq!(trusted, seen);
    run(&two, &mut trusted, NOW).unwrap();
    let error = run(&one, &mut trusted, NOW).unwrap_err().to_string();
    assert!(error.starts_with("the timestamp of channel 9 is version 1, but version 2"), "{error}");
    // A new timestamp of an old snapshot, and a new snapshot of old targets, by who has the keys.
    let stamp = says(3, 2, Timestamp::new(Meta::of(1, &one["1.snapshot.json"])));
    let mut mixed = one.clone();
    mixed.insert("timestamp.json".to_owned(), file(&stamp, &[4]));
    let error = run(&mixed, &mut trusted, NOW).unwrap_err().to_string();
    assert!(error.starts_with("the snapshot of channel 9 is version 1, but version 2"), "{error}");
    let snapshot = file(&says(4, 30, Snapshot::new(Meta::of(1, &one["1.targets.json"]))), &[3]);
    let stamp = file(&says(4, 2, Timestamp::new(Meta::of(4, &snapshot))), &[4]);
    mixed.insert("4.snapshot.json".to_owned(), snapshot);
    mixed.insert("timestamp.json".to_owned(), stamp);
    let error = run(&mixed, &mut trusted, NOW).unwrap_err().to_string();
    assert!(error.starts_with("the targets of channel 9 is version 1, but version 2"), "{error}");
    // The file has another version than its name and the snapshot say.
    let snapshot = file(&says(5, 30, Snapshot::new(Meta::of(5, &one["1.targets.json"]))), &[3]);
    let stamp = file(&says(5, 2, Timestamp::new(Meta::of(5, &snapshot))), &[4]);
    mixed.insert("5.snapshot.json".to_owned(), snapshot);
    mixed.insert("5.targets.json".to_owned(), one["1.targets.json"].clone());
    mixed.insert("timestamp.json".to_owned(), stamp);
    let error = run(&mixed, &mut trusted, NOW).unwrap_err().to_string();
    assert!(
        error.starts_with("5.targets.json says that it is version 1, but the snapshot names version 5"),
        "{error}"
    );
}

#[test]
fn expiry_and_clocks_are_told_apart() {
    let files = files(1);
    for (now, expected) in [
        ("2026-03-16T08:59:59Z", None),
        (
            "2026-03-16T09:00:00Z",
            Some("expired on 2026-03-16T09:00:00Z (0 seconds ago): the mirror serves an old"),
        ),
        (
            "2026-03-19T10:00:00Z",
            Some("(3 days ago): the mirror serves an old state or withholds newer ones; try"),
        ),
        (
            "2026-06-01T00:00:00Z",
            Some("(76 days ago): look at this machine's clock first (now 2026-06-01T00:00:00Z)"),
        ),
        ("2027-03-14T10:00:00Z", Some("root 1 expired on 2027-03-14T09:00:00Z (1 hour ago)")),
        ("2026-03-13T09:00:00Z", None),
        (
            "2025-03-14T09:00:00Z",
            Some("by this machine's clock it is 2025-03-14T09:00:00Z: the clock is 365 days behind"),
        ),
    ] {
        let found = run(&files, &mut Trusted::default(), now).err().map(|error| error.to_string());
        match expected {
            None => assert_eq!(found, None, "{now}"),
            Some(expected) => assert!(found.as_ref().unwrap().contains(expected), "{now}: {found:?}"),
        }
    }
}

#[test]
fn no_more_is_read_than_is_allowed() {
    let files = files(1);
    let asked = RefCell::new(Vec::new());
    let fetch = |name: &str, most: u64| {
        asked.borrow_mut().push((name.to_owned(), most));
        Ok(files.get(name).cloned())
    };
    verify(&file(&root(1), &[1]), &mut Trusted::default(), Some(time(NOW)), &fetch).unwrap();
    let length = |name: &str| files[name].len() as u64;
    assert_eq!(
        asked.into_inner(),
        [
            ("2.root.json".to_owned(), 512_000),
            ("timestamp.json".to_owned(), 16_384),
            ("1.snapshot.json".to_owned(), length("1.snapshot.json")),
            ("1.targets.json".to_owned(), length("1.targets.json")),
        ]
    );
    let failing = |_: &str, _: u64| Err(io::Error::other("the line is dead"));
    let error = verify(&file(&root(1), &[1]), &mut Trusted::default(), None, &failing).unwrap_err();
    assert!(error.to_string().contains("can't read 2.root.json: the line is dead"), "{error}");
}

proptest! {
    #[test]
    fn any_targets_come_back(paths: BTreeMap<String, (u64, bool)>, version in 1u64..) {
        let mut all = Targets::default();
        for (path, (length, superseded)) in &paths {
            // JSON's numbers are exact up to here for all clients.
            let target = Target::new(length >> 11, Digest::of(path.as_bytes()), *superseded);
            let plain: String = path.chars().filter(|c| (' '..='~').contains(c) && *c != '/').collect();
            let _ = all.add(&format!("x{plain}/y"), target);
        }
        let metadata = says(version, 3, all);
        let received: Received<Targets> = Received::parse("x", &file(&metadata, &[2])).unwrap();
        prop_assert_eq!(received.metadata, metadata);
    }

    #[test]
    fn a_changed_byte_is_an_error_or_no_signature_or_means_nothing(at: prop::sample::Index, by in 1u8..) {
        let metadata = says(1, 2, targets("a/b"));
        let mut bytes = file(&metadata, &[2]);
        let at = at.index(bytes.len());
        bytes[at] ^= by;
        if let Ok(received) = Received::<Targets>::parse("x", &bytes) {
            prop_assert!(received.signers(&root(1).body).is_empty() || received.metadata == metadata);
        }
    }

    #[test]
    fn garbage_never_panics(text in "\\PC{0,200}|\\{\"signed\":\\{\"_type\":\"[a-z]{0,9}\",\\PC{0,99}\\},\"signatures\":\\[\\]\\}") {
        let _ = Received::<Root>::parse("x", text.as_bytes());
        let _ = Received::<Targets>::parse("x", text.as_bytes());
        let _ = Received::<Snapshot>::parse("x", text.as_bytes());
        let _ = Received::<Timestamp>::parse("x", text.as_bytes());
    }
}
