//! Keys in gpg-agent.

use std::path::PathBuf;

use heirloom_model::KeySource;
use heirloom_sign::{AgentError, DsseError, HolderError, KeyError, SecretKey, SignError};

use crate::support::{Place, TIME, gpg_verifies, rpm_accepts};

fn socket(place: &Place) -> PathBuf {
    place.run("gpgconf", &["--launch", "gpg-agent"]);
    place.run("gpgconf", &["--list-dirs", "agent-socket"]).trim().into()
}

fn source(place: &Place, fingerprint: &str) -> KeySource {
    KeySource::GpgAgent { fingerprint: fingerprint.to_owned(), socket: Some(socket(place)) }
}

#[test]
fn the_agent_signs_as_the_file_does() {
    let place = Place::new();
    for (user, algorithm) in [("rsa@example.org", "rsa3072"), ("ed@example.org", "ed25519")] {
        let local = place.gpg_key(user, algorithm);
        let certificate = place.gpg(&["--armor", "--export", user]);
        let agent =
            SecretKey::open(&source(&place, local.fingerprint()), Some(certificate.as_bytes())).unwrap();
        assert_eq!(agent.fingerprint(), local.fingerprint());
        assert_eq!(
            agent.sign_detached(b"data", TIME).unwrap(),
            local.sign_detached(b"data", TIME).unwrap(),
            "{algorithm}"
        );
        gpg_verifies(&agent, &certificate);
        rpm_accepts(&agent, &certificate);
        match (algorithm, agent.sign_envelope("text/plain", b"payload")) {
            ("rsa3072", envelope) => {
                assert_eq!(envelope.unwrap(), local.sign_envelope("text/plain", b"payload").unwrap());
            }
            (_, Err(DsseError::Holder(HolderError::Agent(AgentError::Digest)))) => {}
            (_, other) => panic!("{other:?}"),
        }
        assert!(matches!(agent.save(&place.path("copy")).unwrap_err(), KeyError::Outside(_)));
    }
}

#[test]
fn an_agent_that_can_not_sign_says_why() {
    let place = Place::new();
    let other = Place::new();
    let key = other.gpg_key("other@example.org", "ed25519");
    let certificate = other.gpg(&["--armor", "--export", "other@example.org"]);
    let open = |source: &KeySource| SecretKey::open(source, Some(certificate.as_bytes())).err().unwrap();

    let grip = other.gpg(&["--with-keygrip", "--list-secret-keys"]);
    let error = open(&source(&place, key.fingerprint()));
    let KeyError::Holder(HolderError::Agent(AgentError::NoKey { keygrip, .. })) = &error else {
        panic!("{error}")
    };
    assert!(grip.contains(keygrip.as_str()), "{grip}: {keygrip}");

    let gone = KeySource::GpgAgent {
        fingerprint: key.fingerprint().to_owned(),
        socket: Some(place.path("nothing")),
    };
    let error = open(&gone);
    assert!(matches!(&error, KeyError::Holder(HolderError::Agent(AgentError::Absent { .. }))), "{error}");
    assert!(error.to_string().contains("gpgconf --launch gpg-agent"), "{error}");

    let error = open(&source(&other, &"AB".repeat(20)));
    assert!(matches!(error, KeyError::OtherKey { .. }), "{error}");
    let error = SecretKey::open(&source(&other, key.fingerprint()), None).err().unwrap();
    assert!(matches!(error, KeyError::NoCertificate(_)), "{error}");
}

#[test]
fn a_locked_key_says_so() {
    let place = Place::new();
    // A pinentry that nobody answers.
    place.write("gpg/gpg-agent.conf", "pinentry-program /bin/false\nallow-loopback-pinentry\n");
    let loopback = ["--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "secret"];
    let make = ["--quick-gen-key", "locked@example.org", "ed25519", "sign", "never"];
    place.run("gpg", &[loopback.as_slice(), &make].concat());
    let certificate = place.run("gpg", &["--armor", "--export", "locked@example.org"]);
    let listed = place.run("gpg", &["--with-colons", "--list-keys"]);
    let fingerprint = listed.lines().find_map(|line| line.strip_prefix("fpr:")).unwrap().trim_matches(':');
    // What it still knows of the passphrase.
    place.run("gpg-connect-agent", &["reloadagent", "/bye"]);
    let key = SecretKey::open(&source(&place, fingerprint), Some(certificate.as_bytes())).unwrap();
    let error = key.sign_detached(b"data", TIME).unwrap_err();
    assert!(matches!(&error, SignError::Holder(HolderError::Agent(AgentError::Locked { .. }))), "{error}");
    assert!(error.to_string().contains(fingerprint), "{error}");
}
