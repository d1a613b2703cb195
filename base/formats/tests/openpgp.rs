//! Signatures that gpg and rpmsign make.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use heirloom_formats::openpgp::{CertificateError, Keyring, VerifyError};
use heirloom_formats::rpm_file::{Envelope, Header, RpmProblem};
use testkit::gpg::Key;
use testkit::rpm_builder::RpmBuilder;

const DATA: &[u8] = b"some data\n";

/// A gpg home with a file of [`DATA`].
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(home.path("gpg")).unwrap();
        std::fs::set_permissions(home.path("gpg"), std::fs::Permissions::from_mode(0o700)).unwrap();
        std::fs::write(home.path("data"), DATA).unwrap();
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn gpg(&self, args: &[&str]) -> Vec<u8> {
        let mut gpg = Command::new("gpg");
        gpg.current_dir(self.0.path()).env("GNUPGHOME", self.path("gpg")).env("LC_ALL", "C");
        let output = gpg.args(["--batch", "--quiet", "--passphrase", ""]).args(args).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "gpg {args:?}: {said}");
        output.stdout
    }

    fn generate(&self, user: &str, algorithm: &str, usage: &str) {
        self.gpg(&["--quick-gen-key", user, algorithm, usage, "never"]);
    }

    /// A detached signature of [`DATA`].
    fn sign(&self, user: &str, more: &[&str]) -> Vec<u8> {
        self.gpg(&[&["--output", "-", "-u", user], more, &["--detach-sign", "data"]].concat())
    }

    fn keyring(&self, user: &str) -> Keyring {
        Keyring::from_armoured(&self.gpg(&["--armor", "--export", user])).unwrap()
    }

    /// A field of the listed keys of these kinds.
    fn listed(&self, kinds: &[&str], field: usize) -> Vec<String> {
        let listed = String::from_utf8(self.gpg(&["--with-colons", "--list-keys"])).unwrap();
        let rows = listed.lines().map(|line| line.split(':').collect::<Vec<_>>());
        rows.filter(|row| kinds.contains(&row[0])).map(|row| row[field - 1].to_owned()).collect()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // gpg leaves an agent behind that would watch a removed directory.
        let _ = Command::new("gpgconf").env("GNUPGHOME", self.path("gpg")).args(["--kill", "all"]).status();
    }
}

#[test]
fn signatures_of_gpg_are_verified() {
    let home = Home::new();
    for (user, algorithm) in [("rsa@example.org", "rsa3072"), ("ed@example.org", "ed25519")] {
        home.generate(user, algorithm, "sign");
        let (keyring, fingerprint) = (home.keyring(user), home.listed(&["fpr"], 10).pop().unwrap());
        assert_eq!(keyring.fingerprints(), [fingerprint.as_str()]);
        for form in ["--armor", "--no-armor"] {
            let signature = home.sign(user, &[form]);
            assert_eq!(keyring.verify_detached(DATA, &signature).unwrap(), fingerprint);
            let error = keyring.verify_detached(b"some date\n", &signature).unwrap_err();
            assert!(matches!(error, VerifyError::BadSignature { .. }), "{error}");
        }
    }
    let error = home.keyring("rsa@").verify_detached(DATA, &home.sign("ed@", &[])).unwrap_err();
    assert!(matches!(error, VerifyError::UnknownKey { .. }), "{error}");
}

#[test]
fn a_signing_subkey_counts_for_its_certificate() {
    let home = Home::new();
    home.generate("sub@example.org", "ed25519", "cert");
    let fingerprint = home.listed(&["fpr"], 10).remove(0);
    home.gpg(&["--quick-add-key", &fingerprint, "ed25519", "sign", "never"]);
    let keyring = home.keyring("sub@");
    assert_eq!(keyring.verify_detached(DATA, &home.sign("sub@", &[])).unwrap(), fingerprint);

    let ids: Vec<_> = home.listed(&["pub", "sub"], 5).iter().map(|id| id.to_lowercase()).collect();
    assert_eq!((keyring.key_ids(), ids.len()), (ids, 2));
    home.gpg(&["--quick-add-key", &fingerprint, "cv25519", "encr", "never"]);
    assert_eq!(home.keyring("sub@").key_ids(), keyring.key_ids(), "a key for encryption signs nothing");
}

#[test]
fn a_revoked_key_does_not_count() {
    let home = Home::new();
    home.generate("gone@example.org", "ed25519", "sign");
    let signature = home.sign("gone@", &[]);
    home.keyring("gone@").verify_detached(DATA, &signature).unwrap();
    let prepared = format!("gpg/openpgp-revocs.d/{}.rev", home.listed(&["fpr"], 10)[0]);
    // gpg disarms its prepared revocation by a colon.
    let armed = std::fs::read_to_string(home.path(&prepared)).unwrap().replace(":-----BEGIN", "-----BEGIN");
    std::fs::write(home.path("revocation"), armed).unwrap();
    home.gpg(&["--import", "revocation"]);
    let error = home.keyring("gone@").verify_detached(DATA, &signature).unwrap_err();
    assert!(matches!(error, VerifyError::Revoked { .. }), "{error}");
}

#[test]
fn sha1_is_refused() {
    let home = Home::new();
    home.generate("weak@example.org", "rsa2048", "sign");
    let signature = home.sign("weak@", &["--digest-algo", "SHA1"]);
    let error = home.keyring("weak@").verify_detached(DATA, &signature).unwrap_err();
    assert!(matches!(error, VerifyError::Weak { .. }), "{error}");
}

#[test]
fn what_is_no_certificate_is_refused() {
    let home = Home::new();
    home.generate("one@example.org", "ed25519", "sign");
    let whole = home.gpg(&["--export", "one@"]);
    Keyring::from_armoured(&whole).unwrap();
    let armoured = b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----";
    for wrong in [&b""[..], b"no key", armoured, &whole[..40]] {
        assert!(Keyring::from_armoured(wrong).is_err(), "{wrong:x?}");
    }
    // The last bytes are those of the user id's signature.
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    let error = Keyring::from_armoured(&changed).unwrap_err();
    let fingerprint = &home.listed(&["fpr"], 10)[0];
    assert!(matches!(&error, CertificateError::Unbound(found) if found == fingerprint), "{error}");
}

/// A package that rpmsign signed, and what verifies it.
fn signed(dir: &Path) -> (PathBuf, Key, Keyring) {
    let key = Key::throwaway("Vendor <vendor@example.org>").unwrap();
    let package = RpmBuilder::new("signed", "1").file("/opt/signed", "content").build(dir).unwrap().binary;
    key.sign_rpms(std::slice::from_ref(&package)).unwrap();
    let keyring = Keyring::from_armoured(key.public().unwrap().as_bytes()).unwrap();
    (package, key, keyring)
}

#[test]
fn packages_of_rpmsign_are_verified() {
    let dir = tempfile::tempdir().unwrap();
    let (package, key, keyring) = signed(dir.path());
    assert_eq!(keyring.verify_rpm(&package).unwrap(), key.fingerprint());
    assert_eq!(keyring.key_ids(), [Header::open(&package).unwrap().signing_key().unwrap()]);
    let format = ["-qp", "--nosignature", "--qf", "%{rsaheader:pgpsig}"];
    let said = Command::new("rpm").args(format).arg(&package).output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(said.ends_with(&format!("Key ID {}", keyring.key_ids()[0])), "{said}");

    let other = Key::throwaway("Other <other@example.org>").unwrap();
    let other = Keyring::from_armoured(other.public().unwrap().as_bytes()).unwrap();
    let error = other.verify_rpm(&package).unwrap_err();
    assert!(matches!(error, VerifyError::UnknownKey { .. }), "{error}");
}

#[test]
fn an_unsigned_package_is_told_apart_and_has_the_same_signed_part() {
    let dir = tempfile::tempdir().unwrap();
    let (package, _, keyring) = signed(dir.path());
    let signed = Envelope::read(std::fs::File::open(&package).unwrap()).unwrap().digest();
    let removed = Command::new("rpmsign").arg("--delsign").arg(&package).output().unwrap();
    assert!(removed.status.success(), "{removed:?}");
    let error = keyring.verify_rpm(&package).unwrap_err();
    assert!(matches!(error, VerifyError::NoSignature), "{error}");
    assert_eq!(Envelope::read(std::fs::File::open(&package).unwrap()).unwrap().digest(), signed);
    assert_eq!(Header::open(&package).unwrap().digest(), signed);
}

#[test]
fn a_damaged_package_is_not_believed() {
    let dir = tempfile::tempdir().unwrap();
    let (package, _, keyring) = signed(dir.path());
    let intact = std::fs::read(package).unwrap();
    let refused = |bytes: &[u8]| match keyring.verify_rpm_from(bytes).unwrap_err() {
        VerifyError::Package(problem) => problem,
        other => panic!("{other}"),
    };
    let mut changed = intact.clone();
    *changed.last_mut().unwrap() ^= 1;
    for damaged in [&changed[..], &intact[..intact.len() - 1]] {
        let problem = refused(damaged);
        assert!(matches!(problem, RpmProblem::Digest { part: "payload", .. }), "{problem}");
    }
    let payload = Header::read("intact", &intact[..]).unwrap().range.end as usize;
    changed = intact.clone();
    changed[payload - 1] ^= 1;
    let problem = refused(&changed);
    assert!(matches!(problem, RpmProblem::Digest { part: "header", .. }), "{problem}");
    let problem = refused(&intact[..300]);
    assert!(matches!(problem, RpmProblem::Truncated { .. }), "{problem}");
    for garbage in ["", "text", &"text".repeat(100)] {
        let problem = refused(garbage.as_bytes());
        assert!(matches!(problem, RpmProblem::NotAnRpm), "{problem}");
    }
}
