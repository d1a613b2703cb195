//! What a rule answers.

use heirloom_model::Nevra;
use heirloom_model::gate::{GateFinding, GateSeverity};

use super::Rule;
use super::input::GateRepository;

/// What one rule looked at and saw.
pub(super) struct Answer {
    pub(super) of: &'static str,
    pub(super) looked_at: usize,
    pub(super) not_asked: Vec<String>,
    seen: Vec<Seen>,
}

/// A finding before it has its rule's name and remedy.
pub(super) struct Seen {
    pub(super) severity: GateSeverity,
    pub(super) repository: String,
    pub(super) arch: String,
    pub(super) package: Option<Nevra>,
    pub(super) detail: String,
    /// Where it is another one than the rule's.
    pub(super) fix: Option<String>,
}

impl Answer {
    /// Of a rule that looks at these things.
    pub(super) fn of(of: &'static str) -> Self {
        Self { of, looked_at: 0, not_asked: Vec::new(), seen: Vec::new() }
    }

    /// Why something was not looked at; each reason once.
    pub(super) fn not_asked(&mut self, because: impl Into<String>) {
        let because = because.into();
        if !self.not_asked.contains(&because) {
            self.not_asked.push(because);
        }
    }

    /// A package of a repository that is refused.
    pub(super) fn error(&mut self, of: &GateRepository<'_>, package: &Nevra, detail: String) {
        self.see(Seen::new(GateSeverity::Error, of, Some(package), detail));
    }

    /// A package of a repository that is told of.
    pub(super) fn warning(&mut self, of: &GateRepository<'_>, package: &Nevra, detail: String) {
        self.see(Seen::new(GateSeverity::Warning, of, Some(package), detail));
    }

    pub(super) fn see(&mut self, seen: Seen) {
        self.seen.push(seen);
    }

    /// The findings of this rule.
    pub(super) fn findings(self, rule: &'static Rule) -> impl Iterator<Item = GateFinding> {
        self.seen.into_iter().map(|seen| GateFinding {
            severity: seen.severity,
            rule: rule.name.to_owned(),
            repository: seen.repository,
            arch: seen.arch,
            package: seen.package,
            detail: seen.detail,
            fix: seen.fix.unwrap_or_else(|| rule.fix.to_owned()),
        })
    }
}

impl Seen {
    pub(super) fn new(
        severity: GateSeverity,
        of: &GateRepository<'_>,
        package: Option<&Nevra>,
        detail: String,
    ) -> Self {
        let (repository, arch) = (of.name.to_owned(), of.arch.to_owned());
        Self { severity, repository, arch, package: package.cloned(), detail, fix: None }
    }
}
