use super::*;
use crate::assess::packages::tests::fact;
use crate::facts::{Alternative, Changed, ChangedFile, InstalledKernel, ModuleFact, RepositoryFact};

/// A machine of which nothing is to be said.
fn whole() -> Assessment {
    let mut it = Assessment::default();
    it.system.vendor = "rocky".to_owned();
    it.machine.architecture = "x86_64".to_owned();
    it.database.path = "/var/lib/rpm".to_owned();
    it.packages = vec![fact(
        "rocky-release-9.4-1.noarch",
        "Rocky Enterprise Software Foundation",
        &["system-release = 9.4"],
    )];
    it.system.release = Some(it.packages[0].nevra.clone());
    it.mounts = vec![mount("/", 50 << 30, &[]), mount("/boot", 900 << 20, &[])];
    it
}

fn mount(point: &str, free: u64, options: &[&str]) -> Mount {
    let options = options.iter().map(|option| (*option).to_owned()).collect();
    Mount { point: point.to_owned(), size: 100 << 30, free, options, ..Mount::default() }
}

fn kernel(version: &str, bytes: u64) -> InstalledKernel {
    InstalledKernel {
        version: version.to_owned(),
        package: format!("kernel-core-{version}"),
        boot_bytes: bytes,
        ..InstalledKernel::default()
    }
}

fn changed(path: &str, is_config: bool, change: Changed) -> ChangedFile {
    ChangedFile {
        path: path.to_owned(),
        package: "a-1-1.noarch".parse().unwrap(),
        is_config,
        is_noreplace: false,
        change,
        vendor: String::new(),
        local: String::new(),
        algorithm: 8,
    }
}

type Change = fn(&mut Assessment, &mut Surroundings);

/// Each check with what brings it up, and what it says. On a whole machine there is none.
const CASES: &[(&str, &str, Change)] = &[
    ("not-enterprise-linux", "no Enterprise Linux", |it, _| it.system.vendor.clear()),
    ("not-root", "root did not look", |_, around| around.is_root = false),
    ("container", "container (podman)", |it, _| it.system.kind = "container (podman)".into()),
    ("ostree", "image", |it, _| it.system.kind = "ostree".into()),
    ("live-system", "switched off", |it, _| it.system.kind = "live system".into()),
    ("read-only-root", "/ is mounted", |it, _| it.mounts[0].read_only = true),
    ("read-only-root", "/boot is mounted", |it, _| it.mounts[1].read_only = true),
    ("root-space", "/ is 1024 MiB free of 100 GiB", |it, _| it.mounts[0].free = 1 << 30),
    ("root-space", "/ is 10 MiB free", |it, _| it.mounts[0].free = 10 << 20),
    ("boot-space", "takes 80 MiB", |it, _| {
        it.boot.kernels = vec![kernel("5.14.0-1.el9.x86_64", 80 << 20)];
        it.mounts[1].free = 79 << 20;
    }),
    ("noexec-tmp", "from /tmp, as /tmp", |it, _| it.mounts.push(mount("/tmp", 1 << 30, &["rw", "noexec"]))),
    ("noexec-tmp", "from /var/tmp, as /var", |it, _| it.mounts.push(mount("/var", 1 << 30, &["noexec"]))),
    ("kernel-not-newest", "5.14.0-70.el9.x86_64 runs, but 5.14.0-427.el9.x86_64", |it, _| {
        it.boot.running_kernel = "5.14.0-70.el9.x86_64".into();
        it.boot.kernels = vec![kernel("5.14.0-427.el9.x86_64", 1), kernel("5.14.0-70.el9.x86_64", 1)];
    }),
    ("third-party-kernel-modules", "nvidia (of kmod-nvidia), vbox (of no package)", |it, _| {
        it.foreign_modules =
            [("nvidia", "kmod-nvidia"), ("vbox", "")].map(|(a, b)| (a.into(), b.into())).into();
    }),
    ("fips", "on", |it, _| it.system.fips = true),
    ("selinux-relabel", "next boot", |_, around| around.will_relabel = true),
    ("subscription-left", "registered", |it, _| it.subscription.registered = true),
    ("subscription-left", "/a are left", |it, _| it.subscription.files = vec!["/a are left".into()]),
    ("alternatives-broken", "1 link of", |it, _| {
        it.alternatives = vec![Alternative { name: "java".into(), ..Alternative::default() }];
    }),
    ("modules-enabled", "1 stream of modules is enabled: php:8.1", |it, _| {
        let state = "enabled".into();
        it.modules =
            vec![ModuleFact { name: "php".into(), stream: "8.1".into(), state, ..ModuleFact::default() }];
    }),
    ("protected-packages", "rocky-release", |it, _| {
        it.package_manager.protected = vec!["rocky-release".into(), "systemd".into()];
    }),
    ("database-missing", "no database", |it, _| it.database.path.clear()),
    ("database-broken", "first, and 1 more", |it, _| {
        it.database.faults = vec!["first".into(), "second".into()]
    }),
    ("unfinished-transaction", "has no end", |it, _| it.package_manager.unfinished = "it has no end".into()),
    ("unfinished-transaction", "right now", |_, around| around.is_locked = true),
    ("failed-transaction", "(7)", |_, around| around.failed_transaction = Some(7)),
    ("packages-of-32-bits", "1 package is of 32 bits: glibc", |it, _| {
        it.packages.push(fact("glibc-2-1.i686", "Rocky Enterprise Software Foundation", &[]));
    }),
    ("third-party-packages", "2 of nobody that is named, 1 of Fedora Project", |it, _| {
        for (name, vendor) in [("a", "Fedora Project"), ("b", ""), ("c", "")] {
            it.packages.push(fact(&format!("{name}-1-1.noarch"), vendor, &[]));
        }
    }),
    ("excluded-packages", "a (dnf.conf), b (x)", |it, _| {
        it.package_manager.excludes = vec!["a".into()];
        let one = RepositoryFact {
            id: "x".into(),
            enabled: true,
            excludes: vec!["b".into()],
            ..RepositoryFact::default()
        };
        it.repositories = vec![RepositoryFact { enabled: false, id: "y".into(), ..one.clone() }, one];
    }),
    ("version-locks", "2 packages are held", |it, _| it.package_manager.locks = vec!["a".into(), "b".into()]),
    ("installonly-limit", "1 kernel installed, and dnf keeps 1", |it, _| {
        it.package_manager.installonly_limit = 1;
        let mut kernel = fact("kernel-core-5-1.x86_64", "Rocky Enterprise Software Foundation", &[]);
        kernel.has_kernel_files = true;
        it.packages.push(kernel);
    }),
    ("changed-files", "1 file that is no configuration is not as installed: /usr/bin/a", |it, _| {
        it.changed =
            vec![changed("/usr/bin/a", false, Changed::Missing), changed("/b", false, Changed::Access)];
    }),
    ("changed-files", "2 configuration files are changed", |it, _| {
        it.changed =
            vec![changed("/etc/a", true, Changed::Content), changed("/etc/b", true, Changed::Access)];
    }),
    ("half-converted", "several versions, as after a transaction that broke off: a", |it, _| {
        for version in [1, 2] {
            it.packages.push(fact(
                &format!("a-{version}-1.noarch"),
                "Rocky Enterprise Software Foundation",
                &[],
            ));
        }
    }),
];

fn found(change: Change) -> Vec<Check> {
    let (mut it, mut around) = (whole(), Surroundings { is_root: true, ..Surroundings::default() });
    change(&mut it, &mut around);
    checks(&it, &around)
}

#[test]
fn a_whole_machine_has_no_checks() {
    assert_eq!(found(|_, _| {}), []);
}

#[test]
fn each_check_comes_up_alone_and_says_what_it_found() {
    for (id, text, change) in CASES {
        let found = found(*change);
        let [check] = &found[..] else { panic!("{id}: {found:?}") };
        assert_eq!(check.id, *id);
        assert!(check.found.contains(text), "{id}: {}", check.found);
        assert!(!check.advice.is_empty());
    }
}

#[test]
fn kernels_and_other_packages_in_several_versions_are_as_they_should_be() {
    let quiet = found(|it, _| {
        for (name, provides) in
            [("kernel-core", ""), ("kmod-x", "installonlypkg(kernel-module)"), ("kernel-modules-extra", "")]
        {
            for version in [1, 2] {
                let provides: &[&str] = if provides.is_empty() { &[] } else { &[provides] };
                it.packages.push(fact(
                    &format!("{name}-{version}-1.x86_64"),
                    "Rocky Enterprise Software Foundation",
                    provides,
                ));
            }
        }
    });
    assert_eq!(quiet, []);
}
