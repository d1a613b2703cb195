//! Whether two files have the same debugging data, but for producer and compilation directory.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use gimli::{AttributeValue, DwAt, UnitOffset};

use crate::DwarfError;
use crate::data::Debug;
use crate::file::{Entry, File, Place};

/// Whether debugging data is the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DebugSameness {
    /// It is.
    pub same: bool,
    /// What was left out and differs: `producer`, `compilation directory`.
    pub ignored: Vec<&'static str>,
    /// The first difference, for people.
    pub first_difference: Option<String>,
}

/// Compares entries, line programs, ranges and locations of two files in step.
///
/// # Errors
/// The debugging data of one of the files is damaged.
pub fn same_debug(reference: &Debug<'_>, rebuilt: &Debug<'_>) -> Result<DebugSameness, DwarfError> {
    if reference.same_bytes(rebuilt) {
        return Ok(DebugSameness { same: true, ..DebugSameness::default() });
    }
    let (left, right) = (Side::new(reference)?, Side::new(rebuilt)?);
    let mut ignored = BTreeSet::new();
    let mut first = None;
    if left.file.units.len() != right.file.units.len() {
        first = Some(format!("{} units, and {}", left.file.units.len(), right.file.units.len()));
    }
    for unit in 0..left.file.units.len() {
        if first.is_none() {
            first = units(&left, &right, unit, &mut ignored)?;
        }
    }
    if first.is_none() && reference.raw != rebuilt.raw {
        first = Some("macros".to_owned());
    }
    Ok(DebugSameness { same: first.is_none(), ignored: ignored.into_iter().collect(), first_difference: first })
}

/// One file, with the number of each entry in its unit: what a reference to it means.
struct Side<'a> {
    file: File<'a>,
    numbers: HashMap<Place, usize>,
}

impl<'a> Side<'a> {
    fn new(debug: &'a Debug<'_>) -> Result<Self, DwarfError> {
        let file = File::new(debug)?;
        let mut numbers = HashMap::new();
        for (index, unit) in file.units.iter().enumerate() {
            let mut cursor = unit.entries();
            while let Some(entry) = cursor.next_dfs()? {
                let number = numbers.len();
                numbers.insert(Place { unit: index, offset: entry.offset().0 }, number);
            }
        }
        Ok(Self { file, numbers })
    }

    fn directory(&self, unit: usize) -> &'a [u8] {
        self.file.units[unit].comp_dir.map_or(&[], |text| text.slice())
    }

    /// A path without the directory that the unit was compiled in.
    fn local<'p>(&self, unit: usize, path: &'p [u8]) -> &'p [u8] {
        path.strip_prefix(self.directory(unit)).unwrap_or(path)
    }
}

/// The first difference between two units of the same number.
fn units(
    left: &Side<'_>,
    right: &Side<'_>,
    unit: usize,
    ignored: &mut BTreeSet<&'static str>,
) -> Result<Option<String>, DwarfError> {
    let (mut a, mut b) = (left.file.units[unit].entries(), right.file.units[unit].entries());
    loop {
        let (one, other) = match (a.next_dfs()?, b.next_dfs()?) {
            (None, None) => break,
            (Some(one), Some(other)) => (one, other),
            _ => return Ok(Some(format!("unit {unit} has other numbers of entries"))),
        };
        let place = |entry: &Entry<'_>| format!("unit {unit}, {} at {:#x}", entry.tag(), entry.offset().0);
        if (one.tag(), one.depth()) != (other.tag(), other.depth()) {
            return Ok(Some(format!("{}, where the other has {}", place(one), other.tag())));
        }
        let (expected, found) = (left.meanings(unit, one)?, right.meanings(unit, other)?);
        if expected.0 != found.0 {
            let differing = expected.0.iter().find(|(name, value)| found.0.get(*name) != Some(value));
            let name = differing.or(found.0.iter().find(|(name, _)| !expected.0.contains_key(*name))).map(|(name, _)| DwAt(*name));
            return Ok(Some(format!("{}: {}", place(one), name.map(|name| name.to_string()).unwrap_or_default())));
        }
        if expected.1 != found.1 {
            ignored.insert("producer");
        }
        if left.directory(unit) != right.directory(unit) {
            ignored.insert("compilation directory");
        }
    }
    Ok((left.lines(unit)? != right.lines(unit)?).then(|| format!("line numbers of unit {unit}")))
}

/// What an attribute says, however it is written down.
#[derive(Debug, PartialEq, Eq)]
enum Meaning {
    Bytes(Vec<u8>),
    Number(i128),
    /// Unit and number of an entry.
    Entry(usize, usize),
    Ranges(Vec<(u64, u64)>),
    Locations(Vec<(u64, u64, Vec<u8>)>),
}

/// Address, file, line and column of a row of a line program, and whether it ends a sequence.
type Row = (u64, Vec<u8>, u64, u64, bool);

/// Attributes that say where something is in the file, or are compared elsewhere.
const ELSEWHERE: [DwAt; 9] = [
    gimli::DW_AT_sibling,
    gimli::DW_AT_comp_dir,
    gimli::DW_AT_stmt_list,
    gimli::DW_AT_macros,
    gimli::DW_AT_GNU_macros,
    gimli::DW_AT_str_offsets_base,
    gimli::DW_AT_addr_base,
    gimli::DW_AT_rnglists_base,
    gimli::DW_AT_loclists_base,
];

impl<'a> Side<'a> {
    /// Attributes by number, and the producer.
    fn meanings(&self, unit: usize, entry: &Entry<'a>) -> Result<(BTreeMap<u16, Meaning>, Option<Meaning>), DwarfError> {
        let mut all = BTreeMap::new();
        let mut producer = None;
        for attribute in entry.attrs().iter().filter(|attribute| !ELSEWHERE.contains(&attribute.name())) {
            let meaning = self.meaning(unit, entry, attribute.name(), attribute.value())?;
            match attribute.name() {
                gimli::DW_AT_producer => producer = Some(meaning),
                name => drop(all.insert(name.0, meaning)),
            }
        }
        Ok((all, producer))
    }

    fn meaning(
        &self,
        unit: usize,
        entry: &Entry<'a>,
        name: DwAt,
        value: AttributeValue<crate::data::Slice<'a>>,
    ) -> Result<Meaning, DwarfError> {
        let place = Place { unit, offset: entry.offset().0 };
        let (dwarf, of) = (self.file.dwarf_of(unit), &self.file.units[unit]);
        if let Some(target) = self.file.reference(place, entry, name) {
            let number = self.numbers.get(&target).ok_or_else(|| DwarfError("a reference leads nowhere".to_owned()))?;
            return Ok(Meaning::Entry(target.unit, *number));
        }
        if let Ok(text) = dwarf.attr_string(of, value) {
            let text = text.slice();
            let is_path = entry.depth() == 0 && name == gimli::DW_AT_name;
            return Ok(Meaning::Bytes(if is_path { self.local(unit, text) } else { text }.to_vec()));
        }
        if let Some(address) = dwarf.attr_address(of, value)? {
            return Ok(Meaning::Number(address.into()));
        }
        if let Some(mut ranges) = dwarf.attr_ranges(of, value).ok().flatten().filter(|_| name == gimli::DW_AT_ranges) {
            let mut all = Vec::new();
            while let Some(range) = ranges.next()? {
                all.push((range.begin, range.end));
            }
            return Ok(Meaning::Ranges(all));
        }
        if let Some(mut locations) = dwarf.attr_locations(of, value)? {
            let mut all = Vec::new();
            while let Some(location) = locations.next()? {
                all.push((location.range.begin, location.range.end, self.operations(unit, location.data)?));
            }
            return Ok(Meaning::Locations(all));
        }
        if let Some(expression) = value.exprloc_value() {
            return Ok(Meaning::Bytes(self.operations(unit, expression)?));
        }
        let number = value.sdata_value().map(i128::from).or_else(|| value.udata_value().map(|value| i128::from(value.cast_signed())));
        let number = number.or_else(|| value.offset_value().map(|offset| offset as i128));
        Ok(match (number, value) {
            (Some(number), _) => Meaning::Number(number),
            (None, AttributeValue::Block(bytes)) => Meaning::Bytes(bytes.slice().to_vec()),
            (None, other) => Meaning::Bytes(format!("{other:?}").into_bytes()),
        })
    }

    /// An expression with the entries that it refers to by number.
    fn operations(&self, unit: usize, expression: gimli::Expression<crate::data::Slice<'a>>) -> Result<Vec<u8>, DwarfError> {
        let mut operations = expression.operations(self.file.units[unit].encoding());
        let mut text = Vec::new();
        while let Some(operation) = operations.next()? {
            let number = |offset: UnitOffset| self.numbers.get(&Place { unit, offset: offset.0 });
            let line = match &operation {
                gimli::Operation::TypedLiteral { base_type, value } => format!("literal {:?} {:?}", number(*base_type), value.slice()),
                gimli::Operation::Convert { base_type } => format!("convert {:?}", number(*base_type)),
                gimli::Operation::Reinterpret { base_type } => format!("reinterpret {:?}", number(*base_type)),
                gimli::Operation::RegisterOffset { register, offset, base_type } => {
                    format!("register {} {offset} {:?}", register.0, number(*base_type))
                }
                gimli::Operation::EntryValue { expression } => {
                    format!("entry value {:?}", expression.slice())
                }
                gimli::Operation::ParameterRef { offset } => format!("parameter {:?}", number(*offset)),
                gimli::Operation::ImplicitValue { data } => format!("value {:?}", data.slice()),
                gimli::Operation::Call { .. } | gimli::Operation::ImplicitPointer { .. } => "entry".to_owned(),
                other => format!("{other:?}"),
            };
            text.extend(line.as_bytes());
            text.push(b'\n');
        }
        Ok(text)
    }

    /// Rows of a unit's line program, with files by name.
    fn lines(&self, unit: usize) -> Result<Vec<Row>, DwarfError> {
        let of = &self.file.units[unit];
        let dwarf = self.file.dwarf_of(unit);
        let root = self.file.entry(self.file.root(unit))?;
        let Some(AttributeValue::DebugLineRef(offset)) = root.attr_value(gimli::DW_AT_stmt_list) else {
            return Ok(Vec::new());
        };
        let program = dwarf.debug_line.program(offset, of.encoding().address_size, of.comp_dir, of.name)?;
        let text = |value| dwarf.attr_string(of, value).map(|text| self.local(unit, text.slice()).to_vec());
        let mut rows = program.rows();
        let mut all = Vec::new();
        while let Some((header, row)) = rows.next_row()? {
            let name = match row.file(header) {
                Some(file) => {
                    let mut path = match file.directory(header) {
                        Some(directory) => text(directory)?,
                        None => Vec::new(),
                    };
                    path.push(b'/');
                    path.extend(text(file.path_name())?);
                    path
                }
                None => Vec::new(),
            };
            let line = row.line().map_or(0, std::num::NonZero::get);
            let column = match row.column() {
                gimli::ColumnType::LeftEdge => 0,
                gimli::ColumnType::Column(column) => column.get(),
            };
            all.push((row.address(), name, line, column, row.end_sequence()));
        }
        Ok(all)
    }
}
