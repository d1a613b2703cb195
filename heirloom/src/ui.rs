//! All that is written: results to standard output, everything else to standard error.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::cli::Format;
use crate::fail::{Exit, Fail};
use crate::report::visible;

/// Whether results are wanted as data: those of a whole distribution take seconds to put together.
static DATA: AtomicBool = AtomicBool::new(false);

/// Says how results will be shown, before there are any.
pub(crate) fn will_show(format: Format) {
    DATA.store(format == Format::Json, Ordering::Relaxed);
}

/// What a verb hands back to be shown.
pub(crate) struct Shown {
    json: serde_json::Value,
    text: String,
    exit: u8,
}

impl Shown {
    /// The result as data, and as people read it.
    pub(crate) fn new(data: &impl Serialize, text: String) -> Result<Self, Fail> {
        let json = match DATA.load(Ordering::Relaxed) {
            true => serde_json::to_value(data)?,
            false => serde_json::Value::Null,
        };
        Ok(Self { json, text, exit: Exit::Fine as u8 })
    }

    /// Nothing, for a verb whose program has shown all there is.
    pub(crate) fn nothing() -> Self {
        Self { json: serde_json::Value::Null, text: String::new(), exit: Exit::Fine as u8 }
    }

    pub(crate) fn exit(self, exit: Exit) -> Self {
        self.code(exit as u8)
    }

    /// Ends with the code of another program.
    pub(crate) fn code(mut self, code: u8) -> Self {
        self.exit = code;
        self
    }

    /// What people read.
    #[cfg(test)]
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The exit code.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.exit)
    }

    /// A closed pipe is the reader's choice, not a failure.
    pub(crate) fn print(&self, format: Format) {
        let text = match format {
            Format::Text => visible(self.text.trim_end()).into_owned(),
            Format::Json if self.json.is_null() => String::new(),
            Format::Json => format!("{:#}", self.json),
        };
        if !text.is_empty() {
            let _ = writeln!(std::io::stdout(), "{text}");
        }
    }
}

/// One line to standard error. Names of foreign files and packages in it do not act on the terminal.
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

/// Progress of one stage: a bar on a terminal, plain lines elsewhere.
pub(crate) struct Progress {
    stage: &'static str,
    bar: ProgressBar,
    done: AtomicUsize,
    terminal: bool,
    began: Instant,
}

impl Progress {
    pub(crate) fn new(stage: &'static str, total: usize) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target = if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let style = ProgressStyle::with_template("{prefix:>9} [{bar:30}] {pos}/{len} {wide_msg} {elapsed}");
        let bar = ProgressBar::with_draw_target(Some(total as u64), target)
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "))
            .with_prefix(stage);
        if terminal {
            bar.enable_steady_tick(std::time::Duration::from_millis(200));
        }
        Self { stage, bar, done: AtomicUsize::new(0), terminal, began: Instant::now() }
    }

    /// The stage is to do this many.
    pub(crate) fn total(&self, total: usize) {
        self.bar.set_length(total as u64);
    }

    /// What is being done now; shown on a terminal only.
    pub(crate) fn doing(&self, what: &str) {
        self.bar.set_message(visible(what).into_owned());
    }

    /// One more is done; nothing is worth a line of its own.
    pub(crate) fn tick(&self, what: &str) {
        self.done.fetch_add(1, Ordering::Relaxed);
        self.bar.set_message(visible(what).into_owned());
        self.bar.inc(1);
    }

    /// One more is done, and it deserves a line.
    pub(crate) fn line(&self, what: &str) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        self.bar.inc(1);
        self.print(&format!(
            "{:>9} {:>3}/{} {what}",
            self.stage,
            done,
            self.bar.length().unwrap_or_default()
        ));
    }

    /// Something worth saying that is not about one more being done.
    pub(crate) fn say(&self, what: &str) {
        self.print(&format!("{:>9} {what}", self.stage));
    }

    fn print(&self, line: &str) {
        match self.terminal {
            true => self.bar.println(visible(line)),
            false => say(line),
        }
    }

    /// Ends the stage with a summary line.
    pub(crate) fn end(self, summary: &str) -> f64 {
        self.bar.finish_and_clear();
        let seconds = self.began.elapsed().as_secs_f64();
        say(&format!("{:>9} {summary} ({seconds:.1} s)", self.stage));
        seconds
    }
}

/// Rows under a heading, columns padded to their widest cell.
pub(crate) fn table(heading: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(heading.get(column).map(|cell| cell.chars().count())).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..heading.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let padded: Vec<_> =
            cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    let body = rows.iter().map(|row| line(row.iter().map(String::as_str).collect()));
    std::iter::once(line(heading.to_vec())).chain(body).collect()
}
