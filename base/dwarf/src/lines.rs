//! Line programs of two units, compared row by row: a program of one byte for each row is longer by far when
//! it is written out.

use std::collections::HashSet;

use gimli::{AttributeValue, ColumnType, IncompleteLineProgram, LineProgramHeader, LineRow};

use crate::DwarfError;
use crate::data::Slice;
use crate::same::Side;

/// Programs that were found to be the same, by their offsets: type units share their unit's.
pub(crate) type Seen = HashSet<(usize, usize)>;

/// Whether the rows of two units' line programs are the same, files compared by name.
pub(crate) fn same(sides: (&Side<'_>, &Side<'_>), unit: usize, seen: &mut Seen) -> Result<bool, DwarfError> {
    let (Some(left), Some(right)) = (program(sides.0, unit)?, program(sides.1, unit)?) else {
        return Ok(program(sides.0, unit)?.is_none() && program(sides.1, unit)?.is_none());
    };
    if !seen.insert((left.header().offset().0, right.header().offset().0)) {
        return Ok(true);
    }
    let (mut left, mut right) = (left.rows(), right.rows());
    let (mut left_name, mut right_name) = (Name::default(), Name::default());
    loop {
        let (a, b) = match (left.next_row()?, right.next_row()?) {
            (None, None) => return Ok(true),
            (Some(a), Some(b)) => (a, b),
            _ => return Ok(false),
        };
        left_name.set(sides.0, unit, a)?;
        right_name.set(sides.1, unit, b)?;
        if facts(a.1) != facts(b.1) || left_name.text != right_name.text {
            return Ok(false);
        }
    }
}

fn program<'a>(side: &Side<'a>, unit: usize) -> Result<Option<IncompleteLineProgram<Slice<'a>>>, DwarfError> {
    let (dwarf, of) = (side.file.dwarf_of(unit), &side.file.units[unit]);
    let mut cursor = of.entries();
    cursor.next_dfs()?;
    let Some(AttributeValue::DebugLineRef(offset)) =
        cursor.current().and_then(|root| root.attr_value(gimli::DW_AT_stmt_list))
    else {
        return Ok(None);
    };
    Ok(Some(dwarf.debug_line.program(offset, of.header.address_size(), of.comp_dir, of.name)?))
}

/// Address, line, column, and whether it ends a sequence.
fn facts(row: &LineRow) -> (u64, u64, u64, bool) {
    let column = match row.column() {
        ColumnType::LeftEdge => 0,
        ColumnType::Column(column) => column.get(),
    };
    (row.address(), row.line().map_or(0, std::num::NonZero::get), column, row.end_sequence())
}

/// The name of a row's file, which is looked up where it changes.
#[derive(Default)]
struct Name {
    file: Option<u64>,
    text: Vec<u8>,
}

impl Name {
    fn set(
        &mut self,
        side: &Side<'_>,
        unit: usize,
        (header, row): (&LineProgramHeader<Slice<'_>>, &LineRow),
    ) -> Result<(), DwarfError> {
        if self.file == Some(row.file_index()) {
            return Ok(());
        }
        self.file = Some(row.file_index());
        self.text.clear();
        let (dwarf, of) = (side.file.dwarf_of(unit), &side.file.units[unit]);
        let text = |value| -> Result<_, DwarfError> {
            let text = side.local(unit, dwarf.attr_string(of, value)?.slice());
            side.spend(text.len())?;
            Ok(text)
        };
        let Some(file) = row.file(header) else { return Ok(()) };
        if let Some(directory) = file.directory(header) {
            self.text.extend(text(directory)?);
        }
        self.text.push(b'/');
        self.text.extend(text(file.path_name())?);
        Ok(())
    }
}
