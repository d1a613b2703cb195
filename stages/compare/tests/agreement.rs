//! The field's own tools on the same pairs: whatever rpm and rpmdiff show to differ has a finding, and
//! whatever has a finding they show, as far as they look; abidiff and we agree on whether users break.
//! Where they and we part, the reason is a row of docs/agreement.md, and no other disagreement may occur.

#![expect(clippy::unwrap_used, reason = "what fails here is meant to fail the test")]

#[path = "agreement/abidiff.rs"]
mod abidiff;
#[path = "agreement/accepted.rs"]
mod accepted;
#[path = "agreement/rpm.rs"]
mod rpm;
#[path = "agreement/rpmdiff.rs"]
mod rpmdiff;
#[expect(dead_code, reason = "the mutants change tags too, which no tool would read from a damaged header")]
#[path = "mutants/support.rs"]
mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use heirloom_compare::{Options, Stored, checks, compare_stored};
use heirloom_model::Digest;
use heirloom_model::record::Compared;

use accepted::Disagreements;
use support::Workshop;

const SAMPLE: &str = include_str!("mutants/sample.spec");
const CONTENTS: &str = include_str!("mutants/contents.spec");

/// What differs: the rule that speaks of it, and its subject, empty where the rule has but one.
pub(crate) type Fact = (String, String);

/// What is replaced in the sample's spec file, and by what.
type Changes = &'static [(&'static str, &'static str)];

#[rustfmt::skip]
const CHANGED_SAMPLES: &[(&str, Changes)] = &[
    ("other name", &[("Name: sample", "Name: simple")]),
    ("other version", &[("Version: 1.0", "Version: 2.0")]),
    ("epoch", &[("Version: 1.0", "Epoch: 1\nVersion: 1.0")]),
    ("architecture", &[("BuildArch: noarch\n", "")]),
    ("summary", &[("Summary: A sample", "Summary: An example")]),
    ("translation", &[("Summary: A sample", "Summary: A sample\nSummary(de): Ein Beispiel")]),
    ("texts", &[("A sample of everything", "A sample of all"), ("License: MIT", "License: ISC"), ("Group: Samples\n", ""), ("URL: https://example.org/\n", "")]),
    ("addresses", &[("bugs.example.org", "issues.example.org"), ("git.example.org/sample", "git.example.org/other"), ("ModularityLabel: sample:1", "ModularityLabel: sample:2"), ("Prefix: /usr", "Prefix: /etc")]),
    ("provide gone", &[("Provides: virtual(sample) = 1\n", "")]),
    ("provide's version", &[("virtual(sample) = 1", "virtual(sample) = 2")]),
    ("provide come", &[("Provides: ", "Provides: another\nProvides: ")]),
    ("require gone", &[("Requires: bash >= 4\n", "")]),
    ("require's version", &[("bash >= 4", "bash >= 5")]),
    ("require come", &[("Requires: bash", "Requires: zsh\nRequires: bash")]),
    ("rich require", &[("(zsh if fish)", "(zsh if ksh)")]),
    ("require's time", &[("Requires(pre): coreutils", "Requires(post): coreutils")]),
    ("conflict and obsolete", &[("rival < 2", "rival < 3"), ("Obsoletes: ancestor < 1\n", "")]),
    ("weak dependencies", &[("Recommends: recommended\n", ""), ("Suggests: suggested", "Suggests: other"), ("Supplements: supplemented", "Supplements: (a and b)"), ("Enhances: enhanced", "Enhances: enhanced > 1")]),
    ("order", &[("OrderWithRequires: earlier", "OrderWithRequires: later")]),
    ("scriptlet's text", &[("echo before", "echo BEFORE")]),
    ("scriptlet's flags", &[("%pre\n", "%pre -e\n")]),
    ("scriptlet gone", &[("%post -p \"/bin/bash -e\"\necho after\n", "")]),
    ("scriptlet come", &[("%pre\n", "%preun\necho going\n\n%postun\necho gone\n\n%posttrans\necho all\n\n%pre\n")]),
    ("scriptlet's interpreter", &[("/bin/bash -e", "/bin/bash -x")]),
    ("trigger's text", &[("echo bash came", "echo bash went")]),
    ("trigger's condition", &[("bash > 3", "bash > 2")]),
    ("trigger's kind", &[("%triggerin --", "%triggerun --")]),
    ("trigger's priority", &[("-P 100", "-P 101")]),
    ("trigger's path", &[("-- /usr/share/sample", "-- /usr/share")]),
    ("file gone", &[("/usr/share/sample/data\n", "")]),
    ("directory come", &[("%dir /usr/share/sample\n", "%dir /usr/share/sample\n/usr/share\n")]),
    ("link to directory", &[("ln -s data", "mkdir -p")]),
    ("mode", &[("chmod 755", "chmod 4755")]),
    ("directory's mode", &[("%dir /usr", "%dir %attr(700,-,-) /usr")]),
    ("owner and group", &[("%config(", "%attr(-,daemon,daemon) %config(")]),
    ("capability", &[("cap_net_raw=ep", "cap_net_admin=ep")]),
    ("capability gone", &[("%caps(cap_net_raw=ep) ", "")]),
    ("link's target", &[("ln -s data", "ln -s one")]),
    ("device", &[("(c,1,3)", "(c,1,5)")]),
    ("config and doc", &[("%config(noreplace)", "%config"), ("%doc /", "/"), ("%license /", "/")]),
    ("ghost", &[("%ghost /", "/")]),
    ("verification", &[("%dir /usr", "%verify(not mode) %dir /usr")]),
    ("language", &[("%lang(de)", "%lang(nl)")]),
    ("hard link", &[("ln usr/share/sample/one", "cp -p usr/share/sample/one")]),
    ("content", &[("echo contents", "echo CONTENTS"), ("key = value", "key  = value")]),
    ("changelog's text", &[("- First entry", "- 1st entry")]),
    ("changelog's entry", &[("\n%changelog\n", "\n%changelog\n* Tue Nov 14 2023 Re Builder <re@example.org> - 1.0-1\n- Debranded\n\n")]),
    ("build-id", &[("ab/cdef", "cd/ef01")]),
    ("many at once", &[("chmod 755", "chmod 700"), ("Requires: bash >= 4\n", ""), ("echo before", "echo first"), ("- First entry", "- 1st entry"), ("echo contents", "echo others"), ("License: MIT", "License: BSD")]),
    ("nothing", &[]),
];

/// Macros that the sample is built with.
#[rustfmt::skip]
const CHANGED_MACROS: &[(&str, Changes)] = &[
    ("who built", &[("vendor", "Another vendor"), ("packager", "%{nil}"), ("distribution", "Another one"), ("_buildhost", "other.example")]),
    ("when built", &[("use_source_date_epoch_as_buildtime", "0"), ("clamp_mtime_to_source_date_epoch", "0")]),
    ("compressed by gzip", &[("_binary_payload", "w1.gzdio")]),
    ("compressed by zstd", &[("_binary_payload", "w3.zstdio")]),
    ("compiler's flags", &[("optflags", "-O3")]),
];

/// Changes of the sample with files of every kind: most of them mean nothing, which no other tool knows.
#[rustfmt::skip]
const CHANGED_CONTENTS: &[(&str, Changes)] = &[
    ("export gone", &[(" extra;", "")]),
    ("code", &[("p->x * p->y", "p->x + p->y")]),
    ("header", &[("int area(void);", "long area(void);")]),
    ("member", &[("echo other", "echo OTHER")]),
    ("times", &[("@%{time}", "@1100000000")]),
];

#[test]
fn rpm_and_rpmdiff_see_what_we_see() {
    let shop = Workshop::new();
    let found = Mutex::new(Disagreements::default());
    let ask = |case: &str, reference: &Path, rebuilt: &Path| {
        let compared = compare(reference, rebuilt);
        let of_rpm = rpm::differing(reference, rebuilt);
        let of_rpmdiff = rpmdiff::differing(reference, rebuilt);
        let mut found = found.lock().unwrap();
        found.add("rpm", case, of_rpm, rpm::ours(&compared));
        found.add("rpmdiff", case, of_rpmdiff, rpmdiff::ours(&compared));
    };
    let base = shop.build("base", SAMPLE, &[]);
    in_parallel(CHANGED_SAMPLES, |index, (case, changes)| {
        ask(case, &base, &shop.build(&format!("sample{index}"), &changed(SAMPLE, changes), &[]));
    });
    in_parallel(CHANGED_MACROS, |index, (case, macros)| {
        ask(case, &base, &shop.build(&format!("macros{index}"), SAMPLE, macros));
    });
    let base = shop.build("contents", CONTENTS, &[]);
    in_parallel(CHANGED_CONTENTS, |index, (case, changes)| {
        ask(case, &base, &shop.build(&format!("contents{index}"), &changed(CONTENTS, changes), &[]));
    });
    let found = found.into_inner().unwrap();
    found.check(&["rpm", "rpmdiff"]);
}

/// Works on all items, as many at a time as there are processors: the tools take most of the time.
pub(crate) fn in_parallel<T: Sync>(items: &[T], work: impl Fn(usize, &T) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some((index, item)) =
                    items.iter().enumerate().nth(next.fetch_add(1, Ordering::Relaxed))
                {
                    work(index, item);
                }
            });
        }
    });
}

/// A spec file with every change made.
pub(crate) fn changed(spec: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(spec.to_owned(), |spec, (from, to)| {
        assert!(spec.contains(from), "the sample has no `{from}`");
        spec.replace(from, to)
    })
}

/// Compares as the flow does, which has verified the packages before.
pub(crate) fn compare(reference: &Path, rebuilt: &Path) -> Compared {
    let stored = |path| Stored { path, digest: Digest::of(&std::fs::read(path).unwrap()) };
    compare_stored(stored(reference), stored(rebuilt), &Options::default()).unwrap()
}

/// Rules about what is in a file, whose subjects begin with its path.
fn is_about_content(rule: &str) -> bool {
    let first = checks().iter().position(|check| check.name() == "unreadable").unwrap();
    let last = checks().iter().position(|check| check.name() == "program-exports").unwrap();
    checks()[first..=last].iter().any(|check| check.name() == rule)
}

/// What we say of a pair, as the tools can say it: that a file's content differs, and not how.
pub(crate) fn said(compared: &Compared) -> BTreeSet<Fact> {
    let content = |subject: &str| {
        let path = subject.split_once('!').map_or(subject, |(path, _)| path);
        let path = path.split_once(": ").map_or(path, |(path, _)| path);
        ("content".to_owned(), path.to_owned())
    };
    let findings = compared.findings.iter().map(|finding| match is_about_content(&finding.rule) {
        true => content(&finding.subject),
        false => (finding.rule.clone(), finding.subject.clone()),
    });
    // What was taken away before comparing differs in the file all the same.
    let in_files = compared.normalisations.iter().filter(|used| used.subject.starts_with('/'));
    findings.chain(in_files.map(|used| content(&used.subject))).collect()
}
