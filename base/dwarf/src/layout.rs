//! The layout of one type, as its users were compiled against it: names, places and the types of parts.

use std::collections::{BTreeMap, HashMap};

use gimli::{AttributeValue, DwTag};

use crate::DwarfError;
use crate::file::{Entry, File, Place};

/// Typedefs and qualifiers that are taken off one type.
const LONGEST: usize = 64;
/// Variants in the variants of one type.
const DEEPEST: usize = 16;
/// Parts that one type may have.
const MOST: usize = 1 << 16;

/// A type without its typedefs and qualifiers; `None` is `void`.
pub(crate) fn plain(file: &File<'_>, mut place: Option<Place>) -> Result<Option<Place>, DwarfError> {
    for _ in 0..LONGEST {
        let Some(at) = place else { return Ok(None) };
        let entry = file.entry(at)?;
        match entry.tag() {
            gimli::DW_TAG_typedef
            | gimli::DW_TAG_const_type
            | gimli::DW_TAG_volatile_type
            | gimli::DW_TAG_restrict_type
            | gimli::DW_TAG_atomic_type
            | gimli::DW_TAG_immutable_type
            | gimli::DW_TAG_packed_type
            | gimli::DW_TAG_template_alias
            // A range of a type is stored as that type is.
            | gimli::DW_TAG_subrange_type
                if entry.has_attr(gimli::DW_AT_type) || entry.tag() != gimli::DW_TAG_subrange_type =>
            {
                place = file.reference(at, &entry, gimli::DW_AT_type);
            }
            _ if entry.has_attr(gimli::DW_AT_declaration) || entry.has_attr(gimli::DW_AT_signature) => {
                match file.definition(at, &entry)? {
                    Some(definition) if definition != at => place = Some(definition),
                    _ => return Ok(place),
                }
            }
            _ => return Ok(place),
        }
    }
    Err(DwarfError("a type is a chain of other names that does not end".to_owned()))
}

/// What a type is, as far as it has no parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) tag: DwTag,
    pub(crate) size: Option<u64>,
    /// Encoding of a base type, signedness of characters aside.
    pub(crate) encoding: Option<u8>,
    /// Only declared: nothing is known of it.
    pub(crate) opaque: bool,
}

pub(crate) fn shape(file: &File<'_>, place: Place) -> Result<Shape, DwarfError> {
    let entry = file.entry(place)?;
    let encoding = match entry.attr_value(gimli::DW_AT_encoding) {
        // Newer compilers state that of an enumeration's numbers too.
        Some(AttributeValue::Encoding(encoding)) if entry.tag() == gimli::DW_TAG_base_type => {
            Some(match encoding {
                gimli::DW_ATE_signed_char => gimli::DW_ATE_signed.0,
                gimli::DW_ATE_unsigned_char | gimli::DW_ATE_UTF => gimli::DW_ATE_unsigned.0,
                other => other.0,
            })
        }
        _ => None,
    };
    let pointer = matches!(
        entry.tag(),
        gimli::DW_TAG_pointer_type | gimli::DW_TAG_reference_type | gimli::DW_TAG_rvalue_reference_type
    );
    Ok(Shape {
        tag: match entry.tag() {
            gimli::DW_TAG_class_type | gimli::DW_TAG_interface_type => gimli::DW_TAG_structure_type,
            other => other,
        },
        // Compilers state the size of a pointer or leave it to the machine.
        size: if pointer { None } else { number(&entry, gimli::DW_AT_byte_size) },
        encoding,
        opaque: entry.has_attr(gimli::DW_AT_declaration),
    })
}

/// A type's own name with what it is, for people: `struct point`.
pub(crate) fn name(file: &File<'_>, place: Option<Place>) -> Result<String, DwarfError> {
    let mut text = String::new();
    let mut place = place;
    for _ in 0..LONGEST {
        let Some(at) = place else { return Ok(format!("void{text}")) };
        let entry = file.entry(at)?;
        let own = file.name(at, &entry)?.map(|name| String::from_utf8_lossy(name).into_owned());
        let sort = match entry.tag() {
            gimli::DW_TAG_structure_type => "struct ",
            gimli::DW_TAG_class_type => "class ",
            gimli::DW_TAG_union_type => "union ",
            gimli::DW_TAG_enumeration_type => "enum ",
            gimli::DW_TAG_subroutine_type => return Ok(format!("function{text}")),
            gimli::DW_TAG_pointer_type => "*",
            gimli::DW_TAG_reference_type => "&",
            gimli::DW_TAG_rvalue_reference_type => "&&",
            gimli::DW_TAG_array_type => "[]",
            _ => "",
        };
        match own {
            Some(own) if !matches!(sort, "*" | "&" | "&&" | "[]") => return Ok(format!("{sort}{own}{text}")),
            _ if matches!(sort, "*" | "&" | "&&" | "[]") => text.insert_str(0, sort),
            _ if !sort.is_empty() => return Ok(format!("{sort}without a name{text}")),
            _ => {}
        }
        place = match file.reference(at, &entry, gimli::DW_AT_type) {
            None if !matches!(sort, "*" | "&" | "&&" | "[]") => return Ok(format!("{}{text}", entry.tag())),
            next => next,
        };
    }
    Ok(format!("a long chain{text}"))
}

/// A part of a structure: a member or a base class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Offset in bits from the start, or the expression that finds a virtual base.
    pub(crate) offset: String,
    pub(crate) bits: Option<u64>,
    pub(crate) typed: Option<Place>,
}

/// The parts of a structure, class or union.
#[derive(Default)]
pub(crate) struct Parts {
    /// Members by name; those without one by their number among these.
    pub(crate) members: BTreeMap<String, Part>,
    /// Base classes in order.
    pub(crate) bases: Vec<Part>,
    /// Virtual functions by slot.
    pub(crate) virtuals: BTreeMap<u64, String>,
}

/// Offset and bits of a member.
pub(crate) type At<'p> = (&'p str, Option<u64>);

impl Part {
    pub(crate) fn at(&self) -> At<'_> {
        (&self.offset, self.bits)
    }
}

impl Parts {
    /// Members whose names the other type has not, the first at each place: a member of the other type that has
    /// the place of one of these, and a name that is not among these, has only another name.
    pub(crate) fn unmatched(&self, other: &Self) -> HashMap<At<'_>, (&String, &Part)> {
        let mut all = HashMap::new();
        for (name, part) in self.members.iter().filter(|(name, _)| !other.members.contains_key(*name)) {
            all.entry(part.at()).or_insert((name, part));
        }
        all
    }
}

pub(crate) fn parts(file: &File<'_>, place: Place) -> Result<Parts, DwarfError> {
    let mut parts = Parts::default();
    let (mut unnamed, mut count) = (0, 0);
    let mut places = vec![(place, 0)];
    while let Some((place, depth)) = places.pop() {
        if depth > DEEPEST {
            return Err(DwarfError("the variants of a type are nested too deep".to_owned()));
        }
        file.each_child(place, |at, entry| {
            count += 1;
            if count > MOST {
                return Err(DwarfError("a type has too many parts".to_owned()));
            }
            match entry.tag() {
                gimli::DW_TAG_member if !is_static(entry) => {
                    let name = match file.name(at, entry)? {
                        // The compiler's own pointer to the virtual table is named after the class.
                        Some(name) if name.starts_with(b"_vptr") => "_vptr".to_owned(),
                        Some(name) => String::from_utf8_lossy(name).into_owned(),
                        None => {
                            unnamed += 1;
                            format!("without a name, number {unnamed}")
                        }
                    };
                    parts.members.insert(name, part(file, at, entry)?);
                }
                gimli::DW_TAG_inheritance => parts.bases.push(part(file, at, entry)?),
                gimli::DW_TAG_subprogram => {
                    if let Some(slot) = slot(file, at, entry)? {
                        let name = file.linkage_name(at)?.unwrap_or_default();
                        parts.virtuals.insert(slot, String::from_utf8_lossy(name).into_owned());
                    }
                }
                gimli::DW_TAG_variant_part | gimli::DW_TAG_variant => places.push((at, depth + 1)),
                _ => {}
            }
            Ok(())
        })?;
    }
    Ok(parts)
}

/// A member that is one for the whole class has no place in it.
fn is_static(entry: &Entry<'_>) -> bool {
    entry.has_attr(gimli::DW_AT_external) || entry.has_attr(gimli::DW_AT_declaration)
}

fn part<'a>(file: &File<'a>, place: Place, entry: &Entry<'a>) -> Result<Part, DwarfError> {
    let typed = file.reference(place, entry, gimli::DW_AT_type);
    let bits = number(entry, gimli::DW_AT_bit_size);
    let byte = match entry.attr_value(gimli::DW_AT_data_member_location) {
        Some(AttributeValue::Exprloc(expression)) => {
            let mut operations = expression.operations(file.unit(place)?.encoding());
            match operations.next()? {
                Some(gimli::Operation::PlusConstant { value }) => Some(value),
                Some(gimli::Operation::UnsignedConstant { value }) => Some(value),
                // A virtual base is found through the virtual table; its bytes say where.
                _ => {
                    let text: String =
                        expression.0.slice().iter().map(|byte| format!("{byte:02x}")).collect();
                    return Ok(Part { offset: format!("by {text}"), bits, typed });
                }
            }
        }
        _ => number(entry, gimli::DW_AT_data_member_location),
    };
    let offset = match (number(entry, gimli::DW_AT_data_bit_offset), number(entry, gimli::DW_AT_bit_offset)) {
        (Some(bit), _) => bit,
        // DWARF 2 and 3 count bits of a field from the most significant bit of its storage.
        (None, Some(from_top)) => {
            let unit = match number(entry, gimli::DW_AT_byte_size) {
                Some(size) => size,
                None => plain(file, typed)?
                    .map(|at| shape(file, at))
                    .transpose()?
                    .and_then(|s| s.size)
                    .unwrap_or(4),
            };
            let start = byte.unwrap_or(0).saturating_mul(8);
            let unused = from_top.saturating_add(bits.unwrap_or(0));
            let from_start = unit.saturating_mul(8).saturating_sub(unused);
            start.saturating_add(if file.is_little_endian() { from_start } else { from_top })
        }
        (None, None) => byte.unwrap_or(0).saturating_mul(8),
    };
    Ok(Part {
        offset: if offset % 8 == 0 { format!("byte {}", offset / 8) } else { format!("bit {offset}") },
        bits,
        typed,
    })
}

/// The slot of a virtual function in its class's table.
fn slot<'a>(file: &File<'a>, place: Place, entry: &Entry<'a>) -> Result<Option<u64>, DwarfError> {
    let is_virtual = matches!(
        entry.attr_value(gimli::DW_AT_virtuality),
        Some(AttributeValue::Virtuality(gimli::DW_VIRTUALITY_virtual | gimli::DW_VIRTUALITY_pure_virtual))
    );
    if !is_virtual {
        return Ok(None);
    }
    Ok(match entry.attr_value(gimli::DW_AT_vtable_elem_location) {
        Some(AttributeValue::Exprloc(expression)) => {
            let mut operations = expression.operations(file.unit(place)?.encoding());
            match operations.next()? {
                Some(gimli::Operation::UnsignedConstant { value }) => Some(value),
                Some(gimli::Operation::SignedConstant { value }) => u64::try_from(value).ok(),
                _ => None,
            }
        }
        Some(other) => other.udata_value(),
        None => None,
    })
}

/// Enumerators by name.
pub(crate) fn enumerators(file: &File<'_>, place: Place) -> Result<BTreeMap<String, i128>, DwarfError> {
    let mut all = BTreeMap::new();
    file.each_child(place, |at, entry| {
        if all.len() > MOST {
            return Err(DwarfError("an enumeration has too many enumerators".to_owned()));
        }
        if entry.tag() == gimli::DW_TAG_enumerator {
            let name = String::from_utf8_lossy(file.name(at, entry)?.unwrap_or_default()).into_owned();
            let value = entry.attr_value(gimli::DW_AT_const_value);
            all.insert(name, value.and_then(|value| integer(&value)).unwrap_or_default());
        }
        Ok(())
    })?;
    Ok(all)
}

/// The same value may be written signed or unsigned; as 64 bits they are one.
fn integer(value: &AttributeValue<crate::data::Slice<'_>>) -> Option<i128> {
    let signed = value.sdata_value().map(i128::from);
    signed.or_else(|| value.udata_value().map(|value| i128::from(value.cast_signed())))
}

/// Numbers of elements of an array, for each dimension; `None` where it is open.
pub(crate) fn bounds(file: &File<'_>, place: Place) -> Result<Vec<Option<u64>>, DwarfError> {
    let mut all = Vec::new();
    file.each_child(place, |_, entry| {
        if matches!(entry.tag(), gimli::DW_TAG_subrange_type | gimli::DW_TAG_generic_subrange) {
            if all.len() > MOST {
                return Err(DwarfError("an array has too many dimensions".to_owned()));
            }
            let upper = number(entry, gimli::DW_AT_upper_bound);
            let lower = number(entry, gimli::DW_AT_lower_bound).unwrap_or(0);
            let count = number(entry, gimli::DW_AT_count);
            all.push(count.or(upper.map(|upper| upper.wrapping_sub(lower).wrapping_add(1))));
        }
        Ok(())
    })?;
    Ok(all)
}

/// Types of the parameters of a function, the compiler's own included, and whether more may follow.
pub(crate) fn parameters(file: &File<'_>, place: Place) -> Result<(Vec<Option<Place>>, bool), DwarfError> {
    let (mut all, mut open) = (Vec::new(), false);
    file.each_child(place, |at, entry| {
        match entry.tag() {
            gimli::DW_TAG_formal_parameter if all.len() > MOST => {
                return Err(DwarfError("a function has too many parameters".to_owned()));
            }
            gimli::DW_TAG_formal_parameter => {
                let mut typed = None;
                for origin in file.origins(at)? {
                    let entry = file.entry(origin)?;
                    typed = typed.or(file.reference(origin, &entry, gimli::DW_AT_type));
                }
                all.push(typed);
            }
            gimli::DW_TAG_unspecified_parameters => open = true,
            _ => {}
        }
        Ok(())
    })?;
    Ok((all, open))
}

fn number(entry: &Entry<'_>, attribute: gimli::DwAt) -> Option<u64> {
    let value = entry.attr_value(attribute)?;
    value.udata_value().or_else(|| value.sdata_value().map(i64::cast_unsigned))
}
