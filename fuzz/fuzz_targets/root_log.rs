#![no_main]
//! root.log: a table of dnf that is whole, then whatever comes.

use heirloom_formats::{Document, recorded};

const TABLE: &str = " Package Arch Version Repo Size\nInstalling:\n bash x86_64 5-1 build 1 k\n";

libfuzzer_sys::fuzz_target!(|text: &str| {
    let log = format!("{TABLE}{text}");
    let _ = recorded::parse(Document::new("fuzz", log.as_bytes()));
});
