//! Reads what a build left behind, and puts it in the store.

use std::fs;
use std::path::PathBuf;

use heirloom_formats::rpm_file;
use heirloom_model::{Dependency, Package};
use heirloom_store::Store;

use crate::BuildError;
use crate::sandbox::End;

/// rpmbuild's exit code when `%generate_buildrequires` asks for what is not installed.
const MISSING_REQUIRES: i32 = 11;

/// The ending of the source RPM that then lists all requirements.
const REQUIRES_ENDING: &str = ".buildreqs.nosrc.rpm";

fn files(end: &End) -> Result<Vec<PathBuf>, BuildError> {
    let dir = end.out();
    let failed = |error| BuildError::io("read", &dir, error);
    let entries = fs::read_dir(&dir).map_err(failed)?;
    let mut files =
        entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>().map_err(failed)?;
    files.sort();
    Ok(files)
}

/// All build requirements, if rpmbuild ended because some of the dynamic ones are missing.
pub(crate) fn dynamic_requires(end: &End) -> Result<Option<Vec<Dependency>>, BuildError> {
    if end.stop.is_some() || end.report.steps.last().and_then(|step| step.code) != Some(MISSING_REQUIRES) {
        return Ok(None);
    }
    let list = files(end)?.into_iter().find(|file| file.to_string_lossy().ends_with(REQUIRES_ENDING));
    let Some(list) = list else { return Ok(None) };
    let digest = heirloom_model::Digest::of(b"");
    // One that can't be read is a failed build like any other.
    Ok(rpm_file::verify_digests(&list).ok().map(|header| header.package(digest, 0, "").requires))
}

/// Verifies and keeps the RPMs: the source package, and the binary ones sorted by identity. The inner
/// error says what is wrong with them.
pub(crate) fn take(store: &Store, end: &End) -> Result<Result<(Package, Vec<Package>), String>, BuildError> {
    let (mut sources, mut packages) = (Vec::new(), Vec::new());
    for file in files(end)? {
        if file.to_string_lossy().ends_with(REQUIRES_ENDING) {
            continue;
        }
        let header = match rpm_file::verify_digests(&file) {
            Ok(header) => header,
            Err(error) => return Ok(Err(format!("rpmbuild left a damaged package: {error}"))),
        };
        let (digest, size) = store.put_file(&file)?;
        let package = header.package(digest, size, "");
        if header.is_source { sources.push(package) } else { packages.push(package) }
    }
    packages.sort_by(|a, b| a.nevra.cmp(&b.nevra));
    match <[Package; 1]>::try_from(sources) {
        Ok([source]) => Ok(Ok((source, packages))),
        Err(sources) => {
            Ok(Err(format!("rpmbuild left {} source packages where one is expected", sources.len())))
        }
    }
}
