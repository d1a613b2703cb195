//! The files in a source RPM: spec file, tarballs, patches.

use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;

use super::payload::each_file;
use super::{Header, RpmError, RpmProblem};

/// Hands every regular file of a source RPM to `take`, in the archive's order, with its plain name. Sizes
/// are bounded by what the header says; the payload's digest is for [`super::verify_digests`] to check.
///
/// # Errors
/// The file can't be read, is no source RPM, or its archive is damaged or has a file that the header does
/// not list. The inner error is `take`'s own.
pub fn each_source<E>(
    path: &Path,
    mut take: impl FnMut(&str, &mut dyn Read) -> Result<(), E>,
) -> Result<Result<(), E>, RpmError> {
    let header = Header::open(path)?;
    if !header.is_source {
        let problem = RpmProblem::Archive("it is no source RPM".to_owned());
        return Err(RpmError { file: path.display().to_string(), problem });
    }
    let file = |index: usize| header.files[index].path.as_str();
    each_file(
        path,
        &header,
        |_| true,
        |index, data| take(file(index), data).map(|()| ControlFlow::Continue(())),
    )
}
