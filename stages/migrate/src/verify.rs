//! Whether a converted machine is what the plan says, and does what it did before. Pure: two looks at it and the plan.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_formats::openpgp::Keyring;
use serde::{Deserialize, Serialize};

use crate::check::{Check, Level};
use crate::facts::Assessment;
use crate::plan::{Action, Plan};

/// Names that are listed in a finding.
const MOST_NAMES: usize = 12;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Verdict {
    /// Installed packages.
    pub packages: u64,
    /// Those that the target's keys signed.
    pub of_target: u64,
    /// What is not as planned, or not as before; the worst first.
    pub checks: Vec<Check>,
}

impl Verdict {
    /// Whether there is anything but things to know.
    #[must_use]
    pub fn has_differences(&self) -> bool {
        self.checks.iter().any(|check| check.level != Level::Info)
    }
}

/// Holds a machine against its plan, and against itself before; without a look from before only against the plan.
#[must_use]
pub fn compare(plan: &Plan, before: Option<&Assessment>, now: &Assessment) -> Verdict {
    let mut checks = Vec::new();
    let of_target = signatures(plan, now, &mut checks);
    packages(plan, now, &mut checks);
    if let Some(before) = before {
        behaviour(before, now, &mut checks);
    }
    boot(now, &mut checks);
    checks.sort_by(|one, other| (other.level, &one.id).cmp(&(one.level, &other.id)));
    Verdict { packages: now.packages.len() as u64, of_target, checks }
}

/// Who signed what is installed.
fn signatures(plan: &Plan, now: &Assessment, checks: &mut Vec<Check>) -> u64 {
    let keys = Keyring::from_armoured(plan.target.certificates.as_bytes()).map(|ring| ring.key_ids());
    let keys = keys.unwrap_or_default();
    let (own, foreign): (Vec<_>, Vec<_>) =
        now.packages.iter().partition(|package| keys.contains(&package.key));
    let fate: BTreeMap<String, Action> = plan
        .packages
        .iter()
        .filter_map(|step| Some((step.installed.as_ref()?.to_string(), step.action)))
        .collect();
    let (mut planned, mut others) = (Vec::new(), Vec::new());
    for package in foreign {
        let nevra = package.nevra.to_string();
        match fate.get(&nevra) {
            Some(Action::ThirdParty | Action::Orphan) => planned.push(nevra),
            _ => others.push(nevra),
        }
    }
    if !planned.is_empty() {
        let found = format!("{} packages of others stay, as planned: {}", planned.len(), names(&planned));
        checks.push(Check::info("foreign-signatures", found, "they get no updates from the target"));
    }
    if !others.is_empty() {
        let found =
            format!("{} packages are not signed by {}: {}", others.len(), plan.target.name, names(&others));
        checks.push(Check::risk(
            "unplanned-signatures",
            found,
            "reinstall them from the target's repositories, or remove them",
        ));
    }
    own.len() as u64
}

/// Whether exactly what was planned is installed.
fn packages(plan: &Plan, now: &Assessment, checks: &mut Vec<Check>) {
    let wanted: BTreeSet<String> = plan
        .packages
        .iter()
        .filter_map(|step| match step.action {
            Action::Keep | Action::Orphan | Action::ThirdParty => {
                step.installed.as_ref().map(ToString::to_string)
            }
            _ => step.result.as_ref().map(|source| source.nevra.to_string()),
        })
        .collect();
    let found: BTreeSet<String> = now.packages.iter().map(|package| package.nevra.to_string()).collect();
    let missing: Vec<String> = wanted.difference(&found).cloned().collect();
    let more: Vec<String> = found.difference(&wanted).cloned().collect();
    if !missing.is_empty() {
        let found = format!("{} planned packages are not installed: {}", missing.len(), names(&missing));
        checks.push(Check::risk(
            "missing-packages",
            found,
            "if nobody removed or updated them since, look into log/transaction.log",
        ));
    }
    if !more.is_empty() {
        let found =
            format!("{} packages are installed that the plan does not have: {}", more.len(), names(&more));
        checks.push(Check::risk(
            "other-packages",
            found,
            "if nobody installed or updated them since, remove them",
        ));
    }
}

/// Whether the machine does what it did.
fn behaviour(before: &Assessment, now: &Assessment, checks: &mut Vec<Check>) {
    let services = |facts: &Assessment, which: fn(&crate::facts::Service) -> bool| -> BTreeSet<String> {
        facts.services.iter().filter(|service| which(service)).map(|service| service.name.clone()).collect()
    };
    let lost = |which: fn(&crate::facts::Service) -> bool| -> Vec<String> {
        services(before, which).difference(&services(now, which)).cloned().collect()
    };
    let gained: Vec<String> = services(now, |service| service.failed)
        .difference(&services(before, |service| service.failed))
        .cloned()
        .collect();
    let mut risk = |id: &str, what: &str, list: Vec<String>, advice: &str| {
        if !list.is_empty() {
            checks.push(Check::risk(id, format!("{what}: {}", names(&list)), advice));
        }
    };
    risk(
        "stopped-services",
        "services ran before and do not now",
        lost(|service| service.running),
        "`systemctl status NAME` says why",
    );
    risk(
        "disabled-services",
        "services started at boot before and do not now",
        lost(|service| service.enabled),
        "`systemctl enable NAME`",
    );
    risk("failed-services", "services failed", gained, "`systemctl status NAME` says why");
    let ports = |facts: &Assessment| -> BTreeSet<String> {
        facts.listeners.iter().map(|it| format!("{}/{} ({})", it.port, it.protocol, it.address)).collect()
    };
    let closed = ports(before).difference(&ports(now)).cloned().collect();
    risk(
        "closed-ports",
        "ports were listened on before and are not now",
        closed,
        "start what listened there",
    );
    let alternatives = now.alternatives.iter().filter(|it| {
        !it.exists && before.alternatives.iter().any(|other| other.name == it.name && other.exists)
    });
    let broken = alternatives.map(|it| format!("{} ({})", it.name, it.target)).collect();
    risk("broken-alternatives", "alternatives lead to nothing", broken, "`alternatives --auto NAME`");
    let elsewhere = before.alternatives.iter().filter(|it| it.mode == "manual").filter_map(|it| {
        let other = now.alternatives.iter().find(|other| other.name == it.name)?;
        // Another version of the same package may have a directory of its own.
        let owner = before.owner(&it.target);
        let is_same = other.target == it.target || owner.is_some() && owner == now.owner(&other.target);
        if is_same {
            return None;
        }
        Some(format!("{} ({}, before {})", it.name, other.target, it.target))
    });
    risk(
        "changed-alternatives",
        "alternatives that were set by hand lead elsewhere",
        elsewhere.collect(),
        "`alternatives --set NAME PATH`",
    );
    let changed: BTreeSet<&str> = before.changed.iter().map(|file| file.path.as_str()).collect();
    let fresh = now.changed.iter().filter(|file| !changed.contains(file.path.as_str()) && !file.is_config);
    let fresh = fresh.map(|file| file.path.clone()).collect();
    risk(
        "changed-files",
        "files of packages are not as they were packaged",
        fresh,
        "`rpm -V PACKAGE` says how; reinstall the package",
    );
}

/// Whether it would boot.
fn boot(now: &Assessment, checks: &mut Vec<Check>) {
    let (kernels, default) = (&now.boot.kernels, &now.boot.default_kernel);
    if kernels.is_empty() || default.is_empty() {
        return;
    }
    let Some(kernel) = kernels.iter().find(|kernel| kernel.version == *default) else {
        let found = format!("kernel {default} boots by default and is not installed");
        checks.push(Check::blocker("default-kernel", found, "`grubby --set-default=/boot/vmlinuz-VERSION`"));
        return;
    };
    if kernel.initramfs_bytes == 0 {
        let found = format!("kernel {default} boots by default and has no initramfs");
        checks.push(Check::blocker("initramfs", found, format!("`dracut --force --kver {default}`")));
    }
}

fn names(list: &[String]) -> String {
    let mut text = list.iter().take(MOST_NAMES).cloned().collect::<Vec<_>>().join(", ");
    if list.len() > MOST_NAMES {
        text.push_str(&format!(" and {} more", list.len() - MOST_NAMES));
    }
    text
}
