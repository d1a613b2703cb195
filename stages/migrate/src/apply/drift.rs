//! A plan is for one machine as it was; what differs refuses it.

use std::fs;

use heirloom_model::Digest;

use super::Site;
use crate::check::Check;
use crate::plan::{FORMAT, Plan};

/// The part of a need for space that is there already once packages are downloaded.
const DOWNLOADS: &str = "downloads";

/// What differs from what the plan was made for. `has_packages` says whether they are downloaded.
pub(super) fn check(site: &Site<'_>, plan: &Plan, has_packages: bool) -> Vec<Check> {
    let mut checks: Vec<Check> = plan.blockers().cloned().collect();
    if plan.format != FORMAT {
        checks.push(Check::blocker(
            "plan-format",
            format!("the plan has form {}; this program reads {FORMAT}", plan.format),
            "make the plan with the program of the same version",
        ));
    }
    if !is_machine(site, &plan.machine.id) {
        checks.push(Check::blocker(
            "plan-machine",
            format!(
                "the plan is for {}; this is another machine (its /etc/machine-id differs)",
                plan.machine.host
            ),
            "assess this machine and make a plan for it",
        ));
        return checks;
    }
    match site.eyes.state(site.machine) {
        Ok(state) if state == plan.state => {}
        Ok(_) => checks.push(Check::blocker(
            "plan-drift",
            "packages were installed, removed or updated since the machine was assessed",
            "run `heirloom-migrate assess` and `plan` again",
        )),
        Err(why) => checks.push(Check::blocker(
            "plan-drift",
            format!("the database of packages can't be compared with the plan's: {why}"),
            "mend the database (`rpmdb --rebuilddb`), then assess and plan again",
        )),
    }
    checks.extend(space(site, plan, has_packages));
    checks
}

/// The id is of the file's text; its line's end does not matter.
fn is_machine(site: &Site<'_>, id: &str) -> bool {
    let bytes = site.machine.resolve("/etc/machine-id").and_then(fs::read).unwrap_or_default();
    match bytes.trim_ascii() {
        [] => id.is_empty(),
        text => id == Digest::of(text).to_string() || id == Digest::of(&bytes).to_string(),
    }
}

fn space<'a>(site: &'a Site<'_>, plan: &'a Plan, has_packages: bool) -> impl Iterator<Item = Check> + 'a {
    plan.space.iter().filter_map(move |need| {
        let there: u64 = match has_packages {
            true => need.parts.iter().filter(|(name, _)| name == DOWNLOADS).map(|(_, bytes)| bytes).sum(),
            false => 0,
        };
        let needed = need.needed.saturating_sub(there);
        let about = rustix::fs::statvfs(site.machine.place(&need.point)).ok()?;
        let free = about.f_bavail.saturating_mul(about.f_frsize);
        let megabytes = |bytes: u64| bytes.div_ceil(1 << 20);
        (free < needed).then(|| {
            Check::blocker(
                "space",
                format!(
                    "{} has {} MB free, and {} MB are needed",
                    need.point,
                    megabytes(free),
                    megabytes(needed)
                ),
                format!("make room on {}", need.point),
            )
        })
    })
}
