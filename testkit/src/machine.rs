//! Installed machines in directories: a vendor's Enterprise Linux with everything that makes machines differ, and a distribution to carry
//! them to.
//!
//! ```text
//! target/machines/<digest>/
//!   mirror/tarnholt/{BaseOS,AppStream}/x86_64/os   the vendor's repositories, signed by its key
//!   mirror/kestrel/{BaseOS,AppStream}/x86_64/os    the target's: most packages the same but for vendor and signature; some newer,
//!                                                  older, renamed, split, gone
//!   mirror/harbour/                                a third party
//!   mirror/{tarnholt,kestrel}.toml, .asc           target files, each signed by the distribution's own key
//!   keys/{tarnholt,kestrel,harbour}.asc
//!   roots/{whole,small}/                           machines of Tarnholt, copied for each test
//! ```
//! They are made once from the stand-in upstream ([`world()`](crate::world())), whose bootstrap packages have a dnf and an rpm that run inside
//! of the machine. A [`Machine`] is a copy that was booted: it has mount and pid namespaces, a /proc, a /dev and a /run of its own.

mod mirror;
mod packages;
mod roots;
mod running;
mod targets;
mod tree;

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::gpg::Key;
use crate::{Error, Result, place, world};

pub use running::{Machine, Ran};
pub use targets::{MIRROR, target};
pub use tree::{Tree, UNMANAGED};

/// A distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The vendor of the stand-in upstream.
    Tarnholt,
    /// The distribution that was made from it.
    Kestrel,
}

impl Side {
    /// `ID` of its os-release.
    pub fn id(self) -> &'static str {
        self.pick("tarnholt", "kestrel")
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.pick("Tarnholt Enterprise Linux", "Kestrel Linux")
    }

    /// The vendor that its packages state.
    pub fn vendor(self) -> &'static str {
        self.pick("Tarnholt Software Works", "Kestrel")
    }

    /// Id of its repository with this name.
    pub fn repository(self, name: &str) -> String {
        format!("{}{}", self.pick("", "kestrel-"), name.to_lowercase())
    }

    fn dist(self) -> &'static str {
        self.pick(".el9", ".el9.kes")
    }

    fn pick<T>(self, tarnholt: T, kestrel: T) -> T {
        match self {
            Self::Tarnholt => tarnholt,
            Self::Kestrel => kestrel,
        }
    }
}

/// How much is installed on a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Some 200 packages, changed and used as machines are.
    Whole,
    /// What dnf needs, and a service.
    Small,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Small => "small",
        }
    }
}

/// The prepared machines and their repositories.
#[derive(Debug)]
pub struct Machines {
    dir: PathBuf,
}

/// Everything of this crate that decides how machines look.
const RECIPE: [&str; 8] = [
    include_str!("machine/mirror.rs"),
    include_str!("machine/packages.rs"),
    include_str!("machine/alternatives.sh"),
    include_str!("machine/grub2.sh"),
    include_str!("machine/targets.rs"),
    include_str!("machine/roots.rs"),
    include_str!("machine/customize.sh"),
    include_str!("rpm_edit.rs"),
];

impl Machines {
    /// Finds them, or makes them (about a minute); other tests wait.
    pub fn prepared() -> Result<Self> {
        let world = world()?;
        let all = place::make_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/machines"))?;
        let all = fs::canonicalize(&all).map_err(Error::io(&all))?;
        let mut digest = Sha256::new();
        for file in ["bootstrap/repodata/repomd.xml", "reference/.stamp"] {
            digest.update(place::read(world.join(file))?);
        }
        RECIPE.iter().for_each(|text| digest.update(text));
        let name: String = digest.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let dir = all.join(&name);
        let lock_file = all.join(".lock");
        let lock = fs::File::create(&lock_file).map_err(Error::io(&lock_file))?;
        lock.lock().map_err(Error::io(&lock_file))?;
        if !dir.is_dir() {
            forget_others(&all)?;
            let making = place::make_dir(all.join("making"))?;
            mirror::make(&world, &making)?;
            roots::make(&making)?;
            fs::rename(&making, &dir).map_err(Error::io(&dir))?;
        }
        Ok(Self { dir })
    }

    /// The directory that machines see as [`MIRROR`].
    pub fn mirror(&self) -> PathBuf {
        self.dir.join("mirror")
    }

    /// The armoured certificate of `tarnholt`, `kestrel` or `harbour`.
    pub fn certificate(&self, name: &str) -> PathBuf {
        self.dir.join("keys").join(format!("{name}.asc"))
    }

    /// The key of `tarnholt`, `kestrel` or `harbour`.
    pub fn key(&self, name: &str) -> Result<Key> {
        mirror::key(&self.dir, name)
    }

    /// A copy of a prepared machine, booted.
    pub fn machine(&self, kind: Kind) -> Result<Machine> {
        let copy = self.copy(kind)?;
        Machine::boot(copy, &self.mirror())
    }

    /// A copy of a prepared machine, which does not run: below the directory, `root` is its root.
    pub fn copy(&self, kind: Kind) -> Result<TempDir> {
        let dir = running::scratch()?;
        running::copy(&self.dir.join("roots").join(kind.name()), &dir.path().join("root"))?;
        Ok(dir)
    }
}

/// What earlier recipes made, and what a killed run left.
fn forget_others(all: &Path) -> Result<()> {
    for old in place::entries(all)?.into_iter().filter(|path| path.is_dir()) {
        fs::remove_dir_all(&old).map_err(Error::io(&old))?;
    }
    Ok(())
}
