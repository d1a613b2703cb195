//! Keys and signatures beside files.

use heirloom_formats::openpgp::{Keyring, VerifyError};
use heirloom_sign::{Algorithm, KeyError, SecretKey};
use proptest::prelude::*;

use crate::support::{Place, TIME, keyring};

fn ed25519() -> SecretKey {
    SecretKey::generate("Test <test@example.org>", TIME, Algorithm::Ed25519).unwrap()
}

/// gpg imports our certificate and verifies our signature.
fn gpg_verifies(key: &SecretKey) {
    let place = Place::new();
    place.write("key.asc", key.public_armoured().unwrap());
    place.gpg(&["--import", "key.asc"]);
    let keys = place.gpg(&["--with-colons", "--list-keys"]);
    assert!(keys.contains(&format!("fpr:::::::::{}:", key.fingerprint())), "{keys}");
    place.write("data", "some data\n");
    // Before the key was made: gpg would call the time absurd.
    place.write("data.asc", key.sign_detached(b"some data\n", 1).unwrap());
    let said = place.run("gpg", &["--verify", "data.asc", "data"]);
    assert!(said.contains("Good signature"), "{said}");
    place.write("data", "some date\n");
    assert!(!place.try_run("gpg", &["--verify", "data.asc", "data"]).status.success());
}

#[test]
fn gpg_verifies_an_ed25519_key() {
    gpg_verifies(&ed25519());
}

#[test]
fn gpg_verifies_an_rsa_key() {
    gpg_verifies(&SecretKey::generate("Test <test@example.org>", TIME, Algorithm::Rsa4096).unwrap());
}

#[test]
fn a_signature_after_the_key_s_expiry_does_not_count() {
    let place = Place::new();
    place.gpg(&[
        "--faked-system-time",
        "20200101T000000",
        "--quick-gen-key",
        "old@example.org",
        "ed25519",
        "sign",
        "20200201T000000",
    ]);
    let certificate = place.gpg_certificate("old@example.org");
    place.gpg(&["--armor", "--output", "old.key", "--export-secret-keys", "old@example.org"]);
    place.run("chmod", &["600", "old.key"]);
    let key = SecretKey::load(&place.path("old.key")).unwrap();
    let in_time = key.sign_detached(b"data", 1_577_900_000).unwrap();
    certificate.verify_detached(b"data", in_time.as_bytes()).unwrap();
    let late = key.sign_detached(b"data", 1_600_000_000).unwrap();
    let error = certificate.verify_detached(b"data", late.as_bytes()).unwrap_err();
    assert!(matches!(error, VerifyError::Expired { .. }), "{error}");
}

#[test]
fn what_is_wrong_with_a_signature_is_told() {
    let (key, other) = (ed25519(), ed25519());
    let signature = key.sign_detached(b"data", TIME).unwrap();
    assert_eq!(signature, key.sign_detached(b"data", TIME).unwrap(), "no randomness");
    assert_eq!(keyring(&key).verify_detached(b"data", signature.as_bytes()).unwrap(), key.fingerprint());

    let error = keyring(&other).verify_detached(b"data", signature.as_bytes()).unwrap_err();
    assert!(error.to_string().contains(key.fingerprint()), "{error}");
    assert!(matches!(error, VerifyError::UnknownKey { .. }));
    assert!(matches!(keyring(&key).verify_detached(b"data", b"\n"), Err(VerifyError::NoSignature)));
    for garbage in
        ["garbage", "-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n", "\u{88}"]
    {
        let error = keyring(&key).verify_detached(b"data", garbage.as_bytes()).unwrap_err();
        assert!(matches!(error, VerifyError::Malformed(_) | VerifyError::NoSignature), "{garbage}: {error}");
    }
}

#[test]
fn a_file_of_several_certificates_is_read_whole() {
    let (one, two) = (ed25519(), ed25519());
    let file = one.public_armoured().unwrap() + "\nA comment between.\n\n" + &two.public_armoured().unwrap();
    let both = Keyring::from_armoured(file.as_bytes()).unwrap();
    assert_eq!(both.fingerprints(), [one.fingerprint(), two.fingerprint()]);
    for key in [&one, &two] {
        let signature = key.sign_detached(b"data", TIME).unwrap();
        assert_eq!(both.verify_detached(b"data", signature.as_bytes()).unwrap(), key.fingerprint());
    }
    for garbage in
        ["", "no key", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----"]
    {
        assert!(Keyring::from_armoured(garbage.as_bytes()).is_err(), "{garbage}");
    }
}

#[test]
fn changed_certificates_and_signatures_never_panic() {
    let key = ed25519();
    let (certificate, signature) =
        (key.public_armoured().unwrap(), key.sign_detached(b"data", TIME).unwrap());
    let changed = |text: &str, at: usize, to: u8| {
        let mut bytes = text.as_bytes().to_vec();
        let at = at % bytes.len();
        bytes[at] = to;
        bytes
    };
    proptest!(|(at in 0usize..4096, to in any::<u8>(), binary in any::<Vec<u8>>())| {
        let certificate = Keyring::from_armoured(&changed(&certificate, at, to));
        let signature = changed(&signature, at, to);
        for keyring in [Ok(keyring(&key)), certificate, Keyring::from_armoured(&binary)].iter().flatten() {
            let _ = keyring.verify_detached(b"data", &signature);
            let _ = keyring.verify_detached(b"data", &binary);
            prop_assert!(keyring.verify_detached(b"date", &signature).is_err());
        }
    });
}

#[test]
fn a_private_key_is_kept_private() {
    let place = Place::new();
    let (key, path) = (ed25519(), place.path("secret.asc"));
    key.save(&path).unwrap();
    let loaded = SecretKey::load(&path).unwrap();
    assert_eq!(loaded.fingerprint(), key.fingerprint());
    assert_eq!(loaded.public_armoured().unwrap(), key.public_armoured().unwrap());

    assert!(matches!(ed25519().save(&path), Err(KeyError::Exists(_))));
    place.run("chmod", &["640", "secret.asc"]);
    let error = SecretKey::load(&path).err().unwrap();
    assert!(error.to_string().contains("run `chmod 600 "), "{error}");
    let error = SecretKey::load(&place.path("none")).err().unwrap();
    assert!(matches!(error, KeyError::Io { .. }), "{error}");
    place.write("public.asc", key.public_armoured().unwrap());
    place.run("chmod", &["600", "public.asc"]);
    let error = SecretKey::load(&place.path("public.asc")).err().unwrap();
    assert!(matches!(error, KeyError::Malformed { .. }), "{error}");
}

#[test]
fn a_passphrase_is_refused() {
    let place = Place::new();
    let locked = ["--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "secret"];
    let gpg = |args: &[&str]| place.run("gpg", &[&locked, args].concat());
    gpg(&["--quick-gen-key", "locked@example.org", "ed25519", "sign", "never"]);
    gpg(&["--armor", "--output", "locked.asc", "--export-secret-keys", "locked@example.org"]);
    place.run("chmod", &["600", "locked.asc"]);
    let error = SecretKey::load(&place.path("locked.asc")).err().unwrap();
    assert!(matches!(error, KeyError::Locked(_)), "{error}");
}
