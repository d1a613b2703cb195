//! What repositories have beside their packages: groups, modules, advisories, a product certificate. Of the
//! reference's, what fits the packages that are there.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_formats::Document;
use heirloom_formats::comps::Comps;
use heirloom_formats::modulemd::ModuleIndex;
use heirloom_formats::updateinfo::{self, Advisory, Have};
use heirloom_model::gate::ModularFact;
use heirloom_model::record::RepositoryKind;
use heirloom_model::{Digest, Nevra, arch};

use super::{Writer, modules};
use crate::ComposeError;
use crate::label::labels;
use crate::plan::Place;

/// A metadata file to be.
pub(super) struct Extra {
    pub(super) kind: &'static str,
    pub(super) file_name: &'static str,
    pub(super) content: Vec<u8>,
}

/// What was made of the reference's documents, for whoever judges the compose.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// What is wrong with modules.
    pub modular: Vec<ModularFact>,
    /// The advisories of all repositories, each once.
    pub advisories: Vec<Advisory>,
    /// The modules of the repositories that have any.
    pub modules: BTreeMap<Place, ModuleIndex>,
    /// What was left out of the reference's documents, or is amiss with them: one sentence each.
    pub remarks: Vec<String>,
}

/// The documents of the repositories of one architecture.
pub(super) struct Documents<'w, 'a> {
    writer: &'w Writer<'a>,
    /// Packages of each repository: the file, and what it says of its module.
    packages: BTreeMap<&'a Place, BTreeMap<Nevra, (Digest, String)>>,
    comps: BTreeMap<&'a Place, Comps>,
    modules: BTreeMap<&'a Place, ModuleIndex>,
}

impl<'w, 'a> Documents<'w, 'a> {
    /// Reads what the reference offers to the repositories of an architecture.
    pub(super) fn of(writer: &'w Writer<'a>, arch: &str) -> Result<Self, ComposeError> {
        let mut documents =
            Self { writer, packages: BTreeMap::new(), comps: BTreeMap::new(), modules: BTreeMap::new() };
        let here = |place: &&Place| place.kind == RepositoryKind::Binary && place.arch == arch;
        for place in writer.plan.repositories.iter().filter(here) {
            documents.packages.insert(place, documents.labelled(place)?);
            if let Some((name, bytes)) = writer.offered(place, "group")? {
                let comps = Comps::parse(Document::new(&name, &bytes))?;
                documents.comps.insert(place, comps.for_arch(arch::family(arch)));
            }
            if let Some((name, bytes)) = writer.offered(place, "modules")? {
                documents.modules.insert(place, ModuleIndex::parse(Document::new(&name, &bytes))?);
            }
        }
        Ok(documents)
    }

    fn labelled(&self, place: &Place) -> Result<BTreeMap<Nevra, (Digest, String)>, ComposeError> {
        let packages = self.writer.packages(place);
        let signed: Vec<_> = packages.iter().map(|(_, signed)| signed.signed).collect();
        let labels = labels(self.writer.store, &signed, self.writer.jobs)?;
        let facts = signed.iter().copied().zip(labels);
        Ok(packages.iter().map(|(placement, _)| placement.accepted.nevra().clone()).zip(facts).collect())
    }

    /// What each repository is to have, in the order of repomd.xml. What was seen on the way is added to `seen`.
    pub(super) fn select(&self, seen: &mut Seen) -> Result<BTreeMap<&'a Place, Vec<Extra>>, ComposeError> {
        let mut all = BTreeMap::new();
        let modules = self.selected_modules(seen)?;
        for &place in self.packages.keys() {
            let mut extras = Vec::new();
            let mut add = |kind, file_name, content: Vec<u8>| extras.push(Extra { kind, file_name, content });
            if let Some(content) = self.group(place, seen) {
                add("group", "comps.xml", content.into_bytes());
            }
            if let Some(index) = modules.get(place).filter(|index| !index.is_empty()) {
                seen.modules.insert(place.clone(), index.clone());
                add("modules", "modules.yaml", index.to_yaml().into_bytes());
            }
            if let Some(content) = self.updateinfo(place, seen)? {
                add("updateinfo", "updateinfo.xml", content.into_bytes());
            }
            if let Some((_, content)) = self.writer.offered(place, "productid")? {
                add("productid", "productid", content);
            }
            all.insert(place, extras);
        }
        Ok(all)
    }

    /// Groups with those of their packages that the architecture has. They need not be in the same repository: clients
    /// put the groups of all together.
    fn group(&self, place: &Place, seen: &mut Seen) -> Option<String> {
        let comps = self.comps.get(place)?;
        let names: BTreeSet<_> =
            self.packages.values().flat_map(BTreeMap::keys).map(heirloom_model::Nevra::name).collect();
        let groups = self.comps.values().flat_map(|comps| &comps.groups);
        let groups: BTreeSet<_> = groups.map(|group| group.id.as_str()).collect();
        let findings = comps.findings(|name| names.contains(name), |group| groups.contains(group));
        seen.remark(place, findings);
        Some(comps.only(|name| names.contains(name), |group| groups.contains(group)).to_xml())
    }

    /// Modules of which a repository has all packages, with the default streams of the definition.
    fn selected_modules(&self, seen: &mut Seen) -> Result<BTreeMap<&'a Place, ModuleIndex>, ComposeError> {
        let mut all = BTreeMap::new();
        for (&place, index) in &self.modules {
            let packages = self.with_labels(place);
            let selected = modules::select(index, place, &packages, self.writer.release.default_streams)?;
            for finding in selected.findings {
                match modules::fact(place, &finding) {
                    Some(fact) => seen.modular.push(fact),
                    None => seen.remark(place, [finding]),
                }
            }
            all.insert(place, selected.index);
        }
        for (&place, index) in &all {
            let others: Vec<_> = all.iter().filter(|(other, _)| **other != place).map(|(_, it)| it).collect();
            let ordinary = self.packages.values().flatten();
            let ordinary: BTreeSet<_> =
                ordinary.filter(|(_, (_, label))| label.is_empty()).map(|(nevra, _)| nevra.clone()).collect();
            let packages = self.with_labels(place);
            let platform = self.writer.release.platform_id.trim_start_matches("platform:");
            let findings = modules::judge(index, place, &packages, &ordinary, &others, platform);
            seen.modular.extend(findings.iter().filter_map(|finding| modules::fact(place, finding)));
        }
        seen.modular.sort();
        seen.modular.dedup();
        Ok(all)
    }

    fn with_labels(&self, place: &Place) -> BTreeMap<Nevra, String> {
        let packages = self.packages.get(place).into_iter().flatten();
        packages.map(|(nevra, (_, label))| (nevra.clone(), label.clone())).collect()
    }

    /// Advisories about packages that the repository has.
    fn updateinfo(&self, place: &Place, seen: &mut Seen) -> Result<Option<String>, ComposeError> {
        let Some((name, bytes)) = self.writer.offered(place, "updateinfo")? else { return Ok(None) };
        let advisories = updateinfo::parse(Document::new(&name, &bytes))?;
        let own = self.packages.get(place).into_iter().flatten();
        let own = own.map(|(nevra, (digest, _))| (nevra.clone(), *digest)).collect();
        let others = self.packages.iter().filter(|(other, _)| **other != place);
        let elsewhere = others.flat_map(|(_, packages)| packages.keys().cloned()).collect();
        let selected = updateinfo::select(
            advisories,
            &Have {
                arch: arch::family(&place.arch),
                packages: &own,
                renamed: self.writer.release.renamed,
                elsewhere: &elsewhere,
            },
        );
        let lost = selected.findings.iter().filter(|finding| !finding.is_for_others());
        seen.remark(place, lost);
        let xml = updateinfo::to_xml(&selected.advisories);
        seen.advisories.extend(selected.advisories);
        Ok(Some(xml))
    }
}

impl Seen {
    fn remark(&mut self, place: &Place, findings: impl IntoIterator<Item = impl std::fmt::Display>) {
        let remark = |finding| format!("{} ({}): {finding}", place.name, place.arch);
        self.remarks.extend(findings.into_iter().map(remark));
    }
}

impl Writer<'_> {
    /// A document of the reference for a repository, with a name for messages.
    fn offered(&self, place: &Place, kind: &str) -> Result<Option<(String, Vec<u8>)>, ComposeError> {
        let of = (place.name.clone(), place.arch.clone());
        let Some(digest) = self.release.extras.get(&of).and_then(|extras| extras.get(kind)) else {
            return Ok(None);
        };
        Ok(Some((format!("{kind} of {} ({})", place.name, place.arch), self.store.read(*digest)?)))
    }
}
