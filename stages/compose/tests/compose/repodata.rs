//! Metadata from the store: made once, found again, and made again where it was lost.

use std::path::Path;

use heirloom_compose::{Placed, Repodata, describe, write_repodata};
use heirloom_formats::Document;
use heirloom_formats::repodata::{Compression, ExtraRecord, read_packages};
use heirloom_model::Digest;
use heirloom_store::Store;

use crate::world::World;

/// Packages of a world, each at two places.
fn placed(world: &World) -> Vec<Placed> {
    let at = |dir: &str| {
        let dir = dir.to_owned();
        world.rebuilt.iter().map(move |package| Placed {
            location: format!("{dir}/{}", package.nevra.file_name()),
            digest: package.digest,
        })
    };
    at("b").chain(at("a")).collect()
}

fn write(store: &Store, placed: &[Placed]) -> Repodata {
    let extra = ExtraRecord { kind: "group", file_name: "comps.xml", content: b"<comps/>" };
    write_repodata(store, "BaseOS", placed, &[extra], Compression::Zstd, 2).unwrap()
}

fn content(store: &Store, written: &Repodata, kind: &str) -> Vec<u8> {
    let file = written.files.iter().find(|file| file.path.contains(kind)).unwrap();
    store.read(file.digest).unwrap()
}

/// Other tables than those of the store itself, as another process might have left them.
fn change_derived(state: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(state.join("derived.db")).unwrap();
    connection.execute(sql, ()).unwrap();
}

#[test]
fn a_package_is_described_without_its_place() {
    let world = World::new();
    let written = write(&world.store, &placed(&world));
    let (primary, filelists) =
        (content(&world.store, &written, "primary"), content(&world.store, &written, "filelists"));
    // The same bytes twice are one package for whoever reads it, at the first place.
    let read = read_packages(Document::new("p", &primary), Document::new("f", &filelists)).unwrap();
    assert_eq!(read.len(), 3);
    assert!(read.iter().all(|package| package.location.starts_with("a/")));
    let text = Document::new("p", &primary).text().unwrap();
    assert!(text.contains("packages=\"6\"") && text.contains("href=\"b/hawk-1.0-1.noarch.rpm\""));
    assert!(written.repomd.contains("<data type=\"group\">"));
    assert_eq!(written.newest, world.rebuilt.iter().map(|package| package.build_time).max().unwrap());
}

#[test]
fn what_was_lost_or_damaged_is_made_again_with_the_same_bytes() {
    let world = World::new();
    let placed = placed(&world);
    let first = write(&world.store, &placed);
    for sql in [
        "DELETE FROM pieces",
        "UPDATE pieces SET body = substr(body, 1, 40)",
        "UPDATE pieces SET body = (SELECT body FROM pieces WHERE kind LIKE 'fragment/%' LIMIT 1)",
    ] {
        change_derived(world.store.dir(), sql);
        assert_eq!(write(&world.store, &placed), first, "{sql}");
    }
}

#[test]
fn nothing_new_is_found_again_unless_a_file_of_it_is_gone() {
    let world = World::new();
    let placed = placed(&world);
    let first = write(&world.store, &placed);
    // With their fragments and their own files gone, packages can't be described any more.
    change_derived(world.store.dir(), "DELETE FROM pieces WHERE kind LIKE 'fragment/%'");
    for package in &world.rebuilt {
        world.store.remove(package.digest).unwrap();
    }
    let reversed: Vec<_> = placed.iter().rev().cloned().collect();
    assert_eq!(write(&world.store, &reversed), first);
    world.store.remove(first.files[0].digest).unwrap();
    let error = write_repodata(&world.store, "BaseOS", &placed, &[], Compression::Zstd, 2).unwrap_err();
    assert!(error.to_string().contains("can't read"), "{error}");
}

#[test]
fn a_package_that_is_none_is_named() {
    let world = World::new();
    let digest = world.store.put(b"no package").unwrap();
    let error = describe(&world.store, digest).unwrap_err().to_string();
    assert!(error.contains(&digest.to_string()[2..]), "{error}");
    let twice = [Digest::of(b"x"), digest].map(|digest| Placed { location: "a.rpm".to_owned(), digest });
    assert!(write_repodata(&world.store, "BaseOS", &twice, &[], Compression::Zstd, 1).is_err());
}
