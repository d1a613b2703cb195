//! openssl reads the keys that are made here and verifies what they sign; its own keys are read here.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use heirloom_sign::{RawKey, RawKeyError};
use proptest::prelude::*;

use crate::support::Place;

/// RFC 8410, 10.3: the certificate's key, and its public half.
const KNOWN: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
                     -----END PRIVATE KEY-----\n";
const PUBLIC: &str = "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1";

fn private(place: &Place, name: &str, text: &str) {
    place.write(name, text);
    fs::set_permissions(place.path(name), fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn openssl_verifies_what_is_signed() {
    let place = Place::new();
    RawKey::generate().save(&place.path("made.key")).unwrap();
    assert_eq!(fs::metadata(place.path("made.key")).unwrap().permissions().mode() & 0o777, 0o600);
    place.run("openssl", &["genpkey", "-algorithm", "ed25519", "-out", "openssl.key"]);
    fs::set_permissions(place.path("openssl.key"), fs::Permissions::from_mode(0o600)).unwrap();
    for name in ["made.key", "openssl.key"] {
        let key = RawKey::load(&place.path(name)).unwrap();
        place.run("openssl", &["pkey", "-in", name, "-pubout", "-out", "public.pem"]);
        place.write("data", "some data\n");
        fs::write(place.path("signature"), key.sign(b"some data\n")).unwrap();
        let verify =
            ["pkeyutl", "-verify", "-pubin", "-inkey", "public.pem", "-rawin", "-in", "data", "-sigfile"];
        let verify = [&verify[..], &["signature"]].concat();
        place.run("openssl", &verify);
        place.write("data", "some date\n");
        assert!(!place.try_run("openssl", &verify).status.success());
        assert_eq!(key.sign(b"x"), key.sign(b"x"));
    }
    let again = RawKey::generate().save(&place.path("made.key")).err().unwrap();
    assert!(matches!(again, RawKeyError::Exists(_)), "{again}");
}

#[test]
fn the_key_of_the_specification_is_read_and_others_are_refused() {
    let place = Place::new();
    private(&place, "known.key", KNOWN);
    let public: String = RawKey::load(&place.path("known.key"))
        .unwrap()
        .public()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(public, PUBLIC);
    for mode in [0o640, 0o604, 0o601] {
        fs::set_permissions(place.path("known.key"), fs::Permissions::from_mode(mode)).unwrap();
        let error = RawKey::load(&place.path("known.key")).err().unwrap();
        assert!(matches!(error, RawKeyError::Exposed { .. }), "{error}");
    }
    place.run("openssl", &["genpkey", "-algorithm", "rsa", "-out", "rsa.key"]);
    place.run(
        "openssl",
        &["genpkey", "-algorithm", "ed25519", "-aes256", "-pass", "pass:x", "-out", "locked.key"],
    );
    for name in ["rsa.key", "locked.key"] {
        fs::set_permissions(place.path(name), fs::Permissions::from_mode(0o600)).unwrap();
        let error = RawKey::load(&place.path(name)).err().unwrap();
        assert!(matches!(error, RawKeyError::Malformed(_)), "{name}: {error}");
    }
    assert!(matches!(RawKey::load(&place.path("none")), Err(RawKeyError::Io { .. })));
}

proptest! {
    #[test]
    fn garbage_is_no_key(body in "[A-Za-z0-9+/=\n]{0,100}|\\PC{0,50}") {
        let place = Place::new();
        private(&place, "x.key", &format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"));
        prop_assert!(matches!(RawKey::load(&place.path("x.key")), Err(RawKeyError::Malformed(_))));
    }
}
