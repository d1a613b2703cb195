//! Whether dnf sees what the metadata vouches for: all that a repository's own metadata names is in the list of files.

use heirloom_formats::Document;
use heirloom_formats::repodata::Packages;
use heirloom_formats::repomd::Repomd;
use heirloom_model::Digest;

use super::{Check, Finding, Subject};
use crate::context::processors;
use crate::fail::{Exit, Fail, chain};
use crate::flow::work;

const REPOMD: &str = "repodata/repomd.xml";
/// Bytes of a metadata file: the largest real ones have a tenth of it.
const LARGEST: u64 = 1 << 30;

/// What was found of one repository.
#[derive(Default)]
struct Found {
    named: usize,
    packages: usize,
    findings: Vec<Finding>,
}

pub(super) fn check(subject: &Subject<'_>) -> Result<Check, Fail> {
    let targets = subject.list;
    let roots: Vec<&str> = targets.keys().filter_map(|path| root(path)).collect();
    let found = work::each(&roots, processors(), |root| one(subject, root))?;
    let (mut all, count) = (Found::default(), roots.len());
    for one in found {
        all.named += one.named;
        all.packages += one.packages;
        all.findings.extend(one.findings);
    }
    if count == 0 {
        all.findings
            .push(Finding::new(REPOMD, "the list of files names no repository: dnf finds nothing here"));
    }
    let Found { named, packages, findings } = all;
    let looked_at = format!("{count} repositories name {named} metadata files and {packages} packages");
    Ok(Check::new("repositories", looked_at, findings))
}

/// The repository that a path is the repomd.xml of.
fn root(path: &str) -> Option<&str> {
    let root = path.strip_suffix(REPOMD)?;
    (root.is_empty() || root.ends_with('/')).then_some(root)
}

fn one(subject: &Subject<'_>, root: &str) -> Result<Found, Fail> {
    let mut found = Found::default();
    let place = format!("{root}{REPOMD}");
    let Some(bytes) = read(subject, &place, &mut found)? else { return Ok(found) };
    let repomd = match Repomd::parse(Document::new(&place, &bytes)) {
        Ok(repomd) => repomd,
        Err(error) => {
            found.findings.push(Finding::new(&place, chain(&error)));
            return Ok(found);
        }
    };
    for record in &repomd.records {
        found.named += 1;
        let path = format!("{root}{}", record.location);
        named(subject, &place, &path, (record.checksum, record.size), &mut found);
    }
    let kinds = ["primary", "filelists"].map(|kind| repomd.record(kind));
    let [Some(primary), Some(filelists)] = kinds else {
        found.findings.push(Finding::new(&place, "it names no `primary` and `filelists`, which dnf needs"));
        return Ok(found);
    };
    let paths = [primary, filelists].map(|record| format!("{root}{}", record.location));
    let [first, second] = [&paths[0], &paths[1]].map(|path| read(subject, path, &mut found));
    let (Some(first), Some(second)) = (first?, second?) else { return Ok(found) };
    let open = |record: &heirloom_formats::repomd::Record| record.open_size.unwrap_or(LARGEST);
    let documents = (
        Document::new(&paths[0], &first).limit(open(primary)),
        Document::new(&paths[1], &second).limit(open(filelists)),
    );
    let packages = match Packages::open(documents.0, documents.1) {
        Ok(packages) => packages,
        Err(error) => {
            found.findings.push(Finding::new(&paths[0], chain(&error)));
            return Ok(found);
        }
    };
    for package in packages {
        match package {
            Ok(package) => {
                found.packages += 1;
                let path = format!("{root}{}", package.location);
                named(subject, &paths[0], &path, (package.digest, Some(package.size)), &mut found);
            }
            Err(error) => {
                found.findings.push(Finding::new(&paths[0], chain(&error)));
                break;
            }
        }
    }
    Ok(found)
}

/// A file that a repository's metadata names must be in the list, as it names it.
fn named(
    subject: &Subject<'_>,
    by: &str,
    path: &str,
    (digest, size): (Digest, Option<u64>),
    found: &mut Found,
) {
    let what = match subject.target(path) {
        None => "is not in the list of files".to_owned(),
        Some(target) if target.digest() != digest => {
            format!("has the SHA-256 {} in the list of files, but {digest} there", target.digest())
        }
        Some(target) if size.is_some_and(|size| size != target.length) => {
            format!(
                "has {} bytes in the list of files, but {} there",
                target.length,
                size.unwrap_or_default()
            )
        }
        Some(_) => return,
    };
    found.findings.push(Finding::new(path, format!("{by} names it, and it {what}")));
}

/// The bytes of a target, if they are what they should be.
fn read(subject: &Subject<'_>, path: &str, found: &mut Found) -> Result<Option<Vec<u8>>, Fail> {
    // What is not in the list was told where it was named.
    let Some(target) = subject.target(path) else { return Ok(None) };
    let failed = |error| {
        Fail::new(Exit::Failed, format!("can't read {path}: {error}")).hint("try again, or another mirror")
    };
    let what = match subject.place.read(path, target.length.min(LARGEST)).map_err(failed)? {
        None => "is missing".to_owned(),
        Some(bytes) if bytes.len() as u64 != target.length => {
            format!("has other than the {} bytes of the list of files", target.length)
        }
        Some(bytes) if Digest::of(&bytes) != target.digest() => {
            format!("has the SHA-256 {}, in the list of files it has {}", Digest::of(&bytes), target.digest())
        }
        Some(bytes) => return Ok(Some(bytes)),
    };
    found.findings.push(Finding::new(path, what));
    Ok(None)
}
