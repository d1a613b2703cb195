//! From findings to the verdict.

use heirloom_model::{Finding, Severity, Verdict};

/// The level that follows from what was found, and from whether anything was normalised or allowed.
pub(crate) fn of(findings: &[Finding], normalised: bool) -> Verdict {
    let best = if normalised { Verdict::Identical } else { Verdict::PayloadIdentical };
    let level = |finding: &Finding| match finding.severity {
        Severity::Expected | Severity::Note => best,
        Severity::Different => Verdict::AbiCompatible,
        Severity::Incompatible => Verdict::Incompatible,
        Severity::Undecided => Verdict::Undecided,
    };
    Verdict::worst(findings.iter().map(level).chain([best]))
}
