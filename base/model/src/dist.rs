//! The declared differences between the reference's release tags and the rebuild's.

use std::borrow::Cow;
use std::str::FromStr;

/// A declared map of release tags: what of a release means nothing when two packages are compared.
///
/// Each rule is `REFERENCE=REBUILD`, such as `.el9=.el9_4`; one side may be empty (`.centos=`, `=.0.1`), and
/// a `*` at the end stands for the rest of the release (`.module+*=.module+*`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DistMap {
    /// What is replaced, longest first, and by what.
    rules: Vec<(Pattern, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern {
    text: String,
    /// The pattern takes everything up to the end.
    open: bool,
}

/// A rule of a dist map is not written as one.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no rule of a dist map: expected `REFERENCE=REBUILD`, such as `.el9=.el9_4` or `.centos=`")]
pub struct InvalidDistMap(String);

impl DistMap {
    /// The map that these rules declare.
    ///
    /// # Errors
    /// One of them is not written as a rule.
    pub fn new(rules: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self, InvalidDistMap> {
        let mut map = Self::default();
        for rule in rules {
            map.rules.extend(parse(rule.as_ref())?);
        }
        map.rules.sort_by_key(|(pattern, _)| std::cmp::Reverse(pattern.text.len()));
        Ok(map)
    }

    /// A version, release or file name with everything replaced that the map declares to mean nothing.
    #[must_use]
    pub fn plain<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for (pattern, by) in &self.rules {
            if let Some(place) = pattern.find(&text) {
                text = Cow::Owned([&text[..place.start], by, &text[place.end..]].concat());
            }
        }
        text
    }
}

impl DistMap {
    /// One map of the rules of several.
    #[must_use]
    pub fn join(maps: impl IntoIterator<Item = Self>) -> Self {
        let mut rules: Vec<_> = maps.into_iter().flat_map(|map| map.rules).collect();
        rules.sort_by_key(|(pattern, _)| std::cmp::Reverse(pattern.text.len()));
        Self { rules }
    }
}

impl FromStr for DistMap {
    type Err = InvalidDistMap;

    /// Rules separated by commas.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text.split(',').map(str::trim).filter(|rule| !rule.is_empty()))
    }
}

/// A rule turns what the rebuild has into what the reference has. An open one empties both after its text.
fn parse(rule: &str) -> Result<Vec<(Pattern, String)>, InvalidDistMap> {
    let invalid = || InvalidDistMap(rule.to_owned());
    let (reference, rebuilt) = rule.split_once('=').ok_or_else(invalid)?;
    let pattern = |text: &str| {
        let open = text.ends_with('*');
        Pattern { text: text.trim_end_matches('*').to_owned(), open }
    };
    let (from, to) = (pattern(reference), pattern(rebuilt));
    let written = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._+~^-".contains(&b));
    if !written(&from.text) || !written(&to.text) || (from.text.is_empty() && to.text.is_empty()) {
        return Err(invalid());
    }
    Ok(match (from.text.is_empty(), to.text.is_empty()) {
        (true, _) => vec![(to, String::new())],
        (_, true) => vec![(from, String::new())],
        _ if from.open || to.open => {
            let by = from.text.clone();
            vec![(from, by.clone()), (to, by)]
        }
        _ => vec![(to, from.text)],
    })
}

impl Pattern {
    /// Where it occurs, if it does, as a whole part: `.el9` does not occur in `1.el90`.
    fn find(&self, text: &str) -> Option<std::ops::Range<usize>> {
        let mut from = 0;
        while let Some(at) = text[from..].find(&self.text).map(|at| from + at) {
            let end = at + self.text.len();
            let whole = !text[end..].starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_');
            match (self.open, whole) {
                (true, _) => return Some(at..text[at..].find(".src.rpm").map_or(text.len(), |src| at + src)),
                (false, true) => return Some(at..end),
                _ => from = end,
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_releases_have_one_plain_form() {
        let map: DistMap = ".el9=.el9_4, .centos=, =.0.1, .module+*=.module_*".parse().unwrap();
        for (reference, rebuilt) in [
            ("1.el9", "1.el9_4"),
            ("1.el9.centos", "1.el9_4"),
            ("1.el9", "1.el9.0.1"),
            ("2.module+el9.1.0+11+abc", "2.module_el9.2.0+7+def"),
            ("foo-1-1.el9.src.rpm", "foo-1-1.el9_4.0.1.src.rpm"),
            ("foo-1-1.module+el8+1.src.rpm", "foo-1-1.module_el8+2.src.rpm"),
        ] {
            assert_eq!(map.plain(reference), map.plain(rebuilt), "{reference} {rebuilt}");
        }
        assert_ne!(map.plain("1.el9"), map.plain("1.el90"));
        assert_ne!(map.plain("1.el9"), map.plain("2.el9_4"));
    }

    #[test]
    fn a_rule_needs_two_sides() {
        for rule in ["", "=", ".el9", "*=*", ".el9=.el9 4"] {
            assert!(DistMap::new([rule]).is_err(), "{rule}");
        }
    }
}
