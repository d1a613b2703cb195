//! Text that rules look for.

use std::collections::BTreeMap;
use std::ops::Range;

use heirloom_formats::attribution::is_notice;
use heirloom_formats::debrand::{DeleteLines, Replace};
use heirloom_formats::spec::{Lines, Spec, SpecError, Splice};
use regex::bytes::{Captures, Regex};

use crate::LoadedRule;

/// Longest line, and most lines, in which a nearest match is looked for.
const LONGEST: usize = 400;
const MOST: usize = 20_000;
/// What is at least alike enough to be shown.
const ALIKE: f64 = 0.55;

/// What a search found in one file.
pub(crate) struct Found {
    /// The changes.
    pub(crate) splices: Vec<Splice>,
    /// For each match its line, from 0.
    pub(crate) at: Vec<usize>,
}

/// Where a replacement may look.
struct Allowed<'a> {
    replace: &'a Replace,
    rule: &'a LoadedRule,
    lines: &'a Lines,
    /// Lines of the spec file's changelog, unless the rule means them too.
    changelog: Vec<Range<usize>>,
    /// For a tag, the lines that have it and the places of their values.
    values: Option<BTreeMap<usize, Range<usize>>>,
}

impl<'a> Allowed<'a> {
    fn new(replace: &'a Replace, rule: &'a LoadedRule, lines: &'a Lines, spec: Option<&Spec<'_>>) -> Self {
        let sections = spec.into_iter().flat_map(|spec| spec.sections());
        let changelog = sections.filter(|section| section.name == "changelog" && !replace.changelog);
        let values = spec.zip(replace.tag.as_deref()).map(|(spec, name)| {
            spec.tags().filter(|tag| tag.is(name)).map(|tag| (tag.line, tag.value)).collect()
        });
        Self {
            replace,
            rule,
            lines,
            changelog: changelog.map(|section| section.lines.clone()).collect(),
            values,
        }
    }

    /// The part of a line in which it may look.
    fn place(&self, line: usize) -> Option<Range<usize>> {
        let text = self.lines.text(line);
        let place = match &self.values {
            Some(values) => values.get(&line)?.clone(),
            None => 0..text.len(),
        };
        let left_out = self.changelog.iter().any(|section| section.contains(&line))
            || self.rule.lines.as_ref().is_some_and(|only| !only.is_match(text))
            || self.replace.skip_comments && text.starts_with(b"#")
            || self.replace.skip_notices && is_notice(text);
        (!left_out).then_some(place)
    }
}

/// Replaces text in a file; `spec` if it is the spec file. `None` if the tag that is meant is not there.
pub(crate) fn replace(
    replace: &Replace,
    rule: &LoadedRule,
    wanted: &Regex,
    lines: &Lines,
    spec: Option<&Spec<'_>>,
) -> Found {
    let mut found = Found { splices: Vec::new(), at: Vec::new() };
    let allowed = Allowed::new(replace, rule, lines, spec);
    if replace.text.as_deref().is_some_and(|text| text.trim_end_matches('\n').contains('\n')) {
        blocks(&allowed, &mut found);
        return found;
    }
    let literal = replace.text.is_some();
    let with = match replace.text.as_deref().is_some_and(|text| text.ends_with('\n')) {
        true => replace.with.strip_suffix('\n').unwrap_or(&replace.with),
        false => &replace.with,
    };
    let mut left = replace.first.unwrap_or(usize::MAX);
    for (line, text) in lines.texts().enumerate() {
        // In most lines there is nothing, whatever the rest of the rule says.
        let candidate = allowed.values.is_some() || wanted.is_match(text);
        let Some(place) = candidate.then(|| allowed.place(line)).flatten() else { continue };
        let Some(part) = text.get(place.clone()).filter(|part| wanted.is_match(part)) else { continue };
        let limit = replace.each_line.unwrap_or(usize::MAX).min(left);
        if limit == 0 {
            break;
        }
        let indent = &text[..text.len() - text.trim_ascii_start().len()];
        let mut count = 0;
        // A limit of 0 would be none.
        let new =
            wanted.replacen(part, if limit == usize::MAX { 0 } else { limit }, |captures: &Captures<'_>| {
                count += 1;
                let mut new = Vec::new();
                match literal {
                    true => indented(with, place.start + captures.get_match().start(), indent, &mut new),
                    false => captures.expand(with.as_bytes(), &mut new),
                }
                new
            });
        left -= count;
        found.at.extend(std::iter::repeat_n(line, count));
        let new = [&text[..place.start], &new, &text[place.end..]].concat();
        found.splices.push(Splice { at: line..line + 1, with: split(&new) });
    }
    found
}

/// What comes in place of a part of a line. Its further lines are indented as that line is.
fn indented(with: &str, at: usize, indent: &[u8], new: &mut Vec<u8>) {
    for (index, line) in with.split('\n').enumerate() {
        if index > 0 {
            new.push(b'\n');
            if at > 0 && !line.trim().is_empty() {
                new.extend_from_slice(indent);
            }
        }
        new.extend_from_slice(line.as_bytes());
    }
}

/// A text of several lines is looked for line by line, whatever stands before each: its first line's indent is put
/// before the lines that come.
fn blocks(allowed: &Allowed<'_>, found: &mut Found) {
    let Allowed { replace, lines, .. } = allowed;
    let wanted: Vec<&[u8]> = block(replace.text.as_deref().unwrap_or_default());
    let mut line = 0;
    let most = replace.first.unwrap_or(usize::MAX);
    while line + wanted.len() <= lines.len() && found.at.len() < most {
        let here = line..line + wanted.len();
        let fits = here
            .clone()
            .zip(&wanted)
            .all(|(line, wanted)| lines.text(line).trim_ascii() == wanted.trim_ascii())
            && here.clone().all(|line| allowed.place(line).is_some());
        if !fits {
            line += 1;
            continue;
        }
        // As much as the text itself is not indented already.
        let indent = lines.text(line).strip_suffix(wanted[0].trim_ascii_end()).unwrap_or_default();
        let indent = if indent.trim_ascii().is_empty() { indent } else { &[] };
        let with = match replace.with.is_empty() {
            true => Vec::new(),
            false => block(&replace.with)
                .into_iter()
                .map(|text| if text.is_empty() { Vec::new() } else { [indent, text].concat() })
                .collect(),
        };
        found.at.push(line);
        line = here.end;
        found.splices.push(Splice { at: here, with });
    }
}

/// Deletes lines of a file; `spec` if it is the spec file.
pub(crate) fn delete(
    delete: &DeleteLines,
    wanted: Option<&Regex>,
    lines: &Lines,
    spec: Option<&Spec<'_>>,
) -> Result<Found, SpecError> {
    let mut allowed = vec![true; lines.len()];
    if let Some(spec) = spec {
        if delete.section.is_some() || delete.subpackage.is_some() {
            allowed.fill(false);
            let name =
                delete.section.as_deref().map(|name| name.trim_start_matches('%').to_ascii_lowercase());
            let package = delete.subpackage.as_deref();
            let mut sections = spec.sections().iter().filter(|section| {
                let same = match name.as_deref() {
                    Some("preamble") if package.is_some() => section.name == "package",
                    Some(name) => section.name == name,
                    None => true,
                };
                same && section.package.is(package)
            });
            let first = sections.next();
            if first.is_none() {
                // Says what there is.
                spec.section(name.as_deref().unwrap_or("preamble"), package)?;
            }
            for section in first.into_iter().chain(sections) {
                allowed[section.body()].fill(true);
            }
        } else {
            for section in spec.sections().iter().filter(|section| section.name == "changelog") {
                allowed[section.lines.clone()].fill(false);
            }
        }
    }
    let mut found = Found { splices: Vec::new(), at: Vec::new() };
    let block = block(delete.text.as_deref().unwrap_or_default());
    let mut line = 0;
    while line < lines.len() {
        let here = match wanted {
            Some(wanted) => (allowed[line] && wanted.is_match(lines.text(line))).then_some(line..line + 1),
            None => {
                let here = line..line + block.len();
                let fits = here.end <= lines.len()
                    && here.clone().zip(&block).all(|(line, wanted)| {
                        allowed[line] && lines.text(line).trim_ascii() == wanted.trim_ascii()
                    });
                fits.then_some(here)
            }
        };
        match here {
            Some(here) => {
                found.at.push(line);
                line = here.end;
                found.splices.push(Splice::delete(here));
            }
            None => line += 1,
        }
    }
    Ok(found)
}

/// The lines of a text, without the end of the last.
pub(crate) fn block(text: &str) -> Vec<&[u8]> {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line).as_bytes()).collect()
}

/// Lines of what came out of a replacement within one line.
fn split(text: &[u8]) -> Vec<Vec<u8>> {
    text.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line).to_vec()).collect()
}

/// The line that is most alike to what was looked for, as `line 12 is `...``.
pub(crate) fn nearest(wanted: &str, lines: &Lines) -> Option<(f64, String)> {
    let wanted = wanted.lines().map(str::trim).find(|line| !line.is_empty())?;
    let wanted: String = wanted.chars().filter(|c| !"\\^$".contains(*c)).take(LONGEST).collect();
    let words = wanted.split_whitespace().count().max(1);
    let mut best: Option<(f64, usize)> = None;
    for (number, line) in lines.texts().enumerate().take(MOST).filter(|(_, line)| line.len() <= LONGEST) {
        let text = String::from_utf8_lossy(line);
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        let parts: Vec<&str> = text.split_whitespace().collect();
        let whole = strsim::normalized_levenshtein(text, &wanted);
        let part = parts.windows(words).map(|part| strsim::normalized_levenshtein(&part.join(" "), &wanted));
        let alike = part.fold(whole, f64::max);
        if alike > best.map_or(ALIKE, |(best, _)| best) {
            best = Some((alike, number));
        }
    }
    let (alike, number) = best?;
    Some((alike, format!("line {}: `{}`", number + 1, String::from_utf8_lossy(lines.text(number)).trim())))
}
