//! A terminal inside for a person outside. The caller's own is never handed in: whoever has a terminal can
//! type into it, and what was typed would be read by the caller's shell.

use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::thread::JoinHandle;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::Uid;
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcgetwinsize, tcsetattr, tcsetwinsize};

use super::order::{Doing as _, Trouble};

/// How often the size of the caller's window is looked at.
const TICK: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };

/// The caller's terminal, passing on every key until this is dropped.
pub(super) struct Raw(Termios);

impl Raw {
    /// None if there is no terminal to speak of: one of the standard streams is something else.
    pub(super) fn enter() -> Option<Self> {
        if !isatty(io::stdin()) || !is_shown() {
            return None;
        }
        let before = tcgetattr(io::stdin()).ok()?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(io::stdin(), OptionalActions::Drain, &raw).ok()?;
        Some(Self(before))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Drain, &self.0);
    }
}

fn is_shown() -> bool {
    isatty(io::stdout()) && isatty(io::stderr())
}

/// The terminal inside.
pub(super) struct Terminal {
    master: OwnedFd,
    slave: OwnedFd,
}

impl Terminal {
    /// Opens one for this user, if the caller has one.
    pub(super) fn open(caller: &OwnedFd, user: u32) -> Result<Option<Self>, Trouble> {
        if !isatty(caller) || !is_shown() {
            return Ok(None);
        }
        let what = || "open a terminal".to_owned();
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags).doing(what)?;
        grantpt(&master).doing(what)?;
        unlockpt(&master).doing(what)?;
        let slave = ioctl_tiocgptpeer(&master, flags).doing(what)?;
        rustix::fs::fchown(&slave, Some(Uid::from_raw(user)), None).doing(what)?;
        Ok(Some(Self { master, slave }))
    }

    /// Gives it to a program.
    #[expect(unsafe_code, reason = "only between fork and exec can a program be given its terminal")]
    pub(super) fn attach(&self, command: &mut Command) -> Result<(), Trouble> {
        let copy = || self.slave.try_clone().doing(|| "hand in the terminal".to_owned());
        command.stdin(copy()?).stdout(copy()?).stderr(copy()?);
        // SAFETY: both are single system calls; nothing is allocated and no lock is taken.
        unsafe {
            command.pre_exec(|| {
                rustix::process::setsid()?;
                rustix::process::ioctl_tiocsctty(rustix::stdio::stdin())?;
                Ok(())
            });
        }
        Ok(())
    }

    /// Passes on what is typed and what is shown, until all who have the terminal inside are gone.
    pub(super) fn relay(&self, caller: OwnedFd) -> Result<JoinHandle<()>, Trouble> {
        let master = self.master.try_clone().doing(|| "listen to the terminal".to_owned())?;
        Ok(std::thread::spawn(move || while pass_on(&master, &caller).unwrap_or(false) {}))
    }
}

/// One round; false at the end.
fn pass_on(master: &OwnedFd, caller: &OwnedFd) -> io::Result<bool> {
    let (inside, outside) = (tcgetwinsize(master)?, tcgetwinsize(caller)?);
    if (inside.ws_row, inside.ws_col) != (outside.ws_row, outside.ws_col) {
        tcsetwinsize(master, outside)?;
    }
    let mut fds = [PollFd::new(master, PollFlags::IN), PollFd::new(caller, PollFlags::IN)];
    match poll(&mut fds, Some(&TICK)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    let (shown, typed) = (!fds[0].revents().is_empty(), !fds[1].revents().is_empty());
    let mut buffer = [0; 4096];
    if shown {
        let count = rustix::io::read(master, &mut buffer)?;
        let mut screen = io::stdout();
        screen.write_all(&buffer[..count]).and_then(|()| screen.flush())?;
        return Ok(count > 0);
    }
    if typed {
        let count = rustix::io::read(caller, &mut buffer)?;
        let mut rest = &buffer[..count];
        while !rest.is_empty() {
            rest = &rest[rustix::io::write(master, rest)?..];
        }
        return Ok(count > 0);
    }
    Ok(true)
}
