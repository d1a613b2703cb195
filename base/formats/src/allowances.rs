//! The file of allowances: findings that are accepted, each with a reason and an end.
//!
//! ```toml
//! [[allowance]]
//! rule = "file-content"       # one rule
//! package = "centos-*"        # the rebuilt package's name; every package without it
//! path = "/etc/os-release"    # the finding's subject; every subject without it
//! reason = "debranding"
//! expires = "2027-06-30"      # the last day on which it holds
//! ```
//! In patterns, `*` stands for any text and `?` for one character. An allowance without a rule, a reason or an
//! end is an error, and so is the name of a rule that does not exist.

use std::path::Path;

use heirloom_model::allowance::Allowance;
use serde::Deserialize;
use serde_spanned::Spanned;
use toml::Value;

use crate::declared::{self, Declared};
use crate::definition::DefinitionError;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    allowance: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    rule: Spanned<String>,
    #[serde(default = "everything")]
    package: String,
    #[serde(default = "everything")]
    path: String,
    reason: Spanned<String>,
    expires: Spanned<Value>,
}

fn everything() -> String {
    "*".to_owned()
}

/// Reads a file of allowances; `rules` are the names of all rules.
///
/// # Errors
/// The file can't be read, or is larger than any that a person writes; else as [`parse`].
pub fn load(path: &Path, rules: &[&str]) -> Result<Vec<Allowance>, DefinitionError> {
    parse(&declared::read(path)?, path, rules)
}

/// Parses the text of a file of allowances; `path` is for messages, `rules` are the names of all rules.
///
/// # Errors
/// The text is no TOML, has an unknown key, lacks a key, or has a value that can't be; the error has the place.
pub fn parse(text: &str, path: &Path, rules: &[&str]) -> Result<Vec<Allowance>, DefinitionError> {
    let of = Declared { text, path, what: "an allowance", unit: "difference" };
    of.parse::<File>()?.allowance.into_iter().map(|entry| allowance(entry, &of, rules)).collect()
}

fn allowance(entry: Entry, of: &Declared<'_>, rules: &[&str]) -> Result<Allowance, DefinitionError> {
    let Entry { rule, package, path, reason, expires } = entry;
    let expires = of.day(&expires)?;
    Ok(Allowance { rule: of.rule(rule, rules)?, package, path, reason: of.reason(reason)?, expires })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"
[[allowance]]
rule = "file-content"
package = "centos-*"
path = "/etc/os-release"
reason = "debranding"
expires = "2027-06-30"

[[allowance]]
rule = "url"
reason = "our own home page"
expires = 2027-12-31
"#;
    const RULES: &[&str] = &["file-content", "file-mode", "url"];

    fn read(text: &str) -> Result<Vec<Allowance>, DefinitionError> {
        parse(text, Path::new("allowances.toml"), RULES)
    }

    /// Line, column, message and hint.
    fn refused(text: &str) -> (usize, usize, String, String) {
        match read(text) {
            Err(DefinitionError::Wrong { line, column, message, hint, .. }) => (line, column, message, hint),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn allowances_are_read_with_their_defaults() {
        let all = read(WHOLE).unwrap();
        assert_eq!(
            all.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [
                "`file-content` of `/etc/os-release` in `centos-*` (debranding), until 2027-06-30",
                "`url` of `*` in `*` (our own home page), until 2027-12-31",
            ]
        );
        assert_eq!(read("").unwrap(), []);
    }

    #[test]
    fn a_file_is_read_up_to_a_size() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("allowances.toml");
        assert!(load(&path, RULES).unwrap_err().to_string().contains("allowances.toml"));
        std::fs::write(&path, WHOLE).unwrap();
        assert_eq!(load(&path, RULES).unwrap(), read(WHOLE).unwrap());
        std::fs::write(&path, "#".repeat(2 << 20)).unwrap();
        assert!(load(&path, RULES).unwrap_err().to_string().contains("more than 1048576 bytes"));
    }

    #[test]
    fn an_unknown_rule_has_its_place_and_a_suggestion() {
        let (line, column, message, hint) = refused(&WHOLE.replace("file-content", "file-contents"));
        assert_eq!((line, column, &*message), (3, 8, "there is no rule `file-contents`"));
        assert_eq!(hint, "did you mean `file-content`?");
        let (.., hint) = refused(&WHOLE.replace("file-content", "zzz"));
        assert_eq!(hint, "the rules are file-content, file-mode, url");
    }

    #[test]
    fn an_unknown_key_a_missing_key_and_a_wrong_type_have_their_places() {
        let (line, column, message, _) = refused(&WHOLE.replace("package =", "packages ="));
        assert_eq!((line, column), (4, 1));
        assert!(message.starts_with("unknown field `packages`, expected one of `rule`"), "{message}");
        for key in ["rule", "reason", "expires"] {
            let text: String =
                WHOLE.lines().filter(|line| !line.starts_with(key)).map(|line| format!("{line}\n")).collect();
            let (line, _, message, _) = refused(&text);
            assert_eq!((line, message), (2, format!("missing field `{key}`")));
        }
        assert_eq!(refused(&WHOLE.replace("\"centos-*\"", "7")).0, 4);
        assert_eq!(refused("[[allowance]\n").0, 1);
    }

    #[test]
    fn a_reason_and_an_end_are_needed() {
        let (line, column, message, _) = refused(&WHOLE.replace("\"debranding\"", "\" \""));
        assert_eq!((line, column, &*message), (6, 10, "an allowance needs a reason"));
        for end in ["\"never\"", "\"2027-06-31\"", "\"\"", "1", "2027-06-30T00:00:00Z"] {
            let (line, column, message, hint) = refused(&WHOLE.replace("\"2027-06-30\"", end));
            assert_eq!((line, column), (7, 11), "{end}");
            assert!(message.contains("is no date") && hint.contains("last day"), "{message}: {hint}");
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
