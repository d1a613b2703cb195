//! What a repository has beside its packages: groups, modules, advisories, a product certificate.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_formats::Document;
use heirloom_formats::comps::Comps;
use heirloom_formats::modulemd::{ModuleIndex, Wanted};
use heirloom_model::record::RepositoryKind;
use heirloom_model::{Digest, arch};

use super::Writer;
use crate::ComposeError;
use crate::label::labels;
use crate::plan::Place;

/// A metadata file to be.
pub(super) struct Extra {
    pub(super) kind: &'static str,
    pub(super) file_name: &'static str,
    pub(super) content: Vec<u8>,
}

impl Writer<'_> {
    /// What this repository is to have, in the order of repomd.xml. Twins have nothing.
    pub(super) fn extras(&self, place: &Place) -> Result<Vec<Extra>, ComposeError> {
        if place.kind != RepositoryKind::Binary {
            return Ok(Vec::new());
        }
        let mut extras = Vec::new();
        if let Some(digest) = self.offered(place, "group") {
            let content = self.comps(place, digest)?;
            extras.push(Extra { kind: "group", file_name: "comps.xml", content });
        }
        if let Some(digest) = self.offered(place, "modules")
            && let Some(content) = self.modules(place, digest)?
        {
            extras.push(Extra { kind: "modules", file_name: "modules.yaml", content });
        }
        if let Some(digest) = self.offered(place, "productid") {
            let content = self.store.read(digest)?;
            extras.push(Extra { kind: "productid", file_name: "productid", content });
        }
        Ok(extras)
    }

    fn offered(&self, place: &Place, kind: &str) -> Option<Digest> {
        let of = (place.name.clone(), place.arch.clone());
        self.release.extras.get(&of).and_then(|extras| extras.get(kind)).copied()
    }

    /// The reference's groups, with those of their packages that the tree has. They need not be in the same
    /// repository: clients put the groups of all together.
    fn comps(&self, place: &Place, digest: Digest) -> Result<Vec<u8>, ComposeError> {
        let bytes = self.store.read(digest)?;
        let document = format!("comps.xml of {}", place.name);
        let comps = Comps::parse(Document::new(&document, &bytes))?;
        let here = self.plan.placements.iter().filter(|placement| {
            placement.place.arch == place.arch && placement.place.kind == RepositoryKind::Binary
        });
        let names: BTreeSet<_> = here.map(|placement| placement.accepted.nevra().name()).collect();
        Ok(comps.filtered(|package| names.contains(package)).into_bytes())
    }

    /// The reference's modules of which the repository has all packages, with the default streams of the definition.
    fn modules(&self, place: &Place, digest: Digest) -> Result<Option<Vec<u8>>, ComposeError> {
        let bytes = self.store.read(digest)?;
        let document = format!("modules.yaml of {}", place.name);
        let index = ModuleIndex::parse(Document::new(&document, &bytes))?;
        let packages = self.packages(place);
        let signed: Vec<_> = packages.iter().map(|(_, signed)| signed.signed).collect();
        let labels = labels(self.store, &signed, self.jobs)?;
        let nevras = packages.iter().map(|(placement, _)| placement.accepted.nevra().clone());
        let packages: BTreeMap<_, _> = nevras.zip(labels).collect();
        let modules: BTreeSet<_> = index.streams.iter().map(|stream| &stream.id.name).collect();
        // Other repositories' modules are theirs.
        let own = self.release.default_streams.iter().filter(|(module, _)| modules.contains(module));
        let default_streams = own.map(|(module, stream)| (module.clone(), stream.clone())).collect();
        let selected = index.select(&Wanted {
            arch: arch::family(&place.arch),
            packages: &packages,
            default_streams: &default_streams,
            cut: false,
        })?;
        Ok((!selected.index.is_empty()).then(|| selected.index.to_yaml().into_bytes()))
    }
}
