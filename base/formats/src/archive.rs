//! Members of archives (static libraries, zip and jar files, cpio and tar archives), and the content of
//! compressed files. What an archive holds is bounded by the caller.

mod ar;
mod cpio;
mod stream;

use std::borrow::Cow;
use std::io::{Cursor, Read};

use crate::document;

pub use stream::{Take, decompressed, each_cpio, each_tar, each_zip};

/// Members that an archive may have.
const MOST_MEMBERS: usize = 1 << 20;
/// Bytes that a member's name may have: the longest path that Linux knows.
const LONGEST_NAME: usize = 4096;
/// What a member costs beside its data and its name, in bytes of the limit: a million empty ones are no
/// small thing to hold.
const MEMBER_COST: u64 = 256;

/// An archive or a compressed file can't be read.
#[derive(Debug, thiserror::Error)]
#[error("the {form} can't be read: {problem}")]
pub struct ArchiveError {
    /// Which form it claims to have.
    pub form: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

/// A member of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member<'a> {
    /// Its name, as the archive has it. Names need not be unique.
    pub name: String,
    /// What it is.
    pub kind: MemberKind,
    /// Permissions, where the form has them.
    pub mode: Option<u32>,
    /// Its content.
    pub data: Cow<'a, [u8]>,
}

/// What a member is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic or hard link to this name.
    Link(String),
    /// A device, a pipe or a socket.
    Other,
}

/// The members of a static library (ar); the index and the table of long names are none.
///
/// # Errors
/// It is damaged, thin (its members are other files), or holds more than `limit` bytes, for which each member
/// counts with its name and some more.
pub fn ar(bytes: &[u8], limit: u64) -> Result<Vec<Member<'_>>, ArchiveError> {
    ar::members(bytes, limit).map_err(wrong("static library"))
}

/// The members of a cpio archive of the "new ASCII" form.
///
/// # Errors
/// It is damaged, or holds more than `limit` bytes.
pub fn cpio(bytes: &[u8], limit: u64) -> Result<Vec<Member<'_>>, ArchiveError> {
    cpio::members(bytes, limit).map_err(wrong("cpio archive"))
}

/// The members of a tar archive.
///
/// # Errors
/// It is damaged, or holds more than `limit` bytes.
pub fn tar(bytes: &[u8], limit: u64) -> Result<Vec<Member<'_>>, ArchiveError> {
    read_tar(bytes, limit).map_err(|error| wrong("tar archive")(error.to_string()))
}

/// The members of a zip or jar file.
///
/// # Errors
/// It is damaged, encrypted, or holds more than `limit` bytes.
pub fn zip(bytes: &[u8], limit: u64) -> Result<Vec<Member<'_>>, ArchiveError> {
    read_zip(bytes, limit).map_err(wrong("zip file"))
}

/// The content of a file that is compressed with gzip, xz, zstd or bzip2; of any other, the file itself.
///
/// # Errors
/// The stream is damaged, cut short, or holds more than `limit` bytes.
pub fn decompress(bytes: &[u8], limit: u64) -> Result<Vec<u8>, ArchiveError> {
    let content = document::Document::new("", bytes).limit(limit).decompress();
    content.map_err(|error| {
        let source = std::error::Error::source(&error).map(ToString::to_string);
        wrong("compressed file")(source.unwrap_or_else(|| error.to_string()))
    })
}

fn wrong(form: &'static str) -> impl FnOnce(String) -> ArchiveError {
    move |problem| ArchiveError { form, problem }
}

/// Counts what members hold against a limit.
struct Budget {
    left: u64,
    members: usize,
}

impl Budget {
    fn new(limit: u64) -> Self {
        Self { left: limit, members: 0 }
    }

    /// Takes a member's data, name and own cost.
    fn take(&mut self, size: u64, name: usize) -> Result<(), String> {
        self.members += 1;
        if self.members > MOST_MEMBERS {
            return Err(format!("it has more than {MOST_MEMBERS} members"));
        }
        if name > LONGEST_NAME {
            return Err(format!("a name in it has {name} bytes, more than {LONGEST_NAME}"));
        }
        self.spend(size.saturating_add(name as u64 + MEMBER_COST))
    }

    fn spend(&mut self, bytes: u64) -> Result<(), String> {
        self.left = self.left.checked_sub(bytes).ok_or("its members hold more bytes than are allowed")?;
        Ok(())
    }
}

fn read_tar(bytes: &[u8], limit: u64) -> std::io::Result<Vec<Member<'_>>> {
    let mut budget = Budget::new(limit);
    let mut members = Vec::new();
    for entry in ::tar::Archive::new(bytes).entries()? {
        let mut entry = entry?;
        budget.take(entry.size(), entry.path_bytes().len()).map_err(std::io::Error::other)?;
        let kind = match entry.header().entry_type() {
            ::tar::EntryType::Regular | ::tar::EntryType::Continuous | ::tar::EntryType::GNUSparse => {
                MemberKind::File
            }
            ::tar::EntryType::Directory => MemberKind::Directory,
            ::tar::EntryType::Link | ::tar::EntryType::Symlink => {
                let target = entry.link_name_bytes().unwrap_or_default();
                MemberKind::Link(String::from_utf8_lossy(&target).into_owned())
            }
            _ => MemberKind::Other,
        };
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let mode = Some(entry.header().mode()?);
        let mut data = Vec::new();
        let size = entry.size();
        entry.read_to_end(&mut data)?;
        if (data.len() as u64) < size {
            return Err(std::io::Error::other(format!("it ends inside of `{name}`")));
        }
        members.push(Member { name, kind, mode, data: Cow::Owned(data) });
    }
    // Two blocks of zeroes; without them it may have been cut between two members.
    if !bytes.ends_with(&[0; 1024]) {
        return Err(std::io::Error::other("it has no end mark"));
    }
    Ok(members)
}

fn read_zip(bytes: &[u8], limit: u64) -> Result<Vec<Member<'_>>, String> {
    let text = |error: ::zip::result::ZipError| error.to_string();
    let mut archive = ::zip::ZipArchive::new(Cursor::new(bytes)).map_err(text)?;
    let mut budget = Budget::new(limit);
    let mut members = Vec::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).map_err(text)?;
        let name = file.name_raw();
        budget.take(0, name.len())?;
        let name = String::from_utf8_lossy(name).into_owned();
        let kind = if file.is_dir() { MemberKind::Directory } else { MemberKind::File };
        let mode = file.unix_mode();
        let mut data = Vec::new();
        // The stated size is the packer's word; what is read is bounded by what is left.
        let most = budget.left.saturating_add(1);
        file.by_ref().take(most).read_to_end(&mut data).map_err(|error| format!("`{name}`: {error}"))?;
        budget.spend(data.len() as u64)?;
        members.push(Member { name, kind, mode, data: Cow::Owned(data) });
    }
    Ok(members)
}

#[cfg(test)]
mod tests;
