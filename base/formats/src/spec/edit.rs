//! Edits of tags, sections and lines.

use std::ops::Range;

use super::{Section, Spec, SpecError, Splice, Subpackage, Tag};

/// Where lines are added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// First in the section.
    Start,
    /// Last in the section, before the blank lines that end it.
    End,
    /// Before the one line that has this text.
    Before(&'a str),
    /// After the one line that has this text.
    After(&'a str),
}

impl Spec<'_> {
    /// The one tag of this name that a package has.
    ///
    /// # Errors
    /// There is no such package or tag, or several such tags.
    pub fn tag(&self, name: &str, package: Option<&str>) -> Result<Tag, SpecError> {
        let preamble = self.preamble(package)?.package.clone();
        let tags: Vec<Tag> = self.tags().filter(|tag| tag.package.is(package)).collect();
        let mut found = tags.iter().filter(|tag| tag.is(name));
        match (found.next(), found.next()) {
            (Some(tag), None) => Ok(tag.clone()),
            (None, _) => {
                let similar = tags
                    .iter()
                    .map(|tag| (strsim::jaro_winkler(&tag.name, name), &tag.name))
                    .filter(|(similarity, _)| *similarity > 0.8)
                    .max_by(|a, b| a.0.total_cmp(&b.0));
                let similar = similar.map_or(String::new(), |(_, name)| format!("; did you mean `{name}`?"));
                Err(SpecError::Absent(format!("{preamble} has no tag `{name}`{similar}")))
            }
            (Some(first), Some(second)) => Err(SpecError::Unclear(format!(
                "{preamble} has several tags `{name}` (lines {} and {}); replace the text of the one that is meant",
                first.line + 1,
                second.line + 1
            ))),
        }
    }

    /// Gives a tag another value. Nothing if it has that already.
    ///
    /// # Errors
    /// As [`Spec::tag`].
    pub fn set_tag(&self, name: &str, value: &str, package: Option<&str>) -> Result<Vec<Splice>, SpecError> {
        let tag = self.tag(name, package)?;
        Ok(self.with_value(tag.line, tag.value, value.as_bytes()))
    }

    /// Puts a text behind a tag's value.
    ///
    /// # Errors
    /// As [`Spec::tag`].
    pub fn append_to_tag(
        &self,
        name: &str,
        text: &str,
        package: Option<&str>,
    ) -> Result<Vec<Splice>, SpecError> {
        let tag = self.tag(name, package)?;
        let value = [self.value(&tag), text.as_bytes()].concat();
        Ok(self.with_value(tag.line, tag.value, &value))
    }

    /// A new tag: behind the last one of its name, else behind the last one that is in no condition.
    ///
    /// # Errors
    /// There is no such package, or it has a tag of this name with this value.
    pub fn add_tag(&self, name: &str, value: &str, package: Option<&str>) -> Result<Vec<Splice>, SpecError> {
        self.new_tag(name, value, package, None)
    }

    pub(super) fn new_tag(
        &self,
        name: &str,
        value: &str,
        package: Option<&str>,
        behind: Option<usize>,
    ) -> Result<Vec<Splice>, SpecError> {
        let section = self.preamble(package)?;
        let tags: Vec<Tag> = self.tags().filter(|tag| tag.package.is(package)).collect();
        if let Some(same) = tags.iter().find(|tag| tag.is(name) && self.value(tag) == value.as_bytes()) {
            let message = format!("line {} has `{name}: {value}` already", same.line + 1);
            return Err(SpecError::Absent(message));
        }
        let outside = self.depth.get(section.lines.start).copied().unwrap_or(0);
        let model = match behind {
            Some(line) => tags.iter().find(|tag| tag.line == line),
            None => tags
                .iter()
                .rfind(|tag| tag.is(name))
                .or_else(|| tags.iter().rfind(|tag| self.depth[tag.line] == outside)),
        };
        let (at, text) = match model {
            Some(model) => (self.behind(model.line), self.like(model, name, value)),
            None => (section.body().start, format!("{name}: {value}").into_bytes()),
        };
        Ok(vec![Splice::insert(at, vec![text])])
    }

    /// A line for a tag, aligned as another is.
    fn like(&self, model: &Tag, name: &str, value: &str) -> Vec<u8> {
        let line = self.lines.text(model.line);
        let between = &line[..model.value.start];
        let colon = between.iter().position(|byte| *byte == b':').unwrap_or(0);
        let indent = &line[..line.len() - line.trim_ascii_start().len()];
        let blanks = match &between[(colon + 1).min(between.len())..] {
            tabs if tabs.contains(&b'\t') => tabs.to_vec(),
            _ => vec![b' '; model.value.start.saturating_sub(indent.len() + name.len() + 1).max(1)],
        };
        [indent, name.as_bytes(), b":", &blanks, value.as_bytes()].concat()
    }

    pub(super) fn with_value(&self, line: usize, place: Range<usize>, value: &[u8]) -> Vec<Splice> {
        let text = self.lines.text(line);
        if text.get(place.clone()) == Some(value) {
            return Vec::new();
        }
        // `Tag:` without a value has no blank either.
        let blank = if text[..place.start].ends_with(b":") { &b" "[..] } else { b"" };
        vec![Splice::line(line, [&text[..place.start], blank, value, &text[place.end..]].concat())]
    }

    /// The section that has a package's tags.
    fn preamble(&self, package: Option<&str>) -> Result<&Section, SpecError> {
        let mut preambles =
            self.sections.iter().filter(|section| matches!(section.name.as_str(), "preamble" | "package"));
        preambles.find(|section| section.package.is(package)).ok_or_else(|| {
            let known: Vec<_> = self
                .sections
                .iter()
                .filter(|section| section.name == "package")
                .map(|section| section.package.to_string())
                .collect();
            let known = match known.is_empty() {
                true => "; there are none".to_owned(),
                false => format!("; there are {}", known.join(", ")),
            };
            SpecError::Absent(format!("there is no subpackage `{}`{known}", package.unwrap_or_default()))
        })
    }

    /// The one section of this name that a package has.
    ///
    /// # Errors
    /// There is none, or several.
    pub fn section(&self, name: &str, package: Option<&str>) -> Result<&Section, SpecError> {
        let name = name.trim_start_matches('%').to_ascii_lowercase();
        let wanted = match (name.as_str(), package) {
            ("preamble", Some(_)) => "package",
            (name, _) => name,
        };
        let mut found =
            self.sections.iter().filter(|section| section.name == wanted && section.package.is(package));
        let of = package.map_or(String::new(), |package| format!(" of `{package}`"));
        match (found.next(), found.next()) {
            (Some(section), None) => Ok(section),
            (None, _) => {
                let mut names: Vec<_> = self
                    .sections
                    .iter()
                    .map(|section| match &section.package {
                        Subpackage::Main => section.name.clone(),
                        package => format!("{} {package}", section.name),
                    })
                    .collect();
                names.dedup();
                let message = format!("there is no section `{name}`{of}; there are {}", names.join(", "));
                Err(SpecError::Absent(message))
            }
            (Some(first), Some(second)) => Err(SpecError::Unclear(format!(
                "there are several sections `{name}`{of} (lines {} and {}); place the lines by `before` or `after`",
                first.lines.start + 1,
                second.lines.start + 1
            ))),
        }
    }

    /// Adds lines. Without a section, `before` and `after` look in the whole file.
    ///
    /// # Errors
    /// The section or line is not there, or not the only one.
    pub fn add_lines(
        &self,
        section: Option<&str>,
        package: Option<&str>,
        place: Place<'_>,
        text: Vec<Vec<u8>>,
    ) -> Result<Vec<Splice>, SpecError> {
        let body = match section {
            Some(section) => self.section(section, package)?.body(),
            None => 0..self.lines.len(),
        };
        let at = match place {
            Place::Start => body.start,
            Place::End => {
                let blank = |line: &usize| self.lines.text(*line).trim_ascii().is_empty();
                body.end - body.clone().rev().take_while(blank).count()
            }
            Place::Before(wanted) => self.the_line(body, wanted)?,
            Place::After(wanted) => self.the_line(body, wanted)? + 1,
        };
        Ok(vec![Splice::insert(at, text)])
    }

    fn the_line(&self, within: Range<usize>, wanted: &str) -> Result<usize, SpecError> {
        the_line(self.lines.texts().enumerate().skip(within.start).take(within.len()), wanted)
    }
}

/// The one line that has a text, or is it but for blanks around it where several have it.
///
/// # Errors
/// No line has it, or several.
pub fn the_line<'a>(
    lines: impl Iterator<Item = (usize, &'a [u8])>,
    wanted: &str,
) -> Result<usize, SpecError> {
    let finder = regex::bytes::Regex::new(&regex::escape(wanted))
        .map_err(|error| SpecError::Unclear(error.to_string()))?;
    let found: Vec<(usize, &[u8])> = lines.filter(|(_, line)| finder.is_match(line)).collect();
    let whole: Vec<usize> = found
        .iter()
        .filter(|(_, line)| line.trim_ascii() == wanted.trim().as_bytes())
        .map(|(line, _)| *line)
        .collect();
    match (&found[..], &whole[..]) {
        ([], _) => Err(SpecError::Absent(format!("no line has `{wanted}`"))),
        ([(line, _)], _) | (_, [line]) => Ok(*line),
        ([(first, _), (second, _), ..], _) => Err(SpecError::Unclear(format!(
            "several lines have `{wanted}` (lines {} and {}); give more of it, or the section",
            first + 1,
            second + 1
        ))),
    }
}
