//! The files in a source RPM: spec file, tarballs, patches, streamed out of its payload.
//!
//! The payload is a compressed cpio archive of the "new ASCII" form (a 110-byte header of hexadecimal
//! numbers, the name, the data, each padded to 4 bytes), or rpm's own form for large files (magic `07070X`
//! and the file's index in the header, which has the rest).

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use super::{FileEntry, Header, RpmError, RpmProblem};
use crate::document;

/// Largest name in an archive, as rpm has it.
const LONGEST_NAME: u64 = 4096;

/// Hands every regular file of a source RPM to `take`, in the archive's order, with its plain name. Sizes
/// are bounded by what the header says; the payload's digest is for [`super::verify_digests`] to check.
///
/// # Errors
/// The file can't be read, is no source RPM, or its archive is damaged or has a file that the header does
/// not list. The inner error is `take`'s own.
pub fn each_source<E>(
    path: &Path,
    take: impl FnMut(&str, &mut dyn Read) -> Result<(), E>,
) -> Result<Result<(), E>, RpmError> {
    let name = path.display().to_string();
    walk(&name, path, take).map_err(|problem| RpmError { file: name, problem })
}

fn walk<E>(
    name: &str,
    path: &Path,
    mut take: impl FnMut(&str, &mut dyn Read) -> Result<(), E>,
) -> Result<Result<(), E>, RpmProblem> {
    let mut file = BufReader::with_capacity(256 * 1024, File::open(path)?);
    let header = Header::read(name, &mut file).map_err(|error| error.problem)?;
    if !header.is_source {
        return Err(RpmProblem::Archive("it is no source RPM".to_owned()));
    }
    let mut archive = Archive { reader: document::decompressed(file)?, at: 0 };
    while let Some((entry, size)) = archive.next(&header.files)? {
        let mut data = archive.reader.by_ref().take(size);
        if entry.is_regular()
            && let Err(error) = take(&entry.path, &mut data)
        {
            return Ok(Err(error));
        }
        let left = data.limit();
        if io::copy(&mut data, &mut io::sink())? != left {
            return Err(RpmProblem::Archive(format!("it ends inside of `{}`", entry.path)));
        }
        archive.at += size;
        archive.pad()?;
    }
    Ok(Ok(()))
}

struct Archive<R> {
    reader: R,
    /// Bytes read so far, for padding.
    at: u64,
}

impl<R: Read> Archive<R> {
    /// The next file and its size; the reader is left at its data.
    fn next<'a>(&mut self, files: &'a [FileEntry]) -> Result<Option<(&'a FileEntry, u64)>, RpmProblem> {
        let magic = self.bytes(6)?;
        if magic == b"07070X" {
            let index = self.number()? as usize;
            self.pad()?;
            let entry = files.get(index).ok_or_else(|| unlisted(&format!("number {index}")))?;
            return Ok(Some((entry, entry.size)));
        }
        if magic != b"070701" && magic != b"070702" {
            return Err(RpmProblem::Archive("a file in it does not start as one".to_owned()));
        }
        let mut numbers = [0; 13];
        for number in &mut numbers {
            *number = self.number()?;
        }
        let (size, name_size) = (numbers[6], numbers[11]);
        if name_size == 0 || name_size > LONGEST_NAME {
            return Err(RpmProblem::Archive(format!("a name in it has {name_size} bytes")));
        }
        let name = self.bytes(name_size)?;
        self.pad()?;
        let name = String::from_utf8_lossy(&name[..name.len() - 1]).into_owned();
        let name = name.strip_prefix("./").unwrap_or(&name);
        if name == "TRAILER!!!" {
            return Ok(None);
        }
        let entry = files.iter().find(|file| file.path == name).ok_or_else(|| unlisted(name))?;
        match entry.size == size || !entry.is_regular() {
            true => Ok(Some((entry, size))),
            false => Err(RpmProblem::Archive(format!(
                "`{name}` has {size} bytes in it, {} in the header",
                entry.size
            ))),
        }
    }

    fn bytes(&mut self, count: u64) -> Result<Vec<u8>, RpmProblem> {
        let mut bytes = Vec::new();
        self.reader.by_ref().take(count).read_to_end(&mut bytes)?;
        self.at += count;
        match bytes.len() as u64 == count {
            true => Ok(bytes),
            false => Err(RpmProblem::Archive("it ends early".to_owned())),
        }
    }

    /// Eight hexadecimal digits.
    fn number(&mut self) -> Result<u64, RpmProblem> {
        let digits = self.bytes(8)?;
        let text =
            str::from_utf8(&digits).ok().filter(|text| text.bytes().all(|digit| digit.is_ascii_hexdigit()));
        text.and_then(|text| u64::from_str_radix(text, 16).ok())
            .ok_or_else(|| RpmProblem::Archive("a number in it is none".to_owned()))
    }

    fn pad(&mut self) -> Result<(), RpmProblem> {
        self.bytes(self.at.wrapping_neg() % 4).map(drop)
    }
}

fn unlisted(name: &str) -> RpmProblem {
    RpmProblem::Archive(format!("`{name}` in it is not listed in the header"))
}
