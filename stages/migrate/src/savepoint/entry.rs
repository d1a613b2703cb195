//! One path of a savepoint, as its manifest has it.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// What a path was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// The path, as [`to_text`] writes it.
    #[serde(rename = "p")]
    pub path: String,
    /// What it was.
    #[serde(rename = "k")]
    pub kind: Kind,
    /// Permissions.
    #[serde(rename = "m", default)]
    pub mode: u32,
    /// Owner.
    #[serde(rename = "u", default, skip_serializing_if = "is_zero")]
    pub uid: u32,
    /// Group.
    #[serde(rename = "g", default, skip_serializing_if = "is_zero")]
    pub gid: u32,
    /// Bytes of a file.
    #[serde(rename = "s", default)]
    pub size: u64,
    /// Time of the last change: seconds since 1970, nanoseconds.
    #[serde(rename = "t", default)]
    pub time: (i64, i64),
    /// Extended attributes: name, and value in base64.
    #[serde(rename = "x", default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<(String, String)>,
    /// Where a symbolic link leads, as [`to_text`] writes it.
    #[serde(rename = "l", default, skip_serializing_if = "String::is_empty")]
    pub target: String,
    /// Number of a device.
    #[serde(rename = "d", default, skip_serializing_if = "is_zero_64")]
    pub device: u64,
    /// Of a file with several names that was copied: the number that all of them have.
    #[serde(rename = "i", default, skip_serializing_if = "is_zero_64")]
    pub group: u64,
    /// How the content of a file is kept.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<Kept>,
}

/// What a path was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    /// Not there.
    #[default]
    #[serde(rename = "-")]
    Absent,
    #[serde(rename = "f")]
    File,
    #[serde(rename = "d")]
    Directory,
    #[serde(rename = "l")]
    Link,
    #[serde(rename = "c")]
    Character,
    #[serde(rename = "b")]
    Block,
    #[serde(rename = "p")]
    Pipe,
    #[serde(rename = "s")]
    Socket,
}

/// How content is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kept {
    /// By a hard link in a store: which one, and number of the file in it.
    #[serde(rename = "l")]
    Linked(usize, u64),
    /// By a copy.
    #[serde(rename = "c")]
    Copied(usize, u64),
    /// It was empty.
    #[serde(rename = "e")]
    Empty,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

fn is_zero_64(number: &u64) -> bool {
    *number == 0
}

impl Kept {
    /// Where it is below its store.
    pub(super) fn place(number: u64) -> String {
        format!("{:03}/{number}", number / 1000)
    }
}

impl Entry {
    pub(super) fn path(&self) -> Option<PathBuf> {
        from_text(&self.path).map(PathBuf::from)
    }
}

/// A path as text: `%` and what is not UTF-8 are written as `%XX`.
pub(super) fn to_text(path: &Path) -> String {
    let bytes = path.as_os_str().as_bytes();
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains('%') => text.to_owned(),
        Ok(text) => text.replace('%', "%25"),
        Err(_) => bytes.iter().fold(String::new(), |mut text, byte| {
            match byte {
                b'%' | 128.. => text.push_str(&format!("%{byte:02X}")),
                _ => text.push(char::from(*byte)),
            }
            text
        }),
    }
}

/// The path that a text stands for; none if it is no such text.
pub(super) fn from_text(text: &str) -> Option<OsString> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'%' {
            bytes.push(*byte);
            continue;
        }
        let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = rest.get(2..)?;
    }
    Some(OsString::from_vec(bytes))
}
