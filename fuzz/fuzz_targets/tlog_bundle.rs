#![no_main]
//! Bundles of entries, and entries.

use heirloom_model::log::LogEntry;
use heirloom_tlog::{read_bundle, write_bundle};

libfuzzer_sys::fuzz_target!(|input: (u8, &[u8])| {
    let (count, bytes) = input;
    if let Ok(entries) = read_bundle(bytes, count.into()) {
        assert_eq!(write_bundle(entries.iter().copied()).expect("entries fit"), bytes);
        for entry in entries {
            if let Ok(read) = LogEntry::parse(entry) {
                assert_eq!(read.line().expect("a line").as_bytes(), entry);
            }
        }
    }
});
