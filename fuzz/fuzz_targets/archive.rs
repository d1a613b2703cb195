#![no_main]
//! Archives and compressed files. What may be held is bounded, and little enough for a fuzzer.

use heirloom_formats::archive;

const MOST: u64 = 1 << 20;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    for read in [archive::ar, archive::cpio, archive::tar, archive::zip] {
        if let Ok(members) = read(bytes, MOST) {
            let held: usize = members.iter().map(|member| member.data.len()).sum();
            assert!(held as u64 <= MOST, "members hold more than is allowed");
        }
    }
    if let Ok(content) = archive::decompress(bytes, MOST) {
        assert!(content.len() as u64 <= MOST, "a content is larger than is allowed");
    }
});
