//! Building, beside the field's own tools, on the stand-in upstream:
//!
//! - buildroot: the base of all buildroots from nothing, beside `dnf --installroot` of the same packages,
//!   taking turns;
//! - overhead: a small build in a warm buildroot, beside bare rpmbuild in a copy of that buildroot;
//! - nothing changed: `heirloom rebuild` a second time.

use std::fs;
use std::ops::Deref;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use super::site::Site;
use super::{ROUNDS, Result, figures, run_tool, seconds};

/// The small build: a C program with debugging data.
const PACKAGE: &str = "figlet";

/// Runs these benchmarks.
pub(super) fn run() -> Result<()> {
    let bench = Bench::new()?;
    bench.buildroot()?;
    bench.overhead()?;
    bench.nothing_changed()
}

struct Bench(Site);

impl Deref for Bench {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.0
    }
}

impl Bench {
    fn new() -> Result<Self> {
        let site = Site::new(&[], |dir, world| {
            let upstream = dir.join("upstream");
            fs::create_dir(&upstream)?;
            run_tool(Command::new("cp").arg("-a").arg(world.join("dist-git").join(PACKAGE)).arg(&upstream))?;
            Ok(upstream)
        })?;
        site.heirloom(&["rebuild"])?;
        Ok(Self(site))
    }

    fn buildroot(&self) -> Result<()> {
        let (mut ours, mut dnf) = (Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            fs::remove_dir_all(self.path("state/roots"))?;
            let mine = seconds(|| self.heirloom(&["plan"]))?;
            let root = self.path("dnf-root");
            let theirs = seconds(|| self.dnf(&root))?;
            // The first round fills the caches of both.
            if round > 0 {
                ours.push(mine);
                dnf.push(theirs);
            }
        }
        let files = fs::read_dir(self.path("dnf-root/var/lib"))?.count();
        println!("buildroot of the base group, from nothing ({files} directories in /var/lib)");
        println!("  heirloom plan, base root removed     {}", figures(&mut ours));
        println!("  dnf --installroot, metadata cached   {}", figures(&mut dnf));
        Ok(())
    }

    fn dnf(&self, root: &Path) -> Result<String> {
        if root.exists() {
            fs::remove_dir_all(root)?;
        }
        let bootstrap = self.world.join("bootstrap");
        let mut dnf = Command::new("dnf");
        dnf.args(["-q", "-y", "--disableplugin=local", "--releasever=9", "--setopt=reposdir=/dev/null"]);
        dnf.args([
            "--setopt=module_platform_id=platform:el9",
            "--setopt=install_weak_deps=0",
            "--setopt=varsdir=/dev/null",
        ]);
        dnf.args(["--setopt=bootstrap.gpgcheck=1", "--setopt=bootstrap.repo_gpgcheck=1"]);
        dnf.arg(format!(
            "--setopt=bootstrap.gpgkey=file://{}",
            self.world.join("keys/bootstrap.asc").display()
        ));
        dnf.arg(format!("--repofrompath=bootstrap,file://{}", bootstrap.display()));
        dnf.arg(format!("--setopt=cachedir={}", self.path("dnf-cache").display()));
        dnf.arg(format!("--installroot={}", root.display())).args(["group", "install", "buildsys-build"]);
        // On Debian rpm keeps its database in the home directory unless told otherwise.
        fs::write(self.path(".rpmmacros"), "%_dbpath /var/lib/rpm\n")?;
        run_tool(dnf.env("HOME", self.path("")))
    }

    fn overhead(&self) -> Result<()> {
        let spec = self.path("upstream").join(PACKAGE).join("SPECS").join(format!("{PACKAGE}.spec"));
        let original = fs::read_to_string(&spec)?;
        let (mut whole, mut around, mut inside, mut bare) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            fs::write(&spec, format!("# round {round}\n{original}"))?;
            // Evaluating the changed spec file is planning, not building.
            self.heirloom(&["plan"])?;
            let began = Instant::now();
            let json = self.heirloom(&["--format", "json", "build"])?;
            let took = began.elapsed().as_secs_f64();
            let own = self.bare(&spec)?;
            if round > 0 {
                whole.push(took);
                inside.push(number(&json, "seconds", PACKAGE)?);
                around.push(number(&json, "overhead_seconds", PACKAGE)?);
                bare.push(own);
            }
        }
        println!("{PACKAGE} in a warm buildroot");
        println!("  heirloom build, the whole command    {}", figures(&mut whole));
        println!("    of it rpmbuild                     {}", figures(&mut inside));
        println!("    of it around rpmbuild              {}", figures(&mut around));
        println!("  bare rpmbuild in a copy of the root  {}", figures(&mut bare));
        Ok(())
    }

    /// rpmbuild by chroot in the root that dnf made, with the package's requirements installed before.
    fn bare(&self, spec: &Path) -> Result<f64> {
        let root = self.path("dnf-root");
        let top = root.join("builddir/build");
        if top.exists() {
            fs::remove_dir_all(&top)?;
        }
        for dir in ["SPECS", "SOURCES", "BUILD", "RPMS", "SRPMS", "BUILDROOT"] {
            fs::create_dir_all(top.join(dir))?;
        }
        fs::copy(spec, top.join("SPECS").join(format!("{PACKAGE}.spec")))?;
        for entry in fs::read_dir(self.path("upstream").join(PACKAGE).join("SOURCES"))? {
            let path = entry?.path();
            fs::copy(&path, top.join("SOURCES").join(path.file_name().unwrap_or_default()))?;
        }
        let list =
            fs::read_to_string(self.path("upstream").join(PACKAGE).join(format!(".{PACKAGE}.metadata")))?;
        for (digest, file) in list.lines().filter_map(|line| line.split_once(' ')) {
            fs::copy(self.world.join("lookaside").join(digest), top.join(file.trim()))?;
        }
        run_tool(Command::new("chown").args(["-R", "1000:1000"]).arg(root.join("builddir")))?;
        let script = format!(
            "mount --bind /dev {root}/dev && mount -t proc proc {root}/proc && exec chroot --userspec=1000:1000 {root} \
             env HOME=/builddir rpmbuild -ba --define '_topdir /builddir/build' --define '_dbpath /var/lib/rpm' \
             --define '_smp_mflags -j2' --define '_buildshell /bin/bash' /builddir/build/SPECS/{PACKAGE}.spec",
            root = root.display()
        );
        seconds(|| {
            run_tool(
                Command::new("unshare").args(["--mount", "--pid", "--fork", "--net", "sh", "-c", &script]),
            )
        })
    }

    fn nothing_changed(&self) -> Result<()> {
        self.heirloom(&["rebuild"])?;
        let mut again = Vec::new();
        for _ in 0..ROUNDS {
            again.push(seconds(|| self.heirloom(&["rebuild"]))?);
        }
        println!("heirloom rebuild, nothing changed, 2 source packages");
        println!("  the whole command                    {}", figures(&mut again));
        Ok(())
    }
}

/// A number of a step's resources in the JSON of `heirloom build`.
fn number(json: &str, key: &str, step: &str) -> Result<f64> {
    let builds: serde_json::Value = serde_json::from_str(json)?;
    let number = &builds["built"][step]["resources"][key];
    Ok(number.as_f64().ok_or_else(|| format!("no {key} of {step} in the JSON"))?)
}
