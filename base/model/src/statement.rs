//! The certificate of a comparison: an in-toto statement, version 1, about a rebuilt package.
//!
//! ```text
//! {"_type": "https://in-toto.io/Statement/v1",
//!  "subject": [{"name": the rebuilt package's file name, "digest": {"sha256": ...}}],
//!  "predicateType": "https://heirloom.example/comparison/v1",
//!  "predicate": {what it was compared with, the verdict, and on what ground}}
//! ```
//! It is made of the comparison alone, without a clock: the same comparison gives the same bytes. A reader
//! ignores fields that it does not know, as in-toto demands.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::allowance::AllowanceUse;
use crate::record::Compared;
use crate::{Digest, Evidence, Normalisation, Severity, Verdict};

/// What an envelope of such a statement says its payload is.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
/// The form of the statement.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// The form of the predicate. It is a name, there is nothing to fetch; another form gets another number.
pub const PREDICATE_TYPE: &str = "https://heirloom.example/comparison/v1";

/// A statement about one rebuilt package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Statement {
    /// [`STATEMENT_TYPE`].
    #[serde(rename = "_type")]
    statement_type: String,
    /// The rebuilt package, and nothing else.
    subject: [Artifact; 1],
    /// [`PREDICATE_TYPE`].
    predicate_type: String,
    /// What is said of it.
    pub predicate: Predicate,
}

/// A file, as in-toto names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Artifact {
    /// The package's file name, as rpm gives it.
    pub name: String,
    /// Its digests.
    pub digest: Digests,
}

/// Digests of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Digests {
    /// SHA-256 of the whole file, 64 lower-case hexadecimal digits.
    #[schemars(with = "String")]
    pub sha256: Digest,
}

/// What a comparison came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Predicate {
    /// The package that it was compared with.
    pub reference: Artifact,
    /// The level.
    pub verdict: Verdict,
    /// By what interfaces were compared, where they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// Version of the rules that were applied.
    pub rules: u32,
    /// Number of findings of each severity.
    pub findings: BTreeMap<Severity, u64>,
    /// Every difference that was taken away because it means nothing.
    pub normalisations: Vec<Normalisation>,
    /// Every declared allowance that a finding needed.
    pub allowances: Vec<AllowanceUse>,
    /// Version of Heirloom that compared.
    pub tool_version: String,
}

/// The bytes are no statement of a comparison.
#[derive(Debug, thiserror::Error)]
pub enum InvalidStatement {
    /// They are something else, or damaged.
    #[error("it is no statement about one package")]
    Malformed(#[from] serde_json::Error),
    /// It states something else, or in another form.
    #[error("its {field} is `{found}`: expected `{expected}`")]
    Type {
        /// Which type.
        field: &'static str,
        /// What this version reads.
        expected: &'static str,
        /// What it has.
        found: String,
    },
}

impl Statement {
    /// What can be stated of a comparison that this version of Heirloom made.
    #[must_use]
    pub fn new(compared: &Compared, tool_version: &str) -> Self {
        let artifact =
            |nevra: &crate::Nevra, sha256| Artifact { name: nevra.file_name(), digest: Digests { sha256 } };
        let mut findings = BTreeMap::new();
        for finding in &compared.findings {
            *findings.entry(finding.severity).or_default() += 1;
        }
        Self {
            statement_type: STATEMENT_TYPE.to_owned(),
            subject: [artifact(&compared.nevra, compared.package)],
            predicate_type: PREDICATE_TYPE.to_owned(),
            predicate: Predicate {
                reference: artifact(&compared.reference_nevra, compared.reference),
                verdict: compared.verdict,
                evidence: compared.evidence,
                rules: compared.rules,
                findings,
                normalisations: compared.normalisations.clone(),
                allowances: compared.allowances.clone(),
                tool_version: tool_version.to_owned(),
            },
        }
    }

    /// The rebuilt package.
    #[must_use]
    pub fn subject(&self) -> &Artifact {
        &self.subject[0]
    }

    /// Reads the payload of an envelope.
    ///
    /// # Errors
    /// The bytes are no such statement, or one of another form.
    pub fn from_json(bytes: &[u8]) -> Result<Self, InvalidStatement> {
        let statement: Self = serde_json::from_slice(bytes)?;
        for (field, expected, found) in [
            ("_type", STATEMENT_TYPE, &statement.statement_type),
            ("predicateType", PREDICATE_TYPE, &statement.predicate_type),
        ] {
            if found != expected {
                let found = found.chars().take(120).collect();
                return Err(InvalidStatement::Type { field, expected, found });
            }
        }
        Ok(statement)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Finding;

    fn compared() -> Compared {
        let finding = |severity, subject: &str| Finding {
            rule: "file-content".to_owned(),
            severity,
            subject: subject.to_owned(),
            expected: "a".to_owned(),
            found: "b".to_owned(),
        };
        Compared {
            nevra: "tree-2:1.8-1.el9.x86_64".parse().unwrap(),
            package: Digest::of(b"rebuilt"),
            reference: Digest::of(b"reference"),
            reference_nevra: "tree-2:1.8-1.el9_4.x86_64".parse().unwrap(),
            rules: 7,
            verdict: Verdict::AbiCompatible,
            evidence: Some(Evidence::Symbols),
            findings: vec![
                finding(Severity::Expected, "BUILDHOST"),
                finding(Severity::Different, "/usr/bin/tree"),
                finding(Severity::Different, "/usr/bin/more"),
            ],
            normalisations: vec![Normalisation {
                rule: "build-id".to_owned(),
                subject: "/usr/bin/tree".to_owned(),
                detail: String::new(),
            }],
            allowances: vec![AllowanceUse {
                rule: "url".to_owned(),
                subject: "URL".to_owned(),
                reason: "debranding".to_owned(),
            }],
            told: None,
        }
    }

    #[test]
    fn a_statement_has_the_form_that_in_toto_describes() {
        let statement = serde_json::to_value(Statement::new(&compared(), "0.1.0")).unwrap();
        let expected = serde_json::json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{
                "name": "tree-1.8-1.el9.x86_64.rpm",
                "digest": { "sha256": Digest::of(b"rebuilt").to_string() },
            }],
            "predicateType": "https://heirloom.example/comparison/v1",
            "predicate": {
                "reference": {
                    "name": "tree-1.8-1.el9_4.x86_64.rpm",
                    "digest": { "sha256": Digest::of(b"reference").to_string() },
                },
                "verdict": "abi-compatible",
                "evidence": "symbols",
                "rules": 7,
                "findings": { "expected": 1, "different": 2 },
                "normalisations": [{ "rule": "build-id", "subject": "/usr/bin/tree" }],
                "allowances": [{ "rule": "url", "subject": "URL", "reason": "debranding" }],
                "toolVersion": "0.1.0",
            },
        });
        assert_eq!(statement, expected);
    }

    #[test]
    fn it_is_read_back_and_unknown_fields_are_ignored() {
        let statement = Statement::new(&compared(), "0.1.0");
        let mut json = serde_json::to_value(&statement).unwrap();
        json["predicate"]["later"] = "more".into();
        assert_eq!(Statement::from_json(json.to_string().as_bytes()).unwrap(), statement);
        assert_eq!(statement.subject().digest.sha256, Digest::of(b"rebuilt"));
    }

    #[test]
    fn another_statement_is_refused_with_what_it_is() {
        let good = serde_json::to_value(Statement::new(&compared(), "0.1.0")).unwrap();
        let refused = |change: fn(&mut serde_json::Value)| {
            let mut json = good.clone();
            change(&mut json);
            Statement::from_json(json.to_string().as_bytes()).unwrap_err().to_string()
        };
        let other = refused(|json| json["predicateType"] = "https://slsa.dev/provenance/v1".into());
        assert!(other.contains("predicateType is `https://slsa.dev/provenance/v1`"), "{other}");
        assert!(refused(|json| json["_type"] = "x".into()).contains("_type is `x`"));
        let none = "it is no statement about one package";
        assert_eq!(refused(|json| json["subject"] = serde_json::json!([])), none);
        assert_eq!(refused(|json| json["predicate"]["verdict"] = "perfect".into()), none);
        assert_eq!(refused(|json| json["subject"][0]["digest"]["sha256"] = "aa".into()), none);
    }
}
