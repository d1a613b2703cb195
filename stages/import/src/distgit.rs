//! Dist-git trees: `SPECS/<name>.spec`, `SOURCES/`, and `.<name>.metadata` with the digests of large sources
//! that a lookaside keeps. A flat tree (spec file and sources side by side) is read too.

use std::fs;
use std::path::Path;

use heirloom_formats::distgit::LookasideFile;
use heirloom_model::record::{Imported, SourceFile};
use heirloom_store::Store;

use crate::{ImportError, fetch};

/// One file of a tree, before it is in the store.
pub(crate) struct TreeFile {
    /// Path below the tree's root.
    pub(crate) path: String,
    /// Where its bytes are from, for the record.
    pub(crate) origin: String,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
}

/// Largest file in a tree itself, in bytes; larger ones belong into the lookaside.
pub(crate) const TREE_FILE_LIMIT: u64 = 256 * 1024 * 1024;

/// Imports the tree in this directory; its name is the package's.
///
/// # Errors
/// The tree is no dist-git tree, or a source is missing, can't be read or has the wrong digest.
pub fn import(
    store: &Store,
    tree: &Path,
    lookaside: Option<&str>,
    own: bool,
) -> Result<Imported, ImportError> {
    let name = tree.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut files = Vec::new();
    read_dir(tree, "", &mut files)?;
    from_files(store, &name, &tree.to_string_lossy(), files, lookaside, own)
}

fn read_dir(tree: &Path, below: &str, files: &mut Vec<TreeFile>) -> Result<(), ImportError> {
    let dir = tree.join(below);
    for entry in fs::read_dir(&dir).map_err(ImportError::read(&dir))? {
        let entry = entry.map_err(ImportError::read(&dir))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
        let kind = entry.file_type().map_err(ImportError::read(entry.path()))?;
        if kind.is_file() {
            let origin = entry.path().to_string_lossy().into_owned();
            files.push(TreeFile { path, bytes: fetch::read(&origin, TREE_FILE_LIMIT)?, origin });
        } else if kind.is_dir() && below.is_empty() && (name == "SPECS" || name == "SOURCES") {
            read_dir(tree, &name, files)?;
        } else if name != ".git" {
            return Err(layout(
                tree,
                format!(
                    "`{path}` is neither a plain file nor SPECS or SOURCES; a link or directory can't be a source"
                ),
            ));
        }
    }
    Ok(())
}

/// Imports a tree whose files have been read.
pub(crate) fn from_files(
    store: &Store,
    name: &str,
    origin: &str,
    files: Vec<TreeFile>,
    lookaside: Option<&str>,
    own: bool,
) -> Result<Imported, ImportError> {
    let layout = |message: String| layout(Path::new(origin), message);
    let nested = files.iter().any(|file| file.path.starts_with("SPECS/"));
    let mut kept = Vec::new();
    let mut listed = Vec::new();
    for file in files {
        match role(&file.path, name, nested) {
            Role::Source(plain) => kept.push(keep(store, plain, &file)?),
            Role::List => listed = list(&file)?,
            Role::Other => {}
        }
    }
    for entry in listed {
        kept.push(large(store, name, origin, &entry, lookaside)?);
    }
    kept.sort_by(|a, b| a.name.cmp(&b.name));
    if let Some(pair) = kept.windows(2).find(|pair| pair[0].name == pair[1].name) {
        return Err(layout(format!("`{}` is there twice", pair[0].name)));
    }
    let specs: Vec<_> = kept.iter().filter(|file| file.name.ends_with(".spec")).collect();
    let [spec] = specs[..] else {
        return Err(layout(format!("expected one spec file in SPECS/, found {}", specs.len())));
    };
    if spec.name != format!("{name}.spec") {
        return Err(layout(format!("expected the spec file to be {name}.spec, found {}", spec.name)));
    }
    Ok(Imported {
        name: name.to_owned(),
        spec: spec.name.clone(),
        files: kept,
        origin: origin.to_owned(),
        own,
        nevra: None,
        published: None,
    })
}

enum Role<'a> {
    Source(&'a str),
    List,
    Other,
}

/// What a file of the tree is. Beside SPECS and SOURCES, only the list of large sources counts.
fn role<'a>(path: &'a str, name: &str, nested: bool) -> Role<'a> {
    if path.strip_prefix('.').and_then(|rest| rest.strip_suffix(".metadata")) == Some(name) {
        return Role::List;
    }
    match (nested, path.split_once('/')) {
        (true, Some(("SPECS" | "SOURCES", plain))) => Role::Source(plain),
        (false, None) if path == "sources" => Role::List,
        (false, None) if !path.starts_with('.') => Role::Source(path),
        _ => Role::Other,
    }
}

fn keep(store: &Store, name: &str, file: &TreeFile) -> Result<SourceFile, ImportError> {
    Ok(SourceFile {
        name: plain(name, &file.origin)?,
        digest: store.put(&file.bytes)?,
        size: file.bytes.len() as u64,
        origin: file.origin.clone(),
    })
}

/// A large source from the lookaside. It must have the digest that the list gives.
fn large(
    store: &Store,
    package: &str,
    tree: &str,
    entry: &LookasideFile,
    lookaside: Option<&str>,
) -> Result<SourceFile, ImportError> {
    let list = format!("{tree}/.{package}.metadata");
    let name = plain(entry.file_name(), package)?;
    let Some(pattern) = lookaside else {
        return Err(ImportError::NoLookaside { package: package.to_owned(), file: name, list });
    };
    let origin =
        pattern.replace("{digest}", entry.checksum.hex()).replace("{name}", package).replace("{file}", &name);
    let (digest, size) = fetch::checked(store, &origin, &entry.checksum, &list)?;
    Ok(SourceFile { name, digest, size, origin })
}

fn list(file: &TreeFile) -> Result<Vec<LookasideFile>, ImportError> {
    let text = std::str::from_utf8(&file.bytes).map_err(ImportError::format(&file.origin))?;
    let parsed = match file.path == "sources" {
        true => heirloom_formats::distgit::parse_sources(&file.origin, text),
        false => heirloom_formats::distgit::parse_metadata(&file.origin, text),
    };
    parsed.map_err(ImportError::format(&file.origin))
}

/// A source's name must stay in the directory that sources are laid out in.
pub(crate) fn plain(name: &str, package: &str) -> Result<String, ImportError> {
    let bad = name.is_empty()
        || name.starts_with('.') && name.trim_matches('.').is_empty()
        || name.contains(['/', '\0', '\n']);
    match bad {
        true => Err(ImportError::Escape { package: package.to_owned(), name: name.to_owned() }),
        false => Ok(name.to_owned()),
    }
}

fn layout(tree: &Path, message: String) -> ImportError {
    ImportError::Layout { path: tree.to_owned(), message }
}
