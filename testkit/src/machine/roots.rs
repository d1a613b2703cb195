//! Installs machines, and uses them as people do.

use std::path::{Path, PathBuf};

use crate::tool::Tool;
use crate::{Result, place};

use super::running::Machine;

/// What is installed on a whole machine; dnf adds what these need.
pub(super) const INSTALLED: &str = "\
    filesystem bash coreutils util-linux findutils grep sed gawk tar gzip bzip2 xz zstd which less procps-ng shadow-utils hostname diffutils
    file cpio curl ca-certificates openssl gnupg2 iproute psmisc lsof rsync tzdata acl attr libcap dbus dnf dnf-plugins-core rpm-build python3
    perl-interpreter systemd man-db patch bc ed tree dos2unix figlet traceroute fping sl hello libyaml zlib popt ncurses ncurses-libs readline
    python3-toml python3-pytest logrotate wget strace sqlite time unzip zip expect lua m4 make net-tools git
    tarnholt-release tarnholt-repos tarnholt-gpg-keys tarnholt-logos alternatives grub2-tools kernel-core steward steward-libs quarry
    java-17-openjdk-headless java-21-openjdk-headless stationery netwatch heron-guide harbour-release harbour-agent";
/// What is installed on a small one.
const SMALL: &str = "\
    filesystem bash coreutils util-linux findutils grep sed gawk curl gnupg2 shadow-utils diffutils attr libcap dnf python3 tree less which bzip2
    tarnholt-release tarnholt-repos tarnholt-gpg-keys tarnholt-logos alternatives grub2-tools kernel-core steward steward-libs quarry
    java-17-openjdk-headless java-21-openjdk-headless stationery netwatch heron-guide";

/// The host's dnf, told about some repositories and nothing of the host's.
pub(super) struct Host {
    dir: PathBuf,
}

impl Host {
    /// `repos` are names, directories and priorities. With `signed`, packages and metadata must have signatures by a key of `keys/`.
    pub(super) fn new(dir: &Path, repos: &[(String, PathBuf, u32)], signed: bool) -> Result<Self> {
        place::make_dir(dir)?;
        place::write(dir.join(".rpmmacros"), "%_dbpath /var/lib/rpm\n")?;
        let mut conf = format!(
            "[main]\nreposdir=/dev/null\ninstall_weak_deps=0\nmodule_platform_id=platform:el9\ncachedir={}\n",
            dir.join("cache").display()
        );
        for (id, at, priority) in repos {
            conf.push_str(&format!(
                "[{id}]\nname={id}\nbaseurl=file://{}\npriority={priority}\n",
                at.display()
            ));
            if signed {
                let name = at.components().rev().find_map(|part| {
                    ["tarnholt", "kestrel", "harbour"].into_iter().find(|name| part.as_os_str() == *name)
                });
                let key = dir.with_file_name("keys").join(format!("{}.asc", name.unwrap_or_default()));
                conf.push_str(&format!("gpgcheck=1\nrepo_gpgcheck=1\ngpgkey=file://{}\n", key.display()));
            }
        }
        place::write(dir.join("dnf.conf"), conf)?;
        Ok(Self { dir: dir.to_owned() })
    }

    pub(super) fn dnf(&self, root: &Path) -> Tool {
        self.given(Tool::new("dnf"), root)
    }

    fn given(&self, tool: Tool, root: &Path) -> Tool {
        tool.env("HOME", &self.dir)
            .arg("--config")
            .arg(self.dir.join("dnf.conf"))
            .arg("--installroot")
            .arg(root)
            .args(["--assumeyes", "--releasever", "9", "--disableplugin=local"])
    }
}

/// Makes `roots/`.
pub(super) fn make(dir: &Path) -> Result<()> {
    let mirror = dir.join("mirror");
    let at = |path: &str| mirror.join(path);
    let repos = [
        ("baseos".to_owned(), at("tarnholt/BaseOS/x86_64/os"), 99),
        ("appstream".to_owned(), at("tarnholt/AppStream/x86_64/os"), 99),
        ("harbour".to_owned(), at("harbour"), 99),
    ];
    let host = Host::new(&dir.join("host"), &repos, true)?;
    for (name, packages) in [("whole", INSTALLED), ("small", SMALL)] {
        let root = place::make_dir(dir.join("roots").join(name))?;
        for mount in ["proc", "sys", "dev", "run", "mnt/mirror"] {
            place::make_dir(root.join(mount))?;
        }
        let machine = Machine::start(&root, &mirror)?;
        let packages: Vec<&str> = packages.split_whitespace().collect();
        host.given(machine.outside("dnf"), &root).arg("install").args(packages).run()?;
        machine.sh(&format!("kind={name}\n{}", include_str!("customize.sh")))?;
    }
    let _ = std::fs::remove_dir_all(dir.join("host"));
    Ok(())
}
