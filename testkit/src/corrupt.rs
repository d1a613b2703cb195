//! Damages files the way disks, networks and attackers do.

use std::fs::OpenOptions;
use std::path::Path;

use crate::place;
use crate::{Error, Result};

/// Flips one bit of the byte at `offset`; a negative offset counts from the end.
pub fn flip_byte(file: &Path, offset: i64) -> Result<()> {
    let mut bytes = place::read(file)?;
    let length = bytes.len();
    let index =
        if offset < 0 { length.checked_sub(offset.unsigned_abs() as usize) } else { Some(offset as usize) };
    match index.and_then(|i| bytes.get_mut(i)) {
        Some(byte) => *byte ^= 1,
        None => return Err(outside(file, offset, length)),
    }
    place::write(file, bytes)
}

/// Cuts a file off after `length` bytes.
pub fn truncate(file: &Path, length: u64) -> Result<()> {
    OpenOptions::new().write(true).open(file).and_then(|f| f.set_len(length)).map_err(Error::io(file))
}

fn outside(file: &Path, offset: i64, length: usize) -> Error {
    Error::io(file)(std::io::Error::other(format!("offset {offset} is outside of the file's {length} bytes")))
}
