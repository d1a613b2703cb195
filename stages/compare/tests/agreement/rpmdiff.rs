//! What `rpmdiff` of rpmlint says.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use heirloom_model::record::Compared;

use crate::{Fact, rpm};

/// The letters in the order in which rpmdiff prints them, and the rule that speaks of each.
const LETTERS: [(char, &str); 11] = [
    ('S', "file-size"),
    ('M', "file-mode"),
    ('5', "content"),
    ('D', "device-number"),
    ('N', "inode"),
    ('L', "number of links"),
    ('V', "file-verify"),
    ('U', "file-owner"),
    ('G', "file-group"),
    ('F', "file-flags"),
    ('T', "mtimes"),
];

/// Tags that it names, and the rule and subject that speak of each.
const TAGS: [(&str, &str, &str); 12] = [
    ("NAME", "name", ""),
    ("SUMMARY", "summary", ""),
    ("DESCRIPTION", "description", ""),
    ("GROUP", "group", ""),
    ("LICENSE", "license", ""),
    ("URL", "url", ""),
    ("PREIN", "scriptlets", "%pre"),
    ("POSTIN", "scriptlets", "%post"),
    ("PREUN", "scriptlets", "%preun"),
    ("POSTUN", "scriptlets", "%postun"),
    ("PRETRANS", "scriptlets", "%pretrans"),
    ("POSTTRANS", "scriptlets", "%posttrans"),
];

/// What differs between two packages by its account.
pub(crate) fn differing(reference: &Path, rebuilt: &Path) -> BTreeSet<Fact> {
    let output =
        Command::new("rpmdiff").arg(reference).arg(rebuilt).env("LC_ALL", "C.UTF-8").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    // 0 for no difference, 1 for any: everything else is a failure.
    let expected = if text.trim().is_empty() { 0 } else { 1 };
    assert_eq!(output.status.code(), Some(expected), "{}", String::from_utf8_lossy(&output.stderr));
    text.lines().filter(|line| !line.is_empty()).flat_map(facts).collect()
}

fn facts(line: &str) -> Vec<Fact> {
    let (how, what) = line.split_at(12);
    let (how, what) = (how.trim(), what.trim());
    let tag = TAGS.iter().find(|(tag, ..)| *tag == what);
    if let Some((_, rule, subject)) = tag {
        return vec![((*rule).to_owned(), (*subject).to_owned())];
    }
    match how {
        "added" | "removed" if what.starts_with('/') => vec![("file-list".to_owned(), what.to_owned())],
        "added" | "removed" => {
            let (kind, dependency) = what.split_once(' ').unwrap();
            let kind = kind.split('(').next().unwrap().to_lowercase();
            let rule = if kind == "prereq" { "requires".to_owned() } else { kind };
            vec![(rule, dependency.trim().to_owned())]
        }
        letters => {
            assert_eq!(letters.len(), LETTERS.len(), "{line}");
            let set = LETTERS.iter().zip(letters.chars()).filter(|((letter, _), shown)| letter == shown);
            set.map(|((_, rule), _)| {
                let subject = if *rule == "mtimes" { "" } else { what };
                ((*rule).to_owned(), subject.to_owned())
            })
            .collect()
        }
    }
}

/// What we say, in the same words: it does not tell the kind of a file from its permissions.
pub(crate) fn ours(compared: &Compared) -> BTreeSet<Fact> {
    let plain = |(rule, subject): Fact| match rule.as_str() {
        "file-type" => ("file-mode".to_owned(), subject),
        _ => (rule, subject),
    };
    rpm::ours(compared).into_iter().map(plain).collect()
}
