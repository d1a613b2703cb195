//! Builds under other circumstances: what depends on them is found, and nothing else.

use heirloom_build::{Checked, Circumstances, Job};
use heirloom_formats::rpm_file::Header;
use heirloom_model::record::{Action, Built};
use heirloom_model::{Digest, Package};
use testkit::tool::Tool;

use crate::support::{builder, built, place, run};
use crate::works::{PROGRAM, SOURCE};

fn check(action: &Action) -> (Built, Checked) {
    let key = action.key(|package| package).unwrap();
    let job = Job { step: "test", key, document: key, action, jobs: 2 };
    (built(run(action)), builder().check(&job, Circumstances::All, &|_| {}).unwrap())
}

/// Names and contents: rpm itself puts the build tree's path into the source package, and that one's digest
/// into the others.
fn contents(built: &Built) -> Vec<(String, Digest)> {
    let content = |package: &Package| {
        let header = Header::open(&place().store.path(package.digest)).unwrap();
        (package.nevra.to_string(), header.content())
    };
    built.packages.iter().map(content).collect()
}

#[test]
fn what_is_reproducible_stays_the_same() {
    let (first, checked) = check(&place().action(PROGRAM, &[("tiny.c", SOURCE)]));
    let again = built(checked.outcome);
    assert_eq!(contents(&first), contents(&again), "{:#?}", checked.varied);
    assert_eq!(checked.not_varied, Vec::<String>::new());
    assert_eq!(checked.varied.len(), 9);
}

/// A package with a file that this script prints.
fn printing(macros: &str, script: &str) -> Action {
    let spec = format!(
        "{macros}\nName: test\nVersion: 1\nRelease: 1\nSummary: Test\nLicense: MIT\nBuildArch: noarch\n\
         %description\nTest.\n%install\nmkdir -p %{{buildroot}}/usr/share\n\
         mkdir many; touch many/b many/a many/c\n({script}) > %{{buildroot}}/usr/share/test\n\
         %files\n/usr/share/test\n%changelog\n* Mon Jan 01 2024 Tester <t@example.org> - 1-1\n- Made\n"
    );
    place().action(&spec, &[])
}

#[test]
fn every_circumstance_is_another() {
    for (what, macros, script, expected) in [
        ("date", "", "date -u +%Y", ""),
        ("year by C", "", "gawk 'BEGIN { print strftime(\"%Y\", systime(), 1) }'", ""),
        ("path", "", "pwd", "/builddir/other/BUILD\n"),
        ("host name", "", "hostname", "otherhost.check.invalid\n"),
        ("host name in the environment", "", "echo $HOSTNAME", "otherhost.check.invalid\n"),
        ("locale", "", "locale charmap; echo $LC_ALL", ""),
        ("time zone", "", "date -d @0 +%z", "+1245\n"),
        ("umask", "%global mask %(umask)", "echo %{mask}", "0002\n"),
        ("processors", "", "nproc", "1\n"),
        ("jobs", "", "echo %{?_smp_mflags}", "-j1\n"),
        ("order by ls", "", "ls -U many", ""),
        ("order by find", "", "find many", ""),
    ] {
        let (first, checked) = check(&printing(macros, script));
        let again = built(checked.outcome);
        let text = |built: &Built| {
            let rpm = place().store.path(built.packages[0].digest);
            Tool::new("bash")
                .args(["-c", "rpm2cpio \"$0\" | cpio -i --quiet --to-stdout"])
                .arg(rpm)
                .run()
                .unwrap()
        };
        let (before, after) = (text(&first), text(&again));
        assert_ne!(before, after, "{what}");
        assert!(expected.is_empty() || after == expected, "{what}: {after}");
    }
}

#[test]
fn without_a_compiler_it_says_what_was_not_varied() {
    let mut action = printing("%global __os_install_post %{nil}", "date -u +%Y");
    action.base = place().solve(&["bash", "coreutils", "rpm-build", "glibc-common", "tar", "gzip"], &[]);
    assert!(action.base.iter().all(|package| package.nevra.name() != "gcc"));
    let (first, checked) = check(&action);
    assert_eq!(contents(&first), contents(&built(checked.outcome)));
    assert_eq!(checked.not_varied.len(), 2, "{:?}", checked.not_varied);
    assert!(checked.not_varied[0].contains("no compiler"), "{:?}", checked.not_varied);
}
