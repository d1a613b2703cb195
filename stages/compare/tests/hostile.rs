//! Files that are damaged, or made to exhaust or confuse whoever reads them: a comparison ends, holds no more
//! than it may, and says which file it could not examine and why. It never calls such files the same.

#![expect(clippy::unwrap_used, reason = "what fails here is meant to fail the test")]

#[path = "hostile/bombs.rs"]
mod bombs;
#[path = "hostile/debugging.rs"]
mod debugging;
#[path = "hostile/elf.rs"]
mod elf;
#[path = "hostile/samples.rs"]
mod samples;
#[path = "hostile/support.rs"]
mod support;
#[path = "mutants/support.rs"]
#[expect(dead_code, reason = "the mutants use the rest")]
mod workshop;

use heirloom_model::{Severity, Verdict};

use samples::{Samples, flipped};
use support::{Shop, Tree, tree};

/// Offsets at which a file of this length is cut: both ends and places between them.
fn cuts(length: usize) -> impl Iterator<Item = usize> {
    const PLACES: usize = 24;
    let between = (1..PLACES).map(move |place| place * length / PLACES);
    [0, 1, 3, 4, 5, 8, 13].into_iter().chain(between).chain([1, 2, 4, 8, 9].map(|end| length - end))
}

/// Whether this is an archive that is whole: tapes go on with zeroes after their end.
fn goes_on(name: &str, cut: &[u8]) -> bool {
    const END: &[u8] = b"TRAILER!!!\0";
    match name {
        "a.tar" => cut.ends_with(&[0; 1024]),
        "a.cpio" => cut.windows(END.len()).any(|window| window == END),
        _ => false,
    }
}

#[test]
fn what_is_cut_short_is_never_the_same() {
    let shop = Shop::new();
    for (name, whole) in Samples::new().all() {
        let mut both = (Tree::new(), Tree::new());
        for cut in cuts(whole.len()).filter(|cut| *cut < whole.len() && !goes_on(name, &whole[..*cut])) {
            let path = format!("/usr/cut/{cut}/{name}");
            both.0.insert(path.clone(), whole.clone());
            both.1.insert(path, whole[..cut].to_vec());
        }
        for (reference, rebuilt) in [(&both.0, &both.1), (&both.1, &both.0)] {
            let compared = shop.compare(reference, rebuilt);
            assert_eq!(compared.verdict, Verdict::Undecided, "{name}");
            for path in both.0.keys() {
                let told = compared.findings.iter().any(|finding| {
                    let of_file =
                        finding.subject == *path || finding.subject.starts_with(&format!("{path}!"));
                    of_file && finding.severity == Severity::Undecided && !finding.found.is_empty()
                });
                assert!(told, "{path}: {:#?}", compared.findings);
            }
        }
    }
}

#[test]
fn what_has_wrong_bytes_is_read_to_an_end() {
    const EACH: usize = 60;
    let shop = Shop::new();
    for (name, whole) in Samples::new().all() {
        let path = |index: usize| format!("/usr/flipped/{index}/{name}");
        let of = |change: &dyn Fn(usize) -> Vec<u8>| -> Tree {
            (0..EACH).map(|index| (path(index), change(index))).collect()
        };
        let same = of(&|_| whole.clone());
        let one = of(&|index| flipped(&whole, index, 1));
        let many = of(&|index| flipped(&whole, index, 1 + index % 40));
        for (reference, rebuilt) in [(&same, &one), (&many, &same), (&one, &many)] {
            let compared = shop.compare(reference, rebuilt);
            assert!(compared.verdict > Verdict::PayloadIdentical, "{name}: {}", compared.verdict);
        }
    }
}

#[test]
fn garbage_behind_every_magic_is_undecided() {
    let garbage: Vec<u8> = (0..5000_u32).map(|index| ((index * index) >> 3) as u8 ^ index as u8).collect();
    let shop = Shop::new();
    let magics: [(&str, &[u8]); 12] = [
        ("a.so", b"\x7fELF"),
        ("b.so", b"\x7fELF\x02\x01\x01"),
        ("a.gz", b"\x1f\x8b"),
        ("a.xz", b"\xfd7zXZ\0"),
        ("a.zst", b"\x28\xb5\x2f\xfd"),
        ("a.bz2", b"BZh9"),
        ("a.a", b"!<arch>\n"),
        ("a.cpio", b"070701"),
        ("a.zip", b"PK\x03\x04"),
        ("a.pyc", b"\x61\x0d\r\n"),
        ("a.png", b"\x89PNG\r\n\x1a\n"),
        ("a.efi", b"MZ"),
    ];
    for (name, magic) in magics {
        let path = format!("/usr/lib/{name}");
        let with = |end: u8| tree(&[(&path, &[magic, &garbage, &[end]].concat())]);
        let compared = shop.compare(&with(1), &with(2));
        support::unreadable(&compared, &path, "");
    }
}

#[test]
fn checksums_of_no_known_form_verify_nothing() {
    let item = |data: &[u8]| [&(data.len() as u32).to_be_bytes()[..], data].concat();
    let chk = |kind: u32, items: &[Vec<u8>]| {
        [&[0xf1, 0xc5, 0, 0, 0, 0, 0, 12][..], &kind.to_be_bytes(), &items.concat()].concat()
    };
    let odd = |size: usize| item(&vec![0xff; size]);
    let cases: Vec<Vec<u8>> = vec![
        Vec::new(),
        vec![0xf1, 0xc5],
        chk(0x8000_0004, &[]),
        chk(0x8000_0004, &[item(b"key"), item(b"")]),
        chk(0x8000_00ff, &[item(b"key"), odd(32)]),
        [chk(0, &[]), vec![0xff; 4]].concat(),
        // Numbers that are nothing, even, one, or so long that arithmetic with them does not end.
        chk(0, &[item(b""), item(b""), item(b""), item(b""), item(b"")]),
        chk(0, &[item(&[4]), item(&[2]), item(&[1]), item(&[3]), item(&[1; 40])]),
        chk(0, &[odd(256), odd(32), item(&[2]), item(&[1]), item(&[1; 64])]),
        chk(0, &[odd(256), odd(20), item(&[1]), odd(256), item(&[0; 40])]),
        chk(0, &[odd(1 << 18), odd(20), odd(1 << 18), odd(1 << 18), odd(40)]),
        vec![b'a'; 1 << 20],
        b"\xff\xfe not a checksum".to_vec(),
    ];
    let shop = Shop::new();
    let (mut reference, mut rebuilt) = (Tree::new(), Tree::new());
    for (index, case) in cases.iter().enumerate() {
        for name in [format!("lib{index}.chk"), format!(".lib{index}.so.hmac")] {
            let path = format!("/usr/lib64/{name}");
            reference.insert(path.clone(), [&case[..], b"\0"].concat());
            rebuilt.insert(path, case.clone());
        }
        for tree in [&mut reference, &mut rebuilt] {
            tree.insert(format!("/usr/lib64/lib{index}.so"), b"a library".to_vec());
        }
    }
    let compared = shop.compare(&reference, &rebuilt);
    assert_eq!(compared.verdict, Verdict::Undecided);
    for path in reference.keys().filter(|path| !path.ends_with(".so")) {
        let told = compared.findings.iter().find(|f| f.subject == *path && f.rule == "checksum");
        assert_eq!(
            told.map(|finding| finding.severity),
            Some(Severity::Undecided),
            "{path}: {:#?}",
            compared.findings
        );
    }
}

#[test]
fn pictures_and_programs_that_point_outside_of_themselves_are_undecided() {
    let shop = Shop::new();
    let samples = Samples::new();
    let (png, efi) = (samples.get("a.png"), samples.get("a.efi"));
    let patched = |whole: &[u8], at: usize, bytes: &[u8]| {
        let mut patched = whole.to_vec();
        patched[at..at + bytes.len()].copy_from_slice(bytes);
        patched
    };
    let cases = [
        ("a.png", patched(&png, 8, &[0xff; 4]), png.clone()),
        ("b.png", patched(&png, 8, &[0, 0, 0x7f, 0xff]), png),
        // Where the headers are; how many sections; the certificates' offset and size.
        ("a.efi", patched(&efi, 60, &[0xff; 4]), efi.clone()),
        ("b.efi", patched(&efi, 70, &[0xff; 2]), efi.clone()),
        ("c.efi", patched(&efi, 232, &[0xff; 4]), efi.clone()),
        ("d.efi", patched(&efi, 236, &[0xff; 4]), efi.clone()),
        ("e.efi", patched(&efi, 196, &[0xff; 4]), efi),
    ];
    for (name, hostile, whole) in cases {
        let path = format!("/usr/lib/{name}");
        let compared = shop.compare(&tree(&[(&path, &whole)]), &tree(&[(&path, &hostile)]));
        if name == "d.efi" || name == "e.efi" {
            // A table of certificates that goes on past the end, and one too many directories: no shorter program.
            assert!(compared.verdict >= Verdict::AbiCompatible, "{name}: {compared:#?}");
        } else {
            support::unreadable(&compared, &path, "");
        }
    }
}

#[test]
fn a_payload_that_has_a_file_twice_is_not_read() {
    let shop = Shop::new();
    let linked = |data: &str| shop.linked(data);
    let (reference, rebuilt) = (linked("one"), linked("two"));
    let twice = shop.payload_twice(&rebuilt, "./usr/share/h/other");
    let compared = support::compare(&reference, &twice);
    assert_eq!(compared.verdict, Verdict::Undecided);
    assert!(
        compared.findings.iter().any(|f| f.rule == "unreadable" && f.found.contains("twice")),
        "{compared:#?}"
    );
}
