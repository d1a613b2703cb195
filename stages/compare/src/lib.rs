//! Compares a rebuilt binary package with its reference, and says how much alike they are.
//!
//! It reads two RPM files and gives a [`Compared`]: every difference as a [`Finding`](heirloom_model::Finding)
//! of a named rule, and the verdict that follows from them. It knows no store, no network and no other
//! stage, accepts nothing and signs nothing, and never judges by a package's name.
//!
//! So far it reads headers, not contents: file digests tell it *that* contents differ. Where they do and no
//! interface that a header shows is broken, the verdict is `undecided` and a finding says why; no package
//! is called `abi-compatible` unless all its contents are equal.
//!
//! Start reading at [`checks`]: `check.rs` says what a rule is, `check/registry.rs` lists them all, one line
//! each, and every rule that is more than "these tags are equal" has its own file in `check/`. To add a rule,
//! add its line to the registry and a mutant to `tests/mutants.rs`; a test refuses a rule without one.

mod check;
mod error;
mod excerpt;
mod pair;
mod tag;
mod verdict;

use std::collections::BTreeSet;
use std::path::Path;

use heirloom_formats::rpm_file::Header;
use heirloom_model::Digest;
use heirloom_model::digest::Hasher;
use heirloom_model::record::Compared;

pub use check::{Check, Weight, checks};
pub use error::CompareError;

/// Version of the rules. A change of any rule that can change a verdict or a finding needs a new number, so
/// that old comparisons are made again.
pub const RULES: u32 = 1;

/// An RPM file whose digest is known already, as that of every stored object is.
#[derive(Clone, Copy, Debug)]
pub struct Stored<'a> {
    /// The file.
    pub path: &'a Path,
    /// SHA-256 of the whole file.
    pub digest: Digest,
}

/// Compares two RPM files. Both are read whole, to compute their digests.
///
/// # Errors
/// A file can't be read, is cut short or damaged, or is a source package.
pub fn compare(reference: &Path, rebuilt: &Path) -> Result<Compared, CompareError> {
    let stored = |path| digest(path).map(|digest| Stored { path, digest });
    compare_stored(stored(reference)?, stored(rebuilt)?)
}

/// Compares two RPM files whose digests are known. Only their headers are read, as long as these tell the
/// payloads apart.
///
/// # Errors
/// A file can't be read, is cut short or damaged, or is a source package.
pub fn compare_stored(reference: Stored<'_>, rebuilt: Stored<'_>) -> Result<Compared, CompareError> {
    let reference_header = open(reference.path)?;
    let rebuilt_header = open(rebuilt.path)?;
    let same_bytes = reference.digest == rebuilt.digest
        || pair::same_bytes((reference.path, &reference_header), (rebuilt.path, &rebuilt_header))?;
    let (verdict, findings) = verdict::of(&pair::Pair::new(&reference_header, &rebuilt_header), same_bytes);
    Ok(Compared {
        nevra: rebuilt_header.nevra,
        package: rebuilt.digest,
        reference: reference.digest,
        rules: RULES,
        verdict,
        findings,
    })
}

/// The header of a binary package that is all there.
fn open(path: &Path) -> Result<Header, CompareError> {
    heirloom_formats::rpm_file::check_complete(path)?;
    let header = Header::open(path)?;
    if header.is_source {
        return Err(CompareError::Source { path: path.to_owned() });
    }
    let mut seen = BTreeSet::new();
    let twice = header.tags().find(|tag| !seen.insert(*tag));
    match twice {
        Some(twice) => Err(CompareError::Twice { path: path.to_owned(), tag: tag::name(twice) }),
        None => Ok(header),
    }
}

fn digest(path: &Path) -> Result<Digest, CompareError> {
    let mut hasher = Hasher::default();
    let mut file = std::fs::File::open(path).map_err(CompareError::io(path))?;
    std::io::copy(&mut file, &mut hasher).map_err(CompareError::io(path))?;
    Ok(hasher.finish())
}
