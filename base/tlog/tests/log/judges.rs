//! Other people's code agrees: sigstore's of inclusion and of checkpoints, rekor-verifier's of consistency, and
//! cryptography's of Ed25519. What they sign is believed here.

use std::fs;

use heirloom_tlog::{Log, NoteKey, Policy, Proof, Tree, Vkey};
use serde_json::{Value, json};
use testkit::pypi;
use testkit::tool::Tool;

use crate::support::{Place, entries, source};

const TIME: u64 = 1_700_000_000;

/// What the judges say of what lies in a place.
fn judged(place: &Place) -> Value {
    // Apart: each wants another version of the same packages. Of the second, only what needs none is used.
    let homes = [pypi::packages(&["sigstore==4.5.1"]), pypi::packages(&["rekor-verifier==4.0.0"])];
    let path = std::env::join_paths(homes.map(Result::unwrap)).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/log/judges.py");
    let said = Tool::new("/usr/bin/python3")
        .env("PYTHONPATH", path)
        .arg(script)
        .arg(place.dir.path())
        .run()
        .unwrap();
    serde_json::from_str(&said).unwrap()
}

#[test]
fn proofs_checkpoints_and_cosignatures_are_what_others_take_them_for() {
    let place = Place::new();
    let witness = NoteKey::generate("w1.example").unwrap();
    let policy = Policy::new(place.key().log_vkey(), vec![witness.witness_vkey()], 0).unwrap();
    let mut log = place.open();
    let mut sizes = Vec::new();
    let dir = place.log();
    for step in [1, 1, 5, 249, 1, 300, 500] {
        log.append(&entries(log.size()..log.size() + step)).unwrap();
        sizes.push(log.signed().clone());
    }
    let source = source(&dir);
    let (mut expected, mut consistent) = (serde_json::Map::new(), Vec::new());
    for signed in &sizes {
        let (size, tree) = (signed.checkpoint().size(), Tree::new(&source, signed.checkpoint()));
        for index in [0, size / 2, size - 1] {
            let name = format!("{size}-{index}.tlog-proof");
            fs::write(place.path(&name), Proof::make(&tree, signed, index).unwrap().to_text()).unwrap();
            expected.insert(name, "holds".into());
        }
        for earlier in sizes.iter().map(|earlier| earlier.checkpoint()).filter(|one| one.size() <= size) {
            consistent.push(json!({
                "size1": earlier.size(), "size2": size, "proof": tree.consistency(earlier.size()).unwrap(),
                "root1": earlier.root(), "root2": signed.checkpoint().root(),
            }));
        }
    }
    let holding = consistent.len();
    let mut wrong = consistent[holding - 2].clone();
    wrong["root1"] = consistent[0]["root1"].clone();
    consistent.push(wrong);
    // What does not hold, so that it is known that the judges look.
    let good = fs::read_to_string(place.path("557-278.tlog-proof")).unwrap();
    for (name, from, to, said) in [
        ("moved", "index 278", "index 279", "inclusion proof contains invalid root hash"),
        ("signature", "\n557\n", "\n558\n", "checkpoint: invalid signature"),
        ("renamed", "\nkestrel", "\nkestral", "checkpoint: invalid signature"),
    ] {
        fs::write(place.path(&format!("{name}.tlog-proof")), good.replacen(from, to, 1)).unwrap();
        expected.insert(format!("{name}.tlog-proof"), said.into());
    }
    let line = log.signed().cosign(&witness, TIME);
    log.cosign(&line, &policy).unwrap();
    fs::write(place.path("log.vkey"), place.key().log_vkey().to_string()).unwrap();
    fs::write(place.path("witness.vkey"), witness.witness_vkey().to_string()).unwrap();
    fs::write(place.path("checkpoint"), log.signed().note()).unwrap();
    fs::write(place.path("consistency.json"), serde_json::to_vec(&consistent).unwrap()).unwrap();

    let said = judged(&place);
    let inclusion = said["inclusion"].as_object().unwrap();
    assert_eq!(inclusion.len(), expected.len());
    for (name, expected) in &expected {
        let found = inclusion[name].as_str().unwrap();
        assert!(found.starts_with(expected.as_str().unwrap()), "{name}: {found}");
    }
    let consistency = said["consistency"].as_array().unwrap();
    assert!(consistency[..holding].iter().all(|one| one == "holds"), "{consistency:?}");
    assert_ne!(consistency[holding], "holds");
    assert_eq!(said["cosignature"], TIME);

    let own = |name: &str| said["own"][name].as_str().unwrap();
    let keys = (Vkey::log(own("log")).unwrap(), Vkey::witness(own("witness")).unwrap());
    let signed = Policy::new(keys.0, vec![keys.1], 1).unwrap().open(own("note").as_bytes()).unwrap();
    let cosigned: Vec<_> = signed.cosignatures().iter().map(|one| (&*one.witness, one.time)).collect();
    assert_eq!((signed.checkpoint().size(), cosigned), (0, vec![("w.example", TIME)]));
    drop::<Log>(log);
}
