//! Advisories: read from documents of any format, written in all of them, and read back.

pub(crate) mod site;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use heirloom_errata::{Contradiction, Disagreement, disagreements, merge};
use heirloom_formats::advisory::{
    self, AdvisoryError, Format, Issuer, Reading, bundle, csaf, osv, osv_path, oval,
};
use heirloom_formats::repomd::Repomd;
use heirloom_formats::{Document, updateinfo};
use heirloom_model::Digest;
use heirloom_model::advisory::vex::Vex;
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
    /// Digests of the documents' bytes.
    pub(crate) digests: Vec<Digest>,
    /// What the bundles among the documents say of themselves.
    pub(crate) bundles: Vec<bundle::Header>,
}

/// What documents say, each with the name of its document, before it is put together.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) documents: usize,
    pub(crate) said: Vec<(String, Advisory)>,
    /// What could not be read.
    pub(crate) faults: Vec<AdvisoryError>,
    /// Digests of the documents' bytes.
    digests: Vec<Digest>,
    /// What the bundles among the documents say of themselves.
    bundles: Vec<bundle::Header>,
    /// What documents say of vulnerabilities, and why they are no advisories.
    pub(crate) vex: Vec<(Vex, AdvisoryError)>,
}

/// Reads all that is there, one record of each advisory. Anything else is a fault.
pub(crate) fn read(sources: &[PathBuf], reading: Reading<'_>) -> Result<Read, Fail> {
    let Said { documents, said, mut faults, digests, bundles, vex } = said(sources, reading)?;
    faults.extend(vex.into_iter().map(|(_, why)| why));
    let merged = merge(said);
    Ok(Read {
        documents,
        advisories: merged.advisories,
        repeated: merged.repeated,
        contradictions: merged.contradictions,
        faults,
        digests,
        bundles,
    })
}

/// Reads all that is there.
pub(crate) fn said(sources: &[PathBuf], reading: Reading<'_>) -> Result<Said, Fail> {
    let files = documents(sources)?;
    if files.is_empty() {
        return Err(Fail::new(Exit::Failed, "there are no documents of advisories").hint(
            "name files, repositories with an updateinfo.xml, or directories with .json and .xml files",
        ));
    }
    let progress = Progress::new("reading", files.len());
    let one = |path: &PathBuf| {
        progress.tick(&path.display().to_string());
        Ok::<_, Fail>(document(path, reading))
    };
    let mut said = Said { documents: files.len(), ..Said::default() };
    for (path, found) in files.iter().zip(work::each(&files, processors(), one)?) {
        said.digests.extend(found.digest);
        said.bundles.extend(found.bundle);
        said.vex.extend(found.vex);
        for advisory in found.advisories {
            match advisory {
                Ok(advisory) => said.said.push((path.display().to_string(), advisory)),
                Err(fault) => said.faults.push(fault),
            }
        }
    }
    Ok(said)
}

/// The documents that there are, sorted, each once.
pub(crate) fn documents(sources: &[PathBuf]) -> Result<Vec<PathBuf>, Fail> {
    let mut files = Vec::new();
    for source in sources {
        walk(source, true, 0, &mut files)?;
    }
    files.sort();
    files.dedup();
    Ok(files)
}

/// What one document says.
#[derive(Default)]
struct One {
    advisories: Vec<Result<Advisory, AdvisoryError>>,
    digest: Option<Digest>,
    bundle: Option<bundle::Header>,
    /// What it says of a vulnerability, and why it is no advisory.
    vex: Option<(Vex, AdvisoryError)>,
}

fn document(path: &Path, reading: Reading<'_>) -> One {
    let name = path.display().to_string();
    let bytes = fs::metadata(path).and_then(|about| match about.len() {
        length if length > LARGEST => {
            Err(std::io::Error::other(format!("{length} bytes are more than {LARGEST}")))
        }
        _ => fs::read(path),
    });
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(error) => {
            let message = format!("can't be read: {error}");
            let error = AdvisoryError { document: name, field: String::new(), message };
            return One { advisories: vec![Err(error)], ..One::default() };
        }
    };
    let mut said = One { digest: Some(Digest::of(&bytes)), ..One::default() };
    let document = Document::new(&name, &bytes);
    let advisories = match bundle::is_bundle(&bytes) {
        true => bundle::read(document, reading).map(|bundle| {
            said.bundle = Some(bundle.header);
            bundle.advisories.into_iter().map(Ok).collect()
        }),
        false => advisory::read(document, reading),
    };
    match advisories {
        Ok(advisories) => said.advisories = advisories,
        Err(error) if error.field == csaf::CATEGORY => match csaf::vex::read(document, reading, &[]) {
            Ok(vex) => said.vex = Some((vex, error)),
            Err(error) => said.advisories = vec![Err(error)],
        },
        Err(error) => said.advisories = vec![Err(error)],
    }
    said
}

/// The advisories of a repository, if the directory is one.
fn of_repository(dir: &Path) -> Result<Option<Vec<PathBuf>>, Fail> {
    let path = dir.join("repodata/repomd.xml");
    let Ok(bytes) = fs::read(&path) else { return Ok(None) };
    let name = path.display().to_string();
    let repomd =
        Repomd::parse(Document::new(&name, &bytes)).map_err(|error| Fail::new(Exit::Failed, error))?;
    Ok(Some(repomd.record("updateinfo").map(|record| dir.join(&record.location)).into_iter().collect()))
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
    if let Some(own) = of_repository(path)? {
        files.extend(own);
        return Ok(());
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
    // In turn, so that threads do not wait for each other to make files in one directory.
    let single = [Format::Osv, Format::Csaf].into_iter().filter(|format| has(*format));
    let of = |advisory| single.clone().map(move |format| Task::One(format, advisory));
    tasks.extend(advisories.iter().flat_map(of));
    let mut made = BTreeSet::new();
    for path in tasks.iter().map(Task::path) {
        let parent = dir.join(path).parent().unwrap_or(dir).to_owned();
        if !made.contains(&parent) {
            fs::create_dir_all(&parent)
                .map_err(|error| Fail::new(Exit::Failed, format!("{}: {error}", parent.display())))?;
            made.insert(parent);
        }
    }
    let progress = Progress::new("writing", tasks.len());
    let one = |task: &Task<'_>| {
        let (path, text) = (task.path(), writing.document(advisories, task)?);
        progress.tick(&path);
        let differs = writing.back(advisories, task, &path, &text)?;
        let path = dir.join(path);
        let failed = |error: std::io::Error| Fail::new(Exit::Failed, format!("{}: {error}", path.display()));
        fs::write(&path, &text).map_err(failed)?;
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

    /// Where its document goes.
    fn path(&self) -> String {
        match *self {
            Self::One(Format::Csaf, advisory) => csaf::path(advisory),
            Self::One(_, advisory) => osv_path(&advisory.id),
            Self::All(format, major) => wide_path(format, major),
        }
    }
}

impl Writing<'_> {
    /// What a document says.
    fn document(&self, advisories: &[Advisory], task: &Task<'_>) -> Result<String, Fail> {
        let Self { arches, issuer, .. } = *self;
        Ok(match *task {
            Task::One(Format::Csaf, advisory) => csaf::write(advisory, issuer)?,
            Task::One(_, advisory) => osv::write(advisory, issuer)?,
            Task::All(format, major) => {
                let all = concerned(advisories, format, major);
                match format {
                    Format::Oval => oval::write(all, major, issuer),
                    _ => updateinfo::to_xml(all.map(|one| updateinfo::made(one, major, arches, issuer))),
                }
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
        let document = Document::new(path, text.as_bytes());
        let failed = |error: AdvisoryError| {
            Fail::new(Exit::Failed, format!("what was written can't be read: {error}"))
        };
        let format = task.format();
        if let Task::All(Format::Updateinfo, _) = *task {
            // The largest document there is: one of its advisories at a time is enough.
            let mut records: BTreeMap<_, _> =
                concerned(advisories, format, major).map(|record| (&record.id, record)).collect();
            let mut differs = Vec::new();
            for back in updateinfo::records(document, reading).map_err(failed)? {
                let back = back.map_err(failed)?;
                let record = records.remove(&back.id);
                differs.extend(disagreements(record, Some(major), format.name(), [&back]));
            }
            differs.extend(disagreements(records.into_values(), Some(major), format.name(), []));
            return Ok(differs);
        }
        let found = advisory::read(document, reading);
        let back =
            found.and_then(|found| found.into_iter().collect::<Result<Vec<_>, _>>()).map_err(failed)?;
        Ok(match *task {
            Task::One(_, advisory) => disagreements([advisory], None, format.name(), &back),
            Task::All(..) => {
                let records = concerned(advisories, format, major);
                disagreements(records, Some(major), format.name(), &back)
            }
        })
    }
}

/// Where the document of a major version is.
fn wide_path(format: Format, major: &str) -> String {
    format!("{}/{}.xml", format.name(), if major.is_empty() { "any" } else { major })
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
