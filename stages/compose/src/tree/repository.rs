//! One repository of the tree.

use heirloom_formats::repodata::ExtraRecord;
use heirloom_model::record::{ComposedPackage, ComposedRepository, Signed, TreeFile};

use super::Writer;
use super::extras::Extra;
use super::productmd::Done;
use super::seal::REPOMD;
use crate::ComposeError;
use crate::plan::{Place, Placement};
use crate::repodata::{Placed, write_repodata};

impl<'a> Writer<'a> {
    /// Writes a repository's metadata, and adds its files to the tree's.
    pub(super) fn repository(
        &self,
        place: &'a Place,
        extras: &[Extra],
        files: &mut Vec<TreeFile>,
    ) -> Result<(ComposedRepository, Done<'a>), ComposeError> {
        let path = place.path();
        let contents: Vec<_> = self.packages(place).into_iter().map(listed).collect();
        let placed: Vec<_> = contents
            .iter()
            .map(|package| Placed { location: package.location.clone(), digest: package.signed })
            .collect();
        let records: Vec<_> = extras
            .iter()
            .map(|extra| ExtraRecord {
                kind: extra.kind,
                file_name: extra.file_name,
                content: &extra.content,
            })
            .collect();
        let compression = self.release.compression;
        let written = write_repodata(self.store, &path, &placed, &records, compression, self.jobs)?;
        let repomd = self.keep(format!("{path}/{REPOMD}"), written.repomd.as_bytes())?;
        files.push(repomd.clone());
        files.extend(
            written.files.into_iter().map(|file| TreeFile { path: format!("{path}/{}", file.path), ..file }),
        );
        files.extend(contents.iter().map(|package| TreeFile {
            path: format!("{path}/{}", package.location),
            digest: package.signed,
            size: package.size,
        }));
        let modules = files.iter().rev().find(|file| file.path.contains("-modules.yaml"));
        let modules = modules.map(|file| file.path.clone()).filter(|file| file.starts_with(&path));
        let composed = ComposedRepository {
            name: place.name.clone(),
            kind: place.kind,
            arch: place.arch.clone(),
            path,
            packages: contents.len(),
            contents: self.json(&contents)?,
            repomd: repomd.digest,
        };
        Ok((composed, Done { place, contents, repomd, modules, newest: written.newest }))
    }
}

fn listed((placement, signed): (&Placement, &Signed)) -> ComposedPackage {
    ComposedPackage {
        location: placement.location(),
        nevra: placement.accepted.nevra().clone(),
        accepted: signed.package,
        signed: signed.signed,
        size: signed.size,
        because: placement.because.to_string(),
    }
}
