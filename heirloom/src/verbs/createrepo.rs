//! `heirloom createrepo DIR`: the metadata of a directory of packages.
//!
//! ```text
//! DIR/**/*.rpm            the packages
//! DIR/repodata/.new-*     files being written; left only by a killed process, and removed by the next one
//! DIR/repodata/<sha256>-primary.xml.zst, ..
//! DIR/repodata/repomd.xml comes last, by rename: until then the earlier metadata is whole
//! ```

mod earlier;
mod place;
mod walk;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use heirloom_formats::repodata::{ExtraRecord, Fragment, PackageFacts, RepositoryWriter};
use heirloom_formats::repomd::Repomd;
use heirloom_formats::rpm_file::read_digested;
use heirloom_formats::{Document, repodata};
use serde::Serialize;

use crate::cli::Createrepo;
use crate::context::processors;
use crate::fail::{Exit, Fail, chain};
use crate::flow::work;
use crate::ui::{Progress, Shown};
use earlier::Earlier;
use walk::Found;

/// Packages that are in memory at a time.
const BATCH: usize = 256;

/// What was done.
#[derive(Debug, Default, Serialize)]
struct Report {
    packages: usize,
    /// Packages whose files were read.
    read: usize,
    /// Packages that were taken over from the earlier metadata.
    taken_over: usize,
    /// Whether the earlier metadata says all of it already, so that nothing was written.
    unchanged: bool,
    /// Why nothing could be taken over, if that was wanted.
    not_taken_over: Option<String>,
    /// What the metadata consists of.
    files: Vec<File>,
}

#[derive(Debug, Serialize)]
struct File {
    kind: String,
    location: String,
    size: u64,
}

pub(crate) fn run(args: &Createrepo) -> Result<Shown, Fail> {
    let extra = Extra::read(args)?;
    let found = walk::packages(&args.dir)?;
    let place = place::Place::open(&args.dir)?;
    let mut report = Report { packages: found.len(), ..Report::default() };
    let mut earlier = match args.update {
        true => Earlier::read(&args.dir).unwrap_or_else(|why| {
            report.not_taken_over = Some(why);
            None
        }),
        false => None,
    };
    let present = earlier.as_ref().filter(|earlier| earlier.says_all(&found, &extra.records(), args));
    let repomd = match present {
        Some(earlier) => {
            report.unchanged = true;
            report.taken_over = found.len();
            earlier.repomd.clone()
        }
        None => {
            let repomd = write(args, &place, &found, earlier.as_mut(), &extra, &mut report)?;
            place.publish(&repomd, args.retain_old_md)?;
            repomd
        }
    };
    let file = |record: &heirloom_formats::repomd::Record| File {
        kind: record.kind.clone(),
        location: record.location.clone(),
        size: record.size.unwrap_or(0),
    };
    report.files = repomd.records.iter().map(file).collect();
    let text = text(&report, &args.dir);
    Shown::new(&report, text)
}

/// Writes all files but repomd.xml.
fn write(
    args: &Createrepo,
    place: &place::Place,
    found: &[Found],
    mut earlier: Option<&mut Earlier>,
    extra: &Extra,
    report: &mut Report,
) -> Result<Repomd, Fail> {
    let failed = |error: repodata::WriteError| Fail::new(Exit::Failed, chain(&error));
    let mut writer =
        RepositoryWriter::create(place.dir(), found.len(), args.compression.into()).map_err(failed)?;
    let progress = Progress::new("packages", found.len());
    let mut known = match earlier.as_mut() {
        Some(earlier) => Some(earlier.fragments()?),
        None => None,
    };
    for batch in found.chunks(BATCH) {
        let mut taken = Vec::new();
        for found in batch {
            taken.push(match known.as_mut() {
                Some(known) => known.take(found)?,
                None => None,
            });
        }
        let jobs: Vec<_> = batch.iter().zip(taken).collect();
        let fragments = work::each(&jobs, processors(), |(found, taken)| match taken {
            Some(_) => Ok(None),
            None => read(found, args.changelog_limit).map(Some),
        })?;
        for ((found, taken), new) in jobs.into_iter().zip(fragments) {
            match (&taken, &new) {
                (Some(_), _) => report.taken_over += 1,
                (None, _) => report.read += 1,
            }
            if let Some(fragment) = taken.or(new) {
                writer.package(&fragment, &found.location).map_err(failed)?;
            }
            progress.tick(&found.location);
        }
    }
    drop(known);
    progress.end(&format!("{} read, {} taken over", report.read, report.taken_over));
    for record in extra.records() {
        writer.extra(&record).map_err(failed)?;
    }
    let newest = found.iter().map(|found| found.time).max().unwrap_or(0);
    // A client that has the earlier metadata must not take the new for older.
    let newest = earlier::newest(&args.dir).unwrap_or(0).max(newest);
    let mut repomd = writer.finish(&newest.to_string(), newest).map_err(failed)?;
    if let Some(earlier) = earlier {
        earlier.keep_others(&mut repomd);
    }
    Ok(repomd)
}

fn read(found: &Found, changelog_entries: usize) -> Result<Fragment, Fail> {
    let damaged = |error: &dyn std::error::Error| {
        Fail::new(Exit::Failed, chain(error)).hint(
            "the earlier metadata is as it was; copy the package again, or take it out of the directory",
        )
    };
    let (header, digest, size) = read_digested(&found.path).map_err(|error| damaged(&error))?;
    if size != found.size {
        let message = format!("{} changed while it was read", found.path.display());
        return Err(Fail::new(Exit::Failed, message).hint("run it again when nothing writes there"));
    }
    let facts = PackageFacts { digest, size, file_time: found.time, changelog_entries };
    Fragment::from_header(&header, &facts).map_err(|error| {
        let mut fail = damaged(&error);
        fail.message = format!("{}: {}", found.path.display(), fail.message);
        fail
    })
}

/// Metadata files that are given on the command line, decompressed.
struct Extra(Vec<(&'static str, &'static str, Vec<u8>)>);

impl Extra {
    fn read(args: &Createrepo) -> Result<Self, Fail> {
        let mut given = Vec::new();
        for (kind, name, path) in [
            ("group", "comps.xml", &args.groupfile),
            ("modules", "modules.yaml", &args.modules),
            ("updateinfo", "updateinfo.xml", &args.updateinfo),
            ("productid", "productid", &args.productid),
        ] {
            if let Some(path) = path {
                given.push((kind, name, content(path)?));
            }
        }
        Ok(Self(given))
    }

    fn records(&self) -> Vec<ExtraRecord<'_>> {
        self.0
            .iter()
            .map(|(kind, file_name, content)| ExtraRecord { kind, file_name, content: content.as_slice() })
            .collect()
    }
}

fn content(path: &Path) -> Result<Vec<u8>, Fail> {
    let bytes = fs::read(path)
        .map_err(|error| Fail::new(Exit::Failed, format!("can't read {}: {error}", path.display())))?;
    Document::new(&path.display().to_string(), &bytes)
        .decompress()
        .map_err(|error| Fail::new(Exit::Failed, chain(&error)))
}

fn text(report: &Report, dir: &Path) -> String {
    let bytes: u64 = report.files.iter().map(|file| file.size).sum();
    let mut text = String::new();
    if let Some(why) = &report.not_taken_over {
        let _ = writeln!(text, "nothing was taken over from the earlier metadata: {why}");
    }
    let what = match (report.unchanged, report.taken_over) {
        (true, _) => "nothing changed".to_owned(),
        (false, 0) => "all read".to_owned(),
        (false, taken) => format!("{} read, {taken} taken over from the earlier metadata", report.read),
    };
    let (packages, files) = (report.packages, report.files.len());
    let _ = write!(
        text,
        "{}: {packages} packages, {what}; {files} files, {} KiB",
        dir.join("repodata").display(),
        bytes >> 10
    );
    text
}
