//! What exported symbols stand for: entries by address and by name, and declarations of what compilers folded away.

use std::collections::HashSet;

use crate::DwarfError;
use crate::file::{File, Place};

impl<'a> File<'a> {
    /// The entry that an exported symbol stands for: what is at its address and has its name, else what has its
    /// name, else what is at its address under another.
    pub(crate) fn export(&self, name: &str, address: u64) -> Result<Option<Place>, DwarfError> {
        let at = self.addresses.get(&address).copied();
        if let Some(place) = at
            && is_one(self.linkage_name(place)?.unwrap_or_default(), name.as_bytes())
        {
            return Ok(at);
        }
        if let Some(named) = self.names.get(name.as_bytes())
            && self.is_external(*named)?
        {
            return Ok(Some(*named));
        }
        Ok(self.declared.get(name.as_bytes()).copied().or(at))
    }

    /// Looks for what exports stand for that have no entry with an address. Compilers fold functions that
    /// have the same code into one, which leaves the others with no more than a declaration.
    pub(crate) fn look_for<'e>(
        &mut self,
        exports: impl Iterator<Item = (&'e str, u64)>,
    ) -> Result<(), DwarfError> {
        let mut wanted = HashSet::new();
        for (name, address) in exports {
            let at =
                self.addresses.get(&address).map(|place| self.linkage_name(*place)).transpose()?.flatten();
            let known =
                at.is_some_and(|at| is_one(at, name.as_bytes())) || self.names.contains_key(name.as_bytes());
            if !known {
                wanted.insert(name.as_bytes());
            }
        }
        let units = if wanted.is_empty() { 0 } else { self.units.len() };
        for unit in 0..units {
            let mut cursor = self.units[unit].entries();
            let mut in_class = None;
            while let Some(entry) = cursor.next_dfs()? {
                let depth = entry.depth();
                // The outermost class around the entry.
                in_class = in_class.filter(|class| depth > *class).or(is_class(entry.tag()).then_some(depth));
                // Outside of classes a declaration is only for the calls of it, and has no types.
                let called = entry.has_attr(gimli::DW_AT_declaration) && in_class.is_none();
                if entry.tag() != gimli::DW_TAG_subprogram || called {
                    continue;
                }
                let place = Place { unit, offset: entry.offset().0 };
                let name = match self.text(place, entry, gimli::DW_AT_linkage_name)? {
                    None if entry.has_attr(gimli::DW_AT_external) => self.name(place, entry)?,
                    linkage => linkage,
                };
                if let Some(name) = name.filter(|name| wanted.contains(name)) {
                    self.declared.entry(name).or_insert(place);
                }
            }
        }
        Ok(())
    }

    fn is_external(&self, place: Place) -> Result<bool, DwarfError> {
        for origin in self.origins(place)? {
            if self.entry(origin)?.has_attr(gimli::DW_AT_external) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn is_class(tag: gimli::DwTag) -> bool {
    matches!(tag, gimli::DW_TAG_class_type | gimli::DW_TAG_structure_type | gimli::DW_TAG_union_type)
}

/// Whether two linkage names are of one function: constructors and destructors have several, which differ in a digit
/// after `C` or `D` (Itanium C++ ABI, 5.1.4.3).
fn is_one(a: &[u8], b: &[u8]) -> bool {
    let at = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let digit = |name: &[u8]| name.get(at).is_some_and(u8::is_ascii_digit);
    a == b
        || (digit(a)
            && digit(b)
            && at > 0
            && matches!(a[at - 1], b'C' | b'D')
            && a.get(at + 1..) == b.get(at + 1..))
}
