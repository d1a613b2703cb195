//! What conversions have in common: rules as text, files to place beside them, and what could not be carried over.

use std::collections::BTreeMap;

/// Largest file that is converted, in bytes.
pub(super) const LARGEST: usize = 1024 * 1024;

/// A content that a foreign rule names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content<'a> {
    /// A path in the tree that the rules come from.
    Tree(&'a str),
    /// A digest, by which the tool's lookaside has it.
    Lookaside(&'a str),
}

/// Reads contents that foreign rules name; `None` if there is none.
pub type ReadContent<'a> = dyn Fn(Content<'_>) -> Option<Vec<u8>> + 'a;

/// Rules in our form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Converted {
    /// The text of `<package>.toml`.
    pub rules: String,
    /// Files to be placed beside it, by path.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What has no counterpart.
    pub not_carried: Vec<NotCarried>,
}

/// Something in a foreign file of rules that could not be carried over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotCarried {
    /// Its line, from 1.
    pub line: usize,
    /// What it is, and why not.
    pub what: String,
}

/// The file is not what the tool reads.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct ConvertError {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub message: String,
}

/// A value of a rule's key.
pub(super) enum Value<'a> {
    Text(&'a str),
    Texts(&'a [String]),
    Number(i64),
    Yes(bool),
}

/// Puts rules together.
pub(super) struct Output<'a> {
    /// Name of the foreign file, for purpose lines.
    pub(super) file: &'a str,
    /// Directory of the files beside the rules.
    pub(super) directory: &'a str,
    /// The branch that the rules are for.
    pub(super) branch: Option<String>,
    pub(super) result: Converted,
}

impl Output<'_> {
    pub(super) fn lost(&mut self, line: usize, what: impl Into<String>) {
        self.result.not_carried.push(NotCarried { line, what: what.into() });
    }

    pub(super) fn finish(mut self) -> Converted {
        self.result.not_carried.sort_by_key(|lost| lost.line);
        self.result
    }

    /// Keeps a file beside the rules and gives its path.
    pub(super) fn keep(&mut self, name: &str, bytes: Vec<u8>) -> String {
        let mut path = format!("{}/{name}", self.directory);
        let mut copies = 1;
        while self.result.files.get(&path).is_some_and(|there| *there != bytes) {
            copies += 1;
            path = format!("{}/{copies}-{name}", self.directory);
        }
        self.result.files.insert(path.clone(), bytes);
        path
    }

    pub(super) fn rule(&mut self, line: usize, action: &str, keys: &[(&str, Value<'_>)]) {
        let text = &mut self.result.rules;
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&format!("[[rule]]\npurpose = {}\n", quoted(&format!("{}, line {line}", self.file))));
        if let Some(branch) = &self.branch {
            text.push_str(&format!("when = {{ branch = {} }}\n", quoted(branch)));
        }
        // Other tools know no conflicts.
        text.push_str(&format!("builds_on_earlier = true\n[rule.{action}]\n"));
        for (key, value) in keys {
            let value = match value {
                Value::Text(value) => quoted(value),
                Value::Texts(values) => {
                    format!("[{}]", values.iter().map(|value| quoted(value)).collect::<Vec<_>>().join(", "))
                }
                Value::Number(number) => number.to_string(),
                Value::Yes(yes) => yes.to_string(),
            };
            text.push_str(&format!("{key} = {value}\n"));
        }
    }
}

/// A text as TOML writes it, over several lines if it has them.
fn quoted(text: &str) -> String {
    let several = text.contains('\n');
    let literal = !several && !text.contains('\'') && text.contains(['\\', '"']);
    if literal && !text.chars().any(|c| c.is_control()) {
        return format!("'{text}'");
    }
    let mut result = String::from(if several { "\"\"\"\n" } else { "\"" });
    for c in text.chars() {
        match c {
            '\\' => result.push_str("\\\\"),
            '"' => result.push_str("\\\""),
            '\n' => result.push('\n'),
            '\t' => result.push_str("\\t"),
            c if c.is_control() => result.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => result.push(c),
        }
    }
    result.push_str(if several { "\"\"\"" } else { "\"" });
    result
}

/// The last part of a path.
pub(super) fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
