//! The transaction as dnf replays it, and what is installed afterwards.

use std::collections::BTreeSet;
use std::fs;

use heirloom_model::Nevra;
use serde::Serialize;

use crate::machine::Machine;
use crate::plan::{Action, PackageStep};

/// The repository of just the plan.
pub(super) const REPOSITORY: &str = "heirloom-migrate";

#[derive(Serialize)]
struct Stored {
    version: String,
    rpms: Vec<Item>,
}

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Item {
    action: &'static str,
    nevra: String,
    reason: String,
    repo_id: &'static str,
}

/// The file for `dnf history replay`, for a dnf that reads this major version of it. dnf refuses if anything but exactly this would happen.
#[must_use]
pub fn replay(steps: &[PackageStep], major: u32) -> Vec<u8> {
    let mut rpms = Vec::new();
    for step in steps {
        let (forward, backward) = match step.action {
            Action::Keep | Action::Orphan | Action::ThirdParty => continue,
            Action::Reinstall => ("Reinstall", "Reinstalled"),
            Action::Upgrade => ("Upgrade", "Upgraded"),
            Action::Downgrade => ("Downgrade", "Downgraded"),
            Action::Swap => ("Install", "Obsoleted"),
            Action::Install => ("Install", ""),
            Action::Remove => ("", "Removed"),
        };
        let mut add = |action, nevra: &Nevra, repo_id| {
            let reason = reason(&step.kept_as).to_owned();
            rpms.push(Item { action, nevra: nevra.to_string(), reason, repo_id });
        };
        if let (Some(result), false) = (&step.result, forward.is_empty()) {
            add(forward, &result.nevra, REPOSITORY);
        }
        if let (Some(installed), false) = (&step.installed, backward.is_empty()) {
            add(backward, installed, "");
        }
    }
    // One package can take the place of several.
    rpms.sort_by(|one, other| (one.action, &one.nevra).cmp(&(other.action, &other.nevra)));
    rpms.dedup_by(|one, other| (one.action, &one.nevra) == (other.action, &other.nevra));
    // Texts alone: nothing of it can fail.
    serde_json::to_vec_pretty(&Stored { version: format!("{major}.0"), rpms }).unwrap_or_default()
}

/// dnf's word for why a package is there.
fn reason(kept_as: &str) -> &str {
    match kept_as {
        "user" | "dependency" | "weak-dependency" | "group" | "unknown" => kept_as,
        _ => "unknown",
    }
}

/// What is installed afterwards.
#[must_use]
pub fn expected(before: impl IntoIterator<Item = Nevra>, steps: &[PackageStep]) -> BTreeSet<Nevra> {
    let mut all: BTreeSet<_> = before.into_iter().collect();
    let acting = || {
        steps.iter().filter(|step| !matches!(step.action, Action::Keep | Action::Orphan | Action::ThirdParty))
    };
    for installed in acting().filter_map(|step| step.installed.as_ref()) {
        all.remove(installed);
    }
    all.extend(acting().filter_map(|step| Some(step.result.as_ref()?.nevra.clone())));
    all
}

/// The major version of stored transactions that the machine's dnf reads, as its own source says; 0 if it can't be found.
pub(super) fn version(machine: &Machine) -> u32 {
    let major = |text: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix("VERSION_MAJOR = "))?;
        line.trim().parse().ok()
    };
    let lib = machine.place("/usr/lib");
    let mut places: Vec<_> = fs::read_dir(lib)
        .map(|entries| entries.filter_map(|entry| Some(entry.ok()?.path())).collect())
        .unwrap_or_default();
    places.retain(|place: &std::path::PathBuf| {
        place.file_name().is_some_and(|name| name.to_string_lossy().starts_with("python3"))
    });
    places.sort();
    let files = places.iter().flat_map(|place| {
        ["site-packages", "dist-packages"].map(|packages| place.join(packages).join("dnf/transaction_sr.py"))
    });
    files.filter_map(|file| major(&fs::read_to_string(file).ok()?)).next().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use heirloom_model::Digest;

    use super::*;
    use crate::plan::Source;

    fn step(action: Action, installed: &str, result: &str) -> PackageStep {
        let source = |nevra: Nevra| Source {
            nevra,
            repository: "target".to_owned(),
            location: String::new(),
            digest: Digest::of(b""),
            size: 0,
            installed_size: 0,
        };
        PackageStep {
            action,
            installed: installed.parse().ok(),
            result: result.parse().ok().map(source),
            kept_as: "user".to_owned(),
            reason: String::new(),
        }
    }

    fn steps() -> Vec<PackageStep> {
        vec![
            step(Action::Keep, "same-1-1.noarch", "same-1-1.noarch"),
            step(Action::Reinstall, "again-1-1.noarch", "again-1-1.noarch"),
            step(Action::Upgrade, "up-1-1.noarch", "up-2:2-1.noarch"),
            step(Action::Swap, "old-release-1-1.noarch", "new-release-1-1.noarch"),
            step(Action::Swap, "old-repos-1-1.noarch", "new-release-1-1.noarch"),
            step(Action::Remove, "gone-1-1.noarch", ""),
            step(Action::ThirdParty, "theirs-1-1.noarch", ""),
        ]
    }

    #[test]
    fn a_transaction_lists_both_sides_of_each_step_once() {
        let text: serde_json::Value = serde_json::from_slice(&replay(&steps(), 0)).unwrap();
        assert_eq!(text["version"], "0.0");
        let items: Vec<_> = text["rpms"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| {
                format!(
                    "{} {} {}",
                    item["action"].as_str().unwrap(),
                    item["nevra"].as_str().unwrap(),
                    item["repo_id"].as_str().unwrap()
                )
            })
            .collect();
        assert_eq!(
            items,
            [
                "Install new-release-1-1.noarch heirloom-migrate",
                "Obsoleted old-release-1-1.noarch ",
                "Obsoleted old-repos-1-1.noarch ",
                "Reinstall again-1-1.noarch heirloom-migrate",
                "Reinstalled again-1-1.noarch ",
                "Removed gone-1-1.noarch ",
                "Upgrade up-2:2-1.noarch heirloom-migrate",
                "Upgraded up-1-1.noarch ",
            ]
        );
    }

    #[test]
    fn what_is_installed_afterwards_follows_from_the_plan() {
        let before = steps().into_iter().filter_map(|step| step.installed);
        let names: Vec<_> = expected(before, &steps()).iter().map(ToString::to_string).collect();
        assert_eq!(
            names,
            [
                "again-1-1.noarch",
                "new-release-1-1.noarch",
                "same-1-1.noarch",
                "theirs-1-1.noarch",
                "up-2:2-1.noarch",
            ]
        );
    }
}
