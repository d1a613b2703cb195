//! The file of waivers: what the gate refuses and is accepted all the same, each with a reason and an end.
//!
//! ```toml
//! [[waiver]]
//! rule = "upgrade-path"       # one rule
//! package = "nano"            # the package's name, or its whole NEVRA; every package without it
//! repository = "BaseOS"       # every repository without it
//! arch = "x86_64"             # the repository's architecture; every one without it
//! detail = "*the reference*"  # what the gate says; whatever it says without it
//! reason = "left out: we ship another editor"
//! until = "2027-06-30"        # the last day on which it holds
//! ```
//! In patterns, `*` stands for any text and `?` for one character. A waiver without a rule, a reason or an end is an
//! error, and so is the name of a rule that does not exist.

use std::path::Path;

use heirloom_model::gate::Waiver;
use serde::Deserialize;
use serde_spanned::Spanned;
use toml::Value;

use crate::declared::{self, Declared};
use crate::definition::DefinitionError;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    waiver: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    rule: Spanned<String>,
    #[serde(default = "everything")]
    package: String,
    #[serde(default = "everything")]
    repository: String,
    #[serde(default = "everything")]
    arch: String,
    #[serde(default = "everything")]
    detail: String,
    reason: Spanned<String>,
    until: Spanned<Value>,
}

fn everything() -> String {
    "*".to_owned()
}

/// Reads a file of waivers; `rules` are the names of all rules of the gate.
///
/// # Errors
/// The file can't be read, or is larger than any that a person writes; else as [`parse`].
pub fn load(path: &Path, rules: &[&str]) -> Result<Vec<Waiver>, DefinitionError> {
    parse(&declared::read(path)?, path, rules)
}

/// Parses the text of a file of waivers; `path` is for messages, `rules` are the names of all rules.
///
/// # Errors
/// The text is no TOML, has an unknown key, lacks a key, or has a value that can't be; the error has the place.
pub fn parse(text: &str, path: &Path, rules: &[&str]) -> Result<Vec<Waiver>, DefinitionError> {
    let of = Declared { text, path, what: "a waiver", unit: "finding" };
    of.parse::<File>()?.waiver.into_iter().map(|entry| waiver(entry, &of, rules)).collect()
}

fn waiver(entry: Entry, of: &Declared<'_>, rules: &[&str]) -> Result<Waiver, DefinitionError> {
    let Entry { rule, package, repository, arch, detail, reason, until } = entry;
    let until = of.day(&until)?;
    let (rule, reason) = (of.rule(rule, rules)?, of.reason(reason)?);
    Ok(Waiver { rule, package, repository, arch, detail, reason, until })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"
[[waiver]]
rule = "upgrade-path"
package = "nano*"
repository = "BaseOS"
arch = "x86_64"
detail = "*reference*"
reason = "another editor"
until = "2027-06-30"

[[waiver]]
rule = "closure"
reason = "known"
until = 2027-12-31
"#;
    const RULES: &[&str] = &["closure", "upgrade-path", "empty"];

    fn read(text: &str) -> Result<Vec<Waiver>, DefinitionError> {
        parse(text, Path::new("waivers.toml"), RULES)
    }

    /// Line, column, message and hint.
    fn refused(text: &str) -> (usize, usize, String, String) {
        match read(text) {
            Err(DefinitionError::Wrong { line, column, message, hint, .. }) => (line, column, message, hint),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn waivers_are_read_with_their_defaults() {
        let all = read(WHOLE).unwrap();
        assert_eq!(
            all.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [
                "`upgrade-path` of `nano*` in `BaseOS/x86_64` (another editor), until 2027-06-30",
                "`closure` of `*` in `*/*` (known), until 2027-12-31",
            ]
        );
        assert_eq!((&*all[0].detail, &*all[1].detail), ("*reference*", "*"));
        assert_eq!(read("").unwrap(), []);
    }

    #[test]
    fn faults_have_their_place_and_a_way_out() {
        for (from, to, line, message, hint) in [
            ("\"closure\"", "\"closures\"", 12, "there is no rule `closures`", "did you mean `closure`?"),
            ("\"known\"", "\"\"", 13, "a waiver needs a reason", "say why the finding is accepted"),
            ("2027-12-31", "\"never\"", 14, "is no date", "last day"),
            ("detail =", "details =", 7, "unknown field `details`", ""),
            ("until = 2027-12-31", "", 11, "missing field `until`", ""),
            ("\"x86_64\"", "1", 6, "invalid type", ""),
        ] {
            let (found, _, text, way) = refused(&WHOLE.replace(from, to));
            assert_eq!(found, line, "{to}");
            assert!(text.contains(message) && way.contains(hint), "{text}: {way}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(cut in 0usize..300, junk in "\\PC{0,8}") {
            let cut = cut.min(WHOLE.len());
            let _ = read(&format!("{}{junk}{}", &WHOLE[..cut], &WHOLE[cut..]));
        }
    }
}
