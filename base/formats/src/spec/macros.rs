//! Macros and identity, as far as they stand in the text.

use std::collections::BTreeMap;
use std::ops::Range;

use heirloom_model::Evr;

use super::{Spec, SpecError, Splice, section};

/// Most macros within macros that are followed, and the longest text that may come out.
const DEEPEST: usize = 16;
const LONGEST: usize = 4096;

/// A `%global` or `%define`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MacroDefinition {
    /// Its lines; several if the body goes on.
    pub lines: Range<usize>,
    /// Where in the first line the body starts.
    pub body: usize,
}

/// Name, epoch, version and release as they can be read without rpm. What depends on a macro or a condition that is
/// not in the text is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The name.
    pub name: Option<String>,
    /// The epoch; 0 if there is no such tag.
    pub epoch: Option<u32>,
    /// The version.
    pub version: Option<String>,
    /// The release.
    pub release: Option<String>,
}

impl Identity {
    /// Epoch, version and release, if all are known.
    #[must_use]
    pub fn evr(&self) -> Option<Evr> {
        Evr::new(self.epoch?, self.version.as_ref()?, self.release.as_ref()?).ok()
    }
}

/// What a macro is known to be.
type Known = BTreeMap<String, Option<String>>;

impl Spec<'_> {
    /// Definitions of a macro without parameters, in order.
    #[must_use]
    pub fn macros(&self, name: &str) -> Vec<MacroDefinition> {
        let found = self.statements.iter().filter_map(|statement| {
            let line = self.lines.text(statement.start);
            let (found, body) = section::definition(line)?;
            let plain = !line[..body].contains(&b'(');
            (found == name.as_bytes() && plain).then(|| MacroDefinition { lines: statement.clone(), body })
        });
        found.collect()
    }

    /// Gives a macro another body; with `add`, defines it in the first line where there is no definition. Nothing if it
    /// is that already.
    ///
    /// # Errors
    /// There is no definition, or several.
    pub fn set_macro(&self, name: &str, value: &str, add: bool) -> Result<Vec<Splice>, SpecError> {
        match &self.macros(name)[..] {
            [] if add => Ok(vec![Splice::insert(0, vec![format!("%global {name} {value}").into_bytes()])]),
            [] => Err(SpecError::Absent(format!(
                "the spec file does not define the macro `{name}`; `add = true` does it in the first line"
            ))),
            [one] => {
                let line = self.lines.text(one.lines.start);
                let head = &line[..one.body];
                let blank = if head.ends_with(b" ") || head.ends_with(b"\t") { &b""[..] } else { b" " };
                let text = [head, blank, value.as_bytes()].concat();
                if one.lines.len() == 1 && text == line.trim_ascii_end() {
                    return Ok(Vec::new());
                }
                Ok(vec![Splice { at: one.lines.clone(), with: vec![text] }])
            }
            [first, second, ..] => Err(SpecError::Unclear(format!(
                "the macro `{name}` is defined several times (lines {} and {}); replace the text of the one that is meant",
                first.lines.start + 1,
                second.lines.start + 1
            ))),
        }
    }

    /// Reads the identity. `dist` is the `%dist` macro, which stands outside of spec files.
    #[must_use]
    pub fn identity(&self, dist: Option<&str>) -> Identity {
        let has = |name: &str| self.tags().any(|tag| tag.package.is(None) && tag.is(name));
        let mut identity = Identity {
            name: self.known_tag("Name", dist),
            version: self.known_tag("Version", dist),
            release: self.known_tag("Release", dist),
            epoch: match has("Epoch") {
                true => self.known_tag("Epoch", dist).and_then(|epoch| epoch.parse().ok()),
                false => Some(0),
            },
        };
        for part in [&mut identity.name, &mut identity.version, &mut identity.release] {
            if part.as_ref().is_some_and(|text| text.is_empty() || text.contains(char::is_whitespace)) {
                *part = None;
            }
        }
        identity
    }

    /// The value of a tag of the main package, if there is one such tag, in no condition.
    fn known_tag(&self, name: &str, dist: Option<&str>) -> Option<String> {
        let mut tags = self.tags().filter(|tag| tag.package.is(None) && tag.is(name));
        let (Some(tag), None) = (tags.next(), tags.next()) else { return None };
        if self.depth[tag.line] > 0 {
            return None;
        }
        self.expand(self.value(&tag), tag.line, dist)
    }

    /// Expands a text that stands in this line with what the spec file defines before it; `None` if that is not all.
    #[must_use]
    pub fn expand(&self, text: &[u8], line: usize, dist: Option<&str>) -> Option<String> {
        let text = std::str::from_utf8(text).ok()?;
        if !text.contains('%') {
            return Some(text.to_owned());
        }
        let known = self.known(line, dist);
        expand(text, &known, 0)
    }

    /// Macros that are known at a line.
    fn known(&self, line: usize, dist: Option<&str>) -> Known {
        let mut known = Known::from([("nil".to_owned(), Some(String::new()))]);
        if let Some(dist) = dist {
            known.insert("dist".to_owned(), Some(dist.to_owned()));
        }
        let before = self.statements.iter().take_while(|statement| statement.start < line);
        for statement in before {
            let text = self.lines.text(statement.start);
            if let Some((name, body)) = section::definition(text) {
                let name = String::from_utf8_lossy(name).into_owned();
                let plain =
                    statement.len() == 1 && self.depth[statement.start] == 0 && !text[..body].contains(&b'(');
                let value = std::str::from_utf8(text[body..].trim_ascii()).ok().filter(|_| plain);
                // What `%define` means later is almost always what it means at once.
                let value = value.and_then(|value| expand(value, &known, 0));
                known.insert(name, value);
            } else if self.section_of(statement.start).name == "preamble" {
                self.note(statement.start, text, &mut known);
            }
        }
        known
    }

    /// Tags are macros too; a definition inside of something else makes a macro unknown.
    fn note(&self, line: usize, text: &[u8], known: &mut Known) {
        if let Some((name, value)) = super::tag::parse(text) {
            let name = name.to_ascii_lowercase();
            if matches!(name.as_str(), "name" | "version" | "release" | "epoch" | "url") {
                let value = std::str::from_utf8(&text[value]).ok().filter(|_| self.depth[line] == 0);
                let value = value.and_then(|value| expand(value, known, 0));
                let value = match known.contains_key(&name) {
                    true => None,
                    false => value,
                };
                known.insert(name, value);
            }
            return;
        }
        let text = String::from_utf8_lossy(text);
        for word in ["%global", "%define", "%undefine"] {
            for (at, _) in text.match_indices(word) {
                let name = text[at + word.len()..].trim_start();
                let name: String =
                    name.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                known.insert(name, None);
            }
        }
    }
}

/// `None` if something in the text is not known.
fn expand(text: &str, known: &Known, depth: usize) -> Option<String> {
    if depth > DEEPEST {
        return None;
    }
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        result.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if result.len() > LONGEST {
            return None;
        }
        if let Some(after) = rest.strip_prefix('%') {
            result.push('%');
            rest = after;
        } else if rest.starts_with('{') {
            let end = matching(rest)?;
            result.push_str(&braced(&rest[1..end], known, depth)?);
            rest = &rest[end + 1..];
        } else {
            let sign = rest.len() - rest.trim_start_matches(['?', '!']).len();
            let length = rest[sign..].bytes().take_while(|c| c.is_ascii_alphanumeric() || *c == b'_').count();
            if length == 0 {
                return None;
            }
            result.push_str(&braced(&rest[..sign + length], known, depth)?);
            rest = &rest[sign + length..];
        }
    }
    result.push_str(rest);
    (result.len() <= LONGEST).then_some(result)
}

/// Where the brace that opens a text is closed.
fn matching(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return Some(at),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// What stands in `%{}`: `name`, `?name`, `?name:text`, `!?name:text`.
fn braced(text: &str, known: &Known, depth: usize) -> Option<String> {
    let name = text.trim_start_matches(['?', '!']);
    let signs = &text[..text.len() - name.len()];
    let (name, then) = match name.split_once(':') {
        Some((name, then)) => (name, Some(then)),
        None => (name, None),
    };
    if name.is_empty() || !name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_') {
        return None;
    }
    // One that is not in the text may be defined elsewhere, so that nothing follows from its absence.
    let value = known.get(name)?.as_ref()?;
    match (signs.contains('?'), signs.contains('!'), then) {
        (false, false, None) | (true, false, None) => Some(value.clone()),
        (true, false, Some(then)) => expand(then, known, depth + 1),
        (true, true, _) => Some(String::new()),
        _ => None,
    }
}
