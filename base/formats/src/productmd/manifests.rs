//! rpms.json, modules.json and images.json: what a compose consists of.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_model::Nevra;
use serde::Serialize;

use super::{Compose, ComposeSection, ProductmdError, Release, arch, check, json, path, variant};
use crate::modulemd::StreamId;

/// What a package is in a compose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// To be installed.
    Binary,
    /// Debugging data.
    Debug,
    /// A source package.
    Source,
}

impl Category {
    /// Of a package, as its name and architecture tell.
    #[must_use]
    pub fn of(package: &Nevra) -> Self {
        match package.arch() {
            "src" | "nosrc" => Self::Source,
            _ if package.is_debug() => Self::Debug,
            _ => Self::Binary,
        }
    }
}

/// Values by variant and architecture.
type ByTree<T> = BTreeMap<String, BTreeMap<String, T>>;

/// Every package of a compose, for rpms.json. Source packages are listed with each architecture that has something of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rpms {
    rpms: ByTree<BTreeMap<String, BTreeMap<String, Rpm>>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Rpm {
    category: Category,
    path: String,
    sigkey: Option<String>,
}

/// Every stream of a compose, for modules.json.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Modules {
    modules: ByTree<BTreeMap<String, Module>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Module {
    metadata: Metadata,
    modulemd_path: BTreeMap<Category, String>,
    rpms: BTreeSet<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Metadata {
    context: String,
    koji_tag: String,
    name: String,
    stream: String,
    uid: String,
    version: String,
}

#[derive(Serialize)]
struct RpmsPayload<'a> {
    compose: ComposeSection,
    rpms: &'a ByTree<BTreeMap<String, BTreeMap<String, Rpm>>>,
}

#[derive(Serialize)]
struct ModulesPayload<'a> {
    compose: ComposeSection,
    modules: &'a ByTree<BTreeMap<String, Module>>,
}

#[derive(Serialize)]
struct ImagesPayload {
    compose: ComposeSection,
    images: BTreeMap<String, ()>,
}

/// `name-epoch:version-release.arch`, where productmd and libmodulemd ask for the epoch.
fn with_epoch(package: &Nevra) -> String {
    let evr = package.evr();
    let (name, arch) = (package.name(), package.arch());
    format!("{name}-{}:{}-{}.{arch}", evr.epoch(), evr.version(), evr.release())
}

impl Rpms {
    /// Adds a package of a variant and an architecture: the source package that it is built from (itself for a source
    /// package), its path below the compose, and the id of the key that signed it in hexadecimal digits.
    ///
    /// # Errors
    /// A variant, an architecture, a path or a key that the format does not allow.
    pub fn add(
        &mut self,
        (variant_id, tree_arch): (&str, &str),
        package: &Nevra,
        source: &Nevra,
        place: &str,
        sigkey: Option<&str>,
    ) -> Result<(), ProductmdError> {
        variant(variant_id)?;
        arch(tree_arch)?;
        path(place)?;
        let is_hex = |key: &str| key.bytes().all(|byte| byte.is_ascii_hexdigit());
        sigkey.map_or(Ok(()), |key| check("key id", key, "hexadecimal digits", is_hex))?;
        let is_source = |it: &Nevra| Category::of(it) == Category::Source;
        check("source package", &source.to_string(), "a source package; for one, itself", |_| {
            is_source(source) && (!is_source(package) || package == source)
        })?;
        let rpm = Rpm {
            category: Category::of(package),
            path: place.to_owned(),
            sigkey: sigkey.map(str::to_ascii_lowercase),
        };
        let tree =
            self.rpms.entry(variant_id.to_owned()).or_default().entry(tree_arch.to_owned()).or_default();
        tree.entry(with_epoch(source)).or_default().insert(with_epoch(package), rpm);
        Ok(())
    }

    /// Writes rpms.json.
    ///
    /// # Errors
    /// A value of the compose that the format does not allow.
    pub fn to_json(&self, release: &Release, compose: &Compose) -> Result<String, ProductmdError> {
        json("productmd.rpms", RpmsPayload { compose: compose.section(release)?, rpms: &self.rpms })
    }
}

impl Modules {
    /// Adds a stream of a variant and an architecture, with the path of the modulemd document below the compose and its
    /// packages. Its tag is called as the Module Build Service calls it, since readers ask for one.
    ///
    /// # Errors
    /// A variant, an architecture or a path that the format does not allow.
    pub fn add<'a>(
        &mut self,
        (variant_id, tree_arch): (&str, &str),
        stream: &StreamId,
        modulemd_path: &str,
        packages: impl IntoIterator<Item = &'a Nevra>,
    ) -> Result<(), ProductmdError> {
        variant(variant_id)?;
        arch(tree_arch)?;
        path(modulemd_path)?;
        let StreamId { name, stream, version, context, arch: _ } = stream;
        check("module", name, "a module with a stream", |it| !it.contains(':') && !stream.is_empty())?;
        let context_of =
            |mark: &str| if context.is_empty() { String::new() } else { format!("{mark}{context}") };
        let uid = format!("{name}:{stream}:{version}{}", context_of(":"));
        let metadata = Metadata {
            context: context.clone(),
            koji_tag: format!("module-{name}-{stream}-{version}{}", context_of("-")),
            name: name.clone(),
            stream: stream.clone(),
            uid: uid.clone(),
            version: version.to_string(),
        };
        let module = Module {
            metadata,
            modulemd_path: BTreeMap::from([(Category::Binary, modulemd_path.to_owned())]),
            rpms: packages.into_iter().map(with_epoch).collect(),
        };
        let tree =
            self.modules.entry(variant_id.to_owned()).or_default().entry(tree_arch.to_owned()).or_default();
        tree.insert(uid, module);
        Ok(())
    }

    /// Writes modules.json.
    ///
    /// # Errors
    /// A value of the compose that the format does not allow.
    pub fn to_json(&self, release: &Release, compose: &Compose) -> Result<String, ProductmdError> {
        json(
            "productmd.modules",
            ModulesPayload { compose: compose.section(release)?, modules: &self.modules },
        )
    }
}

/// Writes images.json of a compose without images.
///
/// # Errors
/// A value of the compose that the format does not allow.
pub fn images_json(release: &Release, compose: &Compose) -> Result<String, ProductmdError> {
    let payload = ImagesPayload { compose: compose.section(release)?, images: BTreeMap::new() };
    json("productmd.images", payload)
}
