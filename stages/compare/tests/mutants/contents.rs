//! Mutants of what is in files: libraries, programs and archives that real compilers and packers made.

use std::collections::BTreeSet;
use std::path::PathBuf;

use heirloom_compare::normalisers;
use heirloom_model::record::Compared;
use heirloom_model::{Severity, Verdict};

use Severity::{Different, Incompatible, Note};
use Verdict::{AbiCompatible, Identical, Undecided};

use crate::support::Workshop;
use crate::{BROKEN, compare, report};

const SPEC: &str = include_str!("contents.spec");

/// Rules that this file has mutants for.
pub(crate) fn rules() -> impl Iterator<Item = &'static str> {
    let linked = LINKED.iter().map(|mutant| mutant.0);
    SOURCES.iter().map(|mutant| mutant.0).chain(CHANGED.iter().map(|mutant| mutant.0)).chain(linked)
}

fn base(shop: &Workshop) -> PathBuf {
    shop.build("base", SPEC, &[])
}

/// Says what is wrong, if anything is.
fn judge(
    compared: &Compared,
    rule: &str,
    severity: Severity,
    verdict: Verdict,
    also: &[&str],
) -> Option<String> {
    let hit = compared.findings.iter().any(|finding| finding.rule == rule && finding.severity == severity);
    // Whatever changes a program changes its bytes.
    let follows = ["code", "data", "file-color"];
    let stray = compared.findings.iter().find(|finding| {
        finding.rule != rule
            && finding.severity > Note
            && !also.contains(&finding.rule.as_str())
            && !follows.contains(&finding.rule.as_str())
    });
    (!hit || stray.is_some() || compared.verdict != verdict).then(|| {
        let shown: Vec<_> = compared.findings.iter().filter(|finding| finding.severity >= Note).collect();
        format!("{rule}: wanted {severity:?} and {verdict}, got {} with {shown:#?}", compared.verdict)
    })
}

/// A rule; what of the spec file is replaced; by what; what must follow; other rules that see it.
type SourceMutant = (&'static str, &'static str, &'static str, Severity, Verdict, &'static [&'static str]);

#[rustfmt::skip]
const SOURCES: &[SourceMutant] = &[
    ("exported-symbols", " extra;", "", Incompatible, BROKEN, &[]),
    ("exported-symbols", " extra;", " extra; spare;", Different, AbiCompatible, &[]),
    ("exported-symbols", "modern@@LIB_2", "modern@LIB_2", Incompatible, BROKEN, &["static-symbols"]),
    ("exported-symbols", "int extra(void) { return 1; }", "int extra = 1;", Incompatible, BROKEN, &[]),
    ("exported-symbols", "int extra(void)", "__attribute__((weak)) int extra(void)", Incompatible, BROKEN, &[]),
    ("exported-symbols", "int extra(void)", "__attribute__((visibility(\"protected\"))) int extra(void)", Incompatible, BROKEN, &[]),
    ("code", "int extra(void) { return 1; }", "static int one(void) { return 1; }\nstatic void *choose(void) { return one; }\nint extra(void) __attribute__((ifunc(\"choose\")));", Different, AbiCompatible, &[]),
    ("static-symbols", "gcc %{flags} -c lib.c -o lib.o", "gcc %{flags} -Dextra=static_extra -c lib.c -o lib.o", Incompatible, BROKEN, &[]),
    ("object-size", "int table[4]", "int table[5]", Incompatible, BROKEN, &[]),
    ("soname", "-soname,libcontents.so.1", "-soname,libcontents.so.2", Incompatible, BROKEN, &["needed-libraries"]),
    ("version-definitions", "LIB_0 { };\n", "", Incompatible, BROKEN, &["exported-symbols"]),
    ("symbol-version-floor", "strcpy(local, name)", "quick_exit(1)", Incompatible, BROKEN, &["hardening-fortify"]),
    ("code", "p->x * p->y", "p->x + p->y", Different, AbiCompatible, &[]),
    // Other places and other padding are other code, and nothing that anyone breaks by.
    ("code", "return p->x * p->y", "__asm__(\"nop\"); return p->x * p->y", Different, AbiCompatible, &[]),
    ("code", "int area(struct point *p", "static int first(int x) { return x * x * x; }\nint (*volatile unused)(int) = first;\nint area(struct point *p", Different, AbiCompatible, &[]),
    ("data", "{ 1, 2, 3, 4 }", "{ 1, 2, 3, 5 }", Different, AbiCompatible, &[]),
    ("data", "cp %{_builddir}/contents-1/contents usr/bin\n", "cp %{_builddir}/contents-1/contents usr/bin; echo more >> usr/bin/contents\n", Different, AbiCompatible, &[]),
    ("code", ".note.package,\\\"\\\",@note", ".note.package,\\\"ax\\\",@note", Different, AbiCompatible, &[]),
    ("elf-machine", "echo 'int area(void);' >", "printf '\\011' | dd of=usr/bin/contents bs=1 seek=7 conv=notrunc status=none\necho 'int area(void);' >", Incompatible, BROKEN, &[]),
    ("development-files", "int area(void);", "long area(void);", Incompatible, BROKEN, &[]),
    ("development-files", "'Version: 1'", "'Version: 2'", Incompatible, BROKEN, &[]),
    ("file-content", "echo other", "echo OTHER", Different, AbiCompatible, &[]),
    ("checksum", "printf '0x", "echo >> one\nprintf '0x", Incompatible, BROKEN, &["file-content"]),
    ("kernel-symbols", "symbol\\tvmlinux", "other\\tvmlinux", Different, AbiCompatible, &[]),
    ("crt-symbols", " edata;", "", Note, AbiCompatible, &[]),
    ("ada-internals", " secret__B1s;", "", Note, AbiCompatible, &[]),
    ("program-exports", "int hook(void) { return 3; }", "static int hook(void) { return 3; }", Note, AbiCompatible, &[]),
];

/// A rule; macros that change it; what must follow; other rules that see it.
type MacroMutant =
    (&'static str, &'static [(&'static str, &'static str)], Severity, Verdict, &'static [&'static str]);

#[rustfmt::skip]
const CHANGED: &[MacroMutant] = &[
    ("hardening-stack-protector", &[("flags", "-g0 -O2 -fno-stack-protector -D_FORTIFY_SOURCE=2 -fcf-protection=full")], Different, AbiCompatible, &["symbol-version-floor"]),
    ("hardening-stack-protector", &[("flags", "-g0 -O2 -fstack-protector -D_FORTIFY_SOURCE=2 -fcf-protection=full")], Different, AbiCompatible, &["symbol-version-floor"]),
    ("symbolic-binding", &[("link", "-Wl,-z,now -Wl,-z,relro -Wl,--build-id -Wl,-Bsymbolic")], Incompatible, BROKEN, &[]),
    ("processor-level", &[("link", "-Wl,-z,now -Wl,-z,relro -Wl,--build-id -Wl,-z,x86-64-v3")], Incompatible, BROKEN, &[]),
    ("hardening-fortify", &[("flags", "-g0 -O2 -fstack-protector-all -U_FORTIFY_SOURCE -fcf-protection=full")], Different, AbiCompatible, &["symbol-version-floor"]),
    ("hardening-branches", &[("flags", "-g0 -O2 -fstack-protector-all -D_FORTIFY_SOURCE=2 -fcf-protection=none")], Different, AbiCompatible, &[]),
    ("hardening-bind-now", &[("link", "-Wl,-z,lazy -Wl,-z,relro -Wl,--build-id")], Different, AbiCompatible, &["hardening-relro"]),
    ("hardening-relro", &[("link", "-Wl,-z,now -Wl,-z,norelro -Wl,--build-id")], Different, AbiCompatible, &[]),
    ("hardening-pie", &[("program", "-no-pie")], Different, AbiCompatible, &["symbol-version-floor"]),
    ("hardening-stack", &[("link", "-Wl,-z,now -Wl,-z,relro -Wl,--build-id -Wl,-z,execstack")], Different, AbiCompatible, &[]),
    ("run-path", &[("link", "-Wl,-z,now -Wl,-z,relro -Wl,--build-id -Wl,-rpath,/opt/lib")], Incompatible, BROKEN, &[]),
    ("needed-libraries", &[("link", "-Wl,-z,now -Wl,-z,relro -Wl,--build-id -Wl,--no-as-needed -lm")], Incompatible, BROKEN, &[]),
    ("elf-interpreter", &[("program", "-fPIE -pie -Wl,--dynamic-linker=/opt/ld.so")], Incompatible, BROKEN, &[]),
    ("kernel-symbols", &[("crc", "87654321")], Different, AbiCompatible, &[]),
    ("hardening-annobin", &[("annobin", "001")], Different, AbiCompatible, &[]),
];

#[test]
fn changed_sources() {
    let shop = Workshop::new();
    let base = base(&shop);
    let judge_one = |(index, (rule, from, to, severity, verdict, also)): (usize, &SourceMutant)| {
        assert!(SPEC.contains(from), "{rule}: the sample has no `{from}`");
        let mutant = shop.build(&format!("mutant{index}"), &SPEC.replacen(from, to, 1), &[]);
        let compared = compare(&base, &mutant).unwrap();
        judge(&compared, rule, *severity, *verdict, also).map(|wrong| format!("`{from}` to `{to}`: {wrong}"))
    };
    report(&SOURCES.iter().enumerate().filter_map(judge_one).collect::<Vec<_>>());
}

#[test]
fn changed_flags() {
    let shop = Workshop::new();
    let base = base(&shop);
    let judge_one = |(index, (rule, changes, severity, verdict, also)): (usize, &MacroMutant)| {
        let mutant = shop.build(&format!("mutant{index}"), SPEC, changes);
        judge(&compare(&base, &mutant).unwrap(), rule, *severity, *verdict, also)
    };
    report(&CHANGED.iter().enumerate().filter_map(judge_one).collect::<Vec<_>>());
}

/// What no normalisation takes away: a change of the spec file that leaves a difference in the file's content.
const KEPT: &[(&str, &str, &str)] = &[
    ("pyc-code", "1 << 70", "1 << 71"),
    (
        "pyc-time",
        "open('../python/b.pyc', 'wb').write(whole[:8] + bytes(8)",
        "open('../python/b.pyc', 'wb').write(whole[:4] + bytes([1, 0, 0, 0]) + bytes(8)",
    ),
    ("gzip, man-date", ".SH NAME\\ncontents", ".SH NAME\\nCONTENTS"),
    ("xz, zstd, bzip2", "seq 100000", "seq 100001"),
    ("tar", "tar --sort=name", "chmod 600 dir/two; tar --sort=name"),
    ("cpio", "find dir |", "find dir/one |"),
    ("zip", "['one', 'two']", "['one']"),
    ("ar", "ar rcsU libcontents.a lib.o", "cp lib.o more.o; ar rcsU libcontents.a lib.o more.o"),
    ("elc-origin", "(code)", "(CODE)"),
    ("javadoc-date", "-->\\ntext", "-->\\nTEXT"),
    ("pdf-date", "/Title (a)", "/Title (b)"),
    ("png-date", "chunk(b'IHDR', b'x')", "chunk(b'IHDR', b'y')"),
    ("signature", "object + sign", "object + b'x' + sign"),
    ("authenticode", "pe[232:240]", "pe[300] = 1; pe[232:240]"),
    ("checksum", "printf '0x%{crc}", "echo >> .one.hmac; echo more >> .one.hmac; printf '0x%{crc}"),
];

#[test]
fn what_means_something_is_not_normalised() {
    let shop = Workshop::new();
    let base = base(&shop);
    let mut wrong = Vec::new();
    for (index, (rules, from, to)) in KEPT.iter().enumerate() {
        assert!(SPEC.contains(from), "{rules}: the sample has no `{from}`");
        let mutant = shop.build(&format!("mutant{index}"), &SPEC.replacen(from, to, 1), &[]);
        let compared = compare(&base, &mutant).unwrap();
        if compared.verdict == Identical || compared.verdict < AbiCompatible {
            wrong.push(format!("{rules}: got {} with {:#?}", compared.verdict, compared.normalisations));
        }
    }
    report(&wrong);
}

/// A rule; what is linked, in the base too; what of the spec file is replaced; by what; what must follow.
type LinkedMutant = (&'static str, &'static str, &'static str, &'static str, Severity, Verdict);

#[rustfmt::skip]
const LINKED: &[LinkedMutant] = &[
    // No version of the library's was needed before.
    ("symbol-version-floor", "-Wl,--no-as-needed -lm", "int extra(void) { return 1; }", "double sqrt(double);\nint extra(void) { return sqrt(table[1] - 9); }", Incompatible, BROKEN),
    ("imported-symbols", "-Wl,--unresolved-symbols=ignore-all", "int extra(void) { return 1; }", "int other(void);\nint extra(void) { return other(); }", Severity::Undecided, Undecided),
];

#[test]
fn changed_uses_of_libraries() {
    let shop = Workshop::new();
    let mut wrong = Vec::new();
    for (index, (rule, linked, from, to, severity, verdict)) in LINKED.iter().enumerate() {
        let link = format!("-Wl,-z,now -Wl,-z,relro -Wl,--build-id {linked}");
        let base = shop.build(&format!("base{index}"), SPEC, &[("link", &link)]);
        let mutant = shop.build(&format!("mutant{index}"), &SPEC.replacen(from, to, 1), &[("link", &link)]);
        wrong.extend(judge(&compare(&base, &mutant).unwrap(), rule, *severity, *verdict, &[]));
    }
    report(&wrong);
}

#[test]
fn paths_that_carry_a_release_are_the_same_by_the_declared_map() {
    let shop = Workshop::new();
    let spec = SPEC.replacen(
        "cp dir/one one",
        "cp dir/one one; cp one one-1%{dist}.txt; ln -s one-1%{dist}.txt link",
        1,
    );
    let base = shop.build("base", &spec, &[]);
    let mapped =
        crate::compare_with(&base, &shop.build("mapped", &spec, &[("dist", ".el9_4")]), ".el9=.el9_4")
            .unwrap();
    assert_eq!(mapped.verdict, Identical, "{:#?}", mapped.findings);
    let recorded = |text: &str| {
        mapped.normalisations.iter().any(|used| used.rule == "dist-map" && used.detail.contains(text))
    };
    assert!(recorded("/usr/share/contents/one-1.el9.txt = /usr/share/contents/one-1.el9_4.txt"));
    assert!(recorded("one-1.el9.txt = one-1.el9_4.txt"));
    let changed = spec.replacen("cp one one-1", "echo more >> one; cp one one-1", 1);
    let changed = shop.build("changed", &changed, &[("dist", ".el9_4")]);
    let changed = crate::compare_with(&base, &changed, ".el9=.el9_4").unwrap();
    assert!(
        changed.findings.iter().any(|f| f.rule == "file-content" && f.subject.ends_with("one-1.el9.txt"))
    );
}

/// Normalisations; macros that need them.
type Normalised = (&'static [&'static str], &'static [(&'static str, &'static str)]);

const NORMALISED: &[Normalised] = &[
    (&["dist-map"], &[("dist", ".el9_4")]),
    (
        &["build-id"],
        &[("link", "-Wl,-z,now -Wl,-z,relro -Wl,--build-id=0x1234567890123456789012345678901234567890")],
    ),
    (&["compiler-comment", "section-names"], &[("comment", "another compiler")]),
    (&["annobin", "symbol-table"], &[("plugin", "p2")]),
    (&["symbol-table", "relocations"], &[("symbols", ".annobin_more:")]),
    (&["go-build-id"], &[("go", "zyxwvutsrqponmlkjihgfedc")]),
    (&["debug-link"], &[("linked", "two")]),
    (&["package-note"], &[("note", "{one: 2}")]),
    (&["gzip", "ar", "tar", "cpio", "zip", "pyc-time", "png-date"], &[("time", "1100000000")]),
    (&["xz", "zstd", "bzip2", "mini-debug-info"], &[("level", "-9")]),
    (&["man-date", "javadoc-date", "pdf-date"], &[("date", "2021-02-02")]),
    (&["elc-origin", "signature", "authenticode"], &[("host", "other-host.example")]),
    (&["pyc-code"], &[("marshal", "2")]),
];

#[test]
fn what_means_nothing_is_normalised_and_recorded() {
    let shop = Workshop::new();
    let base = base(&shop);
    let mut wrong = Vec::new();
    for (index, (rules, changes)) in NORMALISED.iter().enumerate() {
        let mutant = shop.build(&format!("mutant{index}"), SPEC, changes);
        let compared = crate::compare_with(&base, &mutant, ".el9=.el9_4").unwrap();
        let used: BTreeSet<&str> = compared.normalisations.iter().map(|used| used.rule.as_str()).collect();
        if compared.verdict != Identical || !rules.iter().all(|rule| used.contains(rule)) {
            let shown: Vec<_> = compared.findings.iter().filter(|finding| finding.severity >= Note).collect();
            wrong.push(format!("{rules:?}: got {} with {used:?} and {shown:#?}", compared.verdict));
        }
    }
    report(&wrong);
}

#[test]
fn a_checksum_that_is_right_for_another_file_is_normalised() {
    let shop = Workshop::new();
    let spec = SPEC.replacen("cp dir/one one", "cp dir/one one; echo >> one", 1);
    let compared = compare(&base(&shop), &shop.build("mutant", &spec, &[])).unwrap();
    let used = compared.normalisations.iter().find(|used| used.rule == "checksum").unwrap();
    assert_eq!(used.subject, "/usr/share/contents/.one.hmac");
    assert!(compared.findings.iter().all(|finding| finding.rule != "checksum"));
}

#[test]
fn every_normalisation_has_a_mutant() {
    let mut seen: BTreeSet<&str> = NORMALISED.iter().flat_map(|(rules, _)| rules.iter().copied()).collect();
    seen.insert("checksum");
    seen.extend(crate::types::NORMALISED);
    let all: BTreeSet<&str> = normalisers().iter().map(|rule| rule.name).collect();
    assert_eq!(seen, all);
}
