use std::os::unix::fs::PermissionsExt as _;

use heirloom_model::record::{Record, Settled};
use heirloom_model::{Dependency, Digest};

use super::*;

fn settled(of: &[u8], requires: &str) -> Settled {
    Settled { source: Digest::of(of), with: Vec::new(), requires: vec![Dependency::any(requires)] }
}

#[test]
fn objects_are_kept_once_and_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let digest = store.put(b"hello").unwrap();
    assert_eq!(store.put_reader(&b"hello"[..]).unwrap(), (digest, 5));
    assert_eq!(store.read(digest).unwrap(), b"hello");
    assert_eq!(std::fs::read_dir(dir.path().join("incoming")).unwrap().count(), 0);
    assert!(matches!(store.read(Digest::of(b"other")), Err(StoreError::Missing { .. })));
}

#[test]
fn a_damaged_object_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let path = store.path(store.put(b"hello").unwrap());
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::write(&path, b"hellp").unwrap();
    assert!(matches!(store.read(Digest::of(b"hello")), Err(StoreError::Damaged { .. })));
    assert!(matches!(store.verify(Digest::of(b"hello")), Err(StoreError::Damaged { .. })));
}

#[test]
fn the_newest_record_counts_and_none_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    for requires in ["one", "one", "two"] {
        store.append(&settled(b"a", requires)).unwrap();
    }
    store.append(&settled(b"b", "three")).unwrap();
    let newest: Settled = store.get(&settled(b"a", "").key()).unwrap().unwrap();
    assert_eq!(newest, settled(b"a", "two"));
    assert_eq!(store.all::<Settled>().unwrap().len(), 2);
    assert_eq!(store.history::<Settled>().unwrap().len(), 3);
    let erased = store.ledger.lock().unwrap().execute("DELETE FROM ledger", ());
    assert!(erased.unwrap_err().to_string().contains("append-only"));
}

#[test]
fn records_and_objects_outlive_the_process_and_left_overs_do_not() {
    let dir = tempfile::tempdir().unwrap();
    let digest = {
        let store = Store::open(dir.path()).unwrap();
        store.append(&settled(b"a", "one")).unwrap();
        store.put(b"hello").unwrap()
    };
    std::fs::write(dir.path().join("incoming/half"), b"hal").unwrap();
    let store = Store::open(dir.path()).unwrap();
    assert_eq!(store.read(digest).unwrap(), b"hello");
    assert_eq!(store.all::<Settled>().unwrap().len(), 1);
    assert!(!dir.path().join("incoming/half").exists());
}

#[test]
fn only_one_process_works_in_a_store() {
    let dir = tempfile::tempdir().unwrap();
    let _first = Store::open(dir.path()).unwrap();
    assert!(matches!(Store::open(dir.path()), Err(StoreError::Locked(_))));
}
