//! Members as they come, without holding an archive in memory. How much comes out of a reader is for the caller
//! to bound; names and what else is kept is bounded here.

use std::io::{self, BufRead, Cursor, Read};

use super::{LONGEST_NAME, MemberKind};
use crate::document;

/// Bytes of a record of extended attributes before a member of a tar archive.
const LONGEST_RECORD: u64 = 1 << 20;

/// What is done with each member: its name, its kind and its content.
pub type Take<'t> = dyn FnMut(&str, &MemberKind, &mut dyn Read) -> io::Result<()> + 't;

/// The content of a stream that is compressed with gzip, xz, zstd or bzip2, as its first bytes tell; of any
/// other, the stream itself.
///
/// # Errors
/// The stream can't be read, or does not start as it should.
pub fn decompressed<'a>(stream: impl BufRead + 'a) -> io::Result<Box<dyn Read + 'a>> {
    document::decompressed(stream)
}

/// Hands over the members of a tar archive.
///
/// # Errors
/// It is damaged, or `take` fails.
pub fn each_tar(reader: &mut dyn Read, take: &mut Take<'_>) -> io::Result<()> {
    let mut archive = ::tar::Archive::new(reader);
    let (mut long_name, mut long_link, mut size) = (None, None, None);
    // The crate's own way with names before a member reads them whole, however long they claim to be.
    for entry in archive.entries()?.raw(true) {
        let mut entry = entry?;
        let header = entry.header();
        let kind = header.entry_type();
        let mut link = header.link_name_bytes().map(std::borrow::Cow::into_owned);
        let mut name = entry.path_bytes().into_owned();
        if kind.is_gnu_longname() || kind.is_gnu_longlink() {
            let text = record(&mut entry, LONGEST_NAME as u64 + 1)?;
            let text = text.split(|byte| *byte == 0).next().unwrap_or_default().to_vec();
            *(if kind.is_gnu_longname() { &mut long_name } else { &mut long_link }) = Some(text);
            continue;
        }
        if kind.is_pax_local_extensions() {
            let text = record(&mut entry, LONGEST_RECORD)?;
            for (key, value) in ::tar::PaxExtensions::new(&text)
                .flatten()
                .filter_map(|extension| Some((extension.key().ok()?, extension.value_bytes())))
            {
                match key {
                    "path" | "GNU.sparse.name" => long_name = Some(value.to_vec()),
                    "linkpath" => long_link = Some(value.to_vec()),
                    "size" => size = str::from_utf8(value).ok().and_then(|text| text.parse::<u64>().ok()),
                    _ => {}
                }
            }
            continue;
        }
        if kind.is_pax_global_extensions() {
            continue;
        }
        if size.take().is_some_and(|size| size != entry.size()) {
            return Err(io::Error::other("a member of it is too large, or has two sizes"));
        }
        name = long_name.take().unwrap_or(name);
        link = long_link.take().or(link);
        let kind = match kind {
            ::tar::EntryType::Regular | ::tar::EntryType::Continuous | ::tar::EntryType::GNUSparse => {
                MemberKind::File
            }
            ::tar::EntryType::Directory => MemberKind::Directory,
            ::tar::EntryType::Link | ::tar::EntryType::Symlink => {
                MemberKind::Link(String::from_utf8_lossy(&link.unwrap_or_default()).into_owned())
            }
            _ => MemberKind::Other,
        };
        let name = bounded_name(&name)?;
        let (size, mut counted) = (entry.size(), Counted { inner: &mut entry, read: 0 });
        take(&name, &kind, &mut counted)?;
        io::copy(&mut counted, &mut io::sink())?;
        if counted.read < size {
            return Err(io::Error::other(format!("it ends inside of `{name}`")));
        }
    }
    Ok(())
}

/// Hands over the members of a cpio archive of the "new ASCII" form, and of those that follow it, as in an
/// initial RAM disk. The reader is left after the last one's padding; what is there is the returned bytes, and
/// the rest of the reader.
///
/// # Errors
/// It is damaged, or `take` fails.
pub fn each_cpio(reader: &mut dyn Read, take: &mut Take<'_>) -> io::Result<Vec<u8>> {
    let early = |_| io::Error::other("it ends early");
    loop {
        let mut header = [0; 110];
        reader.read_exact(&mut header).map_err(early)?;
        if !header.starts_with(b"070701") && !header.starts_with(b"070702") {
            return Err(io::Error::other("a file in it does not start as one"));
        }
        let field = |index: usize| {
            super::cpio::number(&header[6 + 8 * index..14 + 8 * index]).map_err(io::Error::other)
        };
        let (mode, size, name_size) = (field(1)?, u64::from(field(6)?), field(11)? as usize);
        if name_size > LONGEST_NAME + 1 {
            return Err(io::Error::other(format!("a name in it has {name_size} bytes")));
        }
        let mut name = vec![0; (110 + name_size).next_multiple_of(4) - 110];
        reader.read_exact(&mut name).map_err(early)?;
        name.truncate(name_size);
        let name = bounded_name(name.strip_suffix(b"\0").unwrap_or(&name))?;
        if name == "TRAILER!!!" {
            return after_trailer(reader);
        }
        let mut data = Counted { inner: reader.take(size), read: 0 };
        let kind = match mode >> 12 {
            0o10 => MemberKind::File,
            0o04 => MemberKind::Directory,
            0o12 => {
                let target = record(&mut data, LONGEST_NAME as u64)?;
                MemberKind::Link(String::from_utf8_lossy(&target).into_owned())
            }
            _ => MemberKind::Other,
        };
        take(&name, &kind, &mut data)?;
        io::copy(&mut data, &mut io::sink())?;
        if data.read < size {
            return Err(io::Error::other(format!("it ends inside of `{name}`")));
        }
        let padding = size.next_multiple_of(4) - size;
        reader.read_exact(&mut [0; 3][..padding as usize]).map_err(early)?;
    }
}

/// The first bytes after an archive's end and its padding of zeroes.
fn after_trailer(reader: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut block = vec![0; 4096];
    loop {
        let read = reader.read(&mut block)?;
        if read == 0 {
            return Ok(Vec::new());
        }
        if let Some(start) = block[..read].iter().position(|byte| *byte != 0) {
            return Ok(block[start..read].to_vec());
        }
    }
}

/// Hands over the members of a zip or jar file. The content of a member that can't be unpacked fails when it is
/// read.
///
/// # Errors
/// Its directory is damaged, or `take` fails.
pub fn each_zip(bytes: &[u8], take: &mut Take<'_>) -> io::Result<()> {
    let mut archive = ::zip::ZipArchive::new(Cursor::new(bytes)).map_err(io::Error::other)?;
    for index in 0..archive.len() {
        let name = archive.name_for_index(index).and_then(Result::ok);
        let name = name.map_or_else(|| format!("member {index}"), std::borrow::Cow::into_owned);
        let name = bounded_name(name.as_bytes())?;
        match archive.by_index(index) {
            Ok(mut file) => {
                let kind = if file.is_dir() { MemberKind::Directory } else { MemberKind::File };
                take(&name, &kind, &mut file)?;
            }
            Err(error) => take(&name, &MemberKind::File, &mut Failing(error.to_string()))?,
        }
    }
    Ok(())
}

fn bounded_name(name: &[u8]) -> io::Result<String> {
    match name.len() > LONGEST_NAME {
        true => {
            Err(io::Error::other(format!("a name in it has {} bytes, more than {LONGEST_NAME}", name.len())))
        }
        false => Ok(String::from_utf8_lossy(name).into_owned()),
    }
}

fn record(reader: &mut dyn Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(limit + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > limit {
        true => Err(io::Error::other(format!("a record in it has more than {limit} bytes"))),
        false => Ok(bytes),
    }
}

struct Counted<R> {
    inner: R,
    read: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.read += read as u64;
        Ok(read)
    }
}

/// A content that can't be had.
struct Failing(String);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other(self.0.clone()))
    }
}
