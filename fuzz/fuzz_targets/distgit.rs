#![no_main]
//! The two lists of lookaside sources.

use heirloom_formats::distgit;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = distgit::parse_metadata("fuzz", text);
    let _ = distgit::parse_sources("fuzz", text);
});
