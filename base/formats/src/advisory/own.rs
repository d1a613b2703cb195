//! An advisory of the distribution's own, as a person writes it.
//!
//! ```toml
//! kind = "security"                # or bugfix, enhancement, newpackage
//! severity = "Important"           # Critical, Important, Moderate, Low; security advisories only
//! title = "Important: bash security update"
//! description = """
//! What was wrong, and for whom."""
//! issued = 2026-03-14              # a day, or a time with its offset
//! packages = ["bash-5.1.8-10.el9.x86_64"]
//!
//! # All that follows can be left out.
//! solution = "Restart all shells."
//! rights = "Copyright ..."
//! updated = 2026-03-15
//! withdrawn = 2026-03-16
//! cves = ["CVE-2026-0001"]
//! bugs = ["https://bugs.example.org/17"]
//! references = ["https://example.org/more"]
//! related = ["RHSA-2026:1066"]     # what it goes before, corrects or replaces
//! suggests = ["reboot"]            # or relogin, restart
//! module = "php:8.2:9040020240501000000:9"
//! ```
//! The file is named as the advisory: `KESA-2026:A0001.toml`.

use std::path::Path;

use heirloom_model::Nevra;
use heirloom_model::advisory::{
    Advisory, AdvisoryId, AdvisoryKind, CveId, Fixed, ReferenceKind, Severity, Suggestion,
};
use heirloom_model::stream::StreamId;
use jiff::Timestamp;
use serde::Deserialize;
use serde_spanned::Spanned;
use toml::Value;

use super::{Reading, reference, reference_kind, time, vulnerability};
use crate::declared::{self, Declared};
use crate::definition::DefinitionError;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    kind: Spanned<String>,
    severity: Option<Spanned<String>>,
    title: Spanned<String>,
    description: Spanned<String>,
    #[serde(default)]
    solution: String,
    #[serde(default)]
    rights: String,
    issued: Spanned<Value>,
    updated: Option<Spanned<Value>>,
    withdrawn: Option<Spanned<Value>>,
    packages: Vec<Spanned<String>>,
    #[serde(default)]
    cves: Vec<Spanned<String>>,
    #[serde(default)]
    bugs: Vec<String>,
    #[serde(default)]
    references: Vec<String>,
    #[serde(default)]
    related: Vec<String>,
    #[serde(default)]
    suggests: Vec<Spanned<String>>,
    module: Option<Spanned<String>>,
}

/// Reads one; `id` is what its file is named.
///
/// # Errors
/// The file can't be read, is no TOML, lacks a key, or has a value that can't be; the error has the place.
pub fn load(path: &Path, id: AdvisoryId, reading: Reading<'_>) -> Result<Advisory, DefinitionError> {
    parse(&declared::read(path)?, path, id, reading)
}

/// Parses the text of one; `path` is for messages.
///
/// # Errors
/// As [`load`].
pub fn parse(
    text: &str,
    path: &Path,
    id: AdvisoryId,
    reading: Reading<'_>,
) -> Result<Advisory, DefinitionError> {
    let of = Declared { text, path, what: "an advisory", unit: "fault" };
    let file: File = of.parse()?;
    let date = |value: &Spanned<Value>| -> Result<Timestamp, DefinitionError> {
        let text = match value.get_ref() {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let known = time(&text).filter(|time| *time <= reading.latest);
        known.ok_or_else(|| {
            of.wrong(value.span().start, format!("`{text}` is no day that has been"), "such as 2026-03-14")
        })
    };
    let word =
        |text: &Spanned<String>, message: String, hint: &str| of.wrong(text.span().start, message, hint);
    let kind = AdvisoryKind::of(file.kind.get_ref()).ok_or_else(|| {
        let names = AdvisoryKind::ALL.map(AdvisoryKind::name).join(", ");
        word(
            &file.kind,
            format!("there is no kind `{}`", file.kind.get_ref()),
            &format!("use one of {names}"),
        )
    })?;
    let severity = |text: &Spanned<String>| {
        Severity::of(text.get_ref()).ok_or_else(|| {
            let names = Severity::ALL.map(Severity::name).join(", ");
            word(text, format!("there is no severity `{}`", text.get_ref()), &format!("use one of {names}"))
        })
    };
    let severity = file.severity.as_ref().map(severity).transpose()?;
    for (text, what) in [(&file.title, "title"), (&file.description, "description")] {
        if text.get_ref().trim().is_empty() {
            return Err(word(
                text,
                format!("the {what} is empty"),
                "say it, for those who decide whether to update",
            ));
        }
    }
    let module = |text: &Spanned<String>| {
        StreamId::parse(text.get_ref()).ok_or_else(|| {
            word(text, format!("`{}` is no module", text.get_ref()), "name it as NAME:STREAM:VERSION:CONTEXT")
        })
    };
    let module = file.module.as_ref().map(module).transpose()?;
    let mut fixed = Vec::new();
    for package in &file.packages {
        let wrong = |error: &dyn std::fmt::Display| {
            word(package, error.to_string(), "name it as NAME-VERSION-RELEASE.ARCH, as it is published")
        };
        let nevra: Nevra = package.get_ref().parse().map_err(|error| wrong(&error))?;
        let one = Fixed::new(nevra.name(), nevra.evr().clone(), Some(nevra.arch()));
        fixed.push(one.map_err(|error| wrong(&error))?.of_major(reading.major).of_module(module.clone()));
    }
    let cve = |text: &Spanned<String>| -> Result<CveId, DefinitionError> {
        text.get_ref().parse().map_err(|error| word(text, format!("{error}"), ""))
    };
    let cves = file.cves.iter().map(cve).collect::<Result<Vec<_>, _>>()?;
    let suggestion = |text: &Spanned<String>| {
        Suggestion::of(text.get_ref()).ok_or_else(|| {
            word(text, format!("`{}` can't be suggested", text.get_ref()), "use reboot, relogin or restart")
        })
    };
    let issued = date(&file.issued)?;
    let bugs = file.bugs.into_iter().map(|url| reference(ReferenceKind::Bug, url, String::new()));
    let links = file.references.into_iter().map(|url| reference(reference_kind(&url), url, String::new()));
    Ok(Advisory {
        id,
        kind,
        severity,
        title: file.title.into_inner().trim().to_owned(),
        description: file.description.into_inner().trim().to_owned(),
        solution: file.solution.trim().to_owned(),
        rights: file.rights.trim().to_owned(),
        issued,
        updated: file.updated.as_ref().map(date).transpose()?.unwrap_or(issued),
        withdrawn: file.withdrawn.as_ref().map(date).transpose()?,
        suggestions: file.suggests.iter().map(suggestion).collect::<Result<_, _>>()?,
        vulnerabilities: cves.into_iter().map(vulnerability).collect(),
        ratings: Vec::new(),
        references: bugs.chain(links).collect(),
        fixed,
        related: file.related,
        history: Vec::new(),
    }
    .sorted())
}

/// The text that one is begun with.
#[must_use]
pub fn begun(kind: AdvisoryKind, issued: &str, packages: &[Nevra]) -> String {
    let security = kind == AdvisoryKind::Security;
    let severity = if security {
        "severity = \"Moderate\"            # Critical, Important, Moderate or Low\n"
    } else {
        ""
    };
    let cves = if security { "cves = []                          # \"CVE-2026-0001\"\n" } else { "" };
    let list: String = packages.iter().map(|package| format!("  \"{package}\",\n")).collect();
    format!(
        "kind = \"{}\"\n{severity}title = \"\"\ndescription = \"\"\"\n\"\"\"\nissued = {issued}\n{cves}related = []                       \
         # upstream's advisories that it goes before, corrects or replaces\npackages = [\n{list}]\n",
        kind.name()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"
kind = "security"
severity = "important"
title = "Important: bash security update"
description = "Bash runs too much."
issued = 2026-03-14
updated = "2026-03-15T10:00:00Z"
cves = ["CVE-2026-0001"]
related = ["RHSA-2026:1066"]
suggests = ["reboot"]
module = "shells:5:1:abc"
packages = ["bash-1:5.1-2.el9.x86_64", "bash-doc-1:5.1-2.el9.noarch"]
"#;

    fn read(text: &str) -> Result<Advisory, DefinitionError> {
        let latest = "2026-04-01T00:00:00Z".parse().unwrap();
        let reading = Reading { latest, major: "9" };
        parse(text, Path::new("KESA-2026:A0001.toml"), "KESA-2026:A0001".parse().unwrap(), reading)
    }

    #[test]
    fn one_is_read_whole() {
        let advisory = read(WHOLE).unwrap();
        assert_eq!(advisory.severity, Some(Severity::Important));
        let packages: Vec<_> = advisory.fixed.iter().map(ToString::to_string).collect();
        assert_eq!(packages, ["bash-1:5.1-2.el9.x86_64", "bash-doc-1:5.1-2.el9.noarch"]);
        let module = advisory.fixed[0].module.as_ref().unwrap();
        assert_eq!(module.label(), "shells:5:1:abc");
        assert_eq!(advisory.issued.to_string(), "2026-03-14T00:00:00Z");
        assert_eq!(advisory.related, ["RHSA-2026:1066"]);
    }

    #[test]
    fn faults_have_their_place() {
        for (from, to, line, message) in [
            ("\"security\"", "\"secret\"", 2, "no kind `secret`"),
            ("\"important\"", "\"bad\"", 3, "no severity `bad`"),
            ("\"Important: bash security update\"", "\" \"", 4, "the title is empty"),
            ("2026-03-14", "2027-03-14", 6, "no day that has been"),
            ("CVE-2026-0001", "CVE-1", 8, "is no CVE"),
            ("\"reboot\"", "\"pray\"", 10, "can't be suggested"),
            ("shells:5:1:abc", "shells", 11, "is no module"),
            ("bash-1:5.1-2.el9.x86_64", "../bash", 12, "is not of the form"),
            ("kind =", "kinds =", 2, "unknown field `kinds`"),
        ] {
            match read(&WHOLE.replacen(from, to, 1)) {
                Err(DefinitionError::Wrong { line: found, message: text, .. }) => {
                    assert_eq!(found, line, "{text}");
                    assert!(text.contains(message), "{text}");
                }
                other => panic!("{to}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_is_begun_only_lacks_words() {
        let packages = ["bash-5.1-2.el9.x86_64".parse().unwrap()];
        let text = begun(AdvisoryKind::Security, "2026-03-14", &packages);
        let filled = text.replace("title = \"\"", "title = \"t\"").replace("\"\"\"\n\"\"\"", "\"\"\"d\"\"\"");
        assert_eq!(read(&filled).unwrap().fixed.len(), 1);
        assert!(read(&text).is_err());
    }
}
