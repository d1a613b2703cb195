//! Machines of every condition.

use std::fs;
use std::io::Read as _;
use std::process::{Command, Stdio};

use heirloom_migrate::check::Level;
use rusqlite::Connection;
use testkit::rpm_builder::RpmBuilder;

use crate::root::{Root, ids, packages, release, tree};

#[test]
fn a_damaged_database_is_told() {
    let root = Root::new(&packages());
    let path = root.path().join("var/lib/rpm/rpmdb.sqlite");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 3]).unwrap();
    let before = tree(&root.path());
    assert_eq!(ids(&root.assess())[0], "Blocker database-broken");
    fs::write(&path, b"no database").unwrap();
    assert_eq!(ids(&root.assess())[0], "Blocker database-broken");
    fs::write(&path, &whole[..whole.len() / 3]).unwrap();
    drop(root.assess());
    assert_eq!(before.keys().collect::<Vec<_>>(), tree(&root.path()).keys().collect::<Vec<_>>());
}

#[test]
fn one_damaged_header_hides_no_other() {
    let root = Root::new(&packages());
    let connection = Connection::open(root.path().join("var/lib/rpm/rpmdb.sqlite")).unwrap();
    connection.execute("UPDATE Packages SET blob = zeroblob(40) WHERE hnum = 2", []).unwrap();
    drop(connection);
    let it = root.assess();
    assert_eq!((it.package_count, it.database.faults.len()), (3, 1));
    assert_eq!(ids(&it)[0], "Blocker database-broken");
}

#[test]
fn an_empty_directory_and_another_distribution_are_told() {
    let root = Root::new(&[]);
    let before = tree(&root.path());
    assert_eq!(ids(&root.assess()), ["Blocker database-missing", "Blocker not-enterprise-linux"]);
    assert_eq!(before, tree(&root.path()));
    root.write("usr/lib/os-release", "ID=debian\nPRETTY_NAME=\"Debian 12\"\nVERSION_ID=12\n");
    let it = root.assess();
    assert!(it.checks.iter().any(|check| check.found.contains("Debian 12")), "{:?}", it.checks);
}

#[test]
fn half_a_conversion_is_told() {
    let rocky = |name: &str| RpmBuilder::new(name, "1").tag("Vendor", "Rocky Enterprise Software Foundation");
    let stream = RpmBuilder::new("centos-stream-release", "9")
        .tag("Vendor", "CentOS")
        .provides("system-release = 9")
        .file("/usr/lib/os-release", "ID=centos\nPRETTY_NAME=\"CentOS Stream 9\"\nVERSION_ID=9\n");
    let root = Root::new(&[
        stream,
        rocky("a"),
        rocky("b"),
        rocky("c"),
        RpmBuilder::new("d", "1").tag("Vendor", "CentOS"),
    ]);
    let found = |root: &Root| -> Vec<(Level, String)> {
        let checks = root.assess().checks.into_iter().filter(|check| check.id == "half-converted");
        checks.map(|check| (check.level, check.found)).collect()
    };
    let [(level, text)] = &found(&root)[..] else { panic!("{:?}", found(&root)) };
    assert_eq!(*level, Level::Risk);
    assert!(text.contains("3 of 5") && text.contains("Rocky Linux"), "{text}");
    root.install(&[
        RpmBuilder::new("d", "2").tag("Vendor", "CentOS"),
        release("rocky", "Rocky Enterprise Software Foundation"),
    ]);
    let all = found(&root);
    let says = |part: &str| all.iter().any(|(level, text)| *level == Level::Blocker && text.contains(part));
    assert!(says("several versions") && says("centos-stream-release, rocky-release"), "{all:?}");
}

#[test]
fn what_dnf_is_told_is_found() {
    let root = Root::new(&packages());
    root.write("etc/dnf/dnf.conf", "[main]\nexclude=kernel*, bash\n");
    root.write("etc/dnf/plugins/versionlock.list", "# held\nalpha-4:2~rc1-3.el9.*\n");
    root.write("etc/dnf/protected.d/kestrel.conf", "rocky-release\n");
    root.write(
        "etc/dnf/modules.d/php.module",
        "[php]\nname=php\nstream=8.1\nprofiles=common\nstate=enabled\n",
    );
    root.write("etc/pki/consumer/cert.pem", "x");
    root.write("var/lib/alternatives/java", "manual\n/usr/bin/java\n");
    fs::create_dir(root.path().join("etc/alternatives")).unwrap();
    std::os::unix::fs::symlink("/usr/lib/jvm/gone", root.path().join("etc/alternatives/java")).unwrap();
    root.write(".autorelabel", "");
    root.write("var/lib/yum/transaction-all.2024-01-01", "x");
    let before = tree(&root.path());
    let it = root.assess();
    assert_eq!(before, tree(&root.path()));
    let expected = [
        "Blocker unfinished-transaction",
        "Risk alternatives-broken",
        "Risk excluded-packages",
        "Risk selinux-relabel",
        "Risk subscription-left",
        "Risk version-locks",
        "Info modules-enabled",
        "Info protected-packages",
        "Info third-party-packages",
    ];
    assert_eq!(ids(&it), expected, "{:?}", it.checks);
    assert!(it.subscription.registered);
}

/// The real dnf writes the history that is read.
#[test]
fn reasons_and_repositories_are_those_of_dnf() {
    let root = Root::new(&[]);
    let dir = root.dir.path();
    let repository = dir.join("repo");
    for package in packages().into_iter().chain([RpmBuilder::new("sh", "1").provides("/bin/sh")]) {
        package.build(&repository).unwrap();
    }
    let made = Command::new("createrepo_c").arg("-q").arg(&repository).status().unwrap();
    assert!(made.success());
    let dnf = |args: &[&str]| {
        let output = Command::new("dnf")
            .env("HOME", dir)
            .args(["-q", "-y", "--releasever", "9", "--disableplugin=local", "--forcearch=x86_64"])
            .args(["--setopt=module_platform_id=platform:el9", "--setopt=reposdir=/dev/null"])
            .args(["--setopt=varsdir=/dev/null", "--nogpgcheck"])
            .arg("--setopt=kestrel.module_hotfixes=1")
            .arg(format!("--setopt=cachedir={}", dir.join("cache").display()))
            .arg(format!("--installroot={}", root.path().display()))
            .arg(format!("--repofrompath=kestrel,{}", repository.display()))
            .args(args)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    fs::write(dir.join(".rpmmacros"), "%_dbpath /var/lib/rpm\n").unwrap();
    dnf(&["install", "alpha", "gamma"]);
    dnf(&["mark", "remove", "gamma"]);
    let before = tree(&root.path());
    let it = root.assess();
    assert_eq!(before, tree(&root.path()));
    let found: Vec<_> = it
        .packages
        .iter()
        .map(|package| (package.nevra.name(), package.reason.as_str(), package.repository.as_str()))
        .collect();
    let expected = [
        ("alpha", "user", "kestrel"),
        ("beta", "dependency", "kestrel"),
        ("gamma", "dependency", "kestrel"),
        ("sh", "dependency", "kestrel"),
    ];
    assert_eq!(found, expected);
    assert_eq!(it.package_manager.unfinished, "");
    let connection = Connection::open(root.path().join("var/lib/dnf/history.sqlite")).unwrap();
    connection
        .execute("UPDATE trans SET dt_end = NULL, state = 0 WHERE id = (SELECT max(id) FROM trans)", [])
        .unwrap();
    drop(connection);
    assert!(ids(&root.assess()).contains(&"Blocker unfinished-transaction".to_owned()));
}

#[test]
fn a_berkeley_db_is_read_by_rpm() {
    let root = Root::new(&packages());
    let plain = root.assess();
    root.to_berkeley_db();
    let before = tree(&root.path());
    let it = root.assess();
    assert_eq!(before, tree(&root.path()));
    assert_eq!((it.database.kind.as_str(), &it.database.faults[..]), ("Berkeley DB", &[][..]));
    assert_eq!(it.database.state, plain.database.state);
    assert_eq!(it.packages, plain.packages);
}

#[test]
fn a_transaction_that_runs_is_seen() {
    let root = Root::new(&packages());
    root.write("var/lib/rpm/.rpm.lock", "");
    let is_seen = || root.assess().checks.iter().any(|check| check.id == "unfinished-transaction");
    assert!(!is_seen());
    let script = "import fcntl, sys; f = open(sys.argv[1], 'r+'); fcntl.lockf(f, fcntl.LOCK_EX); print('held', flush=True); sys.stdin.read()";
    let mut holder = Command::new("python3");
    holder.args(["-c", script]).arg(root.path().join("var/lib/rpm/.rpm.lock"));
    let mut holder = holder.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut said, mut output) = ([0; 4], holder.stdout.take().unwrap());
    output.read_exact(&mut said).unwrap();
    let seen = is_seen();
    drop(holder.stdin.take());
    holder.wait().unwrap();
    assert!(seen);
    assert!(!is_seen());
}

#[test]
fn keys_are_listed() {
    let root = Root::new(&packages()[..1]);
    let home = root.dir.path().join("gnupg");
    fs::create_dir(&home).unwrap();
    fs::set_permissions(&home, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let gpg = |args: &[&str]| {
        let output = Command::new("gpg")
            .env("GNUPGHOME", &home)
            .args(["--batch", "--quiet"])
            .args(args)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    gpg(&[
        "--passphrase",
        "",
        "--quick-generate-key",
        "Kestrel <a@kestrel.example>",
        "rsa2048",
        "sign",
        "never",
    ]);
    let file = root.dir.path().join("key.asc");
    fs::write(&file, gpg(&["--armor", "--export"])).unwrap();
    let (text, is_done) = root.rpm(&["--import", file.to_str().unwrap()]);
    assert!(is_done, "{text}");
    let it = root.assess();
    let (listed, _) = root.rpm(&["-qa", "--qf", "%{NAME}-%{VERSION}-%{RELEASE}\n", "gpg-pubkey"]);
    let keys: Vec<_> = it.keys.iter().map(|key| (key.package.as_str(), key.owner.as_str())).collect();
    assert_eq!(keys, [(listed.trim(), "Kestrel <a@kestrel.example>")]);
    assert_eq!(it.package_count, 1);
    let _ = Command::new("gpgconf").env("GNUPGHOME", &home).args(["--kill", "all"]).status();
}
