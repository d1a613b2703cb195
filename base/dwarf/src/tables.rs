//! The tables that units share, abbreviations and line programs' files, read so that many units which name
//! one table cost no more than the table.

use std::collections::HashMap;
use std::sync::Arc;

use gimli::{Abbreviations, Dwarf, Reader as _, Section as _, Unit, UnitHeader};

use crate::DwarfError;
use crate::data::Slice;

/// Attributes that one abbreviation may have: an entry of one byte can have as many that take no bytes.
const MOST_ATTRIBUTES: usize = 256;
/// How many times the section all tables of abbreviations may have: they don't overlap in honest files.
const MOST_TIMES: usize = 4;
/// Files and directories that all units may name together, each in its own line program.
const MOST_FILES: usize = 1 << 26;

/// What has been read of one file's tables.
pub(crate) struct Tables {
    abbreviations: HashMap<usize, Arc<Abbreviations>>,
    /// Bytes that further tables of abbreviations may have.
    left: usize,
    files: usize,
}

impl Tables {
    pub(crate) fn new(dwarf: &Dwarf<Slice<'_>>) -> Self {
        let left = dwarf.debug_abbrev.reader().len().saturating_mul(MOST_TIMES);
        Self { abbreviations: HashMap::new(), left, files: 0 }
    }

    /// A unit, without its line program: who needs one reads it anew.
    pub(crate) fn unit<'a>(
        &mut self,
        dwarf: &Dwarf<Slice<'a>>,
        header: UnitHeader<Slice<'a>>,
    ) -> Result<Unit<Slice<'a>>, DwarfError> {
        let offset = header.debug_abbrev_offset().0;
        let known = match self.abbreviations.get(&offset) {
            Some(known) => known.clone(),
            None => {
                let table = dwarf.debug_abbrev.reader().slice().get(offset..).unwrap_or_default();
                let overlap = || DwarfError(format!("the tables of abbreviations overlap at {offset:#x}"));
                self.left = self.left.checked_sub(length(table)?).ok_or_else(overlap)?;
                let read = dwarf.abbreviations(&header)?;
                self.abbreviations.insert(offset, read.clone());
                read
            }
        };
        let mut unit = Unit::new_with_abbreviations(dwarf, header, known)?;
        if let Some(program) = unit.line_program.take() {
            let header = program.header();
            self.files += header.file_names().len() + header.include_directories().len();
            if self.files > MOST_FILES {
                return Err(DwarfError("its units name too many files".to_owned()));
            }
        }
        Ok(unit)
    }
}

/// Length of the table of abbreviations at the start of these bytes; of one that is damaged all of them.
fn length(table: &[u8]) -> Result<usize, DwarfError> {
    let mut rest = table;
    loop {
        match number(&mut rest) {
            None | Some(0) => return Ok(table.len() - rest.len()),
            Some(_) => {}
        }
        // Its tag, and whether it has children.
        let _ = number(&mut rest);
        rest = rest.get(1..).unwrap_or_default();
        let mut count = 0;
        while let (Some(name), Some(form)) = (number(&mut rest), number(&mut rest)) {
            if form == u64::from(gimli::DW_FORM_implicit_const.0) {
                let _ = number(&mut rest);
            }
            if (name, form) == (0, 0) {
                break;
            }
            count += 1;
            if count > MOST_ATTRIBUTES {
                return Err(DwarfError(format!(
                    "an abbreviation has more than {MOST_ATTRIBUTES} attributes"
                )));
            }
        }
    }
}

/// A LEB128 number; of a larger one than 64 bits what fits.
fn number(bytes: &mut &[u8]) -> Option<u64> {
    let end = bytes.iter().position(|byte| byte & 0x80 == 0)? + 1;
    let (number, rest) = bytes.split_at(end);
    *bytes = rest;
    Some(number.iter().rev().fold(0, |number, byte| number << 7 | u64::from(byte & 0x7f)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_end_where_they_say() {
        // Two abbreviations, the second with a constant in it, and what is no part of the table.
        let table = [1, 0x11, 1, 3, 8, 0, 0, 0x82, 1, 0x24, 0, 0x0b, 0x21, 0x7f, 0, 0, 0, 9, 9];
        assert_eq!(length(&table).unwrap(), table.len() - 2);
        assert_eq!(length(&[0, 1]).unwrap(), 1);
        for cut in 0..table.len() - 2 {
            assert!(length(&table[..cut]).unwrap() <= cut);
        }
        assert_eq!(length(&[0x80; 9]).unwrap(), 0);
        let many = [vec![1, 0x11, 0], [3, 8].repeat(MOST_ATTRIBUTES + 1), vec![0, 0, 0]].concat();
        assert!(length(&many).unwrap_err().to_string().contains("more than 256 attributes"));
    }
}
