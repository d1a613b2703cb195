//! composeinfo.json: what a compose is, its variants and where they are.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    Compose, ComposeSection, File, LARGEST, ProductmdError, Release, ReleaseKind, arch, json, path, text,
    variant,
};
use crate::document::Document;

/// A compose with its variants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComposeInfo {
    /// Of what.
    pub release: Release,
    /// Which making of it.
    pub compose: Compose,
    /// Its variants, such as BaseOS and AppStream, by id: letters and digits.
    pub variants: BTreeMap<String, Variant>,
}

/// A part of a release that has repositories of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Its name for people.
    pub name: String,
    /// The architectures that it is for.
    pub arches: BTreeSet<String>,
    /// Where its parts are, by architecture: paths below the compose.
    pub paths: BTreeMap<PathKind, BTreeMap<String, String>>,
}

/// Parts of a variant that have places, as productmd's `VariantPaths` names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PathKind {
    // In the order of their names, which is the order of the file.
    /// Repository of debugging data's packages: their directory.
    DebugPackages,
    /// Repository of debugging data.
    DebugRepository,
    /// Tree of debugging data.
    DebugTree,
    /// Images that are no installation media.
    Images,
    /// Installation media.
    Isos,
    /// Descriptions by which installation media are put together.
    Jigdos,
    /// Tree that can be installed from, with `.treeinfo`.
    OsTree,
    /// Directory of packages.
    Packages,
    /// Repository.
    Repository,
    /// Media with sources.
    SourceIsos,
    /// Descriptions of media with sources.
    SourceJigdos,
    /// Directory of source packages.
    SourcePackages,
    /// Repository of sources.
    SourceRepository,
    /// Tree of sources.
    SourceTree,
}

#[derive(Serialize, Deserialize)]
struct Payload {
    compose: ComposeSection,
    release: ReleaseSection,
    variants: BTreeMap<String, VariantSection>,
}

#[derive(Serialize, Deserialize)]
struct ReleaseSection {
    #[serde(default)]
    internal: bool,
    name: String,
    short: String,
    #[serde(rename = "type")]
    kind: ReleaseKind,
    version: String,
}

#[derive(Serialize, Deserialize)]
struct VariantSection {
    arches: BTreeSet<String>,
    id: String,
    name: String,
    paths: BTreeMap<PathKind, BTreeMap<String, String>>,
    #[serde(rename = "type")]
    kind: String,
    uid: String,
}

impl ComposeInfo {
    /// The compose's id.
    #[must_use]
    pub fn id(&self) -> String {
        self.compose.id(&self.release)
    }

    /// Writes composeinfo.json.
    ///
    /// # Errors
    /// A value that the format does not allow; a path for an architecture that the variant is not for.
    pub fn to_json(&self) -> Result<String, ProductmdError> {
        let Release { name, short, version, kind, internal } = self.release.clone();
        let mut variants = BTreeMap::new();
        for (id, value) in &self.variants {
            value.check(id)?;
            let Variant { name, arches, paths } = value.clone();
            let (kind, uid) = ("variant".to_owned(), id.clone());
            variants.insert(id.clone(), VariantSection { arches, id: id.clone(), name, paths, kind, uid });
        }
        let compose = self.compose.section(&self.release)?;
        let release = ReleaseSection { internal, name, short, kind, version };
        json("productmd.composeinfo", Payload { compose, release, variants })
    }

    /// Reads composeinfo.json of version 1. Variants of other kinds, such as add-ons, are read like any other.
    ///
    /// # Errors
    /// It is another kind of file, has no such version, lacks something or has values that would not be written, such as a
    /// path that leads out of the compose.
    pub fn parse(document: Document<'_>) -> Result<Self, ProductmdError> {
        let failed = |message: String| ProductmdError::Format { document: document.name.to_owned(), message };
        let text = document.at_most(LARGEST).text()?;
        let file: File<Payload> = serde_json::from_str(&text).map_err(|error| failed(error.to_string()))?;
        let File { header, payload: Payload { compose, release, variants } } = file;
        if header.kind != "productmd.composeinfo" || !header.version.starts_with("1.") {
            let found = format!("{} {}", header.kind, header.version).chars().take(80).collect::<String>();
            return Err(failed(format!("expected productmd.composeinfo of version 1, found {found}")));
        }
        let ReleaseSection { internal, name, short, kind, version } = release;
        let ComposeSection { date, is_final, id, label, respin, kind: compose_kind } = compose;
        // It says something of a label, and is written with one only.
        let is_final = label.is_some() && is_final.unwrap_or(false);
        let info = Self {
            release: Release { name, short, version, kind, internal },
            compose: Compose { kind: compose_kind, date, respin, label, is_final },
            variants: variants
                .into_iter()
                .map(|(id, VariantSection { arches, name, paths, .. })| (id, Variant { name, arches, paths }))
                .collect(),
        };
        info.compose.section(&info.release)?;
        info.variants.iter().try_for_each(|(id, variant)| variant.check(id))?;
        if info.id() != id {
            return Err(failed(format!("expected the id {} of what it says, found {id}", info.id())));
        }
        Ok(info)
    }
}

impl Variant {
    fn check(&self, id: &str) -> Result<(), ProductmdError> {
        variant(id)?;
        text("variant name", &self.name)?;
        self.arches.iter().try_for_each(|it| arch(it))?;
        let unknown = |value: &str, expected| ProductmdError::Value {
            what: "variant",
            value: format!("{id} ({value})"),
            expected,
        };
        if self.arches.is_empty() {
            return Err(unknown("no architecture", "at least one architecture"));
        }
        for (of, value) in self.paths.values().flatten() {
            if !self.arches.contains(of) {
                return Err(unknown(of, "paths for its own architectures only"));
            }
            path(value)?;
        }
        Ok(())
    }
}
