//! One repository of the tree.

use std::collections::BTreeSet;

use heirloom_formats::Document;
use heirloom_formats::comps::Comps;
use heirloom_formats::repodata::{ExtraRecord, Options, write_repository};
use heirloom_model::record::{ComposedPackage, ComposedRepository, TreeFile};

use super::Writer;
use crate::ComposeError;
use crate::plan::Place;
use crate::sign::Entry;

impl Writer<'_> {
    /// Writes a repository's metadata, and adds its files to the tree's.
    pub(super) fn repository(
        &self,
        place: &Place,
        files: &mut Vec<TreeFile>,
    ) -> Result<ComposedRepository, ComposeError> {
        let path = place.path();
        let mut fragments = Vec::new();
        let mut contents = Vec::new();
        let mut newest = 0;
        for (placement, signed) in self.packages(place) {
            let nevra = placement.accepted.nevra();
            if !self.store.contains(signed.signed) {
                return Err(ComposeError::Lost(nevra.clone()));
            }
            let location = placement.location();
            let file = format!("{path}/{location}");
            files.push(TreeFile { path: file, digest: signed.signed, size: signed.size });
            contents.push(ComposedPackage {
                location,
                nevra: nevra.clone(),
                accepted: signed.package,
                signed: signed.signed,
                size: signed.size,
            });
            let entry = self.store.read(signed.repodata)?;
            let entry: Entry = serde_json::from_slice(&entry)
                .map_err(|source| ComposeError::Kept { nevra: nevra.clone(), source })?;
            newest = newest.max(entry.time);
            fragments.push(entry.fragment);
        }
        let comps = self.comps(place)?;
        let group = comps.iter().map(|comps| ExtraRecord {
            kind: "group",
            file_name: "comps.xml",
            content: comps.as_bytes(),
        });
        let compression = self.release.compression;
        let options = Options { compression, revision: newest.to_string(), timestamp: newest };
        let written = write_repository(&fragments, &group.collect::<Vec<_>>(), &options)
            .map_err(|source| ComposeError::Repodata { repository: place.path(), source })?;
        for part in &written.files {
            files.push(self.keep(format!("{path}/{}", part.location), &part.bytes)?);
        }
        let repomd = written.repomd_xml.as_bytes();
        let signature = self.release.key.sign_detached(repomd, newest).map_err(ComposeError::SignRepomd)?;
        let repomd = self.keep(format!("{path}/repodata/repomd.xml"), repomd)?;
        files.push(self.keep(format!("{path}/repodata/repomd.xml.asc"), signature.as_bytes())?);
        files.push(repomd.clone());
        Ok(ComposedRepository {
            name: place.name.clone(),
            kind: place.kind,
            arch: place.arch.clone(),
            path,
            packages: contents.len(),
            contents: self.json(&contents)?,
            repomd: repomd.digest,
        })
    }

    /// The reference's groups, with those of their packages that the tree has. They need not be in the same
    /// repository: clients put the groups of all together.
    fn comps(&self, place: &Place) -> Result<Option<String>, ComposeError> {
        let of = (place.name.clone(), place.arch.clone());
        let Some(&digest) = self.release.extras.get(&of).and_then(|extras| extras.get("group")) else {
            return Ok(None);
        };
        let bytes = self.store.read(digest)?;
        let document = format!("comps.xml of {}", place.name);
        let comps = Comps::parse(Document::new(&document, &bytes))?;
        let names: BTreeSet<_> =
            self.plan.placements.iter().map(|placement| placement.accepted.nevra().name()).collect();
        Ok(Some(comps.filtered(|package| names.contains(package))))
    }
}
