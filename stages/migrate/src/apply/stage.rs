//! The packages of a plan: downloaded, verified, and described as a repository of their own.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use heirloom_formats::openpgp::Keyring;
use heirloom_formats::repodata::{CHANGELOG_ENTRIES, Compression, Fragment, PackageFacts, RepositoryWriter};
use heirloom_formats::rpm_file::read_digested;

use super::replay::{REPOSITORY, replay, version};
use super::{ApplyError, Progress, Site};
use crate::fetch::Fetcher;
use crate::journal::Step;
use crate::layout::{Layout, write_whole};
use crate::plan::{Plan, Source};

/// Packages that are downloaded, once each, by the name of their file.
pub(super) fn sources(plan: &Plan) -> BTreeMap<String, &Source> {
    let acting = plan.packages.iter().filter(|step| {
        use crate::plan::Action::{Keep, Orphan, ThirdParty};
        !matches!(step.action, Keep | Orphan | ThirdParty)
    });
    acting.filter_map(|step| step.result.as_ref()).map(|source| (source.nevra.file_name(), source)).collect()
}

/// Where packages are: `stage/repo`.
pub(super) fn directory(layout: &Layout) -> PathBuf {
    layout.at("stage").join("repo")
}

fn failed(said: impl ToString, step: Step) -> ApplyError {
    ApplyError::Step { step, said: said.to_string(), rolled_back: false }
}

/// Downloads what is not there yet.
pub(super) fn download(site: &Site<'_>, layout: &Layout, plan: &Plan) -> Result<(), ApplyError> {
    let dir = directory(layout);
    fs::create_dir_all(&dir).map_err(ApplyError::io("can't make", &dir))?;
    let places: HashMap<_, _> =
        plan.target.repositories.iter().map(|seen| (seen.id.as_str(), vec![seen.place.clone()])).collect();
    let fetcher = Fetcher::of(site.machine);
    let total = sources(plan).values().map(|source| source.size).sum();
    let mut done = 0;
    for (name, source) in sources(plan) {
        if site.stop.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(ApplyError::Stopped { step: Step::Download });
        }
        let place = places.get(source.repository.as_str()).ok_or_else(|| {
            failed(
                format!("{name}: the plan has no place of the repository `{}`", source.repository),
                Step::Download,
            )
        })?;
        let begun = done;
        let mut told = |bytes: u64| {
            done += bytes;
            (site.told)(&Progress::new("download", done.min(total), total, &name));
        };
        let wanted = (source.size, source.digest);
        fetcher
            .save(place, &source.location, &dir.join(&name), wanted, &mut told)
            .map_err(|error| failed(error, Step::Download))?;
        done = begun + source.size;
    }
    Ok(())
}

/// Each package is the planned one, and signed by the target's key; then they become a repository.
pub(super) fn verify(site: &Site<'_>, layout: &Layout, plan: &Plan) -> Result<String, ApplyError> {
    let step = Step::Verify;
    let certificates = plan.target.certificates.as_bytes();
    let keyring = Keyring::from_armoured(certificates)
        .map_err(|error| failed(format!("the target's certificates: {error}"), step))?;
    let (dir, sources) = (directory(layout), sources(plan));
    let repodata = dir.join("repodata");
    let _ = fs::remove_dir_all(&repodata);
    fs::create_dir_all(&repodata).map_err(ApplyError::io("can't make", &repodata))?;
    let mut writer = RepositoryWriter::create(&repodata, sources.len(), Compression::Gzip)
        .map_err(|error| failed(error, step))?;
    let (mut brought, mut newest) = (Vec::new(), 0);
    for (index, (name, source)) in sources.iter().enumerate() {
        (site.told)(&Progress::new("verify", index as u64, sources.len() as u64, name));
        let path = dir.join(name);
        let fragment =
            one(&path, source, &keyring, &mut brought).map_err(|said| wrong(&path, &said, step))?;
        newest = newest.max(fragment.build_time);
        writer.package(&fragment, name).map_err(|error| failed(error, step))?;
    }
    let repomd = writer.finish(&newest.to_string(), newest).map_err(|error| failed(error, step))?;
    let write =
        |path: PathBuf, bytes: &[u8]| write_whole(&path, bytes).map_err(ApplyError::io("can't write", &path));
    write(repodata.join("repomd.xml"), repomd.to_xml().as_bytes())?;
    let stage = layout.at("stage");
    write(stage.join("certificates.asc"), certificates)?;
    write(stage.join("brought"), brought.join("\n").as_bytes())?;
    write(stage.join("replay.json"), &replay(&plan.packages, version(site.machine)))?;
    let repositories = stage.join("repos.d");
    fs::create_dir_all(&repositories).map_err(ApplyError::io("can't make", &repositories))?;
    write(repositories.join("heirloom-migrate.repo"), repository().as_bytes())?;
    Ok(format!("{} packages", sources.len()))
}

/// A package that is not what was planned does not stay: the next attempt gets it again.
fn wrong(path: &Path, said: &str, step: Step) -> ApplyError {
    let _ = fs::remove_file(path);
    failed(format!("{}: {said}", path.display()), step)
}

fn one(
    path: &Path,
    source: &Source,
    keyring: &Keyring,
    brought: &mut Vec<String>,
) -> Result<Fragment, String> {
    let (header, digest, size) = read_digested(path).map_err(|error| error.to_string())?;
    if digest != source.digest {
        return Err(format!("its SHA-256 is {digest}; the plan has {}", source.digest));
    }
    if header.nevra != source.nevra {
        return Err(format!("it is {}; the plan has {}", header.nevra, source.nevra));
    }
    keyring.verify_rpm(path).map_err(|error| format!("its signature: {error}"))?;
    brought.extend(header.files.iter().map(|file| file.path.clone()).filter(|path| !path.contains('\n')));
    let facts = PackageFacts {
        digest,
        size,
        file_time: header.info.build_time,
        changelog_entries: CHANGELOG_ENTRIES.min(1),
    };
    Fragment::from_header(&header, &facts).map_err(|error| error.to_string())
}

/// Paths that packages of the plan bring.
pub(super) fn brought(layout: &Layout) -> Result<Vec<PathBuf>, ApplyError> {
    let path = layout.at("stage").join("brought");
    let text = fs::read_to_string(&path).map_err(ApplyError::io("can't read", &path))?;
    Ok(text.lines().map(PathBuf::from).collect())
}

/// What dnf is told of the repository. Its metadata was made here; packages are checked by their signatures all the same.
fn repository() -> String {
    let at = |name: &str| Layout::inside(&format!("stage/{name}"));
    format!(
        "[{REPOSITORY}]\nname=packages of the plan\nbaseurl=file://{}\nenabled=1\ngpgcheck=1\ngpgkey=file://{}\n\
         module_hotfixes=1\nmetadata_expire=1\n",
        at("repo"),
        at("certificates.asc")
    )
}
