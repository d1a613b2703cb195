//! Small RPMs, made without rpmbuild, since a fuzzer makes thousands in a second.

use std::path::{Path, PathBuf};

/// What an RPM starts with.
pub const LEAD: [u8; 4] = [0xed, 0xab, 0xee, 0xdb];

/// A regular file of a package.
pub struct File<'a> {
    pub path: &'a str,
    pub size: u32,
    pub digest: &'a str,
}

/// A package with these files in its header, and this payload.
pub fn whole(files: &[File<'_>], payload: &[u8]) -> Vec<u8> {
    let text = |text: &str| (6, 1, [text.as_bytes(), b"\0"].concat());
    let texts = |texts: Vec<&str>| (8, texts.len(), texts.iter().flat_map(|text| [text.as_bytes(), b"\0"].concat()).collect());
    let numbers = |numbers: Vec<u32>| (4, numbers.len(), numbers.iter().flat_map(|number| number.to_be_bytes()).collect());
    let zeroes = || vec![0; files.len()];
    let header = store(&[
        (1000, text("sample")),
        (1001, text("1")),
        (1002, text("1")),
        (1022, text("x86_64")),
        (1028, numbers(files.iter().map(|file| file.size).collect())),
        (1030, (3, files.len(), files.iter().flat_map(|_| 0o100_644_u16.to_be_bytes()).collect())),
        (1035, texts(files.iter().map(|file| file.digest).collect())),
        (1037, numbers(zeroes())),
        (1044, text("sample-1-1.src.rpm")),
        (1116, numbers(zeroes())),
        (1117, texts(files.iter().map(|file| file.path).collect())),
        (1118, texts(vec![""])),
        (5011, numbers(vec![8])),
    ]);
    let size = u32::try_from(header.len() + payload.len()).expect("a small package");
    let mut whole = LEAD.to_vec();
    whole.resize(96, 0);
    whole.extend(store(&[(1000, (4, 1, size.to_be_bytes().to_vec()))]));
    whole.resize(whole.len().next_multiple_of(8), 0);
    [&whole, &header[..], payload].concat()
}

/// A payload: a cpio archive that nothing compresses.
pub fn payload(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut all = Vec::new();
    for (name, data) in files.iter().chain(&[("TRAILER!!!", &[][..])]) {
        let fields = [0, 0o100_644, 0, 0, 1, 0, data.len(), 0, 0, 0, 0, name.len() + 1, 0];
        all.extend(b"070701");
        all.extend(fields.iter().flat_map(|field| format!("{field:08x}").into_bytes()));
        all.extend(name.as_bytes());
        all.push(0);
        all.resize(all.len().next_multiple_of(4), 0);
        all.extend(*data);
        all.resize(all.len().next_multiple_of(4), 0);
    }
    all
}

type Value = (u32, usize, Vec<u8>);

/// A tag store; each value is rpm's type number, a count, and the data.
fn store(tags: &[(u32, Value)]) -> Vec<u8> {
    let (mut index, mut data) = (Vec::new(), Vec::new());
    for (tag, (kind, count, value)) in tags {
        let width = match kind {
            3 => 2,
            4 => 4,
            _ => 1,
        };
        data.resize(data.len().next_multiple_of(width), 0);
        let entry = [*tag, *kind, data.len() as u32, *count as u32];
        index.extend(entry.iter().flat_map(|number| number.to_be_bytes()));
        data.extend(value);
    }
    let counts = [tags.len() as u32, data.len() as u32].map(u32::to_be_bytes).concat();
    [&[0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0], &counts[..], &index, &data].concat()
}

/// A file that is gone when it is dropped; in memory where the system has a place for such.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Self {
        let memory = Path::new("/dev/shm");
        let dir = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        Self(dir.join(format!("heirloom-fuzz-{}-{name}", std::process::id())))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn write(&self, bytes: &[u8]) {
        std::fs::write(&self.0, bytes).expect("a scratch file can be written");
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
