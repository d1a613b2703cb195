//! Compares the types behind exported symbols of two files, in step, each pair of types once.

use std::collections::HashSet;

use crate::data::Debug;
use crate::file::{File, Place};
use crate::layout::{self, Part};
use crate::{DwarfError, Export, Kind, TypeDifference, TypeReport};

/// Pairs of types that are compared before the work is given up.
const MOST_PAIRS: usize = 20_000_000;
/// Pairs and parts that small files may have; others may have as many more as they have bytes. Chains of types whose
/// lengths have no common divisor make as many pairs as the product of these.
const FEWEST_PAIRS: usize = 1 << 20;
/// Bytes of entries that are passed however small the files are, and how many times their size beyond that: a
/// type with a large one inside of it can be compared with many.
const FEWEST_READ: u64 = 64 << 20;
const READ_TIMES: u64 = 64;
/// Bytes of text that differences and the ways to them may have.
const MOST_TEXT: usize = 256 << 20;
/// Names of the way from an export to a type that a difference shows.
const LONGEST_WAY: usize = 12;

/// Compares the types of all exports, and of everything that can be reached from these.
///
/// Typedefs, qualifiers, names of parameters and of base types, and the order of functions mean nothing to
/// a program that is linked already. A type that one file only declares is compared nowhere.
///
/// # Errors
/// The debugging data of one of the files is damaged.
pub fn compare_types(
    reference: &Debug<'_>,
    rebuilt: &Debug<'_>,
    exports: &[Export<'_>],
) -> Result<TypeReport, DwarfError> {
    let (left, right) = std::thread::scope(|scope| {
        let left = scope.spawn(|| {
            let mut left = File::new(reference)?;
            left.look_for(exports.iter().map(|export| (export.name, export.reference)))?;
            Ok::<_, DwarfError>(left)
        });
        let right = File::new(rebuilt).and_then(|mut right| {
            right.look_for(exports.iter().map(|export| (export.name, export.rebuilt)))?;
            Ok(right)
        });
        (left.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), right)
    });
    let mut walk = Walk {
        left: left?,
        right: right?,
        seen: HashSet::new(),
        queue: Vec::new(),
        ways: Vec::new(),
        told: HashSet::new(),
        steps_left: FEWEST_PAIRS as u64 + reference.size() + rebuilt.size(),
        told_text: 0,
        most_read: FEWEST_READ.saturating_add((reference.size() + rebuilt.size()).saturating_mul(READ_TIMES)),
        ways_text: 0,
        report: TypeReport::default(),
    };
    let mut entries = HashSet::new();
    for export in exports {
        let places = (
            walk.left.export(export.name, export.reference)?,
            walk.right.export(export.name, export.rebuilt)?,
        );
        match places {
            (Some(left), Some(right)) => {
                walk.report.compared += 1;
                // Aliases of one address are one function.
                if entries.insert((left, right)) {
                    walk.export(export.name, left, right)?;
                }
            }
            // What was written in assembler has no type anywhere.
            (None, None) => {}
            _ => walk.report.without_types.push(export.name.to_owned()),
        }
    }
    if walk.told_text > MOST_TEXT {
        return Err(DwarfError("more differs than can be told".to_owned()));
    }
    Ok(walk.report)
}

/// A type of both files; `None` is `void`.
type Pair = (Option<Place>, Option<Place>);

struct Walk<'a, 'b> {
    left: File<'a>,
    right: File<'b>,
    /// Pairs that were compared, or are waiting. A pair that leads to itself is thereby equal unless
    /// something else of it differs.
    seen: HashSet<(Place, Place)>,
    queue: Vec<(Pair, usize)>,
    /// Ways from exports to types, each by its last name and the way to there.
    ways: Vec<(String, Option<usize>)>,
    told: HashSet<(Kind, bool, String, String)>,
    /// Pairs and parts that may still be compared.
    steps_left: u64,
    told_text: usize,
    /// Bytes of entries that may be passed in both files.
    most_read: u64,
    ways_text: usize,
    report: TypeReport,
}

impl Walk<'_, '_> {
    fn export(&mut self, name: &str, left: Place, right: Place) -> Result<(), DwarfError> {
        self.ways.clear();
        self.ways_text = 0;
        self.ways.push((name.to_owned(), None));
        if self.left.entry(left)?.tag() == gimli::DW_TAG_variable {
            self.queue.push(((typed(&self.left, left)?, typed(&self.right, right)?), 0));
        } else {
            self.function(
                &format!("function {name}"),
                (signature(&self.left, left)?, signature(&self.right, right)?),
                0,
            )?;
        }
        while let Some((pair, way)) = self.queue.pop() {
            self.types(pair, way)?;
        }
        Ok(())
    }

    /// Return type and parameters.
    fn function(
        &mut self,
        subject: &str,
        (left, right): (Place, Place),
        way: usize,
    ) -> Result<(), DwarfError> {
        let returned = (typed(&self.left, left)?, typed(&self.right, right)?);
        if returned.0.is_some() != returned.1.is_some() {
            let values = (layout::name(&self.left, returned.0)?, layout::name(&self.right, returned.1)?);
            self.tell(Kind::ReturnType, true, subject, values, way);
        } else {
            self.queue.push((returned, way));
        }
        let (a, b) = (layout::parameters(&self.left, left)?, layout::parameters(&self.right, right)?);
        if (a.0.len(), a.1) != (b.0.len(), b.1) {
            let show = |parameters: &(Vec<Option<Place>>, bool)| {
                format!("{} parameters{}", parameters.0.len(), if parameters.1 { " and more" } else { "" })
            };
            self.tell(Kind::Parameters, true, subject, (show(&a), show(&b)), way);
            return Ok(());
        }
        self.queue.extend(a.0.into_iter().zip(b.0).map(|pair| (pair, way)));
        Ok(())
    }

    fn types(&mut self, (left, right): Pair, way: usize) -> Result<(), DwarfError> {
        let pair = (layout::plain(&self.left, left)?, layout::plain(&self.right, right)?);
        let (Some(left), Some(right)) = pair else {
            // A pointer to anything passes for a pointer to void and back.
            return Ok(());
        };
        if !self.seen.insert((left, right)) {
            return Ok(());
        }
        let read = self.left.read.get() + self.right.read.get();
        if self.seen.len() > MOST_PAIRS || self.ways_text > MOST_TEXT || read > self.most_read {
            return Err(too_many());
        }
        self.spend(1)?;
        let (a, b) = (layout::shape(&self.left, left)?, layout::shape(&self.right, right)?);
        if a.opaque || b.opaque {
            return Ok(());
        }
        let name = layout::name(&self.left, Some(left))?;
        if a.tag != b.tag {
            let values = (name.clone(), layout::name(&self.right, Some(right))?);
            self.tell(Kind::Sort, true, &name, values, way);
            return Ok(());
        }
        if let (Some(expected), Some(found)) = (a.size, b.size)
            && expected != found
        {
            self.tell(Kind::Size, true, &name, (format!("{expected} bytes"), format!("{found} bytes")), way);
        }
        if a.encoding != b.encoding {
            let other = layout::name(&self.right, Some(right))?;
            self.tell(Kind::Encoding, true, &name, (name.clone(), other), way);
        }
        match a.tag {
            gimli::DW_TAG_structure_type | gimli::DW_TAG_union_type => self.parts(&name, left, right, way),
            gimli::DW_TAG_enumeration_type => self.enumerators(&name, left, right, way),
            gimli::DW_TAG_array_type => {
                let (a, b) = (layout::bounds(&self.left, left)?, layout::bounds(&self.right, right)?);
                if a != b {
                    let show = |bounds: &[Option<u64>]| {
                        let one =
                            |count: &Option<u64>| count.map_or("[]".to_owned(), |count| format!("[{count}]"));
                        bounds.iter().map(one).collect::<String>()
                    };
                    self.tell(Kind::Bounds, true, &name, (show(&a), show(&b)), way);
                }
                self.inner(left, right, way)
            }
            gimli::DW_TAG_subroutine_type => self.function(&name, (left, right), way),
            _ => self.inner(left, right, way),
        }
    }

    /// What a pointer, a reference or a range is of.
    fn inner(&mut self, left: Place, right: Place, way: usize) -> Result<(), DwarfError> {
        self.queue.push(((typed(&self.left, left)?, typed(&self.right, right)?), way));
        let class = (
            self.left.reference(left, &self.left.entry(left)?, gimli::DW_AT_containing_type),
            self.right.reference(right, &self.right.entry(right)?, gimli::DW_AT_containing_type),
        );
        self.queue.push((class, way));
        Ok(())
    }

    fn parts(&mut self, name: &str, left: Place, right: Place, way: usize) -> Result<(), DwarfError> {
        let (a, b) = (layout::parts(&self.left, left)?, layout::parts(&self.right, right)?);
        self.spend(a.members.len() + b.members.len() + a.bases.len() + b.bases.len())?;
        let way = self.way(name, way);
        let show = |part: &Part| match part.bits {
            Some(bits) => format!("{bits} bits at {}", part.offset),
            None => format!("at {}", part.offset),
        };
        let (only_left, only_right) = (a.unmatched(&b), b.unmatched(&a));
        for (member, expected) in &a.members {
            let subject = format!("{name}, member {member}");
            match b.members.get(member) {
                None => match only_right.get(&expected.at()) {
                    Some((other, found)) => {
                        let values = (show(expected), format!("{}, named {other}", show(found)));
                        self.tell(Kind::Member, false, &subject, values, way);
                        self.member_type(&subject, (expected.typed, found.typed), way)?;
                    }
                    None => self.tell(Kind::Member, true, &subject, (show(expected), String::new()), way),
                },
                Some(found) => {
                    if expected.at() != found.at() {
                        self.tell(Kind::MemberOffset, true, &subject, (show(expected), show(found)), way);
                    }
                    self.member_type(&subject, (expected.typed, found.typed), way)?;
                }
            }
        }
        let added = |(member, found): &(&String, &Part)| {
            !a.members.contains_key(*member) && !only_left.contains_key(&found.at())
        };
        for (member, found) in b.members.iter().filter(added) {
            // In what was padding, nobody is harmed; elsewhere the size or another member's place says so.
            let subject = format!("{name}, member {member}");
            self.tell(Kind::Member, false, &subject, (String::new(), show(found)), way);
        }
        let places = |bases: &[Part]| bases.iter().map(|base| base.offset.clone()).collect::<Vec<_>>();
        if places(&a.bases) != places(&b.bases) {
            let show = |bases: &[Part]| format!("{} base classes, {}", bases.len(), places(bases).join(", "));
            self.tell(Kind::Base, true, name, (show(&a.bases), show(&b.bases)), way);
        } else {
            self.queue.extend(a.bases.iter().zip(&b.bases).map(|(a, b)| ((a.typed, b.typed), way)));
        }
        for (slot, expected) in &a.virtuals {
            let found = b.virtuals.get(slot).cloned().unwrap_or_default();
            if *expected != found {
                let subject = format!("{name}, virtual function {slot}");
                self.tell(Kind::VirtualFunction, true, &subject, (expected.clone(), found), way);
            }
        }
        for (slot, found) in b.virtuals.iter().filter(|(slot, _)| !a.virtuals.contains_key(*slot)) {
            let subject = format!("{name}, virtual function {slot}");
            self.tell(Kind::VirtualFunction, false, &subject, (String::new(), found.clone()), way);
        }
        Ok(())
    }

    /// A member's type: one that is another sort of type is told as the member's difference.
    fn member_type(&mut self, subject: &str, pair: Pair, way: usize) -> Result<(), DwarfError> {
        let plain = (layout::plain(&self.left, pair.0)?, layout::plain(&self.right, pair.1)?);
        if let (Some(left), Some(right)) = plain {
            let (a, b) = (layout::shape(&self.left, left)?, layout::shape(&self.right, right)?);
            let number = a.tag == gimli::DW_TAG_base_type && a.size != b.size;
            let other = number || (a.tag, a.encoding) != (b.tag, b.encoding);
            if other && !a.opaque && !b.opaque {
                let values = (layout::name(&self.left, plain.0)?, layout::name(&self.right, plain.1)?);
                self.tell(Kind::Member, true, subject, values, way);
                return Ok(());
            }
        }
        self.queue.push((pair, way));
        Ok(())
    }

    fn enumerators(&mut self, name: &str, left: Place, right: Place, way: usize) -> Result<(), DwarfError> {
        let (a, b) = (layout::enumerators(&self.left, left)?, layout::enumerators(&self.right, right)?);
        for (enumerator, expected) in &a {
            let found = b.get(enumerator);
            if found != Some(expected) {
                let subject = format!("{name}, enumerator {enumerator}");
                let found = found.map(ToString::to_string).unwrap_or_default();
                self.tell(Kind::Enumerator, true, &subject, (expected.to_string(), found), way);
            }
        }
        for (enumerator, found) in b.iter().filter(|(enumerator, _)| !a.contains_key(*enumerator)) {
            let subject = format!("{name}, enumerator {enumerator}");
            self.tell(Kind::Enumerator, false, &subject, (String::new(), found.to_string()), way);
        }
        Ok(())
    }

    /// Takes pairs, or the parts of one, from what may be compared.
    fn spend(&mut self, steps: usize) -> Result<(), DwarfError> {
        self.steps_left = self.steps_left.checked_sub(steps as u64).ok_or_else(too_many)?;
        Ok(())
    }

    /// The way to the parts of this type.
    fn way(&mut self, name: &str, from: usize) -> usize {
        self.ways_text += name.len();
        self.ways.push((name.to_owned(), Some(from)));
        self.ways.len() - 1
    }

    fn tell(
        &mut self,
        kind: Kind,
        breaks: bool,
        subject: &str,
        (expected, found): (String, String),
        way: usize,
    ) {
        if self.told_text > MOST_TEXT || !self.told.insert((kind, breaks, subject.to_owned(), found.clone()))
        {
            return;
        }
        self.told_text += 2 * subject.len() + expected.len() + 2 * found.len();
        let mut through = Vec::new();
        let mut at = Some(way);
        while let Some((name, from)) = at.and_then(|at| self.ways.get(at)) {
            through.push(name.clone());
            at = *from;
        }
        through.reverse();
        through.truncate(LONGEST_WAY);
        self.report.differences.push(TypeDifference {
            kind,
            breaks,
            subject: subject.to_owned(),
            expected,
            found,
            through,
        });
    }
}

fn too_many() -> DwarfError {
    DwarfError("more types can be reached than are compared".to_owned())
}

/// The type that an entry names, or that an entry which it completes does.
fn typed(file: &File<'_>, place: Place) -> Result<Option<Place>, DwarfError> {
    for origin in file.origins(place)? {
        let entry = file.entry(origin)?;
        if let Some(typed) = file.reference(origin, &entry, gimli::DW_AT_type) {
            return Ok(Some(typed));
        }
    }
    Ok(None)
}

/// The entry with a function's parameters: its abstract origin, where it has been inlined elsewhere.
fn signature(file: &File<'_>, place: Place) -> Result<Place, DwarfError> {
    let entry = file.entry(place)?;
    Ok(file.reference(place, &entry, gimli::DW_AT_abstract_origin).unwrap_or(place))
}
