//! The compiled brand file, and what it is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Read;
use std::path::Path;

use heirloom_formats::brand::{Brand, BrandAllowance, Signs};
use heirloom_formats::rpm_file::{self, Header};
use heirloom_model::Digest;
use heirloom_model::allowance::{Date, Idle};
use heirloom_model::record::{MarkFinding, MarkKind};
use regex::Regex;

use crate::header;
use crate::meter::{Budget, Own};
use crate::pattern::Patterns;
use crate::walk::Walk;
use crate::{ScanError, altered};

/// Raised whenever the same bytes may have other findings.
const VERSION: u32 = 1;

/// Looks for the marks of a brand file. It is made once and may be shared by threads.
pub struct Scanner {
    pub(crate) brand: Brand,
    pub(crate) patterns: Patterns,
    /// Patterns of values, of each mark that has any.
    pub(crate) values: Vec<Vec<Regex>>,
    /// Files and certificates by digest: the mark.
    pub(crate) digests: BTreeMap<Digest, usize>,
    allowances: Vec<Compiled>,
    digest: Digest,
}

struct Compiled {
    packages: Vec<Regex>,
    files: Vec<Regex>,
    expired: bool,
}

impl Scanner {
    /// Compiles a brand file; allowances whose last day was before `today` are not applied.
    ///
    /// # Errors
    /// The marks are too many to be searched for together.
    pub fn new(brand: &Brand, today: Date) -> Result<Self, ScanError> {
        let globs = |texts: &[String]| texts.iter().map(|text| glob(text)).collect::<Result<Vec<_>, _>>();
        let mut values = Vec::new();
        let mut digests = BTreeMap::new();
        for (index, mark) in brand.marks.iter().enumerate() {
            let (patterns, files): (&[String], &[Digest]) = match &mark.signs {
                Signs::VendorTags { values, .. } => (values, &[]),
                Signs::Logo { sha256, .. } => (&[], sha256),
                Signs::Key { certificates, .. } => (&[], certificates),
                _ => (&[], &[]),
            };
            values.push(globs(patterns)?);
            digests.extend(files.iter().map(|digest| (*digest, index)));
        }
        let compiled = |allowance: &BrandAllowance| {
            let expired = allowance.expires.is_some_and(|last| today > last);
            Ok(Compiled { packages: globs(&allowance.packages)?, files: globs(&allowance.files)?, expired })
        };
        let allowances = brand.allowances.iter().map(compiled).collect::<Result<Vec<_>, ScanError>>()?;
        let mut said = format!("scanner {VERSION}\n{:?}\n", brand.marks);
        for (allowance, _) in brand.allowances.iter().zip(&allowances).filter(|(_, one)| !one.expired) {
            let BrandAllowance { mark, packages, files, reason, .. } = allowance;
            let _ = writeln!(said, "{mark:?} {packages:?} {files:?} {reason:?}");
        }
        let patterns = Patterns::new(brand)?;
        let digest = Digest::of(said.as_bytes());
        Ok(Self { brand: brand.clone(), patterns, values, digests, allowances, digest })
    }

    /// Digest of the marks, of the allowances that hold, and of the scanner's version: what findings depend on
    /// beside the package.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The findings in a built or a source package, sorted: its header's tags, the names of its files, and
    /// everything in them. What is in it and can't be looked into is a finding.
    ///
    /// # Errors
    /// The package itself can't be read, or is damaged.
    pub fn package(&self, path: &Path) -> Result<Vec<MarkFinding>, ScanError> {
        let header = Header::open(path)?;
        let size = std::fs::metadata(path).map_or(0, |file| file.len());
        let budget = Budget::new();
        budget.feed(size);
        let mut walk = Walk::new(self, header.nevra.name(), &budget);
        header::scan(&mut walk, "", &header);
        header::signature(&mut walk, path, &header)?;
        let done = rpm_file::each_file(
            path,
            &header,
            |_| true,
            |index, data| {
                if let Some(file) = header.files.get(index) {
                    walk.file(&file.path, data);
                }
                Ok::<_, std::convert::Infallible>(std::ops::ControlFlow::Continue(()))
            },
        )?;
        match done {
            Ok(()) => Ok(walk.finish()),
        }
    }

    /// Adds the findings in a file of a source package, its name among them; `package` is the source package's
    /// name. The findings of several files have to be sorted by the caller.
    pub fn file(&self, package: &str, name: &str, data: &mut dyn Read, findings: &mut Vec<MarkFinding>) {
        let budget = Budget::new();
        let mut walk = Walk::new(self, package, &budget);
        walk.path("", name);
        walk.file(name, &mut Own { inner: data, budget: &budget });
        findings.append(&mut walk.finish());
    }

    /// Findings of kind [`MarkKind::Attribution`]: files that hold licences, and notices of copyright, licence or
    /// trademark, that `before` has and `after` has not, or has otherwise. Both are the files of one source
    /// package, pristine and debranded, by name.
    #[must_use]
    pub fn altered(
        &self,
        package: &str,
        before: &BTreeMap<String, Vec<u8>>,
        after: &BTreeMap<String, Vec<u8>>,
    ) -> Vec<MarkFinding> {
        altered::find(self, package, before, after)
    }

    /// The allowances that none of these packages' findings needed, and those that have expired. Of each
    /// package: its name, and its findings.
    #[must_use]
    pub fn idle<'a>(
        &self,
        packages: impl IntoIterator<Item = (&'a str, &'a [MarkFinding])>,
    ) -> Vec<(&BrandAllowance, Idle)> {
        let mut used = BTreeSet::new();
        for (package, findings) in packages {
            for finding in findings.iter().filter(|finding| finding.allowed.is_some()) {
                used.extend(self.covering(&finding.mark, package, &finding.file));
            }
        }
        let idle = |(index, allowance): (usize, _)| match (
            self.allowances.get(index)?.expired,
            used.contains(&index),
        ) {
            (true, _) => Some((allowance, Idle::Expired)),
            (false, false) => Some((allowance, Idle::Unused)),
            (false, true) => None,
        };
        self.brand.allowances.iter().enumerate().filter_map(idle).collect()
    }

    /// The first allowance that covers a finding of this mark.
    fn covering(&self, mark: &str, package: &str, file: &str) -> Option<usize> {
        let fits = |patterns: &[Regex], text: &str| patterns.iter().any(|pattern| pattern.is_match(text));
        let covers = |(allowance, compiled): (&BrandAllowance, &Compiled)| {
            !compiled.expired
                && allowance.mark == mark
                && fits(&compiled.packages, package)
                && fits(&compiled.files, file)
        };
        self.brand.allowances.iter().zip(&self.allowances).position(covers)
    }

    /// The reason for which a finding is accepted.
    pub(crate) fn allowance(&self, mark: &str, package: &str, file: &str) -> Option<&str> {
        let index = self.covering(mark, package, file)?;
        self.brand.allowances.get(index).map(|allowance| allowance.reason.as_str())
    }

    /// A mark's name and kind.
    pub(crate) fn mark(&self, index: usize) -> Option<(&str, MarkKind)> {
        self.brand.marks.get(index).map(|mark| (mark.name.as_str(), mark.signs.kind()))
    }
}

/// A pattern of a whole text: `*` stands for any text, `?` for one character, case does not count.
fn glob(pattern: &str) -> Result<Regex, ScanError> {
    let mut text = String::from("(?is)^");
    for c in pattern.chars() {
        match c {
            '*' => text.push_str(".*"),
            '?' => text.push('.'),
            other => text.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
        }
    }
    text.push('$');
    Regex::new(&text).map_err(|error| ScanError::Brand(error.to_string()))
}
