//! From hits to findings: allowances, the built-in reasons, and a bound for what one file may say.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_formats::attribution;
use heirloom_model::record::{MarkFinding, MarkKind};

use crate::scanner::Scanner;

/// Findings of one mark that are told of one file; the others are counted.
const TOLD: usize = 5;
/// Characters of an excerpt.
const EXCERPT: usize = 120;

/// Why marks in an attribution may stay.
const NOTICE: &str = "a notice of copyright, licence or trademark";
const LICENCE: &str = "a file of licences or attributions";
const CHANGELOG: &str = "a changelog: what was done, and by whom";
const CREDIT: &str = "credit of an author";

/// Where a hit is, as far as it matters for what it means.
#[derive(Clone, Copy, Default)]
pub(crate) struct Context<'a> {
    /// Its line, or the string that it is in.
    pub(crate) line: &'a [u8],
    /// The line before it.
    pub(crate) before: &'a [u8],
    /// Whether it is in a changelog.
    pub(crate) changelog: bool,
}

/// Findings of one package.
pub(crate) struct Report<'s> {
    scanner: &'s Scanner,
    package: &'s str,
    findings: Vec<MarkFinding>,
    /// Findings by mark and by the reason for which they are allowed, of each file.
    counts: BTreeMap<String, BTreeMap<(usize, Option<String>), usize>>,
    /// Paths that were told for a mark.
    paths: BTreeSet<(usize, String)>,
}

impl<'s> Report<'s> {
    pub(crate) fn new(scanner: &'s Scanner, package: &'s str) -> Self {
        let (findings, counts, paths) = (Vec::new(), BTreeMap::new(), BTreeSet::new());
        Self { scanner, package, findings, counts, paths }
    }

    /// A mark at a place of a file.
    pub(crate) fn mark(
        &mut self,
        mark: usize,
        file: &str,
        place: impl FnOnce() -> String,
        excerpt: &[u8],
        context: Context<'_>,
    ) {
        let scanner = self.scanner;
        let Some((name, kind)) = scanner.mark(mark) else { return };
        let allowed = match scanner.allowance(name, self.package, file) {
            Some(reason) => Some(reason.to_owned()),
            None => built_in(kind, file, context).map(str::to_owned),
        };
        if !self.counts.contains_key(file) {
            self.counts.insert(file.to_owned(), BTreeMap::new());
        }
        let Some(of_file) = self.counts.get_mut(file) else { return };
        let count = of_file.entry((mark, allowed.clone())).or_insert(0);
        *count += 1;
        if *count <= TOLD {
            let (mark, file, place) = (name.to_owned(), file.to_owned(), place());
            self.findings.push(MarkFinding { mark, kind, file, place, excerpt: shown(excerpt), allowed });
        }
    }

    /// A mark in a path below an archive or a package: told once for the part of it that has the mark, not for
    /// each file of a directory. `end` is where the mark ends in the path.
    pub(crate) fn path(&mut self, mark: usize, above: &str, path: &str, end: usize) {
        let rest = path.get(end..).unwrap_or_default();
        let part = &path[..path.len() - rest.len() + rest.find('/').unwrap_or(rest.len())];
        let file = joined(above, part);
        if self.paths.insert((mark, file.clone())) {
            self.mark(mark, &file, || "name".to_owned(), part.as_bytes(), Context::default());
        }
    }

    /// Something that could not be looked into.
    pub(crate) fn unreadable(&mut self, file: &str, problem: &str) {
        self.other(MarkKind::Unreadable, "unreadable", file, "", problem);
    }

    /// A finding of a kind that no mark has.
    pub(crate) fn other(&mut self, kind: MarkKind, name: &str, file: &str, place: &str, excerpt: &str) {
        let allowed = self.scanner.allowance(name, self.package, file).map(str::to_owned);
        self.findings.push(MarkFinding {
            mark: name.to_owned(),
            kind,
            file: file.to_owned(),
            place: place.to_owned(),
            excerpt: shown(excerpt.as_bytes()),
            allowed,
        });
    }

    /// A file has been looked at whole: says how many of its findings were not told.
    pub(crate) fn close(&mut self, file: &str) {
        let Some(counts) = self.counts.remove(file) else { return };
        for ((mark, allowed), count) in counts {
            let (Some((name, kind)), Some(more @ 1..)) = (self.scanner.mark(mark), count.checked_sub(TOLD))
            else {
                continue;
            };
            let (mark, file, place) = (name.to_owned(), file.to_owned(), String::new());
            let excerpt = format!("and {more} more");
            self.findings.push(MarkFinding { mark, kind, file, place, excerpt, allowed });
        }
    }

    /// All findings, sorted.
    pub(crate) fn finish(mut self) -> Vec<MarkFinding> {
        let open: Vec<_> = self.counts.keys().cloned().collect();
        open.iter().for_each(|file| self.close(file));
        self.findings.sort();
        self.findings.dedup();
        self.findings
    }
}

/// The way to a member of an archive.
pub(crate) fn joined(above: &str, member: &str) -> String {
    match above {
        "" => member.to_owned(),
        _ => format!("{above}!{member}"),
    }
}

/// The name of the innermost file of a way into archives.
pub(crate) fn innermost(way: &str) -> &str {
    way.rsplit('!').next().unwrap_or(way)
}

/// The reason for which a mark stays wherever it stands in an attribution. Names and addresses can be one;
/// pictures, keys and vendor tags never are.
fn built_in(kind: MarkKind, file: &str, context: Context<'_>) -> Option<&'static str> {
    if !matches!(kind, MarkKind::Name | MarkKind::Url | MarkKind::Email) {
        return None;
    }
    let named = innermost(file);
    if context.changelog {
        return Some(CHANGELOG);
    }
    if context.line.is_empty() {
        return None;
    }
    match () {
        () if attribution::is_licence_file(named) => Some(LICENCE),
        () if attribution::is_notice(context.line) || attribution::goes_on(context.before) => Some(NOTICE),
        () if kind != MarkKind::Url && attribution::is_credit(context.line) => Some(CREDIT),
        () => None,
    }
}

/// Text for people: one line, not too long, without control characters.
fn shown(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let mut shown = String::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !shown.is_empty() {
            shown.push(' ');
        }
        shown.push_str(word);
    }
    match shown.char_indices().nth(EXCERPT) {
        Some((end, _)) => format!("{}…", &shown[..end]),
        None => shown,
    }
}
