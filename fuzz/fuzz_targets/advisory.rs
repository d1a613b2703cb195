#![no_main]
//! Advisories in any format: what is read can be written in all of them, and is read again.

use heirloom_formats::advisory::{self, Issuer, Reading, csaf, osv, oval};
use heirloom_formats::{Document, updateinfo};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let reading = Reading { latest: jiff::Timestamp::MAX, major: "9" };
    let document = Document::new("fuzz", bytes).limit(1 << 20);
    let Ok(found) = advisory::read(document, reading) else { return };
    let issuer = Issuer {
        name: "Kestrel",
        id: "kestrel",
        ecosystem: "Kestrel",
        home: "https://kestrel.example",
        contact: "security@kestrel.example",
    };
    let again = |text: &str| {
        let read = advisory::read(Document::new("again", text.as_bytes()), reading);
        read.expect("what was written is a document").into_iter().map(|one| one.expect("and its advisories can be read"))
            .count()
    };
    for advisory in found.into_iter().flatten().take(20) {
        assert_eq!(again(&osv::write(&advisory, issuer).expect("OSV")), 1);
        assert_eq!(again(&csaf::write(&advisory, issuer).expect("CSAF")), 1);
        for major in advisory.majors() {
            assert_eq!(again(&oval::write([&advisory], major, issuer)), 1);
            let made = updateinfo::made(&advisory, major, &["noarch"], issuer);
            assert_eq!(again(&updateinfo::to_xml([&made])), 1);
        }
    }
});
