//! Tags of the preambles.

use std::ops::Range;

use super::{Spec, Subpackage};

/// A line `Name: value` in the preamble of the main package or of a subpackage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// The name as it is written, with its qualifier: `Requires(post)`.
    pub name: String,
    /// Whose it is.
    pub package: Subpackage,
    /// Its line.
    pub line: usize,
    /// Where in the line the value is, without blanks around it.
    pub value: Range<usize>,
}

impl Tag {
    /// Whether it has this name. The case of letters does not count.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// Name and place of the value, if the line is a tag.
pub(super) fn parse(line: &[u8]) -> Option<(String, Range<usize>)> {
    let indent = line.len() - line.trim_ascii_start().len();
    let letters = line[indent..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    if !line.get(indent)?.is_ascii_alphabetic() {
        return None;
    }
    let mut end = indent + letters;
    if line.get(end) == Some(&b'(') {
        end += line[end..].iter().position(|byte| *byte == b')')? + 1;
    }
    let name = String::from_utf8(line[indent..end].to_vec()).ok()?;
    let blanks = line[end..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    if line.get(end + blanks) != Some(&b':') {
        return None;
    }
    let from = end + blanks + 1;
    let value = line[from..].trim_ascii_start();
    let start = line.len() - value.len();
    Some((name, start..start + value.trim_ascii_end().len()))
}

impl Spec<'_> {
    /// All tags in order.
    pub fn tags(&self) -> impl Iterator<Item = Tag> {
        let preambles =
            self.sections.iter().filter(|section| matches!(section.name.as_str(), "preamble" | "package"));
        preambles.flat_map(move |section| {
            self.statements_in(section.body()).filter_map(move |statement| {
                let (name, value) = parse(self.lines.text(statement.start))?;
                Some(Tag { name, package: section.package.clone(), line: statement.start, value })
            })
        })
    }

    /// A tag's value as it is written.
    #[must_use]
    pub fn value(&self, tag: &Tag) -> &[u8] {
        self.lines.text(tag.line).get(tag.value.clone()).unwrap_or_default()
    }
}
