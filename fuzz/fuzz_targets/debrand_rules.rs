//! Files of debrand rules, from anyone.
#![no_main]

use std::path::Path;

use heirloom_formats::debrand;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = debrand::parse(text, Path::new("all.toml"));
});
