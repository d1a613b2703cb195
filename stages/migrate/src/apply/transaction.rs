//! The transaction: the machine's own dnf replays exactly what is planned.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use heirloom_formats::openpgp::Keyring;
use heirloom_model::Nevra;

use super::installed::packages;
use super::lock::Lock;
use super::replay::expected;
use super::{ApplyError, Present, Progress, Site, stage};
use crate::journal::Step;
use crate::layout::Layout;
use crate::machine::Machine;
use crate::plan::Plan;

/// dnf is Python, and leaves no compiled modules behind.
pub(super) const NO_BYTECODE: &str = "PYTHONDONTWRITEBYTECODE";
/// How often the log is looked at.
const PAUSE: Duration = Duration::from_millis(150);
/// Bytes of the log's end that are looked at for progress.
const TAIL: u64 = 4096;
/// Bytes of the log that are read at its end. Real ones have some MB.
const LARGEST: u64 = 64 << 20;
/// Lines of what dnf said that are told.
const MOST_LINES: usize = 25;

/// Arguments of dnf for what is staged; nothing that is set up on the machine counts but its directories.
pub(super) fn arguments(is_test: bool) -> Vec<String> {
    let at = |name: &str| Layout::inside(&format!("stage/{name}"));
    let mut words = vec!["-y".to_owned(), "--noplugins".to_owned()];
    let settings = [
        format!("reposdir={}", at("repos.d")),
        format!("cachedir={}", at("cache")),
        "install_weak_deps=0".to_owned(),
        "clean_requirements_on_remove=0".to_owned(),
        "keepcache=0".to_owned(),
        "deltarpm=0".to_owned(),
        "best=1".to_owned(),
        "strict=1".to_owned(),
        "obsoletes=1".to_owned(),
        // The plan says what goes; a release package is protected on most machines.
        "protected_packages=".to_owned(),
        "installonly_limit=0".to_owned(),
        "color=never".to_owned(),
    ];
    words.extend(settings.map(|setting| format!("--setopt={setting}")));
    if is_test {
        words.push("--setopt=tsflags=test".to_owned());
        words.push(format!("--setopt=logdir={}", Layout::inside("log")));
    }
    words.extend(["history".to_owned(), "replay".to_owned(), at("replay.json")]);
    words
}

/// dnf with its output in a log, which nobody has to read for it to go on, and in a process group of its own: what ends this program does not end it.
fn start(machine: &Machine, layout: &Layout, log: &Path) -> Result<Child, ApplyError> {
    let out = File::create(log).map_err(ApplyError::io("can't write", log))?;
    let also = out.try_clone().map_err(ApplyError::io("can't write", log))?;
    let mut command: Command = machine.tool("dnf");
    command.args(arguments(false)).env("PYTHONUNBUFFERED", "1").env(NO_BYTECODE, "1");
    command.stdin(Stdio::from(Lock::for_transaction(layout)?)).stdout(out).stderr(also).process_group(0);
    command.spawn().map_err(|source| ApplyError::Tool { tool: "dnf".to_owned(), source })
}

/// Runs it. Risks that were noticed: a sentence each.
///
/// # Errors
/// It failed, or something else came of it than was planned. Nothing is put back here.
pub(super) fn run(
    site: &Site<'_>,
    layout: &Layout,
    plan: &Plan,
    before: &[Nevra],
) -> Result<Vec<String>, ApplyError> {
    let _ = fs::remove_dir_all(layout.at("stage").join("cache"));
    let log = layout.at("log").join("transaction.log");
    let mut child = start(site.machine, layout, &log)?;
    let status = loop {
        match child.try_wait().map_err(ApplyError::io("can't wait for dnf", &log))? {
            Some(status) => break status,
            None => {
                tell(site, &log);
                std::thread::sleep(PAUSE);
            }
        }
    };
    let said = read(&log);
    let failed = |why: String| {
        let said = format!("{why}\n{}", excerpt(&said));
        ApplyError::Step { step: Step::Transaction, said, rolled_back: false }
    };
    if !status.success() {
        return Err(failed(format!("dnf ended with {status}:")));
    }
    let now = packages(site.machine, layout)?;
    let differences = differences(before, &now, plan);
    if !differences.is_empty() {
        return Err(failed(format!("another set of packages came of it: {}", differences.join("; "))));
    }
    Ok(risks(&said))
}

/// How far it is, by the last line of the form `Installing : NAME 3/40`.
fn tell(site: &Site<'_>, log: &Path) {
    let Ok(mut file) = File::open(log) else { return };
    let length = file.metadata().map_or(0, |about| about.len());
    let mut bytes = Vec::new();
    let sought = file.seek(SeekFrom::Start(length.saturating_sub(TAIL)));
    if sought.and_then(|_| file.take(TAIL).read_to_end(&mut bytes)).is_err() {
        return;
    }
    let text = String::from_utf8_lossy(&bytes);
    if let Some((done, total, what)) = text.lines().rev().find_map(counted) {
        (site.told)(&Progress::new("transaction", done, total, what));
    }
}

fn counted(line: &str) -> Option<(u64, u64, String)> {
    let (rest, count) = line.trim_end().rsplit_once(' ')?;
    let (done, total) = count.split_once('/')?;
    let (doing, package) = rest.split_once(':')?;
    let (done, total) = (done.parse().ok()?, total.parse().ok()?);
    Some((done, total, format!("{} {}", doing.trim().to_lowercase(), package.trim())))
}

fn read(log: &Path) -> String {
    let mut bytes = Vec::new();
    let _ = File::open(log).and_then(|file| file.take(LARGEST).read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What a person needs of it: the lines that speak of errors, else the last ones.
pub(super) fn excerpt(said: &str) -> String {
    let is_telling = |line: &&str| {
        let line = line.to_lowercase();
        ["error", "failed", "problem", "conflict", "no space", "cannot", "can't", "was pulled"]
            .iter()
            .any(|word| line.contains(word))
    };
    let mut lines: Vec<&str> = said.lines().filter(is_telling).take(MOST_LINES).collect();
    if lines.is_empty() {
        lines = said.lines().rev().filter(|line| !line.trim().is_empty()).take(8).collect();
        lines.reverse();
    }
    lines.join("\n")
}

/// Scriptlets that failed: rpm goes on after most of them.
fn risks(said: &str) -> Vec<String> {
    let is_failure = |line: &&str| {
        line.contains("scriptlet failed") || (line.starts_with("Error in ") && line.contains("scriptlet"))
    };
    let mut all: Vec<_> = said.lines().map(str::trim).filter(is_failure).map(str::to_owned).collect();
    all.sort();
    all.dedup();
    all
}

/// What is not as planned: packages that are missing or too many, or not signed by the target's key.
fn differences(before: &[Nevra], now: &[Present], plan: &Plan) -> Vec<String> {
    let wanted = expected(before.iter().cloned(), &plan.packages);
    let found: BTreeSet<Nevra> = now.iter().map(|present| present.nevra.clone()).collect();
    let mut all: Vec<_> = wanted.difference(&found).map(|nevra| format!("{nevra} is not there")).collect();
    all.extend(found.difference(&wanted).map(|nevra| format!("{nevra} is still there")));
    let keys = Keyring::from_armoured(plan.target.certificates.as_bytes()).map(|ring| ring.key_ids());
    let keys = keys.unwrap_or_default();
    let brought = stage::sources(plan);
    for present in now.iter().filter(|present| brought.contains_key(&present.nevra.file_name())) {
        if !present.key.is_empty() && !keys.contains(&present.key) {
            all.push(format!("{} is still the one that {} signed", present.nevra, present.key));
        }
    }
    all.truncate(MOST_LINES);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_what_dnf_counts() {
        let line = "  Upgrading        : bash-5.1.8-9.el9.x86_64                       12/340 \n";
        let told = counted(line).unwrap();
        assert_eq!(told, (12, 340, "upgrading bash-5.1.8-9.el9.x86_64".to_owned()));
        assert_eq!(counted("Total size: 1.5 M"), None);
    }

    #[test]
    fn scriptlets_that_failed_are_told_once() {
        let said = "warning: %post(a-1-1.noarch) scriptlet failed, exit status 1\n\nError in POSTIN scriptlet in rpm package a\n\
                    warning: %post(a-1-1.noarch) scriptlet failed, exit status 1\n";
        assert_eq!(risks(said).len(), 2);
    }
}
