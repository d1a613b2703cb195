//! Shares of keys, which come back as they were.
#![no_main]

use heirloom_sign::{Share, join};

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(share) = Share::parse(text, "share") {
        let again = Share::parse(&share.to_text(), "share").expect("a share");
        assert!(share == again);
        let _ = join(&[("share".to_owned(), share)]);
    }
});
