//! `verify`: whether the machine is what the plan says, and does what it did.

use heirloom_migrate::assess::assess;
use heirloom_migrate::check::Level;
use heirloom_migrate::layout::Layout;
use heirloom_migrate::machine::Machine;
use heirloom_migrate::plan::Plan;
use heirloom_migrate::seal::Envelope;
use heirloom_migrate::verify::compare;

use crate::eyes::{PROGRAM, now};
use crate::fail::{Exit, Fail};
use crate::ui::Shown;

pub(crate) fn run(machine: &Machine) -> Result<Shown, Fail> {
    let layout = Layout::of(machine);
    let path = layout.at("plan.json");
    let bytes = std::fs::read(&path).map_err(|_| Fail::from(heirloom_migrate::apply::ApplyError::None))?;
    let open = || Envelope::read("plan.json", &bytes)?.unverified();
    let payload = open().map_err(|error| Fail::of(&error))?;
    let plan: Plan = serde_json::from_slice(&payload).map_err(|error| Fail::of(&error))?;
    let before = std::fs::read(layout.at("before.json")).ok();
    let before = before.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let verdict = compare(&plan, before.as_ref(), &assess(machine, now(), PROGRAM));
    let mut text = format!(
        "{} packages, {} of them signed by {}",
        verdict.packages, verdict.of_target, plan.target.name
    );
    for check in &verdict.checks {
        let level = match check.level {
            Level::Info => "info",
            Level::Risk => "differs",
            Level::Blocker => "wrong",
        };
        text.push_str(&format!("\n{level}: {} ({})\n  {}", check.found, check.id, check.advice));
    }
    let shown = Shown::new(&verdict, text)?;
    Ok(match verdict.has_differences() {
        true => shown.next("mend what differs, or `heirloom-migrate rollback`").exit(Exit::Found),
        false => shown.next("reboot if a kernel was installed, then `heirloom-migrate finish`"),
    })
}
