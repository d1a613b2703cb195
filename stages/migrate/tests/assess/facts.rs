//! Facts are what rpm says.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

use heirloom_migrate::assess::page;
use heirloom_migrate::facts::{Assessment, Changed, InstalledFact};

use crate::root::{NOW, Root, ids, packages, tree};

fn named<'a>(it: &'a Assessment, name: &str) -> &'a InstalledFact {
    it.packages.iter().find(|package| package.nevra.name() == name).unwrap()
}

fn texts(all: &[heirloom_model::Dependency]) -> BTreeSet<String> {
    all.iter().map(ToString::to_string).collect()
}

/// What rpm lists, one in a line.
fn listed(root: &Root, args: &[&str]) -> BTreeSet<String> {
    let (text, is_done) = root.rpm(args);
    assert!(is_done, "{text}");
    text.lines().filter(|line| !line.starts_with("rpmlib(")).map(str::to_owned).collect()
}

#[test]
fn packages_are_as_rpm_says() {
    let root = Root::new(&packages());
    let before = tree(&root.path());
    let it = root.assess();
    assert_eq!(before, tree(&root.path()), "nothing may change");
    let form =
        "%{NAME}\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}.%{ARCH}\t%{VENDOR}\t%{SOURCERPM}\t%{INSTALLTIME}\n";
    let expected = listed(&root, &["-qa", "--qf", form]);
    let found = it.packages.iter().map(|it| {
        let (nevra, evr) = (&it.nevra, it.nevra.evr());
        let evra = format!("{}:{}-{}.{}", evr.epoch(), evr.version(), evr.release(), nevra.arch());
        format!("{}\t{evra}\t{}\t{}\t{}", nevra.name(), it.vendor, it.source, it.installed)
    });
    assert_eq!(found.collect::<BTreeSet<_>>(), expected);
    for name in ["alpha", "beta", "kestrel-release"] {
        let package = named(&it, name);
        // rpm shows an epoch of 0 where the package states it; these state none.
        assert_eq!(texts(&package.provides), listed(&root, &["-q", "--provides", name]), "{name}");
        assert_eq!(texts(&package.requires), listed(&root, &["-q", "--requires", name]), "{name}");
        assert_eq!(texts(&package.conflicts), listed(&root, &["-q", "--conflicts", name]), "{name}");
        assert_eq!(texts(&package.obsoletes), listed(&root, &["-q", "--obsoletes", name]), "{name}");
        let size = listed(&root, &["-q", "--qf", "%{SIZE}\n", name]);
        assert_eq!(package.bytes.values().sum::<u64>().to_string(), *size.first().unwrap(), "{name}");
    }
    let alpha = named(&it, "alpha");
    assert!(texts(&alpha.requires).contains("(beta if alpha)"));
    assert!(
        alpha.files.contains(&"/usr/bin/alpha".to_owned())
            && alpha.files.contains(&"/etc/alpha.conf".to_owned())
    );
    // Required by alpha; the other file is required by nobody.
    assert!(named(&it, "beta").files.contains(&"/usr/share/beta/data".to_owned()));
    assert!(!named(&it, "beta").files.contains(&"/usr/share/beta/other".to_owned()));
    assert_eq!(named(&it, "beta").module, "beta:7:90001:c0ffee");
    assert_eq!((it.database.kind.as_str(), it.database.path.as_str()), ("sqlite", "/var/lib/rpm"));
    assert_eq!((it.taken, it.program.as_str(), it.package_count), (NOW, "1.0", 4));
}

#[test]
fn a_whole_machine_has_no_blocker() {
    let root = Root::new(&packages());
    root.write(
        "etc/dnf/dnf.conf",
        "[main]\ngpgcheck=1\ninstallonly_limit=3\nproxy=http://u:secret@proxy:1\n",
    );
    root.write("etc/selinux/config", "SELINUX=permissive\n");
    let it = root.assess();
    assert_eq!(ids(&it), ["Info third-party-packages"], "{:?}", it.checks);
    assert_eq!(
        (it.system.vendor.as_str(), it.system.major, it.system.selinux.as_str()),
        ("heirloom", 9, "permissive")
    );
    assert_eq!(it.system.release.as_ref().unwrap().to_string(), "kestrel-release-9.4-1.noarch");
    assert_eq!((it.machine.host.as_str(), it.machine.architecture.as_str()), ("larch.example", "x86_64"));
    assert_eq!(it.machine.id, heirloom_model::Digest::of(b"0123456789abcdef0123456789abcdef").to_string());
    assert_eq!(it.package_manager.proxy, "http://u@proxy:1");
    let [repository] = &it.repositories[..] else { panic!("{:?}", it.repositories) };
    assert_eq!((repository.id.as_str(), repository.package.as_str()), ("kestrel-baseos", "kestrel-release"));
    assert!(repository.gpgcheck && repository.enabled);
    assert_eq!(it.modules[0].packages, 1);
    let page = page(&it);
    assert!(
        page.contains("larch.example: kestrel 9.4, x86_64") && page.contains("third-party-packages"),
        "{page}"
    );
    assert!(!page.contains("secret"));
    let text = serde_json::to_string(&it).unwrap();
    assert_eq!(serde_json::from_str::<Assessment>(&text).unwrap(), it);
}

/// What `rpm --verify` says of paths, without the time of change, which follows from the rest.
fn verified(root: &Root) -> BTreeSet<(String, String)> {
    let (text, _) = root.rpm(&["-Va", "--nodeps", "--noscripts"]);
    let line = |line: &str| {
        let path = line[line.find('/')?..].to_owned();
        let flags: String =
            line.split_whitespace().next()?.chars().filter(|c| "SM5LUG".contains(*c)).collect();
        let what = match flags.as_str() {
            _ if line.starts_with("missing") => "Missing",
            "" => return None,
            flags if flags.contains(['S', '5', 'L']) => "Content",
            _ => "Access",
        };
        Some((path, what.to_owned()))
    };
    text.lines().filter_map(line).collect()
}

#[test]
fn changed_files_are_those_that_rpm_finds() {
    let root = Root::new(&packages());
    assert_eq!(verified(&root), BTreeSet::new());
    assert_eq!(root.assess().changed, []);
    let place = |path: &str| root.path().join(path);
    root.write("etc/alpha.conf", "a = 2\n");
    fs::remove_file(place("etc/alpha.d/b.conf")).unwrap();
    fs::remove_file(place("etc/beta.conf")).unwrap();
    fs::set_permissions(place("etc/alpha.d/c.conf"), fs::Permissions::from_mode(0o600)).unwrap();
    root.write("etc/alpha.d/free", "something else\n");
    root.write("usr/share/alpha/one", "longer than it was\n");
    chown(place("usr/share/alpha/two"), Some(1), None).unwrap();
    chown(place("usr/share/alpha/three"), None, Some(1)).unwrap();
    fs::remove_file(place("usr/share/alpha/four")).unwrap();
    symlink("five.other", place("usr/share/alpha/four")).unwrap();
    fs::rename(place("usr/share/beta"), place("usr/share/beta.moved")).unwrap();
    let it = root.assess();
    // A link in a file's place is a matter of its content to rpm, and of its kind here.
    let name = |change| match change {
        Changed::Missing => "Missing",
        Changed::Content | Changed::Kind => "Content",
        Changed::Access => "Access",
    };
    let found: BTreeSet<_> =
        it.changed.iter().map(|file| (file.path.clone(), name(file.change).to_owned())).collect();
    assert_eq!(found, verified(&root));
    assert_eq!(found.len(), 9, "{found:?}");
    let conf = it.changed.iter().find(|file| file.path == "/etc/alpha.conf").unwrap();
    assert!(conf.is_config && conf.is_noreplace);
    let (listing, _) = root.rpm(&["-q", "--qf", "[%{FILENAMES} %{FILEDIGESTS}\n]", "alpha"]);
    assert!(listing.contains(&format!("/etc/alpha.conf {}\n", conf.vendor)), "{listing}");
    assert_eq!(conf.local, heirloom_model::Digest::of(b"a = 2\n").to_string());
    let link = it.changed.iter().find(|file| file.path == "/usr/share/alpha/four").unwrap();
    assert_eq!((link.change, link.is_config), (Changed::Kind, false));
    assert_eq!(ids(&it), ["Risk changed-files", "Info changed-files", "Info third-party-packages"]);
}

#[test]
fn content_of_other_files_is_told_by_its_size() {
    let root = Root::new(&packages());
    root.write("usr/share/alpha/one", "eno\n");
    root.write("etc/alpha.conf", "a = 3\n");
    let found: Vec<_> = root.assess().changed.into_iter().map(|file| file.path).collect();
    assert_eq!(found, ["/etc/alpha.conf"]);
}

#[test]
fn the_state_is_that_of_the_packages() {
    let root = Root::new(&packages());
    let first = root.assess().database.state;
    assert_eq!(first.len(), 64);
    let (text, is_done) = root.rpm(&["--rebuilddb"]);
    assert!(is_done, "{text}");
    assert_eq!(root.assess().database.state, first);
    let (text, is_done) = root.rpm(&["-e", "--nodeps", "gamma"]);
    assert!(is_done, "{text}");
    let without = root.assess().database.state;
    assert_ne!(without, first);
    root.install(&packages()[3..]);
    assert_eq!(root.assess().database.state, first, "installed again at another time");
}
