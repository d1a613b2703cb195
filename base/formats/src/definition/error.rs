//! Errors of the definition file, with place and suggestion.

use std::io;
use std::path::{Path, PathBuf};

/// The definition can't be used.
#[derive(Debug, thiserror::Error)]
pub enum DefinitionError {
    /// The file can't be read.
    #[error("can't read the definition {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file says something that it should not.
    #[error("{path}:{line}:{column}: {message}")]
    Wrong {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// The text of that line.
        excerpt: String,
        /// What is wrong.
        message: String,
        /// What to do; empty if there is nothing to suggest.
        hint: String,
    },
}

impl DefinitionError {
    pub(crate) fn at(text: &str, path: &Path, offset: usize, message: String, hint: &str) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self::Wrong {
            path: path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[start..].chars().count() + 1,
            excerpt: text[start..].lines().next().unwrap_or_default().to_owned(),
            message,
            hint: hint.to_owned(),
        }
    }

    pub(crate) fn from_toml(error: &toml::de::Error, text: &str, path: &Path) -> Self {
        let offset = error.span().map_or(0, |span| span.start);
        let message = error.message().replace('\n', "; ");
        let hint = suggestion(&message).unwrap_or_default();
        Self::at(text, path, offset, message, &hint)
    }
}

/// For serde's "unknown field `x`, expected one of `a`, `b`": the most similar name.
fn suggestion(message: &str) -> Option<String> {
    let rest = message.strip_prefix("unknown field ").or_else(|| message.strip_prefix("unknown variant "))?;
    let mut quoted = rest.split('`').skip(1).step_by(2);
    let unknown = quoted.next()?;
    let best = quoted
        .map(|known| (strsim::jaro_winkler(unknown, known), known))
        .filter(|(similarity, _)| *similarity > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))?;
    Some(format!("did you mean `{}`?", best.1))
}
