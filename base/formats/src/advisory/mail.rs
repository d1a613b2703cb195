//! An advisory as distributions announce it on a mailing list: one message in plain text (RFC 5322), lines of at most 72
//! characters where words allow it.
//!
//! Lines end with a line feed alone: what sends the message makes CR LF of it. The date is that of the issue, and the
//! message's id follows from the advisory, so that the same advisory is the same message.

use std::fmt::Write as _;

use heirloom_model::advisory::{Advisory, Vulnerability};
use jiff::tz::TimeZone;

use super::listing::{groups, points, worst};
use super::{Issuer, time};

/// Columns of the text.
const WIDTH: usize = 72;
/// Characters of a title that the subject has: titles come from anyone.
const SUBJECT: usize = 200;
/// Bytes of a word that stays whole: a line may have 998 (RFC 5322, 2.1.1).
const WORD: usize = 900;

/// The message.
#[must_use]
pub fn message(advisory: &Advisory, issuer: Issuer<'_>) -> String {
    let mut text = headers(advisory, issuer);
    text.push('\n');
    rule(&mut text);
    wrap(&mut text, &format!("{} {}", advisory.id, advisory.title), "", "");
    rule(&mut text);
    text.push('\n');
    let day = |date| time::day(date);
    let mut line = |name: &str, value: &str| {
        wrap(&mut text, value, &format!("{:<12}", format!("{name}:")), &" ".repeat(12));
    };
    line("Advisory", advisory.id.as_str());
    line("Kind", advisory.kind.name());
    line("Severity", advisory.severity.map_or("none", |severity| severity.name()));
    line("Issued", &day(advisory.issued));
    if advisory.updated != advisory.issued {
        line("Updated", &day(advisory.updated));
    }
    if let Some(withdrawn) = advisory.withdrawn {
        line("Withdrawn", &format!("{}; it concerns no machine any more", day(withdrawn)));
    }
    line("Page", &issuer.advisory_page(&advisory.id));
    for vulnerability in &advisory.vulnerabilities {
        line("CVE", &rated(vulnerability));
    }
    section(&mut text, "Description");
    paragraphs(&mut text, &advisory.description);
    if !advisory.solution.is_empty() {
        section(&mut text, "Solution");
        paragraphs(&mut text, &advisory.solution);
    }
    packages(&mut text, advisory, issuer);
    if !advisory.references.is_empty() {
        section(&mut text, "References");
        for reference in &advisory.references {
            wrap(&mut text, &reference.url, "  ", "  ");
        }
    }
    if !advisory.rights.is_empty() {
        text.push('\n');
        paragraphs(&mut text, &advisory.rights);
    }
    let _ = writeln!(text, "\n-- \n{} <{}>", flat(issuer.name), flat(issuer.contact));
    text
}

fn headers(advisory: &Advisory, issuer: Issuer<'_>) -> String {
    let title: String = flat(&advisory.title).chars().take(SUBJECT).collect();
    let withdrawn = if advisory.withdrawn.is_some() { "Withdrawn: " } else { "" };
    let subject = format!("[{}] {withdrawn}{}", advisory.id, title.trim());
    let host = issuer.contact.rsplit_once('@').map_or("localhost", |(_, host)| host);
    // A change is another message of the same advisory.
    let version = advisory.updated.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ").to_string();
    let name = flat(issuer.name).replace(['"', '\\'], "'");
    let name = if name.is_ascii() { format!("\"{name}\"") } else { encoded(&name) };
    format!(
        "From: {name} <{contact}>\nSubject: {}\nDate: {}\nMessage-ID: <{}.{version}@{}>\nMIME-Version: \
         1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n",
        folded(&subject),
        time::mail(advisory.issued),
        advisory.id.csaf_name(),
        flat(host),
        contact = flat(issuer.contact),
    )
}

/// In one line, without characters that would begin another header.
fn flat(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A header's text in lines of the length that the standard asks for.
fn folded(text: &str) -> String {
    if !text.is_ascii() || text.contains("=?") {
        return encoded(text);
    }
    let mut folded = String::new();
    let mut column = "Subject: ".len();
    for word in text.split_ascii_whitespace() {
        if column > 9 && column + word.len() > 76 {
            folded.push_str("\n ");
            column = 1;
        } else if column > 9 {
            folded.push(' ');
            column += 1;
        }
        folded.push_str(word);
        column += word.len();
    }
    folded
}

/// As encoded words (RFC 2047), each of at most 75 characters.
fn encoded(text: &str) -> String {
    let mut words = vec![String::new()];
    for c in text.chars() {
        let mut bytes = [0; 4];
        let piece = match c {
            ' ' => "_".to_owned(),
            c if c.is_ascii_alphanumeric() => c.to_string(),
            c => c.encode_utf8(&mut bytes).bytes().map(|byte| format!("={byte:02X}")).collect(),
        };
        if words.last().is_some_and(|word| word.len() + piece.len() > 50) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push_str(&piece);
        }
    }
    words.iter().map(|word| format!("=?utf-8?q?{word}?=")).collect::<Vec<_>>().join("\n ")
}

/// A vulnerability with what it is rated.
fn rated(vulnerability: &Vulnerability) -> String {
    let mut text = vulnerability.id.to_string();
    if let Some(severity) = vulnerability.severity {
        let _ = write!(text, ", {}", severity.name());
    }
    if let Some((tenths, vector)) = worst(&vulnerability.cvss) {
        let _ = write!(text, ", {} ({vector})", points(tenths));
    }
    text
}

fn packages(text: &mut String, advisory: &Advisory, issuer: Issuer<'_>) {
    let mut last = None;
    for group in groups(&advisory.fixed) {
        if last.as_ref() != Some(&group.major) {
            let of = format!("Packages of {} {}", issuer.name, group.major);
            section(text, of.trim_end());
            last = Some(group.major.clone());
        }
        let module = group.module.map(|module| format!(" (module {module})")).unwrap_or_default();
        let source = group.source.as_deref().unwrap_or("packages");
        wrap(text, &format!("{source}{module}"), "  ", "    ");
        for (name, arches) in group.packages {
            let arches: Vec<String> = arches.into_iter().collect();
            let arches = if arches.is_empty() { String::new() } else { format!(" ({})", arches.join(", ")) };
            wrap(text, &format!("{name}{arches}"), "    ", "      ");
        }
    }
}

fn rule(text: &mut String) {
    let _ = writeln!(text, "{}", "=".repeat(WIDTH));
}

fn section(text: &mut String, name: &str) {
    let name = flat(name);
    let _ = writeln!(text, "\n{name}\n{}\n", "-".repeat(name.chars().count().min(WIDTH)));
}

/// Line by line: what the issuer broke stays broken, and lists keep their marks.
fn paragraphs(text: &mut String, paragraphs: &str) {
    for line in paragraphs.trim_end().lines() {
        let mark = ["* ", "- "].into_iter().find(|mark| line.starts_with(mark)).unwrap_or_default();
        wrap(text, &line[mark.len()..], mark, &" ".repeat(mark.len()));
    }
}

/// Appends a text in lines, the first with one beginning, the others with another.
fn wrap(out: &mut String, text: &str, first: &str, others: &str) {
    let mut line = flat(first);
    let mut is_empty = true;
    for word in text.split_whitespace().flat_map(pieces) {
        let word = flat(word);
        if !is_empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            let _ = writeln!(out, "{}", line.trim_end());
            line = others.to_owned();
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(&word);
        is_empty = false;
    }
    let _ = writeln!(out, "{}", line.trim_end());
}

/// A word in pieces that fit into a line.
fn pieces(word: &str) -> impl Iterator<Item = &str> {
    let mut rest = word;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut end = rest.len().min(WORD);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(piece)
    })
}
