#![no_main]
//! updateinfo.xml: reading, selecting, joining and writing back.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_formats::{Document, updateinfo};
use heirloom_model::Digest;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(advisories) = updateinfo::parse(Document::new("fuzz", bytes).limit(1 << 20)) else { return };
    let all = advisories.iter().flat_map(|advisory| &advisory.packages);
    let packages: BTreeMap<_, _> = all.step_by(2).map(|package| (package.clone(), Digest::of(b"x"))).collect();
    let renamed: BTreeMap<_, _> = packages.keys().zip(packages.keys().skip(1)).collect();
    let renamed = renamed.into_iter().map(|(a, b)| (a.clone(), b.clone())).collect();
    let have =
        updateinfo::Have { arch: "x86_64", packages: &packages, renamed: &renamed, elsewhere: &BTreeSet::new() };
    let selected = updateinfo::select(advisories.clone(), &have);
    let merged = updateinfo::merge(advisories.into_iter().chain(selected.advisories));
    let xml = updateinfo::to_xml(&merged.advisories);
    let again = updateinfo::parse(Document::new("again", xml.as_bytes())).expect("what was written can be read");
    assert_eq!(updateinfo::to_xml(&again), xml);
});
