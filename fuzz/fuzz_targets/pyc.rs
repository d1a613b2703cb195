#![no_main]
//! Python bytecode.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = heirloom_formats::pyc::parse(bytes);
});
