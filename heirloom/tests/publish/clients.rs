//! Stock dnf installs in a loop while channels are switched to and fro.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use testkit::server::Server;
use testkit::tool::Tool;

use crate::serving::Serving;
use crate::site::{KEY, Site};

const MARCH: u64 = 1_773_482_400;
const SWITCHES: usize = 100;

/// How clients find the repositories.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    BaseUrl,
    MirrorList,
}

/// A machine that never saw the distribution: its own root, cache and name.
pub(crate) struct Machine(tempfile::TempDir);

impl Machine {
    pub(crate) fn new(url: &str, form: Form) -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        fs::create_dir(machine.path("repos")).unwrap();
        fs::write(machine.path("key.asc"), KEY.public().unwrap()).unwrap();
        for name in ["BaseOS", "AppStream"] {
            let place = match form {
                Form::BaseUrl => format!("baseurl={url}/$releasever/{name}/$basearch/os/"),
                Form::MirrorList => format!("mirrorlist={url}/$releasever/mirrorlist/{name}-$basearch"),
            };
            let text = format!(
                "[{name}]\nname={name}\n{place}\ngpgkey=file://{}\ngpgcheck=1\nrepo_gpgcheck=1\nenabled=1\n",
                machine.path("key.asc").display()
            );
            fs::write(machine.path("repos").join(format!("{name}.repo")), text).unwrap();
        }
        machine
    }

    fn path(&self, below: &str) -> PathBuf {
        self.0.path().join(below)
    }

    fn dnf(&self, release: &str, arguments: &[&str]) -> Result<String, String> {
        Tool::new("dnf")
            .args(["-q", "-y", "--disableplugin=local", "--forcearch=x86_64"])
            .arg(format!("--releasever={release}"))
            .args(["--setopt=module_platform_id=platform:el9", "--setopt=varsdir=/dev/null"])
            .args(["--setopt=skip_if_unavailable=0", "--setopt=retries=1", "--setopt=zchunk=0"])
            .arg(format!("--setopt=user_agent=machine {}", self.0.path().display()))
            .arg(format!("--setopt=reposdir={}", self.path("repos").display()))
            .arg(format!("--setopt=cachedir={}", self.path("cache").display()))
            .arg(format!("--installroot={}", self.path("root").display()))
            .args(arguments)
            .env("HOME", self.path(""))
            .run()
            .map_err(|error| error.to_string())
    }

    /// Makes the cache, installs, and says which versions of both packages are there.
    pub(crate) fn install(&self, release: &str) -> Result<(String, String), String> {
        self.dnf(release, &["makecache"])?;
        self.dnf(release, &["install", "app"])?;
        let version = |package: &str| {
            let file = self.path("root/usr/share").join(package);
            fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))
        };
        Ok((version("app")?, version("base")?))
    }
}

/// Says that it is over when it goes.
struct Ending<'a>(&'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Installs on new machines until the channel was switched a hundred times; how many did it, and what went wrong.
fn race(site: &Site, url: &str, form: Form) -> (usize, Vec<String>) {
    let names = [1, 2].map(|version| site.snapshot(version, MARCH + u64::from(version)));
    site.run(&["publish", "9", "--snapshot", &names[0]]).expect(0);
    let (ended, installed) = (AtomicBool::new(false), AtomicUsize::new(0));
    let mut wrong = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Also where a switch fails: nobody is to wait for ever.
            let _end = Ending(&ended);
            for switch in 1..=SWITCHES {
                match switch % 4 {
                    0 => site.run(&["rollback", "9", "--to", &names[0]]).expect(0),
                    odd => site.run(&["publish", "9", "--snapshot", &names[odd % 2]]).expect(0),
                };
                std::thread::sleep(Duration::from_millis((switch as u64 * 137) % 600));
            }
        });
        while !ended.load(Ordering::Relaxed) {
            let machine = Machine::new(url, form);
            match machine.install("9") {
                Ok((app, base)) if app == base => drop(seen.insert(app)),
                Ok(other) => wrong.push(format!("{other:?}")),
                Err(error) => wrong.push(error),
            }
            installed.fetch_add(1, Ordering::Relaxed);
        }
    });
    let few = installed.load(Ordering::Relaxed) < 8;
    assert!(seen.len() == 2 || few || !wrong.is_empty(), "both states were seen: {seen:?}");
    let generation = fs::read_link(site.published("9")).unwrap();
    assert!(generation.file_name().unwrap().to_str().unwrap().parse::<usize>().unwrap() > SWITCHES / 2);
    (installed.into_inner(), wrong)
}

#[test]
fn a_plain_baseurl_of_the_own_server_never_mixes_states() {
    let site = Site::new("http://127.0.0.1", "");
    fs::create_dir_all(site.published("")).unwrap();
    let serving = Serving::of(&site);
    let (installed, wrong) = race(&site, &serving.url(), Form::BaseUrl);
    eprintln!("{installed} machines installed");
    assert_eq!(wrong, Vec::<String>::new(), "of {installed}");
}

#[test]
fn a_mirrorlist_of_any_server_never_breaks_a_repository() {
    let site = Site::new("http://127.0.0.1", "");
    fs::create_dir_all(site.published("")).unwrap();
    let server = Server::start(&site.published("")).unwrap();
    let text = fs::read_to_string(site.path("heirloom.toml")).unwrap();
    let url = server.url("").trim_end_matches('/').to_owned();
    fs::write(site.path("heirloom.toml"), text.replace("http://127.0.0.1", &url)).unwrap();
    let (installed, wrong) = race(&site, &url, Form::MirrorList);
    // Each repository is of one state. Two repositories are looked up one after the other, and between these two
    // requests the channel may be switched: what then does not fit together is said by dnf, which installs nothing.
    let broken: Vec<_> = wrong.iter().filter(|error| !error.contains("nothing provides base = ")).collect();
    assert!(broken.is_empty(), "of {installed}: {broken:?}");
    eprintln!("{installed} machines installed, {} of them found two states", wrong.len());
}

#[test]
fn a_day_of_the_vault_is_a_release_that_can_be_installed_again() {
    let site = Site::new("http://127.0.0.1", "");
    for version in [1, 2] {
        site.snapshot(version, MARCH + u64::from(version) * 86_400);
    }
    site.run(&["publish", "9"]).expect(0);
    let serving = Serving::of(&site);
    for (release, version) in [("9", "2"), ("vault/2026-03-15", "1"), ("vault/2026-03-16", "2")] {
        let found = Machine::new(&serving.url(), Form::BaseUrl).install(release);
        assert_eq!(found, Ok((version.to_owned(), version.to_owned())), "{release}");
    }
}
