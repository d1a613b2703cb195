//! Advisories: read from documents of any format, written in all of them, and read back.

use std::fs;
use std::path::{Path, PathBuf};

use heirloom_errata::{Contradiction, Disagreement, disagreements, merge};
use heirloom_formats::advisory::{self, AdvisoryError, Format, Issuer, Reading, csaf, osv, oval};
use heirloom_formats::{Document, updateinfo};
use heirloom_model::advisory::{Advisory, AdvisoryKind};

use crate::context::processors;
use crate::fail::{Exit, Fail};
use crate::flow::work;
use crate::ui::Progress;

/// Largest document that is read, in bytes: vendors' OVAL of a whole major version, uncompressed.
const LARGEST: u64 = 1 << 30;
/// Directories inside one another that are looked at.
const DEEPEST: usize = 32;

/// What documents say.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) documents: usize,
    pub(crate) advisories: Vec<Advisory>,
    pub(crate) repeated: usize,
    pub(crate) contradictions: Vec<Contradiction>,
    /// What could not be read.
    pub(crate) faults: Vec<AdvisoryError>,
}

/// A document that was made.
pub(crate) struct Made {
    /// Where it goes, below the directory of all.
    pub(crate) path: String,
    pub(crate) format: Format,
    pub(crate) text: String,
}

/// Reads all that is there.
pub(crate) fn read(sources: &[PathBuf], reading: Reading<'_>) -> Result<Read, Fail> {
    let mut files = Vec::new();
    for source in sources {
        walk(source, true, 0, &mut files)?;
    }
    files.sort();
    files.dedup();
    if files.is_empty() {
        return Err(Fail::new(Exit::Failed, "there are no documents of advisories")
            .hint("name files, or directories with .json and .xml files"));
    }
    let progress = Progress::new("reading", files.len());
    let one = |path: &PathBuf| {
        progress.tick(&path.display().to_string());
        Ok::<_, Fail>(document(path, reading))
    };
    let mut read = Read { documents: files.len(), ..Read::default() };
    let mut said = Vec::new();
    for (path, found) in files.iter().zip(work::each(&files, processors(), one)?) {
        for advisory in found {
            match advisory {
                Ok(advisory) => said.push((path.display().to_string(), advisory)),
                Err(fault) => read.faults.push(fault),
            }
        }
    }
    let merged = merge(said);
    read.advisories = merged.advisories;
    read.repeated = merged.repeated;
    read.contradictions = merged.contradictions;
    Ok(read)
}

fn document(path: &Path, reading: Reading<'_>) -> Vec<Result<Advisory, AdvisoryError>> {
    let name = path.display().to_string();
    let failed = |message: String| AdvisoryError { document: name.clone(), field: String::new(), message };
    let bytes = fs::metadata(path).and_then(|about| match about.len() {
        length if length > LARGEST => {
            Err(std::io::Error::other(format!("{length} bytes are more than {LARGEST}")))
        }
        _ => fs::read(path),
    });
    match bytes {
        Ok(bytes) => {
            advisory::read(Document::new(&name, &bytes), reading).unwrap_or_else(|error| vec![Err(error)])
        }
        Err(error) => vec![Err(failed(format!("can't be read: {error}")))],
    }
}

/// The documents below a directory, or the file that was named.
fn walk(path: &Path, is_named: bool, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), Fail> {
    let failed = |error: std::io::Error| Fail::new(Exit::Failed, format!("{}: {error}", path.display()));
    if is_named && !fs::metadata(path).map_err(failed)?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    if depth > DEEPEST {
        return Err(Fail::new(
            Exit::Failed,
            format!("{}: more than {DEEPEST} directories inside one another", path.display()),
        ));
    }
    for entry in fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let (kind, path) = (entry.file_type().map_err(failed)?, entry.path());
        if kind.is_dir() {
            walk(&path, false, depth + 1, files)?;
        } else if kind.is_file() && is_document(&path) {
            files.push(path);
        }
    }
    Ok(())
}

fn is_document(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let plain = [".gz", ".zst", ".xz", ".bz2"].iter().find_map(|ending| name.strip_suffix(ending));
    let plain = plain.unwrap_or(&name);
    !plain.starts_with('.') && (plain.ends_with(".json") || plain.ends_with(".xml"))
}

/// Writes the documents of some formats, in memory. OVAL has the security advisories alone: each definition of it is a
/// vulnerability to those who scan with it.
pub(crate) fn write(
    advisories: &[Advisory],
    formats: &[Format],
    arches: &[&str],
    issuer: Issuer<'_>,
) -> Result<Vec<Made>, Fail> {
    let mut made = Vec::new();
    for &format in formats {
        let each = |name: &(dyn Fn(&Advisory) -> String + Sync),
                    text: &(dyn Fn(&Advisory) -> serde_json::Result<String> + Sync)| {
            let one = |advisory: &Advisory| {
                Ok::<_, Fail>(Made { path: name(advisory), format, text: text(advisory)? })
            };
            work::each(advisories, processors(), one)
        };
        match format {
            Format::Osv => made.extend(each(&|advisory| format!("osv/{}.json", advisory.id), &|advisory| {
                osv::write(advisory, issuer)
            })?),
            Format::Csaf => made.extend(each(
                &|advisory| format!("csaf/{}/{}.json", csaf::year(advisory), advisory.id.csaf_name()),
                &|advisory| csaf::write(advisory, issuer),
            )?),
            Format::Oval => {
                let security = || advisories.iter().filter(|one| one.kind == AdvisoryKind::Security);
                for major in majors(advisories) {
                    let text = oval::write(security(), major, issuer);
                    made.push(Made { path: format!("oval/{}.xml", named(major)), format, text });
                }
            }
            Format::Updateinfo => {
                for major in majors(advisories) {
                    let of_major = advisories.iter().filter(|one| one.majors().contains(major));
                    let all: Vec<_> =
                        of_major.map(|one| updateinfo::made(one, major, arches, issuer)).collect();
                    let text = updateinfo::to_xml(&all);
                    made.push(Made { path: format!("updateinfo/{}.xml", named(major)), format, text });
                }
            }
        }
    }
    Ok(made)
}

fn majors(advisories: &[Advisory]) -> std::collections::BTreeSet<&str> {
    advisories.iter().flat_map(Advisory::majors).collect()
}

fn named(major: &str) -> &str {
    if major.is_empty() { "any" } else { major }
}

/// Reads what was made, and holds it against the records that it was made from.
pub(crate) fn cross_check(
    advisories: &[Advisory],
    formats: &[Format],
    made: &[Made],
    reading: Reading<'_>,
) -> Result<Vec<Disagreement>, Fail> {
    let one = |document: &Made| {
        // What documents for one major version do not name, their own names do.
        let stem = document.path.rsplit('/').next().and_then(|name| name.strip_suffix(".xml"));
        let major = stem.filter(|stem| *stem != "any").unwrap_or_default();
        let reading = Reading { major, ..reading };
        let found = advisory::read(Document::new(&document.path, document.text.as_bytes()), reading);
        let all = found.and_then(|found| found.into_iter().collect::<Result<Vec<_>, _>>());
        all.map(|all| (document.format, all))
            .map_err(|error| Fail::new(Exit::Failed, format!("what was written can't be read: {error}")))
    };
    let back = work::each(made, processors(), one)?;
    let mut found = Vec::new();
    for &format in formats {
        let published = back.iter().filter(|(of, _)| *of == format).flat_map(|(_, all)| all);
        let records = advisories.iter().filter(|one| match format {
            Format::Osv | Format::Csaf => true,
            Format::Oval => one.kind == AdvisoryKind::Security && !one.fixed.is_empty(),
            Format::Updateinfo => !one.fixed.is_empty(),
        });
        found.extend(disagreements(records, format.name(), published));
    }
    found.sort();
    Ok(found)
}
