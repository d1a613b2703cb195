//! Keys behind a signer's socket.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Mutex;

use heirloom_model::{Digest, KeySource};
use heirloom_sign::{
    Algorithm, HolderError, KeyError, Peer, Purpose, RemoteError, Request, SecretKey, SignError,
    SignatureKind, Use, serve,
};

use crate::support::{Place, TIME, gpg_verifies, rpm_accepts};

fn key(algorithm: Algorithm) -> SecretKey {
    SecretKey::generate("Signer <signer@example.org>", TIME, algorithm).unwrap()
}

/// Runs a signer while `work` runs; what it noted.
fn with_signer(
    place: &Place,
    key: &SecretKey,
    decide: impl Fn(&Request, Peer) -> Result<(), String> + Sync,
    work: impl FnOnce(KeySource),
) -> Vec<String> {
    let socket = place.path("signer");
    let listener = UnixListener::bind(&socket).unwrap();
    let noted = Mutex::new(Vec::new());
    let note = |used: &Use<'_>| {
        let what = used.request.map(|request| format!("{:?} {}", request.purpose, request.digest().short()));
        noted.lock().unwrap().push(format!(
            "{}: {}",
            what.unwrap_or_default(),
            used.refused.unwrap_or("signed")
        ));
    };
    std::thread::scope(|scope| {
        let server = scope.spawn(|| serve(&listener, &decide, key, &[], note));
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            work(KeySource::Signer(socket.clone()))
        }));
        rustix::net::shutdown(&listener, rustix::net::Shutdown::Both).unwrap();
        server.join().unwrap().unwrap();
        if let Err(panic) = done {
            std::panic::resume_unwind(panic);
        }
    });
    std::fs::remove_file(socket).unwrap();
    noted.into_inner().unwrap()
}

#[test]
fn a_signer_signs_as_the_file_does() {
    for algorithm in [Algorithm::Ed25519, Algorithm::Rsa4096] {
        let place = Place::new();
        let local = key(algorithm);
        let certificate = local.public_armoured().unwrap();
        let own = rustix::process::getuid().as_raw();
        let noted = with_signer(
            &place,
            &local,
            |request, peer| {
                assert_eq!((peer.uid, peer.pid), (own, std::process::id().cast_signed()));
                assert_eq!(request.digest(), Digest::of(&request.data));
                Ok(())
            },
            |source| {
                let remote = SecretKey::open(&source, Some(certificate.as_bytes())).unwrap();
                assert_eq!(
                    remote.sign_detached(b"data", TIME + 5).unwrap(),
                    local.sign_detached(b"data", TIME + 5).unwrap()
                );
                let envelope = remote.sign_envelope("text/plain", b"payload").unwrap();
                assert_eq!(envelope, local.sign_envelope("text/plain", b"payload").unwrap());
                gpg_verifies(&remote, &certificate);
                rpm_accepts(&remote, &certificate);
            },
        );
        assert!(noted.iter().all(|line| line.ends_with(": signed")), "{noted:?}");
        assert!(noted.iter().any(|line| line.starts_with("Statement ")), "{noted:?}");
    }
}

#[test]
fn what_is_not_allowed_is_not_signed() {
    let place = Place::new();
    let local = key(Algorithm::Ed25519);
    let certificate = local.public_armoured().unwrap();
    let other = key(Algorithm::Ed25519).public_armoured().unwrap();
    let allowed = Digest::of(b"good");
    let decide = |request: &Request, _: Peer| match request.digest() == allowed
        && request.purpose == Purpose::OpenPgp
    {
        true => Ok(()),
        false => Err(format!("{} is in no approved release", request.digest().short())),
    };
    let noted = with_signer(&place, &local, decide, |source| {
        let remote = SecretKey::open(&source, Some(certificate.as_bytes())).unwrap();
        remote.sign_detached(b"good", TIME).unwrap();
        let refused = |error: SignError| match error {
            SignError::Holder(HolderError::Remote(RemoteError::Refused { said, .. })) => said,
            other => panic!("{other}"),
        };
        let said = refused(remote.sign_detached(b"bad", TIME).unwrap_err());
        assert!(said.contains("in no approved release"), "{said}");
        assert!(remote.sign_envelope("good", b"").is_err());
        // A bare signature is given of statements only.
        let request = Request {
            key: local.fingerprint().to_owned(),
            algorithm: SignatureKind::Ed25519,
            purpose: Purpose::Statement,
            data: b"good".to_vec(),
            time: 0,
        };
        let mut stream = UnixStream::connect(place.path("signer")).unwrap();
        stream.write_all(request.to_line().unwrap().as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.contains("is no statement"), "{answer}");
        let other = SecretKey::open(&source, Some(other.as_bytes())).unwrap();
        let said = refused(other.sign_detached(b"good", TIME).unwrap_err());
        assert!(said.contains(local.fingerprint()), "{said}");
    });
    assert_eq!(noted.len(), 5, "one line each, none for those who only looked: {noted:?}");
    assert_eq!(noted.iter().filter(|line| line.ends_with(": signed")).count(), 1, "{noted:?}");
}

#[test]
fn foreign_words_do_not_stop_a_signer() {
    let place = Place::new();
    let local = key(Algorithm::Ed25519);
    let certificate = local.public_armoured().unwrap();
    let noted = with_signer(
        &place,
        &local,
        |_, _| Ok(()),
        |source| {
            for words in [b"GET / HTTP/1.1\r\n".as_slice(), b"{}\n", b"\xff\xfe\n", b"cut off"] {
                let mut stream = UnixStream::connect(place.path("signer")).unwrap();
                stream.write_all(words).unwrap();
                stream.shutdown(Shutdown::Write).unwrap();
                let mut answer = String::new();
                stream.read_to_string(&mut answer).unwrap();
                assert!(answer.starts_with("{\"refused\"") || words == b"cut off", "{answer}");
            }
            let remote = SecretKey::open(&source, Some(certificate.as_bytes())).unwrap();
            // More than there are places for connections, at once.
            std::thread::scope(|scope| {
                for _ in 0..40 {
                    scope.spawn(|| remote.sign_detached(b"data", TIME).unwrap());
                }
            });
        },
    );
    assert_eq!(noted.iter().filter(|line| line.ends_with(": signed")).count(), 40);
}

#[test]
fn a_signer_that_is_gone_or_wrong_is_named() {
    let place = Place::new();
    let certificate = key(Algorithm::Ed25519).public_armoured().unwrap();
    let source = KeySource::Signer(place.path("signer"));
    let error = SecretKey::open(&source, Some(certificate.as_bytes())).err().unwrap();
    assert!(matches!(&error, KeyError::Holder(HolderError::Remote(RemoteError::Absent { .. }))), "{error}");
    assert!(error.to_string().contains("signer"), "{error}");
    let error = SecretKey::open(&source, None).err().unwrap();
    assert!(matches!(error, KeyError::NoCertificate(_)), "{error}");

    // One that answers with anything.
    let listener = UnixListener::bind(place.path("signer")).unwrap();
    let answer = |line: &'static [u8]| {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                // The first one only looks.
                drop(listener.accept().unwrap());
                let (mut stream, _) = listener.accept().unwrap();
                let mut byte = [0];
                while byte != *b"\n" {
                    stream.read_exact(&mut byte).unwrap();
                }
                stream.write_all(line).unwrap();
            });
            let remote = SecretKey::open(&source, Some(certificate.as_bytes())).unwrap();
            match remote.sign_detached(b"data", TIME).unwrap_err() {
                SignError::Holder(error) => error,
                other => panic!("{other}"),
            }
        })
    };
    assert!(matches!(answer(b"{\"signature\": \"AAAA\"}\n"), HolderError::OtherKey { by: "the signer", .. }));
    assert!(matches!(answer(b"hello\n"), HolderError::Remote(RemoteError::Protocol { .. })));
    assert!(matches!(answer(b""), HolderError::Remote(RemoteError::Silent { .. })));
}
