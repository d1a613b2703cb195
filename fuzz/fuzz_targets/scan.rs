//! A file of a source package, searched for every kind of mark.
#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use heirloom_formats::brand::Brand;
use heirloom_scan::Scanner;

static SCANNER: LazyLock<Scanner> = LazyLock::new(|| {
    let brand = Brand::parse(include_str!("../../world/brand.toml"), Path::new("brand.toml"));
    Scanner::new(&brand.expect("the world's brand file"), Default::default()).expect("its marks")
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    SCANNER.file("sample", "a.spec", &mut &*bytes, &mut Vec::new());
});
