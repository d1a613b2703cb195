//! A log is made, and what stands in it is proven to those who have nothing but its key.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use heirloom_model::Digest;
use testkit::server::Server;

use crate::place::{ORIGIN, Place};

#[test]
fn a_log_is_made_once_and_begins_with_its_own_key() {
    let place = Place::new("");
    let ran = place.run(&["log", "list"]).expect(1);
    assert!(
        ran.stderr.contains("there is no log") && ran.stderr.contains("heirloom log init"),
        "{}",
        ran.stderr
    );
    let made = place.json(&["log", "init"], 0);
    let vkey = place.vkey();
    assert_eq!(
        (&made["vkey"], &made["origin"], &made["size"]),
        (&vkey.clone().into(), &ORIGIN.into(), &1.into())
    );
    assert_eq!(made["is_new"], true);
    assert_eq!(fs::metadata(place.path("log.key")).unwrap().permissions().mode() & 0o777, 0o600);
    let checkpoint = fs::read(place.log().join("checkpoint")).unwrap();
    let again = place.run(&["log", "init"]).expect(0);
    assert!(
        again.stdout.starts_with("the log of 1 entries in") && again.stdout.contains(&vkey),
        "{}",
        again.stdout
    );
    assert_eq!(fs::read(place.log().join("checkpoint")).unwrap(), checkpoint);
    let listed = place.json(&["log", "list"], 0);
    let [entry] = &listed["entries"].as_array().unwrap()[..] else { panic!("{listed}") };
    assert_eq!((&entry["kind"], &entry["name"]), (&"keys".into(), &vkey.clone().into()));
    assert_eq!(entry["digest"], Digest::of(vkey.as_bytes()).to_string());
}

#[test]
fn a_document_is_proven_without_the_log() {
    let place = Place::begun();
    place.append(&["one", "two", "three"]);
    let file = place.write("two.txt", "two");
    let vkey = place.vkey();
    let proof = format!("{file}.tlog-proof");
    let ran = place.run(&["log", "prove", &file]).expect(0);
    assert!(ran.stdout.contains("two.txt.tlog-proof: entry 2, certificate about two"), "{}", ran.stdout);
    let kept = fs::read_to_string(&proof).unwrap();
    assert!(kept.starts_with("c2sp.org/tlog-proof@v1\nextra "), "{kept}");
    // The same from elsewhere, by digest and over HTTP.
    let server = Server::start(&place.path("state/published")).unwrap();
    let (url, digest) = (server.url("log"), Digest::of(b"two").to_string());
    let to = place.text("other");
    place.run(&["log", "prove", &digest, "--log", &url, "--key", &vkey, "--to", &to]).expect(0);
    assert_eq!(fs::read_to_string(&to).unwrap(), kept);
    let listed = place.run(&["log", "list", "--log", &url, "--key", &vkey]).expect(0);
    assert!(
        listed.stdout.contains("certificate") && listed.stdout.contains("about three"),
        "{}",
        listed.stdout
    );

    // Nothing but the proof, the key and the file.
    fs::remove_dir_all(place.path("state")).unwrap();
    fs::remove_file(place.path("heirloom.toml")).unwrap();
    let said = place.json(&["log", "verify", &proof, &file, "--key", &vkey], 0);
    assert_eq!(
        (&said["index"], &said["kind"], &said["checkpoint"]["size"]),
        (&2.into(), &"certificate".into(), &4.into())
    );
    let ran = place.run(&["log", "verify", &proof, "--key", &vkey]).expect(0);
    assert!(ran.stdout.starts_with("in the log as entry 2: certificate about two"), "{}", ran.stdout);

    let other = place.write("changed.txt", "two!");
    let ran = place.run(&["log", "verify", &proof, &other, "--key", &vkey]).expect(5);
    assert!(ran.stderr.contains(&format!("it is about {digest}")), "{}", ran.stderr);
    let stranger = place.run(&["log", "keygen", "w.example", &place.text("w.key")]).expect(0);
    let witness = stranger.stdout.trim();
    let ran = place.run(&["log", "verify", &proof, "--key", &vkey, "--witness", witness]).expect(5);
    assert!(ran.stderr.contains("0 of the 1 witnesses that are needed cosigned it"), "{}", ran.stderr);
    place.run(&["log", "verify", &proof, "--key", &vkey, "--witness", witness, "--need", "0"]).expect(0);
    for (from, to, said) in [
        ("index 2", "index 1", "entry 1 is not in the log of 4 entries"),
        ("extra e", "extra f", "is not in the log"),
        ("\n4\n", "\n5\n", "the signature of kestrel.example/el/log does not hold"),
        ("c2sp", "c3sp", "line 1 of the proof: expected `c2sp.org/tlog-proof@v1`"),
    ] {
        let changed = place.write("changed", &kept.replacen(from, to, 1));
        let ran = place.run(&["log", "verify", &changed, "--key", &vkey]).expect(5);
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
    }
    let wrong = vkey.replacen("kestrel", "merlin", 1);
    let ran = place.run(&["log", "verify", &proof, "--key", &wrong]).expect(2);
    assert!(ran.stderr.contains("is no public key of notes"), "{}", ran.stderr);
    let other_key = Place::begun().vkey();
    let ran = place.run(&["log", "verify", &proof, "--key", &other_key]).expect(5);
    assert!(ran.stderr.contains(&format!("it is not signed by {other_key}")), "{}", ran.stderr);
}

#[test]
fn what_is_not_in_the_log_is_not_proven() {
    let place = Place::begun();
    place.append(&["one"]);
    let file = place.write("none.txt", "none");
    let ran = place.run(&["log", "prove", &file]).expect(1);
    assert!(
        ran.stderr.contains("nothing in the log is about") && ran.stderr.contains("heirloom log list"),
        "{}",
        ran.stderr
    );
    assert!(!place.path("none.txt.tlog-proof").exists());
    let ran = place.run(&["log", "prove", "no-such-file"]).expect(1);
    assert!(ran.stderr.contains("can't read no-such-file"), "{}", ran.stderr);
    // Two entries about one document.
    let key = place.vkey();
    let of_key = place.write("key.txt", &key);
    place.append(&[&key]);
    let ran = place.run(&["log", "prove", &of_key]).expect(2);
    assert!(ran.stderr.contains("2 entries are about") && ran.stderr.contains("--kind"), "{}", ran.stderr);
    place.run(&["log", "prove", &of_key, "--kind", "keys"]).expect(0);
    let said = place.json(&["log", "verify", &format!("{of_key}.tlog-proof"), &of_key, "--key", &key], 0);
    assert_eq!((&said["index"], &said["name"]), (&0.into(), &key.into()));
}
