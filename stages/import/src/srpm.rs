//! Source RPMs from an rpm-md repository whose metadata and packages are signed.

use heirloom_model::Package;
use heirloom_model::record::{Imported, SourceFile};
use heirloom_sign::Keyring;
use heirloom_store::Store;

use crate::distgit::plain;
use crate::repository::{self, Verified};
use crate::{ImportError, fetch};

/// The newest source package of each name in the repository.
///
/// # Errors
/// See [`repository::verify`].
pub fn list(location: &str, keys: &Keyring) -> Result<(Verified, Vec<Package>), ImportError> {
    let verified = repository::verify(location, keys)?;
    let mut packages = verified.packages()?;
    packages.retain(|package| package.nevra.arch() == "src");
    packages.sort_by(|a, b| {
        a.nevra
            .name()
            .cmp(b.nevra.name())
            .then_with(|| heirloom_formats::evr::compare(b.nevra.evr(), a.nevra.evr()))
    });
    packages.dedup_by(|later, first| later.nevra.name() == first.nevra.name());
    Ok((verified, packages))
}

/// Fetches one source RPM, checks digest and signature, and unpacks it into the store.
///
/// # Errors
/// It can't be had, is changed, unsigned or signed by another key, or holds something that is no source.
pub fn import(
    store: &Store,
    repository: &Verified,
    package: &Package,
    keys: &Keyring,
) -> Result<Imported, ImportError> {
    let at = fetch::join(&repository.location, &package.location);
    fetch::into_store(store, &at, package.digest, "the repository's metadata")?;
    let path = store.path(package.digest);
    keys.verify_rpm(&path).map_err(|source| ImportError::Signature { location: at.clone(), source })?;
    let name = package.nevra.name();
    let mut files = Vec::new();
    heirloom_formats::rpm_file::each_source(&path, |file, content| {
        let file = plain(file, name)?;
        let (digest, size) = store.put_reader(content)?;
        let origin = format!("{at}:{file}");
        files.push(SourceFile { name: file, digest, size, origin });
        Ok::<(), ImportError>(())
    })
    .map_err(ImportError::format(&at))??;
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let specs: Vec<_> =
        files.iter().filter(|file| file.name.ends_with(".spec")).map(|file| file.name.clone()).collect();
    let [spec] = &specs[..] else {
        let message = format!("expected one spec file, found {}", specs.len());
        return Err(ImportError::Layout { path: at.into(), message });
    };
    Ok(Imported {
        name: name.to_owned(),
        spec: spec.clone(),
        files,
        origin: at,
        own: false,
        nevra: None,
        published: None,
    })
}
