//! Keys on PKCS#11 tokens, with SoftHSM. Its library reads its configuration once in a process, from the environment:
//! each test runs itself again, with a configuration of its own.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::Attribute;
use cryptoki::session::UserType;
use cryptoki::types::AuthPin;
use heirloom_model::{KeySource, Pkcs11Uri};
use heirloom_sign::{HolderError, KeyError, MemberKey, MemberSecret, SecretKey, TokenError, Unlock};

use crate::support::{Place, TIME, gpg_verifies, rpm_accepts};

const MODULES: [&str; 3] =
    ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so", "/usr/lib64/libsofthsm2.so"];
const CONFIGURATION: &str = "SOFTHSM2_CONF";

/// Runs the test of this name in a process that finds an empty SoftHSM; false if this is that process.
fn again(test: &str) -> bool {
    if std::env::var_os(CONFIGURATION).is_some() {
        return false;
    }
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("tokens")).unwrap();
    let configuration = dir.path().join("softhsm2.conf");
    let text = format!("directories.tokendir = {}\n", dir.path().join("tokens").display());
    std::fs::write(&configuration, text).unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(CONFIGURATION, configuration)
        .output()
        .unwrap();
    let said = crate::support::text(&output);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    true
}

fn make_token(place: &Place, label: &str) {
    let init = ["--init-token", "--free", "--label", label, "--pin", "1234", "--so-pin", "5678"];
    place.run("softhsm2-util", &init);
    place.write("pin", "1234\n");
    place.run("chmod", &["600", "pin"]);
}

/// A key of openssl, brought onto the token; its file.
fn bring(place: &Place, token: &str, label: &str, id: &str, algorithm: &[&str]) -> String {
    let file = format!("{label}-{id}.pem");
    place
        .run("openssl", &[["genpkey", "-quiet", "-out", &file, "-algorithm"].as_slice(), algorithm].concat());
    let import = ["--import", &file, "--token", token, "--label", label, "--id", id, "--pin", "1234"];
    place.run("softhsm2-util", &import);
    file
}

fn uri(place: &Place, token: &str, object: &str) -> Pkcs11Uri {
    let module = MODULES.iter().find(|path| Path::new(path).exists()).expect("softhsm2 is not installed");
    let text = format!("pkcs11:token={token};object={object}?module-path={module}&pin-source=pin");
    let KeySource::Pkcs11(uri) = text.parse::<KeySource>().unwrap().seen_from(&place.path("")) else {
        panic!()
    };
    *uri
}

fn open(uri: &Pkcs11Uri, certificate: &str) -> Result<SecretKey, KeyError> {
    SecretKey::open(&KeySource::Pkcs11(Box::new(uri.clone())), Some(certificate.as_bytes()))
}

#[test]
fn a_token_signs_packages_and_statements() {
    if again("token::a_token_signs_packages_and_statements") {
        return;
    }
    let place = Place::new();
    make_token(&place, "one");
    let rsa = bring(&place, "one", "rsa", "01", &["RSA", "-pkeyopt", "rsa_keygen_bits:3072"]);
    let ed25519 = bring(&place, "one", "ed", "02", &["ED25519"]);
    for (label, file) in [("rsa", rsa), ("ed", ed25519)] {
        let uri = uri(&place, "one", label);
        let made = SecretKey::certify_token(&uri, "Token <token@example.org>", TIME).unwrap();
        let certificate = made.public_armoured().unwrap();
        let again = SecretKey::certify_token(&uri, "Token <token@example.org>", TIME).unwrap();
        assert_eq!(again.public_armoured().unwrap(), certificate);
        let key = open(&uri, &certificate).unwrap();
        gpg_verifies(&key, &certificate);
        rpm_accepts(&key, &certificate);
        // openssl signs the same bytes with the same key in a file.
        let envelope = key.sign_envelope("text/plain", b"payload").unwrap();
        let envelope: serde_json::Value = serde_json::from_str(&envelope).unwrap();
        let signature = STANDARD.decode(envelope["signatures"][0]["sig"].as_str().unwrap()).unwrap();
        place.write("encoding", "DSSEv1 10 text/plain 7 payload");
        match label {
            "rsa" => place.run("openssl", &["dgst", "-sha256", "-sign", &file, "-out", "sig", "encoding"]),
            _ => {
                let sign = ["pkeyutl", "-sign", "-rawin", "-inkey", &file, "-in", "encoding", "-out", "sig"];
                place.run("openssl", &sign)
            }
        };
        assert_eq!(signature, std::fs::read(place.path("sig")).unwrap(), "{label}");
    }
}

#[test]
fn what_is_wrong_with_a_token_is_named() {
    if again("token::what_is_wrong_with_a_token_is_named") {
        return;
    }
    let place = Place::new();
    make_token(&place, "one");
    make_token(&place, "two");
    bring(&place, "one", "same", "01", &["ED25519"]);
    bring(&place, "one", "same", "02", &["ED25519"]);
    bring(&place, "one", "curve", "03", &["EC", "-pkeyopt", "ec_paramgen_curve:P-384"]);
    let fails = |uri: &Pkcs11Uri| match SecretKey::certify_token(uri, "A <a@example.org>", TIME) {
        Err(KeyError::Holder(HolderError::Token(error))) => error,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it works"),
    };
    let good = uri(&place, "one", "same");

    // First, since who is logged in stays so.
    place.write("wrong", "4321");
    place.run("chmod", &["600", "wrong"]);
    let wrong = Pkcs11Uri { pin_source: Some(place.path("wrong")), ..good.clone() };
    assert!(matches!(fails(&wrong), TokenError::WrongPin { token, file }
        if token == "one" && file == place.path("wrong")));
    let none = Pkcs11Uri { pin_source: None, ..good.clone() };
    assert!(matches!(fails(&none), TokenError::NoPin { token } if token == "one"));
    let gone = Pkcs11Uri { pin_source: Some(place.path("gone")), ..good.clone() };
    assert!(matches!(fails(&gone), TokenError::PinFile(_)));
    std::fs::set_permissions(place.path("wrong"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let exposed = fails(&wrong);
    assert!(matches!(&exposed, TokenError::PinFile(error) if matches!(**error, KeyError::Exposed { .. })));

    let missing = fails(&uri(&place, "three", "same"));
    assert!(matches!(&missing, TokenError::Tokens { count: 0, .. }), "{missing}");
    assert!(missing.to_string().contains("`one`") && missing.to_string().contains("`two`"), "{missing}");
    let any = Pkcs11Uri { token: None, ..good.clone() };
    assert!(matches!(fails(&any), TokenError::Tokens { count: 2, .. }));
    let several = fails(&good);
    assert!(matches!(&several, TokenError::Objects { count: 2, .. }), "{several}");
    assert!(several.to_string().contains("`same` (id=%01)"), "{several}");
    let nothing = fails(&uri(&place, "one", "other"));
    assert!(matches!(nothing, TokenError::Objects { count: 0, .. }), "{nothing}");
    let curve = fails(&uri(&place, "one", "curve"));
    assert!(matches!(curve, TokenError::Kind { .. }), "{curve}");
    let library = Pkcs11Uri { module: "/nonexistent.so".into(), ..good.clone() };
    assert!(matches!(fails(&library), TokenError::Module { .. }));

    let first = Pkcs11Uri { id: Some(vec![1]), ..good.clone() };
    let second = Pkcs11Uri { id: Some(vec![2]), ..good };
    let certificate = SecretKey::certify_token(&first, "A <a@example.org>", TIME).unwrap();
    let error = open(&second, &certificate.public_armoured().unwrap()).err().unwrap();
    assert!(matches!(error, KeyError::OtherKey { .. }), "{error}");
}

#[test]
fn a_key_that_wants_its_pin_each_time_is_told() {
    if again("token::a_key_that_wants_its_pin_each_time_is_told") {
        return;
    }
    let place = Place::new();
    make_token(&place, "one");
    let uri = uri(&place, "one", "strict");
    let library = Pkcs11::new(&uri.module).unwrap();
    library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).unwrap();
    let session = library.open_rw_session(library.get_slots_with_initialized_token().unwrap()[0]).unwrap();
    session.login(UserType::User, Some(&AuthPin::from("1234".to_owned()))).unwrap();
    let public = [Attribute::ModulusBits(2048.into()), Attribute::Token(true)];
    let private = [
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sign(true),
        Attribute::AlwaysAuthenticate(true),
        Attribute::Label(b"strict".to_vec()),
    ];
    session.generate_key_pair(&Mechanism::RsaPkcsKeyPairGen, &public, &private).unwrap();
    match SecretKey::certify_token(&uri, "A <a@example.org>", TIME) {
        Err(KeyError::Holder(HolderError::Token(TokenError::AlwaysPin { token }))) => {
            assert_eq!(token, "one")
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it signs"),
    }
}

#[test]
fn a_token_signs_votes() {
    if again("token::a_token_signs_votes") {
        return;
    }
    let place = Place::new();
    make_token(&place, "one");
    bring(&place, "one", "rsa", "01", &["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]);
    bring(&place, "one", "ed", "02", &["ED25519"]);
    bring(&place, "one", "ec", "03", &["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    for label in ["rsa", "ed", "ec"] {
        let source = KeySource::Pkcs11(Box::new(uri(&place, "one", label)));
        let secret = MemberSecret::open(&source, Unlock::default()).unwrap();
        let public = secret.public().unwrap();
        let key = MemberKey::parse(&public).unwrap();
        assert_eq!(key.fingerprint(), secret.fingerprint());
        // ECDSA's numbers have leading zeros now and then.
        for vote in ["yes", "no", "maybe", "later"] {
            let signature = secret.sign("vote", vote.as_bytes(), TIME).unwrap();
            key.verify("vote", vote.as_bytes(), &signature, TIME).unwrap();
            crate::members::ssh_keygen_verifies(&place, &public, "vote", vote, &signature);
        }
    }
}
