//! Lifecycle documents, as they are declared and as they are published: what is read can be written in every form, and is
//! read again.
#![no_main]

use std::path::Path;

use heirloom_formats::Document;
use heirloom_formats::lifecycle;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let declared = lifecycle::parse(text, Path::new("lifecycle.toml")).ok();
    let published = lifecycle::read_json(Document::new("lifecycle.json", text.as_bytes())).ok();
    for life in declared.into_iter().chain(published) {
        let json = lifecycle::to_json(&life).expect("JSON");
        let again = lifecycle::read_json(Document::new("again", json.as_bytes()));
        assert_eq!(again.expect("what was written can be read"), life);
        assert!(lifecycle::to_ics(&life).split("\r\n").all(|line| line.len() <= 75));
        let _ = lifecycle::to_svg(&life);
        let _ = lifecycle::to_endoflife(&life).expect("JSON");
    }
});
