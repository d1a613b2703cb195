//! Advisories for an audit: documents, repositories and bundles.

use std::path::{Path, PathBuf};

use heirloom_errata::merge;
use heirloom_formats::Document;
use heirloom_formats::advisory::bundle::{self, Bundle};
use heirloom_formats::advisory::{Format, Reading};
use heirloom_formats::openpgp::Keyring;
use heirloom_model::advisory::Advisory;

use super::errata::{self, Read};
use crate::context::bytes;
use crate::fail::{Exit, Fail, chain};

/// Largest bundle, in compressed bytes.
const LARGEST: u64 = 2 << 30;
/// Largest key file and signature.
const LARGEST_KEY: u64 = 16 << 20;

/// Reads a bundle; with a key, only one that it signed. The signature is in a file beside it whose name ends in `.asc`. The
/// fingerprint of the key is handed back, too.
pub(crate) fn bundle(
    path: &Path,
    key: Option<&Path>,
    reading: Reading<'_>,
) -> Result<(Bundle, Option<String>), Fail> {
    let bytes = bytes(path, LARGEST)?;
    let signer = key.map(|key| verified(path, &bytes, key)).transpose()?;
    let name = path.display().to_string();
    if !bundle::is_bundle(&bytes) {
        return Err(Fail::new(Exit::Failed, format!("{name} is no bundle"))
            .hint("`heirloom errata bundle` makes one; --advisories takes documents"));
    }
    let bundle = bundle::read(Document::new(&name, &bytes), reading);
    Ok((bundle.map_err(|error| Fail::new(Exit::Failed, error))?, signer))
}

fn verified(path: &Path, data: &[u8], key: &Path) -> Result<String, Fail> {
    let keyring = Keyring::from_armoured(&bytes(key, LARGEST_KEY)?)
        .map_err(|error| Fail::new(Exit::Failed, format!("{}: {}", key.display(), chain(&error))))?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".asc");
    let signature = bytes(Path::new(&beside), LARGEST_KEY)?;
    keyring.verify_detached(data, &signature).map_err(|error| {
        Fail::new(Exit::Failed, format!("{}: its signature does not hold: {}", path.display(), chain(&error)))
            .hint("fetch bundle and signature again; --key is the public key of whom it is from")
    })
}

/// Adds what another place says to what was read.
pub(crate) fn join(read: &mut Read, name: &str, advisories: Vec<Advisory>) {
    let own = std::mem::take(&mut read.advisories).into_iter().map(|advisory| (String::new(), advisory));
    let merged = merge(own.chain(advisories.into_iter().map(|advisory| (name.to_owned(), advisory))));
    read.advisories = merged.advisories;
    read.repeated += merged.repeated;
    read.contradictions.extend(merged.contradictions);
}

/// What each format says, of a directory as `errata convert` writes it: `osv`, `csaf`, `oval`, `updateinfo`.
pub(crate) fn published(dir: &Path, reading: Reading<'_>) -> Result<Vec<(Format, Read)>, Fail> {
    let mut formats = Vec::new();
    for format in Format::ALL {
        let own = dir.join(format.name());
        if !own.is_dir() {
            continue;
        }
        let mut read = Read::default();
        match format {
            // They name the major version of each package.
            Format::Osv | Format::Csaf => {
                let mut documents = errata::documents(&[own])?;
                documents.retain(|path| is_advisory(path));
                read = errata::read(&documents, Reading { major: "", ..reading })?;
            }
            Format::Oval | Format::Updateinfo => {
                for path in files(&own)? {
                    let stem = path.file_name().unwrap_or_default().to_string_lossy();
                    let stem = stem.split('.').next().unwrap_or_default();
                    let major = if stem == "any" { "" } else { stem };
                    let one = errata::read(std::slice::from_ref(&path), Reading { major, ..reading })?;
                    read.documents += one.documents;
                    read.faults.extend(one.faults);
                    join(&mut read, &path.display().to_string(), one.advisories);
                }
            }
        }
        formats.push((format, read));
    }
    if formats.len() < 2 {
        return Err(Fail::new(Exit::Failed, format!("{} has not two formats to compare", dir.display()))
            .hint("name a directory that `heirloom errata convert` wrote"));
    }
    Ok(formats)
}

/// Beside CSAF's advisories stand documents of VEX, named by their vulnerability, and lists of both.
fn is_advisory(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    !name.starts_with("cve-") && !name.starts_with("csaf-feed-") && name != "service.json"
}

fn files(dir: &Path) -> Result<Vec<PathBuf>, Fail> {
    let failed = |error: std::io::Error| Fail::new(Exit::Failed, format!("{}: {error}", dir.display()));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
