//! What other verbs are answered.

use std::fs;

use super::*;
use crate::flow::sample::DEFINITION;

fn context(dir: &Path) -> Context {
    fs::write(dir.join("heirloom.toml"), DEFINITION).unwrap();
    Context::open(&dir.join("heirloom.toml")).unwrap()
}

fn entry(name: &str) -> LogEntry {
    LogEntry { digest: Digest::of(name.as_bytes()), kind: LogKind::Release, name: name.to_owned() }
}

#[test]
fn without_a_key_nothing_is_logged_and_that_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let context = context(dir.path());
    let appended = append(&context, &[entry("one")]).unwrap();
    assert_eq!(serde_json::to_value(appended).unwrap(), serde_json::json!({ "log": "no-key" }));
    assert!(prove(&context, &entry("one")).unwrap().is_none());
    assert!(!super::dir(&context).exists());
}

#[test]
fn entries_are_added_once_proven_and_never_taken_back() {
    let dir = tempfile::tempdir().unwrap();
    let context = context(dir.path());
    let made = init(&context).unwrap();
    assert_eq!((made.size, made.is_new), (1, true));
    let done = |entries: &[LogEntry]| match append(&context, entries).unwrap() {
        Appended::Done { added, known, size, .. } => (added, known, size),
        Appended::NoKey => panic!("there is a key"),
    };
    assert_eq!(done(&[entry("one"), entry("two")]), (2, 0, 3));
    assert_eq!(done(&[entry("two"), entry("three")]), (1, 1, 4));
    assert_eq!(done(&[]), (0, 0, 4));
    let policy = policy(&context).unwrap();
    let proven = prove(&context, &entry("two")).unwrap().unwrap().verify(&policy).unwrap();
    assert_eq!((proven.index, LogEntry::parse(&proven.entry).unwrap()), (2, entry("two")));
    assert!(prove(&context, &entry("four")).unwrap().is_none());
    let fail = append(&context, &[entry("a\nb")]).unwrap_err();
    assert!(fail.message.contains("control characters"), "{}", fail.message);

    // Signed again, with an entry less: what a backup would be.
    let kept = dir.path().join("kept");
    fs::rename(super::dir(&context), &kept).unwrap();
    let mut log = Log::create(&super::dir(&context), key(&context).unwrap()).unwrap();
    log.append(&[entry("one").line().unwrap(), entry("two").line().unwrap()]).unwrap();
    let fail = append(&context, &[entry("three")]).unwrap_err();
    let said = "has 2 entries, and does not continue the 4 entries that were signed last";
    assert!(fail.message.contains(said) && fail.hint.contains("is a fork"), "{}", fail.message);
    fs::remove_dir_all(super::dir(&context)).unwrap();
    fs::rename(kept, super::dir(&context)).unwrap();
    assert_eq!(done(&[entry("four")]), (1, 0, 5));
}
