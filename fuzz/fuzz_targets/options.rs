#![no_main]
//! Long options of man pages and completions.

use heirloom_compare::{completed, defined, mentioned};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    assert!(defined(&text).is_subset(&mentioned(&text)));
    let _ = (completed("x.fish", &text), completed("x", &text));
});
