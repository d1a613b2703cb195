//! Finds pairs among real packages.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Pair, Typed};
use crate::bench::{Result, run_tool};

/// What a directory has.
#[derive(Default)]
pub(super) struct Found {
    /// The same package from two builds.
    pub(super) twice: Vec<Pair>,
    /// Two versions of a package, each with its debugging data.
    pub(super) typed: Vec<Typed>,
}

/// What a package's header says.
struct Package {
    file: PathBuf,
    name: String,
    arch: String,
    version: String,
    source: String,
}

impl Package {
    fn read(file: PathBuf) -> Result<Self> {
        let format = "%{NAME}\t%{ARCH}\t%{EPOCH}:%{VERSION}-%{RELEASE}\t%{SOURCERPM}";
        let shown =
            run_tool(Command::new("rpm").args(["-qp", "--nosignature", "--queryformat", format]).arg(&file))?;
        match &shown.split('\t').map(str::to_owned).collect::<Vec<_>>()[..] {
            [name, arch, version, source] => {
                let [name, arch, version, source] = [name, arch, version, source].map(Clone::clone);
                Ok(Self { file, name, arch, version, source })
            }
            _ => Err(format!("{}: rpm says `{shown}`", file.display()).into()),
        }
    }

    fn is_debuginfo(&self) -> bool {
        self.name.ends_with("-debuginfo")
    }

    /// Packages with debugging data of the same build, where its own is among them: dwz puts what several
    /// packages have in common into one.
    fn debuginfo(&self, all: &[Self]) -> Option<Vec<PathBuf>> {
        let same = |other: &&Self| {
            other.is_debuginfo() && (&other.source, &other.arch) == (&self.source, &self.arch)
        };
        let own = format!("{}-debuginfo", self.name);
        all.iter().filter(same).find(|other| other.name == own)?;
        Some(all.iter().filter(same).map(|other| other.file.clone()).collect())
    }
}

/// All pairs below a directory, by what the packages' headers say.
pub(super) fn find(dir: &Path) -> Result<Found> {
    let mut files = Vec::new();
    collect(dir, &mut files)?;
    files.sort();
    let all: Vec<Package> = files.into_iter().map(Package::read).collect::<Result<_>>()?;
    let mut named = BTreeMap::<_, Vec<&Package>>::new();
    for package in &all {
        named.entry((&package.name, &package.arch)).or_default().push(package);
    }
    let mut found = Found::default();
    for packages in named.values() {
        for (index, one) in packages.iter().enumerate() {
            let Some(other) = packages[index + 1..].iter().find(|other| other.version == one.version) else {
                continue;
            };
            // A copy of the same file is no other build.
            if fs::read(&one.file)? != fs::read(&other.file)? {
                found.twice.push(Pair { reference: one.file.clone(), rebuilt: other.file.clone() });
            }
        }
        let with_types = packages.iter().filter(|package| !package.is_debuginfo());
        let with_types: Vec<_> =
            with_types.filter_map(|package| Some((*package, package.debuginfo(&all)?))).collect();
        if let [(reference, first), .., (rebuilt, second)] = &with_types[..] {
            found.typed.push(Typed {
                name: reference.name.clone(),
                pair: Pair { reference: reference.file.clone(), rebuilt: rebuilt.file.clone() },
                debuginfo: [first.clone(), second.clone()],
            });
        }
    }
    Ok(found)
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(dir).map_err(|error| format!("{}: {error}", dir.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rpm") {
            files.push(path);
        }
    }
    Ok(())
}

/// Puts both sides of all pairs into a directory each.
pub(super) fn copy(pairs: &[Pair], reference: &Path, rebuild: &Path) -> Result<Vec<Pair>> {
    fs::create_dir_all(reference)?;
    fs::create_dir_all(rebuild)?;
    let place = |file: &Path, dir: &Path| -> Result<PathBuf> {
        let target = dir.join(file.file_name().unwrap_or_default());
        fs::copy(file, &target)?;
        Ok(target)
    };
    let copy = |pair: &Pair| {
        Ok(Pair { reference: place(&pair.reference, reference)?, rebuilt: place(&pair.rebuilt, rebuild)? })
    };
    pairs.iter().map(copy).collect()
}
