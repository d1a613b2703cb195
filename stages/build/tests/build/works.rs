//! Builds that succeed, and what comes out.

use heirloom_build::Outcome;
use heirloom_model::Dependency;
use testkit::tool::Tool;

use crate::support::{base, built, log, place, run, spec};

pub(crate) const PROGRAM: &str = "Name: tiny\nVersion: 1.0\nRelease: 3%{?dist}\nSummary: Tiny\nLicense: MIT\nSource0: tiny.c\n\
    BuildRequires: gcc\n%description\nTiny.\n%prep\n%setup -q -c -T\ncp %{SOURCE0} .\n%build\ngcc -O2 -g -o tiny tiny.c\n\
    %install\ninstall -D tiny %{buildroot}/usr/bin/tiny\n%check\n./tiny\n%files\n/usr/bin/tiny\n\
    %changelog\n* Mon Jan 01 2024 Tester <t@example.org> - 1.0-3\n- Made\n";

pub(crate) const SOURCE: &[u8] =
    b"#include <stdio.h>\nint main(void) { puts(\"tiny \" __DATE__); return 0; }\n";

#[test]
fn a_program_gives_packages_twice_the_same() {
    let mut action = place().action(PROGRAM, &[("tiny.c", SOURCE)]);
    action.macros = vec![("dist".to_owned(), ".el9".to_owned())];
    let (first, second) = (built(run(&action)), built(run(&action)));
    let names: Vec<_> = first.packages.iter().map(|package| package.nevra.to_string()).collect();
    let expected =
        ["tiny-1.0-3.el9.x86_64", "tiny-debuginfo-1.0-3.el9.x86_64", "tiny-debugsource-1.0-3.el9.x86_64"];
    assert_eq!(names, expected, "{}", log(first.log));
    assert_eq!(first.nevra.to_string(), "tiny-1.0-3.el9.src");
    assert_eq!((&first.packages, &first.source), (&second.packages, &second.source));
    assert_eq!(first.buildroot.len(), base().len());
    assert!(log(first.log).contains("tiny Jan  1 2024"), "the compiler's date comes from the changelog");
    assert!(first.resources.seconds > 0.0 && first.resources.cpu_seconds > 0.0);

    let rpm = place().store.path(first.packages[0].digest);
    let said =
        Tool::new("rpm").args(["-qp", "--qf", "%{BUILDHOST} %{BUILDTIME} %{PACKAGER}"]).arg(&rpm).run();
    assert_eq!(said.unwrap(), "buildhost 1704067200 (none)");
    Tool::new("rpm").arg("-K").arg(&rpm).run().unwrap();
}

#[test]
fn jobs_and_user_are_as_promised() {
    let script = "id -un; id -u; pwd; hostname; umask; ulimit -n; echo jobs=%{_smp_mflags}; test ! -e /root/.ssh\n\
        ls /builddir/build/SOURCES; stat -c '%Y %U' %{SOURCE0}; python3 -c 0 || : ; ls /sys /home\n\
        exec 3<>/dev/tcp/127.0.0.1/9 || echo loopback refuses\ncat /proc/self/cgroup; ls -l /dev /proc/self/fd; echo a | tee /dev/stderr >/dev/null";
    let spec = spec(script).replace("BuildArch", "Source0: a.txt\nBuildArch");
    let built = built(run(&place().action(&spec, &[("a.txt", b"x")])));
    let log = log(built.log);
    for line in [
        "mockbuild",
        "1000",
        "buildhost",
        "0022",
        "1024",
        "jobs=-j2",
        "1000000000 mockbuild",
        "loopback refuses",
    ] {
        assert!(log.lines().any(|found| found == line), "{line} is missing:\n{log}");
    }
    assert!(log.contains("Connection refused"), "{log}");
}

#[test]
fn extra_packages_make_a_layer_of_their_own() {
    let spec = spec("rpm -q zlib-devel; test -e /usr/include/zlib.h")
        .replace("BuildArch", "BuildRequires: zlib-devel\nBuildArch");
    let mut action = place().action(&spec, &[]);
    let failed = crate::support::failure(run(&action), heirloom_model::record::FailKind::Unresolvable);
    assert!(failed.message.contains("zlib-devel is needed"), "{}", failed.message);
    action.extra = place().solve(&["zlib-devel"], base());
    assert!(!action.extra.is_empty());
    built(run(&action));
}

#[test]
fn dynamic_requirements_are_asked_for() {
    let spec = spec("test -e /usr/include/zlib.h")
        .replace("%build\n", "%generate_buildrequires\necho 'zlib-devel >= 1.2'\n%build\n");
    let spec = spec.replace("BuildArch", "BuildRequires: make\nBuildArch");
    let mut action = place().action(&spec, &[]);
    let Outcome::NeedsMore(requires) = run(&action) else { panic!("it must ask for more") };
    let more: Dependency = "zlib-devel >= 1.2".parse().unwrap();
    assert!(requires.contains(&more) && requires.contains(&Dependency::any("make")), "{requires:?}");
    action.extra = place().solve(&["zlib-devel"], base());
    let built = built(run(&action));
    assert!(built.source.requires.contains(&more));
}

#[test]
fn progress_names_the_sections() {
    let heard = std::cell::RefCell::new(Vec::new());
    let action = place().action(PROGRAM, &[("tiny.c", SOURCE)]);
    crate::support::try_run(crate::support::builder(), &action, &|part| {
        heard.borrow_mut().push(part.to_owned());
    })
    .unwrap();
    assert_eq!(*heard.borrow(), ["buildroot", "prep", "build", "install", "check", "results"]);
}

#[test]
fn conditionals_reach_rpmbuild() {
    let spec = format!("%bcond_with special\n{}", spec("%{?with_special:echo it is special}"));
    let mut action = place().action(&spec, &[]);
    action.with = vec!["special".to_owned()];
    assert!(log(built(run(&action)).log).lines().any(|line| line == "it is special"));
}
