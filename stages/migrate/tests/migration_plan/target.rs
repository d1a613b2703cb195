//! Target files: signed, and saying what can be.

use heirloom_formats::openpgp::Keyring;
use heirloom_migrate::target::{Target, TargetError, verified};
use testkit::gpg::Key;

const TEXT: &str = r#"
format = 1
id = "kestrel"
name = "Kestrel Linux"
version = "9.4"
architectures = ["x86_64", "aarch64"]
platform = "platform:el9"
certificates = """
CERTIFICATE"""

[roles]
release = "kestrel-release"

[[repositories]]
id = "kestrel-baseos"
name = "Kestrel Linux 9 - BaseOS"
baseurls = ["https://mirror.example/kestrel/$releasever/BaseOS/$basearch/os"]

[[swaps]]
from = "centos-*"
to = "kestrel-logos"
reason = "its own logos"

[[modules]]
name = "php"
from = "8.1"
to = "8.2"

[boot]
directory = "kestrel"
label = "Kestrel Linux"
loaders = { x86_64 = "shimx64.efi" }
"#;

fn text(key: &Key) -> String {
    TEXT.replace("CERTIFICATE", &key.public().unwrap())
}

#[test]
fn a_signed_file_is_read_and_written() {
    let (key, other) = (Key::throwaway("Kestrel").unwrap(), Key::throwaway("Other").unwrap());
    let text = text(&key);
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("kestrel.toml");
    std::fs::write(&file, &text).unwrap();
    let signature = std::fs::read(key.sign_file(&file).unwrap()).unwrap();
    let keyring = |key: &Key| Keyring::from_armoured(key.public().unwrap().as_bytes()).unwrap();
    let found = verified("kestrel.toml", text.as_bytes(), &signature, &keyring(&key)).unwrap();
    assert_eq!(found.signer.to_uppercase(), key.fingerprint());
    assert_eq!(found.digest, heirloom_model::Digest::of(text.as_bytes()));
    assert_eq!((found.target.major(), found.target.role("release")), (9, Some("kestrel-release")));
    let again = Target::read("again", &found.target.to_text().unwrap()).unwrap();
    assert_eq!(again, found.target);
    let changed = text.replace("9.4", "9.5");
    for (bytes, signature, keyring) in [
        (changed.as_bytes(), &signature[..], keyring(&key)),
        (text.as_bytes(), &signature[..], keyring(&other)),
        (text.as_bytes(), b"", keyring(&key)),
    ] {
        let error = verified("kestrel.toml", bytes, signature, &keyring).unwrap_err();
        assert!(matches!(error, TargetError::Signature { .. }), "{error}");
    }
    // The target's own certificates are in the file: they vouch for nothing but what it offers.
    wrong_fields(&text);
}

fn wrong_fields(text: &str) {
    for (from, to, says) in [
        ("format = 1", "format = 2", "is of form 2, this program reads form 1"),
        ("id = \"kestrel\"\nname", "id = \"../x\"\nname", "`id` is `../x`"),
        ("id = \"kestrel\"\nname", "colour = 1\nid = \"kestrel\"\nname", "is no target file"),
        ("\"9.4\"", "\"stream\"", "`version` is `stream`"),
        ("[\"x86_64\", \"aarch64\"]", "[]", "`architectures` is `[]`, expected at least one"),
        ("release = \"kestrel-release\"", "logos = \"kestrel-logos\"", "expected `release`"),
        ("\"kestrel-release\"", "\"a b\"", "`roles.release` is `a b`, expected a package's name"),
        ("https://mirror", "gopher://mirror", "`repositories.kestrel-baseos.baseurls` is `gopher://"),
        ("$releasever", "$contentdir", "no variables but"),
        ("\"kestrel-baseos\"", "\"a\\nb\"", "`repositories.id`"),
        ("\"centos-*\"", "\"*\"", "`swaps.from` is `*`"),
        ("\"its own logos\"", "\"a\\u001bb\"", "`swaps.reason` is `ab`"),
        ("\"8.1\"", "\"\"", "`modules.from`"),
        ("\"shimx64.efi\"", "\"../shim\"", "`boot.loaders`"),
        ("-----BEGIN PGP", "-----END PGP", "`certificates` can't be read"),
    ] {
        assert!(text.contains(from), "{from}");
        let error = Target::read("kestrel.toml", &text.replace(from, to)).unwrap_err().to_string();
        assert!(error.starts_with("kestrel.toml") && error.contains(says), "{to}: {error}");
    }
    let large = format!("# {}\n{text}", "x".repeat(5 << 20));
    assert!(matches!(Target::read("x", &large), Err(TargetError::Large { .. })));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn never_panics(text in "\\PC{0,200}") {
        let _ = Target::read("x", &text);
    }
}
