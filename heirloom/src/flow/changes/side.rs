//! One of the two states that are held against each other: a snapshot of this store, directories of packages, or the
//! signed repository at a URL.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use heirloom_formats::repomd::Repomd;
use heirloom_formats::rpm_file::Header;
use heirloom_formats::updateinfo::{self, Advisory};
use heirloom_formats::{Document, evr, repodata};
use heirloom_import::fetch::Fetcher;
use heirloom_import::{keyring, repository};
use heirloom_model::digest::Hasher;
use heirloom_model::record::{ComposedPackage, RepositoryKind, Snapshot};
use heirloom_model::{Digest, Nevra, Package};
use heirloom_store::Store;

use crate::context::processors;
use crate::fail::{Exit, Fail, chain};
use crate::flow::{pairing, place, work};

/// Bytes of a metadata file of a directory.
const LARGEST: u64 = 512 << 20;

/// One state.
pub(crate) struct Side<'a> {
    /// As it was given, or the snapshot's name.
    pub(crate) name: String,
    /// The distribution's version, if it is known.
    pub(crate) version: Option<String>,
    /// Its packages, those with debugging data and sources aside.
    pub(super) members: Vec<Member>,
    /// Packages with debugging data.
    pub(super) debug: Vec<Member>,
    store: Option<&'a Store>,
    source: Source,
    packages: OnceLock<Vec<Package>>,
}

/// A package of a state.
pub(super) struct Member {
    pub(super) nevra: Nevra,
    /// Name of its repository.
    pub(super) repository: String,
    /// Architecture that the repository is for; empty where that is not known.
    pub(super) machine: String,
    identity: Identity,
    at: At,
}

/// What a package's bytes are known by without opening it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Identity {
    /// The package before it was signed.
    Accepted(Digest),
    /// All that its header says to those who install it.
    Content(Digest),
    /// The file.
    File(Digest),
}

enum At {
    File(PathBuf),
    /// Numbers of a remote repository and of a package there.
    Remote(usize, usize),
}

enum Source {
    Snapshot(Box<Snapshot>),
    /// The roots of repositories below a directory.
    Directory(BTreeSet<PathBuf>),
    Remote(Vec<Remote>),
}

struct Remote {
    location: String,
    packages: Vec<Package>,
    advisories: Vec<Advisory>,
}

impl<'a> Side<'a> {
    /// A snapshot of this store; `id` is the distribution's.
    pub(crate) fn snapshot(store: &'a Store, snapshot: Snapshot, id: &str) -> Result<Self, Fail> {
        let (mut members, mut debug) = (Vec::new(), Vec::new());
        for repository in &snapshot.composed.repositories {
            let list = match repository.kind {
                RepositoryKind::Binary => &mut members,
                RepositoryKind::Debug => &mut debug,
                RepositoryKind::Source => continue,
            };
            let contents: Vec<ComposedPackage> = serde_json::from_slice(&store.read(repository.contents)?)?;
            list.extend(contents.into_iter().map(|package| Member {
                nevra: package.nevra,
                repository: repository.name.clone(),
                machine: repository.arch.clone(),
                identity: Identity::Accepted(package.accepted),
                at: At::File(store.path(package.signed)),
            }));
        }
        let release = format!("{id}-release");
        let version = members.iter().find(|member| member.nevra.name() == release);
        Ok(Self {
            name: snapshot.name.clone(),
            version: version.map(|member| member.nevra.evr().version().to_owned()),
            members,
            debug,
            store: Some(store),
            source: Source::Snapshot(Box::new(snapshot)),
            packages: OnceLock::new(),
        })
    }

    /// What is at this path or URL; `store` keeps what is fetched.
    pub(crate) fn place(location: &str, keys: &[PathBuf], store: Option<&'a Store>) -> Result<Self, Fail> {
        let mut side = match pairing::is_url(location) {
            true => Self::remote(location, keys, store)?,
            false => Self::directory(Path::new(location), store)?,
        };
        if side.members.is_empty() {
            return Err(Fail::new(Exit::Failed, format!("{location}: there is no binary package")).hint(
                "name a snapshot, a channel, a directory with RPM files below it, or the URL of a repository",
            ));
        }
        side.version = side.packages()?.iter().find_map(release_version);
        Ok(side)
    }

    fn new(name: &str, store: Option<&'a Store>, source: Source) -> Self {
        Self {
            name: name.to_owned(),
            version: None,
            members: Vec::new(),
            debug: Vec::new(),
            store,
            source,
            packages: OnceLock::new(),
        }
    }

    fn add(&mut self, member: Member) {
        match member.nevra.is_debug() {
            true => self.debug.push(member),
            false => self.members.push(member),
        }
    }

    fn directory(top: &Path, store: Option<&'a Store>) -> Result<Self, Fail> {
        let mut side = Self::new(&top.display().to_string(), store, Source::Directory(BTreeSet::new()));
        let (mut roots, mut packages) = (BTreeSet::new(), Vec::new());
        let read = |path: &PathBuf| {
            let header = Header::open(path).map_err(|error| Fail::new(Exit::Failed, error))?;
            let content = header.content();
            let package = header.package(content, 0, &path.display().to_string());
            Ok::<_, Fail>((!header.is_source).then_some((content, package)))
        };
        let files = pairing::files(top)?;
        for (path, read) in files.iter().zip(work::each(&files, processors(), read)?) {
            let Some((content, package)) = read else { continue };
            let root = place::repository_of(path, top);
            let repository = root.strip_prefix(top).unwrap_or(root).display().to_string();
            roots.insert(root.to_owned());
            let nevra = package.nevra.clone();
            packages.push(package);
            side.add(Member {
                nevra,
                repository,
                machine: String::new(),
                identity: Identity::Content(content),
                at: At::File(path.clone()),
            });
        }
        side.source = Source::Directory(roots);
        side.packages = OnceLock::from(packages);
        Ok(side)
    }

    fn remote(location: &str, keys: &[PathBuf], store: Option<&'a Store>) -> Result<Self, Fail> {
        if keys.is_empty() {
            return Err(Fail::new(
                Exit::Failed,
                format!("{location}: no key is named that signs this repository"),
            )
            .hint("name its public key file with --key"));
        }
        let at = location.strip_prefix("file://").unwrap_or(location).to_owned();
        let fetcher = Fetcher::default();
        let verified = repository::verify(&fetcher, &at, &keyring(keys)?)?;
        let packages = verified.packages(&fetcher)?;
        let advisories = match verified.metadata(&fetcher, "updateinfo")? {
            Some(metadata) => advisories(metadata.document())?,
            None => Vec::new(),
        };
        let mut side = Self::new(location, store, Source::Remote(Vec::new()));
        for (index, package) in packages.iter().enumerate().filter(|(_, one)| !one.source_rpm.is_empty()) {
            side.add(Member {
                nevra: package.nevra.clone(),
                repository: String::new(),
                machine: String::new(),
                identity: Identity::File(package.digest),
                at: At::Remote(0, index),
            });
        }
        side.source = Source::Remote(vec![Remote { location: at, packages, advisories }]);
        Ok(side)
    }

    /// The file of a package, fetched if need be.
    pub(super) fn file(&self, member: &Member) -> Result<PathBuf, Fail> {
        match (&member.at, &self.source, self.store) {
            (At::File(path), _, _) => Ok(path.clone()),
            (At::Remote(remote, package), Source::Remote(remotes), Some(store)) => {
                let gone = || Fail::new(Exit::Failed, format!("{}: no such package", member.nevra));
                let remote = remotes.get(*remote).ok_or_else(gone)?;
                let package = remote.packages.get(*package).ok_or_else(gone)?;
                repository::fetch_package(store, &remote.location, package)?;
                Ok(store.path(package.digest))
            }
            (At::Remote(..), _, _) => {
                let failed = format!("{}: there is no directory to fetch it into", member.nevra);
                Err(Fail::new(Exit::Failed, failed).hint("name one with --cache"))
            }
        }
    }

    /// The package's header.
    pub(super) fn header(&self, member: &Member) -> Result<Header, Fail> {
        Header::open(&self.file(member)?).map_err(|error| Fail::new(Exit::Failed, error))
    }

    /// A digest of all of a package's bytes that its changes can depend on.
    pub(super) fn digest(&self, member: &Member) -> Result<Digest, Fail> {
        match member.identity {
            Identity::Accepted(digest) | Identity::File(digest) => Ok(digest),
            Identity::Content(_) => {
                let path = self.file(member)?;
                let failed =
                    |error| Fail::new(Exit::Failed, format!("{}: can't be read: {error}", path.display()));
                let mut hasher = Hasher::default();
                let mut file = std::fs::File::open(&path).map_err(failed)?;
                std::io::copy(&mut file, &mut hasher).map_err(failed)?;
                Ok(hasher.finish())
            }
        }
    }

    /// Everything that the metadata says of the packages. A snapshot's is read when it is first asked for.
    pub(super) fn packages(&self) -> Result<&[Package], Fail> {
        match &self.source {
            Source::Remote(remotes) => Ok(remotes.first().map_or(&[], |remote| &remote.packages)),
            Source::Directory(_) => Ok(self.packages.get().map_or(&[], Vec::as_slice)),
            Source::Snapshot(snapshot) => {
                if self.packages.get().is_none() {
                    let _ = self.packages.set(self.metadata(snapshot)?);
                }
                Ok(self.packages.get().map_or(&[], Vec::as_slice))
            }
        }
    }

    fn metadata(&self, snapshot: &Snapshot) -> Result<Vec<Package>, Fail> {
        let Some(store) = self.store else { return Ok(Vec::new()) };
        let mut all = Vec::new();
        for (path, repomd) in repositories(store, snapshot)? {
            let read = |kind: &str| -> Result<Vec<u8>, Fail> {
                let record = repomd.record(kind).ok_or_else(|| {
                    Fail::new(Exit::Failed, format!("{path}: its repomd.xml lists no `{kind}` metadata"))
                })?;
                Ok(store.read(record.checksum)?)
            };
            let (primary, filelists) = (read("primary")?, read("filelists")?);
            let names = ["primary", "filelists"].map(|kind| format!("{path}/repodata: {kind}"));
            let packages = repodata::read_packages(
                Document::new(&names[0], &primary),
                Document::new(&names[1], &filelists),
            );
            all.extend(packages.map_err(|error| Fail::new(Exit::Failed, chain(&error)))?);
        }
        Ok(all)
    }

    /// All advisories of its repositories.
    pub(super) fn advisories(&self) -> Result<Vec<Advisory>, Fail> {
        let mut all = Vec::new();
        match &self.source {
            Source::Remote(remotes) => {
                all.extend(remotes.iter().flat_map(|remote| remote.advisories.iter().cloned()));
            }
            Source::Directory(roots) => {
                for root in roots {
                    all.extend(advisories_below(root)?);
                }
            }
            Source::Snapshot(snapshot) => {
                let Some(store) = self.store else { return Ok(all) };
                for (path, repomd) in repositories(store, snapshot)? {
                    if let Some(record) = repomd.record("updateinfo") {
                        let name = format!("{path}/{}", record.location);
                        all.extend(advisories(Document::new(&name, &store.read(record.checksum)?))?);
                    }
                }
            }
        }
        all.sort_by(|a, b| a.id.cmp(&b.id));
        all.dedup_by(|a, b| a.id == b.id && a.packages == b.packages);
        Ok(all)
    }
}

/// Whether both are known to be the same thing, or known to be not; `None` if only their headers could tell.
pub(super) fn same(one: &Member, other: &Member) -> Option<bool> {
    match (one.identity, other.identity) {
        (a, b) if a == b => Some(true),
        (Identity::Content(_), Identity::Content(_)) => Some(false),
        _ => None,
    }
}

/// Paths and lists of metadata of a snapshot's repositories of packages to install.
fn repositories(store: &Store, snapshot: &Snapshot) -> Result<Vec<(String, Repomd)>, Fail> {
    let binary = snapshot.composed.repositories.iter().filter(|it| it.kind == RepositoryKind::Binary);
    binary
        .map(|repository| {
            let name = format!("{}/repodata/repomd.xml", repository.path);
            let repomd = Repomd::parse(Document::new(&name, &store.read(repository.repomd)?));
            Ok((repository.path.clone(), repomd.map_err(|error| Fail::new(Exit::Failed, chain(&error)))?))
        })
        .collect()
}

fn advisories(document: Document<'_>) -> Result<Vec<Advisory>, Fail> {
    updateinfo::parse(document).map_err(|error| Fail::new(Exit::Failed, chain(&error)))
}

/// Those of a repository on this machine; none, if it has no metadata.
fn advisories_below(root: &Path) -> Result<Vec<Advisory>, Fail> {
    let list = root.join("repodata/repomd.xml");
    if !list.is_file() {
        return Ok(Vec::new());
    }
    let (name, bytes) = (list.display().to_string(), read(&list)?);
    let repomd = Repomd::parse(Document::new(&name, &bytes))
        .map_err(|error| Fail::new(Exit::Failed, chain(&error)))?;
    let Some(record) = repomd.record("updateinfo") else { return Ok(Vec::new()) };
    let path = root.join(&record.location);
    advisories(Document::new(&path.display().to_string(), &read(&path)?))
}

fn read(path: &Path) -> Result<Vec<u8>, Fail> {
    let failed = |error: std::io::Error| {
        Fail::new(Exit::Failed, format!("{}: can't be read: {error}", path.display()))
    };
    let (file, mut bytes) = (std::fs::File::open(path).map_err(failed)?, Vec::new());
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    match bytes.len() as u64 > LARGEST {
        true => Err(failed(std::io::Error::other(format!("it has more than {LARGEST} bytes")))),
        false => Ok(bytes),
    }
}

/// The version that a release package says the distribution has.
fn release_version(package: &Package) -> Option<String> {
    let says = package.provides.iter().any(|provided| provided.name == "system-release");
    says.then(|| package.nevra.evr().version().to_owned())
}

/// The newest of each name, architecture and, with `machines`, repository's architecture; of equal ones, the first by
/// repository.
pub(super) fn newest(
    members: &[Member],
    machines: bool,
) -> std::collections::BTreeMap<(&str, &str, &str), &Member> {
    let mut all = std::collections::BTreeMap::new();
    for member in members {
        let machine = if machines { member.machine.as_str() } else { "" };
        let key = (member.nevra.name(), member.nevra.arch(), machine);
        let better = |best: &&Member| match evr::compare(member.nevra.evr(), best.nevra.evr()) {
            std::cmp::Ordering::Equal => member.repository < best.repository,
            order => order.is_gt(),
        };
        if all.get(&key).is_none_or(better) {
            all.insert(key, member);
        }
    }
    all
}
