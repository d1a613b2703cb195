//! `heirloom import`: everything in, verified.

use std::fmt::Write as _;

use serde::Serialize;

use crate::context::Context;
use crate::fail::Fail;
use crate::flow::gather;
use crate::ui::Shown;

#[derive(Serialize)]
struct Line<'a> {
    package: &'a str,
    files: usize,
    bytes: u64,
    digest: String,
    origin: &'a str,
}

pub(crate) fn run(context: &Context) -> Result<Shown, Fail> {
    let gathered = gather::gather(context)?;
    let lines: Vec<_> = gathered
        .sources
        .iter()
        .chain(&gathered.modular)
        .map(|source| Line {
            package: &source.name,
            files: source.files.len(),
            bytes: source.files.iter().map(|file| file.size).sum(),
            digest: source.digest().to_string(),
            origin: &source.origin,
        })
        .collect();
    let mut text = String::new();
    for line in &lines {
        let _ = writeln!(
            text,
            "{:24} {:3} files {:10} bytes  {}",
            line.package, line.files, line.bytes, line.origin
        );
    }
    let _ = write!(text, "\n{} source packages; next: `heirloom plan`", lines.len());
    Shown::new(&lines, text)
}
