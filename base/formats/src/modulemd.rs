//! Modulemd: the documents that say what a module of an Enterprise Linux is made of and which packages it has.
//!
//! A file has any number of YAML documents. [`Modulemd`] reads what modules are made from: `modulemd`, `modulemd-stream`
//! and `modulemd-packager` of versions 2 and 3; defaults, obsoletes and translations say nothing about sources, and are
//! counted only. [`ModuleIndex`] reads a repository's `modules.yaml` as a whole, to be cut to what a repository has
//! ([`ModuleIndex::select`]), judged ([`gate`]) and written.

mod companion;
mod edit;
mod finding;
pub mod gate;
mod index;
mod select;
mod stream;

use std::collections::BTreeMap;

use heirloom_model::record::Component;
use serde::Deserialize;

use crate::document::{Document, DocumentError};

pub use companion::{Defaults, Intent, Obsoletes, Packager, Translations};
pub use finding::ModuleFinding;
pub use index::ModuleIndex;
pub use select::{Selected, Wanted};
pub use stream::{Dependencies, Licences, Profile, Stream, StreamChoice, StreamId};

/// Documents that a file may have. A large distribution has some hundreds.
const MOST_DOCUMENTS: usize = 20_000;
/// Bytes of one document.
const LARGEST: usize = 4 * 1024 * 1024;
/// Bytes of all of them.
const ALL: u64 = 256 * 1024 * 1024;
/// YAML nodes of one document, aliases followed.
const MOST_NODES: usize = 200_000;

/// What a file of modulemd documents says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Modulemd {
    /// The modules, in the order of the file.
    pub modules: Vec<ModuleDocument>,
    /// Documents of other kinds.
    pub skipped: usize,
}

/// One module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModuleDocument {
    /// Its name; packagers' documents leave it to their repository.
    pub name: Option<String>,
    /// Its stream.
    pub stream: Option<String>,
    /// Its version; absent before it is built.
    pub version: Option<u64>,
    /// Its context.
    pub context: Option<String>,
    /// Its architecture.
    pub arch: Option<String>,
    /// What it is, in a line.
    pub summary: String,
    /// What it is made from, sorted by build order and name.
    pub components: Vec<Component>,
    /// Packages that it is made of, as `NAME-EPOCH:VERSION-RELEASE.ARCH`.
    pub artifacts: Vec<String>,
    /// The document itself.
    pub text: String,
}

/// A file of modulemd documents is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum ModulemdError {
    /// It can't be decompressed, or is not UTF-8.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// Too many documents or a document that is too large.
    #[error("{document}: {message}")]
    TooLarge {
        /// The file.
        document: String,
        /// What is too large.
        message: String,
    },
    /// One document is no YAML, or lacks something.
    #[error("{document}, document {number} (line {line}): {message}")]
    Yaml {
        /// The file.
        document: String,
        /// Its number in the file, from 1.
        number: usize,
        /// The line where it begins, from 1.
        line: usize,
        /// What is wrong there.
        message: String,
    },
    /// A document has a form in which its one value can't be replaced.
    #[error("the {subject}: {message}")]
    Edit {
        /// The document: its kind and what it is about.
        subject: String,
        /// What could not be replaced, and what to do.
        message: String,
    },
}

#[derive(Deserialize)]
struct Head {
    document: String,
    version: u64,
}

#[derive(Deserialize)]
struct Body {
    data: Data,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Data {
    name: Option<String>,
    stream: Option<String>,
    version: Option<u64>,
    context: Option<String>,
    arch: Option<String>,
    summary: Option<String>,
    components: Option<Components>,
    artifacts: Option<Artifacts>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Components {
    rpms: Option<BTreeMap<String, Rpm>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Rpm {
    #[serde(rename = "ref")]
    reference: Option<String>,
    rationale: Option<String>,
    buildorder: Option<i64>,
    arches: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Artifacts {
    rpms: Option<Vec<String>>,
}

impl Modulemd {
    /// Parses a file of modulemd documents.
    ///
    /// # Errors
    /// It can't be decompressed, has a document that is no YAML or of an unknown version, or is larger than anything
    /// real.
    pub fn parse(document: Document<'_>) -> Result<Self, ModulemdError> {
        let mut modulemd = Self::default();
        each(document, |part| {
            match module(part)? {
                Some(module) => modulemd.modules.push(module),
                None => modulemd.skipped += 1,
            }
            Ok(())
        })?;
        Ok(modulemd)
    }
}

/// Reads a file's documents, one after the other.
fn each(
    document: Document<'_>,
    mut read: impl FnMut(&str) -> Result<(), String>,
) -> Result<(), ModulemdError> {
    let document = document.at_most(ALL);
    let text = document.text()?;
    for (index, (line, part)) in documents(&text).into_iter().enumerate() {
        let large = |message: String| ModulemdError::TooLarge { document: document.name.to_owned(), message };
        if index == MOST_DOCUMENTS {
            return Err(large(format!("it has more than {MOST_DOCUMENTS} documents")));
        }
        if part.len() > LARGEST {
            return Err(large(format!("the document at line {line} has more than {LARGEST} bytes")));
        }
        let number = index + 1;
        let failed =
            |message| ModulemdError::Yaml { document: document.name.to_owned(), number, line, message };
        read(part).map_err(failed)?;
    }
    Ok(())
}

fn module(text: &str) -> Result<Option<ModuleDocument>, String> {
    let head: Head = yaml(text)?;
    match (head.document.as_str(), head.version) {
        ("modulemd" | "modulemd-stream" | "modulemd-packager", 2 | 3) => {}
        ("modulemd" | "modulemd-stream" | "modulemd-packager", version) => {
            return Err(format!(
                "`{}` of version {version} is not known; 2 and 3 are",
                short(&head.document)
            ));
        }
        _ => return Ok(None),
    }
    let Body { data } = yaml(text)?;
    for part in [&data.name, &data.stream, &data.context, &data.arch].into_iter().flatten() {
        if part.is_empty() || part.len() > 255 || !part.chars().all(is_part) {
            return Err(format!("`{}` can't be a part of a module's name", short(part)));
        }
    }
    let components = data.components.and_then(|components| components.rpms).unwrap_or_default();
    let mut components: Vec<_> = components
        .into_iter()
        .map(|(name, rpm)| Component {
            name,
            reference: rpm.reference,
            rationale: rpm.rationale.unwrap_or_default().trim().to_owned(),
            build_order: rpm.buildorder.unwrap_or(0),
            arches: rpm.arches.unwrap_or_default(),
        })
        .collect();
    components.sort_by(|a, b| (a.build_order, &a.name).cmp(&(b.build_order, &b.name)));
    let bad = |component: &&Component| {
        component.name.is_empty()
            || component.name.starts_with(['.', '-'])
            || !component.name.chars().all(is_part)
    };
    if let Some(component) = components.iter().find(bad) {
        return Err(format!("`{}` can't be the name of a component", short(&component.name)));
    }
    Ok(Some(ModuleDocument {
        name: data.name,
        stream: data.stream,
        version: data.version,
        context: data.context,
        arch: data.arch,
        summary: data.summary.unwrap_or_default().trim().to_owned(),
        components,
        artifacts: data.artifacts.and_then(|artifacts| artifacts.rpms).unwrap_or_default(),
        text: text.to_owned(),
    }))
}

/// What names, streams and contexts may have: nothing that separates them from each other or in a path.
fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._+~^".contains(c)
}

fn yaml<'t, T: Deserialize<'t>>(text: &'t str) -> Result<T, String> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_nodes: MOST_NODES,
            max_events: 2 * MOST_NODES,
            max_aliases: 1000,
            max_anchors: 1000,
            max_depth: 40,
            max_documents: 1,
        },
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| short(&error.to_string()))
}

/// A list, which may be there without a value.
fn list<'de, D: serde::Deserializer<'de>>(source: D) -> Result<Vec<String>, D::Error> {
    Option::deserialize(source).map(Option::unwrap_or_default)
}

fn short(text: &str) -> String {
    text.chars().take(300).map(|c| if c == '\n' { ' ' } else { c }).collect()
}

/// The documents with the lines where they begin. A line that begins with `---` begins one and with `...` ends one, in
/// whatever it is: YAML allows neither inside of a value.
fn documents(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let (mut start, mut first, mut at) = (0, 1, 0);
    let says = |part: &str| {
        part.lines().any(|line| !matches!(line.trim(), "" | "---" | "...") && !line.starts_with(['#', '%']))
    };
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let mark = line.trim_end();
        if mark == "---" || mark == "..." || mark.starts_with("--- ") {
            found.push((first, &text[start..at]));
            (start, first) = (if mark == "..." { at + line.len() } else { at }, index + 1);
        }
        at += line.len();
    }
    found.push((first, &text[start..]));
    found.retain(|(_, part)| says(part));
    found
}

#[cfg(test)]
mod tests;
