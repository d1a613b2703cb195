//! The definition file, from anyone.
#![no_main]

use std::path::Path;

use heirloom_formats::definition::Definition;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = Definition::parse(text, Path::new("heirloom.toml"));
});
