//! Spec files, kept byte for byte: read for what they say without being run, changed only in the lines that are meant.
//!
//! A spec file is a program: macros and conditions decide what it means, and only `rpmspec` of the target knows. What
//! is read here is what stands in the text: [sections](Section), [tags](Tag), [sources and patches](Entry), how
//! `%prep` applies patches ([`Prep`]), the [changelog](ChangelogEntry), simple macros. What can't be known this way
//! is said not to be known. An edit is a list of [`Splice`]s of [`Lines`]; all other lines stay as they are, whatever
//! their encoding and line ends.

mod changelog;
mod edit;
mod entry;
mod error;
mod lines;
mod macros;
mod prep;
mod release;
mod section;
mod tag;

pub use changelog::{ChangelogEntry, Day, NewEntry};
pub use edit::{Place, the_line};
pub use entry::{Entry, EntryKind};
pub use error::SpecError;
pub use lines::{Lines, Splice};
pub use macros::{Identity, MacroDefinition};
pub use prep::{Apply, Form, Prep};
pub use section::{Section, Subpackage};
pub use tag::Tag;

use std::ops::Range;

/// The structure of a spec file, seen in its lines. Line numbers count from 0.
#[derive(Clone, Debug)]
pub struct Spec<'a> {
    lines: &'a Lines,
    /// Each logical line: a macro over several lines is one.
    statements: Vec<Range<usize>>,
    /// For each line, how many conditions it is in. `%if` and `%endif` are outside of what they enclose.
    depth: Vec<usize>,
    /// The preamble, then every section in order.
    sections: Vec<Section>,
}

impl<'a> Spec<'a> {
    /// Reads the structure. Any bytes have one.
    #[must_use]
    pub fn read(lines: &'a Lines) -> Self {
        let statements = section::statements(lines);
        let depth = section::depth(lines, &statements);
        let sections = section::sections(lines, &statements);
        Self { lines, statements, depth, sections }
    }

    /// The lines.
    #[must_use]
    pub fn lines(&self) -> &'a Lines {
        self.lines
    }

    /// The preamble of the main package, named `preamble`, then every section in order.
    #[must_use]
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// The logical lines within these lines.
    fn statements_in(&self, lines: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let from = self.statements.partition_point(|statement| statement.start < lines.start);
        self.statements[from..].iter().take_while(move |statement| statement.start < lines.end).cloned()
    }

    /// The line after this one at which something new may stand: behind the conditions that enclose it, but not
    /// behind its section.
    fn behind(&self, line: usize) -> usize {
        let section = self.section_of(line);
        let outside = self.depth.get(section.lines.start).copied().unwrap_or(0);
        let statement = self.statements.partition_point(|statement| statement.start <= line);
        let mut at = statement.checked_sub(1).map_or(line + 1, |index| self.statements[index].end);
        if self.depth.get(line).is_some_and(|depth| *depth > outside) {
            while at < section.lines.end && self.depth[at] > outside {
                at += 1;
            }
            // The `%endif` itself is outside again, and so are `%else` and `%elif` before it.
            while at < section.lines.end && section::is_branch(self.lines.text(at)) {
                at += 1;
                while at < section.lines.end && self.depth[at] > outside {
                    at += 1;
                }
            }
            if at < section.lines.end {
                at += 1;
            }
        }
        at
    }

    /// The section that has this line.
    fn section_of(&self, line: usize) -> &Section {
        let index = self.sections.partition_point(|section| section.lines.start <= line);
        &self.sections[index.saturating_sub(1)]
    }
}

#[cfg(test)]
mod tests;
