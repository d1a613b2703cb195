//! .treeinfo: what an installer finds at the root of a tree.

mod read;

use std::collections::{BTreeMap, BTreeSet};

use super::ini::Ini;
use super::{ProductmdError, VERSION, arch, check, path, text, variant};
use crate::checksum::{Algorithm, Checksum};

/// What is in a tree that can be installed from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeInfo {
    /// The release's name.
    pub name: String,
    /// The release's short name.
    pub short: String,
    /// The release's version.
    pub version: String,
    /// The tree's architecture.
    pub arch: String,
    /// Platforms that can be booted, such as `x86_64` and `xen`; the architecture is one of them.
    pub platforms: BTreeSet<String>,
    /// When it was made, in seconds since 1970.
    pub build_timestamp: u64,
    /// The variants that can be installed from here, by id.
    pub variants: BTreeMap<String, TreeVariant>,
    /// The variant of the tree itself, which old clients take.
    pub main_variant: String,
    /// Digests of images and of the repository's list, by path.
    pub checksums: BTreeMap<String, Checksum>,
    /// Paths of images by platform and name, such as `kernel` and `initrd`.
    pub images: BTreeMap<String, BTreeMap<String, String>>,
    /// The installer's own image (`stage2`).
    pub main_image: Option<String>,
}

/// Where a variant is, seen from the .treeinfo.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TreeVariant {
    /// Its name for people.
    pub name: String,
    /// Where its parts are: productmd's names (`packages`, `repository`, `source_packages`, `source_repository`,
    /// `debug_packages`, `debug_repository`, `identity`) to relative paths. `.` is the tree, `..` leads to a neighbour.
    pub paths: BTreeMap<String, String>,
}

const PATHS: [&str; 7] = [
    "packages",
    "repository",
    "source_packages",
    "source_repository",
    "debug_packages",
    "debug_repository",
    "identity",
];

/// A path from a tree to itself or a neighbour: `..` at its beginning only.
fn tree_path(value: &str) -> Result<(), ProductmdError> {
    text("path", value)?;
    let mut rest = value;
    while let Some(next) = rest.strip_prefix("../") {
        rest = next;
    }
    if ["", ".", ".."].contains(&rest) && !value.is_empty() { Ok(()) } else { path(rest) }
}

fn key(what: &'static str, value: &str) -> Result<(), ProductmdError> {
    let is_key = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    check(what, value, "letters, digits, `-`, `_` and `.`", |it| it.chars().all(is_key))
}

impl TreeInfo {
    fn check(&self) -> Result<(), ProductmdError> {
        for (what, value) in
            [("release name", &self.name), ("short name", &self.short), ("release version", &self.version)]
        {
            text(what, value)?;
        }
        arch(&self.arch)?;
        self.platforms.iter().try_for_each(|platform| key("platform", platform))?;
        for (id, TreeVariant { name, paths }) in &self.variants {
            variant(id)?;
            text("variant name", name)?;
            for (kind, place) in paths {
                check("path of a variant", kind, "a part that productmd knows", |it| PATHS.contains(&it))?;
                tree_path(place)?;
            }
        }
        check("main variant", &self.main_variant, "one of the tree's variants", |it| {
            self.variants.contains_key(it)
        })?;
        for place in self.checksums.keys() {
            path(place)?;
            check("path", place, "a path without `=` and `:`", |it| {
                !it.contains(['=', ':']) && !it.starts_with(['#', ';', '['])
            })?;
        }
        for (platform, images) in &self.images {
            check("platform of images", platform, "one of the tree's platforms", |it| {
                it == self.arch || self.platforms.contains(it)
            })?;
            images.iter().try_for_each(|(name, place)| key("image", name).and_then(|()| path(place)))?;
        }
        self.main_image.iter().try_for_each(|place| path(place))
    }

    /// Writes .treeinfo, with the section that clients older than the format read.
    ///
    /// # Errors
    /// A value that the format or its readers don't allow.
    pub fn to_text(&self) -> Result<String, ProductmdError> {
        self.check()?;
        let mut ini = Ini::default();
        let ids: Vec<_> = self.variants.keys().map(String::as_str).collect();
        let platforms: BTreeSet<_> = self.platforms.iter().chain([&self.arch]).map(String::as_str).collect();
        let platforms = platforms.into_iter().collect::<Vec<_>>().join(",");
        for (section, key, value) in [
            ("header", "type", "productmd.treeinfo"),
            ("header", "version", VERSION),
            ("release", "name", &self.name),
            ("release", "short", &self.short),
            ("release", "version", &self.version),
            ("tree", "arch", &self.arch),
            ("tree", "build_timestamp", &self.build_timestamp.to_string()),
            ("tree", "platforms", &platforms),
            ("tree", "variants", &ids.join(",")),
        ] {
            ini.set(section, key, value);
        }
        for (id, variant) in &self.variants {
            variant.write(&mut ini, id);
        }
        for (place, checksum) in &self.checksums {
            ini.set("checksums", place, format!("{}:{checksum}", algorithm(checksum.algorithm())));
        }
        for (platform, images) in &self.images {
            let section = format!("images-{platform}");
            images.iter().for_each(|(name, place)| ini.set(&section, name, place));
        }
        if let Some(image) = &self.main_image {
            ini.set("stage2", "mainimage", image);
        }
        self.general(&mut ini, &platforms, &ids.join(","));
        Ok(ini.to_text())
    }

    fn general(&self, ini: &mut Ini, platforms: &str, variants: &str) {
        let name = format!("{} {}", self.name, self.version);
        for (key, value) in [
            ("; WARNING.0", "This section provides compatibility with pre-productmd treeinfos."),
            ("; WARNING.1", "Read productmd documentation for details about new format."),
            ("arch", &self.arch),
            ("family", &self.name),
            ("name", &name),
            ("platforms", platforms),
            ("timestamp", &self.build_timestamp.to_string()),
            ("variant", &self.main_variant),
            ("variants", variants),
            ("version", &self.version),
        ] {
            ini.set("general", key, value);
        }
        let paths = self.variants.get(&self.main_variant).map(|variant| &variant.paths);
        for (key, kind) in [("packagedir", "packages"), ("repository", "repository")] {
            if let Some(place) = paths.and_then(|paths| paths.get(kind)) {
                ini.set("general", key, place);
            }
        }
    }
}

impl TreeVariant {
    fn write(&self, ini: &mut Ini, id: &str) {
        let section = format!("variant-{id}");
        for (key, value) in [("id", id), ("name", self.name.as_str()), ("type", "variant"), ("uid", id)] {
            ini.set(&section, key, value);
        }
        self.paths.iter().for_each(|(kind, place)| ini.set(&section, kind, place));
    }
}

/// As .treeinfo calls it.
fn algorithm(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Sha1 => "sha1",
        Algorithm::Sha256 => "sha256",
        Algorithm::Sha512 => "sha512",
    }
}
