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

fn damage(path: &Path) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::write(path, b"hellp").unwrap();
}

#[test]
fn an_object_is_read_again_only_when_it_was_touched() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let digest = store.put(b"hello").unwrap();
    assert_eq!(store.check(digest).unwrap(), State::Whole);
    let file = store.path(digest).metadata().unwrap();
    assert!(store.checks.lock().unwrap().knows(digest, &file));
    damage(&store.path(digest));
    assert!(
        matches!(store.check(digest).unwrap(), State::Damaged { found, .. } if found == Digest::of(b"hellp"))
    );
    assert_eq!(store.check(digest).unwrap(), State::Missing);
    store.put(b"hello").unwrap();
    assert_eq!(store.check(digest).unwrap(), State::Whole);
}

/// Two stores and the cache between them.
struct Shared {
    dir: tempfile::TempDir,
    one: Store,
    two: Store,
    cache: Cache,
}

impl Shared {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let open = |name: &str| Store::open(&dir.path().join(name)).unwrap();
        let cache = Cache::open(&dir.path().join("cache")).unwrap();
        Self { one: open("one"), two: open("two"), cache, dir }
    }

    fn keep(&self, key: &[u8], contents: &[&[u8]]) -> Vec<Digest> {
        let objects: Vec<_> = contents.iter().map(|bytes| self.one.put(bytes).unwrap()).collect();
        self.cache.keep(Digest::of(key), &objects, &objects, &self.one).unwrap();
        objects
    }

    fn take(&self, key: &[u8]) -> Found<Vec<Digest>> {
        self.cache.take(Digest::of(key), &self.two, |objects: &Vec<Digest>| objects.clone()).unwrap()
    }

    fn object(&self, digest: Digest) -> PathBuf {
        let name = digest.to_string();
        self.dir.path().join("cache/objects").join(&name[..2]).join(&name[2..])
    }
}

#[test]
fn what_one_store_keeps_another_takes() {
    let shared = Shared::new();
    assert_eq!(shared.take(b"key"), Found::Nothing);
    let objects = shared.keep(b"key", &[b"hello", b"world"]);
    assert_eq!(shared.take(b"key"), Found::Whole(objects.clone()));
    assert_eq!(shared.two.read(objects[1]).unwrap(), b"world");
}

#[test]
fn a_poisoned_object_is_refused_and_can_be_kept_anew() {
    let shared = Shared::new();
    let objects = shared.keep(b"key", &[b"hello"]);
    damage(&shared.object(objects[0]));
    let Found::Refused(why) = shared.take(b"key") else { panic!("it was taken") };
    assert!(why.contains("is damaged"), "{why}");
    assert!(!shared.two.contains(objects[0]));
    assert_eq!(shared.take(b"key"), Found::Nothing);
    // The other name of the damaged file is found out too, before it is offered again.
    assert!(matches!(shared.one.check(objects[0]).unwrap(), State::Damaged { .. }));
    shared.keep(b"key", &[b"hello"]);
    assert_eq!(shared.take(b"key"), Found::Whole(objects));
    std::fs::write(shared.dir.path().join("cache/results").join(key_path(b"key")), b"{").unwrap();
    assert!(matches!(shared.take(b"key"), Found::Refused(_)));
}

fn key_path(key: &[u8]) -> PathBuf {
    let name = Digest::of(key).to_string();
    Path::new(&name[..2]).join(&name[2..])
}

#[test]
fn clearing_keeps_what_was_used_last() {
    let shared = Shared::new();
    shared.keep(b"old", &[b"0123456789", b"shared"]);
    let old = shared.dir.path().join("cache/results").join(key_path(b"old"));
    let past = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
    std::fs::File::open(&old).unwrap().set_times(std::fs::FileTimes::new().set_modified(past)).unwrap();
    shared.keep(b"new", &[b"abc", b"shared"]);
    let dir = shared.dir.path().join("cache");
    let objects = |objects: &Vec<Digest>| objects.clone();
    assert!(matches!(Cache::clear(&dir, 10, objects), Err(StoreError::Locked(_))));
    let Shared { dir: kept, two, cache, .. } = shared;
    drop(cache);
    let cleared = Cache::clear(&dir, 10, objects).unwrap();
    assert_eq!(cleared, Cleared { results: 1, objects: 1, bytes: 10, kept: 9 });
    let cache = Cache::open(&dir).unwrap();
    let take = |key: &[u8]| cache.take(Digest::of(key), &two, objects).unwrap();
    assert_eq!(take(b"old"), Found::Nothing);
    assert!(matches!(take(b"new"), Found::Whole(_)));
    drop(kept);
}

#[test]
fn what_is_not_accepted_is_not_kept() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let refused = store.put_if(&b"hello"[..], |digest, path| {
        assert_eq!((digest, std::fs::read(path).unwrap().as_slice()), (Digest::of(b"hello"), &b"hello"[..]));
        Err("no")
    });
    assert_eq!(refused.unwrap(), Err("no"));
    assert!(store.objects().unwrap().is_empty());
    let kept = store.put_if(&b"hello"[..], |_, _| Ok::<_, ()>(())).unwrap();
    assert_eq!(kept, Ok((Digest::of(b"hello"), 5)));

    let file = dir.path().join("file");
    std::fs::write(&file, b"world").unwrap();
    assert!(matches!(store.adopt(&file, Digest::of(b"other")), Err(StoreError::Damaged { .. })));
    assert!(file.exists());
    assert_eq!(store.adopt(&file, Digest::of(b"world")).unwrap(), 5);
    assert!(!file.exists());
    assert_eq!(store.read(Digest::of(b"world")).unwrap(), b"world");
}

#[test]
fn records_are_added_together_and_notes_replace_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    store.append(&settled(b"a", "one")).unwrap();
    let all = [settled(b"a", "one"), settled(b"b", "two"), settled(b"b", "two"), settled(b"b", "three")];
    store.append_all(&all).unwrap();
    assert_eq!(store.history::<Settled>().unwrap().len(), 3);
    assert_eq!(store.get::<Settled>(&all[3].key()).unwrap().unwrap(), all[3]);

    assert_eq!(store.noted("x"), None);
    store.note("x", "one");
    store.note("x", "two");
    drop(store);
    assert_eq!(Store::open(dir.path()).unwrap().noted("x").as_deref(), Some("two"));
}

#[test]
fn what_was_derived_is_read_in_the_order_asked_and_forgotten_with_its_objects() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let objects: Vec<_> = [b"a", b"b", b"c"].map(|bytes| store.put(bytes).unwrap()).to_vec();
    let bodies: Vec<_> = objects.iter().map(|digest| digest.to_string().repeat(200)).collect();
    store.derive("x/1", objects.iter().copied().zip(bodies.iter().map(String::as_bytes)));
    store.derive("y/1", [(objects[0], &b"other"[..])]);
    let gone = Digest::of(b"gone");
    let asked = [objects[2], gone, objects[0], objects[2]];
    let body = |index: usize| Some(bodies[index].clone().into_bytes());
    assert_eq!(store.derived_all("x/1", &asked), [body(2), None, body(0), body(2)]);
    assert_eq!(store.derived_all("x/2", &asked), vec![None; 4]);
    assert_eq!(store.forget_derived(), 0);
    store.derive("x/1", [(gone, &b"of nothing"[..])]);
    store.remove(objects[0]).unwrap();
    assert_eq!(store.forget_derived(), 3);
    assert_eq!(store.derived_all("x/1", &asked), [body(2), None, None, body(2)]);
    drop(store);
    let store = Store::open(dir.path()).unwrap();
    assert_eq!(store.derived("x/1", objects[1]), body(1));
    assert_eq!(store.derived("y/1", objects[0]), None);
}
