//! Takes another company's name out of the sources, by the distribution's rules.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use heirloom_build::{Builder, Root};
use heirloom_debrand::{Changes, Rules, Script, Skipped, Source};
use heirloom_model::record::{Debranded, Imported, SourceFile};
use heirloom_model::{Digest, Nevra};
use heirloom_store::Store;
use serde::Serialize;

use super::gather::Gathered;
use super::{planning, work};
use crate::context::{Context, processors};
use crate::fail::{Exit, Fail};
use crate::ui::Progress;

/// Raised when the same rules may make something else of the same source.
const EDITION: u32 = 1;

/// What the rules came to.
#[derive(Default)]
pub(crate) struct Debranding {
    /// What they made of each source package that they concern, by name.
    pub(crate) results: BTreeMap<String, Debranded>,
    /// Rules that did nothing in a package and need not, of the packages that were debranded anew.
    pub(crate) skipped: BTreeMap<String, Vec<Skipped>>,
    /// What is wrong.
    pub(crate) faults: Faults,
}

/// Rules that don't hold.
#[derive(Default, Serialize)]
pub(crate) struct Faults {
    /// Packages in which a rule can't do what it says, each with the reasons.
    pub(crate) failed: BTreeMap<String, String>,
    /// Rules that changed nothing in any package.
    pub(crate) idle: Vec<String>,
}

impl Faults {
    pub(crate) fn is_empty(&self) -> bool {
        self.failed.is_empty() && self.idle.is_empty()
    }

    /// All of them, for people.
    pub(crate) fn text(&self) -> String {
        let failed = self.failed.values().map(|why| format!("{}\n", why.trim_end()));
        let idle = self.idle.iter().map(|rule| format!("{rule}\n"));
        failed.chain(idle).collect()
    }
}

/// Puts the debranded sources in the place of upstream's.
pub(crate) fn apply(context: &Context, gathered: &mut Gathered) -> Result<(), Fail> {
    let Debranding { results, faults, .. } = debrand(context, gathered, false)?;
    if !faults.is_empty() {
        return Err(Fail::new(Exit::Definition, faults.text().trim_end()).hint(
            "a rule that changes nothing, or not what it says, is an error: mend it, then `heirloom debrand --check` tries all",
        ));
    }
    for source in &mut gathered.sources {
        if let Some(debranded) = results.get(&source.name) {
            *source = debranded.result.clone();
        }
    }
    gathered.debranded = results;
    Ok(())
}

/// Runs the rules over upstream's sources. What is known from before is not done again, unless `anew`.
pub(crate) fn debrand(context: &Context, gathered: &Gathered, anew: bool) -> Result<Debranding, Fail> {
    let Some(dir) = &context.definition.debrand.rules else { return Ok(Debranding::default()) };
    let dir = context.definition.resolve(dir.get_ref());
    let rules = Rules::load(&dir).map_err(|error| Fail::new(Exit::Definition, error))?;
    let all: Vec<&Imported> = gathered.upstream.iter().chain(&gathered.modular).collect();
    let concerned: Vec<&Imported> =
        all.iter().copied().filter(|source| rules.concerning(plain(&source.name)).next().is_some()).collect();
    let progress = Progress::new("debrand", concerned.len());
    let desk = Desk { context, gathered, rules: &rules, place: OnceLock::new() };
    let mut known: BTreeMap<String, Debranded> =
        context.store.all::<Debranded>()?.into_iter().map(|it| (it.name.clone(), it)).collect();
    let done = work::each(&concerned, processors(), |source| {
        let key = desk.key(source);
        let whole = |it: &&Debranded| {
            !anew
                && it.source == source.digest()
                && it.rules == key
                && it.result.files.iter().all(|file| context.store.contains(file.digest))
        };
        let done = match known.get(&source.name).filter(whole) {
            Some(_) => Ok(None),
            None => desk.debrand(source, key)?.map(Some),
        };
        progress.tick(&source.name);
        Ok::<_, Fail>(done)
    })?;
    let mut debranding = Debranding::default();
    let mut fresh = Vec::new();
    for (source, done) in concerned.iter().zip(done) {
        let name = source.name.clone();
        let debranded = match done {
            Ok(None) => known.remove(&name),
            Ok(Some((debranded, skipped))) => {
                fresh.push(debranded.clone());
                debranding.skipped.insert(name.clone(), skipped);
                Some(debranded)
            }
            Err(why) => {
                debranding.faults.failed.insert(name.clone(), why);
                None
            }
        };
        debranding.results.extend(debranded.map(|it| (name, it)));
    }
    context.store.append_all(&fresh)?;
    // What failed says so itself.
    let tried: Vec<&str> = all.iter().map(|source| plain(&source.name)).collect();
    let edits = debranding.results.values().flat_map(|debranded| &debranded.edits);
    if debranding.faults.failed.is_empty() {
        let idle = rules.idle(tried, edits).into_iter();
        debranding.faults.idle = idle
            .map(|it| format!("{} ({}) changed nothing in any package", it.label, it.rule.purpose))
            .collect();
    }
    let changed = debranding.results.values().filter(|it| !it.edits.is_empty()).count();
    progress.end(&format!("{changed} source packages changed ({} anew)", fresh.len()));
    Ok(debranding)
}

/// A source package's name without the module that it is of.
pub(crate) fn plain(key: &str) -> &str {
    key.split_once('@').map_or(key, |(name, _)| name)
}

/// Reads the files of a source package that one of two states has, and the other has not, or otherwise: before and
/// after.
pub(crate) fn changed_files(
    store: &Store,
    before: &Imported,
    after: &Imported,
) -> Result<[BTreeMap<String, Vec<u8>>; 2], Fail> {
    let digests = |of: &Imported| -> BTreeMap<String, Digest> {
        of.files.iter().map(|file| (file.name.clone(), file.digest)).collect()
    };
    let (old, new) = (digests(before), digests(after));
    let read = |ours: &BTreeMap<String, Digest>, theirs: &BTreeMap<String, Digest>| {
        let differing = ours.iter().filter(|(name, digest)| theirs.get(*name) != Some(*digest));
        differing.map(|(name, digest)| Ok((name.clone(), store.read(*digest)?))).collect::<Result<_, Fail>>()
    };
    Ok([read(&old, &new)?, read(&new, &old)?])
}

/// Where one package after the other is debranded.
struct Desk<'a> {
    context: &'a Context,
    gathered: &'a Gathered,
    rules: &'a Rules,
    /// The sandbox for scripts, made when there is one.
    place: OnceLock<Result<(Builder<'a>, Root), String>>,
}

type Done = Result<(Debranded, Vec<Skipped>), String>;

impl<'a> Desk<'a> {
    fn branch(&self) -> Option<&str> {
        let upstream = &self.context.definition.upstream;
        upstream.branch.as_deref().or(upstream.tags.as_deref())
    }

    /// Digest of all that the result depends on beside the source.
    fn key(&self, source: &Imported) -> Digest {
        let rules = self.rules.digest(plain(&source.name));
        let (dist, branch) = (&self.context.definition.distribution.dist, self.branch());
        let nevra = source.nevra.as_ref().map(ToString::to_string);
        Digest::of(format!("{EDITION} {rules} {dist} {branch:?} {nevra:?} {:?}", source.published).as_bytes())
    }

    /// The inner error is about this package and its rules alone.
    fn debrand(&self, source: &Imported, key: Digest) -> Result<Done, Fail> {
        let store = &self.context.store;
        let digests: BTreeMap<_, _> =
            source.files.iter().map(|file| (file.name.as_str(), file.digest)).collect();
        let read = |name: &str| {
            let digest = digests.get(name).ok_or(std::io::ErrorKind::NotFound)?;
            store.read(*digest).map_err(std::io::Error::other)
        };
        let files = source.files.iter().map(|file| (file.name.clone(), file.size)).collect();
        let evaluated = match self.needs_evaluation(source, &read) {
            true => match self.evaluate(source)? {
                Ok(nevra) => Some(nevra),
                Err(why) => return Ok(Err(why)),
            },
            false => None,
        };
        let to_edit = Source {
            name: plain(&source.name),
            nevra: evaluated.as_ref().or(source.nevra.as_ref()),
            branch: self.branch(),
            dist: Some(&self.context.definition.distribution.dist),
            spec: &source.spec,
            files: &files,
            read: &read,
        };
        let run = |script: &Script<'_>| self.run(source, script).map_err(|fail| fail.message);
        match heirloom_debrand::debrand(&to_edit, self.rules, &run) {
            Err(error) => Ok(Err(error.to_string())),
            Ok(outcome) => {
                let result = self.with(source, &outcome.changes)?;
                let (name, digest) = (source.name.clone(), source.digest());
                let debranded = Debranded { name, source: digest, rules: key, result, edits: outcome.edits };
                Ok(Ok((debranded, outcome.skipped)))
            }
        }
    }

    /// Whether a rule asks for the version, and the spec file has to be run to know it.
    fn needs_evaluation(&self, source: &Imported, read: &dyn Fn(&str) -> std::io::Result<Vec<u8>>) -> bool {
        let mut rules = self.rules.concerning(plain(&source.name));
        let asked = source.nevra.is_none() && rules.any(|(_, rule)| rule.rule.when.version.is_some());
        let dist = Some(self.context.definition.distribution.dist.as_str());
        asked && read(&source.spec).is_ok_and(|spec| heirloom_debrand::identity(&spec, dist).evr().is_none())
    }

    /// The identity by the target's rpmspec, in the sandbox. The inner error is about the spec file.
    fn evaluate(&self, source: &Imported) -> Result<Result<Nevra, String>, Fail> {
        let (builder, root) = self.sandbox()?;
        let (macros, arch) = (self.context.macros(), self.context.arch());
        let evaluated = builder.evaluate(root, &[source], &macros, arch)?;
        Ok(match evaluated.into_iter().next() {
            Some(Ok(evaluated)) => Ok(evaluated.nevra),
            Some(Err(error)) => Err(error.to_string()),
            None => Err(format!("{}: rpmspec gave no answer", source.name)),
        })
    }

    /// The source package with these changes, in the store.
    fn with(&self, source: &Imported, changes: &Changes) -> Result<Imported, Fail> {
        let stays = |file: &&SourceFile| {
            !changes.removed.contains(&file.name) && !changes.written.contains_key(&file.name)
        };
        let mut files: Vec<_> = source.files.iter().filter(stays).cloned().collect();
        for (name, bytes) in &changes.written {
            let digest = self.context.store.put(bytes)?;
            let origin = "the distribution's debrand rules".to_owned();
            files.push(SourceFile { name: name.clone(), digest, size: bytes.len() as u64, origin });
        }
        files.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Imported { files, ..source.clone() })
    }

    /// Runs a rule's script in the base of all buildroots, and tells what it changed.
    fn run(&self, source: &Imported, script: &Script<'_>) -> Result<Changes, Fail> {
        let failed = |message: String| Fail::new(Exit::Build, message);
        let (builder, root) = self.sandbox()?;
        let before = self.with(source, script.changes)?;
        let text =
            std::str::from_utf8(script.content).map_err(|_| failed(format!("{} is no text", script.name)))?;
        let mut variables = vec![("PACKAGE", script.package.to_owned())];
        variables.extend(source.published.map(|time| ("SOURCE_DATE_EPOCH", time.to_string())));
        let after = builder.run_script(root, &before, text, script.arguments, &variables)?.map_err(failed)?;
        let was: BTreeMap<_, _> = before.files.iter().map(|file| (file.name.as_str(), file.digest)).collect();
        let mut changes = Changes::default();
        for (name, digest) in &after {
            if was.get(name.as_str()) != Some(digest) {
                changes.written.insert(name.clone(), self.context.store.read(*digest)?);
            }
        }
        changes
            .removed
            .extend(was.keys().filter(|name| !after.contains_key(**name)).map(ToString::to_string));
        Ok(changes)
    }

    /// The base of all buildroots, made when it is asked for first.
    fn sandbox(&self) -> Result<(&Builder<'a>, &Root), Fail> {
        let make = || {
            let builder = super::builder(self.context)?;
            let root = planning::base_root(self.context, &builder, self.gathered)?.1;
            Ok::<_, Fail>((builder, root))
        };
        match self.place.get_or_init(|| make().map_err(|fail| fail.message)) {
            Ok((builder, root)) => Ok((builder, root)),
            Err(message) => Err(Fail::new(Exit::Build, message)),
        }
    }
}
