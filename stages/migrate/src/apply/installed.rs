//! Which packages are installed and what they own, by the machine's own rpm on a copy of its database: nothing is written to the database itself.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use heirloom_model::{Evr, Nevra};

use super::ApplyError;
use crate::layout::Layout;
use crate::machine::Machine;
use crate::savepoint::OwnedPath;

/// Where databases of packages are.
const PLACES: [&str; 2] = ["/usr/lib/sysimage/rpm", "/var/lib/rpm"];
/// Names of their files: SQLite, Berkeley DB, ndb.
const FILES: [&str; 3] = ["rpmdb.sqlite", "Packages", "Packages.db"];
/// Name, epoch, version, release, architecture, and who signed.
const PACKAGE: &str = "%{NAME}\t%{EPOCHNUM}\t%{VERSION}\t%{RELEASE}\t%{ARCH}\t\
                       %{RSAHEADER:pgpsig}%{DSAHEADER:pgpsig}%{SIGPGP:pgpsig}%{SIGGPG:pgpsig}\n";
/// For each path: the package's NEVRA, flags, what is verified of it.
const PATH: &str = "[%{=NAME}\t%{=EPOCHNUM}\t%{=VERSION}\t%{=RELEASE}\t%{=ARCH}\t%{FILEFLAGS}\t%{FILEVERIFYFLAGS}\t%{FILENAMES}\n]";

/// An installed package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Present {
    /// Identity.
    pub nevra: Nevra,
    /// Id of the key that signed it, 16 lower-case hexadecimal digits; empty if none is known.
    pub key: String,
}

/// The directory of the machine's database of packages, as the machine sees it.
pub(super) fn database(machine: &Machine) -> Result<&'static str, ApplyError> {
    let has = |place: &&&str| {
        FILES.iter().any(|file| machine.resolve(&format!("{place}/{file}")).is_ok_and(|path| path.exists()))
    };
    PLACES.iter().find(has).copied().ok_or_else(|| {
        let source = io::Error::new(io::ErrorKind::NotFound, "there is no database of packages");
        ApplyError::Io { what: "can't find", path: machine.place(PLACES[1]), source }
    })
}

/// Copies a directory with all that is in it; what a file's content is shared with is the file system's business.
pub(super) fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, into) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            copy_tree(&entry.path(), &into)?;
        } else if kind.is_file() {
            let (old, new) = (File::open(entry.path())?, File::create(&into)?);
            if rustix::fs::ioctl_ficlone(&new, &old).is_err() {
                io::copy(&mut &old, &mut &new)?;
            }
        }
    }
    Ok(())
}

/// A copy of the database; the directory of it as the machine sees it.
fn copied(machine: &Machine, layout: &Layout) -> Result<String, ApplyError> {
    let real = database(machine)?;
    let from = machine.resolve(real).map_err(ApplyError::io("can't find", &machine.place(real)))?;
    let to = layout.at("rpmdb");
    let _ = fs::remove_dir_all(&to);
    copy_tree(&from, &to).map_err(ApplyError::io("can't copy", &from))?;
    Ok(Layout::inside("rpmdb"))
}

fn query(machine: &Machine, layout: &Layout, format: &str) -> Result<String, ApplyError> {
    let copy = copied(machine, layout)?;
    let run = machine.tool("rpm").args(["--dbpath", &copy, "-qa", "--qf", format]).output();
    let output = run.map_err(|source| ApplyError::Tool { tool: "rpm".to_owned(), source })?;
    let _ = fs::remove_dir_all(layout.at("rpmdb"));
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        let source = io::Error::other(said);
        return Err(ApplyError::Io { what: "rpm can't read", path: machine.place(&copy), source });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The installed packages, sorted, without public keys.
///
/// # Errors
/// The database or the machine's rpm can't be read or run.
pub fn packages(machine: &Machine, layout: &Layout) -> Result<Vec<Present>, ApplyError> {
    let text = query(machine, layout, PACKAGE)?;
    let mut all: Vec<_> = text.lines().filter_map(package).collect();
    all.sort();
    Ok(all)
}

fn package(line: &str) -> Option<Present> {
    let fields: Vec<&str> = line.splitn(6, '\t').collect();
    let nevra = nevra(fields.get(..5)?)?;
    // `RSA/SHA256, <date>, Key ID 0123456789abcdef`
    let key = fields.get(5)?.rsplit("Key ID ").next().unwrap_or_default();
    let key: String = key.chars().take_while(char::is_ascii_hexdigit).collect();
    Some(Present { nevra, key: if key.len() == 16 { key } else { String::new() } })
}

fn nevra(fields: &[&str]) -> Option<Nevra> {
    let [name, epoch, version, release, arch] = fields else { return None };
    if *name == "gpg-pubkey" {
        return None;
    }
    Nevra::new(name, Evr::new(epoch.parse().ok()?, version, release).ok()?, arch).ok()
}

/// What installed packages own; `is_affected` says which of them are replaced or removed.
pub(super) fn paths(
    machine: &Machine,
    layout: &Layout,
    is_affected: &dyn Fn(&Nevra) -> bool,
) -> Result<Vec<OwnedPath>, ApplyError> {
    let text = query(machine, layout, PATH)?;
    let mut all = Vec::new();
    let mut last: (Vec<&str>, bool) = (Vec::new(), false);
    for line in text.lines() {
        let fields: Vec<&str> = line.splitn(8, '\t').collect();
        let [.., flags, verify, path] = fields.as_slice() else { continue };
        let (Ok(flags), Ok(verify)) = (flags.parse(), verify.parse()) else { continue };
        if last.0 != fields[..5] {
            last = (fields[..5].to_vec(), nevra(&fields[..5]).is_some_and(|nevra| is_affected(&nevra)));
        }
        all.push(OwnedPath { path: PathBuf::from(path), flags, verify, is_affected: last.1 });
    }
    Ok(all)
}
