//! Sources and patches.

use std::ops::Range;

use super::{Spec, SpecError, Splice, Tag};

/// Whether it is a source or a patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// `Source`
    Source,
    /// `Patch`
    Patch,
}

/// A source or patch that the spec file lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Source or patch.
    pub kind: EntryKind,
    /// Its number, counted on from the last one where it states none.
    pub number: u32,
    /// The digits, if it states them.
    digits: Option<usize>,
    /// Whether it is a line of `%sourcelist` or `%patchlist`.
    pub in_list: bool,
    /// Its line.
    pub line: usize,
    /// Where in the line the file or URL is.
    pub value: Range<usize>,
}

impl EntryKind {
    /// As tags begin.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Source => "Source",
            Self::Patch => "Patch",
        }
    }

    fn list(self) -> &'static str {
        match self {
            Self::Source => "sourcelist",
            Self::Patch => "patchlist",
        }
    }
}

impl Spec<'_> {
    /// All sources or all patches, in order.
    #[must_use]
    pub fn entries(&self, kind: EntryKind) -> Vec<Entry> {
        let mut found: Vec<Entry> = Vec::new();
        let next = |found: &Vec<Entry>| found.last().map_or(0, |last: &Entry| last.number.saturating_add(1));
        for tag in self.tags() {
            let Some(digits) = digits(&tag, kind) else { continue };
            let number = match digits {
                "" => next(&found),
                digits => match digits.parse() {
                    Ok(number) => number,
                    Err(_) => continue,
                },
            };
            let digits = (!digits.is_empty()).then_some(digits.len());
            found.push(Entry { kind, number, digits, in_list: false, line: tag.line, value: tag.value });
        }
        for section in self.sections.iter().filter(|section| section.name == kind.list()) {
            for line in section.body() {
                let text = self.lines.text(line);
                let value = text.trim_ascii();
                if value.is_empty()
                    || value.starts_with(b"#")
                    || value.starts_with(b"%if")
                    || value.starts_with(b"%e")
                {
                    continue;
                }
                let start = text.len() - text.trim_ascii_start().len();
                let value = start..start + value.len();
                found.push(Entry { kind, number: next(&found), digits: None, in_list: true, line, value });
            }
        }
        found
    }

    /// What an entry names, as it is written.
    #[must_use]
    pub fn entry_value(&self, entry: &Entry) -> &[u8] {
        self.lines.text(entry.line).get(entry.value.clone()).unwrap_or_default()
    }

    /// The file of an entry: the last part of its path or URL, with macros expanded; `None` if one is not known.
    #[must_use]
    pub fn entry_file(&self, entry: &Entry) -> Option<String> {
        let value = self.expand(self.entry_value(entry), entry.line, None)?;
        Some(value.rsplit('/').next().unwrap_or(&value).to_owned())
    }

    /// The one entry that lists this file: as it is written, or with macros expanded.
    ///
    /// # Errors
    /// There is none, or several.
    pub fn entry_named(&self, kind: EntryKind, name: &str) -> Result<Entry, SpecError> {
        let all = self.entries(kind);
        let is_it = |entry: &&Entry| {
            let value = String::from_utf8_lossy(self.entry_value(entry));
            value == name
                || value.rsplit('/').next() == Some(name)
                || self.entry_file(entry).as_deref() == Some(name)
        };
        let mut found = all.iter().filter(is_it);
        let word = kind.word().to_lowercase();
        match (found.next(), found.next()) {
            (Some(entry), None) => Ok(entry.clone()),
            (None, _) => {
                let similar = all
                    .iter()
                    .map(|entry| String::from_utf8_lossy(self.entry_value(entry)))
                    .map(|value| (strsim::jaro_winkler(&value, name), value))
                    .filter(|(similarity, _)| *similarity > 0.75)
                    .max_by(|a, b| a.0.total_cmp(&b.0));
                let similar =
                    similar.map_or(String::new(), |(_, value)| format!("; the nearest is `{value}`"));
                Err(SpecError::Absent(format!("no {word} is called `{name}`{similar}")))
            }
            _ => {
                Err(SpecError::Unclear(format!("several {word} lines list `{name}`; name it by its number")))
            }
        }
    }

    /// The one entry of this number.
    ///
    /// # Errors
    /// There is none, or several.
    pub fn entry_numbered(&self, kind: EntryKind, number: u32) -> Result<Entry, SpecError> {
        let mut found = self.entries(kind).into_iter().filter(|entry| entry.number == number);
        let word = kind.word();
        match (found.next(), found.next()) {
            (Some(entry), None) => Ok(entry),
            (None, _) => Err(SpecError::Absent(format!("there is no {word}{number}"))),
            _ => Err(SpecError::Unclear(format!("there are several {word}{number}"))),
        }
    }

    /// Lists another source or patch behind the last one, and says which number it has.
    ///
    /// # Errors
    /// The number is taken, or the list is one that counts by itself.
    pub fn add_entry(
        &self,
        kind: EntryKind,
        number: Option<u32>,
        name: &str,
    ) -> Result<(Vec<Splice>, u32), SpecError> {
        let all = self.entries(kind);
        let word = kind.word();
        if let Some(number) = number.filter(|number| all.iter().any(|entry| entry.number == *number)) {
            return Err(SpecError::Unclear(format!("{word}{number} is taken; leave the number out")));
        }
        let free = all.iter().map(|entry| entry.number.saturating_add(1)).max().unwrap_or(0);
        let Some(last) = all.last() else {
            let number = number.unwrap_or(0);
            let sources = self.entries(EntryKind::Source);
            let behind = sources.iter().rfind(|entry| !entry.in_list).map(|entry| entry.line);
            return Ok((self.new_tag(&format!("{word}{number}"), name, None, behind)?, number));
        };
        if last.in_list {
            if number.is_some_and(|number| number != free) {
                let message = format!("%{} counts by itself: the next is {free}", kind.list());
                return Err(SpecError::Unclear(message));
            }
            return Ok((vec![Splice::insert(self.behind(last.line), vec![name.into()])], free));
        }
        let number = number.unwrap_or(free);
        // A list that never states numbers goes on that way.
        let counts = all.iter().all(|entry| entry.digits.is_none()) && number == free;
        let tag = match last.digits {
            _ if counts => word.to_owned(),
            Some(width) if self.pads(last) => format!("{word}{number:0width$}"),
            _ => format!("{word}{number}"),
        };
        Ok((self.new_tag(&tag, name, None, Some(last.line))?, number))
    }

    /// Gives an entry another file, without a URL.
    #[must_use]
    pub fn set_entry(&self, entry: &Entry, name: &str) -> Vec<Splice> {
        match self.entry_file(entry).as_deref() == Some(name) {
            true => Vec::new(),
            false => self.with_value(entry.line, entry.value.clone(), name.as_bytes()),
        }
    }

    fn pads(&self, entry: &Entry) -> bool {
        let text = self.lines.text(entry.line).trim_ascii_start();
        text.get(entry.kind.word().len()) == Some(&b'0') && entry.digits.is_some_and(|digits| digits > 1)
    }

    /// Takes an entry out of the list. The others keep their numbers: those that state none and come after it state
    /// them from now on.
    ///
    /// # Errors
    /// It is in a list that counts by itself and others come after it.
    pub fn remove_entry(&self, entry: &Entry) -> Result<Vec<Splice>, SpecError> {
        let all = self.entries(entry.kind);
        let mut splices = vec![Splice::delete(entry.line..entry.line + 1)];
        let follower = all.iter().skip_while(|other| other.line != entry.line).nth(1);
        if let Some(follower) = follower.filter(|follower| follower.digits.is_none()) {
            if follower.in_list {
                // Numbers of a list can be seen only where something uses them.
                let word = entry.kind.word();
                if entry.kind == EntryKind::Source || !self.prep().applied.iter().all(|apply| apply.is_all())
                {
                    let message = format!(
                        "the {word} lines after `{entry_name}` would get other numbers; replace it instead",
                        entry_name = String::from_utf8_lossy(self.entry_value(entry))
                    );
                    return Err(SpecError::Unclear(message));
                }
            } else {
                let text = self.lines.text(follower.line);
                let word = follower.kind.word().len();
                let at = text.len() - text.trim_ascii_start().len() + word;
                let number = follower.number.to_string();
                splices.push(Splice::line(
                    follower.line,
                    [&text[..at], number.as_bytes(), &text[at..]].concat(),
                ));
                splices.sort_by_key(|splice| splice.at.start);
            }
        }
        Ok(splices)
    }
}

/// For a tag of this kind, its digits.
fn digits(tag: &Tag, kind: EntryKind) -> Option<&str> {
    let word = kind.word();
    let (start, digits) = tag.name.split_at_checked(word.len())?;
    (start.eq_ignore_ascii_case(word) && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(digits)
}
