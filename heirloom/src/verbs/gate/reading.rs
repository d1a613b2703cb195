//! The repositories that were named, read.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use heirloom_compose::gate::{
    Advisories, Files, GateInput, GateReference, GateRepository, GateSnapshot, KnownPackage,
    SnapshotRepository,
};
use heirloom_formats::openpgp::Keyring;
use heirloom_formats::updateinfo::{self, Advisory};
use heirloom_import::fetch::{self, Fetcher};
use heirloom_import::{keyring, repository};
use heirloom_model::allowance::Date;
use heirloom_model::gate::Waiver;
use heirloom_model::lifecycle::Major;
use heirloom_model::record::RepositoryKind;
use heirloom_model::{DistMap, Package};

use crate::cli::{Gate, Judged, Named};
use crate::context::processors;
use crate::fail::{Exit, Fail, chain};
use crate::flow::work;
use crate::ui::Progress;

/// Everything that was named.
pub(super) struct Read {
    judged: Vec<(Repository, Option<Vec<String>>)>,
    against: Vec<Repository>,
    references: Vec<Repository>,
    advisories: [Vec<Advisory>; 3],
    keyring: Option<Keyring>,
}

/// One repository.
struct Repository {
    name: String,
    kind: RepositoryKind,
    arch: String,
    /// Where its packages are; absent for a URL, and for metadata alone.
    dir: Option<PathBuf>,
    packages: Vec<Package>,
    has_modules: bool,
    advisories: Vec<Advisory>,
}

/// A repository to read, for machines of one architecture.
struct Wanted<'a> {
    named: &'a Named,
    arch: &'a str,
    location: String,
    keys: Option<&'a Keyring>,
    option: &'static str,
}

impl Read {
    pub(super) fn new(args: &Gate) -> Result<Self, Fail> {
        known_needs(&args.repository)?;
        let native = [std::env::consts::ARCH.to_owned()];
        let arches = if args.arch.is_empty() { &native[..] } else { &args.arch[..] };
        let ring = |files: &[PathBuf]| (!files.is_empty()).then(|| keyring(files)).transpose();
        let (keys, reference_keys) = (ring(&args.key)?, ring(&args.reference_key)?);
        let judged = args.repository.iter().map(|judged| (&judged.named, keys.as_ref(), "--key"));
        let against = args.against.iter().map(|named| (named, keys.as_ref(), "--key"));
        let references =
            args.reference.iter().map(|named| (named, reference_keys.as_ref(), "--reference-key"));
        let mut wanted = Vec::new();
        for (named, keys, option) in judged.chain(against).chain(references) {
            wanted.extend(of_arches(named, arches)?.into_iter().map(|(arch, location)| Wanted {
                named,
                arch,
                location,
                keys,
                option,
            }));
        }
        let progress = Progress::new("read", wanted.len());
        let mut all = work::each(&wanted, processors(), |wanted| {
            let read = wanted.read()?;
            progress.tick(&wanted.named.name);
            Ok::<_, Fail>(read)
        })?;
        let packages: usize = all.iter().map(|one| one.packages.len()).sum();
        progress.end(&format!("{packages} packages of {} repositories", all.len()));
        let count = |names: usize| names * arches.len();
        let references = all.split_off(count(args.repository.len() + args.against.len()));
        let against = all.split_off(count(args.repository.len()));
        keep_required_files(&mut all);
        let mut read =
            Self { judged: Vec::new(), against, references, advisories: Default::default(), keyring: keys };
        for (place, lists) in [&mut all, &mut read.against, &mut read.references].into_iter().enumerate() {
            read.advisories[place] =
                lists.iter_mut().flat_map(|one| std::mem::take(&mut one.advisories)).collect();
        }
        let needs =
            args.repository.iter().flat_map(|one| std::iter::repeat_n(one.needs.clone(), arches.len()));
        read.judged = all.into_iter().zip(needs).collect();
        Ok(read)
    }

    pub(super) fn input<'a>(
        &'a self,
        dist: &'a DistMap,
        waivers: &'a [Waiver],
        lifecycle: Option<&'a Major>,
        today: Date,
    ) -> GateInput<'a> {
        let judged = self.judged.iter().map(|(one, needs)| GateRepository {
            name: &one.name,
            kind: one.kind,
            arch: &one.arch,
            needs: needs.as_deref(),
            packages: &one.packages,
            files: one
                .dir
                .as_deref()
                .map_or(Files::Absent("its packages are not on this machine"), Files::Below),
            has_modules: one.has_modules,
        });
        let against = self.against.iter().map(|one| SnapshotRepository {
            name: &one.name,
            kind: one.kind,
            arch: &one.arch,
            packages: one
                .packages
                .iter()
                .map(|package| KnownPackage { nevra: &package.nevra, digest: package.digest })
                .collect(),
        });
        let snapshots = match self.against.is_empty() {
            true => Vec::new(),
            false => vec![GateSnapshot {
                name: "the present snapshot",
                is_present: true,
                repositories: against.collect(),
            }],
        };
        let references = self.references.iter();
        let [ours, present, reference] = &self.advisories;
        let given = |list: &'a [Advisory]| (!list.is_empty()).then_some(list);
        let (reference, present) = (given(reference), given(present));
        let advisories = (reference.is_some() || present.is_some() || !ours.is_empty())
            .then_some(Advisories { reference, ours, present, withdrawn: None });
        GateInput {
            repositories: judged.collect(),
            snapshots,
            references: references
                .map(|one| GateReference { name: &one.name, arch: &one.arch, packages: &one.packages })
                .collect(),
            dist,
            keyring: self.keyring.as_ref(),
            store: None,
            modular: None,
            advisories,
            marks: None,
            grounds: None,
            lifecycle,
            waivers,
            today,
            jobs: processors(),
        }
    }
}

/// What a repository is said to need has to be there.
fn known_needs(judged: &[Judged]) -> Result<(), Fail> {
    let names: HashSet<_> = judged.iter().map(|one| one.named.name.as_str()).collect();
    for one in judged {
        let mut needs = one.needs.iter().flatten();
        if let Some(unknown) = needs.find(|need| !names.contains(need.as_str())) {
            let message = format!("{} needs {unknown}, which no --repository names", one.named.name);
            return Err(
                Fail::new(Exit::Usage, message).hint(format!("give it by --repository {unknown}=DIR"))
            );
        }
    }
    Ok(())
}

/// The location for each architecture.
fn of_arches<'a>(named: &Named, arches: &'a [String]) -> Result<Vec<(&'a str, String)>, Fail> {
    if arches.len() > 1 && !named.location.contains("$basearch") {
        let message = format!("{} would be the same for every architecture", named.location);
        return Err(Fail::new(Exit::Usage, message).hint("write $basearch where its architecture is"));
    }
    Ok(arches.iter().map(|arch| (arch.as_str(), named.location.replace("$basearch", arch))).collect())
}

impl Wanted<'_> {
    fn read(&self) -> Result<Repository, Fail> {
        let fetcher = Fetcher::default();
        let location = self.location.strip_prefix("file://").unwrap_or(&self.location);
        let url = fetch::is_url(location);
        let found = match (url, self.keys) {
            (false, _) => repository::in_directory(Path::new(location))?,
            (true, Some(keys)) => repository::verify(&fetcher, location, keys)?,
            (true, None) => {
                let message = format!("{location}: no key is named that signs this repository");
                let hint = format!("name its public key file with {}", self.option);
                return Err(Fail::new(Exit::Usage, message).hint(hint));
            }
        };
        let advisories = match found.metadata(&fetcher, "updateinfo")? {
            Some(metadata) => updateinfo::parse(metadata.document())
                .map_err(|error| Fail::new(Exit::Failed, chain(&error)))?,
            None => Vec::new(),
        };
        let packages = found.packages(&fetcher)?;
        let kind = kind(&packages);
        // One that is missing among others is an error when it is looked at.
        let dir = (!url).then(|| PathBuf::from(location));
        let dir = dir.filter(|dir| packages.iter().any(|package| dir.join(&package.location).is_file()));
        Ok(Repository {
            name: self.named.name.clone(),
            kind,
            arch: if kind == RepositoryKind::Source { "src".to_owned() } else { self.arch.to_owned() },
            dir,
            packages,
            has_modules: found.has("modules"),
            advisories,
        })
    }
}

/// What a repository holds that has nothing but this.
fn kind(packages: &[Package]) -> RepositoryKind {
    let all = |test: fn(&Package) -> bool| !packages.is_empty() && packages.iter().all(test);
    match () {
        () if all(|package| package.nevra.arch() == "src") => RepositoryKind::Source,
        () if all(Package::is_debug) => RepositoryKind::Debug,
        () => RepositoryKind::Binary,
    }
}

/// Of millions of files, only those are asked for that some dependency names; file conflicts are seen in the headers.
fn keep_required_files(repositories: &mut [Repository]) {
    let mut required = HashSet::new();
    for package in repositories.iter().flat_map(|one| &one.packages) {
        let lists = [&package.requires, &package.conflicts, &package.recommends, &package.supplements];
        for dependency in lists.into_iter().flatten() {
            match dependency.is_rich() {
                false if dependency.is_file() => drop(required.insert(dependency.name.clone())),
                false => {}
                true => required.extend(paths_in(&dependency.name)),
            }
        }
    }
    for package in repositories.iter_mut().flat_map(|one| &mut one.packages) {
        package.files.retain(|file| required.contains(&file.path));
        package.files.shrink_to_fit();
    }
}

/// The paths in a rich dependency.
fn paths_in(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|letter: char| letter.is_whitespace() || "()".contains(letter));
    words.filter(|word| word.starts_with('/')).map(str::to_owned)
}
