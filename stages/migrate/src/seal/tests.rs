use super::*;

const KIND: &str = "application/vnd.heirloom.test+json";

fn signer(dir: &std::path::Path, name: &str) -> Signer {
    Signer::make(&dir.join(name), "a test").unwrap()
}

#[test]
fn only_trusted_keys_open_an_envelope() {
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = (signer(dir.path(), "one"), signer(dir.path(), "other"));
    let envelope = Envelope::seal(KIND, b"{}", &one);
    let again = Envelope::read("it", &envelope.to_bytes()).unwrap();
    let trusted = Signers::from_keys(vec![other.public(), one.public()]);
    assert_eq!(again.open(KIND, &trusted).unwrap(), (b"{}".to_vec(), one.public()));
    let refused = again.open(KIND, &Signers::from_keys(vec![other.public()]));
    assert!(matches!(refused, Err(SealError::Untrusted { trusted: 1, .. })));
    assert!(matches!(again.open("another", &trusted), Err(SealError::Kind { .. })));
    let mut changed = again.clone();
    changed.payload = STANDARD.encode(b"{ }");
    assert!(changed.open(KIND, &trusted).is_err());
}

#[test]
fn what_is_signed_is_the_encoding_of_dsse() {
    // The example of its specification.
    assert_eq!(
        encoded("http://example.com/HelloWorld", b"hello world"),
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    );
}

#[test]
fn key_files_are_read_again_and_never_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let made = signer(dir.path(), "key");
    let path = dir.path().join("key");
    assert_eq!(Signer::open(&path).unwrap().public(), made.public());
    assert_eq!(PublicKey::open(&dir.path().join("key.pub")).unwrap(), made.public());
    assert!(Signer::make(&path, "again").is_err());
    assert_eq!(Signer::open(&path).unwrap().public(), made.public());
    assert!(PublicKey::open(&path).is_err());
    let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(&path).unwrap());
    assert_eq!(mode & 0o777, 0o600);
}
