//! `heirloom build`: builds what is not built yet.

use std::fmt::Write as _;

use heirloom_model::record::{CutOff, FailKind};

use crate::cli::Build;
use crate::context::Context;
use crate::fail::{Exit, Fail};
use crate::flow::building::Builds;
use crate::flow::building::proving::Proof;
use crate::flow::checking::{self, Check};
use crate::ui::Shown;
use crate::{flow, report};

pub(crate) fn run(context: &Context, args: &Build) -> Result<Shown, Fail> {
    if args.check {
        return check(context, &args.packages);
    }
    let (_, builds) = flow::built(context, &args.how)?;
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
    match (
        builds.failed.is_empty() && builds.plan.unbuildable.is_empty(),
        builds.proofs.iter().all(Proof::holds),
    ) {
        (false, _) => Exit::Build,
        (true, false) => Exit::Promise,
        (true, true) => Exit::Fine,
    }
}

/// Names that a sentence has at most.
const NAMED: usize = 12;

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
            let (shown, more) = steps.split_at(steps.len().min(NAMED));
            let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
            let _ = writeln!(text, "not built again, since {why}: {}{more}\n", shown.join(", "));
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
    for (source, why) in &builds.plan.unbuildable {
        let _ = writeln!(text, "{source} was left out:\n  {}\n", why.trim_end().replace('\n', "\n  "));
    }
    for (step, deviations) in &builds.deviations {
        let (first, more) = (&deviations[0], deviations.len() - 1);
        let _ = writeln!(text, "{step} does not have its recorded buildroot: {first}");
        if more > 0 {
            let _ = writeln!(text, "  and {more} more deviations: `heirloom why {step}`");
        }
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

/// Whether what is built is reproducible.
fn check(context: &Context, packages: &[String]) -> Result<Shown, Fail> {
    let builder = flow::builder(context)?;
    let checks = checking::check(context, &builder, packages)?;
    let mut text = String::new();
    for check in &checks.steps {
        text.push_str(&checked(check));
    }
    let different = checks.steps.iter().filter(|check| !check.is_reproducible()).count();
    let _ = match different {
        0 => write!(text, "all {} are reproducible", checks.steps.len()),
        _ => write!(text, "{different} of {} are not reproducible", checks.steps.len()),
    };
    let exit = if different == 0 { Exit::Fine } else { Exit::Promise };
    Ok(Shown::new(&checks, text)?.exit(exit))
}

/// One step with its packages.
fn checked(check: &Check) -> String {
    let mut text = format!("{}\n", check.step);
    if let Some(failed) = &check.failed {
        let _ = writeln!(text, "  does not build under other circumstances: {}", failed.trim_end());
        let _ = writeln!(text, "  they were: {}", check.varied.join("; "));
    }
    for nevra in &check.only_once {
        let _ = writeln!(text, "  {nevra}: made by one of both builds only");
    }
    for package in &check.packages {
        match &package.compared {
            None => _ = writeln!(text, "  {}: reproducible", package.nevra),
            Some(compared) => {
                let _ = writeln!(text, "  {}: differs", package.nevra);
                for line in report::one(compared, true).lines().skip(1) {
                    let _ = writeln!(text, "  {line}");
                }
            }
        }
    }
    if check.path_alone == Some(true) {
        text.push_str("  all this comes from the path of the build tree, which is the same in every build\n");
    }
    for circumstance in &check.not_varied {
        let _ = writeln!(text, "  not varied: {circumstance}");
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
