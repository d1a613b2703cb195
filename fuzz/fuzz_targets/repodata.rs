#![no_main]
//! primary.xml, filelists.xml and other.xml, split at the first NUL bytes: read as packages, and taken over as they are.

use heirloom_formats::repodata::{
    Compression, Descriptions, Fragments, Packages, RepositoryWriter, read_changelogs, read_listing, read_paths,
};
use heirloom_formats::Document;

fn document(bytes: &[u8]) -> Document<'_> {
    Document::new("fuzz", bytes).limit(1 << 20)
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(3, |byte| *byte == 0);
    let mut part = || parts.next().unwrap_or_default();
    let (primary, filelists, other) = (part(), part(), part());
    if let Ok(packages) = Packages::open(document(primary), document(filelists)) {
        packages.for_each(drop);
    }
    if let Ok(descriptions) = Descriptions::open(document(primary)) {
        descriptions.for_each(drop);
    }
    let _ = read_paths(document(filelists), &["/usr/bin/a".to_owned()].into());
    let _ = read_changelogs(document(other));
    let _ = read_listing(document(primary));
    if let Ok(fragments) = Fragments::open(document(primary), document(filelists), document(other)) {
        for published in fragments.flatten() {
            // What is taken over once is taken over again, unchanged.
            let kept = published.fragment.to_bytes().expect("a small fragment");
            assert_eq!(
                heirloom_formats::repodata::Fragment::from_bytes(&kept).expect("what was kept"),
                published.fragment
            );
            let dir = tempfile::tempdir().expect("a directory");
            let mut writer = RepositoryWriter::create(dir.path(), 1, Compression::Zstd).expect("a writer");
            writer.package(&published.fragment, &published.location).expect("a plain location");
            let repomd = writer.finish("1", 1).expect("a repository");
            let read = |kind: &str| {
                let location = &repomd.record(kind).expect("a record").location;
                std::fs::read(dir.path().join(location.trim_start_matches("repodata/"))).expect("a file")
            };
            let (primary, filelists, other) = (read("primary"), read("filelists"), read("other"));
            let mut again = Fragments::open(document(&primary), document(&filelists), document(&other)).expect("XML");
            assert_eq!(again.next().expect("a package").expect("the same package"), published);
        }
    }
});
