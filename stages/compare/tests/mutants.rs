//! For every rule, a pair of packages that differs in just what the rule looks at: the finding names the
//! rule, the verdict follows, and no other rule says anything that the mutant's line does not announce.

#![expect(clippy::unwrap_used, reason = "what fails here is meant to fail the test")]

#[path = "mutants/contents.rs"]
mod contents;
#[path = "mutants/support.rs"]
mod support;
#[path = "mutants/types.rs"]
mod types;

use std::collections::BTreeSet;
use std::path::Path;

use heirloom_compare::{CompareError, Options, Stored, checks, compare_stored};
use heirloom_model::record::Compared;
use heirloom_model::{Digest, Severity, Verdict};
use support::{Raw, Workshop, tags};

use Severity::{Different, Expected, Incompatible, Note};
use Verdict::{AbiCompatible, PayloadIdentical, Undecided};

const SPEC: &str = include_str!("mutants/sample.spec");

/// A rule; the text in the spec file that is replaced; by what; what must follow; other rules that see it.
type SpecMutant = (&'static str, &'static str, &'static str, Severity, Verdict, &'static [&'static str]);

pub(crate) const BROKEN: Verdict = Verdict::Incompatible;

#[rustfmt::skip]
const SPEC_MUTANTS: &[SpecMutant] = &[
    ("provides", "Provides: virtual(sample) = 1\n", "", Incompatible, BROKEN, &[]),
    ("provides", "virtual(sample) = 1", "virtual(sample) = 2", Incompatible, BROKEN, &[]),
    ("provides", "Provides: ", "Provides: another\nProvides: ", Different, AbiCompatible, &[]),
    ("requires", "Requires: bash >= 4\n", "", Different, AbiCompatible, &[]),
    ("requires", "bash >= 4", "bash >= 5", Severity::Undecided, Undecided, &[]),
    ("requires", "Requires: bash", "Requires: zsh\nRequires: bash", Severity::Undecided, Undecided, &[]),
    ("requires", "(zsh if fish)", "(zsh if ksh)", Severity::Undecided, Undecided, &[]),
    ("requires", "Requires(pre): coreutils", "Requires(post): coreutils", Different, AbiCompatible, &[]),
    ("conflicts", "rival < 2", "rival < 3", Different, AbiCompatible, &[]),
    ("obsoletes", "Obsoletes: ancestor < 1\n", "", Different, AbiCompatible, &[]),
    ("recommends", "Recommends: recommended\n", "", Different, AbiCompatible, &[]),
    ("suggests", "Suggests: suggested", "Suggests: other", Different, AbiCompatible, &[]),
    ("supplements", "Supplements: supplemented", "Supplements: (a and b)", Different, AbiCompatible, &[]),
    ("enhances", "Enhances: enhanced", "Enhances: enhanced > 1", Different, AbiCompatible, &[]),
    ("order", "OrderWithRequires: earlier", "OrderWithRequires: later", Different, AbiCompatible, &[]),
    ("scriptlets", "echo before", "echo BEFORE", Different, AbiCompatible, &[]),
    ("scriptlets", "%pre\n", "%pre -e\n", Different, AbiCompatible, &["requires"]),
    ("scriptlets", "%post -p \"/bin/bash -e\"\necho after\n", "", Different, AbiCompatible, &["requires"]),
    ("scriptlets", "/bin/bash -e", "/bin/bash -x", Different, AbiCompatible, &[]),
    ("triggers", "echo bash came", "echo bash went", Different, AbiCompatible, &[]),
    ("triggers", "bash > 3", "bash > 2", Different, AbiCompatible, &[]),
    ("triggers", "%triggerin --", "%triggerun --", Different, AbiCompatible, &[]),
    ("triggers", "-P 100", "-P 101", Different, AbiCompatible, &[]),
    ("triggers", "-- /usr/share/sample", "-- /usr/share", Different, AbiCompatible, &[]),
    ("file-list", "/usr/share/sample/data\n", "", Incompatible, BROKEN, &[]),
    ("file-list", "%dir /usr/share/sample\n", "%dir /usr/share/sample\n/usr/share\n", Different, AbiCompatible, &[]),
    ("file-list", "ln -s ../", "echo code > usr/lib/.build-id/code\nln -s ../", Different, AbiCompatible, &[]),
    ("file-type", "ln -s data", "mkdir -p", Incompatible, BROKEN, &[]),
    ("file-mode", "chmod 755", "chmod 4755", Incompatible, BROKEN, &[]),
    ("file-mode", "%dir /usr", "%dir %attr(700,-,-) /usr", Incompatible, BROKEN, &[]),
    ("file-owner", "%config(", "%attr(-,daemon,-) %config(", Different, AbiCompatible, &[]),
    ("file-group", "%config(", "%attr(-,-,daemon) %config(", Different, AbiCompatible, &[]),
    ("file-capabilities", "cap_net_raw=ep", "cap_net_admin=ep", Different, AbiCompatible, &[]),
    ("file-capabilities", "%caps(cap_net_raw=ep) ", "", Different, AbiCompatible, &["requires"]),
    ("link-target", "ln -s data", "ln -s one", Different, AbiCompatible, &[]),
    ("device-number", "(c,1,3)", "(c,1,5)", Incompatible, BROKEN, &[]),
    ("file-flags", "%config(noreplace)", "%config", Different, AbiCompatible, &[]),
    ("file-flags", "%doc /", "/", Different, AbiCompatible, &[]),
    ("file-flags", "%license /", "/", Different, AbiCompatible, &[]),
    ("file-flags", "%ghost /", "/", Different, AbiCompatible, &["file-verify"]),
    ("file-verify", "%dir /usr", "%verify(not mode) %dir /usr", Different, AbiCompatible, &[]),
    ("file-language", "%lang(de)", "%lang(nl)", Different, AbiCompatible, &[]),
    ("hard-links", "ln usr/share/sample/one", "cp -p usr/share/sample/one", Different, AbiCompatible, &["requires"]),
    ("file-content", "echo contents", "echo CONTENTS", Different, AbiCompatible, &[]),
    ("config-defaults", "key = value", "key  = value", Incompatible, BROKEN, &[]),
    ("relocation", "Prefix: /usr", "Prefix: /etc", Different, AbiCompatible, &[]),
    ("summary", "Summary: A sample", "Summary: An example", Different, AbiCompatible, &[]),
    ("summary", "Summary: A sample", "Summary: A sample\nSummary(de): Ein Beispiel", Different, AbiCompatible, &[]),
    ("description", "A sample of everything", "A sample of all", Different, AbiCompatible, &[]),
    ("license", "License: MIT", "License: ISC", Different, AbiCompatible, &[]),
    ("group", "Group: Samples\n", "", Different, AbiCompatible, &[]),
    ("url", "URL: https://example.org/\n", "", Different, AbiCompatible, &[]),
    ("vcs", "git.example.org/sample", "git.example.org/other", Different, AbiCompatible, &[]),
    ("modularity-label", "ModularityLabel: sample:1", "ModularityLabel: sample:2", Different, AbiCompatible, &[]),
    ("changelog", "- First entry", "- 1st entry", Different, AbiCompatible, &[]),
    ("changelog", "\n%changelog\n", "\n%changelog\n* Tue Nov 14 2023 Re Builder <re@example.org> - 1.0-1\n- Debranded\n\n", Different, AbiCompatible, &[]),
    ("bug-url", "bugs.example.org", "issues.example.org", Note, PayloadIdentical, &[]),
    ("build-id-links", "Provides: ", "Provides: debuginfo(build-id) = 0123\nProvides: ", Expected, PayloadIdentical, &[]),
    ("build-id-links", "ab/cdef", "cd/ef01", Expected, PayloadIdentical, &[]),
    ("build-id-links", "/usr/lib/.build-id\n", "", Expected, PayloadIdentical, &[]),
];

/// Compares as the flow does, which has verified the packages before: a changed tag is not taken for damage.
pub(crate) fn compare(reference: &Path, rebuilt: &Path) -> Result<Compared, CompareError> {
    compare_with(reference, rebuilt, "")
}

/// The same, with a dist map.
pub(crate) fn compare_with(reference: &Path, rebuilt: &Path, dist: &str) -> Result<Compared, CompareError> {
    let stored = |path| Stored { path, digest: Digest::of(&std::fs::read(path).unwrap()) };
    let options = Options { dist: dist.parse().unwrap(), ..Options::default() };
    compare_stored(stored(reference), stored(rebuilt), &options)
}

/// What a changed file or time drags along; always expected.
const FOLLOWS: [&str; 5] = ["payload-digest", "installed-size", "file-class", "mtimes", "build-time"];

/// What must be seen, and what else may be seen. Says what is wrong, if anything is.
pub(crate) fn judge(compared: &Compared, wanted: (&str, Severity, Verdict, &[&str])) -> Option<String> {
    let (rule, severity, verdict, also) = wanted;
    let hit = compared.findings.iter().any(|finding| finding.rule == rule && finding.severity == severity);
    let allowed = |finding: &&heirloom_model::Finding| {
        finding.rule == rule
            || also.contains(&finding.rule.as_str())
            || finding.severity == Expected && FOLLOWS.contains(&finding.rule.as_str())
    };
    let stray = compared.findings.iter().any(|finding| !allowed(&finding));
    let missing = also.iter().any(|rule| compared.findings.iter().all(|finding| finding.rule != *rule));
    if hit && !stray && !missing && compared.verdict == verdict {
        return None;
    }
    Some(format!(
        "{rule} {severity:?}: wanted {verdict}, got {} with {:#?}",
        compared.verdict, compared.findings
    ))
}

pub(crate) fn report(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} mutants are misjudged:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn changed_specs() {
    let shop = Workshop::new();
    let base = shop.build("base", SPEC, &[]);
    let judge_one = |(index, (rule, from, to, severity, verdict, also)): (usize, &SpecMutant)| {
        assert!(SPEC.contains(from), "{rule}: the sample has no `{from}`");
        let mutant = shop.build(&format!("mutant{index}"), &SPEC.replacen(from, to, 1), &[]);
        let compared = compare(&base, &mutant).unwrap();
        judge(&compared, (rule, *severity, *verdict, also))
            .map(|wrong| format!("`{from}` to `{to}`: {wrong}"))
    };
    report(&SPEC_MUTANTS.iter().enumerate().filter_map(judge_one).collect::<Vec<_>>());
}

/// A rule; macros that change it; what must follow.
type MacroMutant = (&'static str, &'static [(&'static str, &'static str)], Severity);

#[rustfmt::skip]
const MACRO_MUTANTS: &[MacroMutant] = &[
    ("vendor", &[("vendor", "Another vendor")], Expected),
    ("packager", &[("packager", "%{nil}")], Expected),
    ("distribution", &[("distribution", "Another one")], Expected),
    ("build-host", &[("_buildhost", "other.example")], Expected),
    ("build-time", &[("use_source_date_epoch_as_buildtime", "0")], Expected),
    ("mtimes", &[("clamp_mtime_to_source_date_epoch", "0")], Expected),
    ("payload-compressor", &[("_binary_payload", "w1.gzdio")], Note),
    ("payload-compressor", &[("_binary_payload", "w7.xzdio")], Note),
    ("optflags", &[("optflags", "-O3")], Note),
];

#[test]
fn changed_macros() {
    let shop = Workshop::new();
    let base = shop.build("base", SPEC, &[]);
    let mut wrong = Vec::new();
    for (index, (rule, defines, severity)) in MACRO_MUTANTS.iter().enumerate() {
        let mutant = shop.build(&format!("mutant{index}"), SPEC, defines);
        wrong.extend(judge(&compare(&base, &mutant).unwrap(), (rule, *severity, PayloadIdentical, &[])));
    }
    report(&wrong);
}

/// Index of `/usr/share/sample/data` among the sample's files.
const DATA: usize = 9;

/// A rule; the tag that is changed; to what; what must follow; other rules that see it.
type TagMutant = (&'static str, u32, Option<Raw>, Severity, Verdict, &'static [&'static str]);

#[rustfmt::skip]
fn tag_mutants(base: &Path) -> Vec<TagMutant> {
    let nudged = |tag| tags(base).get(&tag).map(Raw::nudged);
    let nudged_at = |tag, index| tags(base).get(&tag).map(|value| value.nudged_at(index));
    vec![
        ("name", 1000, Some(Raw::text("simple")), Incompatible, BROKEN, &[]),
        ("architecture", 1022, Some(Raw::text("x86_64")), Incompatible, BROKEN, &[]),
        ("version", 1002, Some(Raw::text("2")), Different, AbiCompatible, &[]),
        ("version", 1003, Some(Raw::numbers(&[1])), Different, AbiCompatible, &[]),
        ("operating-system", 1021, Some(Raw::text("hurd")), Incompatible, BROKEN, &[]),
        ("source-package", 1044, Some(Raw::text("other-1.0-1.src.rpm")), Different, AbiCompatible, &[]),
        ("payload-format", 1124, Some(Raw::text("ustar")), Different, AbiCompatible, &[]),
        ("encoding", 5062, None, Different, AbiCompatible, &[]),
        ("other-tags", 1038, Some(Raw::text("/")), Different, AbiCompatible, &[]),
        ("other-tags", 99_999, Some(Raw::bytes(&[1, 2])), Different, AbiCompatible, &[]),
        ("rpm-version", 1064, Some(Raw::text("4.19.0")), Note, PayloadIdentical, &[]),
        ("platform", 1132, Some(Raw::text("noarch-redhat-linux-gnu")), Note, PayloadIdentical, &[]),
        ("file-dependencies", 1145, nudged(1145), Note, PayloadIdentical, &[]),
        ("build-time", 1094, Some(Raw::text("builder.example 1")), Expected, PayloadIdentical, &[]),
        ("file-signatures", 5090, Some(Raw::texts(&["0302"; 12])), Expected, PayloadIdentical, &[]),
        ("payload-digest", 5092, nudged(5092), Expected, PayloadIdentical, &[]),
        ("source-digest", 1146, Some(Raw::bytes(&[7; 16])), Expected, PayloadIdentical, &[]),
        ("file-class", 1142, nudged(1142), Expected, PayloadIdentical, &[]),
        ("installed-size", 1009, nudged(1009), Expected, PayloadIdentical, &[]),
        ("file-color", 1140, nudged(1140), Different, AbiCompatible, &[]),
        ("bytes", 5011, Some(Raw::numbers(&[1])), Expected, PayloadIdentical, &[]),
        ("unreadable", 1028, nudged_at(1028, DATA), Severity::Undecided, Undecided, &[]),
    ]
}

#[test]
fn changed_tags() {
    let shop = Workshop::new();
    let base = shop.retag("base.rpm", &shop.build("base", SPEC, &[]), &[]);
    let mut wrong = Vec::new();
    for (rule, tag, value, severity, verdict, also) in tag_mutants(&base) {
        let mutant = shop.retag("mutant.rpm", &base, &[(tag, value)]);
        wrong.extend(judge(&compare(&base, &mutant).unwrap(), (rule, severity, verdict, also)));
    }
    report(&wrong);
}

#[test]
fn compiler_flags_and_platform_count_where_there_is_an_architecture() {
    let shop = Workshop::new();
    let arch = (1022, Some(Raw::text("x86_64")));
    let noarch = shop.build("base", SPEC, &[]);
    let base = shop.retag("base.rpm", &noarch, std::slice::from_ref(&arch));
    for (rule, tag) in [("optflags", 1122), ("platform", 1132)] {
        let mutant = shop.retag("mutant.rpm", &noarch, &[arch.clone(), (tag, Some(Raw::text("other")))]);
        let compared = compare(&base, &mutant).unwrap();
        report(&judge(&compared, (rule, Different, AbiCompatible, &[])).into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn the_same_build_twice_is_bit_identical_signed_or_not() {
    let shop = Workshop::new();
    let (one, two) = (shop.build("one", SPEC, &[]), shop.build("two", SPEC, &[]));
    let compared = compare(&one, &two).unwrap();
    assert_eq!((compared.verdict, compared.findings), (Verdict::BitIdentical, vec![]));

    let key = testkit::gpg::Key::throwaway("A vendor <vendor@example.org>").unwrap();
    key.sign_rpms(std::slice::from_ref(&two)).unwrap();
    assert_ne!(std::fs::read(&one).unwrap(), std::fs::read(&two).unwrap());
    assert_eq!(compare(&one, &two).unwrap().verdict, Verdict::BitIdentical);
}

#[test]
fn missing_debugging_data_breaks_nobody() {
    let shop = Workshop::new();
    for (dir, severity, verdict) in
        [("usr/lib/debug", Different, AbiCompatible), ("usr/lib/debugger", Incompatible, BROKEN)]
    {
        let made = format!("mkdir -p {dir}; echo data > {dir}/data\nln -s ../");
        let spec = SPEC.replacen("ln -s ../", &made, 1);
        let listed = spec.replacen("%license /usr", &format!("/{dir}/data\n%license /usr"), 1);
        let (base, mutant) = (shop.build("base", &listed, &[]), shop.build("mutant", &spec, &[]));
        let compared = compare(&base, &mutant).unwrap();
        report(&judge(&compared, ("file-list", severity, verdict, &[])).into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn equal_headers_do_not_hide_another_payload() {
    let shop = Workshop::new();
    // As rpm before 4.14 packaged: the header has no digest of the payload.
    let bare = [(5092, None), (5093, None), (5097, None)];
    let base = shop.retag("base.rpm", &shop.build("base", SPEC, &[]), &bare);
    let same = shop.retag("same.rpm", &base, &[]);
    assert_eq!(compare(&base, &same).unwrap().verdict, Verdict::BitIdentical);
    let other = shop.retag("other.rpm", &base, &[]);
    testkit::corrupt::flip_byte(&other, -9).unwrap();
    let compared = compare(&base, &other).unwrap();
    report(&judge(&compared, ("bytes", Expected, PayloadIdentical, &[])).into_iter().collect::<Vec<_>>());
}

#[test]
fn a_tag_that_is_there_twice_is_refused() {
    let shop = Workshop::new();
    let base = shop.build("base", SPEC, &[]);
    let twice = shop.retag("twice.rpm", &base, &[(99_998, Some(Raw::text("Another summary")))]);
    let mut bytes = std::fs::read(&twice).unwrap();
    let entry = bytes.windows(4).position(|four| four == 99_998_u32.to_be_bytes()).unwrap();
    bytes[entry..entry + 4].copy_from_slice(&1004_u32.to_be_bytes());
    std::fs::write(&twice, bytes).unwrap();
    let error = compare(&base, &twice).unwrap_err();
    assert!(error.to_string().contains("SUMMARY"), "{error}");
}

#[test]
fn every_rule_has_a_mutant() {
    let shop = Workshop::new();
    let base = shop.build("base", SPEC, &[]);
    // What is in files has its own mutants, in files of their own.
    let mut seen: BTreeSet<_> = contents::rules().chain(types::RULES).collect();
    seen.insert("bytes");
    seen.extend(SPEC_MUTANTS.iter().map(|mutant| mutant.0));
    seen.extend(MACRO_MUTANTS.iter().map(|mutant| mutant.0));
    seen.extend(tag_mutants(&base).iter().map(|mutant| mutant.0));
    let rules: BTreeSet<_> = checks().iter().map(heirloom_compare::Check::name).collect();
    assert_eq!(rules.len(), checks().len(), "two rules have the same name");
    assert_eq!(seen, rules);
}
