//! Reading .treeinfo.

use std::collections::{BTreeMap, BTreeSet};

use super::{PATHS, TreeInfo, TreeVariant};
use crate::checksum::Checksum;
use crate::document::Document;
use crate::productmd::ProductmdError;
use crate::productmd::ini::Ini;

/// A file that is read, and what it is called.
struct Source<'a> {
    document: &'a str,
    ini: Ini,
}

impl TreeInfo {
    /// Reads .treeinfo of productmd's format, version 1.
    ///
    /// # Errors
    /// It is no such file, lacks something, or has values that would not be written, such as absolute paths.
    pub fn parse(document: Document<'_>) -> Result<Self, ProductmdError> {
        let source = Source { document: document.name, ini: Ini::parse(document)? };
        if !source.need("header", "version")?.starts_with("1.") {
            return Err(source.failed("expected a header of version 1 of productmd's format"));
        }
        let ids: BTreeSet<String> = list(&source.need("tree", "variants")?);
        let main = source.ini.get("general", "variant").filter(|id| ids.contains(*id)).map(str::to_owned);
        let name = source.need("release", "name")?;
        let arch = source.need("tree", "arch")?;
        let mut platforms = list(&source.need("tree", "platforms")?);
        platforms.insert(arch.clone());
        let tree = Self {
            // Early writers had no short name.
            short: source.ini.get("release", "short").unwrap_or(&name).to_owned(),
            name,
            version: source.need("release", "version")?,
            arch,
            platforms,
            build_timestamp: source.timestamp()?,
            main_variant: main.or_else(|| ids.first().cloned()).unwrap_or_default(),
            variants: ids.into_iter().map(|id| source.variant(id)).collect::<Result<_, _>>()?,
            checksums: source.checksums()?,
            images: source.images(),
            main_image: source.ini.get("stage2", "mainimage").map(str::to_owned),
        };
        tree.check()?;
        Ok(tree)
    }
}

fn list(text: &str) -> BTreeSet<String> {
    text.split(',').filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

impl Source<'_> {
    fn failed(&self, message: &str) -> ProductmdError {
        ProductmdError::Format { document: self.document.to_owned(), message: message.to_owned() }
    }

    fn need(&self, section: &str, key: &str) -> Result<String, ProductmdError> {
        let missing = || self.failed(&format!("expected `{key}` in section [{section}]"));
        self.ini.get(section, key).map(str::to_owned).ok_or_else(missing)
    }

    /// Some writers give a number with a fraction.
    fn timestamp(&self) -> Result<u64, ProductmdError> {
        let time = self.need("tree", "build_timestamp")?;
        let seconds = time.split('.').next().and_then(|seconds| seconds.parse().ok());
        seconds
            .ok_or_else(|| self.failed("expected seconds since 1970 as `build_timestamp` in section [tree]"))
    }

    fn variant(&self, id: String) -> Result<(String, TreeVariant), ProductmdError> {
        let section = format!("variant-{id}");
        let name = self.need(&section, "name")?;
        let paths = PATHS.iter().filter_map(|kind| Some((*kind, self.ini.get(&section, kind)?)));
        let paths = paths.map(|(kind, place)| (kind.to_owned(), place.to_owned())).collect();
        Ok((id, TreeVariant { name, paths }))
    }

    /// Old ones have the digits alone.
    fn checksums(&self) -> Result<BTreeMap<String, Checksum>, ProductmdError> {
        let checksum = |(place, value): (&str, &str)| {
            let digits = value.rsplit_once(':').map_or(value, |(_, digits)| digits);
            let checksum: Checksum =
                digits.parse().map_err(|error| self.failed(&format!("{place}: {error}")))?;
            Ok((place.to_owned(), checksum))
        };
        self.ini.section("checksums").map(checksum).collect()
    }

    fn images(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        let platforms = self.ini.sections().filter_map(|section| section.strip_prefix("images-"));
        let of = |platform: &str| {
            let images = self.ini.section(&format!("images-{platform}"));
            let images = images.map(|(name, place)| (name.to_owned(), place.to_owned())).collect();
            (platform.to_owned(), images)
        };
        platforms.map(of).collect()
    }
}
