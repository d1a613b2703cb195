//! The vendor's base root: the build group, installed once by dnf.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use testkit::tool::Tool;
use testkit::{Error as KitError, place};

use super::Places;
use super::error::Result;
use super::work::{Key, Step};

/// Raise this when the same repository would now give another root.
const VERSION: &str = "1";

/// A repository for dnf.
pub(crate) struct Repo<'a> {
    pub(crate) id: &'a str,
    pub(crate) dir: &'a Path,
    pub(crate) key: PathBuf,
    /// dnf prefers the lower number.
    pub(crate) priority: u32,
}

/// A dnf configuration with these repositories and nothing of the machine's.
pub(crate) fn dnf_conf(repos: &[Repo<'_>]) -> String {
    let mut conf = String::from(
        "[main]\nreposdir=/dev/null\ngpgcheck=1\ninstall_weak_deps=0\nmetadata_expire=0\n\
         keepcache=0\n",
    );
    for Repo { id, dir, key, priority } in repos {
        conf.push_str(&format!(
            "[{id}]\nname={id}\nbaseurl=file://{}\ngpgkey=file://{}\npriority={priority}\n\
             gpgcheck=1\nrepo_gpgcheck=1\n",
            dir.display(),
            key.display()
        ));
    }
    conf
}

/// The host rpm's settings, for `HOME`: Debian's rpm would look for the database elsewhere.
pub(crate) fn write_host_home(home: &Path) -> Result<()> {
    place::make_dir(home)?;
    Ok(place::write(home.join(".rpmmacros"), "%_dbpath /var/lib/rpm\n")?)
}

/// The base root's directory; its name is the digest of what it was made from.
pub(crate) fn make(places: &Places) -> Result<PathBuf> {
    let repomd = place::read(places.bootstrap().join("repodata/repomd.xml"))?;
    let roots = place::make_dir(places.cache.join("roots"))?;
    let target = roots.join(Key::default().with(VERSION).with(repomd).hex());
    if target.is_dir() {
        return Ok(target);
    }
    let step = Step::begin();
    let building = TempDir::new_in(&places.scratch).map_err(KitError::io(&places.scratch))?;
    let at = |name: &str| building.path().join(name);
    let root = place::make_dir(at("root"))?;
    let bootstrap = Repo {
        id: "bootstrap",
        dir: &places.bootstrap(),
        key: places.out.join("keys/bootstrap.asc"),
        priority: 90,
    };
    place::write(at("dnf.conf"), dnf_conf(&[bootstrap]))?;
    write_host_home(&at("home"))?;
    let cachedir = format!("--setopt=cachedir={}", at("cache").display());
    Tool::new("dnf")
        .env("HOME", at("home"))
        .arg("--config")
        .arg(at("dnf.conf"))
        .arg("--installroot")
        .arg(&root)
        .args(["--disableplugin=local", "--releasever", "9", &cachedir])
        .args(["--setopt=module_platform_id=platform:el9", "--assumeyes"])
        .args(["group", "install", "buildsys-build"])
        .run()?;
    add_build_user(&root)?;
    for old in place::entries(&roots)? {
        // Each is 400 MB, and only the last one is ever asked for again.
        std::fs::remove_dir_all(&old).map_err(KitError::io(&old))?;
    }
    place::replace_dir(&root, &target)?;
    step.done("base root");
    Ok(target)
}

fn add_build_user(root: &Path) -> Result<()> {
    let script = "groupadd --gid 1000 mockbuild && useradd --uid 1000 --gid 1000 \
        --home-dir /builddir --no-create-home mockbuild && cd /builddir && \
        mkdir -p build/BUILD build/BUILDROOT build/RPMS build/SOURCES build/SPECS build/SRPMS && \
        chown -R mockbuild:mockbuild /builddir";
    Tool::new("chroot").arg(root).args(["/bin/sh", "-c", script]).env("PATH", "/usr/sbin:/usr/bin").run()?;
    Ok(())
}
