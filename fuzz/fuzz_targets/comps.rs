#![no_main]
//! comps.xml: reading, filtering, joining, judging and writing back.

use heirloom_formats::{Document, comps::Comps};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(comps) = Comps::parse(Document::new("fuzz", bytes)) else { return };
    let _ = comps.filtered(|name| name.len() % 2 == 0);
    let (merged, _) = Comps::merged([&comps.for_arch("x86_64"), &comps]);
    let _ = merged.findings(|name| name.len() % 2 == 0, |_| false);
    let xml = merged.to_xml();
    let again = Comps::parse(Document::new("again", xml.as_bytes())).expect("what was written can be read");
    assert_eq!(again.to_xml(), xml);
});
