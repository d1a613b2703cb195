//! `apply`, `resume`, `rollback`, `finish`: in this process, or in one that goes on without it.

use heirloom_migrate::layout::Layout;
use heirloom_migrate::machine::Machine;

use crate::fail::{Exit, Fail};
use crate::follow::{Shower, follow};
use crate::ui::{self, Shown};
use crate::worker::{self, Answer, Request};

pub(crate) fn run(machine: &Machine, request: &Request, is_foreground: bool) -> Result<Shown, Fail> {
    if is_foreground {
        let shower = Shower::new();
        let answer = worker::work(machine, request, &|progress| shower.show(progress));
        shower.end();
        return shown(answer);
    }
    let layout = Layout::of(machine);
    if heirloom_migrate::apply::Lock::is_taken(&layout) {
        return Err(heirloom_migrate::apply::ApplyError::Busy.into());
    }
    worker::start(machine, request)?;
    ui::say("The work goes on if this terminal is lost; `heirloom-migrate status --follow` shows it again.");
    match follow(&layout) {
        Some(answer) => shown(answer),
        None => {
            Err(Fail::new(Exit::Failed, "the worker is gone without an answer")
                .hint("heirloom-migrate status"))
        }
    }
}

/// The answer as this process gives it.
pub(crate) fn shown(answer: Answer) -> Result<Shown, Fail> {
    match Exit::from_code(answer.exit) {
        Exit::Fine => Ok(Shown::new(&answer, answer.text.clone())?.next(&answer.next)),
        exit => Err(Fail::new(exit, answer.text).hint(answer.next)),
    }
}
