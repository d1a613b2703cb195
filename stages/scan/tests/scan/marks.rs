//! Each kind of mark, in context, and what is accepted.

use std::collections::BTreeMap;

use heirloom_model::allowance::Idle;
use heirloom_model::record::MarkKind;

use crate::common::{BRAND, run, scan, scanner, told};

/// Names of the marks found in a text.
fn marks(text: &[u8]) -> Vec<String> {
    let findings = scan(&scanner(BRAND), "a.c", text);
    findings.into_iter().map(|finding| finding.mark).collect()
}

#[test]
fn words_in_context() {
    for text in [
        "Tarnholt",
        "(TARNHOLT_BUGZILLA)",
        "tarnholt9",
        "myTarnholt",
        "x\nGrey\n *  Heron y",
        "grey_heron",
        "Grey&nbsp;Heron",
        "THL",
        "EL_THL-1",
        "\u{161}KARNHOLT is not, but \u{160}karnholt is",
        "tarnholt-rpm tarnholt-rpm-config",
    ] {
        assert_eq!(marks(text.as_bytes()), ["tarnholt"], "{text}");
    }
    for text in [
        "tarnholtian",
        "untarnholt",
        "\u{e9}tarnholt",
        "greyheron",
        "Grey X Heron",
        "ATHLETE",
        "tarnholt-rpm-config",
        "tarnholt-other-config",
        "/etc/tarnholt-release",
        "",
    ] {
        assert_eq!(marks(text.as_bytes()), [""; 0], "{text}");
    }
    // In Latin-1, too.
    assert_eq!(marks(b"caf\xe9 Tarnholt"), ["tarnholt"]);
    assert_eq!(marks(b"caf\xe9tarnholt"), [""; 0]);
}

#[test]
fn hosts_and_addresses() {
    for text in [
        "https://www.tarnholt.example/9",
        "tarnholt.example.",
        "see //tarnholt.example:80",
        "git.example/heron/x",
    ] {
        assert_eq!(marks(text.as_bytes()), ["hosts"], "{text}");
    }
    assert_eq!(marks(b"<bugs@lists.tarnholt.example>"), ["mail"], "told once, as what it is");
    // Where it is no host of theirs, the name in it is still a name.
    for text in ["tarnholt.example.org", "tarnholt.example-x", "http://archive.tarnholt.example/"] {
        assert_eq!(marks(text.as_bytes()), ["tarnholt"], "{text}");
    }
    for text in ["git.example/herons", "mygit.example/heron", "nottarnholt.example"] {
        assert_eq!(marks(text.as_bytes()), [""; 0], "{text}");
    }
}

#[test]
fn exact_case_and_inside_of_words() {
    let text =
        "[[mark]]\nname = \"a\"\nkind = \"name\"\nwords = [\"Hat\"]\nexact-case = true\ninside = true\n";
    let scanner = scanner(text);
    assert_eq!(told(&scan(&scanner, "f", b"a hat\nRedHatter")), ["a f line 2"]);
}

#[test]
fn attributions_are_told_and_allowed() {
    let scanner = scanner(BRAND);
    let text = b"/* Copyright (C) 2001\n *   Tarnholt Works\n */\nint tarnholt;\n/* Author: A <a@tarnholt.example> */\n";
    assert_eq!(
        told(&scan(&scanner, "a.c", text)),
        ["mail a.c line 5 allowed", "tarnholt a.c line 2 allowed", "tarnholt a.c line 4"]
    );
    let spec = b"Name: a\n# Tarnholt\n%changelog\n* Tue Apr 30 2024 A <a@tarnholt.example>\n- Tarnholt\n%files\n/tarnholt\n";
    assert_eq!(
        told(&scan(&scanner, "a.spec", spec)),
        [
            "mail a.spec line 4 allowed",
            "tarnholt a.spec line 2",
            "tarnholt a.spec line 5 allowed",
            "tarnholt a.spec line 7"
        ]
    );
    assert_eq!(told(&scan(&scanner, "COPYING", b"Tarnholt")), ["tarnholt COPYING line 1 allowed"]);
    assert_eq!(told(&scan(&scanner, "ChangeLog", b"Tarnholt")), ["tarnholt ChangeLog line 1 allowed"]);
    assert_eq!(told(&scan(&scanner, "a", b"Report bugs to <a@tarnholt.example>")), ["mail a line 1"]);
}

#[test]
fn allowances_hold_where_and_as_long_as_they_say() {
    let allow = |rest: &str| format!("{BRAND}\n[[allowance]]\nmark = \"tarnholt\"\nreason = \"r\"\n{rest}");
    let of = |rest: &str| told(&scan(&scanner(&allow(rest)), "doc/NEWS", b"Tarnholt"));
    assert_eq!(of(""), ["tarnholt doc/NEWS line 1 allowed"]);
    assert_eq!(
        of("packages = [\"other\", \"samp*\"]\nfiles = [\"*/NEWS\"]"),
        ["tarnholt doc/NEWS line 1 allowed"]
    );
    assert_eq!(of("files = [\"NEWS\"]"), ["tarnholt doc/NEWS line 1"]);
    assert_eq!(of("packages = [\"other\"]"), ["tarnholt doc/NEWS line 1"]);
    assert_eq!(of("expires = 2026-06-01"), ["tarnholt doc/NEWS line 1 allowed"]);
    assert_eq!(of("expires = 2026-05-31"), ["tarnholt doc/NEWS line 1"]);

    let used = scanner(&allow(
        "files = [\"*/NEWS\"]\n[[allowance]]\nmark = \"mail\"\nreason = \"s\"\n[[allowance]]\nmark = \"hosts\"\nreason = \"t\"\nexpires = 2020-01-01",
    ));
    let findings = scan(&used, "doc/NEWS", b"Tarnholt");
    let idle: Vec<_> =
        used.idle([("sample", &*findings)]).into_iter().map(|(one, idle)| (&*one.mark, idle)).collect();
    assert_eq!(idle, [("mail", Idle::Unused), ("hosts", Idle::Expired)]);
}

#[test]
fn the_digest_is_of_all_that_findings_depend_on() {
    let with = |rest: &str| scanner(&format!("{BRAND}{rest}")).digest();
    let plain = with("");
    assert_eq!(plain, with("# a comment\n"));
    assert_ne!(plain, with("[[allowance]]\nmark = \"mail\"\nreason = \"r\"\n"));
    assert_eq!(
        plain,
        with("[[allowance]]\nmark = \"mail\"\nreason = \"r\"\nexpires = 2020-01-01\n"),
        "it has expired"
    );
    assert_ne!(plain, scanner(&BRAND.replace("THL", "TH")).digest());
}

#[test]
fn one_file_tells_a_few_and_counts_the_rest() {
    let text = "Tarnholt\n".repeat(100) + "Copyright Tarnholt\n";
    let findings = scan(&scanner(BRAND), "a", text.as_bytes());
    let open: Vec<_> = findings.iter().filter(|one| one.allowed.is_none()).collect();
    assert_eq!(open.len(), 6);
    assert!(open.iter().any(|one| one.excerpt == "and 95 more"), "{open:?}");
    assert_eq!(findings.len(), 7, "an allowed one does not hide behind others, nor they behind it");
}

const LOGO: &str = "[[mark]]\nname = \"heron\"\nkind = \"logo\"\nlooks = [\"LOOK\"]\nsha256 = [\"SHA\"]\n";
const SVG: &[u8] =
    b"<svg xmlns=\"http://www.w3.org/2000/svg\"><path d=\"M3 4h6l4 2-4 1-1 3v4H7v-4L5 8z\"/></svg>\n";

/// A drawing of some shapes.
fn drawing(side: u32) -> image::RgbaImage {
    image::RgbaImage::from_fn(side, side, |x, y| {
        let (x, y) = (x as f32 / side as f32, y as f32 / side as f32);
        let disc = (x - 0.3).hypot(y - 0.4) < 0.25;
        let bar = (0.6..0.8).contains(&x) && y > 0.2;
        image::Rgba(if disc {
            [200, 30, 30, 255]
        } else if bar {
            [20, 40, 90, 255]
        } else {
            [240, 240, 230, 255]
        })
    })
}

fn encoded(picture: &image::RgbaImage, format: image::ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let plain = image::DynamicImage::ImageRgba8(picture.clone());
    let plain = if format == image::ImageFormat::Jpeg { plain.into_rgb8().into() } else { plain };
    plain.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

#[test]
fn logos_by_look_and_by_bytes() {
    use image::ImageFormat::{Bmp, Gif, Ico, Jpeg, Png, WebP};
    let original = drawing(200);
    let look = heirloom_scan::look(&encoded(&original, Png)).unwrap().unwrap();
    let brand = LOGO.replace("LOOK", &look).replace("SHA", &heirloom_model::Digest::of(SVG).to_string());
    let scanner = scanner(&brand);
    for format in [Png, Jpeg, Gif, Bmp, Ico, WebP] {
        let small = image::imageops::resize(&original, 64, 64, image::imageops::FilterType::Triangle);
        assert_eq!(told(&scan(&scanner, "a", &encoded(&small, format))), ["heron a "], "{format:?}");
    }
    assert_eq!(told(&scan(&scanner, "a.svg", SVG)), ["heron a.svg "]);
    // In a style sheet.
    use base64::Engine as _;
    let data = base64::engine::general_purpose::STANDARD.encode(encoded(&original, Png));
    let css = format!("a {{\n background: url(data:image/png;base64,{data}) }}");
    assert_eq!(told(&scan(&scanner, "a.css", css.as_bytes())), ["heron a.css!data:line 2 "]);
    // Others look otherwise: turned, or of one colour.
    let turned = image::imageops::rotate90(&original);
    assert_eq!(told(&scan(&scanner, "a", &encoded(&turned, Png))), [""; 0]);
    let plain = image::RgbaImage::from_pixel(50, 50, image::Rgba([9, 9, 9, 255]));
    assert_eq!(heirloom_scan::look(&encoded(&plain, Png)), Ok(None));
    assert_eq!(told(&scan(&scanner, "a", &encoded(&plain, Png))), [""; 0]);
}

#[test]
fn the_hash_of_a_picture_stays_what_it_is() {
    // Brand files have it written down: another library or another version must not change it.
    let logo = include_bytes!("../../../../world/sources/tarnholt-logos/tarnholt-logo.png");
    assert_eq!(heirloom_scan::look(logo).unwrap().unwrap(), "33c30c3cf1d9c333");
}

#[test]
fn keys_and_certificates() {
    let key = testkit::gpg::Key::throwaway("Release <release@vendor.example>").unwrap();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("key.asc"), key.public().unwrap()).unwrap();
    let binary = run(dir.path(), "gpg --dearmor < key.asc");
    run(dir.path(), "openssl req -x509 -newkey rsa:2048 -nodes -keyout /dev/null -subj '/O=Vendor Secure Boot/CN=x' -out c.pem
                     openssl x509 -in c.pem -outform DER -out c.der; (head -c 999 /dev/zero; cat c.der; echo x) > shim");
    let der = std::fs::read(dir.path().join("c.der")).unwrap();
    let fingerprint = key.fingerprint();
    let brand = |keys: &str| scanner(&format!("[[mark]]\nname = \"k\"\nkind = \"key\"\n{keys}\n"));
    let by_print = brand(&format!("fingerprints = [\"{fingerprint}\"]"));
    let found = |scanner, name: &str, data: &[u8]| {
        let findings = scan(scanner, name, data);
        assert!(findings.iter().all(|one| one.kind == MarkKind::Key), "{findings:?}");
        !findings.is_empty()
    };
    assert!(found(&by_print, "key.asc", key.public().unwrap().as_bytes()));
    assert!(found(&by_print, "key.gpg", &binary));
    // The key's own packet, without what it says of itself.
    let length = 3 + usize::from(u16::from_be_bytes([binary[1], binary[2]]));
    let bare = if binary[0] == 0x99 { &binary[..length] } else { &binary[..2 + usize::from(binary[1])] };
    assert!(found(&by_print, "bare.gpg", bare));
    let lower = fingerprint.to_lowercase();
    let (spaced, id) =
        (lower.as_bytes().chunks(4).map(String::from_utf8_lossy).collect::<Vec<_>>().join(" "), &lower[24..]);
    for text in [fingerprint, &lower, &spaced, &format!("0x{id}")] {
        assert!(found(&by_print, "notes", format!("key {text}\n").as_bytes()), "{text}");
    }
    assert!(!found(&by_print, "notes", format!("{id}0 1{id}").as_bytes()), "another number");
    let other = testkit::gpg::Key::throwaway("Other <other@vendor.example>").unwrap();
    assert!(!found(&by_print, "key.asc", other.public().unwrap().as_bytes()));

    let by_digest = brand(&format!("certificates = [\"{}\"]", heirloom_model::Digest::of(&der)));
    let by_subject = brand("subjects = [\"Vendor Secure Boot\"]");
    for file in ["c.pem", "c.der", "shim"] {
        let data = std::fs::read(dir.path().join(file)).unwrap();
        assert!(found(&by_digest, file, &data), "{file} by digest");
        assert!(found(&by_subject, file, &data), "{file} by subject");
    }
}

#[test]
fn altered_attributions() {
    let files = |list: &[(&str, &str)]| -> BTreeMap<String, Vec<u8>> {
        list.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect()
    };
    let before = files(&[
        ("COPYING", "GPL"),
        ("a.c", "x\n/* Copyright A */\ny"),
        ("b.patch", "+ (c) 2001 B\n"),
        ("c", "z"),
    ]);
    let scanner = scanner(BRAND);
    let of = |after: &[(&str, &str)]| told(&scanner.altered("sample", &before, &files(after)));
    let kept = [("COPYING", "GPL"), ("a.c", "z\n  /* Copyright A */"), ("b.patch", "+ (c) 2001 B\n")];
    assert_eq!(of(&kept), [""; 0]);
    assert_eq!(of(&[kept[0], ("a.c", "x\ny"), kept[2]]), ["attribution a.c line 2"]);
    assert_eq!(of(&[("COPYING", "GPL 3"), kept[1], kept[2]]), ["attribution COPYING "]);
    assert_eq!(of(&[kept[1], kept[2]]), ["attribution COPYING "]);
    assert_eq!(of(&[kept[0], kept[1]]), ["attribution b.patch line 1"]);
    assert_eq!(of(&[kept[0], kept[1], ("renamed.patch", "+ (c) 2001 B\n")]), [""; 0]);
    assert!(
        scanner
            .altered("sample", &before, &files(&kept[1..]))
            .iter()
            .all(|one| one.kind == MarkKind::Attribution)
    );
}

#[test]
fn threads_share_a_scanner() {
    let scanner = scanner(BRAND);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(|| scan(&scanner, "a", b"Tarnholt"))).collect();
        threads.into_iter().for_each(|thread| assert_eq!(thread.join().unwrap().len(), 1));
    });
}
