//! Statements of provenance: what is read agrees with itself, is written, and is read again.
#![no_main]

use heirloom_model::provenance::{Provenance, Role};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(read) = Provenance::from_json(bytes) else { return };
    assert_eq!(read.dependencies(Role::Source).count(), read.action().sources.len());
    assert_eq!(read.dependencies(Role::Buildroot).count(), read.action().buildroot().count());
    let text = serde_json::to_vec(&read).expect("it can be written");
    assert_eq!(Provenance::from_json(&text).expect("what was written is read"), read);
});
