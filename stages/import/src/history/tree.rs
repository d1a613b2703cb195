//! The tree of a commit: which files are in it, and which in the lookaside.

use heirloom_model::record::{Imported, SourceFile};

use super::HistoryError;

/// Larger sources are in the lookaside, in bytes.
const LARGE: u64 = 1024 * 1024;

/// Names of archives and compressed files end so; git can't show what changed in them.
const BINARY: &[&str] = &[
    ".7z", ".bz2", ".cpio", ".crate", ".gem", ".gz", ".jar", ".lz", ".lz4", ".lzma", ".rpm", ".tar", ".tbz",
    ".tbz2", ".tgz", ".txz", ".war", ".whl", ".xz", ".zip", ".zst",
];

/// One source package as a dist-git tree.
pub(super) struct Tree<'a> {
    /// Path and file, in the order of the import.
    pub(super) files: Vec<(String, &'a SourceFile)>,
    /// Sources in the lookaside.
    pub(super) large: Vec<&'a SourceFile>,
    /// Path and text of the list of those, if there are any.
    pub(super) list: Option<(String, String)>,
}

impl<'a> Tree<'a> {
    pub(super) fn of(imported: &'a Imported) -> Result<Self, HistoryError> {
        let mut tree = Self { files: Vec::new(), large: Vec::new(), list: None };
        let mut list = String::new();
        for file in &imported.files {
            let name = &file.name;
            let refused = || HistoryError::Name { package: imported.name.clone(), name: name.clone() };
            if name.is_empty() || matches!(name.as_str(), "." | "..") || name.contains(['/', '\0', '\n']) {
                return Err(refused());
            }
            if *name == imported.spec {
                tree.files.push((format!("SPECS/{name}"), file));
            } else if is_reserved(name) && !is_listable(name) {
                return Err(refused());
            } else if is_listable(name) && (file.size > LARGE || is_binary(name) || is_reserved(name)) {
                list.push_str(&format!("{} SOURCES/{name}\n", file.digest));
                tree.large.push(file);
            } else {
                tree.files.push((format!("SOURCES/{name}"), file));
            }
        }
        if !list.is_empty() {
            tree.list = Some((format!(".{}.metadata", imported.name), list));
        }
        Ok(tree)
    }
}

fn is_binary(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    BINARY.iter().any(|ending| name.ends_with(ending))
}

/// Whether a line of the list gives this name back.
fn is_listable(name: &str) -> bool {
    name.trim_end() == name && !name.contains(['\\', '\r'])
}

/// Whether git gives the name a meaning, on this or another file system, and so refuses it or acts on it: `.git`,
/// `.gitattributes`, and what file systems of other machines take for them.
fn is_reserved(name: &str) -> bool {
    let ignored = |c: char| matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}');
    let name: String = name.chars().filter(|c| !ignored(*c)).collect::<String>().to_lowercase();
    name.split('\\').any(|part| part.starts_with(".git") || part.starts_with("gi") && part.contains('~'))
}
