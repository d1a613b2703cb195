//! Comparing, beside rpmdiff and abipkgdiff:
//!
//! - a directory of pairs at once, and pair by pair;
//! - libraries by their types, with packages of debugging data.
//!
//! The pairs are made here: twins of the stand-in upstream's bootstrap packages, and two libraries compiled
//! with other flags. Real pairs are measured where a directory has some.

mod libraries;
mod real;
mod twins;

use std::path::{Path, PathBuf};

use super::cost::{Contender, Line, contest};
use super::{Result, heirloom};

/// Two packages.
pub(super) struct Pair {
    reference: PathBuf,
    rebuilt: PathBuf,
}

/// Two packages, and the packages with the debugging data of each.
pub(super) struct Typed {
    name: String,
    pair: Pair,
    debuginfo: [Vec<PathBuf>; 2],
}

/// Runs the benchmarks on pairs that are made here.
pub(super) fn made() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let world = testkit::world()?;
    let (reference, rebuild) = (dir.path().join("reference"), dir.path().join("rebuild"));
    let pairs = twins::make(&world.join("bootstrap"), &reference, &rebuild)?;
    directory(&reference, &rebuild, &pairs)?;
    libraries::make(&dir.path().join("libraries"))?.iter().try_for_each(types)
}

/// Runs them on what a directory has: packages that are there twice, and packages with debugging data.
pub(super) fn real(dir: &Path) -> Result<()> {
    let copies = tempfile::tempdir()?;
    let (reference, rebuild) = (copies.path().join("reference"), copies.path().join("rebuild"));
    let found = real::find(dir)?;
    if found.twice.is_empty() && found.typed.is_empty() {
        return Err(format!(
            "{}: has neither a package twice nor one with debugging data in two versions",
            dir.display()
        )
        .into());
    }
    if !found.twice.is_empty() {
        let pairs = real::copy(&found.twice, &reference, &rebuild)?;
        directory(&reference, &rebuild, &pairs)?;
    }
    found.typed.iter().try_for_each(types)
}

/// Exit codes of a comparison that was made.
const HEIRLOOM: &[i32] = &[0, 10, 11, 12];
const RPMDIFF: &[i32] = &[0, 1];
/// 4 is a change, 8 one that breaks users.
const ABIPKGDIFF: &[i32] = &[0, 4, 8, 12];

fn directory(reference: &Path, rebuild: &Path, pairs: &[Pair]) -> Result<()> {
    let program = heirloom()?;
    let sizes =
        pairs.iter().map(|pair| Ok(pair.reference.metadata()?.len() + pair.rebuilt.metadata()?.len()));
    let megabytes = sizes.sum::<std::io::Result<u64>>()? as f64 / 1e6;
    let each = |program: &Path, words: &[&str], answers: &'static [i32]| -> Vec<Line> {
        let start = words.iter().fold(Line::new(program, answers), |line, word| line.arg(*word));
        pairs.iter().map(|pair| start.clone().arg(&pair.reference).arg(&pair.rebuilt)).collect()
    };
    let whole = Line::new(&program, HEIRLOOM)
        .arg("compare")
        .arg("--reference")
        .arg(reference)
        .arg("--rebuild")
        .arg(rebuild);
    let abipkgdiff = || each(Path::new("abipkgdiff"), &[], ABIPKGDIFF);
    contest(
        &format!("{} pairs of packages, {megabytes:.0} MB", pairs.len()),
        pairs.len(),
        vec![
            Contender::new("heirloom compare, two directories", vec![whole]),
            Contender::new("heirloom compare, pair by pair", each(&program, &["compare"], HEIRLOOM)),
            Contender::new("rpmdiff, pair by pair", each(Path::new("rpmdiff"), &[], RPMDIFF)),
            Contender::new("abipkgdiff, pair by pair", abipkgdiff()),
            Contender::new("abipkgdiff, two at a time", abipkgdiff()).at_once(2),
        ],
    )
}

fn types(typed: &Typed) -> Result<()> {
    let Typed { name, pair, debuginfo: [first, second] } = typed;
    let with = |line: Line, option: &str, packages: &[PathBuf]| {
        packages.iter().fold(line, |line, package| line.arg(option).arg(package))
    };
    let ours = Line::new(heirloom()?, HEIRLOOM).arg("compare").arg(&pair.reference).arg(&pair.rebuilt);
    let ours = with(with(ours, "--debuginfo", first), "--debuginfo", second);
    let theirs = with(with(Line::new("abipkgdiff", ABIPKGDIFF), "--d1", first), "--d2", second);
    let theirs = theirs.arg(&pair.reference).arg(&pair.rebuilt);
    contest(
        &format!("{name}, by types"),
        1,
        vec![
            Contender::new("heirloom compare --debuginfo", vec![ours]),
            Contender::new("abipkgdiff --d1 --d2", vec![theirs]),
        ],
    )
}
