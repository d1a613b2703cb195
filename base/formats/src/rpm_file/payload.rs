//! The files in an RPM, streamed out of its payload.
//!
//! The payload is a compressed cpio archive of the "new ASCII" form (a 110-byte header of hexadecimal
//! numbers, the name, the data, each padded to 4 bytes), or rpm's own form for large files (magic `07070X`
//! and the file's index in the header, which has the rest). Of the paths that are one file (hard links),
//! the last in the archive carries the data, and the others come before it without any.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::path::Path;

use super::{FileEntry, Header, RpmError, RpmProblem};
use crate::document;

/// Largest name in an archive, as rpm has it.
const LONGEST_NAME: u64 = 4096;

/// Hands the regular files of a package to `take`, in the archive's order, each with its index in
/// `header.files`. `wanted` says by index which ones; of a set of hard links every wanted one
/// is handed over, whichever of them carries the data. `take` may end the reading, so that no more is decompressed.
///
/// Sizes, and what they come to, are bounded by what the header says; the payload's digest is for [`super::verify_digests`] to check.
///
/// # Errors
/// The file can't be read, or its archive is damaged, has a file twice, or one that the header does not list.
/// The inner error is `take`'s own.
pub fn each_file<E>(
    path: &Path,
    header: &Header,
    wanted: impl Fn(usize) -> bool,
    take: impl FnMut(usize, &mut dyn Read) -> Result<ControlFlow<()>, E>,
) -> Result<Result<(), E>, RpmError> {
    let payload = File::open(path).and_then(|mut file| {
        file.seek(SeekFrom::Start(header.range.end))?;
        Ok(BufReader::with_capacity(256 * 1024, file))
    });
    let walked = payload.map_err(RpmProblem::from).and_then(|payload| walk(payload, header, wanted, take));
    walked.map_err(|problem| RpmError { file: path.display().to_string(), problem })
}

/// As [`each_file`], of a package whose payload this is: what follows its header. `name` is for errors.
///
/// # Errors
/// As of [`each_file`].
pub fn each_file_of<E>(
    name: &str,
    payload: impl BufRead,
    header: &Header,
    take: impl FnMut(usize, &mut dyn Read) -> Result<ControlFlow<()>, E>,
) -> Result<Result<(), E>, RpmError> {
    walk(payload, header, |_| true, take).map_err(|problem| RpmError { file: name.to_owned(), problem })
}

/// All of a file that [`each_file`] hands over, `limit` bytes at most.
///
/// # Errors
/// The payload can't be read.
pub fn read_whole(reader: &mut dyn Read, file: &FileEntry, limit: u64) -> io::Result<Vec<u8>> {
    /// The size is the packer's word: more than this is only taken as it comes.
    const TRUSTED: u64 = 64 << 20;
    let mut bytes = Vec::with_capacity(usize::try_from(file.size.min(limit).min(TRUSTED)).unwrap_or(0));
    reader.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn walk<E>(
    payload: impl BufRead,
    header: &Header,
    wanted: impl Fn(usize) -> bool,
    mut take: impl FnMut(usize, &mut dyn Read) -> Result<ControlFlow<()>, E>,
) -> Result<Result<(), E>, RpmProblem> {
    let reader = document::decompressed(payload)?;
    let files = Files::new(&header.files, wanted);
    let mut archive = Archive { reader: BufReader::with_capacity(64 * 1024, reader), at: 0 };
    let (mut seen, mut left) = (BTreeSet::new(), files.size());
    while let Some((index, size)) = archive.next(&files)? {
        let path = &header.files[index].path;
        if !seen.insert(index) {
            return Err(RpmProblem::Archive(format!("`{path}` is in it twice")));
        }
        left = left.checked_sub(size).ok_or_else(|| {
            RpmProblem::Archive(format!("with `{path}` it holds more than the files that the header lists"))
        })?;
        let wanted = if size > 0 || header.files[index].size == 0 { files.wanted(index) } else { &[] };
        let mut data = archive.reader.by_ref().take(size);
        let done = match wanted {
            [] => ControlFlow::Continue(()),
            [only] => match take(*only, &mut data) {
                Ok(flow) => flow,
                Err(error) => return Ok(Err(error)),
            },
            several => {
                let mut bytes = Vec::new();
                data.read_to_end(&mut bytes)?;
                for index in several {
                    match take(*index, &mut bytes.as_slice()) {
                        Ok(ControlFlow::Continue(())) => {}
                        Ok(ControlFlow::Break(())) => return Ok(Ok(())),
                        Err(error) => return Ok(Err(error)),
                    }
                }
                ControlFlow::Continue(())
            }
        };
        if done.is_break() {
            return Ok(Ok(()));
        }
        let left = data.limit();
        if io::copy(&mut data, &mut io::sink())? != left {
            return Err(RpmProblem::Archive(format!("it ends inside of `{path}`")));
        }
        archive.at += size;
        archive.pad()?;
    }
    Ok(Ok(()))
}

/// The header's files as the archive names them.
struct Files<'a> {
    files: &'a [FileEntry],
    by_name: HashMap<&'a str, usize>,
    /// The set of hard links that each file is of, for those of which some are wanted.
    sets: HashMap<usize, usize>,
    /// The wanted files of each set.
    wanted: Vec<Vec<usize>>,
    /// The last of each set of hard links, and files that are none.
    carriers: BTreeSet<usize>,
}

impl<'a> Files<'a> {
    fn new(files: &'a [FileEntry], wanted: impl Fn(usize) -> bool) -> Self {
        let by_name = files.iter().enumerate().map(|(index, file)| (file.path.as_str(), index)).collect();
        let mut sets = HashMap::<(u32, u32), Vec<usize>>::new();
        let delivered = |file: &FileEntry| file.is_regular() && !file.is_ghost();
        for (index, file) in files.iter().enumerate().filter(|(_, file)| delivered(file)) {
            // An inode of 0 is none: a header without inodes says nothing of links.
            let key = if file.inode == 0 { (u32::MAX, index as u32) } else { (file.device, file.inode) };
            sets.entry(key).or_default().push(index);
        }
        let carriers = sets.values().filter_map(|set| set.last().copied()).collect();
        let (mut set_of, mut all) = (HashMap::new(), Vec::new());
        for set in sets.into_values() {
            let chosen: Vec<usize> = set.iter().copied().filter(|index| wanted(*index)).collect();
            if !chosen.is_empty() {
                set_of.extend(set.iter().map(|index| (*index, all.len())));
                all.push(chosen);
            }
        }
        Self { files, by_name, sets: set_of, wanted: all, carriers }
    }

    fn wanted(&self, index: usize) -> &[usize] {
        self.sets.get(&index).and_then(|set| self.wanted.get(*set)).map_or(&[], Vec::as_slice)
    }

    /// What all files together have at most in the archive; of a link its target.
    fn size(&self) -> u64 {
        let most = |file: &FileEntry| if file.is_regular() { file.size } else { file.size.max(LONGEST_NAME) };
        self.files.iter().fold(0, |sum, file| sum.saturating_add(most(file)))
    }

    fn carries_data(&self, index: usize) -> bool {
        self.carriers.contains(&index)
    }

    /// A file by the name that the archive gives it: `./usr/bin/sh`, or in a source RPM the plain name.
    fn find(&self, name: &str) -> Option<usize> {
        let plain = name.strip_prefix("./").unwrap_or(name);
        let rooted = name.strip_prefix('.').filter(|rest| rest.starts_with('/'));
        let found = rooted.and_then(|path| self.by_name.get(path)).or_else(|| self.by_name.get(plain));
        found.copied()
    }
}

struct Archive<R> {
    reader: R,
    /// Bytes read so far, for padding.
    at: u64,
}

impl<R: Read> Archive<R> {
    /// Index and size of the next file; the reader is left at its data.
    fn next(&mut self, files: &Files<'_>) -> Result<Option<(usize, u64)>, RpmProblem> {
        let magic = self.bytes(6)?;
        if magic == b"07070X" {
            let index = self.number()? as usize;
            self.pad()?;
            let entry = files.files.get(index).ok_or_else(|| unlisted(&format!("number {index}")))?;
            let size = if files.carries_data(index) { entry.size } else { 0 };
            return Ok(Some((index, size)));
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
        if name == "TRAILER!!!" {
            return Ok(None);
        }
        let index = files.find(&name).ok_or_else(|| unlisted(&name))?;
        let entry = &files.files[index];
        // A hard link without the data, and what is no regular file, have none in the archive.
        match entry.size == size || !entry.is_regular() || size == 0 {
            true => Ok(Some((index, size))),
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
