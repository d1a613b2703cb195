//! The tree on disk: what is in it, that it is the same every time, and what a killed process leaves.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::world::World;
use heirloom_compose::{ComposeError, Signer};
use heirloom_formats::Document;
use heirloom_formats::repodata::read_packages;
use heirloom_formats::repomd::Repomd;
use heirloom_model::record::{Accepted, Composed};
use heirloom_model::{Digest, Package};
use testkit::place::entries;

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

/// Every file of a tree with its digest, signatures aside.
fn content(tree: &Path) -> Vec<(String, Digest)> {
    let mut found = Vec::new();
    let mut open = vec![tree.to_owned()];
    while let Some(dir) = open.pop() {
        for path in entries(&dir).unwrap() {
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(tree).unwrap().display().to_string();
                found.push((name, Digest::of(&fs::read(&path).unwrap())));
            }
        }
    }
    found.sort();
    found
}

fn tree(world: &World, composed: &Composed) -> std::path::PathBuf {
    world.store.dir().join("composes").join(composed.id.to_string())
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
        let mut files = content(&tree(world, composed));
        // It has the URL, which is another one.
        files.retain(|(name, _)| name != "kestrel.repo");
        files
    };
    assert_eq!(of(&one, &first), of(&two, &second));
    assert_eq!(first.repositories, second.repositories);
}

#[test]
fn packages_share_their_bytes_with_the_store() {
    let world = World::new();
    let plan = world.plan().unwrap();
    let signed = world.sign(&plan).unwrap();
    world.write(&plan, &signed).unwrap();
    let placement = plan.repository("BaseOS").next().unwrap();
    assert_eq!(placement.accepted.nevra().name(), "Talon");
    let inode = |path: &Path| fs::metadata(path).unwrap().ino();
    let place = world.published().join(BASE).join(placement.location());
    assert!(place.ends_with("Packages/t/Talon-3-1.noarch.rpm"), "{}", place.display());
    assert_eq!(inode(&place), inode(&world.store.path(signed[0].signed)));
}

#[test]
fn the_same_input_writes_and_signs_nothing() {
    let world = World::new();
    let first = world.compose();
    let time = |composed| fs::metadata(tree(&world, composed)).unwrap().modified().unwrap();
    let before = time(&first);
    let again = world.compose();
    assert_eq!(first, again);
    assert_eq!(before, time(&again));
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
    assert!(!world.published().exists());
    assert_eq!(world.sign(&plan).unwrap(), signed);
    world.write(&plan, &signed).unwrap();
}

#[test]
fn the_previous_compose_stays() {
    let mut world = World::new();
    let first = world.compose();
    let removed = world.rebuilt.iter().position(|package| package.nevra.name() == "hawk").unwrap();
    world.rebuilt.remove(removed);
    let second = world.compose();
    assert_ne!(first.id, second.id);
    assert_eq!(packages(&tree(&world, &first).join(BASE)).len(), 3);
    assert_eq!(packages(&world.published().join(BASE)).len(), 2);
    assert_eq!(fs::read_link(world.published()).unwrap(), Path::new("composes").join(second.id.to_string()));
}

#[test]
fn what_a_killed_process_left_is_cleared() {
    let world = World::new();
    let state = world.store.dir();
    for leftover in ["composes/.new/BaseOS/x86_64/os/Packages/h", "signing/.tmpdead"] {
        fs::create_dir_all(state.join(leftover)).unwrap();
        fs::write(state.join(leftover).join("half.rpm"), "half").unwrap();
    }
    std::os::unix::fs::symlink("composes/nowhere", state.join("published.new")).unwrap();
    world.compose();
    assert!(!state.join("composes/.new").exists());
    assert!(!state.join("published.new").is_symlink());
    assert_eq!(entries(&state.join("signing")).unwrap().len(), 0);
    assert_eq!(entries(&state.join("composes")).unwrap().len(), 1);
}

#[test]
fn killed_between_naming_the_tree_and_publishing_it() {
    let world = World::new();
    let composed = world.compose();
    fs::remove_file(world.published()).unwrap();
    assert_eq!(world.compose(), composed);
    assert_eq!(packages(&world.published().join(BASE)).len(), 3);
}

#[test]
fn unsigned_packages_have_no_way_in() {
    let world = World::new();
    let plan = world.plan().unwrap();
    let mut signed = world.sign(&plan).unwrap();
    let last = signed.pop().unwrap();
    let error = world.write(&plan, &signed).unwrap_err();
    assert!(error.to_string().contains("kestrel-release-9-1.noarch has a place"), "{error}");
    // A record that passes off the unsigned package as the signed one.
    let forged = heirloom_model::record::Signed { signed: last.package, ..last };
    signed.push(forged);
    let error = world.write(&plan, &signed).unwrap_err().to_string();
    assert!(error.contains("kestrel-release-9-1.noarch.rpm: it is not signed"), "{error}");
    assert!(!world.published().exists());
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
