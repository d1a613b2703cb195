//! A plan as a page for people, in a terminal of 80 to 100 columns: what is to be decided first, details behind it.

mod details;
mod text;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::check::Level;
use crate::plan::{Action, PackageStep, Plan};
use text::{Page, bytes, duration};

pub use details::{packages, why};

/// Which packages [`packages`] lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only with these actions; all but what stays as it is if there is none.
    pub actions: Vec<Action>,
    /// Only packages whose names match; `*` stands for any characters. All if it is empty.
    pub name: String,
}

/// The actions in the order in which a person wants to know of them, with what is said of them.
const ACTIONS: [(Action, &str); 9] = [
    (Action::Remove, "removed"),
    (Action::Downgrade, "replaced by older ones"),
    (Action::Swap, "replaced by packages of another name"),
    (Action::Install, "added"),
    (Action::Upgrade, "replaced by newer ones"),
    (Action::Reinstall, "replaced by the same version"),
    (Action::Orphan, "kept, without updates from now on"),
    (Action::ThirdParty, "kept, from others"),
    (Action::Keep, "the target's already"),
];

/// The page of a plan.
#[must_use]
pub fn plan(plan: &Plan) -> String {
    let mut page = Page::default();
    summary(&mut page, plan);
    checks(&mut page, plan, Level::Blocker, "What has to be mended first");
    numbers(&mut page, plan);
    checks(&mut page, plan, Level::Risk, "What may go wrong, or is lost");
    details::changes(&mut page, plan);
    details::rest(&mut page, plan);
    checks(&mut page, plan, Level::Info, "Good to know");
    page.text
}

fn summary(page: &mut Page, plan: &Plan) {
    let target = &plan.target;
    let host = if plan.machine.host.is_empty() { "This machine" } else { &plan.machine.host };
    page.title(&format!("{host}: {} becomes {} {}", plan.from, target.name, target.version));
    let blockers = plan.blockers().count();
    let risks = plan.checks.iter().filter(|check| check.level == Level::Risk).count();
    let changed = changed(plan).count();
    let added = plan.packages.iter().filter(|step| step.installed.is_none()).count();
    let verdict = match (blockers, changed) {
        (0, 0) => "Nothing is to be done: all packages are as the target has them.".to_owned(),
        (0, _) => format!(
            "It can be applied. {}",
            counted(risks, "thing should be read before", "things should be read before")
        ),
        _ => format!(
            "It can't be applied yet: {}.",
            counted(blockers, "thing has to be mended first", "things have to be mended first")
        ),
    };
    page.paragraph(&verdict);
    page.fact(
        "Packages",
        &format!(
            "{} of {} change{}",
            changed - added,
            plan.packages.iter().filter(|step| step.installed.is_some()).count(),
            if added == 0 { String::new() } else { format!(", {added} are added") }
        ),
    );
    page.fact("Download", &bytes(plan.download));
    page.fact(
        "Downtime",
        &format!("about {} for the transaction, and a reboot", duration(plan.expected_seconds)),
    );
    page.fact("Target", &format!("signed by {}", target.signer));
    page.fact(
        "For",
        &format!("these installed packages only ({})", plan.state.get(..12).unwrap_or(&plan.state)),
    );
}

fn counted(count: usize, one: &str, many: &str) -> String {
    match count {
        0 => "Nothing is known that could go wrong.".to_owned(),
        1 => format!("1 {one}"),
        _ => format!("{count} {many}"),
    }
}

fn changed(plan: &Plan) -> impl Iterator<Item = &PackageStep> {
    plan.packages.iter().filter(|step| step.result.is_some() || step.action == Action::Remove)
}

fn checks(page: &mut Page, plan: &Plan, level: Level, title: &str) {
    let mut all = plan.checks.iter().filter(|check| check.level == level).peekable();
    if all.peek().is_none() {
        return;
    }
    page.heading(title);
    for check in all {
        page.item(&format!("[{}] {}", check.id, sentence(&check.found)));
        page.inside(&check.advice);
    }
}

/// A finding begins with a small letter, and has no end.
fn sentence(found: &str) -> String {
    if found.ends_with('.') { found.to_owned() } else { format!("{found}.") }
}

fn numbers(page: &mut Page, plan: &Plan) {
    let mut counts: BTreeMap<Action, usize> = BTreeMap::new();
    for step in &plan.packages {
        *counts.entry(step.action).or_default() += 1;
    }
    page.heading("Packages");
    for (action, said) in ACTIONS {
        if let Some(count) = counts.get(&action) {
            let _ = writeln!(page.text, "{count:>7}  {said}");
        }
    }
}
