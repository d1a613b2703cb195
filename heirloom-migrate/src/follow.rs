//! Showing what the worker does, until it is done or the terminal is left.

use std::fs;
use std::io::IsTerminal as _;
use std::time::Duration;

use heirloom_migrate::apply::{Lock, Progress};
use heirloom_migrate::layout::Layout;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::ui;
use crate::worker::{Answer, answer_file};

/// How often it is looked at.
const PAUSE: Duration = Duration::from_millis(200);
/// How long a worker may take to begin.
const PATIENCE: u32 = 50;

/// Progress on a terminal is a bar; elsewhere a line for each step.
pub(crate) struct Shower {
    bar: ProgressBar,
    step: std::cell::RefCell<String>,
    is_terminal: bool,
}

impl Shower {
    pub(crate) fn new() -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        let target = if is_terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let style = ProgressStyle::with_template("{prefix:>12} [{bar:30}] {pos}/{len} {wide_msg} {elapsed}");
        let bar = ProgressBar::with_draw_target(None, target)
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
        Self { bar, step: std::cell::RefCell::default(), is_terminal }
    }

    pub(crate) fn show(&self, progress: &Progress) {
        if *self.step.borrow() != progress.step {
            progress.step.clone_into(&mut self.step.borrow_mut());
            if !self.is_terminal {
                ui::say(&format!("{:>12}", progress.step));
            }
            self.bar.reset();
        }
        self.bar.set_prefix(progress.step.clone());
        self.bar.set_length(progress.total);
        self.bar.set_position(progress.done);
        self.bar.set_message(ui::visible(&progress.what));
    }

    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// Shows progress until there is an answer; none if the worker is gone without one.
pub(crate) fn follow(layout: &Layout) -> Option<Answer> {
    let shower = Shower::new();
    let mut idle = 0;
    let mut last = None;
    let answer = loop {
        if let Ok(bytes) = fs::read(answer_file(layout)) {
            break serde_json::from_slice(&bytes).ok();
        }
        match Lock::is_taken(layout) {
            true => idle = 0,
            false => idle += 1,
        }
        if idle > PATIENCE {
            break None;
        }
        let now = Progress::read(layout);
        if let Some(progress) = now.as_ref().filter(|_| now != last && idle == 0) {
            shower.show(progress);
        }
        last = now;
        std::thread::sleep(PAUSE);
    };
    shower.end();
    answer
}
