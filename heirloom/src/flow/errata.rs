//! Advisories: read from documents of any format, written in all of them, and read back.

use std::collections::{BTreeMap, BTreeSet};
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

/// What was written.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// Documents of each format.
    pub(crate) documents: BTreeMap<&'static str, usize>,
    /// Where one says something else than the records.
    pub(crate) disagreements: Vec<Disagreement>,
}

/// What is written for whom.
#[derive(Clone, Copy)]
pub(crate) struct Writing<'a> {
    pub(crate) formats: &'a [Format],
    /// Architectures of packages of which none is known, in updateinfo.xml.
    pub(crate) arches: &'a [&'a str],
    pub(crate) issuer: Issuer<'a>,
    pub(crate) reading: Reading<'a>,
}

/// One document to be made.
enum Task<'a> {
    /// Of one advisory.
    One(Format, &'a Advisory),
    /// Of all advisories of a major version.
    All(Format, &'a str),
}

/// Writes the documents of some formats below a directory, and reads each back. OVAL has the security advisories alone:
/// each definition of it is a vulnerability to those who scan with it.
pub(crate) fn write(dir: &Path, advisories: &[Advisory], writing: Writing<'_>) -> Result<Written, Fail> {
    let majors: BTreeSet<&str> = advisories.iter().flat_map(Advisory::majors).collect();
    let has = |format| writing.formats.contains(&format);
    // Those of all advisories first: they take longest.
    let wide = [Format::Oval, Format::Updateinfo].into_iter().filter(|format| has(*format));
    let mut tasks: Vec<_> =
        wide.flat_map(|format| majors.iter().map(move |major| Task::All(format, major))).collect();
    for format in [Format::Osv, Format::Csaf].into_iter().filter(|format| has(*format)) {
        tasks.extend(advisories.iter().map(|advisory| Task::One(format, advisory)));
    }
    let progress = Progress::new("writing", tasks.len());
    let one = |task: &Task<'_>| {
        let (path, text) = writing.document(advisories, task)?;
        progress.tick(&path);
        let differs = writing.back(advisories, task, &path, &text)?;
        let path = dir.join(path);
        let failed = |error: std::io::Error| Fail::new(Exit::Failed, format!("{}: {error}", path.display()));
        fs::create_dir_all(path.parent().unwrap_or(dir))
            .and_then(|()| fs::write(&path, &text))
            .map_err(failed)?;
        Ok::<_, Fail>(differs)
    };
    let mut written = Written::default();
    for (task, differs) in tasks.iter().zip(work::each(&tasks, processors(), one)?) {
        *written.documents.entry(task.format().name()).or_default() += 1;
        written.disagreements.extend(differs);
    }
    written.disagreements.sort();
    Ok(written)
}

impl Task<'_> {
    fn format(&self) -> Format {
        let (Self::One(format, _) | Self::All(format, _)) = self;
        *format
    }
}

impl Writing<'_> {
    /// Where a document goes, and what it says.
    fn document(&self, advisories: &[Advisory], task: &Task<'_>) -> Result<(String, String), Fail> {
        let Self { arches, issuer, .. } = *self;
        Ok(match *task {
            Task::One(Format::Csaf, advisory) => {
                let path = format!("csaf/{}/{}.json", csaf::year(advisory), advisory.id.csaf_name());
                (path, csaf::write(advisory, issuer)?)
            }
            Task::One(_, advisory) => (format!("osv/{}.json", advisory.id), osv::write(advisory, issuer)?),
            Task::All(format, major) => {
                let path = format!("{}/{}.xml", format.name(), if major.is_empty() { "any" } else { major });
                let all = concerned(advisories, format, major);
                let text = match format {
                    Format::Oval => oval::write(all, major, issuer),
                    _ => updateinfo::to_xml(all.map(|one| updateinfo::made(one, major, arches, issuer))),
                };
                (path, text)
            }
        })
    }

    /// Reads what was made, and holds it against the records that it was made from.
    fn back(
        &self,
        advisories: &[Advisory],
        task: &Task<'_>,
        path: &str,
        text: &str,
    ) -> Result<Vec<Disagreement>, Fail> {
        // What documents for one major version do not name, they are for.
        let major = match *task {
            Task::All(_, major) => major,
            Task::One(..) => "",
        };
        let reading = Reading { major, ..self.reading };
        let found = advisory::read(Document::new(path, text.as_bytes()), reading);
        let back = found.and_then(|found| found.into_iter().collect::<Result<Vec<_>, _>>());
        let back = back
            .map_err(|error| Fail::new(Exit::Failed, format!("what was written can't be read: {error}")))?;
        let format = task.format();
        Ok(match *task {
            Task::One(_, advisory) => disagreements([advisory], format.name(), &back),
            Task::All(..) => {
                // A document has what its advisories have of one major version alone.
                let part = |advisory: &Advisory| {
                    let mut part = advisory.clone();
                    part.fixed.retain(|fixed| fixed.major == major);
                    part
                };
                let records: Vec<_> = concerned(advisories, format, major).map(part).collect();
                disagreements(&records, format.name(), &back)
            }
        })
    }
}

/// The advisories that a format has of a major version.
fn concerned<'a>(
    advisories: &'a [Advisory],
    format: Format,
    major: &str,
) -> impl Iterator<Item = &'a Advisory> {
    advisories.iter().filter(move |advisory| {
        let is_its_kind = format != Format::Oval || advisory.kind == AdvisoryKind::Security;
        is_its_kind && advisory.fixed.iter().any(|fixed| fixed.major == major)
    })
}
