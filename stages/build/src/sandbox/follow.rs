//! The caller's side of a run: keeps the log, and ends the run at a limit or when the caller is to stop.

use std::fs::File;
use std::io::{self, PipeReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use heirloom_model::record::Limits;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::order::Stop;
use super::terminal::Raw;
use crate::BuildError;
use crate::cgroup::Group;

/// How often limits are looked at.
const TICK: Duration = Duration::from_millis(50);

/// More of a log than this is not kept; the build goes on.
const LOG_LIMIT: u64 = 256 << 20;

/// What is watched while a run goes on.
pub(super) struct Watch<'a> {
    /// None: pid 1 itself watches memory and processes.
    pub(super) group: Option<&'a Group>,
    pub(super) limits: Limits,
    /// Set when the caller is to stop.
    pub(super) interrupt: &'a AtomicBool,
}

/// How a run ended, as far as it was watched.
pub(super) struct Followed {
    pub(super) stop: Option<Stop>,
    /// Highest use of memory in bytes.
    pub(super) peak: u64,
}

/// A running one.
struct Running<'a> {
    watch: &'a Watch<'a>,
    started: Instant,
    looked: Instant,
    peak: u64,
    stop: Option<Stop>,
    interrupted: bool,
}

impl Running<'_> {
    /// Looks at the limits when it is time to, and ends the run at one.
    fn look(&mut self, child: &mut Child) {
        if self.looked.elapsed() < TICK {
            return;
        }
        self.looked = Instant::now();
        self.peak = self.peak.max(self.watch.memory());
        if self.stop.is_none() && !self.interrupted {
            self.interrupted = self.watch.interrupt.load(Ordering::Relaxed);
            self.stop = self.watch.exceeded(self.started.elapsed(), self.peak);
            if self.stop.is_some() || self.interrupted {
                let _ = child.kill();
            }
        }
    }

    fn end(mut self) -> Result<Followed, BuildError> {
        if self.interrupted {
            return Err(BuildError::Interrupted);
        }
        // A limit can be hit just before the end.
        self.peak = self.peak.max(self.watch.memory());
        let stop = self.stop.or_else(|| self.watch.exceeded(Duration::ZERO, 0));
        if stop.is_none() && self.watch.group.is_some_and(Group::killed_for_the_host) {
            return Err(BuildError::HostMemory("a build ran".to_owned()));
        }
        Ok(Followed { stop, peak: self.peak })
    }
}

impl Watch<'_> {
    /// Follows a run to its end: copies the log, stops the run at a limit.
    pub(super) fn follow(
        &self,
        mut child: Child,
        log: PipeReader,
        work: &Path,
        on_log: &mut impl FnMut(&[u8]),
    ) -> Result<Followed, BuildError> {
        let path = work.join("log");
        let file = File::create(&path).map_err(|error| BuildError::io("create", &path, error))?;
        let mut log = Log { pipe: log, file, room: LOG_LIMIT, on_log };
        let mut running = self.running();
        let result = loop {
            match log.copy_some() {
                Ok(true) => running.look(&mut child),
                Ok(false) => break Ok(()),
                Err(error) => break Err(BuildError::io("write", &path, error)),
            }
        };
        if result.is_err() {
            let _ = child.kill();
        }
        child.wait().map_err(|error| BuildError::io("wait for", work, error))?;
        result?;
        running.end()
    }

    /// The same for a run that has the caller's terminal, and no log.
    pub(super) fn attend(&self, mut child: Child, work: &Path) -> Result<Followed, BuildError> {
        let _raw = Raw::enter();
        let mut running = self.running();
        while ended(&mut child, work)?.is_none() {
            std::thread::sleep(TICK);
            running.look(&mut child);
        }
        running.end()
    }

    fn running(&self) -> Running<'_> {
        let now = Instant::now();
        Running { watch: self, started: now, looked: now, peak: 0, stop: None, interrupted: false }
    }

    fn memory(&self) -> u64 {
        self.group.map_or(0, Group::anonymous)
    }

    /// The limit that is exceeded. A refused process or a killed one may go unnoticed by a build that then
    /// gives other results, so that either ends it.
    fn exceeded(&self, elapsed: Duration, memory: u64) -> Option<Stop> {
        if self.group.is_some_and(Group::out_of_processes) {
            return Some(Stop::Processes);
        }
        if memory > self.limits.memory || self.group.is_some_and(Group::out_of_memory) {
            return Some(Stop::Memory);
        }
        (elapsed.as_secs() >= self.limits.seconds).then_some(Stop::Time)
    }
}

fn ended(child: &mut Child, work: &Path) -> Result<Option<ExitStatus>, BuildError> {
    child.try_wait().map_err(|error| BuildError::io("wait for", work, error))
}

struct Log<'a, F> {
    pipe: PipeReader,
    file: File,
    /// Bytes that may still be written.
    room: u64,
    on_log: &'a mut F,
}

impl<F: FnMut(&[u8])> Log<'_, F> {
    /// Copies what is there within one tick; false at the end.
    fn copy_some(&mut self) -> io::Result<bool> {
        let timeout = Timespec { tv_sec: 0, tv_nsec: i64::from(TICK.subsec_nanos()) };
        let mut fds = [PollFd::new(&self.pipe, PollFlags::IN)];
        match poll(&mut fds, Some(&timeout)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => return Ok(true),
            Ok(_) => {}
            Err(errno) => return Err(errno.into()),
        }
        let mut buffer = [0; 64 * 1024];
        let count = self.pipe.read(&mut buffer)?;
        let bytes = &buffer[..count];
        if self.room > 0 {
            self.file.write_all(bytes)?;
            self.room = self.room.saturating_sub(count as u64);
            if self.room == 0 {
                self.file.write_all(b"\n[the rest of the log was not kept]\n")?;
            }
        }
        (self.on_log)(bytes);
        Ok(count > 0)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_log_without_end_is_cut() {
        let (pipe, mut writer) = io::pipe().unwrap();
        let path = std::env::temp_dir().join(format!("heirloom-log-{}", std::process::id()));
        let mut heard = 0;
        let mut on_log = |bytes: &[u8]| heard += bytes.len();
        let mut log = Log { pipe, file: File::create(&path).unwrap(), room: 1000, on_log: &mut on_log };
        for _ in 0..5 {
            writer.write_all(&[b'x'; 400]).unwrap();
            assert!(log.copy_some().unwrap());
        }
        drop(writer);
        assert!(!log.copy_some().unwrap());
        let kept = fs::read_to_string(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert!(kept.starts_with(&"x".repeat(1000)) && kept.ends_with("not kept]\n") && kept.len() < 1300);
        assert_eq!(heard, 2000);
    }
}
