//! `why`: what becomes of a package.

use heirloom_migrate::layout::Layout;
use heirloom_migrate::machine::Machine;
use heirloom_migrate::page;
use heirloom_migrate::plan::Plan;
use heirloom_migrate::seal::Envelope;

use crate::cli;
use crate::fail::{Exit, Fail};
use crate::ui::Shown;

pub(crate) fn run(machine: &Machine, args: &cli::Why) -> Result<Shown, Fail> {
    let path = args.plan.clone().unwrap_or_else(|| Layout::of(machine).at("plan.json"));
    let bytes = std::fs::read(&path).map_err(Fail::file("can't read", &path))?;
    let open = || Envelope::read(&path.display().to_string(), &bytes)?.unverified();
    let payload = open().map_err(|error| Fail::of(&error))?;
    let plan: Plan = serde_json::from_slice(&payload).map_err(|error| Fail::of(&error))?;
    match page::why(&plan, &args.package) {
        Some(text) => Shown::new(&text, text.clone()),
        None => Err(Fail::new(Exit::Failed, format!("the plan has no package `{}`", args.package))
            .hint("give its name, or name-version-release.arch")),
    }
}
