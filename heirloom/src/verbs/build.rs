//! `heirloom build`: builds what is not built yet.

use std::fmt::Write as _;

use heirloom_model::record::FailKind;

use crate::context::Context;
use crate::fail::{Exit, Fail};
use crate::flow;
use crate::flow::building::Builds;
use crate::ui::Shown;

pub(crate) fn run(context: &Context) -> Result<Shown, Fail> {
    let (_, builds) = flow::built(context)?;
    let mut text = failures(context, &builds);
    let _ = write!(
        text,
        "{} built, {} cached, {} failed; next: {}",
        builds.fresh(),
        builds.cached.len(),
        builds.failed.len(),
        if builds.failed.is_empty() {
            "`heirloom compare`"
        } else {
            "mend what failed and run `heirloom build` again"
        }
    );
    let exit = if builds.failed.is_empty() { Exit::Fine } else { Exit::Build };
    Ok(Shown::new(&builds, text)?.exit(exit))
}

/// What failed, with message and log.
pub(crate) fn failures(context: &Context, builds: &Builds) -> String {
    let mut text = String::new();
    for failed in builds.failed.values().filter(|failed| failed.kind != FailKind::Blocked) {
        let _ = writeln!(text, "{} failed: {}", failed.step, failed.message.trim_end());
        if let Some(log) = failed.log {
            let _ = writeln!(text, "  log: {}", context.store.path(log).display());
        }
        let _ = writeln!(text);
    }
    let blocked: Vec<_> = builds
        .failed
        .values()
        .filter(|failed| failed.kind == FailKind::Blocked)
        .map(|failed| failed.step.as_str())
        .collect();
    if !blocked.is_empty() {
        let _ = writeln!(text, "not tried, because of these: {}\n", blocked.join(", "));
    }
    text
}
