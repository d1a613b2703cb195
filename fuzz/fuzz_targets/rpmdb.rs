#![no_main]
//! Databases of packages. The first byte chooses: a whole database, or a header of a row of one.

use std::io::Write as _;

use heirloom_formats::rpmdb;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((choice, rest)) = bytes.split_first() else { return };
    if choice % 2 == 0 {
        let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
        file.write_all(rest).expect("written");
        let _ = rpmdb::Kind::of(file.path());
        let _ = rpmdb::read(file.path());
    } else if let Ok(Some(package)) = rpmdb::header(rest) {
        assert!(!package.name().is_empty());
    }
});
