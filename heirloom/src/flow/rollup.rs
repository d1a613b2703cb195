//! The verdicts of many packages as those of their sources, of their repositories and of the whole release.

use std::collections::BTreeMap;

use heirloom_model::{Nevra, Severity, Verdict};
use schemars::JsonSchema;
use serde::Serialize;

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

/// How much it weighs that the rebuild lacks a package of the reference. Nobody links with debugging data,
/// and vendors publish it elsewhere.
pub(crate) fn missing(package: &Nevra) -> Severity {
    if package.is_debug() { Severity::Different } else { Severity::Incompatible }
}

/// The level of a set of packages about which there is this to be said.
pub(crate) fn level(severity: Severity) -> Verdict {
    match severity {
        Severity::Expected | Severity::Note => Verdict::BitIdentical,
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
            ("zlib", Some("AppStream"), level(missing(&"zlib-devel-1-1.noarch".parse().unwrap()))),
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
            assert_eq!(missing(&format!("{name}-1-1.noarch").parse().unwrap()), severity, "{name}");
        }
    }
}
