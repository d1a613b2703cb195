//! What is known of upstream's packages here: what they are called, how far each source package came, what is published.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use heirloom_formats::evr;
use heirloom_model::advisory::Fixed;
use heirloom_model::stream::StreamId;
use heirloom_model::{DistMap, Evr, Nevra};

/// How far a source package came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The definition leaves it out, for this reason.
    Excluded(String),
    /// It was seen, and is not imported.
    Seen,
    /// It can't be imported, for this reason.
    Unimportable(String),
    /// It is imported; its build is to come.
    Imported,
    /// Its build failed, for this reason.
    Failed(String),
    /// It is built; its comparison is to come.
    Built,
    /// Its packages may not be signed, for this reason.
    Refused(String),
    /// Its packages may be signed; they are not published.
    Accepted,
}

/// A source package of upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// Name and stream of the module that it is a component of.
    pub module: Option<(String, String)>,
    /// The newest version of it that was seen, as upstream calls it; none if upstream does not tell without its spec file
    /// being run.
    pub seen: Option<Evr>,
    /// How far that came.
    pub stage: Stage,
    /// Names of the packages that it makes, as far as they are known.
    pub makes: BTreeSet<String>,
}

/// A package that machines can install.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Identity.
    pub nevra: Nevra,
    /// The stream that it says it is of.
    pub module: Option<StreamId>,
    /// Its source package.
    pub source: Option<Nevra>,
}

/// An advisory that is declared not to concern the distribution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotApplicable {
    /// Its id, as upstream has it.
    pub advisory: String,
    /// Why.
    pub why: String,
}

/// All that accounts of advisories rest on.
#[derive(Clone, Debug, Default)]
pub struct Ground {
    /// The major version: `9`.
    pub major: String,
    /// Architectures of packages that machines can install; `noarch` is one.
    pub arches: BTreeSet<String>,
    /// What is called otherwise here, by upstream's name of it: as comparisons paired them.
    pub renamed: BTreeMap<Nevra, Nevra>,
    /// Source packages that upstream's packages were built from, as upstream's repositories say.
    pub origins: HashMap<Nevra, String>,
    /// Names of the packages that upstream's repositories offer to machines like ours; empty if none are followed.
    pub offered: BTreeSet<String>,
    /// Release tags that mean the same.
    pub dist: DistMap,
    /// Source packages by name.
    pub sources: BTreeMap<String, Vec<Source>>,
    /// What is published, by name.
    pub published: BTreeMap<String, Vec<Published>>,
    /// What was declared.
    pub not_applicable: Vec<NotApplicable>,
}

/// What became of one package of an advisory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Machines can install the fix: these packages have it first, by architecture.
    Shipped(Vec<Fixed>),
    /// It is not for machines of the distribution, for this reason.
    NotOurs(String),
    /// It will be, when what is under way has ended.
    Building(String),
    /// It will not be, unless this is mended.
    Blocked(String),
    /// Nothing of it has begun.
    Pending(String),
}

impl Ground {
    /// Puts published packages where they are found by name.
    pub fn publish(&mut self, packages: impl IntoIterator<Item = Published>) {
        for package in packages {
            self.published.entry(package.nevra.name().to_owned()).or_default().push(package);
        }
    }

    /// The order of upstream's version and ours, release tags that mean the same left aside.
    fn compare(&self, upstream: &Evr, ours: &Evr) -> Ordering {
        evr::compare_mapped(&self.dist, upstream, ours)
    }

    /// What became of a package that has a fix upstream.
    pub(crate) fn find(&self, fixed: &Fixed) -> Found {
        if !fixed.major.is_empty() && fixed.major != self.major {
            return Found::NotOurs(format!("it is for version {}", fixed.major));
        }
        if let Some(arch) = fixed.arch().filter(|arch| !self.arches.contains(*arch)) {
            return Found::NotOurs(format!("it is for {arch}"));
        }
        let shipped = self.shipped(fixed);
        if !shipped.is_empty() {
            return Found::Shipped(shipped);
        }
        self.under_way(fixed)
    }

    /// Of a package of which no architecture is said: one of each architecture that is published without the fix, though
    /// another one has it.
    pub(crate) fn lacking(&self, fixed: &Fixed) -> Vec<(Fixed, Found)> {
        if fixed.arch().is_some() {
            return Vec::new();
        }
        let shipped: BTreeSet<String> =
            self.shipped(fixed).iter().filter_map(|one| one.arch().map(str::to_owned)).collect();
        // A package that became one for all architectures, or stopped being so, is there for all.
        if shipped.is_empty() || shipped.contains("noarch") {
            return Vec::new();
        }
        let published = self.published.get(fixed.name()).into_iter().flatten();
        let is_its_stream = |one: &&Published| {
            one.module.as_ref().map(StreamId::enabled) == fixed.module.as_ref().map(StreamId::enabled)
        };
        let arches: BTreeSet<&str> = published.filter(is_its_stream).map(|one| one.nevra.arch()).collect();
        let lacking = arches.into_iter().filter(|arch| *arch != "noarch" && !shipped.contains(*arch));
        let one = |arch: &str| {
            let one = Fixed::new(fixed.name(), fixed.evr().clone(), Some(arch)).ok()?;
            let one =
                one.of_major(&fixed.major).of_module(fixed.module.clone()).of_source(fixed.source.clone());
            Some((one.clone(), self.under_way(&one)))
        };
        lacking.filter_map(one).collect()
    }

    /// The packages that have a fix first, by architecture.
    fn shipped(&self, fixed: &Fixed) -> Vec<Fixed> {
        let is_its_stream = |one: &&Published| {
            one.module.as_ref().map(StreamId::enabled) == fixed.module.as_ref().map(StreamId::enabled)
        };
        let has_arch = |one: &&Published| fixed.arch().is_none_or(|arch| arch == one.nevra.arch());
        let all = self.published.get(fixed.name()).into_iter().flatten();
        let mut first: BTreeMap<&str, (&Published, Evr)> = BTreeMap::new();
        for one in all.filter(is_its_stream).filter(has_arch) {
            // What it is called here, if it was ever compared with what upstream has; else whatever is not older.
            let known = Nevra::new(fixed.name(), fixed.evr().clone(), one.nevra.arch()).ok();
            let known = known.and_then(|theirs| self.renamed.get(&theirs));
            let has_fix = match known {
                Some(ours) => evr::compare(ours.evr(), one.nevra.evr()) != Ordering::Greater,
                None => self.compare(fixed.evr(), one.nevra.evr()) != Ordering::Greater,
            };
            if !has_fix {
                continue;
            }
            let begins = known.map_or_else(|| one.nevra.evr().clone(), |ours| ours.evr().clone());
            let is_better = first
                .get(one.nevra.arch())
                .is_none_or(|(_, there)| evr::compare(&begins, there) == Ordering::Less);
            if is_better {
                first.insert(one.nevra.arch(), (one, begins));
            }
        }
        let made = first.into_iter().filter_map(|(arch, (one, begins))| {
            let source = one.source.clone().filter(|_| one.nevra.evr() == &begins);
            let made = Fixed::new(fixed.name(), begins, Some(arch)).ok()?;
            Some(made.of_major(&self.major).of_module(one.module.clone()).of_source(source))
        });
        made.collect()
    }

    /// How far the source package came that has the fix.
    fn under_way(&self, fixed: &Fixed) -> Found {
        let origin = || self.origins.get(&fixed.nevra()?)?.strip_suffix(".rpm")?.parse::<Nevra>().ok();
        let of_origin = if fixed.source.is_none() { origin() } else { None };
        let source = fixed.source.as_ref().or(of_origin.as_ref());
        let module = fixed.module.as_ref().map(|module| (module.name.clone(), module.stream.clone()));
        let named = |name: &str| self.sources.get(name).into_iter().flatten();
        let is_its_module = |one: &&Source| one.module == module;
        let known = match &source {
            Some(source) => named(source.name()).find(is_its_module),
            None => {
                let by_name = named(fixed.name()).find(is_its_module);
                let makes = |one: &&Source| one.makes.contains(fixed.name());
                by_name.or_else(|| self.sources.values().flatten().filter(makes).find(is_its_module))
            }
        };
        let Some(known) = known else {
            if !self.offered.is_empty() && !self.offered.contains(fixed.name()) && fixed.module.is_none() {
                return Found::NotOurs(format!("no repository that is followed offers {}", fixed.name()));
            }
            let of = source.map_or_else(|| fixed.to_string(), ToString::to_string);
            return Found::Pending(format!("nothing is known of the source of {of}"));
        };
        let name = &known.name;
        if let Stage::Excluded(why) = &known.stage {
            return Found::NotOurs(format!("{name} is left out: {why}"));
        }
        // Where its source package is not known, the package's own version says whether what came is older.
        let wanted = source.map_or(fixed.evr(), Nevra::evr);
        let is_older = |seen: &Evr| {
            // The name of a file has no epoch.
            let same_epoch = || Evr::new(seen.epoch(), wanted.version(), wanted.release()).ok();
            let wanted = of_origin.as_ref().and_then(|_| same_epoch()).unwrap_or_else(|| wanted.clone());
            self.compare(&wanted, seen) == Ordering::Greater
        };
        if let Some(seen) = known.seen.as_ref().filter(|seen| is_older(seen)) {
            return Found::Pending(format!("{name}-{wanted} has not come yet: {seen} is the newest"));
        }
        match &known.stage {
            Stage::Excluded(why) => Found::NotOurs(why.clone()),
            Stage::Seen => Found::Pending(format!("{name} is there upstream, and not imported")),
            Stage::Unimportable(why) => Found::Blocked(format!("{name} can't be imported: {why}")),
            Stage::Imported => match known.module {
                Some(_) => Found::Pending(format!("{name} is imported; components of modules are not built")),
                None => Found::Building(format!("{name} is imported, and to be built")),
            },
            Stage::Failed(why) => Found::Blocked(format!("{name} does not build: {why}")),
            Stage::Built => Found::Building(format!("{name} is built, and to be compared")),
            Stage::Refused(why) => Found::Blocked(format!("{name} may not be signed: {why}")),
            Stage::Accepted => Found::Building(format!("{name} is accepted, and to be published")),
        }
    }
}
