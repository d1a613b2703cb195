//! What files of declared acceptances have in common: a rule that exists, a reason, an end, and errors with their place.

use std::io::Read as _;
use std::path::Path;

use heirloom_model::allowance::Date;
use serde::de::DeserializeOwned;
use serde_spanned::Spanned;
use toml::Value;

use crate::definition::DefinitionError;

/// Largest file that is read, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// A file of them.
pub(crate) struct Declared<'a> {
    pub(crate) text: &'a str,
    /// For messages.
    pub(crate) path: &'a Path,
    /// One entry, with its article: `an allowance`.
    pub(crate) what: &'a str,
    /// What it accepts: `difference`.
    pub(crate) unit: &'a str,
}

/// The text of a file that is no larger than any that a person writes.
pub(crate) fn read(path: &Path) -> Result<String, DefinitionError> {
    let unreadable = |source| DefinitionError::Unreadable { path: path.to_owned(), source };
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(LARGEST + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > LARGEST {
        return Err(unreadable(std::io::Error::other(format!("it has more than {LARGEST} bytes"))));
    }
    Ok(text)
}

impl Declared<'_> {
    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T, DefinitionError> {
        toml::from_str(self.text).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            self.wrong(offset, error.message().replace('\n', "; "), "")
        })
    }

    /// The name of a rule that exists.
    pub(crate) fn rule(&self, rule: Spanned<String>, rules: &[&str]) -> Result<String, DefinitionError> {
        self.known("rule", &rule, rules)?;
        Ok(rule.into_inner())
    }

    /// One of some names of a kind.
    pub(crate) fn known(
        &self,
        kind: &str,
        name: &Spanned<String>,
        names: &[&str],
    ) -> Result<(), DefinitionError> {
        let text = name.get_ref();
        if names.contains(&text.as_str()) {
            return Ok(());
        }
        let hint = match similar(text, names) {
            Some(known) => format!("did you mean `{known}`?"),
            None => format!("the {kind}s are {}", names.join(", ")),
        };
        Err(self.wrong(name.span().start, format!("there is no {kind} `{text}`"), &hint))
    }

    /// A reason that says something.
    pub(crate) fn reason(&self, reason: Spanned<String>) -> Result<String, DefinitionError> {
        if !reason.get_ref().trim().is_empty() {
            return Ok(reason.into_inner());
        }
        let hint = format!("say why the {} is accepted", self.unit);
        Err(self.wrong(reason.span().start, format!("{} needs a reason", self.what), &hint))
    }

    /// A date, which may stand in quotes or, as TOML has it, without.
    pub(crate) fn day(&self, day: &Spanned<Value>) -> Result<Date, DefinitionError> {
        let text = match day.get_ref() {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        text.parse::<Date>().map_err(|error| {
            let hint = "name the last day on which it holds; nothing is allowed for ever";
            self.wrong(day.span().start, error.to_string(), hint)
        })
    }

    /// What is wrong at a place of the text, and how it would be right.
    pub(crate) fn wrong(&self, offset: usize, message: String, hint: &str) -> DefinitionError {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        DefinitionError::Wrong {
            path: self.path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[start..].chars().count() + 1,
            excerpt: self.text[start..].lines().next().unwrap_or_default().to_owned(),
            message,
            hint: hint.to_owned(),
        }
    }
}

fn similar<'a>(unknown: &str, rules: &[&'a str]) -> Option<&'a str> {
    let alike = rules.iter().map(|known| (strsim::jaro_winkler(unknown, known), *known));
    let best = alike.filter(|(similarity, _)| *similarity > 0.75).max_by(|a, b| a.0.total_cmp(&b.0))?;
    Some(best.1)
}
