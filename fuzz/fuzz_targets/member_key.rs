//! Public keys of members, from anyone.
#![no_main]

use heirloom_sign::MemberKey;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(key) = MemberKey::parse(text) {
        let _ = (key.fingerprint(), key.kind(), key.algorithm(), key.created(), key.expires());
        let _ = key.verify("vote", b"data", "-----BEGIN SSH SIGNATURE-----", 0);
    }
    let _ = MemberKey::of_private(text);
});
