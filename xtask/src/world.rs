//! `cargo xtask world`: makes the stand-in upstream, a small Enterprise Linux of real programs.
//!
//! Its recipe is in `world/`: `bootstrap.toml` and `bootstrap/` (the first buildroot),
//! `sources/<name>/` (one directory per source package), `world.toml` (the vendor, and the
//! order in which it builds). What is made:
//!
//! ```text
//! <out>/downloads/         .deb files and upstream tarballs, all verified
//! <out>/bootstrap/         rpm-md repository of converted Debian packages
//! <out>/keys/              bootstrap.asc, vendor.asc; private/: their gnupg homes
//! <out>/dist-git/<name>/   SPECS/, SOURCES/, .<name>.metadata
//! <out>/lookaside/<sha256> upstream tarballs
//! <out>/srpms/             rpm-md repository of the vendor's source packages
//! <out>/reference/<repo>/x86_64/os/   the vendor's binaries: BaseOS, AppStream, CRB
//! <out>/logs/<name>.log     the vendor's build logs
//! <out>/cache/             finished single packages and roots, each named by a digest of all that went in
//! ```
//!
//! Every directory is made aside and put in place at once; a `.stamp` inside holds the digest
//! of the recipes that it was made from. No `heirloom-*` crate is used: the world is the judge.

pub(crate) mod apt;
mod bootstrap;
mod comps;
mod convert;
mod deb;
mod error;
mod provides;
mod publish;
mod recipe;
mod reference;
mod root;
mod sources;
mod spec;
mod tree;
mod updateinfo;
mod work;

use std::fs;
use std::path::{Path, PathBuf};

use testkit::gpg::Key;
use testkit::{Error as KitError, place};

use error::{Error, Result};
use work::Step;

/// Where things are.
pub(crate) struct Places {
    /// `world/` of the workspace.
    pub(crate) recipes: PathBuf,
    pub(crate) out: PathBuf,
    pub(crate) cache: PathBuf,
    /// On the same file system as everything else here; emptied by each run.
    pub(crate) scratch: PathBuf,
    /// Held as long as this lives: two runs at once would take each other's scratch away.
    _lock: fs::File,
}

impl Places {
    fn new(out: &Path) -> Result<Self> {
        let out = fs::canonicalize(place::make_dir(out)?).map_err(KitError::io(out))?;
        let lock_file = out.join(".lock");
        let lock = fs::File::create(&lock_file).map_err(KitError::io(&lock_file))?;
        if lock.try_lock().is_err() {
            println!("waiting for another run in {}", out.display());
            lock.lock().map_err(KitError::io(&lock_file))?;
        }
        let places = Self {
            recipes: Path::new(env!("CARGO_MANIFEST_DIR")).join("../world"),
            cache: out.join("cache"),
            scratch: out.join("cache/scratch"),
            out,
            _lock: lock,
        };
        if places.scratch.exists() {
            fs::remove_dir_all(&places.scratch).map_err(KitError::io(&places.scratch))?;
        }
        place::make_dir(&places.scratch)?;
        place::make_dir(places.downloads())?;
        place::make_dir(places.out.join("keys/private"))?;
        Ok(places)
    }

    pub(crate) fn downloads(&self) -> PathBuf {
        self.out.join("downloads")
    }

    pub(crate) fn bootstrap(&self) -> PathBuf {
        self.out.join("bootstrap")
    }

    pub(crate) fn dist_git(&self) -> PathBuf {
        self.out.join("dist-git")
    }

    pub(crate) fn lookaside(&self) -> PathBuf {
        self.out.join("lookaside")
    }

    pub(crate) fn reference(&self) -> PathBuf {
        self.out.join("reference")
    }

    pub(crate) fn srpms(&self) -> PathBuf {
        self.out.join("srpms")
    }

    /// The key of this name, made on first use.
    fn key(&self, name: &str, uid: &str) -> Result<Key> {
        let key = Key::kept_in(&self.out.join("keys/private").join(name), uid)?;
        place::write(self.out.join("keys").join(format!("{name}.asc")), key.public()?)?;
        Ok(key)
    }
}

/// Runs the chore with the arguments after `world`.
pub(crate) fn run(args: &[&str]) -> Result<()> {
    let (mut out, mut only) = ("target/world", None);
    let mut args = args.iter();
    while let Some(&arg) = args.next() {
        match (arg, args.next()) {
            ("--out", Some(dir)) => out = dir,
            ("--only", Some(&part @ ("bootstrap" | "sources" | "reference"))) => only = Some(part),
            _ => return Err(Error::Usage { argument: arg.to_owned() }),
        }
    }
    let wanted = |part| only.is_none_or(|only| only == part);
    let whole = Step::begin();
    let places = Places::new(Path::new(out))?;
    if wanted("bootstrap") {
        let key = places.key("bootstrap", "Bootstrap packages <bootstrap@world.example>")?;
        bootstrap::make(&places, &key)?;
    }
    let world: recipe::World = recipe::read(&places.recipes.join("world.toml"))?;
    let vendor_key = places.key("vendor", &world.vendor.key_uid)?;
    if wanted("sources") {
        sources::make(&places, &vendor_key.public()?)?;
    }
    if wanted("reference") {
        reference::make(&places, &world, &vendor_key)?;
    }
    whole.done(format_args!("the world is in {}", places.out.display()));
    Ok(())
}
