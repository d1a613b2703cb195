#![no_main]
//! Databases of packages. The first byte chooses: a whole database, a header of a row of one, what rpm writes out of one, or dnf's history.

use std::io::Write as _;

use heirloom_formats::{dnf_history, rpmdb};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((choice, rest)) = bytes.split_first() else { return };
    match choice % 4 {
        0 | 3 => {
            let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
            file.write_all(rest).expect("written");
            if choice % 4 == 3 {
                let _ = dnf_history::read(file.path());
                return;
            }
            let _ = rpmdb::Kind::of(file.path());
            let _ = rpmdb::read(file.path());
            let _ = rpmdb::each(file.path(), drop);
        }
        1 => {
            let _ = rpmdb::Row::read(rest, "fuzz");
            if let Ok(Some(package)) = rpmdb::header(rest) {
                assert!(!package.name().is_empty());
            }
        }
        _ => drop(rpmdb::each_exported(rest, drop)),
    }
});
