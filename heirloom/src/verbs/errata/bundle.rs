//! `heirloom errata bundle`: all advisories in one file.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use heirloom_formats::advisory::Reading;
use heirloom_formats::advisory::bundle::{self, MadeOf};
use heirloom_formats::{Document, lifecycle};
use heirloom_model::Digest;
use serde::Serialize;
use serde_json::Value;

use super::{Contradiction, Fault, major, told, whose};
use crate::cli::BundleErrata;
use crate::context::{bytes, latest};
use crate::fail::{Exit, Fail};
use crate::flow::errata;
use crate::ui::Shown;

/// Largest document on lifecycles, in bytes.
const LARGEST: u64 = 16 << 20;

/// What was written.
#[derive(Serialize)]
struct Report {
    documents: usize,
    advisories: usize,
    repeated: usize,
    /// Bytes of the bundle, and their digest.
    size: usize,
    sha256: Digest,
    faults: Vec<Fault>,
    contradictions: Vec<Contradiction>,
}

pub(super) fn run(args: &BundleErrata, definition: &Path) -> Result<Shown, Fail> {
    let (id, distribution) = whose(args.id.as_deref(), definition)?;
    let own = distribution.as_ref().map(major);
    let major = args.major.clone().or(own).unwrap_or_else(|| "9".to_owned());
    let lifecycle = args.lifecycle.as_deref().map(json).transpose()?;
    let read = errata::read(&args.sources, Reading { latest: latest(), major: &major })?;
    let failed = |error: std::io::Error| Fail::new(Exit::Failed, format!("{}: {error}", args.to.display()));
    let made_of = MadeOf::documents(read.digests);
    let bytes = bundle::write(&id, &read.advisories, made_of, lifecycle.as_ref()).map_err(failed)?;
    // Aside first: whoever fetches it meanwhile gets the whole earlier one.
    let dir = args.to.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().permissions(readable()).tempfile_in(dir).map_err(failed)?;
    file.write_all(&bytes).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    file.persist(&args.to).map_err(|error| failed(error.error))?;
    let report = Report {
        documents: read.documents,
        advisories: read.advisories.len(),
        repeated: read.repeated,
        size: bytes.len(),
        sha256: Digest::of(&bytes),
        faults: read.faults.into_iter().map(Fault::from).collect(),
        contradictions: read.contradictions.into_iter().map(Contradiction::from).collect(),
    };
    let mut text = told(&report.faults, &report.contradictions);
    let _ = writeln!(
        text,
        "{}: {} advisories of {} documents, {} bytes",
        args.to.display(),
        report.advisories,
        report.documents,
        report.size
    );
    if !report.faults.is_empty() {
        let _ = writeln!(text, "{} could not be read; everything else is in it", report.faults.len());
    }
    let exit = if report.faults.is_empty() { Exit::Fine } else { Exit::Failed };
    Ok(Shown::new(&report, text)?.exit(exit))
}

/// What others may read, as any file that a program makes.
fn readable() -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o644)
}

fn json(path: &Path) -> Result<Value, Fail> {
    let failed = |what: String| Fail::new(Exit::Failed, format!("{}: {what}", path.display()));
    let bytes = bytes(path, LARGEST)?;
    // Those who read the bundle could do nothing about a wrong one.
    lifecycle::read_json(Document::new(&path.display().to_string(), &bytes))?;
    serde_json::from_slice(&bytes).map_err(|error| failed(error.to_string()))
}
