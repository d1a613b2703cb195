//! One at a time.

use std::fs::{self, File, OpenOptions};
use std::path::Path;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

use super::ApplyError;
use crate::layout::Layout;

/// How often, and how long between.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(20);

/// Held by whoever changes anything, until it is dropped or the process is gone.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes it.
    ///
    /// # Errors
    /// Somebody else has it.
    pub fn take(layout: &Layout) -> Result<Self, ApplyError> {
        let path = layout.home().join("lock");
        fs::create_dir_all(layout.home()).map_err(ApplyError::io("can't make", layout.home()))?;
        let file = open(&path)?;
        // Whoever only looks whether it is taken holds it for a moment.
        for _ in 0..TRIES {
            if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
                return Ok(Self { _file: file });
            }
            std::thread::sleep(PAUSE);
        }
        Err(ApplyError::Busy)
    }

    /// Whether somebody has it.
    #[must_use]
    pub fn is_taken(layout: &Layout) -> bool {
        let path = layout.home().join("lock");
        File::open(path).is_ok_and(|file| flock(&file, FlockOperation::NonBlockingLockExclusive).is_err())
    }

    /// What dnf gets as its standard input: empty, and locked as long as it or a child of it lives, whoever started it.
    pub(super) fn for_transaction(layout: &Layout) -> Result<File, ApplyError> {
        let path = layout.home().join("transaction.lock");
        let file = open(&path)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(file),
            Err(_) => Err(ApplyError::NotNow("dnf of an earlier attempt still runs".to_owned())),
        }
    }

    /// Waits until no dnf of an earlier attempt runs any more.
    pub(super) fn wait_for_transaction(layout: &Layout) -> Result<(), ApplyError> {
        let file = open(&layout.home().join("transaction.lock"))?;
        flock(&file, FlockOperation::LockExclusive)
            .map_err(|error| ApplyError::io("can't lock", layout.home())(error.into()))
    }
}

fn open(path: &Path) -> Result<File, ApplyError> {
    let file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path);
    file.map_err(ApplyError::io("can't open", path))
}
