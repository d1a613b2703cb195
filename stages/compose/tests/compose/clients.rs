//! What stock dnf and rpm make of a composed tree.

use std::fs;
use std::path::Path;

use crate::world::{KEY_CREATED, World};
use heirloom_sign::{Algorithm, SecretKey};
use testkit::corrupt;
use testkit::place::entries;

const HAWK: &str = "BaseOS/x86_64/os/Packages/h/hawk-1.0-1.noarch.rpm";
const REPODATA: &str = "BaseOS/x86_64/os/repodata";

#[test]
fn dnf_installs_from_the_published_repo_file_alone() {
    let world = World::new();
    world.compose();
    let client = world.client();
    client.dnf(&["install", "hawk", "Talon", "kestrel-release"]).unwrap();
    for file in ["usr/share/hawk", "usr/share/wing", "usr/share/feather", "usr/share/talon", "etc/kestrel"] {
        assert!(client.root().join(file).is_file(), "{file}");
    }
    client.dnf(&["repoclosure"]).unwrap();
}

#[test]
fn groups_hold_what_is_there() {
    let mut world = World::new();
    let package = |name| format!("<packagereq type=\"mandatory\">{name}</packagereq>");
    let group = |id, packages: String| {
        format!(
            "<group><id>{id}</id><name>{id}</name><description/><default>true</default>\
             <uservisible>true</uservisible><packagelist>{packages}</packagelist></group>"
        )
    };
    let comps = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<comps>{}{}</comps>",
        group("birds", package("hawk") + &package("kestrel-release") + &package("albatross")),
        group("ships", package("frigate")),
    );
    world.comps = Some(world.store.put(comps.as_bytes()).unwrap());
    world.compose();
    let client = world.client();
    client.dnf(&["group", "install", "birds"]).unwrap();
    assert!(client.root().join("usr/share/feather").is_file());
    assert!(client.root().join("etc/kestrel").is_file());
    let groups = client.dnf(&["group", "list", "--hidden"]).unwrap();
    assert!(groups.contains("birds") && !groups.contains("ships"), "{groups}");
    let birds = client.dnf(&["group", "info", "birds"]).unwrap();
    assert!(birds.contains("hawk") && !birds.contains("albatross"), "{birds}");
}

#[test]
fn rpm_accepts_every_package_and_only_with_the_key() {
    // The default kind of key.
    let key = SecretKey::generate("Kestrel <k@example.org>", KEY_CREATED, Algorithm::Rsa4096).unwrap();
    let world = World::with_key(key);
    let composed = world.compose();
    let client = world.client();
    let mut packages = Vec::new();
    for repository in composed.repositories.iter().filter(|repository| repository.packages > 0) {
        for letter in entries(&world.published().join(&repository.path).join("Packages")).unwrap() {
            packages.extend(entries(&letter).unwrap());
        }
    }
    assert_eq!(packages.len(), 5);
    assert!(client.rpm().arg("-K").args(&packages).run().is_err(), "the key is not imported yet");
    client.rpm().arg("--import").arg(world.published().join("RPM-GPG-KEY-kestrel")).run().unwrap();
    let said = client.rpm().arg("-K").args(&packages).run().unwrap();
    assert_eq!(said.matches("digests signatures OK").count(), 5, "{said}");
    client.dnf(&["install", "hawk", "kestrel-release"]).unwrap();
}

#[test]
fn dnf_refuses_a_package_with_one_byte_changed() {
    let world = World::new();
    world.compose();
    for offset in [-1, -200, 5000] {
        let (_dir, client) = world.damaged_copy(|tree| {
            let hawk = tree.join(HAWK);
            corrupt::flip_byte(&hawk, offset.min(fs::metadata(&hawk).unwrap().len() as i64 - 1)).unwrap();
        });
        let said = client.dnf(&["install", "hawk"]).unwrap_err().to_string();
        assert!(said.contains("checksum"), "{said}");
        assert!(!client.root().join("usr/share/hawk").exists());
        client.dnf(&["install", "Talon"]).unwrap();
    }
}

#[test]
fn dnf_refuses_metadata_with_one_byte_changed() {
    let world = World::new();
    world.compose();
    let primary = |tree: &Path| {
        let files = entries(&tree.join(REPODATA)).unwrap();
        files.into_iter().find(|file| file.to_string_lossy().contains("primary")).unwrap()
    };
    let damages: [&dyn Fn(&Path); 4] = [
        &|tree| corrupt::flip_byte(&tree.join(REPODATA).join("repomd.xml"), 120).unwrap(),
        &|tree| corrupt::flip_byte(&tree.join(REPODATA).join("repomd.xml"), -20).unwrap(),
        &|tree| corrupt::flip_byte(&primary(tree), 100).unwrap(),
        &|tree| fs::remove_file(tree.join(REPODATA).join("repomd.xml.asc")).unwrap(),
    ];
    for damage in damages {
        let (_dir, client) = world.damaged_copy(damage);
        client.dnf(&["install", "hawk"]).unwrap_err();
        assert!(!client.root().join("usr/share/hawk").exists());
    }
    let (_dir, client) = world.damaged_copy(|_| {});
    client.dnf(&["install", "hawk"]).unwrap();
}

#[test]
fn dnf_refuses_packages_of_another_key() {
    let (ours, theirs) = (World::new(), World::new());
    ours.compose();
    theirs.compose();
    let (_dir, client) = ours.damaged_copy(|tree| {
        fs::copy(theirs.published().join("RPM-GPG-KEY-kestrel"), tree.join("RPM-GPG-KEY-kestrel")).unwrap();
    });
    client.dnf(&["install", "hawk"]).unwrap_err();
    assert!(!client.root().join("usr/share/hawk").exists());
}
