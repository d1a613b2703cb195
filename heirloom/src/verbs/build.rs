//! `heirloom build`: builds what is not built yet.

use std::fmt::Write as _;

use heirloom_model::record::{CutOff, FailKind};

use crate::cli::BuildArgs;
use crate::context::Context;
use crate::fail::{Exit, Fail};
use crate::flow;
use crate::flow::building::Builds;
use crate::flow::building::proving::Proof;
use crate::ui::Shown;

pub(crate) fn run(context: &Context, args: &BuildArgs) -> Result<Shown, Fail> {
    let (_, builds) = flow::built(context, args)?;
    let mut text = failures(context, &builds);
    text.push_str(&remarks(&builds));
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
    Ok(Shown::new(&builds, text)?.exit(exit(&builds)))
}

/// A proof that does not hold is a package that is not what it is taken for.
pub(crate) fn exit(builds: &Builds) -> Exit {
    match (builds.failed.is_empty(), builds.proofs.iter().all(Proof::holds)) {
        (false, _) => Exit::Build,
        (true, false) => Exit::Promise,
        (true, true) => Exit::Fine,
    }
}

/// What is worth knowing beside the numbers.
pub(crate) fn remarks(builds: &Builds) -> String {
    let mut text = String::new();
    let cut = |what| builds.cut.iter().filter(move |(_, cut)| **cut == what).map(|(step, _)| step.as_str());
    for (what, why) in [
        (CutOff::Content, "what was built again for them came out with the same content"),
        (
            CutOff::Interface,
            "what they can see of the packages built again is the same (`--prove 3` checks some)",
        ),
    ] {
        let steps: Vec<_> = cut(what).collect();
        if !steps.is_empty() {
            let _ = writeln!(text, "not built again, since {why}: {}\n", steps.join(", "));
        }
    }
    for proof in builds.proofs.iter().filter(|proof| !proof.holds()) {
        let what = match &proof.failed {
            Some(why) => format!("could not be built again: {why}"),
            None => format!("comes out otherwise: {}", proof.differ.join(", ")),
        };
        let _ = writeln!(
            text,
            "{} had been left out for an unchanged interface, and {what}\n  what was built now counts; run again, \
             with `--cutoff content` to build everything that follows from it\n",
            proof.step
        );
    }
    for (source, packages) in &builds.unsettled {
        let _ = writeln!(
            text,
            "{source} does not settle: its last pass and the one before differ in {}; raise `build.passes`, or look at \
             `heirloom build --check {source}`\n",
            packages.join(", ")
        );
    }
    text
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
