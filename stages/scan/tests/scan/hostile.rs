//! What wants to be endless, damaged or something else: a finding, never silence and never a crash.

use heirloom_model::record::{MarkFinding, MarkKind};
use proptest::prelude::*;
use testkit::rpm_builder::RpmBuilder;

use crate::common::{BRAND, run, scan, scanner, told};

fn made(script: &str) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), script)
}

fn unreadable(findings: &[MarkFinding], what: &str) -> bool {
    findings
        .iter()
        .any(|one| one.kind == MarkKind::Unreadable && one.allowed.is_none() && one.excerpt.contains(what))
}

#[test]
fn bombs_are_told() {
    let scanner = scanner(BRAND);
    for script in [
        "head -c 1200M /dev/zero | gzip -9",
        "head -c 2G /dev/zero | zstd -q -1",
        // A few kilobytes that unpack to gigabytes, many times over.
        "head -c 100M /dev/zero > f; python3 -c \"
import zipfile
z = zipfile.ZipFile('o.zip', 'w', zipfile.ZIP_DEFLATED)
for i in range(20): z.write('f', str(i))
z.close()\"; cat o.zip",
    ] {
        let findings = scan(&scanner, "a", &made(script));
        let over = findings.iter().filter(|one| one.excerpt.contains("far more bytes")).count();
        assert!(unreadable(&findings, "far more bytes") && over <= 2, "{script}: {findings:?}");
    }
}

#[test]
fn nesting_ends() {
    let nested = made("echo Tarnholt > f; for i in {1..40}; do tar cz f > g; mv g f; done; cat f");
    assert!(unreadable(&scan(&scanner(BRAND), "a", &nested), "deeper than"));
}

#[test]
fn sizes_and_names_that_lie() {
    let scanner = scanner(BRAND);
    let tar = made("echo Tarnholt > f; tar c f");
    // The size says more than is there; the checksum is made to fit.
    let mut lying = tar.clone();
    lying[124..135].copy_from_slice(b"77777777777");
    let sum: u32 = lying[..512]
        .iter()
        .enumerate()
        .map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u32::from(*byte) })
        .sum();
    lying[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let findings = scan(&scanner, "a", &lying);
    assert!(unreadable(&findings, "ends inside"), "{findings:?}");
    assert!(told(&findings).iter().any(|one| one.starts_with("tarnholt a!f")), "what is there is searched");
    // A second size in an extended header would hide what is between the two.
    let two = made("echo Tarnholt > f; tar c --format=pax --pax-option='size:=100000' f");
    assert!(unreadable(&scan(&scanner, "a", &two), "two sizes"));
    let long = made(
        "python3 -c \"
import sys, tarfile, io
t = tarfile.open(fileobj=sys.stdout.buffer, mode='w|', format=tarfile.GNU_FORMAT)
t.addfile(tarfile.TarInfo('n' * 100000))\"",
    );
    assert!(unreadable(&scan(&scanner, "a", &long), "more than 4097 bytes"));
    let zip = made(
        "python3 -c \"import zipfile; zipfile.ZipFile('o.zip', 'w').writestr('f', 'Tarnholt')\"; sed 's/Tarnholt/Tarnhxlt/' o.zip",
    );
    let findings = scan(&scanner, "a", &zip);
    assert!(unreadable(&findings, "hecksum"), "a member that is not what it says: {findings:?}");
}

#[test]
fn what_is_cut_damaged_or_sealed() {
    let scanner = scanner(BRAND);
    for script in [
        "tar cz f",
        "tar cJ f",
        "tar cj f",
        "tar c --zstd f",
        "gzip -c f",
        "ar rcs o f; cat o",
        "echo f | cpio --quiet -o -H newc",
    ] {
        let whole = made(&format!("seq 20000 > f; {script}"));
        let findings = scan(&scanner, "a", &whole[..whole.len() / 2]);
        assert!(unreadable(&findings, ""), "{script}: {findings:?}");
    }
    for bytes in
        [&b"7z\xbc\xaf\x27\x1c\0\x04 Tarnholt"[..], b"Rar!\x1a\x07\0 Tarnholt", b"\x1f\x9d\x90 Tarnholt"]
    {
        let findings = scan(&scanner, "a", bytes);
        assert!(unreadable(&findings, "can't be looked into") && findings.len() == 2, "{findings:?}");
    }
    // A declared one is told, with its reason.
    let brand = format!(
        "{BRAND}\n[[allowance]]\nmark = \"unreadable\"\nfiles = [\"tests/*\"]\nreason = \"damaged on purpose\"\n"
    );
    let allowed = crate::common::scanner(&brand);
    assert_eq!(
        told(&scan(&allowed, "tests/a", b"7z\xbc\xaf\x27\x1c\0\x04")),
        ["unreadable tests/a  allowed"]
    );
}

#[test]
fn links_lead_nowhere_and_many_members_cost_little() {
    let scanner = scanner(BRAND);
    let links = made("ln -s /etc/passwd a; ln -s ../../../.. b; ln -s b c; tar c a b c");
    assert_eq!(scan(&scanner, "a", &links), []);
    let many = made(
        "python3 -c \"
import sys, tarfile
t = tarfile.open(fileobj=sys.stdout.buffer, mode='w|')
for i in range(200000): t.addfile(tarfile.TarInfo('tarnholt/%d' % i))\" | gzip -1",
    );
    assert_eq!(told(&scan(&scanner, "a", &many)), ["tarnholt a!tarnholt name"]);
}

#[test]
fn pictures_are_refused_before_they_are_decoded() {
    let brand = "[[mark]]\nname = \"heron\"\nkind = \"logo\"\nlooks = [\"c3a1f00f00ff18e7\"]\n";
    let png = made("python3 -c \"
import struct, sys, zlib
def chunk(kind, data): return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
sys.stdout.buffer.write(b'\\x89PNG\\r\\n\\x1a\\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', 2000000, 2000000, 8, 6, 0, 0, 0))
    + chunk(b'IDAT', zlib.compress(bytes(100))) + chunk(b'IEND', b''))\"");
    assert!(unreadable(&scan(&scanner(brand), "a.png", &png), "the picture can't be read"));
    assert!(heirloom_scan::look(&png).is_err());
}

#[test]
fn a_damaged_package_is_an_error_and_one_in_an_archive_a_finding() {
    let dir = tempfile::tempdir().unwrap();
    let built = RpmBuilder::new("sample", "1")
        .file("/usr/share/a", "Tarnholt".repeat(999))
        .build(dir.path())
        .unwrap();
    let scanner = scanner(BRAND);
    let bytes = std::fs::read(&built.binary).unwrap();
    std::fs::write(&built.binary, &bytes[..bytes.len() - 40]).unwrap();
    let error = scanner.package(&built.binary).unwrap_err().to_string();
    assert!(error.contains("sample-1-1.noarch.rpm"), "{error}");
    assert!(unreadable(&scan(&scanner, "a.rpm", &bytes[..bytes.len() - 40]), ""));
}

#[test]
fn texts_that_want_to_be_slow() {
    let scanner = scanner(&format!(
        "{BRAND}\n[[mark]]\nname = \"k\"\nkind = \"key\"\ncertificates = [\"{}\"]\n",
        "0".repeat(64)
    ));
    for text in [
        "-----BEGIN PGP \n",
        ";base64,",
        "grey ",
        "0\u{2}",
        "a@tarnholt.example",
        "tarnholt-",
        "-----BEGIN CERTIFICATE-----\n",
    ] {
        let _ = scan(&scanner, "a", text.repeat(1_000_000 / text.len()).as_bytes());
    }
    let nested = [0x30, 0x82, 0xff, 0xff].repeat(100_000);
    let _ = scan(&scanner, "a", &nested);
}

proptest! {
    #[test]
    fn never_panics(form in 0usize..12, bytes: Vec<u8>, at in 0usize..4000, byte: u8) {
        const STARTS: [&[u8]; 8] = [
            b"\x89PNG\r\n\x1a\n", b"\x7fELF\x02\x01\x01", b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n", b"\x99\x01",
            b"\xed\xab\xee\xdb", b"GIF89a", b"\xff\xfe", b"BM",
        ];
        thread_local!(static SCANNER: heirloom_scan::Scanner = scanner(&format!(
            "{BRAND}\n[[mark]]\nname = \"k\"\nkind = \"key\"\nfingerprints = [\"{}\"]\n\
             [[mark]]\nname = \"l\"\nkind = \"logo\"\nlooks = [\"c3a1f00f00ff18e7\"]\n", "ab".repeat(20))));
        thread_local!(static MADE: Vec<Vec<u8>> = ["tar c f", "gzip -c f", "echo f | cpio --quiet -o -H newc", "python3 -m zipfile -c o f; cat o"]
            .map(|script| made(&format!("echo Tarnholt > f; {script}"))).to_vec());
        let data = match form.checked_sub(8) {
            None => [STARTS[form], &bytes].concat(),
            Some(form) => MADE.with(|made| {
                let mut made = made[form].clone();
                let at = at % made.len();
                made[at] = byte;
                made
            }),
        };
        SCANNER.with(|scanner| { let _ = scan(scanner, "a", &data); });
    }
}
