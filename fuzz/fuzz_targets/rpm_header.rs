#![no_main]
//! The header of an RPM: reading, and describing it as repodata.

use heirloom_formats::repodata::{Fragment, PackageFacts};
use heirloom_formats::rpm_file::Header;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(header) = Header::read("fuzz", bytes) {
        let digest = "0".repeat(64).parse().expect("a digest");
        let facts = PackageFacts { digest, size: 0, file_time: 0, changelog_entries: 10 };
        if let Ok(fragment) = Fragment::from_header(&header, &facts) {
            let kept = fragment.to_bytes().expect("a small fragment");
            assert_eq!(Fragment::from_bytes(&kept).expect("what was kept"), fragment);
        }
        let _ = header.package(digest, 0, "a.rpm");
        let _ = (header.sigmd5(), header.signing_key());
        for tag in header.tags() {
            let _ = header.value(tag);
        }
    }
});
