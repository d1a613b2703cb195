//! Kernel modules that are loaded, and whose they are.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use heirloom_model::Nevra;

use super::look::Look;
use super::text;
use crate::facts::Assessment;
use crate::vendors;

/// Files that are looked at for one kernel. Kernels have some five thousand.
const MOST: usize = 100_000;
/// Deepest directory below a kernel's that is looked into.
const DEEPEST: usize = 12;

/// Loaded modules with the paths of their files; none if there is no file.
pub(super) type Loaded = BTreeMap<String, Option<Vec<String>>>;

/// Modules that are loaded on this machine. Nothing is loaded on a machine that does not run.
pub(super) fn loaded(look: &mut Look) -> Loaded {
    if !look.machine.is_here() {
        return Loaded::new();
    }
    let names = text::modules(&look.text("/proc/modules").unwrap_or_default());
    if names.is_empty() {
        return Loaded::new();
    }
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    let top = format!("/lib/modules/{release}");
    let mut files = BTreeMap::new();
    walk(look, &top, 0, &mut files);
    if files.is_empty() {
        look.miss(format!("whose the loaded kernel modules are: there is nothing in {top}"));
        return Loaded::new();
    }
    names.into_iter().map(|name| (name.clone(), files.get(&name).cloned())).collect()
}

/// All paths, to ask for their packages.
pub(super) fn paths(loaded: &Loaded) -> BTreeSet<String> {
    loaded.values().flatten().flatten().cloned().collect()
}

/// Files by the name of the module; `-` in a file's name is `_` in the module's.
fn walk(look: &mut Look, directory: &str, depth: usize, files: &mut BTreeMap<String, Vec<String>>) {
    for name in look.names(directory) {
        let path = format!("{directory}/{name}");
        let Ok(about) = fs::symlink_metadata(look.machine.place(&path)) else { continue };
        if about.is_dir() {
            if depth < DEEPEST && files.len() < MOST {
                walk(look, &path, depth + 1, files);
            }
        } else if let Some((module, ending)) = name.split_once(".ko")
            && ["", ".xz", ".gz", ".zst"].contains(&ending)
        {
            files.entry(module.replace('-', "_")).or_default().extend(names(look, path));
        }
    }
}

/// A file by all its paths: with and without `/usr`, and where a link of `weak-updates` leads.
fn names(look: &Look, path: String) -> Vec<String> {
    let real = look.machine.resolve(&path).ok();
    let real =
        real.and_then(|place| Some(format!("/{}", place.strip_prefix(look.machine.root()).ok()?.display())));
    let mut all = vec![format!("/usr{path}"), path];
    if let Some(real) = real {
        all.extend(real.strip_prefix("/usr").map(str::to_owned));
        all.push(real);
    }
    all
}

/// Modules that belong to no package of the vendor, with their package.
pub(super) fn foreign(
    loaded: &Loaded,
    owners: &BTreeMap<String, Nevra>,
    it: &Assessment,
) -> BTreeMap<String, String> {
    let own_tags: BTreeSet<&str> = it
        .packages
        .iter()
        .filter(|package| Some(&package.nevra) == it.system.release.as_ref())
        .map(|package| package.vendor.as_str())
        .collect();
    let is_own = |nevra: &Nevra| {
        let package = it.packages.iter().find(|package| package.nevra == *nevra);
        let known = vendors::by_id(&it.system.vendor);
        package.is_some_and(|package| {
            own_tags.contains(package.vendor.as_str())
                || known.is_some_and(|vendor| vendor.has_tag(&package.vendor))
        })
    };
    let mut foreign = BTreeMap::new();
    for (module, paths) in loaded {
        let owner = paths.iter().flatten().find_map(|path| owners.get(path));
        match owner {
            Some(nevra) if is_own(nevra) => {}
            Some(nevra) => drop(foreign.insert(module.clone(), nevra.name().to_owned())),
            None => drop(foreign.insert(module.clone(), String::new())),
        }
    }
    foreign
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::packages::tests::fact;

    #[test]
    fn modules_of_others_are_told() {
        let kernel = fact("kernel-core-5-1.x86_64", "Kestrel", &[]);
        let release = fact("kestrel-release-9-1.noarch", "Kestrel", &["system-release = 9"]);
        let other = fact("kmod-nvidia-1-1.x86_64", "NVIDIA", &[]);
        let owners = [("/lib/modules/5/xfs.ko.xz", &kernel), ("/lib/modules/4/extra/nvidia.ko", &other)];
        let owners = owners.map(|(path, package)| (path.to_owned(), package.nevra.clone())).into();
        let mut it = Assessment { packages: vec![kernel, release.clone(), other], ..Assessment::default() };
        it.system.release = Some(release.nevra);
        let loaded: Loaded = [
            ("xfs", Some("/lib/modules/5/xfs.ko.xz")),
            ("nvidia", Some("/lib/modules/4/extra/nvidia.ko")),
            ("vbox", Some("/lib/modules/5/misc/vbox.ko")),
            ("gone", None),
        ]
        .map(|(name, path)| (name.to_owned(), path.map(|path| vec![path.to_owned()])))
        .into();
        let expected = [("gone", ""), ("nvidia", "kmod-nvidia"), ("vbox", "")];
        assert_eq!(
            foreign(&loaded, &owners, &it),
            expected.map(|(a, b)| (a.to_owned(), b.to_owned())).into()
        );
    }
}
