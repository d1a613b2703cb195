#![no_main]
//! Modulemd documents: for components; and as a whole index, which is selected from, judged and read again.

use std::collections::BTreeMap;

use heirloom_formats::Document;
use heirloom_formats::modulemd::{ModuleIndex, Modulemd, Wanted, gate};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let document = Document::new("fuzz", bytes);
    let _ = Modulemd::parse(document);
    let Ok(index) = ModuleIndex::parse(document) else { return };
    let all = index.streams.iter().flat_map(|stream| &stream.artifacts);
    let packages: BTreeMap<_, _> = all.step_by(2).map(|package| (package.clone(), String::new())).collect();
    let defaults = index.streams.iter().map(|stream| (stream.id.name.clone(), "x".to_owned())).collect();
    let wanted = Wanted { arch: "x86_64", packages: &packages, default_streams: &defaults, cut: true };
    let base = packages.keys().cloned().collect();
    let around = gate::Surroundings {
        arch: "x86_64",
        packages: &packages,
        base: &base,
        others: &[],
        platforms: &["el9"],
    };
    let _ = gate::judge(&index, &around);
    let Ok(selected) = index.select(&wanted) else { return };
    let yaml = selected.index.to_yaml();
    let again = ModuleIndex::parse(Document::new("again", yaml.as_bytes())).expect("what was written can be read");
    assert_eq!(again.to_yaml(), yaml);
});
