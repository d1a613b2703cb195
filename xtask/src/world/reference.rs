//! Step 3: the vendor's reference binaries, built wave by wave with plain rpmbuild.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use testkit::gpg::Key as GpgKey;
use testkit::tool::Tool;
use testkit::{Error as KitError, place, repo};

use super::Places;
use super::error::{Error, Result};
use super::publish;
use super::recipe::{Wave, World};
use super::root::{self, Repo};
use super::sources;
use super::work::{self, Key, Step, in_parallel};

/// Raise this when the same sources would now give other binaries.
const VERSION: &str = "1";
const SCRIPT: &str = include_str!("build.sh");

/// One source package built: the directory of its packages, named by the digest of all that went in.
#[derive(Clone)]
pub(crate) struct Built {
    pub(crate) name: String,
    pub(crate) key: String,
    pub(crate) dir: PathBuf,
}

/// One build to be done.
struct Order<'a> {
    name: &'a str,
    bootstrap: bool,
}

pub(crate) struct Vendor<'a> {
    pub(crate) places: &'a Places,
    pub(crate) world: &'a World,
    pub(crate) key: &'a GpgKey,
    base: PathBuf,
    cache: PathBuf,
}

/// Makes `reference/` and `srpms/`.
pub(crate) fn make(places: &Places, world: &World, key: &GpgKey) -> Result<()> {
    let id = Key::default()
        .with(VERSION)
        .with(SCRIPT)
        .with(place::read(places.recipes.join("world.toml"))?)
        .with(place::read(places.bootstrap().join("repodata/repomd.xml"))?)
        .with(place::read(places.dist_git().join(".stamp"))?)
        .with(key.fingerprint())
        .hex();
    let current = |dir: PathBuf| work::is_current(&dir, &id);
    if current(places.reference()) && current(places.srpms()) {
        return Ok(());
    }
    check_names(places, world)?;
    let whole = Step::begin();
    let base = root::make(places)?;
    let cache = place::make_dir(places.cache.join("built"))?;
    let vendor = Vendor { places, world, key, base, cache };
    // Later waves replace what earlier ones built only to break a cycle.
    let mut built = BTreeMap::new();
    for wave in &world.waves {
        for result in vendor.build_wave(wave, &built)? {
            built.insert(result.name.clone(), result);
        }
    }
    publish::all(&vendor, &built, &id)?;
    whole.done(format_args!("reference: {} source packages", built.len()));
    Ok(())
}

/// Each source package is built in some wave, and nothing else is.
fn check_names(places: &Places, world: &World) -> Result<()> {
    let ours: BTreeSet<String> = sources::packages(places)?.into_iter().map(|p| p.name).collect();
    let waves = world.waves.iter().flat_map(|wave| &wave.packages);
    let built: BTreeSet<String> = waves.cloned().collect();
    let also: Vec<&String> = world
        .waves
        .iter()
        .flat_map(|wave| &wave.bootstrap)
        .chain(world.advisories.iter().flat_map(|advisory| &advisory.sources))
        .collect();
    let missing = ours.difference(&built).map(|name| format!("{name} is in no wave"));
    let unknown = built.iter().chain(also).filter(|name| !ours.contains(*name));
    let unknown = unknown.map(|name| format!("{name} is not in world/sources"));
    let problems: Vec<String> = missing.chain(unknown).collect();
    if problems.is_empty() {
        return Ok(());
    }
    Err(Error::recipe(&places.recipes.join("world.toml"), problems.join(", ")))
}

impl Vendor<'_> {
    fn build_wave(&self, wave: &Wave, before: &BTreeMap<String, Built>) -> Result<Vec<Built>> {
        let results = TempDir::new_in(&self.places.scratch).map_err(KitError::io(&self.places.scratch))?;
        self.publish_so_far(before, results.path())?;
        let plain = wave.packages.iter().map(|name| Order { name, bootstrap: false });
        let cycles = wave.bootstrap.iter().map(|name| Order { name, bootstrap: true });
        let orders: Vec<Order<'_>> = plain.chain(cycles).collect();
        let built = in_parallel(&orders, |order| {
            self.build(order, before, results.path()).map_err(Error::of(order.name))
        })?;
        self.sign(&built)?;
        Ok(built)
    }

    /// What has been built so far, as a repository that the next builds may use.
    fn publish_so_far(&self, built: &BTreeMap<String, Built>, dir: &Path) -> Result<()> {
        for result in built.values() {
            for rpm in result.binaries()? {
                place::link(&rpm, &dir.join(rpm.file_name().unwrap_or_default()))?;
            }
        }
        repo::repo(dir)?;
        Ok(repo::sign(dir, self.key)?)
    }

    fn build(&self, order: &Order<'_>, before: &BTreeMap<String, Built>, results: &Path) -> Result<Built> {
        let ground = self.ground(order, before)?;
        let used_file = self.cache.join(format!("{ground}.used"));
        if let Ok(used) = fs::read_to_string(&used_file) {
            let built = self.result(order, &ground, &used, before);
            if built.dir.is_dir() {
                return Ok(built);
            }
        }
        let step = Step::begin();
        let work = TempDir::new_in(&self.places.scratch).map_err(KitError::io(&self.places.scratch))?;
        self.run(order, results, work.path())?;
        let out = work.path().join("out");
        let used = vendor_sources(&out.join("used"), &self.world.vendor.name)?;
        let built = self.result(order, &ground, &used, before);
        if built.dir.exists() {
            fs::remove_dir_all(&built.dir).map_err(KitError::io(&built.dir))?;
        }
        place::replace_dir(&out, &built.dir)?;
        place::write(used_file, used)?;
        let how = if order.bootstrap { " with bootstrap" } else { "" };
        step.done(format_args!("  built {}{how}", order.name));
        Ok(built)
    }

    /// The digest of all that is known to go in before the buildroot is resolved. The names of
    /// what could be used are part of it; the contents only of what was used last time.
    fn ground(&self, order: &Order<'_>, before: &BTreeMap<String, Built>) -> Result<String> {
        let mut key = Key::default()
            .with(VERSION)
            .with(SCRIPT)
            .with(self.macros())
            .with(self.base.as_os_str().as_encoded_bytes())
            .with([u8::from(order.bootstrap)])
            .with_tree(&self.places.dist_git().join(order.name))?;
        for name in before.keys() {
            key = key.with(name);
        }
        Ok(key.hex())
    }

    /// Where the result belongs that used these source packages of the vendor.
    fn result(&self, order: &Order<'_>, ground: &str, used: &str, before: &BTreeMap<String, Built>) -> Built {
        let mut key = Key::default().with(ground);
        for name in used.lines() {
            key = key.with(before.get(name).map_or("", |built| &built.key));
        }
        let key = key.hex();
        Built { name: order.name.to_owned(), dir: self.cache.join(&key), key }
    }

    fn run(&self, order: &Order<'_>, results: &Path, work: &Path) -> Result<()> {
        let at = |name: &str| work.join(name);
        let keys = self.places.out.join("keys");
        let vendor = Repo { id: "vendor", dir: results, key: keys.join("vendor.asc"), priority: 10 };
        let bootstrap = Repo {
            id: "bootstrap",
            dir: &self.places.bootstrap(),
            key: keys.join("bootstrap.asc"),
            priority: 90,
        };
        place::write(at("dnf.conf"), root::dnf_conf(&[vendor, bootstrap]))?;
        place::write(at("rpmmacros"), self.macros())?;
        place::write(at("build.sh"), SCRIPT)?;
        root::write_host_home(&at("home"))?;
        let log = self.log(order)?;
        place::write(&log, "")?;
        let command = format!("exec bash {} >{} 2>&1", at("build.sh").display(), log.display());
        // Killed with us, however we end: the next run empties the scratch directory.
        Tool::new("setpriv")
            .args(["--pdeathsig", "KILL", "unshare"])
            .args(["--mount", "--net", "--uts", "--ipc", "--pid", "--fork", "--kill-child"])
            .args(["bash", "-c", &command])
            .env("BASE", &self.base)
            .env("DIST_GIT", self.places.dist_git().join(order.name))
            .env("LOOKASIDE", self.places.lookaside())
            .env("NAME", order.name)
            .env("RPMMACROS", at("rpmmacros"))
            .env("DNF_CONF", at("dnf.conf"))
            .env("DNF_CACHE", at("dnf-cache"))
            .env("BUILD_HOST", &self.world.vendor.build_host)
            .env("WITH", if order.bootstrap { "--with bootstrap" } else { "" })
            .env("WORK", work)
            .env("HOST_HOME", at("home"))
            .run()
            .map(drop)
            .map_err(|error| match last_lines(&log, 15) {
                tail if tail.is_empty() => error.into(),
                tail => Error::Build { tail, log: log.clone() },
            })
    }

    fn log(&self, order: &Order<'_>) -> Result<PathBuf> {
        let logs = place::make_dir(self.places.out.join("logs"))?;
        let suffix = if order.bootstrap { ".bootstrap" } else { "" };
        Ok(logs.join(format!("{}{suffix}.log", order.name)))
    }

    /// What a vendor's build system sets.
    fn macros(&self) -> String {
        let vendor = &self.world.vendor;
        format!(
            "%_topdir /builddir/build\n%_smp_mflags -j2\n%vendor {}\n%packager {}\n\
             %distribution {}\n%_buildhost {}\n%_rpmfilename %%{{NAME}}-%%{{VERSION}}-%%{{RELEASE}}.%%{{ARCH}}.rpm\n",
            vendor.name, vendor.packager, vendor.distribution, vendor.build_host
        )
    }

    fn sign(&self, built: &[Built]) -> Result<()> {
        let marker = |b: &Built| b.dir.join(format!(".signed-{}", self.key.fingerprint()));
        let unsigned: Vec<&Built> = built.iter().filter(|b| !marker(b).exists()).collect();
        let mut rpms = Vec::new();
        for built in &unsigned {
            rpms.extend(built.rpms()?);
        }
        self.key.sign_rpms(&rpms)?;
        for built in unsigned {
            place::write(marker(built), "")?;
        }
        Ok(())
    }
}

impl Built {
    pub(crate) fn rpms(&self) -> Result<Vec<PathBuf>> {
        let files = place::entries(&self.dir)?;
        Ok(files.into_iter().filter(|f| f.extension().is_some_and(|e| e == "rpm")).collect())
    }

    pub(crate) fn binaries(&self) -> Result<Vec<PathBuf>> {
        Ok(self.rpms()?.into_iter().filter(|f| !is_source(f)).collect())
    }
}

pub(crate) fn is_source(rpm: &Path) -> bool {
    rpm.as_os_str().as_encoded_bytes().ends_with(b".src.rpm")
}

/// Names of the vendor's source packages, from lines `vendor|name-version-release.src.rpm`.
fn vendor_sources(file: &Path, vendor: &str) -> Result<String> {
    let text = String::from_utf8_lossy(&place::read(file)?).into_owned();
    let mut names: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix(vendor)?.strip_prefix('|'))
        .filter_map(|source| source.rsplitn(3, '-').nth(2))
        .collect();
    names.sort_unstable();
    names.dedup();
    Ok(names.join("\n"))
}

fn last_lines(log: &Path, count: usize) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<String> = text.lines().map(|l| l.chars().take(200).collect()).collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
