#![no_main]
//! .treeinfo and composeinfo.json: what is read can be written, and is read again as the same.

use heirloom_formats::Document;
use heirloom_formats::productmd::{ComposeInfo, TreeInfo};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let document = Document::new("fuzz", bytes);
    if let Ok(tree) = TreeInfo::parse(document) {
        let text = tree.to_text().expect("what was read can be written");
        assert_eq!(TreeInfo::parse(Document::new("again", text.as_bytes())).expect("and read again"), tree);
    }
    if let Ok(info) = ComposeInfo::parse(document) {
        let text = info.to_json().expect("what was read can be written");
        assert_eq!(ComposeInfo::parse(Document::new("again", text.as_bytes())).expect("and read again"), info);
    }
});
