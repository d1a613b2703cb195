//! The sections and keys of .treeinfo, as Python's ConfigParser reads and writes them.

use std::collections::BTreeMap;

use super::ProductmdError;
use crate::document::Document;

/// Largest .treeinfo that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// Sections with their keys and values, all sorted.
#[derive(Default)]
pub(super) struct Ini(BTreeMap<String, BTreeMap<String, String>>);

impl Ini {
    pub(super) fn parse(document: Document<'_>) -> Result<Self, ProductmdError> {
        let text = document.at_most(LARGEST).text()?;
        let mut ini = Self::default();
        let mut section: Option<&mut BTreeMap<String, String>> = None;
        for (index, line) in text.lines().enumerate() {
            let failed = |message: &str| ProductmdError::Format {
                document: document.name.to_owned(),
                message: format!("line {}: {message}", index + 1),
            };
            if line.trim().is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.trim_end().strip_suffix(']')) {
                if ini.0.contains_key(name) {
                    return Err(failed("a section that is there already"));
                }
                section = Some(ini.0.entry(name.to_owned()).or_default());
                continue;
            }
            let at = line.find(['=', ':']).filter(|_| !line.starts_with(char::is_whitespace));
            let (Some(at), Some(keys)) = (at, section.as_mut()) else {
                return Err(failed("expected `key = value` in a section"));
            };
            let (key, value) = (line[..at].trim(), line[at + 1..].trim());
            if keys.insert(key.to_owned(), value.to_owned()).is_some() {
                return Err(failed("a key that is there already"));
            }
        }
        Ok(ini)
    }

    pub(super) fn set(&mut self, section: &str, key: &str, value: impl Into<String>) {
        self.0.entry(section.to_owned()).or_default().insert(key.to_owned(), value.into());
    }

    pub(super) fn get(&self, section: &str, key: &str) -> Option<&str> {
        self.0.get(section)?.get(key).map(String::as_str)
    }

    pub(super) fn section(&self, section: &str) -> impl Iterator<Item = (&str, &str)> + use<'_> {
        self.0.get(section).into_iter().flatten().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    pub(super) fn sections(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(super) fn to_text(&self) -> String {
        let mut text = String::new();
        for (section, keys) in &self.0 {
            text += &format!("[{section}]\n");
            for (key, value) in keys {
                text += &format!("{key} = {value}\n");
            }
            text.push('\n');
        }
        text
    }
}
