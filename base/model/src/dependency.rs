//! Dependencies as rpm states them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How a versioned dependency compares (rpm's RPMSENSE_LESS, GREATER, EQUAL).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Compare {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `=`
    Equal,
    /// `>=`
    GreaterOrEqual,
    /// `>`
    Greater,
}

/// One dependency: `name`, `name >= [epoch:]version[-release]`, `/a/file`, `virtual(x)(64bit)`, or a rich
/// one such as `(a if b)`, which stays whole in `name`.
///
/// Written and parsed as rpm prints it, which is also its JSON form.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Dependency {
    /// The capability's name, or the whole text of a rich dependency.
    pub name: String,
    /// The version part, if there is one.
    pub version: Option<(Compare, String)>,
}

/// The text is no dependency.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a dependency: expected `name`, `name >= version` or `(rich dependency)`")]
pub struct InvalidDependency(String);

impl Dependency {
    /// A dependency on a capability in any version.
    #[must_use]
    pub fn any(name: &str) -> Self {
        Self { name: name.to_owned(), version: None }
    }

    /// Whether this is a boolean dependency in parentheses (rpm 4.13 and later).
    #[must_use]
    pub fn is_rich(&self) -> bool {
        self.name.starts_with('(')
    }

    /// Whether a file of this path would satisfy it.
    #[must_use]
    pub fn is_file(&self) -> bool {
        self.name.starts_with('/')
    }
}

impl Compare {
    /// The operator as rpm writes it.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Equal => "=",
            Self::GreaterOrEqual => ">=",
            Self::Greater => ">",
        }
    }
}

impl FromStr for Compare {
    type Err = InvalidDependency;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "<" => Self::Less,
            "<=" | "=<" => Self::LessOrEqual,
            "=" | "==" => Self::Equal,
            ">=" | "=>" => Self::GreaterOrEqual,
            ">" => Self::Greater,
            other => return Err(InvalidDependency(other.to_owned())),
        })
    }
}

impl fmt::Display for Dependency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match &self.version {
            Some((compare, version)) => write!(f, " {} {version}", compare.symbol()),
            None => Ok(()),
        }
    }
}

impl FromStr for Dependency {
    type Err = InvalidDependency;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let invalid = || InvalidDependency(text.chars().take(120).collect());
        if text.starts_with('(') && text.ends_with(')') {
            return Ok(Self::any(text));
        }
        let words: Vec<_> = text.split_whitespace().collect();
        match words[..] {
            [name] => Ok(Self::any(name)),
            [name, compare, version] => Ok(Self {
                name: name.to_owned(),
                version: Some((compare.parse().map_err(|_| invalid())?, version.to_owned())),
            }),
            _ => Err(invalid()),
        }
    }
}

impl TryFrom<String> for Dependency {
    type Error = InvalidDependency;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Dependency> for String {
    fn from(dependency: Dependency) -> Self {
        dependency.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips() {
        for text in
            ["gcc", "zlib-devel >= 1:1.2.11-3.el9", "libc.so.6(GLIBC_2.4)(64bit)", "(a if b)", "/usr/bin/sh"]
        {
            assert_eq!(text.parse::<Dependency>().unwrap().to_string(), text);
        }
        for text in ["", "a b", "a >= 1 2", "a ~ 1"] {
            assert!(text.parse::<Dependency>().is_err(), "{text}");
        }
    }
}
