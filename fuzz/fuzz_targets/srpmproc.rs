//! Configurations of srpmproc. What comes out is a rule for everything that was carried over. All contents that they
//! name are the text itself.
#![no_main]

use heirloom_formats::debrand::{Content, srpmproc};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let read = |_: Content<'_>| Some(text.as_bytes().to_vec());
    if let Ok(converted) = srpmproc::convert(text, "a", "a", Some("r9"), &read) {
        let rules = converted.rules.lines().filter(|line| *line == "[[rule]]").count();
        assert!(rules > 0 || converted.rules.is_empty(), "rules without a rule");
    }
});
