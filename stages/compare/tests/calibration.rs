//! Real pairs of packages, whose right verdicts docs/calibration.md holds: every pair that is below the
//! directory `HEIRLOOM_PAIRS` is compared. Without that variable only the table itself is checked.

#![expect(clippy::unwrap_used, reason = "what fails here is meant to fail the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use heirloom_compare::{Options, checks, normalisers};
use heirloom_model::record::Compared;
use heirloom_model::{Digest, Evidence, Nevra, Verdict};

const TABLE: &str = include_str!("../../../docs/calibration.md");
/// Digits of a SHA-256 that the table has.
const DIGITS: usize = 12;

/// One line of the table.
#[derive(Debug)]
struct Row<'a> {
    /// As the table names it.
    pair: &'a str,
    reference: &'a str,
    rebuilt: &'a str,
    debuginfo: Vec<&'a str>,
    verdict: Verdict,
    rule: &'a str,
    subject: &'a str,
}

/// Says what is wrong with a line, if anything is.
fn row(line: &str) -> Result<Row<'_>, String> {
    let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
    let [pair, vendors, digests, debuginfo, verdict, decisive, why] = cells[..] else {
        return Err(format!("{} cells instead of 7", cells.len()));
    };
    let digest = |text: &&str| {
        text.len() == DIGITS && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let all = |cell: &'_ str| cell.split(' ').all(|text| digest(&text));
    let (reference, rebuilt) = digests.split_once(' ').ok_or("not two digests")?;
    let debuginfo = if debuginfo == "–" { "" } else { debuginfo };
    if !all(digests) || rebuilt.contains(' ') || !(debuginfo.is_empty() || all(debuginfo)) {
        return Err(format!("digests are not {DIGITS} hexadecimal digits each"));
    }
    for nevra in pair.split(" to ") {
        nevra.parse::<Nevra>().map_err(|error| format!("{nevra}: {error}"))?;
    }
    let known = [
        Verdict::BitIdentical,
        Verdict::PayloadIdentical,
        Verdict::Identical,
        Verdict::AbiCompatible,
        Verdict::Incompatible,
    ];
    let verdict = known.into_iter().find(|known| known.name() == verdict).ok_or("no such verdict")?;
    let (rule, subject) =
        decisive.strip_prefix('`').and_then(|rest| rest.split_once("` ")).ok_or("no decisive rule")?;
    let rules = checks().iter().map(|check| check.name()).chain(normalisers().iter().map(|rule| rule.name));
    if !rules.into_iter().any(|known| known == rule) {
        return Err(format!("no rule is called {rule}"));
    }
    if subject.is_empty() || vendors.is_empty() || why.len() < 40 {
        return Err("vendors, subject and reason are needed".to_owned());
    }
    let debuginfo = debuginfo.split_whitespace().collect();
    Ok(Row { pair, reference, rebuilt, debuginfo, verdict, rule, subject })
}

/// All lines of the table below its head.
fn table(text: &str) -> Vec<Result<Row<'_>, String>> {
    let lines = text.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
    lines
        .take_while(|line| line.starts_with('|'))
        .map(|line| row(line).map_err(|wrong| format!("{line}\n  {wrong}")))
        .collect()
}

#[test]
fn the_table_is_well_formed() {
    let rows = table(TABLE);
    let wrong: Vec<_> = rows.iter().filter_map(|row| row.as_ref().err()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(!rows.is_empty(), "docs/calibration.md has no table");
    let pairs: BTreeSet<_> = rows.iter().flatten().map(|row| (row.reference, row.rebuilt)).collect();
    assert_eq!(pairs.len(), rows.len(), "a pair is there twice");
}

#[test]
fn a_malformed_line_is_refused() {
    let good = TABLE.lines().find(|line| line.starts_with("| bzip2-libs")).unwrap();
    assert!(row(good).is_ok());
    for (from, to) in [
        ("5c114196984d", "5c11"),
        ("5c114196984d ", ""),
        ("| abi-compatible |", "| compatible |"),
        ("`code`", "`cod`"),
        ("`code`", "code"),
        (".el7.i686 |", " |"),
        ("| – |", "|"),
    ] {
        assert!(good.contains(from), "{from}");
        assert!(row(&good.replacen(from, to, 1)).is_err(), "{from} to {to}");
    }
}

#[test]
fn pairs_that_are_there() {
    let Some(dir) = std::env::var_os("HEIRLOOM_PAIRS") else {
        eprintln!("HEIRLOOM_PAIRS names no directory: no pair was compared");
        return;
    };
    let files = by_digest(Path::new(&dir));
    let mut wrong = Vec::new();
    let mut compared = 0;
    for row in table(TABLE).into_iter().flatten() {
        let (Some(reference), Some(rebuilt)) = (files.get(row.reference), files.get(row.rebuilt)) else {
            eprintln!("not there: {}", row.pair);
            continue;
        };
        let debuginfo: Vec<PathBuf> =
            row.debuginfo.iter().filter_map(|digest| files.get(*digest)).cloned().collect();
        let complete = debuginfo.len() == row.debuginfo.len();
        let options = Options { debuginfo, ..Options::default() };
        let judged = heirloom_compare::compare(reference, rebuilt, &options).unwrap();
        compared += 1;
        eprintln!("{}: {} {:?}", row.pair, judged.verdict, judged.evidence);
        wrong.extend(fault(&row, &judged, complete));
    }
    assert!(compared > 0, "{}: has no pair of docs/calibration.md", Path::new(&dir).display());
    assert!(wrong.is_empty(), "{} of {compared} pairs are misjudged:\n{}", wrong.len(), wrong.join("\n"));
}

/// What is not as the table says, if anything is.
fn fault(row: &Row<'_>, judged: &Compared, complete: bool) -> Option<String> {
    let is_decisive = |rule: &str, subject: &str| rule == row.rule && subject.starts_with(row.subject);
    let seen = judged.findings.iter().any(|finding| is_decisive(&finding.rule, &finding.subject))
        || judged.normalisations.iter().any(|used| is_decisive(&used.rule, &used.subject));
    let by_types = row.debuginfo.is_empty() || !complete || judged.evidence == Some(Evidence::Types);
    (judged.verdict != row.verdict || !seen || !by_types).then(|| {
        let Row { pair, verdict, rule, subject, .. } = row;
        format!(
            "{pair}: wanted {verdict} by `{rule}` {subject}, got {} {:?} with {:#?}",
            judged.verdict, judged.evidence, judged.findings
        )
    })
}

/// All packages below a directory, by the first digits of their digests.
fn by_digest(dir: &Path) -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(by_digest(&path));
        } else if path.extension().is_some_and(|extension| extension == "rpm") {
            found.insert(Digest::of(&std::fs::read(&path).unwrap()).short(), path);
        }
    }
    found
}
