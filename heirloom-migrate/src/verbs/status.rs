//! `status`: where it stands.

use heirloom_migrate::apply::{Lock, status};
use heirloom_migrate::layout::Layout;
use heirloom_migrate::machine::Machine;

use super::work;
use crate::cli;
use crate::fail::Fail;
use crate::follow::follow;
use crate::ui::Shown;

pub(crate) fn run(machine: &Machine, args: &cli::Status) -> Result<Shown, Fail> {
    let layout = Layout::of(machine);
    if args.follow
        && Lock::is_taken(&layout)
        && let Some(answer) = follow(&layout)
    {
        return work::shown(answer);
    }
    let status = status(machine)?;
    let mut text = match status.standing {
        "none" => "No migration was begun on this machine.".to_owned(),
        _ => format!("{} to {}: {}", status.from, status.to, words(status.standing)),
    };
    if let Some(step) = status.next {
        text.push_str(&format!("\nnext step: {}", step.name()));
    }
    if status.is_running {
        text.push_str("\na process works on it");
        if let Some(progress) = &status.progress {
            text.push_str(&format!(
                ": {} {}/{} {}",
                progress.step, progress.done, progress.total, progress.what
            ));
        }
    }
    if let Some(failed) = &status.failed {
        text.push_str(&format!("\nfailed last: {failed}"));
    }
    let hint = status.hint;
    Ok(Shown::new(&status, text)?.next(hint))
}

fn words(standing: &str) -> &'static str {
    match standing {
        "not-changed" => "begun; nothing of the machine was changed",
        "saved" => "under way; the savepoint is complete",
        "interrupted" => "interrupted in the transaction",
        "converted" => "converted, with a way back",
        "finishing" => "converted; the way back is being given up",
        "finished" => "converted, finished",
        "going-back" => "on the way back",
        _ => "put back; the machine is as before",
    }
}
