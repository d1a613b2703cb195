//! What installers and other tools read of a tree: productmd's files.
//!
//! Their date is that of the newest package: the same packages make the same compose.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_formats::Checksum;
use heirloom_formats::productmd::{
    Compose, ComposeInfo, ComposeKind, DiscInfo, Modules, PathKind, ProductmdError, Release, ReleaseKind,
    Rpms, TreeInfo, TreeVariant, Variant, images_json, media_repo,
};
use heirloom_model::Nevra;
use heirloom_model::allowance::Date;
use heirloom_model::record::{ComposedPackage, RepositoryKind, TreeFile};

use super::{Seen, Writer};
use crate::ComposeError;
use crate::plan::Place;

/// A repository that is written.
pub(super) struct Done<'p> {
    pub(super) place: &'p Place,
    pub(super) contents: Vec<ComposedPackage>,
    /// Its repomd.xml.
    pub(super) repomd: TreeFile,
    /// Where its modules are, below the tree.
    pub(super) modules: Option<String>,
    /// When its newest package was built, in seconds since 1970.
    pub(super) newest: u64,
}

/// All repositories of a tree.
pub(super) struct Productmd<'w, 'a> {
    pub(super) writer: &'w Writer<'a>,
    pub(super) done: &'w [Done<'a>],
    pub(super) seen: &'w Seen,
}

impl Productmd<'_, '_> {
    /// Writes `metadata/` and the files at the roots of installable trees.
    pub(super) fn write(&self, files: &mut Vec<TreeFile>) -> Result<(), ComposeError> {
        let newest = self.done.iter().map(|done| done.newest).max().unwrap_or(0);
        let (release, compose) = (self.release(), compose(newest));
        let mut add = |path: String, text: String| -> Result<(), ComposeError> {
            files.push(self.writer.keep(path, text.as_bytes())?);
            Ok(())
        };
        add("COMPOSE_ID".to_owned(), compose.id(&release))?;
        let metadata = [
            ("composeinfo", self.composeinfo(&release, &compose).to_json()?),
            ("rpms", self.rpms()?.to_json(&release, &compose)?),
            ("modules", self.modules()?.to_json(&release, &compose)?),
            ("images", images_json(&release, &compose)?),
        ];
        for (name, text) in metadata {
            add(format!("metadata/{name}.json"), text)?;
        }
        for done in self.done.iter().filter(|done| done.place.kind == RepositoryKind::Binary) {
            let description = format!("{} {}", release.name, release.version);
            let disc = DiscInfo { timestamp: newest, description, arch: done.place.arch.clone() };
            let root = done.place.path();
            add(format!("{root}/.treeinfo"), self.treeinfo(done, &release, newest).to_text()?)?;
            add(format!("{root}/.discinfo"), disc.to_text()?)?;
            add(format!("{root}/media.repo"), media_repo(&disc)?)?;
        }
        Ok(())
    }

    fn release(&self) -> Release {
        let super::Release { id, name, version, .. } = self.writer.release;
        Release {
            name: (*name).to_owned(),
            short: (*id).to_owned(),
            version: (*version).to_owned(),
            kind: ReleaseKind::Ga,
            internal: false,
        }
    }

    fn composeinfo(&self, release: &Release, compose: &Compose) -> ComposeInfo {
        let mut variants: BTreeMap<String, Variant> = BTreeMap::new();
        for place in self.places(RepositoryKind::Binary) {
            let variant = variants.entry(id(place)).or_insert_with(|| Variant {
                name: place.name.clone(),
                arches: BTreeSet::new(),
                paths: BTreeMap::new(),
            });
            variant.arches.insert(place.arch.clone());
            let root = place.path();
            let twin = |kind, arch: &str| Place::new(&place.name, kind, arch);
            let debug = twin(RepositoryKind::Debug, &place.arch);
            let source = twin(RepositoryKind::Source, "src");
            let mut add = |kind, path: String| {
                variant.paths.entry(kind).or_default().insert(place.arch.clone(), path);
            };
            for kind in [PathKind::OsTree, PathKind::Repository] {
                add(kind, root.clone());
            }
            add(PathKind::Packages, format!("{root}/Packages"));
            if self.has(&debug) {
                add(PathKind::DebugTree, debug.path());
                add(PathKind::DebugRepository, debug.path());
                add(PathKind::DebugPackages, format!("{}/Packages", debug.path()));
            }
            if self.has(&source) {
                add(PathKind::SourceTree, source.path());
                add(PathKind::SourceRepository, source.path());
                add(PathKind::SourcePackages, format!("{}/Packages", source.path()));
            }
        }
        ComposeInfo { release: release.clone(), compose: compose.clone(), variants }
    }

    fn has(&self, place: &Place) -> bool {
        self.done.iter().any(|done| done.place == place)
    }

    fn places(&self, kind: RepositoryKind) -> impl Iterator<Item = &Place> {
        self.done.iter().map(|done| done.place).filter(move |place| place.kind == kind)
    }

    fn rpms(&self) -> Result<Rpms, ProductmdError> {
        let sources = self.sources();
        let key = self.writer.release.key.fingerprint();
        let key = key[key.len().saturating_sub(8)..].to_ascii_lowercase();
        let mut rpms = Rpms::default();
        for Done { place, contents, .. } in self.done {
            let root = place.path();
            // Sources are listed with each architecture that has something of the repository.
            let of_name = self.places(RepositoryKind::Binary).filter(|other| other.name == place.name);
            let arches: Vec<_> = match place.kind {
                RepositoryKind::Source => of_name.map(|other| other.arch.clone()).collect(),
                RepositoryKind::Binary | RepositoryKind::Debug => vec![place.arch.clone()],
            };
            for package in contents {
                let source = self.source(package, &sources);
                for arch in &arches {
                    let path = format!("{root}/{}", package.location);
                    rpms.add((&id(place), arch), &package.nevra, &source, &path, Some(&key))?;
                }
            }
        }
        Ok(rpms)
    }

    /// Source packages of the compose by file name.
    fn sources(&self) -> BTreeMap<String, &Nevra> {
        let sources = self.done.iter().filter(|done| done.place.kind == RepositoryKind::Source);
        let packages = sources.flat_map(|done| &done.contents);
        packages.map(|package| (package.nevra.file_name(), &package.nevra)).collect()
    }

    /// The source of a package. A header has its file name alone, which does not tell the epoch; of one that the compose
    /// does not have, it is taken to be the package's.
    fn source(&self, package: &ComposedPackage, sources: &BTreeMap<String, &Nevra>) -> Nevra {
        if matches!(package.nevra.arch(), "src" | "nosrc") {
            return package.nevra.clone();
        }
        let known = self.writer.release.sources.get(&package.accepted).map_or("", String::as_str);
        if let Some(source) = sources.get(known) {
            return (*source).clone();
        }
        let named = known.strip_suffix(".rpm").and_then(|stem| {
            let (rest, arch) = stem.rsplit_once('.')?;
            let mut parts = rest.rsplitn(3, '-');
            let (release, version, name) = (parts.next()?, parts.next()?, parts.next()?);
            let epoch = package.nevra.evr().epoch();
            let evr = heirloom_model::Evr::new(epoch, version, release).ok()?;
            Nevra::new(name, evr, arch).ok()
        });
        let itself = || Nevra::new(package.nevra.name(), package.nevra.evr().clone(), "src").ok();
        named.or_else(itself).unwrap_or_else(|| package.nevra.clone())
    }

    fn modules(&self) -> Result<Modules, ProductmdError> {
        let mut modules = Modules::default();
        for done in self.done {
            let (Some(index), Some(path)) = (self.seen.modules.get(done.place), &done.modules) else {
                continue;
            };
            for stream in &index.streams {
                modules.add((&id(done.place), &done.place.arch), &stream.id, path, &stream.artifacts)?;
            }
        }
        Ok(modules)
    }

    fn treeinfo(&self, done: &Done<'_>, release: &Release, newest: u64) -> TreeInfo {
        let here = self.places(RepositoryKind::Binary).filter(|other| other.arch == done.place.arch);
        let variant = |other: &Place| {
            let root = match other == done.place {
                true => ".".to_owned(),
                false => format!("../../../{}", other.path()),
            };
            let packages = if root == "." { "Packages".to_owned() } else { format!("{root}/Packages") };
            let paths = [("packages".to_owned(), packages), ("repository".to_owned(), root)];
            (id(other), TreeVariant { name: other.name.clone(), paths: paths.into() })
        };
        // It always parses: it is what a digest writes.
        let checksum = done.repomd.digest.to_string().parse::<Checksum>();
        let checksums = checksum.into_iter().map(|checksum| ("repodata/repomd.xml".to_owned(), checksum));
        TreeInfo {
            name: release.name.clone(),
            short: release.short.clone(),
            version: release.version.clone(),
            arch: done.place.arch.clone(),
            platforms: [done.place.arch.clone()].into(),
            build_timestamp: newest,
            variants: here.map(variant).collect(),
            main_variant: id(done.place),
            checksums: checksums.collect(),
            images: BTreeMap::new(),
            main_image: None,
        }
    }
}

fn compose(newest: u64) -> Compose {
    let (year, month, day) = Date::from_unix(newest).parts();
    let date = format!("{year:04}{month:02}{day:02}");
    Compose { kind: ComposeKind::Production, date, respin: 0, label: None, is_final: false }
}

/// A variant's id: of a repository's name, what productmd allows.
fn id(place: &Place) -> String {
    place.name.chars().filter(char::is_ascii_alphanumeric).collect()
}
