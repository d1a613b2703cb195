//! The process that does the work, so that it goes on without a terminal.
//!
//! What it is to do is in a file (`request.json`), and what came of it in another (`result.json`). Where systemd runs, it is a unit of its own: a
//! session that ends takes its processes along. Else it is a session of its own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use heirloom_migrate::apply::{Outcome, Progress, RolledBack, Run, Site, finish, rollback};
use heirloom_migrate::layout::{Layout, write_whole};
use heirloom_migrate::machine::Machine;
use heirloom_migrate::seal::Signers;
use serde::{Deserialize, Serialize};

use crate::eyes::Real;
use crate::fail::{Exit, Fail};
use crate::ui;

/// What is to be done.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Request {
    /// Apply the plan in this file, if one of these or the machine's keys signed it.
    Apply { plan: PathBuf, signers: Vec<PathBuf> },
    /// Go on.
    Resume,
    /// Go back.
    Rollback,
    /// Give the way back up.
    Finish { force: bool },
}

/// What came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// Exit code.
    pub(crate) exit: u8,
    /// What is said.
    pub(crate) text: String,
    /// What to do next.
    pub(crate) next: String,
}

fn request_file(layout: &Layout) -> PathBuf {
    layout.home().join("request.json")
}

/// Where the answer is.
pub(crate) fn answer_file(layout: &Layout) -> PathBuf {
    layout.home().join("result.json")
}

/// Does the work in this process.
pub(crate) fn work(machine: &Machine, request: &Request, told: &dyn Fn(&Progress)) -> Answer {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT, signal_hook::consts::SIGHUP] {
        // Without it a signal ends the process, and what is left is taken up by `resume`.
        let _ = signal_hook::flag::register(signal, Arc::clone(&stop));
    }
    let layout = Layout::of(machine);
    let told = |progress: &Progress| {
        progress.write(&layout);
        told(progress);
    };
    let site = Site { machine, eyes: &Real, told: &told, stop: &stop };
    match perform(&site, request) {
        Ok(answer) => answer,
        Err(fail) => Answer { exit: fail.exit as u8, text: fail.message, next: fail.hint },
    }
}

fn perform(site: &Site<'_>, request: &Request) -> Result<Answer, Fail> {
    let answer =
        |text: String, next: &str| Ok(Answer { exit: Exit::Fine as u8, text, next: next.to_owned() });
    let mut run = match request {
        Request::Apply { plan, signers } => {
            let envelope = fs::read(plan).map_err(Fail::file("can't read", plan))?;
            let signers = Signers::of_machine(site.machine, signers).map_err(|error| Fail::of(&error))?;
            Run::begin(site, &envelope, &signers)?
        }
        Request::Resume => Run::resume(site)?,
        Request::Rollback => {
            let done = rollback(site)?;
            return answer(went_back(&done), "heirloom-migrate status");
        }
        Request::Finish { force } => {
            let told = finish(site, *force)?;
            let text = std::iter::once("The way back is given up; the machine is converted.".to_owned());
            return answer(text.chain(told).collect::<Vec<_>>().join("\n"), "heirloom-migrate verify");
        }
    };
    let name = format!("{} {}", run.plan().target.name, run.plan().target.version);
    match run.go()? {
        Outcome::Converted => answer(
            format!("The machine is {name} now. The way back stays open until `heirloom-migrate finish`."),
            "heirloom-migrate verify; then reboot, and `heirloom-migrate finish`",
        ),
        Outcome::Already => answer(
            format!("The machine is {name} already, by this plan; nothing was changed."),
            "heirloom-migrate verify",
        ),
    }
}

fn went_back(done: &RolledBack) -> String {
    if done.is_unchanged {
        return "There was nothing to put back: the machine is as it was.".to_owned();
    }
    let report = &done.report;
    let mut text = format!(
        "The machine is as it was: {} paths were put back, {} removed.",
        report.restored, report.removed
    );
    if !report.set_aside.is_empty() {
        text.push_str("\nSet aside below /var/lib/heirloom-migrate/current/set-aside:");
        for (path, why) in &report.set_aside {
            text.push_str(&format!("\n  {}: {why}", path.display()));
        }
    }
    for lost in report.lost.iter().chain(&done.boot) {
        text.push_str(&format!("\nnot put back: {lost}"));
    }
    text
}

/// The hidden verb: takes the request, works, and leaves the answer.
pub(crate) fn run(machine: &Machine) -> Result<(), Fail> {
    // In a unit of systemd it is the leader of a session already.
    let _ = rustix::process::setsid();
    let layout = Layout::of(machine);
    let path = request_file(&layout);
    let bytes = fs::read(&path).map_err(Fail::file("can't read", &path))?;
    let request: Request = serde_json::from_slice(&bytes).map_err(|error| Fail::of(&error))?;
    let _ = fs::remove_file(&path);
    let answer = work(machine, &request, &|_| {});
    let path = answer_file(&layout);
    let bytes = serde_json::to_vec(&answer).map_err(|error| Fail::of(&error))?;
    write_whole(&path, &bytes).map_err(Fail::file("can't write", &path))
}

/// Starts the process.
pub(crate) fn start(machine: &Machine, request: &Request) -> Result<(), Fail> {
    let layout = Layout::of(machine);
    fs::create_dir_all(layout.home()).map_err(Fail::file("can't make", layout.home()))?;
    let _ = fs::remove_file(answer_file(&layout));
    let path = request_file(&layout);
    let bytes = serde_json::to_vec(request).map_err(|error| Fail::of(&error))?;
    write_whole(&path, &bytes).map_err(Fail::file("can't write", &path))?;
    let program = std::env::current_exe().map_err(Fail::file("can't find", Path::new("/proc/self/exe")))?;
    let has_systemd = machine.is_here() && Path::new("/run/systemd/system").exists();
    if has_systemd && by_systemd(&program) {
        return Ok(());
    }
    let log_path = layout.home().join("worker.log");
    let log = File::create(&log_path).map_err(Fail::file("can't write", &log_path))?;
    let also = log.try_clone().map_err(Fail::file("can't write", &log_path))?;
    let mut command = Command::new(&program);
    command.arg("--root").arg(machine.root()).arg("worker").stdin(Stdio::null()).stdout(log).stderr(also);
    command.spawn().map_err(Fail::file("can't start", &program)).map(drop)
}

/// As a unit; whether that could be started. What ends the unit may wait as long as a transaction takes, and must not end dnf.
fn by_systemd(program: &Path) -> bool {
    let _ = Command::new("systemctl")
        .args(["reset-failed", "heirloom-migrate.service"])
        .stderr(Stdio::null())
        .status();
    let mut command = Command::new("systemd-run");
    command.args(["--unit=heirloom-migrate", "--quiet", "--description=Carrying this machine over"]);
    for property in ["KillMode=mixed", "SendSIGKILL=no", "TimeoutStopSec=infinity", "OOMScoreAdjust=-900"] {
        command.args(["-p", property]);
    }
    command.arg(program).arg("worker").stdin(Stdio::null());
    let done = command.status().is_ok_and(|status| status.success());
    if !done {
        ui::say("systemd-run failed; working without a unit of its own");
    }
    done
}
