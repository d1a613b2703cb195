//! The tree on disk: what is in it, that it is the same every time, and what a killed process leaves.

use std::fs;
use std::path::Path;

use crate::world::World;
use heirloom_compose::{ComposeError, Signer};
use heirloom_formats::Document;
use heirloom_formats::repodata::read_packages;
use heirloom_formats::repomd::Repomd;
use heirloom_model::Package;
use heirloom_model::record::{Accepted, Composed};

const BASE: &str = "BaseOS/x86_64/os";

fn packages(root: &Path) -> Vec<Package> {
    let repomd = fs::read(root.join("repodata/repomd.xml")).unwrap();
    let repomd = Repomd::parse(Document::new("repomd.xml", &repomd)).unwrap();
    let read = |kind| fs::read(root.join(&repomd.record(kind).unwrap().location)).unwrap();
    let (primary, filelists) = (read("primary"), read("filelists"));
    let mut packages =
        read_packages(Document::new("primary", &primary), Document::new("filelists", &filelists)).unwrap();
    packages.sort_by(|a, b| a.location.cmp(&b.location));
    packages
}

#[test]
fn the_metadata_says_what_createrepo_c_says() {
    let world = World::new();
    world.compose();
    let root = world.published().join(BASE);
    let ours = packages(&root);
    let dir = tempfile::TempDir::new().unwrap();
    testkit::tool::Tool::new("cp").arg("-r").arg(root.join("Packages")).arg(dir.path()).run().unwrap();
    testkit::repo(dir.path()).unwrap();
    assert_eq!(ours.len(), 3);
    assert_eq!(ours, packages(dir.path()));
}

#[test]
fn two_stores_give_the_same_bytes() {
    let one = World::new();
    let saved = one.dir.path().join("key");
    one.key.save(&saved).unwrap();
    let two = World::with_key(heirloom_sign::SecretKey::load(&saved).unwrap());
    let (first, second) = (one.compose(), two.compose());
    let of = |world: &World, composed: &Composed| {
        let mut files = world.files(composed);
        // It has the URL, which is another one.
        files.retain(|file| file.path != "kestrel.repo");
        files
    };
    assert_eq!(of(&one, &first), of(&two, &second));
    assert_eq!(first.repositories, second.repositories);
}

#[test]
fn the_same_input_writes_and_signs_nothing() {
    let world = World::new();
    let first = world.compose();
    let objects = world.store.objects().unwrap();
    let again = world.compose();
    assert_eq!(first, again);
    assert_eq!(objects, world.store.objects().unwrap());
    assert_eq!(world.store.history::<Composed>().unwrap().len(), 1);
    assert_eq!(world.store.history::<heirloom_model::record::Signed>().unwrap().len(), 5);
}

#[test]
fn a_lost_signed_package_is_signed_again() {
    let world = World::new();
    let plan = world.plan().unwrap();
    let signed = world.sign(&plan).unwrap();
    fs::remove_file(world.store.path(signed[0].signed)).unwrap();
    assert!(matches!(world.write(&plan, &signed), Err(ComposeError::Lost(_))));
    assert_eq!(world.sign(&plan).unwrap(), signed);
    world.write(&plan, &signed).unwrap();
}

#[test]
fn unsigned_packages_have_no_way_in() {
    let world = World::new();
    let plan = world.plan().unwrap();
    let mut signed = world.sign(&plan).unwrap();
    let last = signed.pop().unwrap();
    let error = world.write(&plan, &signed).unwrap_err();
    assert!(error.to_string().contains("kestrel-release-9-1.noarch has a place"), "{error}");
    signed.push(last);
    world.write(&plan, &signed).unwrap();
}

#[test]
fn damaged_or_swapped_packages_are_not_signed() {
    let world = World::new();
    let signer = Signer::new(&world.store, &world.key).unwrap();
    let mut swapped = world.own[0].clone();
    swapped.digest = world.bootstrap[0].digest;
    let error = signer.sign(&Accepted::own(&swapped)).unwrap_err();
    assert!(matches!(error, ComposeError::OtherMetadata { .. }), "{error}");
    let object = world.store.path(world.own[0].digest);
    testkit::corrupt::flip_byte(&object, -1).unwrap();
    let error = signer.sign(&Accepted::own(&world.own[0])).unwrap_err();
    assert!(error.to_string().contains("is damaged"), "{error}");
}
