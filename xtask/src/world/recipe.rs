//! The recipe files under `world/`, as types. An unknown key is an error.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use testkit::place;

use super::error::{Error, Result};

/// `world/bootstrap.toml`: which Debian packages become which RPMs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bootstrap {
    /// Debian packages to begin with; apt adds what they need.
    pub(crate) seeds: Vec<String>,
    /// Debian packages left out, and dependencies on them too.
    pub(crate) drop: BTreeSet<String>,
    /// Paths (prefixes) left out of every package.
    pub(crate) strip: Vec<String>,
    /// Debian name to Enterprise Linux name; several with one name are merged.
    pub(crate) rename: BTreeMap<String, String>,
    /// Further names, by final name.
    pub(crate) provides: BTreeMap<String, Vec<String>>,
    /// Enterprise Linux's epochs, by final name. Debian's own are dropped.
    pub(crate) epoch: BTreeMap<String, u32>,
    /// Symbolic links added, by final name: path to target.
    pub(crate) links: BTreeMap<String, BTreeMap<String, String>>,
    /// Only these paths are kept, by final name.
    pub(crate) keep: BTreeMap<String, Vec<String>>,
    /// Paths left out, by final name.
    pub(crate) remove: BTreeMap<String, Vec<String>>,
    /// Further dependencies, by final name.
    pub(crate) requires: BTreeMap<String, Vec<String>>,
    /// Scriptlets as lines of the spec, by final name.
    pub(crate) spec: BTreeMap<String, String>,
    /// Changes of text in one file, by final name.
    pub(crate) edit: BTreeMap<String, Vec<Edit>>,
    /// Package groups: id to mandatory packages.
    pub(crate) groups: BTreeMap<String, Vec<String>>,
}

/// A change of text in one file of a converted package. Text that is not there is an error.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edit {
    pub(crate) file: String,
    pub(crate) from: String,
    pub(crate) to: String,
}

/// `world/sources/<name>/recipe.toml`: where a source package's tarballs come from, and which
/// repositories its binary packages belong in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    #[serde(default)]
    pub(crate) orig: Vec<Orig>,
    /// Repository to binary packages. Debuginfo packages are in none.
    pub(crate) placement: BTreeMap<String, Vec<String>>,
    /// The vendor's public key is written to SOURCES/ under this name.
    pub(crate) vendor_key: Option<String>,
}

/// One of upstream's tarballs: from a Debian source package, or a Python sdist.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Orig {
    pub(crate) debian: Option<String>,
    pub(crate) python: Option<String>,
    /// The Python project's version; Debian's is whatever the archive has.
    pub(crate) version: Option<String>,
    /// The file's name where it comes from.
    pub(crate) file: String,
    /// The file's name in SOURCES/.
    #[serde(rename = "as")]
    pub(crate) name: String,
    pub(crate) sha256: String,
}

/// `world/world.toml`: the vendor.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct World {
    pub(crate) vendor: Vendor,
    pub(crate) repositories: Vec<String>,
    pub(crate) groups: Vec<Group>,
    pub(crate) advisories: Vec<Advisory>,
    pub(crate) waves: Vec<Wave>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vendor {
    pub(crate) name: String,
    pub(crate) distribution: String,
    pub(crate) packager: String,
    pub(crate) key_uid: String,
    pub(crate) build_host: String,
}

/// A package group of one repository.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Group {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) repository: String,
    pub(crate) packages: Vec<String>,
}

/// An advisory about what is built from some sources.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Advisory {
    pub(crate) id: String,
    /// `security`, `bugfix` or `enhancement`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) severity: String,
    pub(crate) issued: String,
    pub(crate) title: String,
    pub(crate) description: String,
    #[serde(default)]
    pub(crate) cves: Vec<String>,
    /// Source packages.
    pub(crate) sources: Vec<String>,
}

/// Source packages that are built at the same time: none needs another.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wave {
    pub(crate) packages: Vec<String>,
    /// Built `--with bootstrap`: to break a cycle, and built again in a later wave.
    #[serde(default)]
    pub(crate) bootstrap: Vec<String>,
}

/// Reads a recipe file.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let bytes = place::read(path)?;
    let text = String::from_utf8(bytes).map_err(|e| Error::recipe(path, e.to_string()))?;
    toml::from_str(&text).map_err(|source| Error::Toml { path: path.to_path_buf(), source: Box::new(source) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../world")
    }

    #[test]
    fn all_recipes_are_read() {
        read::<Bootstrap>(&world().join("bootstrap.toml")).unwrap();
        let vendor: World = read(&world().join("world.toml")).unwrap();
        for dir in place::entries(&world().join("sources")).unwrap() {
            let source: Source = read(&dir.join("recipe.toml")).unwrap();
            let unknown = source.placement.keys().find(|repo| !vendor.repositories.contains(repo));
            assert_eq!(unknown, None, "{}", dir.display());
        }
    }

    #[test]
    fn an_unknown_key_is_an_error_with_its_line() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("recipe.toml");
        place::write(&file, "[placement]\n\n[[orig]]\nfile = 'a'\nas = 'b'\nsha265 = 'c'\n").unwrap();
        let message = read::<Source>(&file).unwrap_err().to_string();
        assert!(message.contains("line 6") && message.contains("sha265"), "{message}");
    }
}
