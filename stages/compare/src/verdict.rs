//! From findings to the verdict.

use heirloom_model::{Finding, Severity, Verdict};

use crate::check::{self, Check, Weight};
use crate::pair::Pair;

/// The level of this pair and every difference; `same_bytes` says that all but lead and signature is equal.
pub(crate) fn of(pair: &Pair<'_>, same_bytes: bool) -> (Verdict, Vec<Finding>) {
    if same_bytes {
        return (Verdict::BitIdentical, Vec::new());
    }
    let mut verdict = Verdict::PayloadIdentical;
    let mut findings = Vec::new();
    let mut open = Vec::new();
    for check in check::checks() {
        let found = check.run(pair);
        verdict = found.iter().fold(verdict, |verdict, finding| worse(verdict, level(check, finding)));
        if found.iter().any(|finding| level(check, finding) == Verdict::Undecided) {
            open.push(format!("{} {}", found.len(), check.name()));
        }
        findings.extend(found);
    }
    if findings.is_empty() {
        findings.push(check::bytes());
    }
    if verdict == Verdict::Undecided {
        findings.push(check::unexamined(&open.join(", ")));
    }
    (verdict, findings)
}

/// The best level that a package with this finding can still have.
fn level(check: &Check, finding: &Finding) -> Verdict {
    match (finding.severity, check.weight()) {
        (Severity::Expected | Severity::Note, _) => Verdict::PayloadIdentical,
        (Severity::Incompatible, _) => Verdict::Incompatible,
        (Severity::Different, Weight::Compatible) => Verdict::AbiCompatible,
        (Severity::Different, _) => Verdict::Undecided,
    }
}

/// A fact that fails is known to fail, whatever else is not known yet.
fn worse(one: Verdict, other: Verdict) -> Verdict {
    if [one, other].contains(&Verdict::Incompatible) { Verdict::Incompatible } else { one.max(other) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_fact_outweighs_a_missing_one() {
        use Verdict::{AbiCompatible, Incompatible, PayloadIdentical, Undecided};
        assert_eq!(worse(Undecided, Incompatible), Incompatible);
        assert_eq!(worse(Incompatible, Undecided), Incompatible);
        assert_eq!(worse(PayloadIdentical, AbiCompatible), AbiCompatible);
        assert_eq!(worse(Undecided, AbiCompatible), Undecided);
    }
}
