//! What of an index fits the packages that a repository has.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_model::Nevra;

use super::{Defaults, ModuleFinding, ModuleIndex, ModulemdError, Stream, StreamId, edit};
use crate::belongs::belongs;

/// What a repository has, and is to say about it.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Its architecture.
    pub arch: &'a str,
    /// Its packages, with what each says of its module (RPMTAG_MODULARITYLABEL; empty if it says nothing).
    pub packages: &'a BTreeMap<Nevra, String>,
    /// Default streams by module, which count instead of the reference's.
    pub default_streams: &'a BTreeMap<String, String>,
    /// Whether a stream of which some packages are missing stays, with the rest. Otherwise it is dropped.
    pub cut: bool,
}

/// What is to be written, and what was seen on the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selected {
    /// The documents that are left, sorted by what they are about.
    pub index: ModuleIndex,
    /// What was dropped or is amiss, sorted.
    pub findings: Vec<ModuleFinding>,
}

impl ModuleIndex {
    /// The documents that fit a repository's packages. A stream stays if all its packages for the architecture are there;
    /// what is about modules that are gone goes with them.
    ///
    /// # Errors
    /// An artifact or a default stream is written in a form that can't be replaced.
    pub fn select(&self, wanted: &Wanted<'_>) -> Result<Selected, ModulemdError> {
        let mut selected = Selected::default();
        for stream in &self.streams {
            selected.stream(stream, wanted)?;
        }
        selected.index.streams.sort_by(|a, b| a.id.cmp(&b.id));
        selected.once();
        selected.companions(self);
        selected.defaults(&self.defaults, wanted)?;
        selected.findings.sort();
        selected.findings.dedup();
        Ok(selected)
    }
}

impl Selected {
    fn stream(&mut self, stream: &Stream, wanted: &Wanted<'_>) -> Result<(), ModulemdError> {
        let id = || stream.id.clone();
        if !["", wanted.arch].contains(&stream.id.arch.as_str()) {
            self.findings.push(ModuleFinding::OtherArchitecture { stream: id() });
            return Ok(());
        }
        let own: Vec<_> = stream.artifacts.iter().filter(|package| belongs(package, wanted.arch)).collect();
        let (there, missing): (BTreeSet<&Nevra>, BTreeSet<&Nevra>) =
            own.into_iter().partition(|package| wanted.packages.contains_key(*package));
        if there.is_empty() {
            self.findings.push(ModuleFinding::Empty { stream: id() });
            return Ok(());
        }
        if missing.is_empty() {
            self.index.streams.push(stream.clone());
            return Ok(());
        }
        if wanted.cut {
            self.index.streams.push(without(stream, &missing)?);
        }
        let missing = missing.into_iter().cloned().collect();
        self.findings.push(ModuleFinding::Incomplete { stream: id(), missing });
        Ok(())
    }

    /// Leaves one document of each stream: the first one.
    fn once(&mut self) {
        self.findings.extend(super::gate::twice(&self.index));
        self.index.streams.dedup_by(|later, earlier| later.id == earlier.id);
    }

    /// Obsoletes and translations; and what packagers' documents there were.
    fn companions(&mut self, all: &ModuleIndex) {
        let streams = Streams::of(&self.index);
        let is_there = |module: &str| streams.modules.contains_key(module);
        let (kept, gone): (Vec<_>, Vec<_>) = all.obsoletes.iter().partition(|it| is_there(&it.module));
        let translations = all.translations.iter().filter(|it| streams.has(&it.module, &it.stream));
        let translations = translations.cloned().collect();
        self.index.obsoletes = kept.into_iter().cloned().collect();
        self.index.translations = translations;
        self.findings
            .extend(gone.into_iter().map(|it| ModuleFinding::ModuleGone { module: it.module.clone() }));
        self.findings.extend(
            all.packagers.iter().map(|packager| ModuleFinding::Packager {
                module: packager.name.clone().unwrap_or_default(),
            }),
        );
        self.findings.extend(successors(&self.index));
        self.index.obsoletes.sort_by(|a, b| (&a.module, &a.stream).cmp(&(&b.module, &b.stream)));
        self.index.translations.sort_by(|a, b| (&a.module, &a.stream).cmp(&(&b.module, &b.stream)));
    }

    fn defaults(&mut self, all: &[Defaults], wanted: &Wanted<'_>) -> Result<(), ModulemdError> {
        let modules: BTreeSet<String> = self.index.streams.iter().map(|it| it.id.name.clone()).collect();
        for defaults in all {
            if !modules.contains(&defaults.module) {
                self.findings.push(ModuleFinding::ModuleGone { module: defaults.module.clone() });
                continue;
            }
            let stream = wanted.default_streams.get(&defaults.module);
            self.index.defaults.push(match stream {
                Some(stream) => with_default(defaults, stream)?,
                None => defaults.clone(),
            });
        }
        for (module, stream) in wanted.default_streams {
            let (module, stream) = (module.clone(), stream.clone());
            if !modules.contains(&module) {
                self.findings.push(ModuleFinding::DefaultOfNothing { module, stream });
            } else if !self.index.defaults.iter().any(|defaults| defaults.module == module) {
                let made = Defaults::of(&module, &stream).map_err(|message| failed(&module, message))?;
                self.index.defaults.push(made);
            }
        }
        self.index.defaults.sort_by(|a, b| (&a.module, &a.text).cmp(&(&b.module, &b.text)));
        self.index.defaults.dedup();
        self.findings.extend(missing_defaults(&self.index));
        Ok(())
    }
}

/// The streams of an index by module.
pub(super) struct Streams<'a> {
    pub(super) modules: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Streams<'a> {
    pub(super) fn of(index: &'a ModuleIndex) -> Self {
        let mut streams = Self { modules: BTreeMap::new() };
        streams.add(index);
        streams
    }

    pub(super) fn add(&mut self, index: &'a ModuleIndex) {
        for StreamId { name, stream, .. } in index.streams.iter().map(|stream| &stream.id) {
            self.modules.entry(name).or_default().insert(stream);
        }
    }

    pub(super) fn has(&self, module: &str, stream: &str) -> bool {
        self.modules.get(module).is_some_and(|streams| streams.contains(stream))
    }
}

/// Default streams that are not there.
pub(super) fn missing_defaults(index: &ModuleIndex) -> Vec<ModuleFinding> {
    let streams = Streams::of(index);
    let mut findings = Vec::new();
    for defaults in &index.defaults {
        let of_intents = defaults.intents.iter().map(|(name, intent)| (Some(name.clone()), &intent.stream));
        for (intent, stream) in of_intents.chain([(None, &defaults.stream)]) {
            if let Some(stream) = stream.as_ref().filter(|stream| !streams.has(&defaults.module, stream)) {
                let (module, stream) = (defaults.module.clone(), stream.clone());
                findings.push(ModuleFinding::DefaultMissing { module, stream, intent });
            }
        }
    }
    findings
}

/// Streams that should take the place of others, and are not there.
pub(super) fn successors(index: &ModuleIndex) -> Vec<ModuleFinding> {
    let streams = Streams::of(index);
    let missing = index.obsoletes.iter().filter(|it| !it.reset).filter_map(|obsoletes| {
        let (module, stream) = obsoletes.obsoleted_by.as_ref()?;
        (!streams.has(module, stream)).then(|| ModuleFinding::SuccessorMissing {
            module: obsoletes.module.clone(),
            stream: obsoletes.stream.clone(),
            successor: format!("{module}:{stream}"),
        })
    });
    missing.collect()
}

/// A stream without some of its packages.
fn without(stream: &Stream, missing: &BTreeSet<&Nevra>) -> Result<Stream, ModulemdError> {
    let failed = |message: String| ModulemdError::Edit {
        subject: format!("document of stream {}", stream.id),
        message: format!("its artifacts can't be cut: {message}"),
    };
    let keep = |text: &str| text.parse().is_ok_and(|package: Nevra| !missing.contains(&package));
    let text = edit::without_artifacts(&stream.text, keep).map_err(failed)?;
    let mut expected = stream.clone();
    expected.artifacts.retain(|package| !missing.contains(package));
    expected.text = text.clone();
    let edited = Stream::read(&text, stream.format).map_err(failed)?;
    if edited != expected {
        return Err(failed("expected a list with one package on each line, or in brackets".to_owned()));
    }
    Ok(edited)
}

/// Defaults with another default stream.
fn with_default(defaults: &Defaults, stream: &str) -> Result<Defaults, ModulemdError> {
    if defaults.stream.as_deref() == Some(stream) {
        return Ok(defaults.clone());
    }
    let failed = |message: String| failed(&defaults.module, message);
    super::stream::part(stream).map_err(failed)?;
    let text = edit::with_default(&defaults.text, stream).map_err(failed)?;
    let expected = Defaults { stream: Some(stream.to_owned()), text: text.clone(), ..defaults.clone() };
    let edited = Defaults::read(&text, 1).map_err(failed)?;
    if edited != expected {
        return Err(failed("expected `module` and `stream` on lines of their own".to_owned()));
    }
    Ok(edited)
}

fn failed(module: &str, message: String) -> ModulemdError {
    let subject = format!("defaults of module {}", super::short(module));
    ModulemdError::Edit { subject, message: format!("its default stream can't be set: {message}") }
}
