//! Second generation, pid 1 inside: builds the view, runs the steps, hands the results out.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd as _, FromRawFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::fs::{CWD, Mode, OFlags, Uid, openat};
use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType, send, socket_with};
use rustix::process::{Pid, Resource, Signal, WaitOptions, WaitStatus, kill_process_group, wait};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use super::enter::{die_with_parent, read};
use super::order::{Doing as _, Order, Report, Step, StepEnd, Trouble};
use super::terminal::Terminal;
use super::usage::Watch;
use super::{HOME, caps, mounts, outputs, view};

/// A step's own output streams may have so many bytes.
const OUTPUT_LIMIT: u64 = 64 << 20;

/// The exit code that shells give for a program that is not there.
const NOT_FOUND: i32 = 127;

/// Runs pid 1; the report says why if this is false.
///
/// `input` is the number of the descriptor that the steps read from, if the caller's is theirs.
pub(super) fn init(order_file: &Path, input: Option<&str>) -> bool {
    let Ok((order, outside)) = begin(order_file) else { return false };
    let mut report = Report::default();
    let input = input.and_then(|number| number.parse().ok()).map(adopt);
    if let Err(trouble) = work(&order, &outside, input, &mut report) {
        report.trouble = Some(trouble.to_string());
    }
    outputs::write(&outside, "report.json", &serde_json::to_vec(&report).unwrap_or_default()).is_ok()
}

/// Waits until the first generation has let go, then reads the order and opens the way out.
fn begin(order_file: &Path) -> Result<(Order, OwnedFd), Trouble> {
    die_with_parent()?;
    let mut go = [0];
    std::io::stdin().read_exact(&mut go).doing(|| "hear from the parent".to_owned())?;
    let order = read(order_file)?;
    std::env::set_current_dir(&order.state).doing(|| format!("enter {}", order.state.display()))?;
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
    let outside =
        openat(CWD, &order.work, flags, Mode::empty()).doing(|| "open the work directory".to_owned())?;
    Ok((order, outside))
}

/// The descriptor of this number, which the first generation left open for us.
#[expect(unsafe_code, reason = "no safe call takes a descriptor of which only the number is known")]
fn adopt(number: i32) -> OwnedFd {
    // SAFETY: the first generation made it for this purpose alone, and nothing else here knows the number.
    let descriptor = unsafe { OwnedFd::from_raw_fd(number) };
    let _ = rustix::io::fcntl_setfd(&descriptor, rustix::io::FdFlags::CLOEXEC);
    descriptor
}

fn work(
    order: &Order,
    outside: &OwnedFd,
    input: Option<OwnedFd>,
    report: &mut Report,
) -> Result<(), Trouble> {
    mounts::detach_propagation()?;
    view::enter(order)?;
    let surroundings = &order.surroundings;
    rustix::system::sethostname(surroundings.host_name.as_bytes())
        .doing(|| "set the host name".to_owned())?;
    raise_loopback()?;
    if surroundings.one_processor {
        stay_on_one_processor()?;
    }
    caps::restrain(order.steps.iter().map(|step| step.user).min().unwrap_or(0), surroundings.umask)?;
    // Only in a namespace of its own has the build user no other processes.
    if let Some(bounds) = order.bounds.filter(|_| order.ids.is_some()) {
        caps::set_limit(Resource::Nproc, bounds.backstop(), Some(bounds.backstop()))?;
    }
    let watch = Watch::start(order.bounds);
    let user = order.steps.first().map_or(0, |step| step.user);
    let terminal = input.as_ref().map(|input| Terminal::open(input, user)).transpose()?.flatten();
    let (relay, streams) = match (terminal, input) {
        (Some(terminal), Some(input)) => (Some(terminal.relay(input)?), Streams::Terminal(terminal)),
        (None, Some(input)) => (None, Streams::Callers(input)),
        (_, None) => (None, Streams::Own),
    };
    for step in &order.steps {
        let end = run(order, step, outside, &streams)?;
        let failed = end.code != Some(0) && step.output.is_none();
        report.steps.push(end);
        if failed || watch.stop().is_some() {
            break;
        }
    }
    end_all();
    drop(streams);
    if let Some(relay) = relay {
        let _ = relay.join();
    }
    (report.stop, report.peak_memory) = (watch.stop(), watch.peak());
    report.cpu_seconds = cpu_seconds();
    report.disk_full = disk_full()?;
    outputs::collect(outside, &Path::new(HOME).join(&surroundings.top))
}

/// Every program is then told that there is only one.
fn stay_on_one_processor() -> Result<(), Trouble> {
    let what = || "stay on one processor".to_owned();
    let all = sched_getaffinity(None).doing(what)?;
    let mut one = CpuSet::new();
    if let Some(first) = (0..CpuSet::MAX_CPU).find(|&number| all.is_set(number)) {
        one.set(first);
    }
    sched_setaffinity(None, &one).doing(what)
}

/// The standard streams of the steps.
enum Streams {
    /// Nothing to read; what is written goes to the log.
    Own,
    /// The caller's, of which this is the input.
    Callers(OwnedFd),
    Terminal(Terminal),
}

fn run(order: &Order, step: &Step, outside: &OwnedFd, streams: &Streams) -> Result<StepEnd, Trouble> {
    let program = step.command.first().map_or("", String::as_str);
    let what = || format!("start {program}");
    let mut command = Command::new(program);
    command.args(step.command.iter().skip(1)).env_clear().envs(order.environment.iter().cloned());
    command.current_dir("/").stdin(Stdio::null()).uid(step.user).gid(step.user);
    match streams {
        Streams::Own => {}
        Streams::Callers(input) => _ = command.stdin(input.try_clone().doing(what)?).current_dir(HOME),
        Streams::Terminal(terminal) => {
            terminal.attach(&mut command)?;
            command.current_dir(HOME);
        }
    }
    let mut errors = match &step.output {
        Some(output) => {
            // Inherited by the steps: a stream that runs full fails its program, not the host's disk.
            caps::set_limit(Resource::Fsize, OUTPUT_LIMIT, None)?;
            let errors = outputs::create(outside, &format!("out/{output}.err"))?;
            command.stdout(outputs::create(outside, &format!("out/{output}.out"))?);
            command.stderr(errors.try_clone().doing(what)?);
            errors
        }
        None if order.attached => std::io::stderr().as_fd().try_clone_to_owned().doing(what)?.into(),
        None => {
            // Who opens /dev/stderr anew must have the right to, as with a file.
            let stream = std::io::stderr().as_fd().try_clone_to_owned().doing(what)?;
            rustix::fs::fchown(&stream, Some(Uid::from_raw(step.user)), None).doing(what)?;
            stream.into()
        }
    };
    let started = Instant::now();
    let (code, late) = match command.spawn() {
        Ok(child) => {
            let deadline = step.seconds.map(|seconds| started + Duration::from_secs(seconds));
            await_exit(child.id(), deadline)?
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            writeln!(errors, "error: the buildroot has no {program}").doing(what)?;
            (Some(NOT_FOUND), false)
        }
        Err(error) => return Err(error).doing(what),
    };
    Ok(StepEnd { code, late, seconds: started.elapsed().as_secs_f64() })
}

/// Reaps everything, as pid 1 must, until this child has ended.
fn await_exit(child: u32, deadline: Option<Instant>) -> Result<(Option<i32>, bool), Trouble> {
    let options = if deadline.is_some() { WaitOptions::NOHANG } else { WaitOptions::empty() };
    let mut late = false;
    let mut pause = Duration::from_millis(1);
    loop {
        match wait(options).doing(|| "wait for a program".to_owned())? {
            Some((pid, status)) if pid.as_raw_nonzero().get().unsigned_abs() == child => {
                return Ok((exit_code(status), late));
            }
            Some(_) => {}
            None if deadline.is_some_and(|deadline| Instant::now() > deadline) => {
                late = true;
                kill_everything();
            }
            None => {
                sleep(pause);
                pause = (pause * 2).min(Duration::from_millis(10));
            }
        }
    }
}

fn exit_code(status: WaitStatus) -> Option<i32> {
    status.exit_status()
}

/// Group 1 stands for all processes but ourselves: kill(2) takes the negated number, and -1 means all.
pub(super) fn kill_everything() {
    let _ = kill_process_group(Pid::INIT, Signal::KILL);
}

fn end_all() {
    kill_everything();
    while wait(WaitOptions::empty()).is_ok() {}
}

/// Processor time of everything reaped so far: fields 16 and 17 of our own stat line, in ticks of 1/100 s.
fn cpu_seconds() -> f64 {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = after_name.split_whitespace().skip(13).take(2).filter_map(|field| field.parse::<u32>().ok());
    f64::from(ticks.sum::<u32>()) / 100.0
}

/// All memory-backed places are of one file system.
fn disk_full() -> Result<bool, Trouble> {
    let found = rustix::fs::statvfs("/tmp").doing(|| "ask how full the disk is".to_owned())?;
    // A tool that failed to write often removes its half-written file, so that some is free again.
    Ok(found.f_bfree < found.f_blocks / 64)
}

/// Test suites talk to themselves: brings up `lo`, the only interface there is. The message is
/// RTM_NEWLINK for interface 1 with IFF_UP set and selected, in the kernel's byte order.
fn raise_loopback() -> Result<(), Trouble> {
    let what = || "bring up the loopback interface".to_owned();
    let mut message = Vec::with_capacity(32);
    message.extend(32_u32.to_ne_bytes()); // length
    message.extend(16_u16.to_ne_bytes()); // RTM_NEWLINK
    message.extend(1_u16.to_ne_bytes()); // NLM_F_REQUEST
    message.extend([0; 8]); // sequence number, port
    message.extend([0; 4]); // family, padding, device type
    message.extend(1_u32.to_ne_bytes()); // interface index
    message.extend(1_u32.to_ne_bytes()); // flags: IFF_UP
    message.extend(1_u32.to_ne_bytes()); // which flags to change
    let socket =
        socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None).doing(what)?;
    send(socket, &message, SendFlags::empty()).doing(what).map(drop)
}
