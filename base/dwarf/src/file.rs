//! One file's units, with what has to be found in them: exported functions and variables by address or name,
//! and definitions of types that are only declared elsewhere.

use std::cell::{Cell, OnceCell};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use gimli::{
    AttributeValue, DebugInfoOffset, DebuggingInformationEntry, Dwarf, Section as _, Unit, UnitOffset,
};

use crate::DwarfError;
use crate::data::{Debug, Slice};
use crate::tables::Tables;

pub(crate) type Entry<'a> = DebuggingInformationEntry<Slice<'a>>;

/// Namespaces in namespaces.
const DEEPEST: usize = 64;
/// Links of one kind that are followed from one entry: typedefs of typedefs, origins of origins.
const LONGEST: usize = 64;
/// Bytes of one name; those that compilers mangle are long, and still shorter by far.
const LONGEST_TEXT: usize = 64 << 10;

/// Where an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) unit: usize,
    pub(crate) offset: usize,
}

pub(crate) struct File<'a> {
    pub(crate) dwarf: Dwarf<Slice<'a>>,
    pub(crate) units: Vec<Unit<Slice<'a>>>,
    /// Number of units that are the file's own; those of the supplementary file follow.
    own: usize,
    /// Start of each own unit in `.debug_info`, and of each supplementary one.
    starts: [Vec<(usize, usize)>; 2],
    /// Type units by signature.
    signatures: HashMap<u64, Place>,
    pub(crate) addresses: HashMap<u64, Place>,
    pub(crate) names: HashMap<&'a [u8], Place>,
    /// Functions that have no code of their own, by linkage name: those that exports need.
    pub(crate) declared: HashMap<&'a [u8], Place>,
    /// Bytes of entries that were passed to find the children of others.
    pub(crate) read: Cell<u64>,
    /// Definitions of types, looked for when the first is needed.
    definitions: OnceCell<Definitions>,
}

impl<'a> File<'a> {
    pub(crate) fn new(debug: &'a Debug<'_>) -> Result<Self, DwarfError> {
        let dwarf = debug.dwarf();
        let (mut units, mut starts, mut signatures) = (Vec::new(), [Vec::new(), Vec::new()], HashMap::new());
        let mut tables = Tables::new(&dwarf);
        let mut headers = dwarf.units();
        while let Some(header) = headers.next()? {
            add(&dwarf, &mut tables, header, &mut units, &mut starts[0], &mut signatures)?;
        }
        let mut headers = dwarf.type_units();
        while let Some(header) = headers.next()? {
            add(&dwarf, &mut tables, header, &mut units, &mut Vec::new(), &mut signatures)?;
        }
        let own = units.len();
        if let Some(sup) = dwarf.sup() {
            let mut tables = Tables::new(sup);
            let mut headers = sup.units();
            while let Some(header) = headers.next()? {
                add(sup, &mut tables, header, &mut units, &mut starts[1], &mut HashMap::new())?;
            }
        }
        let mut file = Self {
            dwarf,
            units,
            own,
            starts,
            signatures,
            addresses: HashMap::new(),
            names: HashMap::new(),
            declared: HashMap::new(),
            read: Cell::new(0),
            definitions: OnceCell::new(),
        };
        file.index()?;
        Ok(file)
    }

    pub(crate) fn dwarf_of(&self, unit: usize) -> &Dwarf<Slice<'a>> {
        match self.dwarf.sup() {
            Some(sup) if unit >= self.own => sup,
            _ => &self.dwarf,
        }
    }

    pub(crate) fn is_little_endian(&self) -> bool {
        gimli::Reader::endian(self.dwarf.debug_info.reader()) == gimli::RunTimeEndian::Little
    }

    pub(crate) fn entry(&self, place: Place) -> Result<Entry<'a>, DwarfError> {
        Ok(self.unit(place)?.entry(UnitOffset(place.offset))?)
    }

    pub(crate) fn unit(&self, place: Place) -> Result<&Unit<Slice<'a>>, DwarfError> {
        self.units.get(place.unit).ok_or_else(|| DwarfError("a unit is missing".to_owned()))
    }

    /// Hands over each child of an entry, not their children.
    pub(crate) fn each_child(
        &self,
        place: Place,
        mut take: impl FnMut(Place, &Entry<'a>) -> Result<(), DwarfError>,
    ) -> Result<(), DwarfError> {
        let mut cursor = self.unit(place)?.entries_at_offset(UnitOffset(place.offset))?;
        let has = cursor.next_dfs()?.is_some_and(|entry| entry.has_children());
        let mut child = if has { cursor.next_dfs()? } else { None };
        let mut end = place.offset;
        while let Some(entry) = child {
            if entry.depth() < 1 {
                break;
            }
            self.read.set(self.read.get() + entry.offset().0.saturating_sub(end) as u64);
            end = entry.offset().0;
            take(Place { unit: place.unit, offset: entry.offset().0 }, entry)?;
            child = cursor.next_sibling()?;
        }
        Ok(())
    }

    /// Finds exported functions and variables: entries at the top and in namespaces, and nothing below.
    fn index(&mut self) -> Result<(), DwarfError> {
        let mut addresses = HashMap::new();
        let mut names = HashMap::new();
        for unit in 0..self.own {
            self.each_top(unit, &mut |place, entry, _| {
                match entry.tag() {
                    gimli::DW_TAG_subprogram => {
                        if let Some(address) = self.low_pc(place, entry)? {
                            addresses.insert(address, place);
                            names.extend(self.linkage_name(place)?.map(|name| (name, place)));
                        }
                    }
                    gimli::DW_TAG_variable => {
                        if let Some(address) = self.address(place, entry)? {
                            addresses.insert(address, place);
                            names.extend(self.linkage_name(place)?.map(|name| (name, place)));
                        }
                    }
                    _ => {}
                }
                Ok(())
            })?;
        }
        (self.addresses, self.names) = (addresses, names);
        Ok(())
    }

    /// Hands over the entries of a unit and of its namespaces, each with a digest of the namespaces' names.
    fn each_top(
        &self,
        unit: usize,
        take: &mut dyn FnMut(Place, &Entry<'a>, u64) -> Result<(), DwarfError>,
    ) -> Result<(), DwarfError> {
        let mut spaces = vec![(self.root(unit), 0_u64, 0)];
        while let Some((space, path, depth)) = spaces.pop() {
            self.each_child(space, |place, entry| {
                if entry.tag() == gimli::DW_TAG_namespace && depth < DEEPEST {
                    spaces.push((
                        place,
                        extended(path, self.name(place, entry)?.unwrap_or_default()),
                        depth + 1,
                    ));
                }
                take(place, entry, path)
            })?;
        }
        Ok(())
    }

    /// The entry of the unit itself.
    pub(crate) fn root(&self, unit: usize) -> Place {
        Place { unit, offset: self.units[unit].header.root_offset().0 }
    }

    fn low_pc(&self, place: Place, entry: &Entry<'a>) -> Result<Option<u64>, DwarfError> {
        let (dwarf, unit) = (self.dwarf_of(place.unit), self.unit(place)?);
        if let Some(value) = entry.attr_value(gimli::DW_AT_low_pc) {
            return Ok(dwarf.attr_address(unit, value)?);
        }
        // A function whose rarely used part was moved away has ranges; its own start is the first.
        let Some(value) = entry.attr_value(gimli::DW_AT_ranges) else { return Ok(None) };
        let Some(mut ranges) = dwarf.attr_ranges(unit, value)? else { return Ok(None) };
        Ok(ranges.next()?.map(|range| range.begin))
    }

    /// The address of a variable: a location of nothing but `DW_OP_addr`.
    fn address(&self, place: Place, entry: &Entry<'a>) -> Result<Option<u64>, DwarfError> {
        let Some(AttributeValue::Exprloc(expression)) = entry.attr_value(gimli::DW_AT_location) else {
            return Ok(None);
        };
        let unit = self.unit(place)?;
        let mut operations = expression.operations(unit.encoding());
        Ok(match operations.next()? {
            Some(gimli::Operation::Address { address }) => Some(address),
            Some(gimli::Operation::AddressIndex { index }) => {
                Some(self.dwarf_of(place.unit).address(unit, index)?)
            }
            _ => None,
        })
    }

    pub(crate) fn name(&self, place: Place, entry: &Entry<'a>) -> Result<Option<&'a [u8]>, DwarfError> {
        self.text(place, entry, gimli::DW_AT_name)
    }

    pub(crate) fn text(
        &self,
        place: Place,
        entry: &Entry<'a>,
        attribute: gimli::DwAt,
    ) -> Result<Option<&'a [u8]>, DwarfError> {
        let Some(value) = entry.attr_value(attribute) else { return Ok(None) };
        // The file that dwz moved the text to may be in a package that is not here.
        if matches!(value, AttributeValue::DebugStrRefSup(_)) && self.dwarf.sup().is_none() {
            return Ok(None);
        }
        let text = self.dwarf_of(place.unit).attr_string(self.unit(place)?, value)?.slice();
        match text.len() > LONGEST_TEXT {
            true => Err(DwarfError(format!("a name has {} bytes", text.len()))),
            false => Ok(Some(text)),
        }
    }

    /// The name that the linker knows a function or variable by; its own name where the language has none.
    pub(crate) fn linkage_name(&self, place: Place) -> Result<Option<&'a [u8]>, DwarfError> {
        let mut name = None;
        for place in self.origins(place)? {
            let entry = self.entry(place)?;
            for attribute in [gimli::DW_AT_linkage_name, gimli::DW_AT_MIPS_linkage_name] {
                if let Some(linkage) = self.text(place, &entry, attribute)? {
                    return Ok(Some(linkage));
                }
            }
            name = name.or(self.name(place, &entry)?);
        }
        Ok(name)
    }

    /// The entry itself, and those that it completes: its abstract origin, its declaration.
    pub(crate) fn origins(&self, place: Place) -> Result<Vec<Place>, DwarfError> {
        let mut all = vec![place];
        while let Some(last) = all.last().copied().filter(|_| all.len() < LONGEST) {
            let entry = self.entry(last)?;
            let links = [gimli::DW_AT_abstract_origin, gimli::DW_AT_specification];
            match links.iter().find_map(|link| self.reference(last, &entry, *link)) {
                Some(next) if !all.contains(&next) => all.push(next),
                _ => break,
            }
        }
        Ok(all)
    }

    /// The entry that an attribute refers to.
    pub(crate) fn reference(&self, place: Place, entry: &Entry<'a>, attribute: gimli::DwAt) -> Option<Place> {
        match entry.attr_value(attribute)? {
            AttributeValue::UnitRef(UnitOffset(offset)) => Some(Place { unit: place.unit, offset }),
            AttributeValue::DebugInfoRef(DebugInfoOffset(offset)) => {
                let space = usize::from(place.unit >= self.own);
                self.at(space, offset)
            }
            AttributeValue::DebugInfoRefSup(DebugInfoOffset(offset)) => self.at(1, offset),
            AttributeValue::DebugTypesRef(signature) => self.signatures.get(&signature.0).copied(),
            _ => None,
        }
    }

    fn at(&self, space: usize, offset: usize) -> Option<Place> {
        let starts = &self.starts[space];
        let index = starts.partition_point(|(start, _)| *start <= offset).checked_sub(1)?;
        let (start, unit) = starts[index];
        Some(Place { unit, offset: offset - start })
    }

    /// The definition of a type that is only declared here, if the file has one.
    pub(crate) fn definition(&self, place: Place, entry: &Entry<'a>) -> Result<Option<Place>, DwarfError> {
        if let Some(signature) = self.reference(place, entry, gimli::DW_AT_signature) {
            return Ok(Some(signature));
        }
        let Some(name) = self.name(place, entry)? else { return Ok(None) };
        let known = match self.definitions.get() {
            Some(known) => known,
            None => {
                let found = self.find_definitions()?;
                self.definitions.get_or_init(|| found)
            }
        };
        // A type inside of a class is none that another unit completes.
        let path = known.declared.get(&place);
        Ok(path.and_then(|path| known.defined.get(&key(*path, entry.tag(), name)).copied()))
    }

    fn find_definitions(&self) -> Result<Definitions, DwarfError> {
        let mut found = Definitions::default();
        for unit in 0..self.units.len() {
            self.each_top(unit, &mut |place, entry, path| {
                let tags = [
                    gimli::DW_TAG_structure_type,
                    gimli::DW_TAG_class_type,
                    gimli::DW_TAG_union_type,
                    gimli::DW_TAG_enumeration_type,
                ];
                if !tags.contains(&entry.tag()) {
                    return Ok(());
                }
                if entry.has_attr(gimli::DW_AT_declaration) {
                    found.declared.insert(place, path);
                } else if let Some(name) = self.name(place, entry)? {
                    found.defined.entry(key(path, entry.tag(), name)).or_insert(place);
                }
                Ok(())
            })?;
        }
        Ok(found)
    }
}

/// Types by a digest of tag and qualified name.
#[derive(Default)]
struct Definitions {
    defined: HashMap<u64, Place>,
    /// Digest of the namespaces around each type that is only declared.
    declared: HashMap<Place, u64>,
}

fn add<'a>(
    dwarf: &Dwarf<Slice<'a>>,
    tables: &mut Tables,
    header: gimli::UnitHeader<Slice<'a>>,
    units: &mut Vec<Unit<Slice<'a>>>,
    starts: &mut Vec<(usize, usize)>,
    signatures: &mut HashMap<u64, Place>,
) -> Result<(), DwarfError> {
    match header.type_() {
        gimli::UnitType::Type { type_signature, type_offset }
        | gimli::UnitType::SplitType { type_signature, type_offset } => {
            signatures.insert(type_signature.0, Place { unit: units.len(), offset: type_offset.0 });
        }
        _ => {}
    }
    if let Some(start) = header.debug_info_offset() {
        starts.push((start.0, units.len()));
    }
    units.push(tables.unit(dwarf, header)?);
    Ok(())
}

/// Classes and structures are the same to everyone but the compiler's front end.
fn key(path: u64, tag: gimli::DwTag, name: &[u8]) -> u64 {
    let tag = if tag == gimli::DW_TAG_class_type { gimli::DW_TAG_structure_type } else { tag };
    extended(path ^ u64::from(tag.0), name)
}

fn extended(path: u64, name: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    (path, name).hash(&mut hasher);
    hasher.finish()
}
