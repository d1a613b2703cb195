//! Sections, conditions and logical lines.

use std::ops::Range;

use super::Lines;

/// What opens a section, as rpm knows it. `preamble` is ours, for what comes before all of them.
const SECTIONS: &[&str] = &[
    "package",
    "description",
    "prep",
    "generate_buildrequires",
    "conf",
    "build",
    "install",
    "check",
    "clean",
    "pre",
    "post",
    "preun",
    "postun",
    "pretrans",
    "posttrans",
    "preuntrans",
    "postuntrans",
    "files",
    "changelog",
    "trigger",
    "triggerin",
    "triggerun",
    "triggerprein",
    "triggerpostun",
    "filetriggerin",
    "filetriggerun",
    "filetriggerpostun",
    "transfiletriggerin",
    "transfiletriggerun",
    "transfiletriggerpostun",
    "verifyscript",
    "sepolicy",
    "patchlist",
    "sourcelist",
];

/// Options of section lines that are followed by a value.
const WITH_VALUE: &[&str] = &["-f", "-l", "-p", "-P", "-m"];

/// The package that a section belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subpackage {
    /// The main package.
    Main,
    /// The name is the main package's, a dash and this.
    Suffix(String),
    /// The whole name (`-n`).
    Name(String),
}

impl Subpackage {
    /// Whether a person means it by this name: `devel`, or the whole name after `-n`. `None` is the main package.
    #[must_use]
    pub fn is(&self, name: Option<&str>) -> bool {
        match (self, name) {
            (Self::Main, None) => true,
            (Self::Suffix(own), Some(name)) => own == name,
            (Self::Name(own), Some(name)) => {
                own == name || own.strip_prefix("%{name}-").is_some_and(|suffix| suffix == name)
            }
            _ => false,
        }
    }
}

impl std::fmt::Display for Subpackage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Main => f.write_str("the main package"),
            Self::Suffix(name) | Self::Name(name) => f.write_str(name),
        }
    }
}

/// A section with its first line, which all but the preamble have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its name in lower case without `%`: `prep`, `files`, `package`; the first is `preamble`.
    pub name: String,
    /// Whose it is.
    pub package: Subpackage,
    /// Its lines, the section line included.
    pub lines: Range<usize>,
}

impl Section {
    /// Its lines without the section line.
    #[must_use]
    pub fn body(&self) -> Range<usize> {
        match self.name.as_str() {
            "preamble" => self.lines.clone(),
            _ => self.lines.start + 1..self.lines.end,
        }
    }
}

/// Counts what is open in a logical line, as rpm does before it expands one.
#[derive(Default)]
struct Open {
    braces: usize,
    parentheses: usize,
    brackets: usize,
    /// The last line ended in a backslash.
    continued: bool,
}

impl Open {
    fn feed(&mut self, line: &[u8]) {
        self.continued = false;
        let mut bytes = line.iter().copied().peekable();
        while let Some(byte) = bytes.next() {
            match byte {
                b'\\' => self.continued = bytes.next().is_none(),
                b'%' => match bytes.peek() {
                    Some(b'{') => self.braces += 1,
                    Some(b'(') => self.parentheses += 1,
                    Some(b'[') => self.brackets += 1,
                    Some(b'%') => {}
                    _ => continue,
                },
                b'{' if self.braces > 0 => self.braces += 1,
                b'(' if self.parentheses > 0 => self.parentheses += 1,
                b'[' if self.brackets > 0 => self.brackets += 1,
                b'}' => self.braces = self.braces.saturating_sub(1),
                b')' => self.parentheses = self.parentheses.saturating_sub(1),
                b']' => self.brackets = self.brackets.saturating_sub(1),
                _ => {}
            }
            if byte == b'%' {
                bytes.next();
            }
        }
    }

    fn is_open(&self) -> bool {
        self.braces + self.parentheses + self.brackets > 0
    }
}

/// The logical lines: a macro call over several lines is one, and so is a definition that is continued by `\`.
pub(super) fn statements(lines: &Lines) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    while start < lines.len() {
        let defines = definition(lines.text(start)).is_some();
        let mut open = Open::default();
        let mut end = start;
        loop {
            open.feed(lines.text(end));
            end += 1;
            if end == lines.len() || !(open.is_open() || defines && open.continued) {
                break;
            }
        }
        found.push(start..end);
        start = end;
    }
    found
}

/// For `%global NAME BODY` and `%define NAME BODY`: name, and where the body starts in the line.
pub(super) fn definition(line: &[u8]) -> Option<(&[u8], usize)> {
    let rest = line.trim_ascii_start();
    let rest = rest.strip_prefix(b"%global").or_else(|| rest.strip_prefix(b"%define"))?;
    let name = rest.trim_ascii_start();
    if name.len() == rest.len() {
        return None;
    }
    let length = name.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    let mut body = &name[length..];
    if body.starts_with(b"(") {
        body = &body[body.iter().position(|byte| *byte == b')')? + 1..];
    }
    (length > 0).then(|| (&name[..length], line.len() - body.trim_ascii_start().len()))
}

/// The first word of a line that a condition begins, changes or ends with.
fn directive(line: &[u8]) -> Option<&str> {
    let word = line.trim_ascii_start().strip_prefix(b"%")?;
    let length = word.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    std::str::from_utf8(&word[..length]).ok()
}

/// Whether the line is the other half of a condition.
pub(super) fn is_branch(line: &[u8]) -> bool {
    directive(line).is_some_and(|word| word == "else" || word.starts_with("elif"))
}

pub(super) fn depth(lines: &Lines, statements: &[Range<usize>]) -> Vec<usize> {
    let mut result = vec![0; lines.len()];
    let mut depth: usize = 0;
    for statement in statements {
        let word = directive(lines.text(statement.start)).unwrap_or_default();
        let opens = matches!(word, "if" | "ifarch" | "ifnarch" | "ifos" | "ifnos");
        let outside = word == "endif" || word == "else" || word.starts_with("elif");
        if outside {
            depth = depth.saturating_sub(1);
        }
        result[statement.clone()].fill(depth);
        if opens || outside && word != "endif" {
            depth += 1;
        }
    }
    result
}

pub(super) fn sections(lines: &Lines, statements: &[Range<usize>]) -> Vec<Section> {
    let mut found =
        vec![Section { name: "preamble".to_owned(), package: Subpackage::Main, lines: 0..lines.len() }];
    for statement in statements {
        let Some((name, package)) = header(lines.text(statement.start)) else { continue };
        if let Some(last) = found.last_mut() {
            last.lines.end = statement.start;
        }
        // `%description %_description` has the text of a macro, not a subpackage of that name.
        let macro_text = name == "description"
            && matches!(&package, Subpackage::Suffix(suffix) if suffix.starts_with('%'))
            && !found.iter().any(|other| other.name == "package" && other.package == package);
        let package = if macro_text { Subpackage::Main } else { package };
        found.push(Section { name, package, lines: statement.start..lines.len() });
    }
    found
}

/// The section that a line opens. As in rpm, nothing stands before the `%`, and a blank or nothing behind the name.
fn header(line: &[u8]) -> Option<(String, Subpackage)> {
    let line = line.strip_prefix(b"%")?;
    let length = line.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    let (name, rest) = line.split_at(length);
    if rest.first().is_some_and(|byte| !byte.is_ascii_whitespace()) {
        return None;
    }
    let name = String::from_utf8(name.to_ascii_lowercase()).ok()?;
    if !SECTIONS.contains(&name.as_str()) {
        return None;
    }
    let rest = String::from_utf8_lossy(rest);
    let mut words = rest.split_ascii_whitespace();
    let mut package = Subpackage::Main;
    while let Some(word) = words.next() {
        match word {
            "--" => break,
            "-n" => {
                if let Some(name) = words.next() {
                    package = Subpackage::Name(name.to_owned());
                }
            }
            option if WITH_VALUE.contains(&option) => _ = words.next(),
            option if option.starts_with('-') => {}
            suffix if package == Subpackage::Main => package = Subpackage::Suffix(suffix.to_owned()),
            _ => {}
        }
    }
    Some((name, package))
}
