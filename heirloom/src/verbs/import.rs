//! `heirloom import`: everything in, verified, debranded, and kept as a history.

use std::fmt::Write as _;

use heirloom_model::record::{Imported, Module};
use serde::Serialize;

use crate::cli::Import;
use crate::context::Context;
use crate::fail::Fail;
use crate::flow::gather;
use crate::flow::history::DIST_GIT;
use crate::ui::Shown;

#[derive(Serialize)]
struct Report<'a> {
    sources: Vec<Line<'a>>,
    /// Components of modules.
    modular: Vec<Line<'a>>,
    modules: &'a [Module],
}

#[derive(Serialize)]
struct Line<'a> {
    package: &'a str,
    /// Upstream's identity of it, as far as it is known without running the spec file.
    nevra: Option<String>,
    /// When upstream published it, in seconds since 1970.
    published: Option<u64>,
    files: usize,
    bytes: u64,
    /// Edits that the debrand rules made.
    edits: usize,
    digest: String,
    origin: &'a str,
}

pub(crate) fn run(context: &Context, args: &Import) -> Result<Shown, Fail> {
    let gathered = match &args.from_git {
        Some(dir) => gather::gather_from(context, dir, &args.branch)?,
        None => gather::gather(context)?,
    };
    let lines = |sources| lines(sources, &gathered);
    let report = Report {
        sources: lines(&gathered.sources),
        modular: lines(&gathered.modular),
        modules: &gathered.modules,
    };
    let mut text = String::new();
    for line in report.sources.iter().chain(&report.modular) {
        let edits = if line.edits == 0 { String::new() } else { format!("  ({} edits)", line.edits) };
        let _ = writeln!(
            text,
            "{:24} {:3} files {:10} bytes  {}{edits}",
            line.package, line.files, line.bytes, line.origin
        );
    }
    let changed = report.sources.iter().filter(|line| line.edits > 0).count();
    let _ = write!(text, "\n{} source packages, {changed} of them debranded", report.sources.len());
    if !gathered.modules.is_empty() {
        let _ = write!(
            text,
            "; {} modules with {} components, which are kept and not built",
            gathered.modules.len(),
            report.modular.len()
        );
    }
    let histories = context.store.dir().join(DIST_GIT);
    let _ = write!(text, "\nhistories are in {}; next: `heirloom plan`", histories.display());
    Shown::new(&report, text)
}

fn lines<'a>(sources: &'a [Imported], gathered: &'a gather::Gathered) -> Vec<Line<'a>> {
    let line = |source: &'a Imported| Line {
        package: &source.name,
        nevra: source.nevra.as_ref().map(ToString::to_string),
        published: source.published,
        files: source.files.len(),
        bytes: source.files.iter().map(|file| file.size).sum(),
        edits: gathered.debranded.get(&source.name).map_or(0, |debranded| debranded.edits.len()),
        digest: source.digest().to_string(),
        origin: &source.origin,
    };
    sources.iter().map(line).collect()
}
