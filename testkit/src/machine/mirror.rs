//! The repositories: of a vendor, of a distribution made from its sources, of a third party.

use std::fs;
use std::path::{Path, PathBuf};

use crate::gpg::Key;
use crate::rpm_edit::{self, tag};
use crate::tool::Tool;
use crate::{Error, Result, place, repo};

use super::{MIRROR, Side, packages, roots, targets};

/// The vendor's repositories that machines use.
const REPOSITORIES: [&str; 2] = ["BaseOS", "AppStream"];

/// Source packages that Kestrel has in another release, and in which.
const OTHER: [(&str, &str); 5] = [
    ("less", ".el9.1"),
    ("logrotate", ".el9.1"),
    ("bzip2", ".el9.2"),
    // Older: Kestrel is behind.
    ("which", "~1.el9"),
    ("tree", "~1.el9"),
];
/// Packages of Tarnholt that Kestrel does not have.
const MISSING: [&str; 2] = ["figlet", "figlet-fonts"];

/// The key of this name, made on first use.
pub(super) fn key(dir: &Path, name: &str) -> Result<Key> {
    let home = place::make_dir(dir.join("keys/private"))?.join(name);
    Key::kept_in(&home, &format!("{name} release key 9 <security@{name}.example>"))
}

/// Makes `mirror/` and `keys/`.
pub(super) fn make(world: &Path, dir: &Path) -> Result<()> {
    adopt(world, dir)?;
    for name in ["tarnholt", "kestrel", "harbour"] {
        let public = key(dir, name)?.public()?;
        place::write(dir.join("keys").join(format!("{name}.asc")), &public)?;
        place::write(place::make_dir(dir.join("mirror/keys"))?.join(format!("{name}.asc")), public)?;
    }
    let certificate = |name: &str| {
        place::read(dir.join("keys").join(format!("{name}.asc")))
            .map(|text| String::from_utf8_lossy(&text).into_owned())
    };
    for side in [Side::Tarnholt, Side::Kestrel] {
        for (repository, package) in packages::of(side, &certificate("kestrel")?) {
            build(&package, &place(dir, side, repository))?;
        }
        let text = targets::target(side, &format!("file://{MIRROR}"), &certificate(side.id())?);
        let file = dir.join("mirror").join(format!("{}.toml", side.id()));
        place::write(&file, text)?;
        key(dir, side.id())?.sign_file(&file)?;
    }
    let harbour = dir.join("mirror/harbour");
    for package in packages::third_party(&certificate("harbour")?) {
        build(&package, &harbour)?;
    }
    build(&packages::orphan(), &dir.join("mirror/orphan"))?;
    reference(world, dir)?;
    shared(world, dir)?;
    publish(&harbour, &key(dir, "harbour")?, None)?;
    key(dir, "tarnholt")?.sign_rpms(&rpms(&dir.join("mirror/orphan"))?)?;
    for side in [Side::Tarnholt, Side::Kestrel] {
        for repository in REPOSITORIES {
            let modules = (repository == "AppStream").then(|| packages::modules(side));
            publish(&place(dir, side, repository), &key(dir, side.id())?, modules)?;
        }
    }
    Ok(())
}

/// The vendor's own key signed the reference's packages.
fn adopt(world: &Path, dir: &Path) -> Result<()> {
    let private = place::make_dir(dir.join("keys/private"))?;
    let (from, to) = (world.join("keys/private/vendor"), private.join("tarnholt"));
    Tool::new("cp").args(["-a", "--no-preserve=links"]).arg(from).arg(to).run().map(drop)
}

fn place(dir: &Path, side: Side, repository: &str) -> PathBuf {
    dir.join("mirror").join(side.id()).join(repository).join("x86_64/os")
}

fn build(package: &crate::rpm_builder::RpmBuilder, into: &Path) -> Result<()> {
    let built = package.build(&place::make_dir(into)?)?;
    fs::remove_file(&built.source).map_err(Error::io(&built.source))
}

pub(super) fn rpms(dir: &Path) -> Result<Vec<PathBuf>> {
    let files = place::entries(dir)?;
    Ok(files.into_iter().filter(|file| file.extension().is_some_and(|end| end == "rpm")).collect())
}

/// What the vendor built itself, and what Kestrel has of it.
fn reference(world: &Path, dir: &Path) -> Result<()> {
    for repository in REPOSITORIES {
        for rpm in rpms(&world.join("reference").join(repository).join("x86_64/os/Packages"))? {
            let file = rpm.file_name().unwrap_or_default();
            place::link(&rpm, &place(dir, Side::Tarnholt, repository).join(file))?;
            let name = name(&rpm)?;
            if !name.starts_with("tarnholt-") && !MISSING.contains(&name.as_str()) {
                rebuilt(&rpm, &place(dir, Side::Kestrel, repository))?;
            }
        }
    }
    Ok(())
}

fn name(rpm: &Path) -> Result<String> {
    Tool::new("rpm").args(["-qp", "--nosignature", "--qf", "%{NAME}"]).arg(rpm).run()
}

/// The same files as another vendor's package; some in another release.
fn rebuilt(rpm: &Path, into: &Path) -> Result<()> {
    let staged = into.join("staged.rpm");
    rpm_edit::edit(rpm, &staged, |header| {
        header.set_text(tag::VENDOR, Side::Kestrel.vendor());
        let source = header.text(tag::SOURCE_RPM).unwrap_or_default();
        let other = OTHER.iter().find(|(name, _)| source.rsplitn(3, '-').nth(2) == Some(name));
        let (Some((_, release)), Some(version)) = (other, header.text(tag::VERSION)) else { return };
        let change = |text: &str| match text.strip_suffix(".el9") {
            Some(rest) => format!("{rest}{release}"),
            None => text.to_owned(),
        };
        header.map_texts(tag::RELEASE, change);
        for versions in tag::VERSIONS {
            let own = |text: &str| text.strip_prefix(&version).is_some_and(|rest| rest.starts_with('-'));
            header.map_texts(versions, |text| if own(text) { change(text) } else { text.to_owned() });
        }
        header.set_text(tag::SOURCE_RPM, &source.replace(".el9.src", &format!("{release}.src")));
    })?;
    let query = "%{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm";
    let file = Tool::new("rpm").args(["-qp", "--nosignature", "--qf", query]).arg(&staged).run()?;
    fs::rename(&staged, into.join(file)).map_err(Error::io(&staged))
}

/// What both have from elsewhere: all that machines need of it, each side's with its own signature.
fn shared(world: &Path, dir: &Path) -> Result<()> {
    let needed = place::make_dir(dir.join("needed"))?;
    let mut repos: Vec<(String, PathBuf, u32)> = vec![("bootstrap".to_owned(), world.join("bootstrap"), 90)];
    for repository in REPOSITORIES {
        let made = place(dir, Side::Tarnholt, repository);
        repo::repo(&made)?;
        repos.push((repository.to_owned(), made, 10));
    }
    let host = roots::Host::new(&dir.join("host"), &repos, false)?;
    let names: Vec<&str> = roots::INSTALLED
        .lines()
        .flat_map(str::split_whitespace)
        .filter(|n| *n != "harbour-release" && *n != "harbour-agent")
        .collect();
    host.dnf(&dir.join("empty"))
        .args(["--downloadonly", "--exclude=bootstrap-release", "--destdir"])
        .arg(&needed)
        .arg("install")
        .args(names)
        .run()?;
    for rpm in rpms(&needed)? {
        let file = rpm.file_name().unwrap_or_default();
        if !world.join("bootstrap").join(file).is_file() {
            continue;
        }
        for side in [Side::Tarnholt, Side::Kestrel] {
            let to = place(dir, side, "BaseOS").join(file);
            rpm_edit::edit(&rpm, &to, |header| header.set_text(tag::VENDOR, side.vendor()))?;
        }
    }
    for aside in ["needed", "host", "empty"] {
        let _ = fs::remove_dir_all(dir.join(aside));
    }
    Ok(())
}

/// Signs packages and writes signed metadata.
fn publish(dir: &Path, key: &Key, modules: Option<String>) -> Result<()> {
    key.sign_rpms(&rpms(dir)?)?;
    repo::repo(dir)?;
    if let Some(modules) = modules {
        let file = dir.join("modules.yaml");
        place::write(&file, modules)?;
        repo::add_metadata(dir, "modules", &file)?;
        fs::remove_file(&file).map_err(Error::io(&file))?;
    }
    repo::sign(dir, key)
}
