//! Dist-git trees: `SPECS/<name>.spec`, `SOURCES/`, and `.<name>.metadata` with the digests of large sources
//! that a lookaside keeps. A flat tree (spec file and sources side by side, `sources` for the list) is read too.

use std::collections::BTreeSet;
use std::path::Path;

use heirloom_formats::distgit::LookasideFile;
use heirloom_model::record::{Imported, SourceFile};

use crate::tree::Listing;
use crate::{ImportError, Importer, fetch};

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
/// All files of a tree together, in bytes.
pub(crate) const TREE_LIMIT: u64 = 1024 * 1024 * 1024;

/// A source package and where its tree is.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    /// The source package.
    pub(crate) name: &'a str,
    /// The tree, for messages and records.
    pub(crate) origin: &'a str,
    /// Patterns of the lookasides.
    pub(crate) lookaside: &'a [String],
    /// What `{branch}` in these stands for.
    pub(crate) branch: &'a str,
}

/// Imports a tree in a directory.
///
/// # Errors
/// The tree is no dist-git tree, or a source is missing, can't be read or has the wrong digest.
pub(crate) fn import(
    importer: &Importer<'_>,
    place: Place<'_>,
    listing: &Listing,
) -> Result<Imported, ImportError> {
    let nested = listing.entries.iter().any(|entry| entry.path.starts_with("SPECS/"));
    let (mut files, mut left) = (Vec::new(), TREE_LIMIT);
    for entry in &listing.entries {
        if matches!(role(&entry.path, place.name, nested), Role::Other) {
            continue;
        }
        if !entry.plain {
            return Err(layout(place.origin, format!("`{}` {NO_FILE}", entry.path)));
        }
        let bytes = fetch::local(&entry.full, TREE_FILE_LIMIT.min(left))?;
        left = left.saturating_sub(bytes.len() as u64);
        let origin = entry.full.to_string_lossy().into_owned();
        files.push(TreeFile { path: entry.path.clone(), bytes, origin });
    }
    from_files(importer, place, files)
}

/// What is said of anything else.
pub(crate) const NO_FILE: &str = "is not a plain file; a link, directory or submodule can't be a source";

/// Imports a tree whose files have been read. Nothing of it is kept before all of it is right.
pub(crate) fn from_files(
    importer: &Importer<'_>,
    place: Place<'_>,
    files: Vec<TreeFile>,
) -> Result<Imported, ImportError> {
    let Place { name, origin, .. } = place;
    let nested = files.iter().any(|file| file.path.starts_with("SPECS/"));
    let mut sources = Vec::new();
    let mut listed = Vec::new();
    for file in files {
        match role(&file.path, name, nested) {
            Role::Source(source) => sources.push((plain(source, name)?, file)),
            Role::List => listed = list(&file)?,
            Role::Other => {}
        }
    }
    let spec = spec(place, nested, &sources)?;
    let mut names: BTreeSet<&str> = BTreeSet::new();
    let large = listed.iter().map(LookasideFile::file_name);
    for source in sources.iter().map(|(name, _)| name.as_str()).chain(large) {
        if !names.insert(source) {
            return Err(layout(origin, format!("`{source}` is there twice")));
        }
    }
    let mut kept = Vec::new();
    for entry in &listed {
        kept.push(large_source(importer, place, entry)?);
    }
    for (name, file) in sources {
        let digest = importer.store.put(&file.bytes)?;
        kept.push(SourceFile { name, digest, size: file.bytes.len() as u64, origin: file.origin });
    }
    kept.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Imported {
        name: name.to_owned(),
        spec,
        files: kept,
        origin: origin.to_owned(),
        own: false,
        nevra: None,
        published: None,
    })
}

/// The spec file: the only one, or of several the one that is called as the package.
fn spec(place: Place<'_>, nested: bool, sources: &[(String, TreeFile)]) -> Result<String, ImportError> {
    let specs: Vec<_> = sources
        .iter()
        .filter(|(name, file)| name.ends_with(".spec") && (!nested || file.path.starts_with("SPECS/")))
        .map(|(name, _)| name)
        .collect();
    let called = format!("{}.spec", place.name);
    match &specs[..] {
        [spec] => Ok((*spec).clone()),
        _ if specs.contains(&&called) => Ok(called),
        _ => Err(layout(
            place.origin,
            format!("expected one spec file in SPECS/, or {called} among several; found {}", specs.len()),
        )),
    }
}

pub(crate) enum Role<'a> {
    Source(&'a str),
    List,
    Other,
}

/// What a file of the tree is. Beside SPECS and SOURCES, only the list of large sources counts.
pub(crate) fn role<'a>(path: &'a str, name: &str, nested: bool) -> Role<'a> {
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

/// A large source, from the first lookaside that has it. It must have the digest that the list gives.
fn large_source(
    importer: &Importer<'_>,
    place: Place<'_>,
    entry: &LookasideFile,
) -> Result<SourceFile, ImportError> {
    let list = format!("{}/.{}.metadata", place.origin, place.name);
    let name = plain(entry.file_name(), place.name)?;
    let mut missing = None;
    for pattern in place.lookaside {
        let origin = fill(pattern, place, entry);
        match importer.fetcher.checked(importer.store, &origin, &entry.checksum, &list) {
            Ok((digest, size)) => return Ok(SourceFile { name, digest, size, origin }),
            Err(error) if error.is_not_found() => missing = missing.or(Some(error)),
            Err(error) => return Err(error),
        }
    }
    Err(missing.unwrap_or(ImportError::NoLookaside { package: place.name.to_owned(), file: name, list }))
}

/// The place of a large source by a lookaside's pattern.
fn fill(pattern: &str, place: Place<'_>, entry: &LookasideFile) -> String {
    let algorithm = entry.checksum.algorithm().name().replace('-', "").to_ascii_lowercase();
    // The file's name last: it may have braces of its own.
    pattern
        .replace("{digest}", entry.checksum.hex())
        .replace("{algorithm}", &algorithm)
        .replace("{branch}", place.branch)
        .replace("{name}", place.name)
        .replace("{file}", entry.file_name())
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

pub(crate) fn layout(tree: &str, message: String) -> ImportError {
    ImportError::Layout { path: Path::new(tree).to_owned(), message }
}
