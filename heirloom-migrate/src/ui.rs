//! All that is written: results to standard output, everything else to standard error.

use std::io::Write as _;
use std::process::ExitCode;

use serde::Serialize;

use crate::cli::Format;
use crate::fail::{Exit, Fail};

/// What a verb hands back to be shown.
pub(crate) struct Shown {
    json: serde_json::Value,
    text: String,
    exit: Exit,
}

impl Shown {
    /// The result as data, and as people read it.
    pub(crate) fn new(data: &impl Serialize, text: impl Into<String>) -> Result<Self, Fail> {
        let json = serde_json::to_value(data).map_err(|error| Fail::of(&error))?;
        Ok(Self { json, text: text.into(), exit: Exit::Fine })
    }

    pub(crate) fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// What to do next, as the last line for people.
    pub(crate) fn next(mut self, command: &str) -> Self {
        self.text = format!("{}\n\nnext: {command}", self.text.trim_end());
        self
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.exit as u8)
    }

    /// A closed pipe is the reader's choice, not a failure.
    pub(crate) fn print(&self, format: Format) {
        let text = match format {
            Format::Text => visible(self.text.trim_end()),
            Format::Json => format!("{:#}", self.json),
        };
        if !text.is_empty() {
            let _ = writeln!(anstream::stdout(), "{text}");
        }
    }
}

/// Text in which nothing acts on the terminal: names come from strangers.
pub(crate) fn visible(text: &str) -> String {
    let acts = |c: char| (c.is_control() && c != '\n' && c != '\t') || ('\u{202a}'..='\u{202e}').contains(&c);
    text.chars().map(|c| if acts(c) { format!("\\u{{{:x}}}", u32::from(c)) } else { c.to_string() }).collect()
}

/// One line to standard error.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{}", visible(line));
}

/// Tells a failure: what, and what to do next.
pub(crate) fn tell(fail: &Fail) {
    say(&format!("error: {}", fail.message));
    if !fail.hint.is_empty() {
        say(&format!(" help: {}", fail.hint));
    }
}
