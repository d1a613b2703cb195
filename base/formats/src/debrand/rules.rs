//! The file of rules.

use std::path::Path;

use serde::Deserialize;
use serde_spanned::Spanned;

use super::action::{
    Action, AddEntry, AddFile, AddLines, AddTag, AppendToTag, Changelog, DeleteFile, DeleteLines, Release,
    RemoveEntry, Replace, ReplaceEntry, ReplaceFile, RunScript, SetMacro, SetTag,
};
use super::check;
use super::when::When;
use crate::definition::DefinitionError;

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its line in the file, from 1.
    pub line: usize,
    /// Why it is there, in one line.
    pub purpose: String,
    /// Patterns of the packages that it concerns. Empty: those of the file.
    pub packages: Vec<String>,
    /// When it applies.
    pub when: When,
    /// It must change something in every package that it concerns, although it names them by a pattern.
    pub every: bool,
    /// It may change what an earlier rule wrote.
    pub builds_on_earlier: bool,
    /// What it does.
    pub action: Action,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rule: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    purpose: Spanned<String>,
    packages: Option<Spanned<Vec<String>>>,
    #[serde(default)]
    when: When,
    #[serde(default)]
    every: bool,
    #[serde(default)]
    builds_on_earlier: bool,
    replace: Option<Replace>,
    delete_lines: Option<DeleteLines>,
    add_lines: Option<AddLines>,
    set_tag: Option<SetTag>,
    append_to_tag: Option<AppendToTag>,
    add_tag: Option<AddTag>,
    add_source: Option<AddEntry>,
    add_patch: Option<AddEntry>,
    remove_source: Option<RemoveEntry>,
    remove_patch: Option<RemoveEntry>,
    replace_source: Option<ReplaceEntry>,
    replace_patch: Option<ReplaceEntry>,
    add_file: Option<AddFile>,
    delete_file: Option<DeleteFile>,
    replace_file: Option<ReplaceFile>,
    release: Option<Release>,
    changelog: Option<Changelog>,
    set_macro: Option<SetMacro>,
    run: Option<RunScript>,
}

/// Parses the text of a file of rules; `path` is for messages.
///
/// # Errors
/// The text is no TOML, has an unknown key, lacks a key, has a value that can't be, or a rule has no action or several;
/// the error has the place.
pub fn parse(text: &str, path: &Path) -> Result<Vec<Rule>, DefinitionError> {
    let file: File = toml::from_str(text).map_err(|error| DefinitionError::from_toml(&error, text, path))?;
    file.rule.into_iter().map(|entry| rule(entry, text, path)).collect()
}

fn rule(entry: Spanned<Entry>, text: &str, path: &Path) -> Result<Rule, DefinitionError> {
    let start = entry.span().start;
    let entry = entry.into_inner();
    let wrong = |at, message: &str, hint: &str| DefinitionError::at(text, path, at, message.to_owned(), hint);
    let purpose = entry.purpose.get_ref().trim();
    if purpose.is_empty() || purpose.contains('\n') {
        let hint = "say in one line why the rule is there";
        return Err(wrong(entry.purpose.span().start, "a rule needs a purpose of one line", hint));
    }
    if let Some(packages) = entry.packages.as_ref().filter(|packages| packages.get_ref().is_empty()) {
        let hint = "name packages, or leave the key out";
        return Err(wrong(packages.span().start, "a rule for no package does nothing", hint));
    }
    let purpose = purpose.to_owned();
    let actions = [
        entry.replace.map(Action::Replace),
        entry.delete_lines.map(Action::DeleteLines),
        entry.add_lines.map(Action::AddLines),
        entry.set_tag.map(Action::SetTag),
        entry.append_to_tag.map(Action::AppendToTag),
        entry.add_tag.map(Action::AddTag),
        entry.add_source.map(Action::AddSource),
        entry.add_patch.map(Action::AddPatch),
        entry.remove_source.map(Action::RemoveSource),
        entry.remove_patch.map(Action::RemovePatch),
        entry.replace_source.map(Action::ReplaceSource),
        entry.replace_patch.map(Action::ReplacePatch),
        entry.add_file.map(Action::AddFile),
        entry.delete_file.map(Action::DeleteFile),
        entry.replace_file.map(Action::ReplaceFile),
        entry.release.map(Action::Release),
        entry.changelog.map(Action::Changelog),
        entry.set_macro.map(Action::SetMacro),
        entry.run.map(Action::Run),
    ];
    let mut actions = actions.into_iter().flatten();
    let at = entry.purpose.span().start;
    let Some(action) = actions.next() else {
        return Err(wrong(
            at,
            "this rule has no action",
            "add one, such as `replace = { text = \"A\", with = \"B\" }`",
        ));
    };
    if actions.next().is_some() {
        return Err(wrong(at, "this rule has several actions", "make a rule of each"));
    }
    if let Some((message, hint)) = check::fault(&action) {
        return Err(wrong(at, &message, hint));
    }
    Ok(Rule {
        line: text.get(..start).unwrap_or_default().matches('\n').count() + 1,
        purpose,
        packages: entry.packages.map(Spanned::into_inner).unwrap_or_default(),
        when: entry.when,
        every: entry.every,
        builds_on_earlier: entry.builds_on_earlier,
        action,
    })
}
