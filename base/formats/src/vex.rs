//! The file of statements about vulnerabilities (VEX) that people write by hand, beside what advisories fix.
//!
//! ```toml
//! [[statement]]
//! cve = "CVE-2026-0001"
//! package = "tomcat"                 # a source or binary package, in all of its versions
//! major = "9"                        # the major version of the distribution; all without it
//! module = "tomcat:9"                # the stream that it is in; outside of modules without it
//! status = "not affected"            # or "under investigation", "affected", "will not fix"
//! justification = "vulnerable_code_not_present"   # CSAF's label, of what is not affected
//! why = "the servlet is not built"   # in own words
//! since = "2026-03-01"               # when it was found
//!
//! [[rejected]]                       # a vulnerability that was none
//! cve = "CVE-2026-0002"
//! why = "a duplicate of CVE-2026-0001"
//! since = "2026-03-02"
//! ```
//! What is not affected needs a justification or a reason, what will not be fixed a reason. Nothing is declared fixed:
//! advisories say that.

use std::collections::BTreeMap;
use std::path::Path;

use heirloom_model::advisory::CveId;
use heirloom_model::advisory::vex::{
    DeclaredStatement, DeclaredVex, Justification, PackageScope, RejectedCve, Status,
};
use heirloom_model::stream::StreamId;
use jiff::Timestamp;
use serde::Deserialize;
use serde_spanned::Spanned;
use toml::Value;

use crate::advisory::time;
use crate::declared::{self, Declared};
use crate::definition::DefinitionError;

/// States that can be declared.
const STATES: [&str; 4] = ["not affected", "under investigation", "affected", "will not fix"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    statement: Vec<Entry>,
    #[serde(default)]
    rejected: Vec<Rejected>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    cve: Spanned<String>,
    package: Spanned<String>,
    #[serde(default)]
    major: Option<Spanned<String>>,
    #[serde(default)]
    module: Option<Spanned<String>>,
    status: Spanned<String>,
    #[serde(default)]
    justification: Option<Spanned<String>>,
    #[serde(default)]
    why: Option<Spanned<String>>,
    since: Spanned<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rejected {
    cve: Spanned<String>,
    why: Spanned<String>,
    since: Spanned<Value>,
}

/// Reads a file of statements; none of them may be from after `latest`.
///
/// # Errors
/// The file can't be read, or is larger than any that a person writes; else as [`parse`].
pub fn load(path: &Path, latest: Timestamp) -> Result<DeclaredVex, DefinitionError> {
    parse(&declared::read(path)?, path, latest)
}

/// Parses the text of a file of statements; `path` is for messages.
///
/// # Errors
/// The text is no TOML, has an unknown key, lacks a key, or has a value that can't be; the error has the place.
pub fn parse(text: &str, path: &Path, latest: Timestamp) -> Result<DeclaredVex, DefinitionError> {
    let of = Declared { text, path, what: "a statement", unit: "vulnerability" };
    let file = of.parse::<File>()?;
    let statements =
        file.statement.into_iter().map(|entry| statement(entry, &of, latest)).collect::<Result<_, _>>()?;
    let mut seen: BTreeMap<CveId, usize> = BTreeMap::new();
    let mut rejected = Vec::new();
    for Rejected { cve, why, since } in file.rejected {
        let (place, id) = (cve.span().start, id(&cve, &of)?);
        if seen.insert(id.clone(), place).is_some() {
            return Err(of.wrong(place, format!("{id} is rejected twice"), "say it once"));
        }
        rejected.push(RejectedCve { cve: id, why: reason(&why, &of)?, since: day(&since, &of, latest)? });
    }
    Ok(DeclaredVex { statements, rejected })
}

fn statement(
    entry: Entry,
    of: &Declared<'_>,
    latest: Timestamp,
) -> Result<DeclaredStatement, DefinitionError> {
    let Entry { cve, package, major, module, status, justification, why, since } = entry;
    let line = of.text.get(..cve.span().start).unwrap_or_default().matches('\n').count() + 1;
    let name = PackageScope::new(package.get_ref(), None).map_err(|error| {
        of.wrong(
            package.span().start,
            error.to_string(),
            "name a package, such as `tomcat`, without its version",
        )
    })?;
    let major = match &major {
        Some(major)
            if major.get_ref().is_empty() || !major.get_ref().bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            let hint = "name the major version alone, such as `9`";
            return Err(of.wrong(
                major.span().start,
                format!("`{}` is no major version", major.get_ref()),
                hint,
            ));
        }
        Some(major) => major.get_ref().clone(),
        None => String::new(),
    };
    let module = module.map(|module| stream(&module, of)).transpose()?;
    let package = name.of_major(&major).of_module(module);
    let status = state(&status, justification.as_ref(), why.as_ref(), of)?;
    Ok(DeclaredStatement { cve: id(&cve, of)?, package, status, since: day(&since, of, latest)?, line })
}

/// What is said, with all that it needs and nothing that has no meaning there.
fn state(
    status: &Spanned<String>,
    justification: Option<&Spanned<String>>,
    why: Option<&Spanned<String>>,
    of: &Declared<'_>,
) -> Result<Status, DefinitionError> {
    if status.get_ref() == "fixed" {
        let hint = "an advisory says what it fixes; a package that was never vulnerable is `not affected`";
        return Err(of.wrong(status.span().start, "`fixed` can't be declared".to_owned(), hint));
    }
    of.known("status", status, &STATES)?;
    let why = why.map(|why| reason(why, of)).transpose()?;
    let label = |label: &Spanned<String>| {
        of.known("justification", label, &Justification::ALL.map(Justification::label))?;
        Ok(Justification::of(label.get_ref()))
    };
    if status.get_ref() == "not affected" {
        let justification = justification.map(label).transpose()?.flatten();
        if justification.is_none() && why.is_none() {
            let hint = "give a `justification`, or say `why`";
            return Err(of.wrong(status.span().start, "`not affected` needs a reason".to_owned(), hint));
        }
        return Ok(Status::NotAffected { justification, impact: why.unwrap_or_default() });
    }
    if let Some(justification) = justification {
        let hint = "leave it out, or say `not affected`";
        let message = format!("`{}` needs no justification", status.get_ref());
        return Err(of.wrong(justification.span().start, message, hint));
    }
    Ok(match (status.get_ref().as_str(), why) {
        ("will not fix", Some(why)) => Status::WillNotFix { why },
        ("will not fix", None) => {
            let hint = "say `why` there will be no fix";
            return Err(of.wrong(status.span().start, "`will not fix` needs a reason".to_owned(), hint));
        }
        ("affected", why) => Status::Affected { note: why.unwrap_or_default() },
        (_, None) => Status::UnderInvestigation,
        (_, Some(_)) => {
            let hint = "leave out `why` until something is known";
            return Err(of.wrong(
                status.span().start,
                "`under investigation` has no reason".to_owned(),
                hint,
            ));
        }
    })
}

fn id(cve: &Spanned<String>, of: &Declared<'_>) -> Result<CveId, DefinitionError> {
    cve.get_ref().parse().map_err(|error: heirloom_model::advisory::InvalidCveId| {
        of.wrong(cve.span().start, error.to_string(), "")
    })
}

/// A text that says something, in one line.
fn reason(why: &Spanned<String>, of: &Declared<'_>) -> Result<String, DefinitionError> {
    let text = why.get_ref().split_whitespace().collect::<Vec<_>>().join(" ");
    match text.is_empty() || text.contains(char::is_control) {
        false => Ok(text),
        true => Err(of.wrong(
            why.span().start,
            "says nothing that can be printed".to_owned(),
            "say why, in words",
        )),
    }
}

fn stream(module: &Spanned<String>, of: &Declared<'_>) -> Result<StreamId, DefinitionError> {
    let text = module.get_ref();
    let is_fine = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-+".contains(c))
    };
    match text.split_once(':') {
        Some((name, stream)) if is_fine(name) && is_fine(stream) => Ok(StreamId {
            name: name.to_owned(),
            stream: stream.to_owned(),
            version: 0,
            context: String::new(),
            arch: String::new(),
        }),
        _ => Err(of.wrong(module.span().start, format!("`{text}` is no stream"), "name it as `redis:7`")),
    }
}

/// A date, which may stand in quotes or, as TOML has it, without.
fn day(since: &Spanned<Value>, of: &Declared<'_>, latest: Timestamp) -> Result<Timestamp, DefinitionError> {
    let text = match since.get_ref() {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let place = since.span().start;
    let day = text.parse::<heirloom_model::allowance::Date>();
    let day =
        day.map_err(|error| of.wrong(place, error.to_string(), "name the day on which it was found"))?;
    match time(&day.to_string()) {
        Some(day) if day <= latest => Ok(day),
        _ => Err(of.wrong(place, format!("{text} is in the future"), "name the day on which it was found")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"
[[statement]]
cve = "CVE-2026-0001"
package = "tomcat"
major = "9"
module = "tomcat:9.0"
status = "not affected"
justification = "vulnerable_code_not_present"
why = "the servlet is not built"
since = "2026-03-01"

[[statement]]
cve = "CVE-2026-0001"
package = "bash"
status = "will not fix"
why = "it is harmless"
since = 2026-03-02

[[rejected]]
cve = "CVE-2026-0002"
why = "a duplicate"
since = "2026-03-03"
"#;

    fn read(text: &str) -> Result<DeclaredVex, DefinitionError> {
        parse(text, Path::new("vex.toml"), "2026-12-31T00:00:00Z".parse().unwrap())
    }

    /// Line, column, message and hint.
    fn refused(text: &str) -> (usize, usize, String, String) {
        match read(text) {
            Err(DefinitionError::Wrong { line, column, message, hint, .. }) => (line, column, message, hint),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn statements_are_read() {
        let all = read(WHOLE).unwrap();
        let shown: Vec<_> = all
            .statements
            .iter()
            .map(|one| {
                format!(
                    "{} {} {}: {}, line {}",
                    one.cve,
                    one.package,
                    one.package.major,
                    one.status.name(),
                    one.line
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                "CVE-2026-0001 tomcat:9.0/tomcat 9: not affected, line 3",
                "CVE-2026-0001 bash : will not fix, line 13"
            ]
        );
        let [rejected] = &all.rejected[..] else { panic!("not one") };
        assert_eq!(
            (rejected.cve.as_str(), rejected.since.to_string()),
            ("CVE-2026-0002", "2026-03-03T00:00:00Z".to_owned())
        );
        assert_eq!(read("").unwrap(), DeclaredVex::default());
    }

    #[test]
    fn faults_have_their_place_and_a_way_out() {
        for (from, to, place, message, hint) in [
            ("CVE-2026-0001", "CVE-26-1", (3, 7), "is no CVE", ""),
            ("\"tomcat\"", "\"../x\"", (4, 11), "name", "without its version"),
            ("\"9\"", "\"9.2\"", (5, 9), "is no major version", "such as `9`"),
            ("tomcat:9.0", "tomcat", (6, 10), "is no stream", "redis:7"),
            ("not affected", "not afected", (7, 10), "there is no status", "did you mean `not affected`?"),
            ("not affected", "fixed", (7, 10), "can't be declared", "an advisory says"),
            ("not affected", "affected", (8, 17), "needs no justification", "leave it out"),
            ("code_not_present", "code_absent", (8, 17), "there is no justification", "did you mean"),
            ("\"2026-03-01\"", "\"2027-03-01\"", (10, 9), "is in the future", "the day"),
            ("2026-03-02", "\"soon\"", (17, 9), "is no date", "the day"),
            ("why = \"it is harmless\"", "", (15, 10), "needs a reason", "say `why`"),
            ("\"it is harmless\"", "\" \"", (16, 7), "says nothing", "in words"),
            ("will not fix", "under investigation", (15, 10), "has no reason", "leave out"),
            ("status = \"will not fix\"", "", (12, 1), "missing field `status`", ""),
            ("[[rejected]]", "[[refused]]", (19, 3), "unknown field", ""),
        ] {
            let (line, column, text, way) = refused(&WHOLE.replacen(from, to, 1));
            assert_eq!((line, column), place, "{to}: {text}");
            assert!(text.contains(message) && way.contains(hint), "{text}: {way}");
        }
        let twice = format!("{WHOLE}{}", &WHOLE[WHOLE.find("[[rejected]]").unwrap()..]);
        assert!(refused(&twice).2.contains("is rejected twice"));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(cut in 0usize..500, junk in "\\PC{0,8}") {
            let cut = cut.min(WHOLE.len());
            let _ = read(&format!("{}{junk}{}", &WHOLE[..cut], &WHOLE[cut..]));
        }
    }
}
