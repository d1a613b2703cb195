//! What of packages Secure Boot has to start.

use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use heirloom_formats::rpm_file::{FileEntry, Header, RpmError, each_file, read_whole};

use super::SecureBootFiles;

/// Largest program that is read, in bytes. Kernels have some 15 MB.
const LARGEST: u64 = 256 << 20;

/// Which of both it is.
enum Part {
    Shim,
    Program,
}

impl SecureBootFiles {
    /// Adds what a package has: shims and boot loaders in the target's directory of an EFI system partition, and kernels.
    ///
    /// # Errors
    /// The package can't be read.
    pub fn add(&mut self, package: &Path, directory: &str) -> Result<(), RpmError> {
        let header = Header::open(package)?;
        let parts: Vec<Option<Part>> = header.files.iter().map(|file| part(file, directory)).collect();
        if parts.iter().all(Option::is_none) {
            return Ok(());
        }
        let is_wanted = |index: usize| parts.get(index).is_some_and(Option::is_some);
        let read = each_file(package, &header, is_wanted, |index, data| -> io::Result<_> {
            let file = &header.files[index];
            let bytes = read_whole(data, file, LARGEST)?;
            match parts[index] {
                Some(Part::Shim) => self.shims.push((file.path.clone(), bytes)),
                _ => self.programs.push((file.path.clone(), bytes)),
            }
            Ok(ControlFlow::Continue(()))
        })?;
        read.map_err(|error| RpmError { file: package.display().to_string(), problem: error.into() })
    }

    /// Whether there is nothing to be started.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shims.is_empty() && self.programs.is_empty()
    }
}

fn part(file: &FileEntry, directory: &str) -> Option<Part> {
    if !file.is_regular() || file.is_ghost() {
        return None;
    }
    let (dir, name) = file.path.rsplit_once('/')?;
    if dir == format!("/boot/efi/EFI/{directory}") && name.ends_with(".efi") {
        return match name {
            _ if name.starts_with("shim") => Some(Part::Shim),
            _ if name.starts_with("grub") => Some(Part::Program),
            _ => None,
        };
    }
    let is_kernel = match dir.strip_prefix("/usr").unwrap_or(dir).strip_prefix("/lib/modules/") {
        Some(version) => !version.contains('/') && name == "vmlinuz",
        None => dir == "/boot" && name.starts_with("vmlinuz-"),
    };
    is_kernel.then_some(Part::Program)
}
