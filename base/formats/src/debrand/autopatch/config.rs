//! The keys of `config.yaml`.

use serde::Deserialize;
use serde_saphyr::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    pub(super) parameters: Option<Spanned<Parameters>>,
    pub(super) actions: Vec<Spanned<Block>>,
}

impl Config {
    /// Whether any file is added with comments around its lines.
    pub(super) fn inserts_lines(&self) -> bool {
        let all = self.parameters.as_ref().and_then(|parameters| parameters.value.insert_almalinux_line);
        let mut entries = self.actions.iter().flat_map(|block| block.value.add_files.iter().flatten());
        entries.any(|entry| {
            entry.value.modify_spec != Some(false) && entry.value.insert_almalinux_line.or(all) != Some(false)
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    pub(super) insert_almalinux_line: Option<bool>,
    pub(super) custom_target_branch: Option<String>,
    #[serde(rename = "pre_clean")]
    _pre_clean: Option<bool>,
    #[serde(rename = "ignore_version_macros")]
    _ignore_version_macros: Option<bool>,
    pub(super) ignore_release_macros: Option<bool>,
    pub(super) tag_prefix: Option<String>,
    #[serde(rename = "el_version", alias = "rhel_version")]
    _el_version: Option<serde::de::IgnoredAny>,
}

/// One kind of action with its entries.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Block {
    pub(super) replace: Option<Vec<Spanned<Replace>>>,
    pub(super) delete_line: Option<Vec<Spanned<DeleteLine>>>,
    pub(super) modify_release: Option<Vec<Spanned<ModifyRelease>>>,
    pub(super) changelog_entry: Option<Vec<Spanned<ChangelogEntry>>>,
    pub(super) add_files: Option<Vec<Spanned<AddFiles>>>,
    pub(super) delete_files: Option<Vec<Spanned<DeleteFiles>>>,
    pub(super) run_script: Option<Vec<Spanned<RunScript>>>,
    pub(super) add_line: Option<Vec<Spanned<AddLine>>>,
}

impl Block {
    /// How many kinds there are.
    pub(super) fn len(&self) -> usize {
        [
            self.replace.is_some(),
            self.delete_line.is_some(),
            self.modify_release.is_some(),
            self.changelog_entry.is_some(),
            self.add_files.is_some(),
            self.delete_files.is_some(),
            self.run_script.is_some(),
            self.add_line.is_some(),
        ]
        .into_iter()
        .filter(|there| *there)
        .count()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Replace {
    pub(super) target: String,
    pub(super) find: Option<String>,
    pub(super) rfind: Option<String>,
    pub(super) replace: String,
    pub(super) count: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeleteLine {
    pub(super) target: String,
    pub(super) lines: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModifyRelease {
    pub(super) suffix: String,
    pub(super) enabled: Option<bool>,
    pub(super) auto_increment: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangelogEntry {
    pub(super) name: String,
    pub(super) email: String,
    pub(super) line: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Number {
    Number(u32),
    Word(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AddFiles {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) number: Option<Number>,
    pub(super) modify_spec: Option<bool>,
    pub(super) insert_almalinux_line: Option<bool>,
    /// Whether `%patch` keeps the files as they were beside the patched ones; nothing of that is packaged.
    #[serde(rename = "no_backup")]
    _no_backup: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeleteFiles {
    pub(super) file_name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RunScript {
    pub(super) script: String,
    pub(super) cwd: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AddLine {
    pub(super) target: String,
    pub(super) section: String,
    pub(super) location: String,
    pub(super) content: String,
    pub(super) subpackage: Option<String>,
}
