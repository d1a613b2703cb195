//! Lists of parts, from the store.

use std::collections::BTreeMap;

use heirloom_attest::{BuildParts, Present, Says, SourceSays, bill_of_build, bill_of_release};
use heirloom_formats::rpm_file::Header;
use heirloom_formats::sbom::{Bill, Maker};
use heirloom_import::history::shown_origin;
use heirloom_model::record::{Built, Composed, ComposedPackage, Snapshot, SourceFile};
use heirloom_model::{Digest, Nevra, Package};

use super::{Evidence, VERSION};
use crate::context::processors;
use crate::fail::{Exit, Fail};
use crate::flow::work;

impl Evidence<'_> {
    /// The list of a build's parts, as users get them.
    pub(crate) fn bill_of(
        &self,
        built: &Built,
        composed: &BTreeMap<Digest, ComposedPackage>,
    ) -> Result<Bill, Fail> {
        let action = self.action(built)?;
        let parts = self.parts(built, &action, composed)?;
        let packages = built.packages.iter().map(|package| self.present(package, composed));
        let packages = packages.collect::<Result<Vec<_>, Fail>>()?;
        Ok(bill_of_build(self.maker(), &parts, &packages, &|digest| self.own.contains(&digest)))
    }

    fn present<'p>(
        &self,
        package: &'p Package,
        composed: &BTreeMap<Digest, ComposedPackage>,
    ) -> Result<Present<'p>, Fail> {
        let delivered = self.delivered(package.digest, composed);
        let header = self.open(&package.nevra, [package.digest, delivered])?;
        Ok(Present {
            nevra: &package.nevra,
            accepted: package.digest,
            delivered,
            source_rpm: &package.source_rpm,
            says: Says::of(&header),
            is_foreign: false,
        })
    }

    /// The list of the newest compose's parts.
    pub(crate) fn bill_of_release(&self) -> Result<Bill, Fail> {
        let composed = self.composed()?;
        if composed.is_empty() {
            return Err(Fail::new(Exit::Failed, "nothing is composed yet").hint("run `heirloom compose`"));
        }
        let builds = self.chosen(&[])?;
        let actions = work::each(&builds, processors(), |built| self.action(built))?;
        let pairs: Vec<_> = builds.iter().zip(&actions).collect();
        let parts = work::each(&pairs, processors(), |(built, action)| self.parts(built, action, &composed))?;
        let binary: Vec<_> = composed.values().filter(|package| package.nevra.arch() != "src").collect();
        let vendor = &self.context.definition.distribution.vendor;
        let read = work::each(&binary, processors(), |package| {
            let header = self.open(&package.nevra, [package.accepted, package.signed])?;
            Ok::<_, Fail>((Says::of(&header), header.info.source_rpm.clone(), header.info.build_time))
        })?;
        let built = read.iter().map(|(_, _, time)| *time).max().unwrap_or_default();
        let present = binary.iter().zip(&read).map(|(package, (says, source_rpm, _))| Present {
            nevra: &package.nevra,
            accepted: package.accepted,
            delivered: package.signed,
            source_rpm,
            says: says.clone(),
            is_foreign: !self.own.contains(&package.accepted) && says.vendor != *vendor,
        });
        let present: Vec<_> = present.collect();
        let (name, created) =
            (&self.context.definition.distribution.name, self.composed_at()?.unwrap_or(built));
        let is_own = |digest: Digest| self.own.contains(&digest);
        Ok(bill_of_release(self.maker(), name, created, &parts, &present, &is_own))
    }

    fn parts<'b>(
        &self,
        built: &'b Built,
        action: &'b heirloom_model::record::Action,
        composed: &BTreeMap<Digest, ComposedPackage>,
    ) -> Result<BuildParts<'b>, Fail> {
        let delivered_source = self.delivered(built.source.digest, composed);
        let header = self.open(&built.source.nevra, [built.source.digest, delivered_source])?;
        let known = self.source(action).map_or(&[][..], |source| &source.built.files);
        let file = |(name, digest): &(String, Digest)| {
            let known = known.iter().find(|file| file.name == *name && file.digest == *digest);
            let (size, origin) = known.map_or((0, ""), |file| (file.size, file.origin.as_str()));
            SourceFile { name: name.clone(), digest: *digest, size, origin: shown_origin(origin) }
        };
        let files = action.sources.iter().map(file).collect();
        Ok(BuildParts { built, action, delivered_source, says: SourceSays::of(&header), files })
    }

    /// The file that users get of a package: signed as the newest compose has it, else as it was signed last, else as it
    /// was built.
    fn delivered(&self, package: Digest, composed: &BTreeMap<Digest, ComposedPackage>) -> Digest {
        let signed = || self.signed.get(&package).and_then(|forms| forms.last()).map(|form| form.signed);
        composed.get(&package).map(|it| it.signed).or_else(signed).unwrap_or(package)
    }

    /// The header of a package, of whichever of its forms is there.
    fn open(&self, nevra: &Nevra, forms: [Digest; 2]) -> Result<Header, Fail> {
        let store = &self.context.store;
        let there = forms.into_iter().find(|form| store.contains(*form));
        let there = there.ok_or_else(|| {
            Fail::new(Exit::Failed, format!("{nevra} is not in the store any more"))
                .hint("`heirloom rebuild` brings it back")
        })?;
        Header::open(&store.path(there)).map_err(|error| Fail::new(Exit::Failed, error))
    }

    fn maker(&self) -> Maker {
        let distribution = &self.context.definition.distribution;
        Maker {
            id: distribution.id.get_ref().clone(),
            version: distribution.version.clone(),
            organisation: distribution.vendor.clone(),
            home: distribution.home_url.clone(),
            tool_version: VERSION.to_owned(),
        }
    }

    /// When the newest compose became a snapshot first.
    fn composed_at(&self) -> Result<Option<u64>, Fail> {
        let store = &self.context.store;
        let Some(composed) = store.get::<Composed>("compose")? else { return Ok(None) };
        let snapshots = store.history::<Snapshot>()?.into_iter();
        Ok(snapshots.map(|it| it.record).find(|it| it.composed.id == composed.id).map(|it| it.made))
    }
}
