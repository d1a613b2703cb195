//! Metadata of fixtures, written and read, for more than one test.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use heirloom_formats::Document;
use heirloom_formats::repodata::{
    CHANGELOG_ENTRIES, Compression, ExtraRecord, Fragment, Fragments, PackageFacts, RepositoryWriter,
};
use heirloom_formats::repomd::Repomd;
use heirloom_formats::rpm_file::read_digested;
use heirloom_model::Package;

/// Everything that is known of one RPM of the repository.
pub(crate) struct Known {
    pub(crate) package: Package,
    pub(crate) fragment: Fragment,
}

/// All RPMs below a repository's root, read by the crate, in the order of their locations.
pub(crate) fn known(repository: &Path) -> Vec<Known> {
    let mut paths = Vec::new();
    walk(repository, &mut paths);
    let read = |path: PathBuf| {
        let (header, digest, size) = read_digested(&path).unwrap();
        let location = path.strip_prefix(repository).unwrap().to_str().unwrap().to_owned();
        let time = path.metadata().unwrap().modified().unwrap();
        let file_time = time.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let facts = PackageFacts { digest, size, file_time, changelog_entries: CHANGELOG_ENTRIES };
        Known {
            package: header.package(digest, size, &location),
            fragment: Fragment::from_header(&header, &facts).unwrap(),
        }
    };
    let mut known: Vec<_> = paths.into_iter().map(read).collect();
    known.sort_by(|a, b| a.package.location.cmp(&b.package.location));
    known
}

fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => walk(&path, found),
            false => found.extend(path.extension().is_some_and(|ending| ending == "rpm").then_some(path)),
        }
    }
}

pub(crate) const COMPS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<comps><group><id>core</id><name>Core</name><description>Core</description><default>true</default>
<uservisible>true</uservisible><packagelist><packagereq type="mandatory">rich</packagereq></packagelist>
</group></comps>"#;

/// Writes the metadata of these packages, and comps.xml, below a repository's root.
pub(crate) fn write(known: &[Known], compression: Compression, root: &Path) -> Repomd {
    let repodata = root.join("repodata");
    std::fs::create_dir(&repodata).unwrap();
    let mut writer = RepositoryWriter::create(&repodata, known.len(), compression).unwrap();
    for known in known {
        writer.package(&known.fragment, &known.package.location).unwrap();
    }
    let comps = ExtraRecord { kind: "group", file_name: "comps.xml", content: COMPS.as_bytes() };
    writer.extra(&comps).unwrap();
    let repomd = writer.finish("7", 1_700_000_000).unwrap();
    std::fs::write(repodata.join("repomd.xml"), repomd.to_xml()).unwrap();
    repomd
}

/// The decompressed metadata of a repository on disk, by kind.
pub(crate) fn metadata(root: &Path) -> BTreeMap<String, String> {
    let repomd = std::fs::read(root.join("repodata/repomd.xml")).unwrap();
    let repomd = Repomd::parse(Document::new("repomd.xml", &repomd)).unwrap();
    let text = |kind: &str| {
        let record = repomd.record(kind).unwrap();
        let bytes = std::fs::read(root.join(&record.location)).unwrap();
        Document::new(kind, &bytes).limit(record.open_size.unwrap()).text().unwrap()
    };
    ["primary", "filelists", "other"].map(|kind| (kind.to_owned(), text(kind))).into()
}

/// Reads fragments back and writes them again.
pub(crate) fn again(from: &Path, compression: Compression, to: &Path) {
    let metadata = metadata(from);
    let document = |kind: &'static str| Document::new(kind, metadata[kind].as_bytes());
    let read = Fragments::open(document("primary"), document("filelists"), document("other")).unwrap();
    let mut published: Vec<_> = read.map(Result::unwrap).collect();
    published.sort_by(|a, b| a.location.cmp(&b.location));
    std::fs::create_dir(to.join("repodata")).unwrap();
    let mut writer = RepositoryWriter::create(&to.join("repodata"), published.len(), compression).unwrap();
    for published in &published {
        writer.package(&published.fragment, &published.location).unwrap();
    }
    writer.extra(&ExtraRecord { kind: "group", file_name: "comps.xml", content: COMPS.as_bytes() }).unwrap();
    let repomd = writer.finish("7", 1_700_000_000).unwrap();
    std::fs::write(to.join("repodata/repomd.xml"), repomd.to_xml()).unwrap();
}
