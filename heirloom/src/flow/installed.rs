//! What is installed: in a root, a database of packages, or a list of parts, told by what is there.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use heirloom_formats::rpmdb::{self, Kind};
use heirloom_formats::{Document, sbom};
use heirloom_model::nevra::InvalidNevra;
use heirloom_model::stream::StreamId;
use heirloom_model::{Evr, InstalledPackage, InstalledSystem};

use crate::fail::{Exit, Fail, chain};

/// Where a root has its database, in the order in which they are looked for.
const PLACES: [&str; 2] = ["var/lib/rpm", "usr/lib/sysimage/rpm"];
/// How the files of databases are called.
const NAMES: [&str; 3] = ["rpmdb.sqlite", "Packages.db", "Packages"];
/// Largest database that is copied, and largest list of parts, in bytes.
const LARGEST: u64 = 4 << 30;
/// Bytes that rpm may say of a database.
const LONGEST: u64 = 1 << 30;
/// What rpm is asked for each package. The vendor comes last, as it is free text.
const QUERY: &str = "%{NAME}\\t%{EPOCH}\\t%{VERSION}\\t%{RELEASE}\\t%{ARCH}\\t%{SOURCERPM}\\t%{MODULARITYLABEL}\\t\
                     [%{PROVIDENAME} ]\\t%{VENDOR}\\n";

/// What a target has.
#[derive(Debug)]
pub(crate) struct Installed {
    /// What the target is: `root`, `database` or `list of parts`.
    pub(crate) kind: &'static str,
    /// The database's kind, or the list's format.
    pub(crate) form: String,
    pub(crate) packages: Vec<InstalledPackage>,
    pub(crate) system: InstalledSystem,
    /// Parts of a list that are no rpm packages, by their kind.
    pub(crate) others: BTreeMap<String, usize>,
    /// Packages that could not be read.
    pub(crate) faults: Vec<String>,
}

impl Installed {
    /// The major version: what was said, else what the target says.
    pub(crate) fn major(&self, said: Option<&str>) -> Result<String, Fail> {
        let major = said.unwrap_or(self.system.major());
        match major.is_empty() {
            false => Ok(major.to_owned()),
            true => Err(Fail::new(Exit::Failed, "of which major version the system is does not stand in it")
                .hint("say it with --major: 9")),
        }
    }
}

/// Reads what is installed in a root or a directory with a database, or what a database or list of parts says.
pub(crate) fn packages(target: &Path) -> Result<Installed, Fail> {
    let failed = |error: std::io::Error| Fail::new(Exit::Failed, format!("{}: {error}", target.display()));
    if fs::metadata(target).map_err(failed)?.is_dir() {
        let root = target.canonicalize().map_err(failed)?;
        let (path, kind) = find(&root)?.ok_or_else(|| {
            Fail::new(Exit::Failed, format!("{} has no database of packages", target.display())).hint(
                "name the root directory of a system with rpm, its rpmdb.sqlite, or a list of parts (SPDX or CycloneDX)",
            )
        })?;
        let mut installed = database(&path, kind)?;
        installed.kind = "root";
        if let Some(system) = os_release(&root) {
            installed.system = system;
        }
        return Ok(installed);
    }
    match Kind::of(target).map_err(|error| Fail::new(Exit::Failed, error))? {
        Some(kind) => database(target, kind),
        None => parts(target),
    }
}

/// The database of a root; or of the directory itself.
fn find(root: &Path) -> Result<Option<(PathBuf, Kind)>, Fail> {
    let mut left_out = None;
    for place in PLACES.into_iter().chain([""]) {
        for name in NAMES {
            let Ok(path) = root.join(place).join(name).canonicalize() else { continue };
            // A link of another machine's root may lead to this machine's own database.
            if !path.starts_with(root) {
                left_out = Some(root.join(place));
            } else if path.is_file() {
                if let Some(kind) = Kind::of(&path).map_err(|error| Fail::new(Exit::Failed, error))? {
                    return Ok(Some((path, kind)));
                }
                let what = format!("{} is no database of packages, or a damaged one", path.display());
                return Err(
                    Fail::new(Exit::Failed, what).hint("`rpmdb --rebuilddb` may mend it, on that system")
                );
            }
        }
    }
    left_out.map_or(Ok(None), |path| {
        Err(Fail::new(
            Exit::Failed,
            format!("{} is a link that leads out of {}", path.display(), root.display()),
        )
        .hint("name the database itself"))
    })
}

fn database(path: &Path, kind: Kind) -> Result<Installed, Fail> {
    let read = match kind {
        Kind::Sqlite => rpmdb::read(path).map_err(|error| {
            Fail::new(Exit::Failed, error)
                .hint("`rpmdb --verifydb` says more of it, on the system that it is from")
        })?,
        Kind::BerkeleyDb | Kind::Ndb => by_rpm(path, kind)?,
    };
    Ok(Installed {
        kind: "database",
        form: kind.name().to_owned(),
        packages: read.packages,
        system: read.system,
        others: BTreeMap::new(),
        faults: read.faults,
    })
}

/// Lets the machine's rpm read a database that only rpm can, from a copy: rpm writes beside what it reads.
fn by_rpm(path: &Path, kind: Kind) -> Result<rpmdb::Database, Fail> {
    let failed =
        |path: &Path, error: std::io::Error| Fail::new(Exit::Failed, format!("{}: {error}", path.display()));
    let dir = tempfile::tempdir().map_err(|error| failed(&std::env::temp_dir(), error))?;
    let (own, others): (_, &[&str]) =
        if kind == Kind::Ndb { ("Packages.db", &["Index.db"]) } else { ("Packages", &[]) };
    let parent = path.parent().unwrap_or(Path::new("."));
    let there = others.iter().map(|name| (parent.join(name), *name)).filter(|(path, _)| path.is_file());
    for (from, name) in std::iter::once((path.to_owned(), own)).chain(there) {
        if fs::metadata(&from).map_err(|error| failed(&from, error))?.len() > LARGEST {
            return Err(Fail::new(Exit::Failed, format!("{} has more than {LARGEST} bytes", from.display())));
        }
        let mut copy = File::create(dir.path().join(name)).map_err(|error| failed(dir.path(), error))?;
        let original = File::open(&from).map_err(|error| failed(&from, error))?;
        std::io::copy(&mut original.take(LARGEST), &mut copy).map_err(|error| failed(&from, error))?;
    }
    let mut rpm = Command::new("rpm");
    if kind == Kind::Ndb {
        rpm.args(["--define", "_db_backend ndb"]);
    }
    let said = dir.path().join("said");
    let errors = File::create(&said).map_err(|error| failed(&said, error))?;
    // The user's own macros may name another database.
    rpm.env("HOME", dir.path()).env("LC_ALL", "C").arg("--dbpath").arg(dir.path());
    rpm.args(["-qa", "--nosignature", "--nodigest", "--queryformat", QUERY]);
    let lacks = |what: String| {
        Fail::new(
            Exit::Machine,
            format!("{}, a database of the kind {}, {what}", path.display(), kind.name()),
        )
        .hint(
            "read it on the system that it is from, or with an rpm that knows this kind (`heirloom doctor`)",
        )
    };
    let child = rpm.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors).spawn();
    let mut child =
        child.map_err(|error| lacks(format!("can only be read by rpm, which can't be run: {error}")))?;
    let mut bytes = Vec::new();
    let output = child.stdout.take().map(|output| output.take(LONGEST).read_to_end(&mut bytes)).transpose();
    let output = output.and_then(|_| child.wait()).map_err(|error| failed(path, error))?;
    let said = String::from_utf8_lossy(&fs::read(&said).unwrap_or_default()).into_owned();
    let first =
        said.lines().find(|line| line.starts_with("error:")).unwrap_or("it gave no reason").to_owned();
    if !output.success() {
        return Err(lacks(format!("can't be read by this machine's rpm: {first}")));
    }
    let mut database = told(&String::from_utf8_lossy(&bytes), path);
    if database.packages.is_empty() {
        return Err(lacks(format!("has no packages that this machine's rpm sees: {first}")));
    }
    let errors = said.lines().filter(|line| line.starts_with("error:")).take(20);
    database.faults.extend(errors.map(|line| format!("{}: rpm: {line}", path.display())));
    Ok(database)
}

/// What rpm told, a line for each package.
fn told(text: &str, path: &Path) -> rpmdb::Database {
    let mut database = rpmdb::Database::default();
    for line in text.lines().filter(|line| !line.starts_with("gpg-pubkey\t")) {
        let fields: Vec<&str> = line.splitn(9, '\t').collect();
        let [name, epoch, version, release, arch, source, label, provides, vendor] = fields[..] else {
            let begin: String = line.chars().take(80).collect();
            database.faults.push(format!("{}: rpm told `{begin}` of a package", path.display()));
            continue;
        };
        let known = |text: &str| (text != "(none)").then(|| text.to_owned());
        let package = || -> Result<InstalledPackage, InvalidNevra> {
            let evr = Evr::new(epoch.parse().unwrap_or(0), version, release)?;
            let mut package = InstalledPackage::new(name, evr, Some(arch))?;
            package.source =
                known(source).and_then(|file| file.strip_suffix(".rpm").and_then(|name| name.parse().ok()));
            package.module = known(label).and_then(|label| StreamId::parse(&label));
            package.vendor = known(vendor).unwrap_or_default();
            Ok(package)
        };
        match package() {
            Ok(package) => database.packages.push(package),
            Err(error) => database.faults.push(format!("{}: {error}", path.display())),
        }
        if provides.split(' ').any(|name| name == "system-release") {
            version.clone_into(&mut database.system.version);
        }
    }
    database.packages.sort();
    database
}

fn parts(target: &Path) -> Result<Installed, Fail> {
    let failed = |message: String| Fail::new(Exit::Failed, message);
    let name = target.display().to_string();
    let mut bytes = Vec::new();
    let file = File::open(target).and_then(|file| file.take(LARGEST).read_to_end(&mut bytes));
    file.map_err(|error| failed(format!("{name}: {error}")))?;
    let read = sbom::read(Document::new(&name, &bytes)).map_err(|error| {
        failed(chain(&error)).hint(
            "a target is a root directory, a database of packages, or a list of parts: SPDX 2.3 or CycloneDX in JSON",
        )
    })?;
    Ok(Installed {
        kind: "list of parts",
        form: read.format,
        packages: read.packages,
        system: read.system,
        others: read.others,
        faults: read.faults.into_iter().map(|fault| format!("{name}: {fault}")).collect(),
    })
}

/// What a root says that it is: `/etc/os-release`, else `/usr/lib/os-release`.
fn os_release(root: &Path) -> Option<InstalledSystem> {
    let path = ["etc/os-release", "usr/lib/os-release"].into_iter().find_map(|below| {
        let path = root.join(below).canonicalize().ok()?;
        (path.starts_with(root) && path.is_file()).then_some(path)
    })?;
    let mut text = Vec::new();
    File::open(path).ok()?.take(64 << 10).read_to_end(&mut text).ok()?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let value = |key: &str| {
        let line = text.lines().rev().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix('='));
        line.unwrap_or_default().trim().trim_matches(['"', '\'']).to_owned()
    };
    Some(InstalledSystem { id: value("ID"), version: value("VERSION_ID") })
}
