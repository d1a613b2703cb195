//! What the gate says of a set of repositories before clients may see it, and the waivers that accept some of it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Nevra;
use crate::allowance::{Date, Idle, matches_glob};

/// How much a finding of the gate weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GateSeverity {
    /// Refused, unless a waiver accepts it.
    Error,
    /// Told, and let through.
    Warning,
}

/// One thing that a rule of the gate saw. Sorted: errors first, then by rule, repository, architecture and package.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateFinding {
    /// How much it weighs.
    pub severity: GateSeverity,
    /// The rule's name, such as `closure`.
    pub rule: String,
    /// Name of the repository; empty where it is about all of them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub repository: String,
    /// Architecture of the repository; empty where it is about all of them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub arch: String,
    /// The package; absent where it is about a repository or an advisory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<Nevra>,
    /// What was seen.
    pub detail: String,
    /// What would mend it.
    pub fix: String,
}

/// A finding that a waiver accepts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waived {
    /// The finding.
    pub finding: GateFinding,
    /// Why it is accepted.
    pub reason: String,
    /// The last day on which it is.
    pub until: Date,
}

/// What became of one rule: that it found nothing is another thing than that it was not asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleReport {
    /// Its name.
    pub rule: String,
    /// What it looked at, such as `packages`.
    pub of: String,
    /// How many of these it looked at.
    pub looked_at: usize,
    /// Errors that no waiver accepts.
    pub errors: usize,
    /// Warnings that no waiver accepts.
    pub warnings: usize,
    /// What waivers accept.
    pub waived: usize,
    /// What it was not asked, and why. If it looked at nothing, it was not asked at all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_asked: Vec<String>,
}

/// A waiver that should be looked at again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdleWaiver {
    /// The waiver, as it is told to people.
    pub waiver: String,
    /// Why.
    pub why: String,
}

/// All that the gate says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateReport {
    /// What no waiver accepts, sorted.
    pub findings: Vec<GateFinding>,
    /// What waivers accept, sorted.
    pub waived: Vec<Waived>,
    /// Every rule, in the order of the registry.
    pub rules: Vec<RuleReport>,
    /// Waivers that have expired, or that nothing needed.
    pub idle: Vec<IdleWaiver>,
}

/// A declared acceptance of what the gate says, with a reason and an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiver {
    /// The rule's name.
    pub rule: String,
    /// Pattern of the package, as its name or as the whole NEVRA. `*` stands for any text and `?` for one character.
    pub package: String,
    /// Pattern of the repository's name.
    pub repository: String,
    /// Pattern of the repository's architecture.
    pub arch: String,
    /// Pattern of what was seen.
    pub detail: String,
    /// Why it is accepted.
    pub reason: String,
    /// The last day on which it holds.
    pub until: Date,
}

/// A question about modules to which the answer is no, as whoever reads module documents found it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModularFact {
    /// What is wrong.
    pub kind: ModularKind,
    /// Name of the repository.
    pub repository: String,
    /// Its architecture.
    pub arch: String,
    /// The module, as `name:stream` or as its whole NSVCA.
    pub module: String,
    /// The package that it is about, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<Nevra>,
    /// What was seen, where the kind does not say all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// What can be wrong with modules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModularKind {
    /// A package says that it is of a module, and its repository has no module documents: clients hide it, or take it
    /// for an ordinary one.
    NoDocuments,
    /// A document lists a package that the repository does not have.
    MissingArtifact,
    /// A package says that it is of a module, and no document lists it.
    Unlisted,
    /// The default stream, or a profile of it, is none that the repository has.
    MissingDefault,
    /// A stream needs another one that no repository has.
    MissingStream,
    /// Two documents say different things under one name, stream, version, context and architecture.
    Contradiction,
    /// A package of a default stream hides an ordinary one of the same name.
    Shadows,
    /// A document of the present snapshot is gone.
    Lost,
}

impl ModularKind {
    /// Whether it is refused or told.
    #[must_use]
    pub fn severity(self) -> GateSeverity {
        match self {
            Self::NoDocuments
            | Self::MissingArtifact
            | Self::Unlisted
            | Self::MissingDefault
            | Self::MissingStream
            | Self::Contradiction
            | Self::Lost => GateSeverity::Error,
            Self::Shadows => GateSeverity::Warning,
        }
    }

    /// What is wrong, in a few words.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Self::NoDocuments => "the repository has no module documents",
            Self::MissingArtifact => "the repository does not have a package that the document lists",
            Self::Unlisted => "no module document lists the package",
            Self::MissingDefault => "the default stream is none that the repository has",
            Self::MissingStream => "no repository has a stream that it needs",
            Self::Contradiction => "two documents of one identity say different things",
            Self::Shadows => "a package of the default stream hides an ordinary one",
            Self::Lost => "the document is in the present snapshot and not here",
        }
    }
}

impl GateReport {
    /// Whether something stands in the way.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == GateSeverity::Error)
    }

    /// Adds up a report: sorts findings, sets aside what waivers accept, and counts for each rule. Of `rules`, the
    /// counts of findings are filled in.
    #[must_use]
    pub fn new(
        findings: Vec<GateFinding>,
        mut rules: Vec<RuleReport>,
        waivers: &[Waiver],
        today: Date,
    ) -> Self {
        let mut used = vec![false; waivers.len()];
        let (mut open, mut waived) = (Vec::new(), Vec::new());
        for finding in findings {
            let place = waivers.iter().position(|waiver| today <= waiver.until && waiver.covers(&finding));
            match place {
                Some(place) => {
                    used[place] = true;
                    let (reason, until) = (waivers[place].reason.clone(), waivers[place].until);
                    waived.push(Waived { finding, reason, until });
                }
                None => open.push(finding),
            }
        }
        open.sort();
        open.dedup();
        waived.sort();
        waived.dedup();
        for rule in &mut rules {
            let of = |severity| {
                open.iter().filter(|one| one.rule == rule.rule && one.severity == severity).count()
            };
            (rule.errors, rule.warnings) = (of(GateSeverity::Error), of(GateSeverity::Warning));
            rule.waived = waived.iter().filter(|one| one.finding.rule == rule.rule).count();
        }
        let idle = waivers.iter().zip(used).filter_map(|(waiver, used)| {
            let why = match (today > waiver.until, used) {
                (true, _) => Idle::Expired,
                (false, false) => Idle::Unused,
                (false, true) => return None,
            };
            Some(IdleWaiver { waiver: waiver.to_string(), why: why.to_string() })
        });
        Self { idle: idle.collect(), findings: open, waived, rules }
    }
}

impl Waiver {
    /// Whether it is about this finding. Its end is another question.
    #[must_use]
    pub fn covers(&self, finding: &GateFinding) -> bool {
        let package = match &finding.package {
            Some(nevra) => {
                matches_glob(&self.package, nevra.name()) || matches_glob(&self.package, &nevra.to_string())
            }
            None => self.package == "*",
        };
        package
            && self.rule == finding.rule
            && matches_glob(&self.repository, &finding.repository)
            && matches_glob(&self.arch, &finding.arch)
            && matches_glob(&self.detail, &finding.detail)
    }
}

impl GateSeverity {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

impl fmt::Display for GateFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.rule)?;
        let place = [&self.repository, &self.arch].map(String::as_str);
        match place {
            ["", ""] => {}
            [one, ""] | ["", one] => write!(f, "{one}: ")?,
            [repository, arch] => write!(f, "{repository}/{arch}: ")?,
        }
        if let Some(package) = &self.package {
            write!(f, "{package}: ")?;
        }
        f.write_str(&self.detail)
    }
}

impl fmt::Display for Waiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, package, repository, arch, reason, until, .. } = self;
        write!(f, "`{rule}` of `{package}` in `{repository}/{arch}` ({reason}), until {until}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(rule: &str, severity: GateSeverity, package: Option<&str>, detail: &str) -> GateFinding {
        GateFinding {
            severity,
            rule: rule.to_owned(),
            repository: "BaseOS".to_owned(),
            arch: "x86_64".to_owned(),
            package: package.map(|package| package.parse().unwrap()),
            detail: detail.to_owned(),
            fix: "mend it".to_owned(),
        }
    }

    fn waiver(rule: &str, package: &str, detail: &str) -> Waiver {
        let any = || "*".to_owned();
        Waiver {
            rule: rule.to_owned(),
            package: package.to_owned(),
            repository: any(),
            arch: any(),
            detail: detail.to_owned(),
            reason: "agreed".to_owned(),
            until: "2027-06-30".parse().unwrap(),
        }
    }

    fn rule(name: &str) -> RuleReport {
        let (rule, of) = (name.to_owned(), "packages".to_owned());
        RuleReport { rule, of, looked_at: 1, errors: 0, warnings: 0, waived: 0, not_asked: Vec::new() }
    }

    #[test]
    fn waivers_cover_by_rule_package_place_and_detail() {
        let one = finding("closure", GateSeverity::Error, Some("a-1-1.noarch"), "requires `b`");
        for (covers, waiver) in [
            (true, waiver("closure", "a", "*")),
            (true, waiver("closure", "a-1-*", "*`b`*")),
            (false, waiver("installable", "a", "*")),
            (false, waiver("closure", "b", "*")),
            (false, waiver("closure", "a", "*`c`*")),
            (false, Waiver { repository: "AppStream".to_owned(), ..waiver("closure", "a", "*") }),
            (false, Waiver { arch: "aarch64".to_owned(), ..waiver("closure", "a", "*") }),
        ] {
            assert_eq!(waiver.covers(&one), covers, "{waiver}");
        }
        let none = finding("empty", GateSeverity::Error, None, "lost");
        assert!(waiver("empty", "*", "*").covers(&none));
        assert!(!waiver("empty", "a*", "*").covers(&none), "a pattern of packages is about packages");
    }

    #[test]
    fn a_report_counts_what_is_open_and_what_is_waived() {
        let findings = vec![
            finding("closure", GateSeverity::Warning, Some("b-1-1.noarch"), "w"),
            finding("closure", GateSeverity::Error, Some("c-1-1.noarch"), "e"),
            finding("closure", GateSeverity::Error, Some("a-1-1.noarch"), "e"),
            finding("closure", GateSeverity::Error, Some("a-1-1.noarch"), "e"),
        ];
        let waivers = [waiver("closure", "c", "*"), waiver("arch", "*", "*")];
        let report =
            GateReport::new(findings.clone(), vec![rule("closure")], &waivers, "2027-06-30".parse().unwrap());
        assert_eq!((report.rules[0].errors, report.rules[0].warnings, report.rules[0].waived), (1, 1, 1));
        assert!(report.is_refused());
        assert_eq!(
            report.findings.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["closure: BaseOS/x86_64: a-1-1.noarch: e", "closure: BaseOS/x86_64: b-1-1.noarch: w"]
        );
        assert_eq!(report.idle.len(), 1);
        assert!(report.idle[0].why.starts_with("unused"), "{:?}", report.idle);
        let report =
            GateReport::new(findings, vec![rule("closure")], &waivers, "2027-07-01".parse().unwrap());
        assert_eq!((report.rules[0].errors, report.waived.len()), (2, 0));
        assert!(report.idle.iter().all(|idle| idle.why.starts_with("expired")), "{:?}", report.idle);
    }

    #[test]
    fn warnings_alone_refuse_nothing() {
        let findings = vec![finding("changed", GateSeverity::Warning, None, "w")];
        assert!(!GateReport::new(findings, vec![rule("changed")], &[], Date::default()).is_refused());
    }
}
