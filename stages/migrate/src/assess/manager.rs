//! How dnf or yum is set up: options, locks, repositories, modules, and why packages are there.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;

use heirloom_formats::dnf_history::{self, History};
use heirloom_formats::evr::compare_versions;
use heirloom_model::stream::StreamId;
use rustix::process::{Flock, FlockType, fcntl_getlk};

use super::checks::Surroundings;
use super::look::Look;
use super::text::{self, Section};
use crate::facts::{InstalledFact, ModuleFact, PackageManager, RepositoryFact};

/// dnf's history.
const HISTORY: &str = "/var/lib/dnf/history.sqlite";
/// What yum of Enterprise Linux 7 knows of packages: a directory for each.
const YUMDB: &str = "/var/lib/yum/yumdb";
/// The first version of dnf that replays stored transactions.
const REPLAYS: &str = "4.5";
/// Files with repositories that are read.
const MOST_FILES: usize = 10_000;

/// Why packages are there, by dnf or yum.
pub(super) fn history(look: &mut Look) -> History {
    let Ok(place) = look.machine.resolve(HISTORY).and_then(|place| place.metadata().map(|_| place)) else {
        return yumdb(look);
    };
    match dnf_history::read(&place) {
        Ok(history) => history,
        Err(error) => {
            look.miss(format!("why packages were installed: {error}"));
            History::default()
        }
    }
}

/// Directories are called `LETTER/DIGEST-NAME-VERSION-RELEASE-ARCH`; what is known is in files of one word.
fn yumdb(look: &mut Look) -> History {
    let mut history = History::default();
    for letter in look.names(YUMDB) {
        for name in look.names(&format!("{YUMDB}/{letter}")) {
            let Some((package, nevra)) = yum_package(&name) else { continue };
            let mut word = |file: &str| {
                let text = look.text(&format!("{YUMDB}/{letter}/{name}/{file}")).unwrap_or_default();
                text.trim().to_owned()
            };
            let reason = match word("reason").as_str() {
                "user" => "user",
                "dep" => "dependency",
                "group" => "group",
                _ => "unknown",
            };
            let repository = word("from_repo");
            history.reasons.insert(package, reason);
            if !repository.is_empty() {
                history.repositories.insert(nevra, repository);
            }
        }
    }
    history
}

fn yum_package(name: &str) -> Option<((String, String), String)> {
    let (_, rest) = name.split_once('-')?;
    let (nvr, arch) = rest.rsplit_once('-')?;
    let (nv, _) = nvr.rsplit_once('-')?;
    let (name, _) = nv.rsplit_once('-')?;
    Some(((name.to_owned(), arch.to_owned()), format!("{nvr}.{arch}")))
}

/// Its options, and what is left of transactions.
pub(super) fn facts(
    look: &mut Look,
    packages: &[InstalledFact],
    history: &History,
    around: &mut Surroundings,
) -> PackageManager {
    let main = options(look);
    let (name, version) = program(look, packages);
    around.failed_transaction = history.failed;
    around.is_locked = is_locked(look);
    let mut protected = main.items(&["protected_packages"]);
    for directory in ["/etc/dnf/protected.d", "/etc/yum/protected.d"] {
        for path in look.paths(directory, ".conf") {
            protected.extend(text::lines(&look.text(&path).unwrap_or_default()));
        }
    }
    protected.sort();
    protected.dedup();
    let mut locks = Vec::new();
    for path in ["/etc/dnf/plugins/versionlock.list", "/etc/yum/pluginconf.d/versionlock.list"] {
        locks.extend(text::lines(&look.text(path).unwrap_or_default()));
    }
    locks.dedup();
    PackageManager {
        can_replay: name == "dnf" && compare_versions(&version, REPLAYS).is_ge(),
        name,
        version,
        excludes: main.items(&["exclude", "excludepkgs"]),
        locks,
        protected,
        installonly_limit: main.get("installonly_limit").and_then(|text| text.parse().ok()).unwrap_or(0),
        proxy: text::without_password(main.get("proxy").unwrap_or_default()),
        unfinished: unfinished(look, history),
    }
}

/// The section `main` of dnf.conf, else of yum.conf.
fn options(look: &mut Look) -> Section {
    let text = look.text("/etc/dnf/dnf.conf").or_else(|| look.text("/etc/yum.conf"));
    let sections = text::ini(&text.unwrap_or_default());
    sections.into_iter().find(|section| section.name == "main").unwrap_or_default()
}

/// The program by its package; where it is of no package, dnf by its own files.
fn program(look: &mut Look, packages: &[InstalledFact]) -> (String, String) {
    for name in ["dnf", "yum", "dnf5"] {
        let package = packages.iter().rev().find(|package| package.nevra.name() == name);
        // yum of later releases is a name of dnf's.
        if let Some(package) =
            package.filter(|package| name != "yum" || package.nevra.evr().version().starts_with('3'))
        {
            return (name.to_owned(), package.nevra.evr().version().to_owned());
        }
    }
    let libraries = look.names("/usr/lib").into_iter().filter(|name| name.starts_with("python3"));
    for library in libraries.collect::<Vec<_>>() {
        for below in ["site-packages", "dist-packages"] {
            let text = look.text(&format!("/usr/lib/{library}/{below}/dnf/const.py")).unwrap_or_default();
            let versions = text::assignments(&text).into_iter().filter(|(key, _)| key.trim() == "VERSION");
            let version = versions.map(|(_, version)| version).next().or_else(|| version_of(&text));
            if let Some(version) = version {
                return ("dnf".to_owned(), version);
            }
        }
    }
    Default::default()
}

/// `VERSION = '4.14.0'`
fn version_of(text: &str) -> Option<String> {
    let value = text.lines().find_map(|line| line.strip_prefix("VERSION")?.trim_start().strip_prefix('='))?;
    let value = value.trim().trim_matches(['"', '\'']);
    (!value.is_empty()).then(|| value.to_owned())
}

fn unfinished(look: &mut Look, history: &History) -> String {
    if let Some((number, begun)) = history.unfinished {
        return format!("transaction {number} of dnf, begun at {begun} (seconds since 1970), has no end");
    }
    let names = look.names("/var/lib/yum");
    let left: Vec<_> = names.iter().filter(|name| name.starts_with("transaction-all")).collect();
    left.last().map(|name| format!("/var/lib/yum/{name} is left of a transaction of yum")).unwrap_or_default()
}

/// Whether a transaction runs: rpm holds a lock on a file then. The file is only opened for reading, and nothing is locked.
fn is_locked(look: &Look) -> bool {
    ["/var/lib/rpm/.rpm.lock", "/usr/lib/sysimage/rpm/.rpm.lock"].iter().any(|path| {
        let Ok(place) = look.machine.resolve(path) else { return false };
        let is_file = place.symlink_metadata().is_ok_and(|about| about.is_file());
        let file = if is_file { File::open(place) } else { return false };
        let asked = Flock::from(FlockType::WriteLock);
        file.is_ok_and(|file| fcntl_getlk(&file, &asked).is_ok_and(|held| held.is_some()))
    })
}

/// Repositories in the order of their files.
pub(super) fn repositories(look: &mut Look, packages: &[InstalledFact]) -> Vec<RepositoryFact> {
    let main = options(look);
    let mut files = vec!["/etc/dnf/dnf.conf".to_owned(), "/etc/yum.conf".to_owned()];
    let mut directories = main.items(&["reposdir"]);
    if directories.is_empty() {
        directories =
            ["/etc/yum.repos.d", "/etc/yum/repos.d", "/etc/distro.repos.d"].map(str::to_owned).into();
    }
    for directory in directories {
        files.extend(look.paths(directory.trim_end_matches('/'), ".repo"));
    }
    files.truncate(MOST_FILES);
    let owners = owners(packages);
    let mut all: Vec<RepositoryFact> = Vec::new();
    for file in files {
        let text = look.text(&file).unwrap_or_default();
        let package = owners.get(file.as_str()).copied().unwrap_or_default();
        for section in text::ini(&text).iter().filter(|section| section.name != "main") {
            let fact = repository(section, &main, &file, package);
            // yum.conf is a link to dnf.conf on later releases.
            if !all
                .iter()
                .any(|known| known.id == fact.id && known.file != fact.file && file == "/etc/yum.conf")
            {
                all.push(fact);
            }
        }
    }
    all
}

/// The package of each path in `/etc/`.
fn owners(packages: &[InstalledFact]) -> HashMap<&str, &str> {
    let files = packages
        .iter()
        .flat_map(|package| package.files.iter().map(|path| (path.as_str(), package.nevra.name())));
    files.filter(|(path, _)| path.starts_with("/etc/") && path.ends_with(".repo")).collect()
}

fn repository(section: &Section, main: &Section, file: &str, package: &str) -> RepositoryFact {
    let get = |key: &str| section.get(key).unwrap_or_default().to_owned();
    let is_set = |section: &Section, key: &str| section.get(key).and_then(text::boolean);
    let mut excludes = section.items(&["exclude", "excludepkgs"]);
    excludes.extend(section.items(&["includepkgs"]).into_iter().map(|item| format!("includepkgs={item}")));
    let mirrorlist = [get("metalink"), get("mirrorlist")].into_iter().find(|list| !list.is_empty());
    RepositoryFact {
        id: section.name.clone(),
        file: file.to_owned(),
        package: package.to_owned(),
        name: get("name"),
        enabled: is_set(section, "enabled").unwrap_or(true),
        baseurls: section.items(&["baseurl"]).iter().map(|address| text::without_password(address)).collect(),
        mirrorlist: text::without_password(&mirrorlist.unwrap_or_default()),
        gpgcheck: is_set(section, "gpgcheck").or_else(|| is_set(main, "gpgcheck")).unwrap_or(false),
        excludes,
    }
}

/// Streams by dnf's state, and those that installed packages are of.
pub(super) fn modules(look: &mut Look, packages: &[InstalledFact]) -> Vec<ModuleFact> {
    let mut all: BTreeMap<(String, String), ModuleFact> = BTreeMap::new();
    for path in look.paths("/etc/dnf/modules.d", ".module") {
        for section in text::ini(&look.text(&path).unwrap_or_default()) {
            let get = |key: &str| section.get(key).unwrap_or_default().to_owned();
            let fact = ModuleFact {
                name: section.get("name").map_or_else(|| section.name.clone(), str::to_owned),
                stream: get("stream"),
                state: Some(get("state"))
                    .filter(|state| ["enabled", "disabled"].contains(&state.as_str()))
                    .unwrap_or_default(),
                profiles: section.items(&["profiles"]),
                packages: 0,
            };
            // A module that was reset is listed without a stream.
            if !fact.stream.is_empty() || !fact.state.is_empty() {
                all.insert((fact.name.clone(), fact.stream.clone()), fact);
            }
        }
    }
    for label in packages.iter().filter_map(|package| StreamId::parse(&package.module)) {
        let key = (label.name, label.stream);
        let fact = all.entry(key.clone()).or_default();
        (fact.name, fact.stream) = key;
        fact.packages += 1;
    }
    all.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_yum_knows_is_told_from_names() {
        let (package, nevra) = yum_package("0123abc-perl-Test-Pod-1.48-3.el7-noarch").unwrap();
        assert_eq!(package, ("perl-Test-Pod".to_owned(), "noarch".to_owned()));
        assert_eq!(nevra, "perl-Test-Pod-1.48-3.el7.noarch");
        assert_eq!(yum_package("0123abc-bash"), None);
    }

    #[test]
    fn dnf_says_its_version_in_a_file() {
        assert_eq!(version_of("X = 1\nVERSION = '4.14.0'\n").as_deref(), Some("4.14.0"));
        assert_eq!(version_of("VERSION=\"4.7.0\"").as_deref(), Some("4.7.0"));
        assert_eq!(version_of("VERSIONS = 1"), None);
    }

    #[test]
    fn repositories_are_as_dnf_reads_them() {
        let text = "[a]\nname=A\nbaseurl=http://u:p@h/$releasever http://i/\nexclude=b\nincludepkgs=c d\n[b]\nenabled=0\ngpgcheck=0\nmetalink=https://m\nmirrorlist=https://n\n";
        let main = &text::ini("[main]\ngpgcheck=True\n")[0];
        let all: Vec<_> =
            text::ini(text).iter().map(|section| repository(section, main, "/f", "p")).collect();
        let expected = RepositoryFact {
            id: "a".into(),
            file: "/f".into(),
            package: "p".into(),
            name: "A".into(),
            enabled: true,
            baseurls: vec!["http://u@h/$releasever".into(), "http://i/".into()],
            mirrorlist: String::new(),
            gpgcheck: true,
            excludes: vec!["b".into(), "includepkgs=c".into(), "includepkgs=d".into()],
        };
        assert_eq!(all[0], expected);
        assert_eq!(
            (all[1].enabled, all[1].gpgcheck, all[1].mirrorlist.as_str()),
            (false, false, "https://m")
        );
    }
}
