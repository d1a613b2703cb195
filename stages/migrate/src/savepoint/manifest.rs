//! The manifest: a first line that says what it is of, one for each path, and a last one that says that it is complete.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::SavepointError;
use super::entry::Entry;
use crate::layout::{Layout, sync_dir};

/// Bytes of a line: a path with attributes.
const LONGEST: usize = 1 << 20;
/// Paths. Large machines have a million.
const MOST: usize = 20_000_000;

/// The first line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    pub format: u32,
    pub trees: Vec<PathBuf>,
    /// Directories, as the machine sees them, with what is kept. They are made as they are needed; the list is in the last line.
    #[serde(default)]
    pub stores: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct End {
    end: usize,
    stores: Vec<String>,
}

/// A manifest that was read.
#[derive(Debug)]
pub(super) struct Manifest {
    pub head: Head,
    pub entries: Vec<Entry>,
}

/// Writes a manifest; it has its name when it is complete.
pub(super) struct Writer {
    path: PathBuf,
    file: BufWriter<File>,
    count: usize,
}

fn path_of(layout: &Layout) -> PathBuf {
    layout.at("savepoint").join("manifest")
}

/// Whether a savepoint is complete: its manifest has its name.
#[must_use]
pub fn is_complete(layout: &Layout) -> bool {
    path_of(layout).exists()
}

/// Where parts of a savepoint are. One that was never completed has a list of them, too.
pub(super) fn stores(layout: &Layout) -> Result<Vec<String>, SavepointError> {
    match fs::read_to_string(layout.at("savepoint").join("stores")) {
        Ok(text) => Ok(text.lines().map(str::to_owned).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(SavepointError::io("can't read", &layout.at("savepoint/stores"))(error)),
    }
}

impl Writer {
    pub(super) fn begin(layout: &Layout, head: &Head) -> Result<Self, SavepointError> {
        let path = path_of(layout);
        let new = path.with_extension("new");
        let file = File::create(&new).map_err(SavepointError::io("can't write", &new))?;
        let mut writer = Self { path, file: BufWriter::with_capacity(1 << 18, file), count: 0 };
        writer.line(head)?;
        Ok(writer)
    }

    fn line(&mut self, value: &impl Serialize) -> Result<(), SavepointError> {
        let failed = SavepointError::io("can't write", &self.path);
        let written = serde_json::to_writer(&mut self.file, value).map_err(io::Error::from);
        written.and_then(|()| self.file.write_all(b"\n")).map_err(failed)
    }

    pub(super) fn entry(&mut self, entry: &Entry) -> Result<(), SavepointError> {
        self.count += 1;
        self.line(entry)
    }

    /// Number of the entries so far.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn finish(mut self, stores: Vec<String>) -> Result<(), SavepointError> {
        let end = End { end: self.count, stores };
        self.line(&end)?;
        let new = self.path.with_extension("new");
        let failed = || SavepointError::io("can't write", &self.path);
        let file = self.file.into_inner().map_err(|error| failed()(error.into_error()))?;
        file.sync_all().map_err(failed())?;
        fs::rename(&new, &self.path).map_err(failed())?;
        sync_dir(self.path.parent().unwrap_or(Path::new("/"))).map_err(failed())
    }
}

/// Reads a complete manifest.
pub(super) fn read(layout: &Layout) -> Result<Manifest, SavepointError> {
    let path = path_of(layout);
    let failed = SavepointError::io("can't read", &path);
    let mut file = BufReader::with_capacity(1 << 18, File::open(&path).map_err(failed)?);
    let mut manifest = Manifest { head: Head::default(), entries: Vec::new() };
    let mut line = Vec::new();
    for number in 1..MOST {
        line.clear();
        let failed = SavepointError::io("can't read", &path);
        io::Read::take(&mut file, LONGEST as u64).read_until(b'\n', &mut line).map_err(failed)?;
        let wrong = |why: String| SavepointError::Manifest { path: path.clone(), line: number, why };
        if line.is_empty() {
            return Err(wrong("it ends before its last line".to_owned()));
        }
        if number == 1 {
            manifest.head = serde_json::from_slice(&line).map_err(|error| wrong(error.to_string()))?;
        } else if line.starts_with(b"{\"end\"") {
            let end: End = serde_json::from_slice(&line).map_err(|error| wrong(error.to_string()))?;
            if end.end != manifest.entries.len() {
                return Err(wrong(format!(
                    "{} paths were written, {} are here",
                    end.end,
                    manifest.entries.len()
                )));
            }
            manifest.head.stores = end.stores;
            return Ok(manifest);
        } else {
            manifest.entries.push(serde_json::from_slice(&line).map_err(|error| wrong(error.to_string()))?);
        }
    }
    Err(SavepointError::Manifest { path, line: MOST, why: "it has more lines than any".to_owned() })
}
