//! Files of waivers, from anyone.
#![no_main]

use std::path::Path;

use heirloom_formats::waivers;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = waivers::parse(text, Path::new("waivers.toml"), &["closure", "empty"]);
});
