//! Buildroots: layers of installed packages, kept by content.
//!
//! ```text
//! <state>/roots/<digest>/       one layer: some packages on top of other layers
//!   upper/                      the files; a lower layer of overlays
//!   install.log                 what rpm said
//!   ready                       the boot in which it was made; without it the layer is not whole
//! <state>/roots/new-<pid>-<n>/  a layer being made; removed at the next start
//! <state>/roots-<id>/           the same of a user who is not root, whose subordinate ids begin with this one:
//!                               owners of files are others, so that no other can use these layers
//! ```
//!
//! A layer is not flushed to disk, which costs more than making it again. So one from before a restart of
//! the machine, which may have been a power cut, is thrown away.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use heirloom_model::Digest;
use heirloom_model::record::{BuildrootPackage, Limits};
use heirloom_store::Store;

use crate::sandbox::{End, PACKAGES, Run, Sandbox, Step, Stop, Surroundings, TARGET, Upper, View};
use crate::{BuildError, message};

/// Raised when layers are made in another way, so that none of the old ones is used.
const RULES: u32 = 1;

/// Layers kept when a new one is made; the longest unused go first.
const KEPT: usize = 40;

/// What an installation may use. Its writes go to the layer, on disk; `disk` is for temporary files.
const LIMITS: Limits = Limits { seconds: 3600, memory: 4 << 30, disk: 1 << 30, processes: 4096 };

/// An installed set of packages.
#[derive(Clone, Debug)]
pub struct Root {
    digest: Digest,
    /// From the topmost down.
    layers: Vec<Arc<Layer>>,
}

/// One layer; as long as this lives it stays on disk.
#[derive(Debug)]
struct Layer {
    /// Its directory below the state directory.
    path: PathBuf,
}

impl Root {
    /// Digest of the packages in their order and of the rules by which they were installed.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Directories of its layers below the state directory, from the topmost down: what an overlay takes
    /// as lower directories.
    #[must_use]
    pub fn layers(&self) -> Vec<PathBuf> {
        self.layers.iter().map(|layer| layer.path.join("upper")).collect()
    }

    fn empty() -> Self {
        Self { digest: Digest::of(format!("roots {RULES}").as_bytes()), layers: Vec::new() }
    }
}

/// rpm did not install a layer's packages.
pub(crate) struct NotInstalled(pub(crate) String);

/// All layers of a state directory.
pub(crate) struct Roots {
    /// Its name below the state directory.
    name: PathBuf,
    dir: PathBuf,
    boot: String,
    /// A lock for each layer, so that two builds that need it make it once, with the layer once it is there.
    slots: Mutex<HashMap<String, Slot>>,
}

type Slot = Arc<Mutex<Option<Arc<Layer>>>>;

impl Roots {
    /// Opens the directory and throws away what is not whole.
    pub(crate) fn open(sandbox: &Sandbox) -> Result<Self, BuildError> {
        let name = sandbox.ids.map_or("roots".to_owned(), |ids| format!("roots-{}", ids.users.first));
        let dir = sandbox.state.join(&name);
        fs::create_dir_all(&dir).map_err(|error| BuildError::io("make", &dir, error))?;
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let roots = Self { name: name.into(), dir, boot, slots: Mutex::default() };
        for name in roots.names()? {
            if !roots.is_ready(&name) {
                roots.remove(&name, sandbox)?;
            }
        }
        Ok(roots)
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The root with these packages on top of another root.
    pub(crate) fn on(
        &self,
        below: Option<&Root>,
        packages: &[BuildrootPackage],
        store: &Store,
        sandbox: &Sandbox,
    ) -> Result<Result<Root, NotInstalled>, BuildError> {
        let below = below.cloned().unwrap_or_else(Root::empty);
        if packages.is_empty() && !below.layers.is_empty() {
            return Ok(Ok(below));
        }
        let digest = layer_digest(below.digest, packages);
        let name = digest.to_string();
        let slot = lock(&self.slots).entry(name.clone()).or_default().clone();
        let mut slot = lock(&slot);
        let layer = match slot.as_ref() {
            Some(layer) => layer.clone(),
            None if self.is_ready(&name) => Arc::new(Layer { path: self.name.join(&name) }),
            None => {
                self.make_space(sandbox)?;
                match self.make(&name, &below, packages, store, sandbox)? {
                    Ok(()) => Arc::new(Layer { path: self.name.join(&name) }),
                    Err(not_installed) => return Ok(Err(not_installed)),
                }
            }
        };
        self.mark(&name)?;
        *slot = Some(layer.clone());
        let mut layers = vec![layer];
        layers.extend(below.layers);
        Ok(Ok(Root { digest, layers }))
    }

    fn make(
        &self,
        name: &str,
        below: &Root,
        packages: &[BuildrootPackage],
        store: &Store,
        sandbox: &Sandbox,
    ) -> Result<Result<(), NotInstalled>, BuildError> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let new = format!("new-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let dir = self.dir.join(&new);
        let unfinished = Unfinished(&dir, sandbox);
        for part in ["upper", "work"] {
            let part = dir.join(part);
            fs::create_dir_all(&part).map_err(|error| BuildError::io("make", &part, error))?;
        }
        let end = install(below, &self.name.join(&new), packages, store, sandbox)?;
        if !end.succeeded() {
            let reason = failure(&end);
            if reason.contains("No space left on device") && !end.report.disk_full {
                return Err(BuildError::io("install packages into", &dir, io::ErrorKind::StorageFull.into()));
            }
            return Ok(Err(NotInstalled(reason)));
        }
        let log = dir.join("install.log");
        fs::copy(end.log(), &log).map_err(|error| BuildError::io("write", &log, error))?;
        sandbox.remove(&dir.join("work"))?;
        let place = self.dir.join(name);
        fs::rename(&dir, &place).map_err(|error| BuildError::io("rename to", &place, error))?;
        std::mem::forget(unfinished);
        Ok(Ok(()))
    }

    /// Marks a layer as whole and as used just now.
    fn mark(&self, name: &str) -> Result<(), BuildError> {
        let path = self.dir.join(name).join("ready");
        fs::write(&path, &self.boot).map_err(|error| BuildError::io("write", &path, error))
    }

    fn is_ready(&self, name: &str) -> bool {
        fs::read_to_string(self.dir.join(name).join("ready")).is_ok_and(|boot| boot == self.boot)
    }

    fn names(&self) -> Result<Vec<String>, BuildError> {
        let failed = |error| BuildError::io("read", &self.dir, error);
        let entries = fs::read_dir(&self.dir).map_err(failed)?;
        let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        names.collect::<io::Result<_>>().map_err(failed)
    }

    /// Removes the longest unused layers that nobody holds.
    fn make_space(&self, sandbox: &Sandbox) -> Result<(), BuildError> {
        let mut slots = lock(&self.slots);
        let mut names: Vec<_> = self.names()?.into_iter().filter(|name| !name.starts_with("new-")).collect();
        names.sort_by_key(|name| {
            self.dir.join(name).join("ready").metadata().and_then(|it| it.modified()).ok()
        });
        let excess = names.len().saturating_sub(KEPT);
        for name in &names[..excess] {
            let held = slots.get(name).is_some_and(|slot| match slot.try_lock() {
                Ok(layer) => layer.as_ref().is_some_and(|layer| Arc::strong_count(layer) > 1),
                Err(_) => true,
            });
            if !held {
                slots.remove(name);
                self.remove(name, sandbox)?;
            }
        }
        Ok(())
    }

    /// Renamed first: a layer half removed must not be taken for a whole one.
    fn remove(&self, name: &str, sandbox: &Sandbox) -> Result<(), BuildError> {
        let (dir, old) = (self.dir.join(name), self.dir.join(format!("new-{name}")));
        if name.starts_with("new-") {
            return sandbox.remove(&dir);
        }
        fs::rename(&dir, &old).map_err(|error| BuildError::io("remove", &dir, error))?;
        sandbox.remove(&old)
    }
}

/// A layer being made; removed unless it is finished.
struct Unfinished<'a>(&'a Path, &'a Sandbox);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        // What stays is removed at the next start.
        let _ = self.1.remove(self.0);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The order of the packages does not count: rpm orders them itself.
fn layer_digest(below: Digest, packages: &[BuildrootPackage]) -> Digest {
    let mut lines: Vec<_> = packages.iter().map(|it| format!("{} {}\n", it.nevra, it.digest)).collect();
    lines.sort_unstable();
    Digest::of(format!("layer {RULES}\n{below}\n{}", lines.concat()).as_bytes())
}

/// Installs with the target's own rpm where there is one below, else with the host's.
fn install(
    below: &Root,
    layer: &Path,
    packages: &[BuildrootPackage],
    store: &Store,
    sandbox: &Sandbox,
) -> Result<End, BuildError> {
    let layers = below.layers();
    let host_tools = !layers.iter().any(|layer| sandbox.state.join(layer).join("usr/bin/rpm").exists());
    let mut links = Vec::new();
    for package in packages {
        let (nevra, digest) = (package.nevra.clone(), package.digest);
        if !store.contains(digest) {
            return Err(BuildError::MissingPackage { nevra, digest });
        }
        links.push((store.path(digest), nevra.file_name()));
    }
    let systems = if host_tools {
        vec![PathBuf::from("/")]
    } else {
        layers.iter().map(|it| sandbox.state.join(it)).collect()
    };
    let force_debian = systems.iter().any(|system| knows_force_debian(system));
    let mut command = rpm(host_tools, force_debian, &links);
    if sandbox.ids.is_some() {
        // It is mounted, and only the host's root may change its owner, if to the same one.
        command.splice(1..1, ["--define".to_owned(), "_netsharedpath /proc".to_owned()]);
    }
    let step = Step { command, user: 0, seconds: None, output: None };
    let environment = [
        ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin".to_owned()),
        ("HOME", "/root".to_owned()),
        ("LANG", "C.UTF-8".to_owned()),
        ("TERM", "dumb".to_owned()),
    ];
    let view = View { layers, upper: Upper::Layer(layer.to_owned()), host_tools };
    let run = Run {
        view,
        limits: LIMITS,
        inputs: Vec::new(),
        packages: links,
        environment: &environment,
        steps: vec![step],
        surroundings: Surroundings::default(),
    };
    sandbox.run(run, |_| {})
}

fn rpm(host_tools: bool, force_debian: bool, links: &[(PathBuf, String)]) -> Vec<String> {
    // Signatures were verified when the repository was imported, and objects are named by their digest;
    // the packages' own digests rpm checks again. Plain -i: the set is exact, nothing may be replaced.
    let mut command: Vec<String> =
        ["rpm", "--nosignature", "--define", "_pkgverify_level digest", "--define", "_dbpath /var/lib/rpm"]
            .map(str::to_owned)
            .to_vec();
    if host_tools {
        command.extend(["--root".to_owned(), TARGET.to_owned()]);
    }
    if force_debian {
        command.push(FORCE_DEBIAN.to_owned());
    }
    command.push("-i".to_owned());
    command.extend(links.iter().map(|(_, name)| format!("{PACKAGES}/{name}")));
    command
}

/// Debian's rpm refuses to install without this option, and no other rpm knows it; its library has the text.
const FORCE_DEBIAN: &str = "--force-debian";

fn knows_force_debian(system: &Path) -> bool {
    let word = FORCE_DEBIAN.trim_start_matches('-').as_bytes();
    let dirs = ["usr/lib64", "usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu", "usr/lib"];
    let files = dirs.iter().flat_map(|dir| fs::read_dir(system.join(dir)).into_iter().flatten().flatten());
    files
        .filter(|file| file.file_name().to_string_lossy().starts_with("librpm.so."))
        .filter_map(|file| fs::read(file.path()).ok())
        .any(|bytes| bytes.windows(word.len()).any(|window| window == word))
}

fn failure(end: &End) -> String {
    let tail = message::last_lines(&end.log_tail(16 << 10), 20);
    match end.stop {
        None => tail,
        Some(Stop::Time) => format!("it took longer than {} s\n{tail}", LIMITS.seconds),
        Some(Stop::Memory) => format!("it used more than {} MiB of memory\n{tail}", LIMITS.memory >> 20),
        Some(Stop::Processes) => format!("it had more than {} processes\n{tail}", LIMITS.processes),
    }
}
