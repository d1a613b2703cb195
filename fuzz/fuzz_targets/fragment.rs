#![no_main]
//! The kept form of a package's metadata: the content of a frame, and a whole frame.

use heirloom_formats::repodata::Fragment;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = Fragment::from_bytes(bytes);
    let frame = zstd::bulk::compress(bytes, 1).expect("a small frame");
    if let Ok(fragment) = Fragment::from_bytes(&frame) {
        let kept = fragment.to_bytes().expect("a small fragment");
        assert_eq!(Fragment::from_bytes(&kept).expect("what was kept"), fragment);
    }
});
