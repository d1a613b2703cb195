//! The stage's handle: what all builds of one process share.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use heirloom_model::record::{Action, BuildrootPackage};
use heirloom_store::Store;

use crate::cgroup::Cgroups;
use crate::ids::Ids;
use crate::roots::{NotInstalled, Root, Roots};
use crate::sandbox::Sandbox;
use crate::{BuildError, Mode, detect};

/// What does not change what is built.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Directory for buildroots and running builds; its `roots` and `work` belong to this stage.
    pub state_dir: PathBuf,
    /// Processes that one build starts at a time (`make -j`).
    pub jobs: usize,
    /// Whoever sets it ends all builds that run, promptly, with [`BuildError::Interrupted`]; no new one
    /// begins.
    pub interrupt: Arc<AtomicBool>,
    /// The program that answers to [`crate::sandbox_main`]; none: this one itself.
    pub sandbox_program: Option<PathBuf>,
}

/// Runs builds; may be shared by threads.
pub struct Builder<'a> {
    pub(crate) store: &'a Store,
    pub(crate) jobs: usize,
    pub(crate) sandbox: Sandbox,
    roots: Roots,
}

impl<'a> Builder<'a> {
    /// Checks the machine and clears what a killed process left.
    ///
    /// # Errors
    /// The machine lacks something, or the state directory can't be used.
    pub fn new(store: &'a Store, settings: Settings) -> Result<Self, BuildError> {
        let mode = detect().mode().map_err(BuildError::Host)?;
        let ids = match mode {
            Mode::Root => None,
            Mode::User => Some(Ids::find().map_err(|lack| BuildError::Host(vec![lack]))?),
        };
        let cgroups = Cgroups::find().ok();
        if let Some(cgroups) = &cgroups {
            cgroups.sweep();
        }
        fs::create_dir_all(&settings.state_dir)
            .map_err(|error| BuildError::io("make", &settings.state_dir, error))?;
        let state = fs::canonicalize(&settings.state_dir)
            .map_err(|error| BuildError::io("find", &settings.state_dir, error))?;
        empty(&state.join("work"))?;
        let program = settings.sandbox_program.unwrap_or_else(|| PathBuf::from("/proc/self/exe"));
        let sandbox = Sandbox { program, state, cgroups, ids, interrupt: settings.interrupt };
        let roots = Roots::open(&sandbox)?;
        Ok(Self { store, jobs: settings.jobs.max(1), sandbox, roots })
    }

    /// The buildroot with exactly these packages, made now if it is not there.
    ///
    /// # Errors
    /// A package is not in the store, or rpm does not install them together.
    pub fn base_root(&self, packages: &[BuildrootPackage]) -> Result<Root, BuildError> {
        self.root_on(None, packages)?
            .map_err(|NotInstalled(message)| BuildError::Install { packages: packages.len(), message })
    }

    /// The same with more packages in a layer of their own.
    ///
    /// # Errors
    /// As for [`Builder::base_root`].
    pub fn extended_root(&self, base: &Root, extra: &[BuildrootPackage]) -> Result<Root, BuildError> {
        self.root_on(Some(base), extra)?
            .map_err(|NotInstalled(message)| BuildError::Install { packages: extra.len(), message })
    }

    /// Removes all buildroots, whoever owns their files.
    ///
    /// # Errors
    /// They can't be removed.
    pub fn remove_roots(self) -> Result<(), BuildError> {
        self.sandbox.remove(self.roots.dir())
    }

    /// The buildroot of an action. The inner error is rpm's.
    pub(crate) fn root_of(&self, action: &Action) -> Result<Result<Root, NotInstalled>, BuildError> {
        let base = self.base_root(&action.base)?;
        self.root_on(Some(&base), &action.extra)
    }

    pub(crate) fn root_on(
        &self,
        below: Option<&Root>,
        packages: &[BuildrootPackage],
    ) -> Result<Result<Root, NotInstalled>, BuildError> {
        self.roots.on(below, packages, self.store, &self.sandbox)
    }
}

/// Removes what is in a directory; the mounts in it went with their processes.
fn empty(dir: &Path) -> Result<(), BuildError> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(BuildError::io("empty", dir, error));
        }
        _ => {}
    }
    fs::create_dir_all(dir).map_err(|error| BuildError::io("make", dir, error))
}
