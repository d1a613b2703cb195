//! What a repository has beside its packages: groups, modules, advisories, a product certificate.

use std::collections::BTreeSet;

use heirloom_formats::Document;
use heirloom_formats::comps::Comps;
use heirloom_model::Digest;
use heirloom_model::record::RepositoryKind;

use super::Writer;
use crate::ComposeError;
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
}
