//! Where everything of a migration is on the machine.
//!
//! ```text
//! /var/lib/heirloom-migrate/
//!   key              the machine's Ed25519 key (0600), made on first use; `key.pub` beside it
//!   lock             held by whoever changes anything; `transaction.lock` by dnf as long as it runs
//!   current/
//!     plan.json      the envelope with the plan, as it was given
//!     before.json    the assessment from before the first change
//!     journal        one line of JSON for each begin and end of a step
//!     stage/         packages, repodata, certificates, replay.json: a repository of just the plan
//!     savepoint/     manifest, and copies below `files/`
//!     set-aside/     what rollback found and would not throw away
//!     log/           what dnf and other tools said
//!     progress       where it is, for whoever looks
//!     receipt.json   what was done, signed by the machine's key
//!   past/NAME/       the same of earlier migrations, without stage and savepoint
//! <mount point>/.heirloom-migrate/   hard links of the savepoint on each other file system
//! ```

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::machine::Machine;

/// The directory of all of it, as the machine sees it.
pub const HOME: &str = "/var/lib/heirloom-migrate";
/// The directory of hard links on other file systems, in the root of each.
pub const STORE: &str = ".heirloom-migrate";

/// The places of one machine.
#[derive(Clone, Debug)]
pub struct Layout {
    home: PathBuf,
}

impl Layout {
    /// Those of this machine.
    #[must_use]
    pub fn of(machine: &Machine) -> Self {
        Self { home: machine.place(HOME) }
    }

    /// `/var/lib/heirloom-migrate`
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The migration that is going on, or was the last.
    #[must_use]
    pub fn current(&self) -> PathBuf {
        self.home.join("current")
    }

    /// A place of the migration: `journal`, `stage`, `savepoint`.
    #[must_use]
    pub fn at(&self, name: &str) -> PathBuf {
        self.current().join(name)
    }

    /// The same as the machine's own tools see it.
    #[must_use]
    pub fn inside(name: &str) -> String {
        format!("{HOME}/current/{name}")
    }

    /// Where earlier migrations are.
    #[must_use]
    pub fn past(&self) -> PathBuf {
        self.home.join("past")
    }

    /// Makes the directories that a migration begins with; only root can look into them.
    ///
    /// # Errors
    /// The machine's disk is full or can't be written.
    pub fn make(&self) -> io::Result<()> {
        fs::create_dir_all(&self.home)?;
        fs::set_permissions(&self.home, fs::Permissions::from_mode(0o700))?;
        for name in ["stage", "log"] {
            fs::create_dir_all(self.at(name))?;
        }
        Ok(())
    }
}

/// Writes a file whole or not at all: under another name first, synced, then renamed.
///
/// # Errors
/// The operating system says so.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    let mut file = File::create(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    // A name alone is in the directory that this runs in.
    sync_dir(path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new(".")))
}

/// Makes names in a directory last.
///
/// # Errors
/// The operating system says so.
pub fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}
