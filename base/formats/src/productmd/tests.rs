use std::collections::{BTreeMap, BTreeSet};

use heirloom_model::{Digest, Nevra};

use super::*;
use crate::document::Document;
use crate::modulemd::StreamId;

fn release() -> Release {
    let (name, short, version) = ("Kestrel Linux".to_owned(), "Kestrel".to_owned(), "9.4".to_owned());
    Release { name, short, version, kind: ReleaseKind::Ga, internal: false }
}

fn compose() -> Compose {
    let date = "20260314".to_owned();
    Compose {
        kind: ComposeKind::Production,
        date,
        respin: 0,
        label: Some("RC-1.0".to_owned()),
        is_final: true,
    }
}

fn info() -> ComposeInfo {
    let paths = BTreeMap::from([("x86_64".to_owned(), "BaseOS/x86_64/os".to_owned())]);
    let variant = Variant {
        name: "BaseOS".to_owned(),
        arches: BTreeSet::from(["x86_64".to_owned()]),
        paths: BTreeMap::from([(PathKind::OsTree, paths)]),
    };
    let variants = BTreeMap::from([("BaseOS".to_owned(), variant)]);
    ComposeInfo { release: release(), compose: compose(), variants }
}

fn parse(text: &str) -> Result<ComposeInfo, ProductmdError> {
    ComposeInfo::parse(Document::new("composeinfo.json", text.as_bytes()))
}

#[test]
fn ids_are_those_of_productmd() {
    for (kind, release_kind, expected) in [
        (ComposeKind::Production, ReleaseKind::Ga, "Kestrel-9.4-20260314.0"),
        (ComposeKind::Nightly, ReleaseKind::Ga, "Kestrel-9.4-20260314.n.0"),
        (ComposeKind::Test, ReleaseKind::Updates, "Kestrel-9.4-updates-20260314.t.0"),
        (ComposeKind::Development, ReleaseKind::E4s, "Kestrel-9.4-e4s-20260314.d.0"),
    ] {
        let (release, compose) = (Release { kind: release_kind, ..release() }, Compose { kind, ..compose() });
        assert_eq!(compose.id(&release), expected);
    }
}

#[test]
fn a_compose_is_read_as_it_was_written() {
    let text = info().to_json().unwrap();
    assert_eq!(parse(&text).unwrap(), info());
    assert!(
        text.starts_with("{\n    \"header\": {\n        \"type\": \"productmd.composeinfo\",\n"),
        "{text}"
    );
}

#[test]
fn hostile_composes_are_refused() {
    let text = info().to_json().unwrap();
    for (from, to, says) in [
        ("BaseOS/x86_64/os", "../x", "expected a path below the compose"),
        ("BaseOS/x86_64/os", "/etc", "expected a path below the compose"),
        ("BaseOS/x86_64/os", "a\\u0000b", "expected one line of text"),
        ("\"x86_64\": ", "\"aarch64\": ", "for its own architectures only"),
        ("20260314.0", "20260314.1", "expected the id Kestrel-9.4-20260314.0"),
        ("\"20260314\"", "\"2026-3-4\"", "expected a day"),
        ("RC-1.0", "Final-1.0", "expected a milestone"),
        ("\"9.4\"", "\"9.x\"", "expected numbers with dots"),
        ("\"Kestrel\"", "\"a/b\"", "expected letters, digits and hyphens"),
        ("production", "strange", "strange"),
        ("os_tree", "somewhere", "somewhere"),
        ("productmd.composeinfo", "productmd.rpms", "expected productmd.composeinfo of version 1"),
        ("\"1.2\"", "\"2.0\"", "expected productmd.composeinfo of version 1"),
        ("\"internal\": false,", "\"internal\": false, \"internal\": true,", "duplicate"),
        ("{\n    \"header\"", "[{\n    \"header\"", "composeinfo.json"),
    ] {
        assert!(text.contains(from), "{from}");
        let error = parse(&text.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.contains(says), "{says}: {error}");
    }
    assert!(parse(&"[".repeat(1_000_000)).is_err());
    let mut empty = info();
    empty.variants.get_mut("BaseOS").unwrap().arches.clear();
    assert!(empty.to_json().unwrap_err().to_string().contains("at least one architecture"));
}

const TREE: &str = "[checksums]
images/boot.iso = sha256:7f4afd2a26c718f9f15e4bbfd9c2e8849f81036d2a82a4e81fa4a313a833da9c
repodata/repomd.xml = sha256:7558af297653420977451d52c807b6e063e536ad75438eb09a4c06519c23d857

[general]
; WARNING.0 = This section provides compatibility with pre-productmd treeinfos.
; WARNING.1 = Read productmd documentation for details about new format.
arch = x86_64
family = Kestrel Linux
name = Kestrel Linux 9.4
packagedir = Packages
platforms = x86_64,xen
repository = .
timestamp = 1700000000
variant = BaseOS
variants = AppStream,BaseOS
version = 9.4

[header]
type = productmd.treeinfo
version = 1.2

[images-x86_64]
initrd = images/pxeboot/initrd.img
kernel = images/pxeboot/vmlinuz

[release]
name = Kestrel Linux
short = Kestrel
version = 9.4

[stage2]
mainimage = images/install.img

[tree]
arch = x86_64
build_timestamp = 1700000000
platforms = x86_64,xen
variants = AppStream,BaseOS

[variant-AppStream]
id = AppStream
name = AppStream
packages = ../../../AppStream/x86_64/os/Packages
repository = ../../../AppStream/x86_64/os
type = variant
uid = AppStream

[variant-BaseOS]
id = BaseOS
name = BaseOS
packages = Packages
repository = .
type = variant
uid = BaseOS

";

fn tree(text: &str) -> Result<TreeInfo, ProductmdError> {
    TreeInfo::parse(Document::new(".treeinfo", text.as_bytes()))
}

#[test]
fn a_tree_is_written_as_it_was_read() {
    let read = tree(TREE).unwrap();
    assert_eq!((read.main_variant.as_str(), read.build_timestamp), ("BaseOS", 1_700_000_000));
    assert_eq!(read.to_text().unwrap(), TREE);
    let other = TREE.replace("platforms = x86_64,xen", "platforms = xen");
    assert_eq!(tree(&other).unwrap(), read, "the architecture is a platform");
    // As lorax writes it.
    let other = TREE.replace("build_timestamp = 1700000000", "build_timestamp = 1700000000.25");
    assert_eq!(tree(&other.replace("sha256:7f4a", "7f4a")).unwrap(), read);
}

#[test]
fn hostile_trees_are_refused() {
    for (from, to, says) in [
        ("images/install.img", "/etc/shadow", "expected a path below the compose"),
        ("images/pxeboot/vmlinuz", "../../vmlinuz", "expected a path below the compose"),
        ("repository = .\ntype", "repository = a/../..\ntype", "expected a path below the compose"),
        ("repository = .\ntype", "repository = /\ntype", "expected a path below the compose"),
        ("images/boot.iso =", "../boot.iso =", "expected a path below the compose"),
        ("sha256:7f4a", "sha256:zz", "images/boot.iso: "),
        ("[images-x86_64]", "[images-ppc64le]", "one of the tree's platforms"),
        ("kernel = ", "ker nel = ", "expected letters, digits"),
        ("name = BaseOS", "name = 100% BaseOS", "without a percent sign"),
        ("variants = AppStream,BaseOS\n\n", "variants = AppStream,Base/OS\n\n", "[variant-Base/OS]"),
        ("variants = AppStream,BaseOS\n\n", "variants = \n\n", "expected one of the tree's variants"),
        ("build_timestamp = 1700000000", "build_timestamp = -1", "expected seconds since 1970"),
        ("[header]", "[headers]", "expected `version` in section [header]"),
        ("version = 1.2", "version = 0.3", "expected a header of version 1"),
        ("id = BaseOS\n", "id = BaseOS\nid = BaseOS\n", "a key that is there already"),
        ("[stage2]", "[release]", "a section that is there already"),
        ("short = Kestrel", "short = Kestrel\n and more", "line 30: expected `key = value`"),
        ("[checksums]\n", "", "line 1: expected `key = value` in a section"),
    ] {
        assert!(TREE.contains(from), "{from}");
        let error = tree(&TREE.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.contains(says), "{says}: {error}");
    }
    assert!(tree(&"#".repeat(2 << 20)).is_err());
}

#[test]
fn packages_have_a_proper_place() {
    let nevra = |text: &str| text.parse::<Nevra>().unwrap();
    let (bash, source) = (nevra("bash-5.1-9.el9.x86_64"), nevra("bash-5.1-9.el9.src"));
    let at = ("BaseOS", "x86_64");
    let mut rpms = Rpms::default();
    for (at, package, source, path, key, says) in [
        (("Base/OS", "x86_64"), &bash, &source, "a", None, "variant `Base/OS`"),
        (("BaseOS", "src"), &bash, &source, "a", None, "architecture `src`"),
        (at, &bash, &source, "/a", None, "path `/a`"),
        (at, &bash, &source, "a/../../b", None, "path `a/../../b`"),
        (at, &bash, &bash, "a", None, "source package `bash-5.1-9.el9.x86_64`"),
        (at, &source, &nevra("sed-1-1.src"), "a", None, "source package `sed-1-1.src`"),
        (at, &bash, &source, "a", Some("xyz"), "key id `xyz`"),
    ] {
        let error = rpms.add(at, package, source, path, key).unwrap_err().to_string();
        assert!(error.starts_with(says), "{error}");
    }
    assert_eq!(rpms, Rpms::default());
    let mut modules = Modules::default();
    let stream = StreamId {
        name: "a:b".to_owned(),
        stream: "1".to_owned(),
        version: 1,
        context: String::new(),
        arch: String::new(),
    };
    assert!(modules.add(at, &stream, "a", []).is_err());
    let mut extra = ExtraFiles::default();
    let file = ExtraFile { path: "..".to_owned(), size: 1, digest: Digest::of(b"x") };
    assert!(extra.add(at, file).is_err());
    for description in ["", "two\nlines", " blank", "'quoted'"] {
        let disc = DiscInfo { timestamp: 1, description: description.to_owned(), arch: "x86_64".to_owned() };
        assert!(disc.to_text().is_err(), "{description}");
    }
}

#[test]
fn only_a_label_is_final() {
    let labelled = info();
    assert!(labelled.compose.label.is_some() && labelled.compose.is_final);
    let text = labelled.to_json().unwrap().replace("\"label\": \"RC-1.0\",", "");
    assert!(text.contains("\"final\": true") && !text.contains("label"), "{text}");
    let read = parse(&text).unwrap();
    assert!(!read.compose.is_final);
    assert_eq!(parse(&read.to_json().unwrap()).unwrap(), read);
}

proptest::proptest! {
    #[test]
    fn trees_never_panic(cut in 0usize..1600, length in 0usize..60, junk in "[ -~\n=:;#\\[\\]]{0,20}") {
        let cut = cut.min(TREE.len());
        let end = (cut + length).min(TREE.len());
        if let Ok(read) = tree(&format!("{}{junk}{}", &TREE[..cut], &TREE[end..])) {
            let again = tree(&read.to_text().unwrap()).unwrap();
            proptest::prop_assert_eq!(again, read);
        }
    }

    #[test]
    fn composes_never_panic(cut in 0usize..900, length in 0usize..60, junk in "[ -~\n{}\\[\\]\":,]{0,20}") {
        let text = info().to_json().unwrap();
        let cut = cut.min(text.len());
        let end = (cut + length).min(text.len());
        if let Ok(read) = parse(&format!("{}{junk}{}", &text[..cut], &text[end..])) {
            proptest::prop_assert_eq!(parse(&read.to_json().unwrap()).unwrap(), read);
        }
    }
}
