//! extra_files.json: files of a tree that are no packages, such as EULA, GPL and keys; for the compose and for each tree.

use std::collections::BTreeMap;

use heirloom_model::Digest;
use serde::Serialize;

use super::{Compose, ComposeSection, ProductmdError, Release, arch, json, path, pretty, variant};

/// The extra files of a compose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExtraFiles {
    files: BTreeMap<String, BTreeMap<String, Vec<ExtraFile>>>,
}

/// A file that is no package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExtraFile {
    /// Its path below the compose.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its SHA-256.
    pub digest: Digest,
}

#[derive(Serialize)]
struct Entry {
    checksums: BTreeMap<&'static str, String>,
    file: String,
    size: u64,
}

#[derive(Serialize)]
struct Payload {
    compose: ComposeSection,
    extra_files: BTreeMap<String, BTreeMap<String, Vec<Entry>>>,
}

#[derive(Serialize)]
struct Tree {
    data: Vec<Entry>,
    header: BTreeMap<&'static str, &'static str>,
}

fn entry(file: &ExtraFile, place: &str) -> Entry {
    let checksums = BTreeMap::from([("sha256", file.digest.to_string())]);
    Entry { checksums, file: place.to_owned(), size: file.size }
}

impl ExtraFiles {
    /// Adds a file of a variant and an architecture.
    ///
    /// # Errors
    /// A variant, an architecture or a path that the format does not allow.
    pub fn add(
        &mut self,
        (variant_id, tree_arch): (&str, &str),
        file: ExtraFile,
    ) -> Result<(), ProductmdError> {
        variant(variant_id)?;
        arch(tree_arch)?;
        path(&file.path)?;
        let files =
            self.files.entry(variant_id.to_owned()).or_default().entry(tree_arch.to_owned()).or_default();
        files.push(file);
        files.sort();
        files.dedup();
        Ok(())
    }

    /// Writes the compose's `metadata/extra_files.json`.
    ///
    /// # Errors
    /// A value of the compose that the format does not allow.
    pub fn to_json(&self, release: &Release, compose: &Compose) -> Result<String, ProductmdError> {
        let list = |files: &Vec<ExtraFile>| files.iter().map(|file| entry(file, &file.path)).collect();
        let arches = |arches: &BTreeMap<String, Vec<ExtraFile>>| {
            arches.iter().map(|(arch, files)| (arch.clone(), list(files))).collect()
        };
        let extra_files =
            self.files.iter().map(|(variant, files)| (variant.clone(), arches(files))).collect();
        json("productmd.extra_files", Payload { compose: compose.section(release)?, extra_files })
    }

    /// Writes the `extra_files.json` of one tree, such as `BaseOS/x86_64/os`, in which paths begin at the tree.
    ///
    /// # Errors
    /// It can't be written as JSON.
    pub fn tree_json(
        &self,
        (variant_id, tree_arch): (&str, &str),
        tree: &str,
    ) -> Result<String, ProductmdError> {
        let files = self.files.get(variant_id).and_then(|arches| arches.get(tree_arch));
        let below = |file: &ExtraFile| {
            let place = file.path.strip_prefix(tree).and_then(|rest| rest.strip_prefix('/'));
            entry(file, place.unwrap_or(&file.path))
        };
        let data = files.into_iter().flatten().map(below).collect();
        pretty(&Tree { data, header: BTreeMap::from([("version", "1.0")]) })
    }
}
