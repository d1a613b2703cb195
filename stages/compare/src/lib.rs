//! Compares a rebuilt binary package with its reference, and proves how much alike they are.
//!
//! It reads two RPM files and gives a [`Compared`]: every difference as a [`Finding`] of a named rule, every
//! normalisation that was applied, and the verdict that follows from them. It knows no store, no network and
//! no other stage, signs nothing, prints nothing, and never judges by a package's name.
//!
//! A comparison goes from the cheap to the dear, and stops where there is nothing left to see: the whole
//! files' bytes, the headers, the contents of files whose digests differ, and the types behind the exported
//! symbols of libraries whose code differs. Evidence that can't be had is a finding of its own.
//!
//! Start reading at [`checks`]: `check.rs` says what a rule is, `check/registry.rs` lists them all, one line
//! each, and every rule that is more than "these tags are equal" has its own file in `check/` or `elf/`.
//! `check/normaliser.rs` lists what is taken away before contents are compared (`content/`). To add a rule,
//! add its line to the registry and a mutant to the tests; a test refuses a rule without one.

mod check;
mod content;
mod elf;
mod error;
mod excerpt;
mod look;
mod pair;
mod payload;
pub mod stability;
mod tag;
mod types;
mod universe;
mod update;
mod verdict;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use heirloom_formats::rpm_file::{self, DependencyKind, Header, RpmProblem};
use heirloom_model::allowance::{self, Allowance, Date};
use heirloom_model::digest::Hasher;
use heirloom_model::record::Compared;
use heirloom_model::{Digest, Finding, Normalisation, Verdict};

pub use check::{Check, Normaliser, Weight, checks, normalisers};
pub use error::CompareError;
pub use heirloom_model::{DistMap, InvalidDistMap};
pub use universe::Universe;
pub use update::{UPDATES, completed, defined, mentioned, update};

/// Version of the rules. A change of any rule that can change a verdict or a finding needs a new number, so
/// that old comparisons are made again.
pub const RULES: u32 = 2;

/// What a comparison is told beside the two packages.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Release tags that mean the same.
    pub dist: DistMap,
    /// What the reference's repository provides, if it is known: the ground to judge new requirements on.
    pub universe: Option<Arc<Universe>>,
    /// Packages with debugging data, of both sides; which file belongs to which is told by build-ids.
    pub debuginfo: Vec<PathBuf>,
    /// Declared allowances.
    pub allowances: Vec<Allowance>,
    /// The day on which allowances are valid or expired.
    pub today: Date,
}

/// An RPM file whose digest is known already, as that of every stored object is.
#[derive(Clone, Copy, Debug)]
pub struct Stored<'a> {
    /// The file.
    pub path: &'a Path,
    /// SHA-256 of the whole file.
    pub digest: Digest,
}

/// Compares two RPM files. Both are read whole, and verified against the digests that they carry.
///
/// # Errors
/// A file can't be read, both are damaged beyond reading, or one is a source package. A single damaged
/// package is `undecided`.
pub fn compare(reference: &Path, rebuilt: &Path, options: &Options) -> Result<Compared, CompareError> {
    let stored = |path| digest(path).map(|digest| Stored { path, digest });
    let (reference, rebuilt) = (stored(reference)?, stored(rebuilt)?);
    let faults: Vec<_> = [reference, rebuilt].into_iter().filter_map(fault).collect();
    let source = |stored: Stored<'_>| Header::open(stored.path).is_ok_and(|header| header.is_source);
    if faults.is_empty() || source(reference) || source(rebuilt) {
        return compare_stored(reference, rebuilt, options);
    }
    // A package whose header can't be read goes by the other's name.
    let known = |stored: Stored<'_>| Header::open(stored.path).ok().map(|header| header.nevra);
    let (left, right) = (known(reference), known(rebuilt));
    match (left.clone().or(right.clone()), right.or(left)) {
        (Some(reference_nevra), Some(nevra)) => Ok(Compared {
            nevra,
            package: rebuilt.digest,
            reference: reference.digest,
            reference_nevra,
            rules: RULES,
            verdict: Verdict::Undecided,
            evidence: None,
            findings: faults,
            normalisations: Vec::new(),
            allowances: Vec::new(),
            told: None,
        }),
        _ => compare_stored(reference, rebuilt, options),
    }
}

/// Compares two RPM files whose digests are known, and which were verified when they came in. No more of
/// them is read than is needed to tell them apart.
///
/// # Errors
/// A file can't be read, is cut short or damaged, or is a source package.
pub fn compare_stored(
    reference: Stored<'_>,
    rebuilt: Stored<'_>,
    options: &Options,
) -> Result<Compared, CompareError> {
    let reference_header = open(reference.path)?;
    let rebuilt_header = open(rebuilt.path)?;
    let same_bytes = reference.digest == rebuilt.digest
        || pair::same_bytes((reference.path, &reference_header), (rebuilt.path, &rebuilt_header))?;
    let pair = pair::Pair::new(&reference_header, &rebuilt_header, options);
    let mut compared = Compared {
        nevra: rebuilt_header.nevra.clone(),
        package: rebuilt.digest,
        reference: reference.digest,
        reference_nevra: reference_header.nevra.clone(),
        rules: RULES,
        verdict: Verdict::BitIdentical,
        evidence: None,
        findings: Vec::new(),
        normalisations: Vec::new(),
        allowances: Vec::new(),
        told: None,
    };
    if !same_bytes {
        judge(&mut compared, &pair, (reference.path, rebuilt.path), options);
    }
    Ok(compared)
}

/// Applies all rules, and fills in what follows.
fn judge(compared: &mut Compared, pair: &pair::Pair<'_>, paths: (&Path, &Path), options: &Options) {
    let required = pair.reference.relations(DependencyKind::Requires).iter();
    let required = required.map(|relation| relation.name.trim_end_matches("(64bit)").to_owned());
    let size = |path: &Path| path.metadata().map_or(0, |metadata| metadata.len());
    let mut look = look::Look::new(required.collect()).bounded(size(paths.0).saturating_add(size(paths.1)));
    payload::compare(&mut look, pair, paths.0, paths.1);
    let evidence = types::compare(&mut look, &options.debuginfo);
    let mut findings: Vec<Finding> = check::checks().iter().flat_map(|check| check.run(pair)).collect();
    if findings.is_empty() && look.findings.is_empty() {
        findings.push(check::bytes());
    }
    findings.extend(look.findings);
    let place = |finding: &Finding| check::checks().iter().position(|check| check.name() == finding.rule);
    findings.sort_by_cached_key(|finding| (place(finding), finding.subject.clone()));
    let mapped = check::mapped(pair).into_iter();
    compared.normalisations = mapped
        .map(|(subject, detail)| Normalisation {
            rule: check::normaliser::DIST_MAP.name.to_owned(),
            subject,
            detail,
        })
        .chain(look.normalisations)
        .collect();
    let name = compared.nevra.name();
    (compared.findings, compared.allowances) =
        allowance::apply(findings, name, &options.allowances, options.today);
    let normalised = !compared.normalisations.is_empty() || !compared.allowances.is_empty();
    compared.verdict = verdict::of(&compared.findings, normalised);
    compared.evidence = (compared.verdict == Verdict::AbiCompatible).then_some(evidence);
}

/// What keeps a package from being examined, as a finding about the whole of it.
fn fault(stored: Stored<'_>) -> Option<Finding> {
    let problem = match open(stored.path) {
        Ok(_) => match rpm_file::verify_digests(stored.path) {
            Err(error) if !matches!(error.problem, RpmProblem::NoDigest(_)) => Some(error.to_string()),
            // Before rpm 4.14 there was none.
            _ => None,
        },
        Err(CompareError::Source { .. }) => None,
        Err(error) => Some(error.to_string()),
    }?;
    // A result does not depend on where the packages are.
    let dir = stored.path.parent().map(|dir| format!("{}/", dir.display())).unwrap_or_default();
    let problem = problem.strip_prefix(&dir).unwrap_or(&problem).to_owned();
    Some(check::content::UNREADABLE.finding(
        heirloom_model::Severity::Undecided,
        "the package",
        (String::new(), problem),
    ))
}

/// The header of a binary package that is all there.
fn open(path: &Path) -> Result<Header, CompareError> {
    rpm_file::check_complete(path)?;
    let header = Header::open(path)?;
    if header.is_source {
        return Err(CompareError::Source { path: path.to_owned() });
    }
    let mut seen = BTreeSet::new();
    let twice = header.tags().find(|tag| !seen.insert(*tag));
    match twice {
        Some(twice) => Err(CompareError::Twice { path: path.to_owned(), tag: tag::name(twice) }),
        None => Ok(header),
    }
}

fn digest(path: &Path) -> Result<Digest, CompareError> {
    let mut hasher = Hasher::default();
    let mut file = std::fs::File::open(path).map_err(CompareError::io(path))?;
    std::io::copy(&mut file, &mut hasher).map_err(CompareError::io(path))?;
    Ok(hasher.finish())
}
