//! First generation: joins the cgroups, leaves the host's namespaces, starts pid 1.

use std::fs;
use std::io::Write as _;
use std::os::unix::process::parent_id;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::fd::{AsRawFd as _, BorrowedFd, OwnedFd};
use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};
use rustix::process::{Signal, set_parent_process_death_signal};
use rustix::thread::UnshareFlags;

use super::order::{Doing as _, Order, Report, Trouble};
use super::user;

/// Runs the first generation; the report says why if this is false.
pub(super) fn enter(order_file: &Path) -> bool {
    match read(order_file).and_then(|order| start(&order, order_file)) {
        Ok(success) => success,
        Err(trouble) => {
            let report = Report { trouble: Some(trouble.to_string()), ..Report::default() };
            // Where even that fails, the caller misses the report and says so.
            let _ = write_report(&order_file.with_file_name("report.json"), &report);
            false
        }
    }
}

pub(super) fn read(order_file: &Path) -> Result<Order, Trouble> {
    let bytes = fs::read(order_file).doing(|| format!("read {}", order_file.display()))?;
    serde_json::from_slice(&bytes).doing(|| format!("understand {}", order_file.display()))
}

pub(super) fn write_report(path: &Path, report: &Report) -> Result<(), Trouble> {
    let text = serde_json::to_vec(report).doing(|| "write the report".to_owned())?;
    fs::write(path, text).doing(|| format!("write {}", path.display()))
}

fn start(order: &Order, order_file: &Path) -> Result<bool, Trouble> {
    close_inherited();
    die_with_parent()?;
    // The signal is asked for only now: a parent that died before would not send it.
    if parent_id() != order.parent {
        return Ok(false);
    }
    for group in &order.cgroups {
        fs::write(group, "0").doing(|| format!("join {}", group.display()))?;
    }
    // Away from the caller's terminal; and the first to go where the whole machine is out of memory.
    rustix::process::setsid().doing(|| "start a session".to_owned())?;
    fs::write("/proc/self/oom_score_adj", "500").doing(|| "yield to the host".to_owned())?;
    if let Some(ids) = &order.ids {
        user::enter(ids)?;
    }
    leave_namespaces()?;
    let terminal = order.attached.then(hand_on_input).transpose()?;
    let mut child = Command::new("/proc/self/exe")
        .arg(super::VERB)
        .arg("init")
        // A relative name: everything inside can see the command line of pid 1.
        .arg(order_file.file_name().unwrap_or_default())
        .args(terminal.iter().map(|terminal| terminal.as_raw_fd().to_string()))
        .current_dir(order_file.parent().unwrap_or(Path::new("/")))
        .stdin(Stdio::piped())
        .spawn()
        .doing(|| "start pid 1 of the sandbox".to_owned())?;
    // Pid 1 goes on only when it has read this, and by then it will die with us.
    if let Some(mut pipe) = child.stdin.take() {
        pipe.write_all(b"!").doing(|| "release pid 1 of the sandbox".to_owned())?;
    }
    Ok(child.wait().doing(|| "wait for pid 1 of the sandbox".to_owned())?.success())
}

/// Standard input under another number, which pid 1 inherits: its own is the pipe by which it is released.
fn hand_on_input() -> Result<OwnedFd, Trouble> {
    let what = || "hand on standard input".to_owned();
    let copy = fcntl_dupfd_cloexec(std::io::stdin(), 3).doing(what)?;
    fcntl_setfd(&copy, FdFlags::empty()).doing(what)?;
    Ok(copy)
}

/// Keeps what the caller's shell left open from the next generation: a directory among it would be a way
/// out of the sandbox.
#[expect(unsafe_code, reason = "no safe call takes a descriptor of which only the number is known")]
fn close_inherited() {
    let entries = fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let numbers: Vec<i32> = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    for number in numbers.into_iter().filter(|&number| number > 2) {
        // SAFETY: borrowed for this one call; this process has one thread, so that nothing closes it
        // meanwhile. The one that listed the others is gone, and the call answers with an error.
        let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
        let _ = fcntl_setfd(descriptor, FdFlags::CLOEXEC);
    }
}

pub(super) fn die_with_parent() -> Result<(), Trouble> {
    set_parent_process_death_signal(Some(Signal::KILL)).doing(|| "ask to die with the parent".to_owned())
}

#[expect(deprecated, reason = "the successor is unsafe for one flag, FILES, which is not used here")]
fn leave_namespaces() -> Result<(), Trouble> {
    rustix::thread::unshare(
        UnshareFlags::NEWNS
            | UnshareFlags::NEWPID
            | UnshareFlags::NEWNET
            | UnshareFlags::NEWIPC
            | UnshareFlags::NEWUTS
            | UnshareFlags::NEWCGROUP,
    )
    .doing(|| "leave the host's namespaces".to_owned())
}
