//! The brand file, from anyone.
#![no_main]

use std::path::Path;

use heirloom_formats::brand::Brand;
use heirloom_scan::Scanner;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(brand) = Brand::parse(text, Path::new("brand.toml")) {
        // What can be written can be searched for, or is refused.
        let _ = Scanner::new(&brand, Default::default());
    }
});
