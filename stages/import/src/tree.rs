//! A directory's files as the file system describes them, so that what did not change need not be read.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use heirloom_model::digest::Hasher;

use crate::ImportError;

/// Files that one package may have. The largest real ones have some thousands.
pub(crate) const MOST_FILES: usize = 20_000;

/// A plain file of a tree, or something that is none.
pub(crate) struct Entry {
    /// Path below the tree's root.
    pub(crate) path: String,
    /// Where it is.
    pub(crate) full: PathBuf,
    /// Whether it is a plain file.
    pub(crate) plain: bool,
}

/// What is in a tree.
pub(crate) struct Listing {
    /// Sorted by path.
    pub(crate) entries: Vec<Entry>,
    /// Stands for paths, sizes, times and inodes of all.
    pub(crate) signature: String,
    /// The youngest change time, in seconds since 1970.
    pub(crate) youngest: u64,
}

impl Listing {
    /// Lists a dist-git tree: the files beside each other, and those in `SPECS` and `SOURCES`. `salt` is all else that
    /// an import depends on.
    pub(crate) fn of(tree: &Path, salt: &str) -> Result<Self, ImportError> {
        let mut found = Vec::new();
        let mut youngest = 0;
        for below in ["", "SPECS", "SOURCES"] {
            let dir = tree.join(below);
            let entries = match fs::read_dir(&dir) {
                Err(error) if !below.is_empty() && error.kind() == std::io::ErrorKind::NotFound => continue,
                entries => entries.map_err(ImportError::read(&dir))?,
            };
            for entry in entries {
                let entry = entry.map_err(ImportError::read(&dir))?;
                let name = entry.file_name().to_string_lossy().into_owned();
                let file = entry.metadata().map_err(ImportError::read(entry.path()))?;
                // Below the root itself, directories are tests, documentation or git's own.
                if below.is_empty() && file.is_dir() {
                    continue;
                }
                youngest = youngest.max(u64::try_from(file.ctime()).unwrap_or(0));
                let path = if below.is_empty() { name } else { format!("{below}/{name}") };
                found.push((Entry { path, full: entry.path(), plain: file.is_file() }, file));
                if found.len() > MOST_FILES {
                    return Err(too_many(tree));
                }
            }
        }
        found.sort_by(|a, b| a.0.path.cmp(&b.0.path));
        let mut hasher = Hasher::default();
        hasher.update(salt.as_bytes());
        for (entry, file) in &found {
            hasher.update(format!("\n{}\0{}", entry.path, stamp(file)).as_bytes());
        }
        let signature = hasher.finish().to_string();
        Ok(Self { entries: found.into_iter().map(|(entry, _)| entry).collect(), signature, youngest })
    }

    /// Whether a later change must show in the signature: nothing was changed in the same moments in which this was
    /// read. `now` is from before. The file system's clock ticks slower than the system's, hence the second.
    pub(crate) fn settled(&self, now: u64) -> bool {
        settled(self.youngest, now)
    }
}

/// See [`Listing::settled`].
pub(crate) fn settled(youngest: u64, now: u64) -> bool {
    youngest.saturating_add(1) < now
}

/// What changes with a file. Nobody can set the change time back.
pub(crate) fn stamp(file: &fs::Metadata) -> String {
    format!(
        "{:o} {} {} {}.{} {}.{}",
        file.mode(),
        file.ino(),
        file.size(),
        file.mtime(),
        file.mtime_nsec(),
        file.ctime(),
        file.ctime_nsec()
    )
}

pub(crate) fn too_many(tree: &Path) -> ImportError {
    ImportError::Layout {
        path: tree.to_owned(),
        message: format!("it has more than {MOST_FILES} files; no source package has so many"),
    }
}
