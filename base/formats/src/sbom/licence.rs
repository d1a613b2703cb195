//! Licence tags of RPM packages as SPDX licence expressions.
//!
//! A tag that is an expression stays one. Names that Enterprise Linux wrote before are replaced where they have always
//! meant one SPDX licence; all else becomes a `LicenseRef-` of its own, whose text is the name. Nothing is guessed:
//! `BSD` was used for several licences, and stays `BSD`.
//!
//! Source: SPDX 2.3, annex D; the legacy names of Fedora's licence data.

use heirloom_model::Digest;
use spdx::{Expression, LicenseItem, ParseMode};

/// Longest tag that is looked into, in bytes. Real ones have up to two thousand.
const LONGEST: usize = 16 << 10;
/// Characters of a name that stay in an identifier.
const KEPT: usize = 60;

/// Legacy names that have always meant one licence of SPDX, and identifiers that it has withdrawn for clearer ones.
const LEGACY: [(&str, &str); 38] = [
    ("AGPLv3", "AGPL-3.0-only"),
    ("AGPLv3+", "AGPL-3.0-or-later"),
    ("ASL 1.0", "Apache-1.0"),
    ("ASL 1.1", "Apache-1.1"),
    ("ASL 2.0", "Apache-2.0"),
    ("Artistic 2.0", "Artistic-2.0"),
    ("Boost", "BSL-1.0"),
    ("CC0", "CC0-1.0"),
    ("CPL", "CPL-1.0"),
    ("EPL", "EPL-1.0"),
    ("EUPL 1.1", "EUPL-1.1"),
    ("EUPL 1.2", "EUPL-1.2"),
    ("GPL+", "GPL-1.0-or-later"),
    ("GPL-1.0+", "GPL-1.0-or-later"),
    ("GPL-2.0+", "GPL-2.0-or-later"),
    ("GPL-3.0+", "GPL-3.0-or-later"),
    ("GPLv1", "GPL-1.0-only"),
    ("GPLv2", "GPL-2.0-only"),
    ("GPLv2+", "GPL-2.0-or-later"),
    ("GPLv3", "GPL-3.0-only"),
    ("GPLv3+", "GPL-3.0-or-later"),
    ("IBM", "IPL-1.0"),
    ("LGPL-2.0+", "LGPL-2.0-or-later"),
    ("LGPL-2.1+", "LGPL-2.1-or-later"),
    ("LGPL-3.0+", "LGPL-3.0-or-later"),
    ("LGPLv2.1", "LGPL-2.1-only"),
    ("LGPLv2.1+", "LGPL-2.1-or-later"),
    ("LGPLv3", "LGPL-3.0-only"),
    ("LGPLv3+", "LGPL-3.0-or-later"),
    ("MPLv1.0", "MPL-1.0"),
    ("MPLv1.1", "MPL-1.1"),
    ("MPLv2.0", "MPL-2.0"),
    ("OFL", "OFL-1.1"),
    ("QPL", "QPL-1.0"),
    ("UPL", "UPL-1.0"),
    ("ZPLv2.0", "ZPL-2.0"),
    ("ZPLv2.1", "ZPL-2.1"),
    ("zlib", "Zlib"),
];

/// Only what the standard says, its withdrawn identifiers included.
const MODE: ParseMode = ParseMode {
    allow_slash_as_or_operator: false,
    allow_imprecise_license_names: false,
    allow_postfix_plus_on_gpl: false,
    allow_deprecated: true,
    allow_unknown: false,
};

/// A licence tag, as SPDX says it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Licence {
    /// The tag as it is.
    pub tag: String,
    /// A valid expression; none for an empty tag.
    pub expression: Option<String>,
    custom: Vec<(String, String)>,
}

impl Licence {
    /// What this tag comes to.
    #[must_use]
    pub fn of(tag: &str) -> Self {
        let mut licence = Self { tag: tag.to_owned(), ..Self::default() };
        let trimmed = tag.trim();
        if trimmed.is_empty() {
            return licence;
        }
        let expression = licence.expressed(trimmed).filter(|text| Expression::parse_mode(text, MODE).is_ok());
        let expression = expression.unwrap_or_else(|| {
            licence.custom.clear();
            licence.own(trimmed)
        });
        licence.custom.sort();
        licence.custom.dedup();
        licence.expression = Some(expression);
        licence
    }

    /// Identifiers in the expression that are this list's own, each with the name that it stands for.
    pub fn custom(&self) -> impl Iterator<Item = (&str, &str)> {
        self.custom.iter().map(|(id, name)| (id.as_str(), name.as_str()))
    }

    /// Names and operators one by one; none if they are no expression.
    fn expressed(&mut self, tag: &str) -> Option<String> {
        if tag.len() > LONGEST {
            return None;
        }
        let spaced = tag.replace('(', " ( ").replace(')', " ) ");
        let (mut text, mut name, mut open) = (String::new(), Vec::new(), 0_usize);
        // Whether a name or a closed parenthesis is before.
        let mut ended = false;
        for word in spaced.split_whitespace() {
            match word {
                "(" if name.is_empty() && !ended => {
                    open += 1;
                    text.push('(');
                }
                ")" if open > 0 => {
                    ended = self.put(&mut text, &mut name, ended)?;
                    open -= 1;
                    text.push(')');
                }
                "and" | "AND" | "or" | "OR" => {
                    self.put(&mut text, &mut name, ended)?;
                    text.push_str(if word.eq_ignore_ascii_case("and") { " AND " } else { " OR " });
                    ended = false;
                }
                "(" | ")" => return None,
                _ if ended => return None,
                word => name.push(word),
            }
        }
        self.put(&mut text, &mut name, ended)?;
        (open == 0).then_some(text)
    }

    /// Ends an operand: a name, or what was in parentheses.
    fn put(&mut self, text: &mut String, name: &mut Vec<&str>, ended: bool) -> Option<bool> {
        match (name.is_empty(), ended) {
            (false, false) => {
                let operand = self.operand(&name.join(" "));
                text.push_str(&operand);
                name.clear();
                Some(true)
            }
            (true, true) => Some(true),
            _ => None,
        }
    }

    fn operand(&mut self, name: &str) -> String {
        if let Ok(parsed) = Expression::parse_mode(name, MODE) {
            let mut others = parsed.requirements().filter_map(|it| match &it.req.license {
                LicenseItem::Other(other) => Some(other.to_string()),
                LicenseItem::Spdx { .. } => None,
            });
            match others.next() {
                None => return name.to_owned(),
                // What is in another document, nobody can look up here.
                Some(id) if id.starts_with("LicenseRef-") => {
                    self.custom.push((id, name.to_owned()));
                    return name.to_owned();
                }
                Some(_) => {}
            }
        }
        let legacy = LEGACY.iter().find(|(legacy, _)| *legacy == name);
        legacy.map_or_else(|| self.own(name), |(_, id)| (*id).to_owned())
    }

    /// An identifier for what SPDX has none for. Different names have different ones.
    fn own(&mut self, name: &str) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' || c == '-' { c } else { '-' };
        let mut id: String = name.chars().take(KEPT).map(plain).collect();
        if id != name {
            id = format!("{id}-{}", &Digest::of(name.as_bytes()).to_string()[..8]);
        }
        let id = format!("LicenseRef-{id}");
        self.custom.push((id.clone(), name.to_owned()));
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expression(tag: &str) -> String {
        Licence::of(tag).expression.unwrap()
    }

    #[test]
    fn tags_become_expressions() {
        for (tag, expected) in [
            ("MIT", "MIT"),
            ("GPL-2.0-or-later WITH Bison-exception-2.2", "GPL-2.0-or-later WITH Bison-exception-2.2"),
            ("GPLv2+ and (LGPLv3+ or MIT)", "GPL-2.0-or-later AND (LGPL-3.0-or-later OR MIT)"),
            ("((MIT))", "((MIT))"),
            ("ASL 2.0", "Apache-2.0"),
            ("GPL-2.0+", "GPL-2.0-or-later"),
            ("zlib and BSD", "Zlib AND LicenseRef-BSD"),
            ("LicenseRef-Mine OR MIT", "LicenseRef-Mine OR MIT"),
        ] {
            assert_eq!(expression(tag), expected, "{tag}");
        }
        assert_eq!(Licence::of(" ").expression, None);
        assert_eq!(Licence::of("zlib and BSD").custom().collect::<Vec<_>>(), [("LicenseRef-BSD", "BSD")]);
        assert_eq!(Licence::of("LicenseRef-Mine").custom().count(), 1);
    }

    #[test]
    fn what_is_no_expression_keeps_its_words() {
        for tag in [
            "GPLv2 (with exceptions)",
            "MIT and",
            "(MIT",
            "MIT)",
            "and",
            "GPLv2+, MIT",
            "Public Domain",
            "()",
        ] {
            let licence = Licence::of(tag);
            let id = licence.expression.clone().unwrap();
            assert!(id.starts_with("LicenseRef-"), "{tag}: {id}");
            assert_eq!(licence.custom().collect::<Vec<_>>(), [(id.as_str(), tag)]);
        }
        assert_ne!(expression("GPLv2 with exceptions"), expression("GPLv2+with exceptions"));
        assert!(Licence::of(&"MIT AND ".repeat(5000)).expression.unwrap().starts_with("LicenseRef-MIT-AND"));
    }

    #[test]
    fn legacy_names_stand_for_licences_that_there_are() {
        for (name, id) in LEGACY {
            assert!(Expression::parse_mode(id, MODE).is_ok(), "{id}");
            assert_eq!(expression(name), id, "{name}");
        }
        assert!(LEGACY.is_sorted());
    }

    proptest::proptest! {
        #[test]
        fn whatever_a_tag_says_is_a_valid_expression(tag in "(MIT|GPLv2\\+|BSD|and|or|\\(|\\)| |,|é|LicenseRef-a){0,12}") {
            if let Some(expression) = Licence::of(&tag).expression {
                proptest::prop_assert!(Expression::parse_mode(&expression, MODE).is_ok(), "{}", expression);
            }
        }
    }
}
