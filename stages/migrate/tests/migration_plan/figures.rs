//! How long a plan and a fleet take and what they need: `cargo test --release --workspace --test migration_plan figures -- --ignored --nocapture`.
//! Memory is the process's: one test at a time tells it.

use std::fmt::Write as _;
use std::time::Instant;

use heirloom_migrate::check::Check;
use heirloom_migrate::fleet;

use super::case::{Case, RELEASE};

/// Packages that are installed, of 5,000 names of which the target has two versions each.
const INSTALLED: u32 = 2000;
const NAMES: u32 = 5000;
/// Machines of a fleet, each with a file of its own.
const MACHINES: usize = 1000;

fn large() -> String {
    let mut text = RELEASE.to_owned();
    for n in 0..NAMES {
        let links: Vec<String> = (1..16)
            .map(|k| match (n * 7 + k * 13) % NAMES {
                other if other < INSTALLED && other < n => format!("lib{other}.so.1()(64bit)"),
                other if other < INSTALLED => format!("name{other} >= 1"),
                _ => format!("name{}", n % INSTALLED),
            })
            .collect();
        let provides: Vec<String> = (0..6).map(|k| format!("lib{n}.so.{k}()(64bit)")).collect();
        let rest =
            format!("req: {} | prov: {} | file: /usr/bin/name{n}", links.join(", "), provides.join(", "));
        if n < INSTALLED {
            let _ = writeln!(text, "vendor name{n}-1-1.el9.x86_64 | {rest}");
        }
        // Every tenth needs something new, of which there is a chain.
        let new =
            if n < INSTALLED && n % 10 == 0 { format!(", name{}", INSTALLED + n) } else { String::new() };
        let rest = rest.replacen(" | prov", &format!("{new} | prov"), 1);
        let _ =
            writeln!(text, "offer name{n}-1-2.el9.x86_64 | {rest}\noffer name{n}-1-1.el9_4.x86_64 | {rest}");
    }
    text
}

/// The peak counts from here on.
fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
}

fn memory(field: &str) -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    status.lines().find_map(|line| line.strip_prefix(field)).unwrap().trim().to_owned()
}

#[test]
#[ignore = "figures"]
fn a_plan() {
    let case = Case::parse(&large());
    forget_peak();
    let before = memory("VmRSS:");
    let start = Instant::now();
    let plan = case.plan();
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{} installed, {} offered: {} steps, {} blockers, {seconds:.2} s, VmRSS before {before}, VmHWM {}",
        case.assessment.packages.len(),
        case.offer.packages.len(),
        plan.packages.len(),
        plan.blockers().count(),
        memory("VmHWM:"),
    );
}

#[test]
#[ignore = "figures"]
fn a_fleet() {
    let mut machine = Case::parse(&large()).assessment;
    machine.format = heirloom_migrate::facts::FORMAT;
    machine.machine.host = "HOST".to_owned();
    machine.checks = vec![Check::blocker("check-HOST", "found", "advice")];
    let text = serde_json::to_string(&machine).unwrap();
    let dir = tempfile::tempdir().unwrap();
    for number in 0..MACHINES {
        let text = text.replacen("check-HOST", &format!("check-{}", number % 7), 1);
        let text = text.replacen("HOST", &format!("web{number}"), 1);
        std::fs::write(dir.path().join(format!("web{number}.json")), text).unwrap();
    }
    forget_peak();
    let before = memory("VmRSS:");
    let start = Instant::now();
    let matrix = fleet::read(dir.path()).unwrap().matrix();
    let seconds = start.elapsed().as_secs_f64();
    assert_eq!((matrix.machines, matrix.broken.len(), matrix.checks.len()), (MACHINES, 0, 7));
    println!(
        "{MACHINES} files, {} MB: {seconds:.2} s, VmRSS before {before}, VmHWM {}",
        text.len() * MACHINES / 1_000_000,
        memory("VmHWM:"),
    );
}
