//! What rules do, key by key.

use serde::Deserialize;

/// What a rule does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// `replace`
    Replace(Replace),
    /// `delete_lines`
    DeleteLines(DeleteLines),
    /// `add_lines`
    AddLines(AddLines),
    /// `set_tag`
    SetTag(SetTag),
    /// `append_to_tag`
    AppendToTag(AppendToTag),
    /// `add_tag`
    AddTag(AddTag),
    /// `add_source`
    AddSource(AddEntry),
    /// `add_patch`
    AddPatch(AddEntry),
    /// `remove_source`
    RemoveSource(RemoveEntry),
    /// `remove_patch`
    RemovePatch(RemoveEntry),
    /// `replace_source`
    ReplaceSource(ReplaceEntry),
    /// `replace_patch`
    ReplacePatch(ReplaceEntry),
    /// `add_file`
    AddFile(AddFile),
    /// `delete_file`
    DeleteFile(DeleteFile),
    /// `replace_file`
    ReplaceFile(ReplaceFile),
    /// `release`
    Release(Release),
    /// `changelog`
    Changelog(Changelog),
    /// `set_macro`
    SetMacro(SetMacro),
    /// `run`
    Run(RunScript),
}

/// One text or several.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "expected a text, or a list of texts")]
pub enum OneOrMany {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl OneOrMany {
    /// The texts.
    #[must_use]
    pub fn all(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
        }
    }
}

/// Text is replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replace {
    /// What is looked for, literally; may be several lines.
    #[serde(default)]
    pub text: Option<String>,
    /// What is looked for, as a regular expression. `^` and `$` are ends of lines.
    #[serde(default)]
    pub regex: Option<String>,
    /// What comes in its place. With `regex`, `${1}` is the first group.
    pub with: String,
    /// How often it must be there. Absent: at least once.
    #[serde(default)]
    pub count: Option<usize>,
    /// Patterns of the files. Absent: the spec file.
    #[serde(default)]
    pub file: Option<OneOrMany>,
    /// Only the first so many in each file.
    #[serde(default)]
    pub first: Option<usize>,
    /// Only in lines where this regular expression is found.
    #[serde(default)]
    pub lines: Option<String>,
    /// Only the first so many in each line.
    #[serde(default)]
    pub each_line: Option<usize>,
    /// Only in values of this tag, of the main package and of subpackages.
    #[serde(default)]
    pub tag: Option<String>,
    /// Also in the spec file's changelog.
    #[serde(default)]
    pub changelog: bool,
    /// Leaves out the spec file's comments.
    #[serde(default)]
    pub skip_comments: bool,
    /// Leaves notices of copyright and licence as they are, where they would be an error.
    #[serde(default)]
    pub skip_notices: bool,
}

/// Lines are deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeleteLines {
    /// The whole line or lines; blanks around each do not count.
    #[serde(default)]
    pub text: Option<String>,
    /// A regular expression that is found in the line.
    #[serde(default)]
    pub regex: Option<String>,
    /// How many there must be. Absent: at least one.
    #[serde(default)]
    pub count: Option<usize>,
    /// Only in this section of the spec file.
    #[serde(default)]
    pub section: Option<String>,
    /// Only in the sections of this subpackage.
    #[serde(default)]
    pub subpackage: Option<String>,
    /// Another file than the spec file.
    #[serde(default)]
    pub file: Option<String>,
}

/// Where lines are added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Position {
    /// First in the section or file.
    Start,
    /// Last; in the spec file, before the blank lines that end the section.
    End,
}

/// Lines are added.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddLines {
    /// The lines.
    pub text: String,
    /// The section of the spec file: `prep`, `files`; `preamble` is what comes before the first.
    #[serde(default)]
    pub section: Option<String>,
    /// The subpackage whose section is meant.
    #[serde(default)]
    pub subpackage: Option<String>,
    /// Another file than the spec file.
    #[serde(default)]
    pub file: Option<String>,
    /// At the start or the end.
    #[serde(default)]
    pub at: Option<Position>,
    /// Before the one line that has this text.
    #[serde(default)]
    pub before: Option<String>,
    /// After the one line that has this text.
    #[serde(default)]
    pub after: Option<String>,
}

/// A tag gets another value.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetTag {
    /// The tag.
    pub tag: String,
    /// Its value.
    pub value: String,
    /// The subpackage. Absent: the main package.
    #[serde(default)]
    pub subpackage: Option<String>,
}

/// A tag's value gets something behind it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppendToTag {
    /// The tag.
    pub tag: String,
    /// What comes behind its value.
    pub text: String,
    /// The subpackage. Absent: the main package.
    #[serde(default)]
    pub subpackage: Option<String>,
}

/// A new tag.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddTag {
    /// The tag.
    pub tag: String,
    /// Its value.
    pub value: String,
    /// The subpackage. Absent: the main package.
    #[serde(default)]
    pub subpackage: Option<String>,
}

/// A new source or patch.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddEntry {
    /// The file's name in the package.
    pub name: String,
    /// The file beside the rules that has the content. Absent: the package has the file already.
    #[serde(default)]
    pub content: Option<String>,
    /// Its number. Absent: the next one.
    #[serde(default)]
    pub number: Option<u32>,
    /// For a patch: how many directories are stripped from its paths. Absent: 1, or what `%autosetup` says.
    #[serde(default)]
    pub strip: Option<u32>,
    /// For a patch: whether `%prep` must apply it.
    #[serde(default = "yes")]
    pub prep: bool,
}

/// A source or patch that goes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoveEntry {
    /// The file's name, as in the spec file or with its macros expanded.
    #[serde(default)]
    pub name: Option<String>,
    /// Its number.
    #[serde(default)]
    pub number: Option<u32>,
    /// For a patch: whether the line of `%prep` that applies it goes too.
    #[serde(default = "yes")]
    pub prep: bool,
    /// Whether the file stays in the package.
    #[serde(default)]
    pub keep_file: bool,
}

/// A source or patch with another name or content.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplaceEntry {
    /// The file's name, as in the spec file or with its macros expanded.
    pub name: String,
    /// Its new name.
    pub by: String,
    /// The file beside the rules that has the new content.
    pub content: String,
}

/// A new file that the spec file does not list.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddFile {
    /// Its name in the package.
    pub name: String,
    /// The file beside the rules that has the content.
    #[serde(default)]
    pub content: Option<String>,
    /// The content itself.
    #[serde(default)]
    pub text: Option<String>,
}

/// A file that goes. The spec file is left as it is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeleteFile {
    /// Its name.
    pub name: String,
}

/// A file with other content.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplaceFile {
    /// Its name.
    pub name: String,
    /// The file beside the rules that has the content.
    #[serde(default)]
    pub content: Option<String>,
    /// The content itself.
    #[serde(default)]
    pub text: Option<String>,
}

/// The release gets a suffix of the distribution with a number.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// The suffix without the number: `.kes` makes `5%{?dist}.kes.1`.
    pub suffix: String,
    /// The number. Absent: 1, or one more than is there.
    #[serde(default)]
    pub number: Option<u32>,
}

/// An entry of the changelog.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Changelog {
    /// Who, as `Name <address>`.
    pub author: String,
    /// What, one line for each point.
    pub text: OneOrMany,
    /// The day, `2024-05-02`. Absent: that of the newest entry.
    #[serde(default)]
    pub date: Option<String>,
    /// Version and release. Absent: those of the spec file.
    #[serde(default)]
    pub version: Option<String>,
}

/// A macro gets another value.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetMacro {
    /// The macro's name without `%`.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Defines it in the first line where the spec file does not.
    #[serde(default)]
    pub add: bool,
}

/// A script that changes files, in the sandbox.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunScript {
    /// The file beside the rules.
    pub script: String,
    /// SHA-256 of the file, so that nobody changes it unseen.
    pub sha256: String,
    /// Its arguments.
    #[serde(default)]
    pub arguments: Vec<String>,
}

fn yes() -> bool {
    true
}
