//! Signed packages.

use heirloom_formats::openpgp::VerifyError;
use heirloom_formats::rpm_file::RpmProblem;
use heirloom_sign::{Algorithm, SecretKey, SignError};
use proptest::prelude::*;

use crate::support::{Place, TIME, keyring};

fn ed25519() -> SecretKey {
    SecretKey::generate("Test <test@example.org>", TIME, Algorithm::Ed25519).unwrap()
}

/// rpm accepts what this key signs, and so do we.
fn rpm_accepts(place: &Place, key: &SecretKey) {
    let package = place.package("plain", "content");
    let signed = place.path("signed.rpm");
    let digest = key.sign_rpm(&package, &signed, TIME).unwrap();
    let bytes = std::fs::read(&signed).unwrap();
    assert_eq!(digest, heirloom_model::Digest::of(&bytes));
    assert!(place.run("stat", &["-c", "%a", "signed.rpm"]).contains("644"));

    let (fine, said) = place.rpm_check(&signed);
    assert!(!fine && said.contains("SIGNATURES NOT OK"), "before the import: {said}");
    place.import_to_rpm(key);
    let (fine, said) = place.rpm_check(&signed);
    assert!(fine && said.contains("digests signatures OK"), "{said}");
    assert_eq!(keyring(key).verify_rpm(&signed).unwrap(), key.fingerprint());

    key.sign_rpm(&signed, &place.path("again.rpm"), TIME).unwrap();
    assert_eq!(std::fs::read(place.path("again.rpm")).unwrap(), bytes, "the same bytes");
}

#[test]
fn rpm_accepts_an_ed25519_signature() {
    rpm_accepts(&Place::new(), &ed25519());
}

#[test]
fn rpm_accepts_an_rsa_signature() {
    let place = Place::new();
    let key = place.gpg_key("rsa@example.org", "rsa4096");
    rpm_accepts(&place, &key);
}

#[test]
fn a_signature_of_rpmsign_is_verified_and_replaced() {
    let place = Place::new();
    let vendor = place.gpg_key("vendor@example.org", "rsa2048");
    let package = place.package("foreign", "content");
    let path = package.to_str().unwrap();
    let (name, gpg) = ("_gpg_name vendor@example.org", "__gpg /usr/bin/gpg");
    place.run("rpmsign", &["--define", name, "--define", gpg, "--addsign", path]);
    assert_eq!(keyring(&vendor).verify_rpm(&package).unwrap(), vendor.fingerprint());

    let (ours, signed) = (ed25519(), place.path("signed.rpm"));
    ours.sign_rpm(&package, &signed, TIME).unwrap();
    assert_eq!(keyring(&ours).verify_rpm(&signed).unwrap(), ours.fingerprint());
    let error = keyring(&vendor).verify_rpm(&signed).unwrap_err();
    assert!(matches!(error, VerifyError::UnknownKey { .. }), "{error}");
    place.import_to_rpm(&ours);
    let (fine, said) = place.rpm_check(&signed);
    assert!(fine && said.contains("digests signatures OK"), "{said}");

    // Nothing but the signatures differs.
    let query = "%{name} %{sigmd5} %{sha1header} %{sha256header} %{payloaddigest}";
    let facts = |file: &str| place.run("rpm", &["-qp", "--nosignature", "--qf", query, file]);
    assert_eq!(facts(path), facts("signed.rpm"));
    let signatures = place.run("rpm", &["-qp", "--nosignature", "--qf", "%{rsaheader:pgpsig}", "signed.rpm"]);
    assert!(signatures.contains("(none)"), "{signatures}");
}

#[test]
fn a_damaged_package_is_neither_signed_nor_believed() {
    let place = Place::new();
    let (key, signed) = (ed25519(), place.path("signed.rpm"));
    key.sign_rpm(&place.package("plain", "content"), &signed, TIME).unwrap();
    let intact = std::fs::read(&signed).unwrap();

    let mut changed = intact.clone();
    *changed.last_mut().unwrap() ^= 1;
    let payload = place.write("payload.rpm", &changed);
    let cut = place.write("cut.rpm", &intact[..intact.len() - 1]);
    for damaged in [&payload, &cut] {
        let error = keyring(&key).verify_rpm(damaged).unwrap_err();
        assert!(matches!(error, VerifyError::Package(RpmProblem::Digest { part: "payload", .. })), "{error}");
        let output = place.path("out.rpm");
        let error = key.sign_rpm(damaged, &output, TIME).unwrap_err();
        assert!(matches!(error, SignError::Package { .. }), "{error}");
        assert!(!output.exists());
    }
    let head = place.write("head.rpm", &intact[..300]);
    let error = keyring(&key).verify_rpm(&head).unwrap_err();
    assert!(matches!(error, VerifyError::Package(RpmProblem::Truncated { .. })), "{error}");
    for garbage in ["", "text", &"text".repeat(100)] {
        assert!(keyring(&key).verify_rpm_from(garbage.as_bytes()).is_err());
    }
}

/// Where the signature header of a package begins and ends.
fn signature_header(package: &[u8]) -> std::ops::Range<usize> {
    let number = |at: usize| u32::from_be_bytes(package[at..at + 4].try_into().unwrap()) as usize;
    let end = 96 + 16 + 16 * number(96 + 8) + number(96 + 12);
    96..end.next_multiple_of(8)
}

#[test]
fn every_changed_byte_is_noticed() {
    let place = Place::new();
    let (key, signed) = (ed25519(), place.path("signed.rpm"));
    key.sign_rpm(&place.package("plain", "content"), &signed, TIME).unwrap();
    let (intact, keyring) = (std::fs::read(&signed).unwrap(), keyring(&key));
    let signatures = signature_header(&intact);
    let change = (0..intact.len(), 0u8..8, any::<bool>());
    proptest!(ProptestConfig::with_cases(400), |((at, bit, cut) in change)| {
        let mut changed = intact.clone();
        changed[at] ^= 1 << bit;
        if cut {
            changed.truncate(at);
        }
        let verified = keyring.verify_rpm_from(changed.as_slice());
        // The lead and the signature header's own digests are not signed, by the format.
        prop_assert!(verified.is_err() || (at < signatures.end && !cut), "byte {}", at);
        let _ = key.sign_rpm_to(changed.as_slice(), std::io::sink(), TIME);
    });
}
