//! Signatures of votes: SSHSIG, as text and as what is in its armour, and OpenPGP.
#![no_main]

use std::sync::LazyLock;

use base64::Engine as _;
use heirloom_sign::{Algorithm, MemberKey, SecretKey};

/// The key of the seeds.
static SSH: LazyLock<MemberKey> = LazyLock::new(|| {
    let line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJlNbV0psZfxLbF1tzGDe7G4";
    MemberKey::parse(line).expect("a key")
});
static PGP: LazyLock<MemberKey> = LazyLock::new(|| {
    let key = SecretKey::generate("A <a@example.org>", 1_700_000_000, Algorithm::Ed25519).expect("a key");
    MemberKey::parse(&key.public_armoured().expect("its certificate")).expect("a key")
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let body = base64::engine::general_purpose::STANDARD.encode(bytes);
    let armoured = format!("-----BEGIN SSH SIGNATURE-----\n{body}\n-----END SSH SIGNATURE-----\n");
    assert!(SSH.verify("vote", b"data", &armoured, 0).is_err());
    if let Ok(text) = std::str::from_utf8(bytes) {
        assert!(SSH.verify("vote", b"data", text, 0).is_err());
        assert!(PGP.verify("vote", b"data", text, 1_700_000_000).is_err());
    }
});
