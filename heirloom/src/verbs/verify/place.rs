//! A channel, here or at a URL.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use heirloom_formats::tuf::{DIR, Target};
use heirloom_import::ImportError;
use heirloom_import::fetch::{Fetcher, is_url, join};
use heirloom_model::Digest;
use heirloom_model::digest::Hasher;

use super::decisions::DIR as DECISIONS;
use crate::fail::{Exit, Fail, chain};

/// Bytes that are hashed at a time.
const PIECE: usize = 1 << 18;
/// O_NONBLOCK: opening a pipe does not wait for somebody who writes.
const NO_WAIT: i32 = 0o4000;

/// Where a channel is.
pub(super) enum Place {
    /// A directory, all links in its path resolved: one state, whatever is switched meanwhile.
    Dir(PathBuf),
    /// A URL.
    Url(String, Box<Fetcher>),
}

/// What a file is, against what it should be.
pub(super) enum Seen {
    /// It has this length and digest.
    Content(u64, Digest),
    /// It is longer than it should be.
    Longer,
    /// It is not there.
    Missing,
    /// It is no plain file.
    Other,
}

impl Place {
    pub(super) fn new(place: &str) -> Result<Self, Fail> {
        if is_url(place) {
            return Ok(Self::Url(place.to_owned(), Box::default()));
        }
        let failed = |error| {
            Fail::new(Exit::Failed, format!("can't read {place}: {error}"))
                .hint("name a channel's directory, such as published/9, or its URL")
        };
        Ok(Self::Dir(fs::canonicalize(place).map_err(failed)?))
    }

    /// A small file: nothing if it is not there. More than one byte beyond `most` is not read.
    pub(super) fn read(&self, path: &str, most: u64) -> io::Result<Option<Vec<u8>>> {
        match self {
            Self::Dir(dir) => {
                let Some(file) = open(&dir.join(path))? else { return Ok(None) };
                let mut bytes = Vec::new();
                file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
                Ok(Some(bytes))
            }
            Self::Url(url, fetcher) => match fetcher.read(&join(url, &encoded(path)), most) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(error) if is_missing(&error) => Ok(None),
                // Whoever asked for it finds it to be too long.
                Err(error) if is_too_long(&error) => {
                    Ok(Some(vec![0; usize::try_from(most).unwrap_or(0) + 1]))
                }
                Err(error) => Err(io::Error::other(chain(&error))),
            },
        }
    }

    /// Length and digest of a file that should be this target.
    pub(super) fn see(&self, path: &str, target: &Target) -> io::Result<Seen> {
        let path = match self {
            Self::Dir(dir) => dir.join(path),
            Self::Url(url, fetcher) => {
                return match fetcher.digest(&join(url, &encoded(path)), target.length) {
                    Ok((digest, length)) => Ok(Seen::Content(length, digest)),
                    Err(error) if is_missing(&error) => Ok(Seen::Missing),
                    Err(error) if is_too_long(&error) => Ok(Seen::Longer),
                    Err(error) => Err(io::Error::other(chain(&error))),
                };
            }
        };
        let found = match fs::symlink_metadata(&path) {
            Err(error) if is_absent(&error) => return Ok(Seen::Missing),
            found => found?,
        };
        if !found.is_file() {
            return Ok(Seen::Other);
        }
        let Some(file) = open(&path)? else { return Ok(Seen::Missing) };
        let mut file = file.take(target.length.saturating_add(1));
        let (mut hasher, mut length) = (Hasher::default(), 0);
        let mut piece = vec![0; PIECE];
        loop {
            match file.read(&mut piece) {
                Ok(0) => break,
                Ok(count) => {
                    hasher.update(&piece[..count]);
                    length += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(if length > target.length { Seen::Longer } else { Seen::Content(length, hasher.finish()) })
    }

    /// The paths of all files of a directory but its own metadata; nothing for a URL, which can't be listed.
    pub(super) fn files(&self) -> io::Result<Option<Vec<String>>> {
        let Self::Dir(dir) = self else { return Ok(None) };
        let mut found = Vec::new();
        walk(dir, "", &mut found)?;
        Ok(Some(found))
    }
}

fn open(path: &Path) -> io::Result<Option<File>> {
    let file = match OpenOptions::new().read(true).custom_flags(NO_WAIT).open(path) {
        Err(error) if is_absent(&error) => return Ok(None),
        file => file?,
    };
    match file.metadata()?.is_file() {
        true => Ok(Some(file)),
        false => Err(io::Error::other("it is no plain file")),
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn walk(dir: &Path, below: &str, found: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        match entry.file_type()?.is_dir() {
            true if path == DIR || path == DECISIONS => {}
            true => walk(&entry.path(), &path, found)?,
            false => found.push(path),
        }
    }
    Ok(())
}

fn is_missing(error: &ImportError) -> bool {
    matches!(error, ImportError::Status { status: 404 | 410, .. })
}

fn is_too_long(error: &ImportError) -> bool {
    matches!(error, ImportError::TooLarge { .. })
}

/// A path in a URL.
fn encoded(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/+".contains(&byte);
    path.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
