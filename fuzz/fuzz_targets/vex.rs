#![no_main]
//! VEX: documents of CSAF, of which what is read can be written and is read again, and files of statements.

use std::path::Path;

use heirloom_formats::advisory::csaf::vex;
use heirloom_formats::advisory::{Issuer, Reading};
use heirloom_formats::{Document, vex as declared};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = declared::parse(text, Path::new("vex.toml"), jiff::Timestamp::MAX);
    }
    let reading = Reading { latest: jiff::Timestamp::MAX, major: "9" };
    let Ok(read) = vex::read(Document::new("fuzz", bytes).limit(1 << 20), reading, &[]) else { return };
    let issuer = Issuer {
        name: "Kestrel",
        id: "kestrel",
        ecosystem: "Kestrel",
        home: "https://kestrel.example",
        contact: "security@kestrel.example",
    };
    if let Some(text) = vex::write(&read, issuer).expect("it can be written") {
        vex::read(Document::new("again", text.as_bytes()), reading, &[]).expect("what was written is read");
    }
});
