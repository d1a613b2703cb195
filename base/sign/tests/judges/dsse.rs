//! Signed statements: openssl checks what is signed here, with the key as gpg shows it.

use heirloom_sign::{Algorithm, DsseError, SecretKey, VerifiedPayload, verify_envelope};
use proptest::prelude::*;

use crate::support::{Place, TIME};

const TYPE: &str = "application/vnd.in-toto+json";
const PAYLOAD: &[u8] = br#"{"_type": "https://in-toto.io/Statement/v1", "name": "caf\u00e9"}"#;

/// Takes an envelope apart as the specification says: what is signed, and the signature.
const SPLIT: &str = r#"
import base64, json
envelope = json.load(open("envelope"))
kind, body = envelope["payloadType"].encode(), base64.b64decode(envelope["payload"], validate=True)
[signature] = envelope["signatures"]
open("signed", "wb").write(b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(body), body))
open("signature", "wb").write(base64.b64decode(signature["sig"], validate=True))
print(signature["keyid"])
"#;

/// Makes a public key for openssl from the numbers that gpg shows.
const PUBLIC_KEY: &str = r#"
import base64, subprocess, sys
numbers = [line.split(":")[3] for line in open("numbers") if line.startswith("pkd:")]
if sys.argv[1] == "ed25519":
    raw = bytes.fromhex(numbers[1])
    assert len(raw) == 33 and raw[0] == 0x40, "OpenPGP's form of a point"
    der = bytes.fromhex("302a300506032b6570032100") + raw[1:]
    body = base64.encodebytes(der).decode()
    open("public.pem", "w").write("-----BEGIN PUBLIC KEY-----\n" + body + "-----END PUBLIC KEY-----\n")
else:
    open("asn1", "w").write(
        "asn1=SEQUENCE:key\n[key]\nalgorithm=SEQUENCE:rsa\nkey=BITWRAP,SEQUENCE:numbers\n"
        "[rsa]\noid=OID:rsaEncryption\nnone=NULL\n"
        f"[numbers]\nn=INTEGER:0x{numbers[0]}\ne=INTEGER:0x{numbers[1]}\n")
    subprocess.run(["openssl", "asn1parse", "-genconf", "asn1", "-noout", "-out", "public.der"], check=True)
    subprocess.run(
        ["openssl", "pkey", "-pubin", "-inform", "DER", "-in", "public.der", "-pubout", "-out", "public.pem"],
        check=True)
"#;

fn ed25519() -> SecretKey {
    SecretKey::generate("Test <test@example.org>", TIME, Algorithm::Ed25519).unwrap()
}

fn verify(envelope: &str, key: &SecretKey) -> Result<VerifiedPayload, DsseError> {
    verify_envelope(envelope.as_bytes(), TYPE, [key.public_armoured().unwrap()])
}

/// The envelope with one field changed.
fn changed(envelope: &str, pointer: &str, to: serde_json::Value) -> String {
    let mut json: serde_json::Value = serde_json::from_str(envelope).unwrap();
    *json.pointer_mut(pointer).unwrap() = to;
    json.to_string()
}

fn openssl_verifies(key: &SecretKey, algorithm: &str) {
    let place = Place::new();
    let envelope = key.sign_envelope(TYPE, PAYLOAD).unwrap();
    place.write("envelope", &envelope);
    assert_eq!(place.run("python3", &["-c", SPLIT]).trim(), key.fingerprint());
    place.write("key.asc", key.public_armoured().unwrap());
    place.gpg(&["--import", "key.asc"]);
    let numbers = place.gpg(&["--with-colons", "--with-key-data", "--list-keys", key.fingerprint()]);
    place.write("numbers", numbers);
    place.run("python3", &["-c", PUBLIC_KEY, algorithm]);
    let check: &[&str] = match algorithm {
        "ed25519" => &[
            "pkeyutl",
            "-verify",
            "-pubin",
            "-inkey",
            "public.pem",
            "-rawin",
            "-in",
            "signed",
            "-sigfile",
            "signature",
        ],
        _ => &["dgst", "-sha256", "-verify", "public.pem", "-signature", "signature", "signed"],
    };
    place.run("openssl", check);
    place.run("sed", &["-i", "s/Statement/statement/", "signed"]);
    assert!(!place.try_run("openssl", check).status.success(), "openssl looks");

    let verified = verify(&envelope, key).unwrap();
    assert_eq!((&*verified.payload, &*verified.fingerprint), (PAYLOAD, key.fingerprint()));
    assert_eq!(envelope, key.sign_envelope(TYPE, PAYLOAD).unwrap(), "the same bytes");
}

#[test]
fn openssl_verifies_an_ed25519_statement() {
    openssl_verifies(&ed25519(), "ed25519");
}

#[test]
fn openssl_verifies_an_rsa_statement() {
    let key = SecretKey::generate("Test <test@example.org>", TIME, Algorithm::Rsa4096).unwrap();
    openssl_verifies(&key, "rsa");
}

#[test]
fn keys_of_gpg_sign_statements_or_are_refused_by_name() {
    let place = Place::new();
    for algorithm in ["ed25519", "rsa2048"] {
        let key = place.gpg_key(&format!("{algorithm}@example.org"), algorithm);
        let envelope = key.sign_envelope(TYPE, PAYLOAD).unwrap();
        assert_eq!(verify(&envelope, &key).unwrap().fingerprint, key.fingerprint());
    }
    let curve = place.gpg_key("curve@example.org", "nistp256");
    let error = curve.sign_envelope(TYPE, PAYLOAD).unwrap_err();
    assert!(matches!(&error, DsseError::Algorithm { fingerprint } if fingerprint == curve.fingerprint()));
}

#[test]
fn short_rsa_signatures_keep_their_leading_zeros() {
    let key = Place::new().gpg_key("rsa@example.org", "rsa2048");
    // One signature in 256 begins with a zero byte; that none of so many does is out of the question.
    for number in 0..10_000 {
        let payload = format!("{number}");
        let envelope = key.sign_envelope(TYPE, payload.as_bytes()).unwrap();
        let json: serde_json::Value = serde_json::from_str(&envelope).unwrap();
        let signature = json["signatures"][0]["sig"].as_str().unwrap();
        assert_eq!(signature.len(), 344, "256 bytes in base64");
        if matches!(signature.as_bytes(), [b'A', b'A'..=b'P', ..]) {
            verify(&envelope, &key).unwrap();
            return;
        }
    }
    panic!("no signature begins with a zero byte");
}

#[test]
fn a_statement_is_believed_for_the_right_reasons_only() {
    let (key, other) = (ed25519(), ed25519());
    let envelope = key.sign_envelope(TYPE, PAYLOAD).unwrap();

    let error = verify(&envelope, &other).unwrap_err();
    let said = error.to_string();
    assert!(matches!(error, DsseError::UnknownKey { .. }));
    assert!(said.contains(key.fingerprint()) && said.contains(other.fingerprint()), "{said}");
    let both = [key.public_armoured().unwrap(), other.public_armoured().unwrap()];
    assert_eq!(verify_envelope(envelope.as_bytes(), TYPE, both).unwrap().fingerprint, key.fingerprint());

    // A key id is no proof, and none is needed.
    let forged = changed(&envelope, "/signatures/0/keyid", other.fingerprint().into());
    assert!(matches!(verify(&forged, &other), Err(DsseError::BadSignature { .. })));
    let unnamed = changed(&envelope, "/signatures/0/keyid", "".into());
    assert_eq!(verify(&unnamed, &key).unwrap().fingerprint, key.fingerprint());
    assert!(matches!(verify(&unnamed, &other), Err(DsseError::BadSignature { .. })));

    let error = verify_envelope(envelope.as_bytes(), "text/plain", [key.public_armoured().unwrap()]);
    assert!(error.unwrap_err().to_string().contains("its payload is `application/vnd.in-toto+json`"));
    let renamed = changed(&envelope, "/payloadType", "text/plain".into());
    let error = verify_envelope(renamed.as_bytes(), "text/plain", [key.public_armoured().unwrap()]);
    assert!(matches!(error, Err(DsseError::BadSignature { .. })), "the type is signed too");
    let replaced = changed(&envelope, "/payload", "e30=".into());
    assert!(matches!(verify(&replaced, &key), Err(DsseError::BadSignature { .. })));
    let bare = changed(&envelope, "/signatures", serde_json::json!([]));
    assert!(matches!(verify(&bare, &key), Err(DsseError::NoSignature)));
    let no_certificate = verify_envelope(envelope.as_bytes(), TYPE, ["garbage"]);
    assert!(matches!(no_certificate, Err(DsseError::Certificate(_))));
}

#[test]
fn both_alphabets_of_base64_and_unknown_fields_are_read() {
    let key = ed25519();
    // Bytes whose base64 has both letters in which the alphabets differ.
    let payload = [0xfb, 0xff, 0xfe];
    let envelope = key.sign_envelope(TYPE, &payload).unwrap();
    assert!(envelope.contains("\"+//+\""), "{envelope}");
    let mut json: serde_json::Value = serde_json::from_str(&envelope).unwrap();
    json["payload"] = "-__-".into();
    json["signatures"][0]["cert"] = "later".into();
    json["later"] = serde_json::json!({});
    assert_eq!(verify(&json.to_string(), &key).unwrap().payload, payload);
}

#[test]
fn a_revoked_key_s_statement_does_not_count() {
    let place = Place::new();
    let key = place.gpg_key("gone@example.org", "ed25519");
    let envelope = key.sign_envelope(TYPE, PAYLOAD).unwrap();
    let revocation = place.path(&format!("gpg/openpgp-revocs.d/{}.rev", key.fingerprint()));
    // gpg disarms its prepared revocation by a colon.
    let armed = std::fs::read_to_string(revocation).unwrap().replace(":-----BEGIN", "-----BEGIN");
    place.write("revocation", armed);
    place.gpg(&["--import", "revocation"]);
    let certificate = place.gpg(&["--armor", "--export", "gone@example.org"]);
    let error = verify_envelope(envelope.as_bytes(), TYPE, [certificate]).unwrap_err();
    assert!(matches!(error, DsseError::Revoked { .. }), "{error}");
}

#[test]
fn changed_envelopes_are_noticed_and_never_panic() {
    let key = ed25519();
    let envelope = key.sign_envelope(TYPE, PAYLOAD).unwrap();
    let certificate = key.public_armoured().unwrap();
    proptest!(|(at in 0..envelope.len(), to in any::<u8>(), cut in any::<bool>())| {
        let mut bytes = envelope.clone().into_bytes();
        bytes[at] = to;
        if cut {
            bytes.truncate(at);
        }
        // White space, the key id's case and unknown fields mean nothing; the payload is as it was signed.
        if let Ok(verified) = verify_envelope(&bytes, TYPE, [&certificate]) {
            prop_assert_eq!(verified.payload, PAYLOAD);
        }
    });
    proptest!(|(garbage in any::<Vec<u8>>())| {
        prop_assert!(verify_envelope(&garbage, TYPE, [&certificate]).is_err());
    });
    let nested = format!("{{\"payloadType\": {}", "[".repeat(100_000));
    assert!(matches!(verify(&nested, &key), Err(DsseError::Malformed(_))));
}
