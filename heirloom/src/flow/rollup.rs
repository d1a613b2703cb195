//! The verdicts of many packages as those of their sources, of their repositories and of the whole release.

use std::collections::BTreeMap;

use heirloom_model::allowance::AllowanceUse;
use heirloom_model::{Finding, Nevra, Severity, Verdict};
use schemars::JsonSchema;
use serde::Serialize;

/// The rules about sets of packages, each with what it demands.
pub(crate) const RULES: &[(&str, &str)] = &[
    (MISSING, "Every package of the reference is rebuilt; only debugging data may be published elsewhere."),
    (EXTRA, "The reference has every package that the rebuild has."),
    (OLDER, "The rebuild's packages are not older than the reference's."),
    (OTHER, "The rebuild's packages have the reference's versions."),
];
pub(crate) const MISSING: &str = "missing-package";
const EXTRA: &str = "extra-package";
pub(crate) const OLDER: &str = "older-version";
pub(crate) const OTHER: &str = "other-version";

/// The worst verdicts.
#[derive(Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Rollup {
    /// Of each repository of the reference, by name.
    pub(crate) repositories: BTreeMap<String, Verdict>,
    /// Of each source package.
    pub(crate) sources: BTreeMap<String, Verdict>,
}

/// What one package counts for.
pub(crate) struct Counted<'a> {
    /// Name of its source package.
    pub(crate) source: &'a str,
    /// The reference's repository that has it; `None` if there is none.
    pub(crate) repository: Option<&'a str>,
    /// Its level.
    pub(crate) verdict: Verdict,
}

impl Rollup {
    /// Adds everything up.
    pub(crate) fn of<'a>(all: impl IntoIterator<Item = Counted<'a>>) -> Self {
        let mut rollup = Self::default();
        for Counted { source, repository, verdict } in all {
            add(&mut rollup.sources, source, verdict);
            if let Some(repository) = repository {
                add(&mut rollup.repositories, repository, verdict);
            }
        }
        rollup
    }

    /// The level of everything; `None` if there was nothing to compare.
    pub(crate) fn verdict(&self) -> Option<Verdict> {
        (!self.sources.is_empty()).then(|| Verdict::worst(self.sources.values().copied()))
    }
}

fn add(all: &mut BTreeMap<String, Verdict>, name: &str, verdict: Verdict) {
    let worst = all.entry(name.to_owned()).or_insert(verdict);
    *worst = Verdict::worst([*worst, verdict]);
}

/// The rebuild lacks a package of the reference. Nobody links with debugging data, and vendors publish it
/// elsewhere.
pub(crate) fn missing(package: &Nevra) -> Finding {
    let severity = if package.is_debug() { Severity::Different } else { Severity::Incompatible };
    finding(MISSING, severity, Some(package), None)
}

/// Only the rebuild has a package.
pub(crate) fn extra(package: &Nevra) -> Finding {
    finding(EXTRA, Severity::Different, None, Some(package))
}

/// Allowances that findings about sets needed, each with the name of its package.
pub(crate) fn uses(all: &[AllowanceUse]) -> impl Iterator<Item = (&str, &[AllowanceUse])> {
    all.iter().map(|used| {
        let name = used.subject.rsplit_once('.').map_or(&*used.subject, |(name, _)| name);
        (name, std::slice::from_ref(used))
    })
}

/// A finding about a package of the reference, of the rebuild, or of both.
pub(crate) fn finding(rule: &str, severity: Severity, one: Option<&Nevra>, other: Option<&Nevra>) -> Finding {
    let evr = |package: Option<&Nevra>| package.map_or_else(String::new, |package| package.evr().to_string());
    let name = |package: &Nevra| format!("{}.{}", package.name(), package.arch());
    Finding {
        rule: rule.to_owned(),
        severity,
        subject: one.or(other).map_or_else(String::new, name),
        expected: evr(one),
        found: evr(other),
    }
}

/// The level of a set of packages about which there is this to be said.
pub(crate) fn level(finding: &Finding) -> Verdict {
    match finding.severity {
        Severity::Expected => Verdict::BitIdentical,
        // It is alike by an allowance.
        Severity::Note => Verdict::Identical,
        Severity::Different => Verdict::AbiCompatible,
        Severity::Incompatible => Verdict::Incompatible,
        Severity::Undecided => Verdict::Undecided,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::{AbiCompatible, BitIdentical, Identical, Incompatible, Undecided};

    #[test]
    fn the_worst_counts_for_source_repository_and_release() {
        let all = [
            ("bash", Some("BaseOS"), BitIdentical),
            ("zlib", Some("BaseOS"), Identical),
            ("zlib", Some("AppStream"), Undecided),
            ("zlib", Some("AppStream"), level(&missing(&"zlib-devel-1-1.noarch".parse().unwrap()))),
            ("extra", None, AbiCompatible),
        ];
        let rollup =
            Rollup::of(all.map(|(source, repository, verdict)| Counted { source, repository, verdict }));
        let named =
            |all: &[(&str, Verdict)]| all.iter().map(|(name, one)| ((*name).to_owned(), *one)).collect();
        assert_eq!(rollup.repositories, named(&[("AppStream", Incompatible), ("BaseOS", Identical)]));
        assert_eq!(
            rollup.sources,
            named(&[("bash", BitIdentical), ("extra", AbiCompatible), ("zlib", Incompatible)])
        );
        assert_eq!((rollup.verdict(), Rollup::default().verdict()), (Some(Incompatible), None));
    }

    #[test]
    fn missing_debugging_data_breaks_nobody() {
        for (name, severity) in [
            ("zlib-debuginfo", Severity::Different),
            ("zlib-debugsource", Severity::Different),
            ("kernel-debuginfo-common-x86_64", Severity::Different),
            ("debuginfo-tools", Severity::Incompatible),
        ] {
            let package = format!("{name}-1-1.noarch").parse().unwrap();
            assert_eq!(missing(&package).severity, severity, "{name}");
        }
    }
}
