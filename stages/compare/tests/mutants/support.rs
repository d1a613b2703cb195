//! Makes pairs that differ in just one thing: by rpmbuild from a changed spec file, or by a changed tag
//! where rpmbuild can't be told to write another value.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use testkit::tool::Tool;

/// A directory for one test's packages, and a counter for their names.
pub(crate) struct Workshop {
    dir: tempfile::TempDir,
}

/// A tag's value as bytes: rpm's type number, count, data.
#[derive(Clone)]
pub(crate) struct Raw(u32, u32, Vec<u8>);

impl Raw {
    pub(crate) fn text(text: &str) -> Self {
        Self(6, 1, [text.as_bytes(), b"\0"].concat())
    }

    pub(crate) fn texts(texts: &[&str]) -> Self {
        Self(8, texts.len() as u32, texts.iter().flat_map(|text| [text.as_bytes(), b"\0"].concat()).collect())
    }

    pub(crate) fn numbers(numbers: &[u32]) -> Self {
        Self(4, numbers.len() as u32, numbers.iter().flat_map(|number| number.to_be_bytes()).collect())
    }

    pub(crate) fn bytes(bytes: &[u8]) -> Self {
        Self(7, bytes.len() as u32, bytes.to_vec())
    }

    /// The same value with its last byte changed by one bit, whatever it means.
    pub(crate) fn nudged(&self) -> Self {
        let text = matches!(self.0, 6 | 8 | 9);
        self.flipped(self.2.len() - if text { 2 } else { 1 })
    }

    /// The same numbers but for the one at this index.
    pub(crate) fn nudged_at(&self, index: usize) -> Self {
        assert_eq!(self.0, 4);
        self.flipped(4 * index + 3)
    }

    fn flipped(&self, byte: usize) -> Self {
        let mut value = self.clone();
        value.2[byte] ^= 1;
        value
    }
}

impl Workshop {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    /// Builds a spec file's binary package; `name` keeps it apart from others.
    pub(crate) fn build(&self, name: &str, spec: &str, defines: &[(&str, &str)]) -> PathBuf {
        let dir = self.dir.path().join(name);
        std::fs::create_dir_all(&dir).unwrap();
        let file = dir.join("sample.spec");
        std::fs::write(&file, spec).unwrap();
        let mut tool = Tool::new("rpmbuild")
            .args(["-bb", "--quiet"])
            .env("SOURCE_DATE_EPOCH", "1700000000")
            .define("_topdir", &dir)
            .define("_rpmdir", &dir)
            .define("_rpmfilename", "out.rpm")
            .define("_buildhost", "builder.example")
            .define("_buildshell", "/bin/bash")
            .define("vendor", "A vendor")
            .define("packager", "A packager")
            .define("distribution", "A distribution")
            .define("use_source_date_epoch_as_buildtime", "1")
            .define("clamp_mtime_to_source_date_epoch", "1")
            .define("_unpackaged_files_terminate_build", "0")
            .define("_build_id_links", "compat")
            .define("__os_install_post", "%{nil}")
            .define("debug_package", "%{nil}");
        for (name, value) in defines {
            tool = tool.define(name, value);
        }
        tool.arg(&file).run().unwrap();
        dir.join("out.rpm")
    }

    /// A copy of a package with one tag changed; `None` takes it away.
    pub(crate) fn retag(&self, name: &str, from: &Path, changes: &[(u32, Option<Raw>)]) -> PathBuf {
        let package = std::fs::read(from).unwrap();
        let (_, end) = read_store(&package, 96);
        let (mut tags, payload) = read_store(&package, end.next_multiple_of(8));
        tags.remove(&63);
        for (tag, value) in changes {
            match value {
                Some(value) => tags.insert(*tag, value.clone()),
                None => tags.remove(tag),
            };
        }
        let rest = [write_store(&tags), package[payload..].to_vec()].concat();
        let mut out = package[..96].to_vec();
        out.extend(write_store(&BTreeMap::from([(1000, Raw::numbers(&[rest.len() as u32]))])));
        out.resize(out.len().next_multiple_of(8), 0);
        out.extend(rest);
        let path = self.dir.path().join(name);
        std::fs::write(&path, out).unwrap();
        path
    }
}

/// All tags of a package's header.
pub(crate) fn tags(package: &Path) -> BTreeMap<u32, Raw> {
    let package = std::fs::read(package).unwrap();
    let (_, end) = read_store(&package, 96);
    read_store(&package, end.next_multiple_of(8)).0
}

fn be32(bytes: &[u8], at: usize) -> usize {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

/// The tags of the store at this place, and where it ends.
fn read_store(bytes: &[u8], start: usize) -> (BTreeMap<u32, Raw>, usize) {
    assert_eq!(bytes[start..start + 3], [0x8e, 0xad, 0xe8]);
    let (count, size) = (be32(bytes, start + 8), be32(bytes, start + 12));
    let data = start + 16 + 16 * count;
    let mut tags = BTreeMap::new();
    for entry in (start + 16..data).step_by(16) {
        let [tag, kind, offset, count] = [0, 4, 8, 12].map(|at| be32(bytes, entry + at));
        let value = &bytes[data + offset..data + size];
        let length = match kind {
            3 => 2 * count,
            4 => 4 * count,
            5 => 8 * count,
            6 | 8 | 9 => {
                value.iter().enumerate().filter(|(_, byte)| **byte == 0).nth(count - 1).unwrap().0 + 1
            }
            _ => count,
        };
        tags.insert(tag as u32, Raw(kind as u32, count as u32, value[..length].to_vec()));
    }
    (tags, data + size)
}

fn write_store(tags: &BTreeMap<u32, Raw>) -> Vec<u8> {
    let (mut index, mut data) = (Vec::new(), Vec::new());
    for (tag, Raw(kind, count, value)) in tags {
        let width = match kind {
            3 => 2,
            4 => 4,
            5 => 8,
            _ => 1,
        };
        data.resize(data.len().next_multiple_of(width), 0);
        let entry = [*tag, *kind, data.len() as u32, *count];
        index.extend(entry.iter().flat_map(|number| number.to_be_bytes()));
        data.extend(value);
    }
    let mut store = vec![0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0];
    store.extend((tags.len() as u32).to_be_bytes());
    store.extend((data.len() as u32).to_be_bytes());
    [store, index, data].concat()
}
