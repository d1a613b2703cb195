//! Whether debranding touched what nobody may touch.

use std::collections::BTreeMap;

use heirloom_formats::attribution;
use heirloom_model::record::{MarkFinding, MarkKind};

use crate::content::{is_binary, utf16};
use crate::report::Report;
use crate::scanner::Scanner;

/// Name of these findings.
const NAME: &str = "attribution";
/// Notices that are told of one file; the others are counted.
const TOLD: usize = 5;

pub(crate) fn find(
    scanner: &Scanner,
    package: &str,
    before: &BTreeMap<String, Vec<u8>>,
    after: &BTreeMap<String, Vec<u8>>,
) -> Vec<MarkFinding> {
    let mut report = Report::new(scanner, package);
    let everywhere = notices(after.values().map(Vec::as_slice));
    for (file, old) in before {
        let new = after.get(file);
        if attribution::is_licence_file(file) && new != Some(old) {
            let what = if new.is_some() { "the file was changed" } else { "the file was removed" };
            report.other(MarkKind::Attribution, NAME, file, "", what);
            continue;
        }
        if new == Some(old) {
            continue;
        }
        // A file that moved, or a patch that became a part of another, takes its notices along.
        let kept = new.map_or_else(|| everywhere.clone(), |new| notices([new.as_slice()].into_iter()));
        let mut lost = 0;
        for (line, notice) in lines(old) {
            if kept.contains_key(&notice) {
                continue;
            }
            lost += 1;
            if lost <= TOLD {
                report.other(MarkKind::Attribution, NAME, file, &format!("line {line}"), &notice);
            }
        }
        if let Some(more @ 1..) = usize::checked_sub(lost, TOLD) {
            report.other(MarkKind::Attribution, NAME, file, "", &format!("and {more} more"));
        }
    }
    report.finish()
}

/// The lines of a text that are notices, without the blanks around them.
fn lines(bytes: &[u8]) -> Vec<(usize, String)> {
    let text = match utf16(bytes) {
        Some(text) => text.into_bytes(),
        None if is_binary(bytes) => return Vec::new(),
        None => bytes.to_vec(),
    };
    let lines = text.split(|byte| *byte == b'\n').enumerate();
    let notices = lines.filter(|(_, line)| attribution::is_notice(line));
    notices
        .map(|(index, line)| (index + 1, String::from_utf8_lossy(line.trim_ascii()).into_owned()))
        .collect()
}

fn notices<'a>(files: impl Iterator<Item = &'a [u8]>) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for (_, notice) in files.flat_map(lines) {
        *found.entry(notice).or_insert(0) += 1;
    }
    found
}
