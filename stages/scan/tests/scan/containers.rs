//! A mark is found in whatever it is packed into.

use std::path::Path;

use heirloom_model::record::{MarkFinding, MarkKind};
use proptest::prelude::*;
use testkit::rpm_builder::RpmBuilder;

use crate::common::{BRAND, run, scan, scanner, told};

/// What packs the file `f` (in a directory `d` where the form has directories), and the way to it.
const FORMS: [(&str, &str); 15] = [
    ("cat f", ""),
    ("gzip -c f", ""),
    ("xz -c f", ""),
    ("bzip2 -c f", ""),
    ("zstd -q -c f", ""),
    ("xz -c f > g; gzip -c g", ""),
    ("tar c d", "!d/f"),
    ("tar cz d", "!d/f"),
    ("tar cJ --format=pax d", "!d/f"),
    ("tar cj --format=v7 d", "!d/f"),
    ("tar c --zstd --format=gnu d", "!d/f"),
    ("python3 -m zipfile -c o.zip d/f; cat o.zip", "!f"),
    ("find d | cpio --quiet -o -H newc", "!d/f"),
    ("ar rcs o.a f; cat o.a", "!f"),
    ("tar c d > t; (find d | cpio --quiet -o -H newc; echo t | cpio --quiet -o -H newc | gzip)", "!d/f"),
];

fn packed(script: &str, content: &[u8]) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("d")).unwrap();
    std::fs::write(dir.path().join("f"), content).unwrap();
    std::fs::write(dir.path().join("d/f"), content).unwrap();
    run(dir.path(), script)
}

#[test]
fn every_container() {
    let scanner = scanner(BRAND);
    for (script, way) in FORMS {
        let bytes = packed(script, b"one\nTarnholt\n");
        let findings = scan(&scanner, "a", &bytes);
        let wanted = format!("tarnholt a{way} line 2");
        assert!(told(&findings).contains(&wanted), "{script}: {:?}", told(&findings));
        assert!(findings.iter().all(|one| one.kind == MarkKind::Name), "{script}: {findings:?}");
        // And in another of each.
        let nested = packed("tar cz d", &bytes);
        let wanted = format!("tarnholt a!d/f{way} line 2");
        assert!(told(&scan(&scanner, "a", &nested)).contains(&wanted), "{script}, nested");
    }
}

#[test]
fn encodings_and_strings() {
    let scanner = scanner(BRAND);
    let utf16 =
        |unit: fn(u16) -> [u8; 2]| "\u{feff}one\nTarnholt".encode_utf16().flat_map(unit).collect::<Vec<_>>();
    for bytes in [utf16(u16::to_le_bytes), utf16(u16::to_be_bytes)] {
        assert_eq!(told(&scan(&scanner, "a", &bytes)), ["tarnholt a line 2"]);
    }
    assert_eq!(told(&scan(&scanner, "a", b"\xe9\n\xa9karnholt \x8akarnholt"))[..], [""; 0]);
    // Strings lie beside each other without bounds; short words need bounds even there.
    assert_eq!(told(&scan(&scanner, "a.pyc", b"\x00\x01z\x08tarnholtr\x03")), ["tarnholt a.pyc offset 0x4"]);
    assert_eq!(told(&scan(&scanner, "a.bin", b"\x00xTHLx\x00THL\xff"))[..], ["tarnholt a.bin offset 0x7"]);
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), "printf 'msgid \"a\"\\nmsgstr \"Tarnholt\"\\n' > a.po; python3 - <<'END'
import struct
pairs = [(b'', b'Content-Type: text/plain'), (b'a', b'Tarnholt')]
head, ids, strs, data = 28, [], [], b''
start = head + 16 * len(pairs)
for text in [p[0] for p in pairs] + [p[1] for p in pairs]:
    (ids if len(ids) < len(pairs) else strs).append((len(text), start + len(data))); data += text + bytes(1)
table = b''.join(struct.pack('<II', *one) for one in ids + strs)
open('a.mo', 'wb').write(struct.pack('<7I', 0x950412de, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 0) + table + data)
END");
    let catalogue = std::fs::read(dir.path().join("a.mo")).unwrap();
    assert_eq!(scan(&scanner, "a.mo", &catalogue).len(), 1);
}

#[test]
fn programs_by_section() {
    let dir = tempfile::tempdir().unwrap();
    run(
        dir.path(),
        "printf '#include <stdio.h>\\n#define M \"x\"\\nconst char kept[] = \"at Tarnholt\"; struct tarnholt_thing { int a; } t;
          int main(void) { puts(kept); return t.a; }' > a.c
         cc -g -gz -o a a.c; objcopy --add-section .extra=/dev/stdin a <<< 'by Tarnholt'; cp a b; echo appended Tarnholt >> b",
    );
    let scanner = scanner(BRAND);
    let of = |name: &str| told(&scan(&scanner, name, &std::fs::read(dir.path().join(name)).unwrap()));
    let told = of("a").join("\n");
    for section in [".rodata 0x", ".extra 0x", ".debug_str 0x"] {
        assert!(told.contains(section), "{section}: {told}");
    }
    assert!(of("b").join("\n").contains("outside of sections 0x"), "{:?}", of("b"));
}

#[test]
fn names_of_files_are_told_once_for_a_directory() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = run(
        dir.path(),
        "mkdir -p tarnholt-1/sub; touch tarnholt-1/{a,b} tarnholt-1/sub/{c,tarnholt.png}; ln -s /tarnholt link; tar c *",
    );
    let mut told = told(&scan(&scanner(BRAND), "a.tar", &bytes));
    told.sort();
    assert_eq!(
        told,
        [
            "tarnholt a.tar!link link's target",
            "tarnholt a.tar!tarnholt-1 name",
            "tarnholt a.tar!tarnholt-1/sub/tarnholt.png name"
        ]
    );
}

#[test]
fn large_files_are_searched_in_blocks_and_nothing_falls_between() {
    let scanner = scanner(BRAND);
    let block = 16 << 20;
    for at in [
        0,
        block - 4100,
        block - 4096,
        block - 4,
        block - 1,
        block,
        block + 5,
        2 * block - (64 << 10) - 3,
        39_000_000,
    ] {
        let mut bytes = vec![b'\n'; 40_000_000];
        bytes[at..at + 10].copy_from_slice(b"Grey Heron");
        assert_eq!(told(&scan(&scanner, "a", &bytes)), [format!("tarnholt a line {}", at + 1)], "{at}");
        bytes[7] = 0;
        if at > 7 {
            assert_eq!(told(&scan(&scanner, "a", &bytes)), [format!("tarnholt a offset {at:#x}")], "{at}");
        }
    }
}

fn package(dir: &Path) -> testkit::rpm_builder::Built {
    let inner = packed("tar cz d", b"Tarnholt");
    RpmBuilder::new("sample", "1")
        .tag("Vendor", "Tarnholt Works")
        .tag("URL", "https://tarnholt.example")
        .provides("tarnholt-thing")
        .scriptlet("%post", "echo tarnholt")
        .scriptlet("%changelog", "* Tue Apr 30 2024 A B <a@tarnholt.example> - 1-1\n- at Tarnholt")
        .file("/usr/share/tarnholt/a.tar.gz", inner)
        .build(dir)
        .unwrap()
}

#[test]
fn packages_built_and_source_and_in_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let built = package(dir.path());
    let scanner = scanner(BRAND);
    let binary = scanner.package(&built.binary).unwrap();
    assert_eq!(
        told(&binary),
        [
            "tarnholt /usr/share/tarnholt name",
            "tarnholt /usr/share/tarnholt/a.tar.gz!d/f line 1",
            "tarnholt header:%post ",
            "tarnholt header:Changelog  allowed",
            "tarnholt header:Provides ",
            "hosts header:URL ",
            "mail header:Changelog  allowed",
            "tags header:Vendor ",
        ]
        .map(str::to_owned)
        .into_iter()
        .collect::<Vec<_>>()
        .sorted_like(&binary)
    );
    let source = told(&scanner.package(&built.source).unwrap());
    for (start, end) in [
        ("tarnholt file0!d/f line 1", ""),
        ("mail sample.spec line ", " allowed"),
        ("hosts sample.spec line ", ""),
        ("tags header:Vendor ", ""),
    ] {
        assert!(source.iter().any(|one| one.starts_with(start) && one.ends_with(end)), "{start}: {source:?}");
    }
    // The same findings, in a package in a package.
    let bytes = std::fs::read(&built.binary).unwrap();
    let nested: Vec<_> =
        told(&scan(&scanner, "a.rpm", &bytes)).iter().map(|one| one.replace("a.rpm!", "")).collect();
    assert_eq!(nested, told(&binary));
}

trait SortedLike {
    fn sorted_like(self, findings: &[MarkFinding]) -> Vec<String>;
}

impl SortedLike for Vec<String> {
    /// In the order of the findings, so that a test can list them in any.
    fn sorted_like(self, findings: &[MarkFinding]) -> Vec<String> {
        let order = told(findings);
        let mut sorted = self;
        sorted.sort_by_key(|one| order.iter().position(|other| other == one).unwrap_or(usize::MAX));
        sorted
    }
}

#[test]
fn a_package_signed_with_the_key() {
    let dir = tempfile::tempdir().unwrap();
    let built = package(dir.path());
    let key = testkit::gpg::Key::throwaway("Release <release@vendor.example>").unwrap();
    let brand =
        format!("[[mark]]\nname = \"k\"\nkind = \"key\"\nfingerprints = [\"{}\"]\n", key.fingerprint());
    let scanner = scanner(&brand);
    assert_eq!(scanner.package(&built.binary).unwrap(), []);
    key.sign_rpms(std::slice::from_ref(&built.binary)).unwrap();
    let findings = scanner.package(&built.binary).unwrap();
    assert!(
        findings.iter().any(|one| one.file == "header:Signature" && one.kind == MarkKind::Key),
        "{findings:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn a_mark_anywhere_in_any_container_is_found(
        form in 0..FORMS.len(),
        before in "[a-z \n]{0,3000}",
        after in "[a-z \n]{0,3000}",
        mark in 0usize..4,
    ) {
        let mark = ["TARNHOLT", "Grey\n\tHeron", "http://x.tarnholt.example/", "a@tarnholt.example"][mark];
        let bytes = packed(FORMS[form].0, format!("{before} {mark} {after}").as_bytes());
        let findings = scan(&scanner(BRAND), "a", &bytes);
        let line = before.matches('\n').count() + 1;
        let place = format!("line {line}");
        prop_assert!(findings.iter().any(|one| one.place == place), "{:?}", findings);
    }
}
