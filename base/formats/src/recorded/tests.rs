use super::*;

const MD5: &str = "dc6edb2b7e390e5f0994267d22b9dc1a";

fn read(text: &str) -> Result<Recorded, RecordedError> {
    parse(Document::new("record", text.as_bytes()))
}

fn one(text: &str) -> RecordedBuildroot {
    match read(text) {
        Ok(Recorded::Buildroots(mut all)) if all.len() == 1 => all.remove(0),
        other => panic!("{other:?}"),
    }
}

fn names(packages: &[RecordedPackage]) -> Vec<String> {
    packages.iter().map(|package| package.nevra.to_string()).collect()
}

/// The lines of a log of mock.
fn logged(text: &str) -> String {
    text.lines().map(|line| format!("DEBUG util.py:446:  {line}\n")).collect()
}

fn lock() -> String {
    format!(
        r#"{{"version": "1.0.0", "config": {{"target_arch": "x86_64"}}, "bootstrap": {{"image_digest": "x"}},
        "buildroot": {{"rpms": [
        {{"name": "openssl", "epoch": "1", "version": "3.0.7", "release": "1.el9", "arch": "x86_64",
          "license": "Apache-2.0", "sigmd5": "{MD5}", "signature": "4bf0c9db", "url": "https://a.example/openssl.rpm"}},
        {{"name": "bash", "epoch": null, "version": "5.1.8", "release": "9.el9", "arch": "x86_64",
          "license": "GPL", "sigmd5": "{MD5}", "signature": null, "url": "https://a.example/bash.rpm"}},
        {{"name": "gpg-pubkey", "epoch": null, "version": "d651ff2e", "release": "5dadbbc1", "arch": "(none)"}}
        ]}}}}"#
    )
}

const TABLE: &str = "Dependencies resolved.
================================================================================
 Package                             Arch   Version            Repository  Size
================================================================================
Installing group/module packages:
 bash                                x86_64 5.1.8-9.el9        build      1.7 M
 python3-a-name-that-is-longer-than-its-column
                                     noarch 4:1.0-3.el9        build       44
Installing dependencies:
 glibc                               x86_64 2.34-100.el9       build      2.0 M
Installing Groups:
 Buildsystem building group

Transaction Summary
================================================================================
Install  3 Packages

Total download size: 3.7 M
  Installing       : glibc-2.34-100.el9.x86_64                              1/3
Installed:
  bash-5.1.8-9.el9.x86_64     glibc-2.34-100.el9.x86_64

Complete!
";

#[test]
fn a_lock_of_mock_is_read() {
    let buildroot = one(&lock());
    assert_eq!((buildroot.format, buildroot.arch.as_deref()), (RecordedFormat::MockLock, Some("x86_64")));
    assert_eq!(names(&buildroot.packages), ["openssl-1:3.0.7-1.el9.x86_64", "bash-5.1.8-9.el9.x86_64"]);
    let openssl = &buildroot.packages[0];
    assert_eq!((openssl.sigmd5.as_deref(), openssl.signature.as_deref()), (Some(MD5), Some("4bf0c9db")));
    assert_eq!(openssl.url.as_deref(), Some("https://a.example/openssl.rpm"));
    assert!(openssl.epoch_stated && buildroot.packages[1].signature.is_none());
}

#[test]
fn lists_are_read() {
    let mock = format!(
        "bash-5.1-1.x86_64 1690000000 7 {MD5} installed\nopenssl-1:3-1.x86_64 1 2 (none) installed\n"
    );
    let rpms = format!(
        r#"[{{"id": 1, "name": "bash", "version": "5.1", "release": "1", "epoch": null, "arch": "x86_64",
            "nvr": "bash-5.1-1", "payloadhash": "{MD5}", "size": 7}},
           {{"id": 2, "name": "openssl", "version": "3", "release": "1", "epoch": 1, "arch": "x86_64"}}]"#
    );
    let koji = "Component RPMs:\nbash-5.1-1.x86_64\nopenssl-3-1.x86_64 [update]\nbash-5.1-1.x86_64\n\
        gpg-pubkey-d651ff2e-5dadbbc1\n\nComponent Archives:\na.jar\n";
    let (plain, epochs) =
        (["bash-5.1-1.x86_64", "openssl-3-1.x86_64"], ["bash-5.1-1.x86_64", "openssl-1:3-1.x86_64"]);
    for (text, format, expected, stated, sigmd5) in [
        (&*mock, RecordedFormat::MockInstalled, epochs, true, true),
        (&rpms, RecordedFormat::KojiRpms, epochs, true, true),
        (koji, RecordedFormat::KojiListing, plain, false, false),
        ("bash-5.1-1.x86_64.rpm\nopenssl-1:3-1.x86_64.rpm", RecordedFormat::KojiListing, epochs, true, false),
    ] {
        let buildroot = one(text);
        assert_eq!(buildroot.format, format);
        assert_eq!(names(&buildroot.packages), expected);
        let bash = &buildroot.packages[0];
        assert_eq!((bash.epoch_stated, bash.sigmd5.is_some()), (stated, sigmd5), "{format}");
    }
}

#[test]
fn a_content_generator_has_a_buildroot_for_each_architecture() {
    let buildroot = |arch: &str, components: &str| {
        format!(r#"{{"container": {{"type": "docker", "arch": "{arch}"}}, "components": [{components}]}}"#)
    };
    let bash =
        r#"{"type": "rpm", "name": "bash", "version": "5", "release": "1", "epoch": null, "arch": "x86_64"}"#;
    let text = format!(
        r#"{{"metadata_version": 0, "buildroots": [{}, {}, {}]}}"#,
        buildroot("aarch64", &bash.replace("x86_64", "aarch64")),
        buildroot("x86_64", &format!(r#"{{"type": "file", "filename": "a"}}, {bash}"#)),
        buildroot("s390x", ""),
    );
    let recorded = read(&text).unwrap();
    assert_eq!(names(&recorded.clone().for_arch("x86_64").unwrap().packages), ["bash-5-1.x86_64"]);
    assert_eq!(names(&recorded.clone().for_arch("aarch64").unwrap().packages), ["bash-5-1.aarch64"]);
    assert_eq!(recorded.for_arch("s390x"), None);
}

#[test]
fn konflux_names_the_locks() {
    let text =
        r#"{"x86_64": {"filelist": ["a-1-1.src.rpm"], "lockfile": "/w/x86_64/results/buildroot_lock.json"}}"#;
    let expected = LockReference {
        arch: "x86_64".to_owned(),
        lockfile: "/w/x86_64/results/buildroot_lock.json".to_owned(),
        built: vec!["a-1-1.src.rpm".to_owned()],
    };
    assert_eq!(read(text).unwrap(), Recorded::Locks(vec![expected]));
}

#[test]
fn the_table_of_a_log_is_read_across_wrapped_lines() {
    let expected = [
        "bash-5.1.8-9.el9.x86_64",
        "python3-a-name-that-is-longer-than-its-column-4:1.0-3.el9.noarch",
        "glibc-2.34-100.el9.x86_64",
    ];
    for text in [TABLE.to_owned(), logged(TABLE), logged(TABLE).replace('\n', "\r\n")] {
        let buildroot = one(&text);
        assert_eq!(names(&buildroot.packages), expected);
        assert_eq!((buildroot.format, buildroot.incomplete), (RecordedFormat::RootLog, None));
    }
}

#[test]
fn dnf5_and_yum_are_read() {
    let dnf5 = "\
Package                Arch   Version                        Repository      Size
Upgrading:
 rpm                   x86_64 0:6.0.1-1.fc44                 build        3.1 MiB
   replacing rpm       x86_64 0:6.0.0-1.fc44                 build        3.1 MiB
Installing:
 gcc                   x86_64 0:16.1.1-1.fc44                build      120.0 MiB
   replacing cpp-old   x86_64 0:15.0.0-1.fc44                build        3.1 MiB
Installing dependencies:
 emacs-filesystem      noarch 1:31.1-2.fc46                  build        0.0   B

Transaction Summary:
 Installing:         2 packages
 Upgrading:          1 package
 Replacing:          2 packages

Running transaction
[1/3] Installing gcc-0:16.1.1-1.fc44.x86_64 100% | 309.3 MiB/s |  13.0 MiB |  00m00s
Complete!
";
    let before = "\
Package                Arch   Version                        Repository      Size
Installing:
 cpp-old               x86_64 15.0.0-1.fc44                  build        3.1 MiB
 rpm                   x86_64 6.0.0-1.fc44                   build        3.1 MiB

Transaction Summary:
 Installing:         2 packages

Complete!
";
    let buildroot = one(&logged(&format!("{before}{dnf5}")));
    assert_eq!(
        names(&buildroot.packages),
        ["rpm-6.0.1-1.fc44.x86_64", "gcc-16.1.1-1.fc44.x86_64", "emacs-filesystem-1:31.1-2.fc46.noarch"]
    );

    let table = "\
================================================================================
 Package          Arch         Version                 Repository         Size
================================================================================
Installing:
 ustr             x86_64       1.0.4-16.el7            base               92 k
Installing for dependencies:
 openssl          x86_64       1:1.0.2k-19.el7         updates           493 k

Transaction Summary
================================================================================
Install  1 Package (+1 Dependent package)
";
    let installed = "
Installed:
  ustr.x86_64 0:1.0.4-16.el7
Dependency Installed:
  java-1.8.0-openjdk.x86_64 1:1.8.0.242-1.el7      openssl.x86_64 1:1.0.2k-19.el7
Complete!
";
    let yum = ["ustr-1.0.4-16.el7.x86_64", "openssl-1:1.0.2k-19.el7.x86_64"];
    assert_eq!(names(&one(&logged(&format!("{table}{installed}"))).packages), yum);
    let quiet = one(&logged(installed));
    assert_eq!(names(&quiet.packages), [yum[0], "java-1.8.0-openjdk-1:1.8.0.242-1.el7.x86_64", yum[1]]);
}

#[test]
fn chroots_are_kept_apart_and_what_was_not_carried_out_counts_for_nothing() {
    let command = |root: &str, what: &str| {
        format!(
            "Executing command: ['/usr/bin/dnf', '--installroot', '/var/lib/mock/a{root}/root/', '{what}'] with env\n"
        )
    };
    let table = |name: &str| {
        format!(
            " Package Arch Version Repo Size\nInstalling:\n {name} x86_64 1-1 build 1 k\n\nTransaction Summary\n\
             Install  1 Package\n"
        )
    };
    let done = "Complete!\n";
    let log = [
        command("-bootstrap", "install"),
        table("dnf"),
        done.to_owned(),
        command("", "groupinstall"),
        table("bash"),
        done.to_owned(),
    ]
    .concat();
    let buildroot = one(&logged(&log));
    assert_eq!(names(&buildroot.bootstrap), ["dnf-1-1.x86_64"]);
    assert_eq!(
        (names(&buildroot.packages), buildroot.incomplete),
        (vec!["bash-1-1.x86_64".to_owned()], None)
    );

    let failed = format!("{log}{}{}Error: a mirror\n", command("", "builddep"), table("gcc"));
    let buildroot = one(&logged(&failed));
    assert_eq!(names(&buildroot.packages), ["bash-1-1.x86_64"]);
    assert!(buildroot.incomplete.unwrap().contains("not carried out"));

    let again = format!("{failed}{}{}{done}", command("", "builddep"), table("gcc"));
    let buildroot = one(&logged(&again));
    assert_eq!((buildroot.packages.len(), buildroot.incomplete), (2, None));

    let unpacked =
        "Executing command: ['/usr/bin/tar', '-xf', '/var/cache/mock/a/root_cache/cache.tar.gz']\n";
    assert!(one(&logged(&format!("{unpacked}{log}"))).incomplete.unwrap().contains("cached root"));
}

#[test]
fn a_wrong_record_is_refused_with_its_place() {
    let (lock, table) = (lock(), logged(TABLE));
    for (text, says) in [
        ("".to_owned(), "record: it lists no packages"),
        (
            "hello\n".to_owned(),
            "record, line 1: it is no record of a buildroot: expected mock's buildroot_lock.json",
        ),
        ("{\"a\": 1}".to_owned(), "found an object with `a`"),
        ("{\"a\": [}".to_owned(), "record, line 1: it is no JSON"),
        ("[]".to_owned(), "it lists no packages"),
        ("[1]".to_owned(), "`[0]`: expected an object, found 1"),
        (lock.replace("1.0.0", "2.0.0"), "`version`: it has version `2.0.0`"),
        (lock.replace("\"rpms\"", "\"rpm\""), "`buildroot.rpms`: expected a list, found nothing"),
        (lock.replace("\"bash\"", "7"), "`buildroot.rpms[1].name`: expected a text, found 7"),
        (lock.replace("\"bash\"", "\"a b\""), "`buildroot.rpms[1]`: expected a package, found name `a b`"),
        (
            lock.replace("\"epoch\": \"1\"", "\"epoch\": \"x\""),
            "`buildroot.rpms[0].epoch`: expected an epoch",
        ),
        ("{\"buildroots\": [{\"components\": []}]}".to_owned(), "`buildroots`: it lists no packages"),
        ("bash-5.1-1.x86_64\nbash\n".to_owned(), "line 2: expected NAME-VERSION-RELEASE.ARCH, found `bash`"),
        ("Built RPMs:\nbash-5.1-1.x86_64\n".to_owned(), "line 1: this lists what was built"),
        (table.replace(" bash ", "-"), "line 16: dnf counts 3 packages to install, but its table has 2"),
        (table.replace("Complete!", "Error"), "no transaction of dnf or yum"),
        (logged("hello"), "no transaction of dnf or yum"),
    ] {
        let error = read(&text).unwrap_err().to_string();
        assert!(error.contains(says), "{error}\n  should say: {says}");
    }
    assert!(
        parse(Document::new("record", b"\x1f\x8bno gzip")).unwrap_err().to_string().contains("decompressed")
    );
}

#[test]
fn sizes_are_bounded() {
    let many: String = (0..=MOST).map(|number| format!("a{number}-1-1.noarch\n")).collect();
    assert!(read(&many).unwrap_err().to_string().contains("line 20001: it has more than 20000 packages"));
    let rows: String = (0..=MOST).map(|number| format!(" a{number} noarch 1-1 build 1\n")).collect();
    let log = format!(" Package Arch Version Repo Size\nInstalling:\n{rows}");
    assert!(read(&log).unwrap_err().to_string().contains("more than 20000 packages"));
    let large = vec![b'\n'; LARGEST as usize + 1];
    assert!(matches!(parse(Document::new("record", &large)), Err(RecordedError::Document(_))));
}

proptest::proptest! {
    #[test]
    fn never_panics(start in 0usize..6, cut in 0usize..1200, junk in "[ -~\n]{0,30}") {
        let whole = [lock(), logged(TABLE), TABLE.to_owned(), "[".to_owned(), String::new(), "a-1-1.noarch\n".to_owned()];
        let text = &whole[start];
        let cut = cut.min(text.len());
        let _ = read(&format!("{}{junk}{}", &text[..cut], &text[cut..]));
    }
}
