//! Files of a compose, read by productmd, validated, and written again: byte by byte the same.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

#[path = "support/python.rs"]
mod python;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use heirloom_formats::modulemd::StreamId;
use heirloom_formats::productmd::{
    Compose, ComposeInfo, ComposeKind, DiscInfo, ExtraFile, ExtraFiles, Modules, PathKind, Release,
    ReleaseKind, Rpms, TreeInfo, TreeVariant, Variant, images_json, media_repo,
};
use heirloom_model::{Digest, Nevra};

const METADATA: &str = r"
import os, sys
from productmd.compose import Compose
root = sys.argv[1]
compose = Compose(root)
for name, found in [('composeinfo', compose.info), ('rpms', compose.rpms), ('modules', compose.modules),
                    ('images', compose.images), ('extra_files', compose.extra_files)]:
    found.validate()
    text = open(os.path.join(root, 'compose/metadata', name + '.json')).read()
    assert found.dumps() == text, (name, found.dumps())
info = compose.info
print(info.compose.id, info.create_compose_id(), info.compose.type, info.compose.label, info.compose.final)
print(info.release.name, info.release.short, info.release.version, info.release.type, info.release.is_layered)
for variant in info.get_variants():
    print(variant.uid, variant.name, variant.type, sorted(variant.arches))
    for arch in sorted(variant.arches):
        for kind in variant.paths._fields:
            if getattr(variant.paths, kind).get(arch): print(arch, kind, getattr(variant.paths, kind)[arch])
for variant, arches in sorted(compose.rpms.rpms.items()):
    for arch, sources in sorted(arches.items()):
        for source, rpms in sorted(sources.items()):
            for rpm, data in sorted(rpms.items()):
                print(variant, arch, source, rpm, data['category'], data['path'], data['sigkey'])
for uid, data in compose.modules.modules['AppStream']['x86_64'].items():
    print(uid, data['metadata']['koji_tag'], data['rpms'], data['modulemd_path'])
    assert compose.modules.parse_uid(uid)['context'] == data['metadata']['context']
print(compose.images.images)
";

const TREE: &str = r"
import sys, io, configparser
from productmd.treeinfo import TreeInfo
from productmd.discinfo import DiscInfo
tree = TreeInfo()
tree.load(sys.argv[1] + '/.treeinfo')
tree.validate()
text = io.StringIO()
tree.dump(text, main_variant='BaseOS')
assert text.getvalue() == open(sys.argv[1] + '/.treeinfo').read(), text.getvalue()
print(tree.release.name, tree.release.short, tree.release.version, tree.tree.arch, sorted(tree.tree.platforms))
for variant in tree.variants.get_variants():
    print(variant.uid, variant.paths.packages, variant.paths.repository)
print(sorted(tree.checksums.checksums.items()), tree.images.images, tree.stage2.mainimage)
disc = DiscInfo()
disc.load(sys.argv[1] + '/.discinfo')
media = configparser.ConfigParser()
media.read(sys.argv[1] + '/media.repo')
print(disc.timestamp, disc.description, disc.arch, disc.disc_numbers, dict(media['InstallMedia']))
assert media['InstallMedia']['mediaid'] == open(sys.argv[1] + '/.discinfo').readline().strip()
";

fn release() -> Release {
    let (name, short, version) = ("Kestrel Linux".to_owned(), "Kestrel".to_owned(), "9.4".to_owned());
    Release { name, short, version, kind: ReleaseKind::Ga, internal: false }
}

fn compose(kind: ComposeKind) -> Compose {
    let label = (kind == ComposeKind::Production).then(|| "RC-1.2".to_owned());
    Compose { kind, date: "20260314".to_owned(), respin: 3, label, is_final: true }
}

fn variant(name: &str) -> Variant {
    let paths = [
        (PathKind::OsTree, "os"),
        (PathKind::Packages, "os/Packages"),
        (PathKind::Repository, "os"),
        (PathKind::SourceTree, "source/tree"),
        (PathKind::SourcePackages, "source/tree/Packages"),
        (PathKind::SourceRepository, "source/tree"),
        (PathKind::DebugTree, "debug/tree"),
        (PathKind::DebugPackages, "debug/tree/Packages"),
        (PathKind::DebugRepository, "debug/tree"),
    ];
    let arches = ["aarch64", "x86_64"];
    let of = |place: &str| {
        arches
            .map(|arch| (arch.to_owned(), format!("{name}/{arch}/{place}")))
            .into_iter()
            .collect::<BTreeMap<_, _>>()
    };
    Variant {
        name: format!("{name} of Kestrel"),
        arches: arches.map(str::to_owned).into(),
        paths: paths.map(|(kind, place)| (kind, of(place))).into(),
    }
}

fn nevra(text: &str) -> Nevra {
    text.parse().unwrap()
}

/// Writes the files of `metadata/`.
fn write(root: &Path, compose: &Compose) {
    let release = release();
    let variants = ["AppStream", "BaseOS"].map(|name| (name.to_owned(), variant(name))).into();
    let info = ComposeInfo { release: release.clone(), compose: compose.clone(), variants };
    let mut rpms = Rpms::default();
    let source = nevra("bash-5.1-9.el9.src");
    let key = Some("ABCDEF0123456789");
    for (name, place) in [
        ("bash-5.1-9.el9.x86_64", "BaseOS/x86_64/os/Packages/bash.rpm"),
        ("bash-debuginfo-5.1-9.el9.x86_64", "BaseOS/x86_64/debug/tree/Packages/bash-debuginfo.rpm"),
        ("bash-5.1-9.el9.src", "BaseOS/source/tree/Packages/bash.src.rpm"),
    ] {
        rpms.add(("BaseOS", "x86_64"), &nevra(name), &source, place, key).unwrap();
    }
    let (perl, of_perl) = (nevra("perl-4:5.30-1.x86_64"), nevra("perl-4:5.30-1.src"));
    rpms.add(("AppStream", "x86_64"), &perl, &of_perl, "AppStream/x86_64/os/Packages/perl.rpm", None)
        .unwrap();
    let mut modules = Modules::default();
    let stream = StreamId {
        name: "perl".to_owned(),
        stream: "5.30".to_owned(),
        version: 8_040_020_200_923_213_406,
        context: "466ea64f".to_owned(),
        arch: "x86_64".to_owned(),
    };
    modules
        .add(
            ("AppStream", "x86_64"),
            &stream,
            "AppStream/x86_64/os/repodata/modules.yaml.gz",
            [&perl, &of_perl],
        )
        .unwrap();
    let mut extra = ExtraFiles::default();
    let file = ExtraFile { path: "BaseOS/x86_64/os/EULA".to_owned(), size: 4, digest: Digest::of(b"EULA") };
    extra.add(("BaseOS", "x86_64"), file).unwrap();
    let tree = extra.tree_json(("BaseOS", "x86_64"), "BaseOS/x86_64/os").unwrap();
    assert!(tree.contains("\"file\": \"EULA\"") && tree.contains("\"version\": \"1.0\""), "{tree}");

    let metadata = root.join("compose/metadata");
    std::fs::create_dir_all(&metadata).unwrap();
    for (name, text) in [
        ("composeinfo", info.to_json()),
        ("rpms", rpms.to_json(&release, compose)),
        ("modules", modules.to_json(&release, compose)),
        ("images", images_json(&release, compose)),
        ("extra_files", extra.to_json(&release, compose)),
    ] {
        std::fs::write(metadata.join(format!("{name}.json")), text.unwrap()).unwrap();
    }
}

#[test]
fn productmd_reads_a_compose_and_would_write_the_same_bytes() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), &compose(ComposeKind::Production));
    let told = python::run(METADATA, &[root.path().to_str().unwrap()]);
    for line in [
        "Kestrel-9.4-20260314.3 Kestrel-9.4-20260314.3 production RC-1.2 True",
        "Kestrel Linux Kestrel 9.4 ga False",
        "BaseOS BaseOS of Kestrel variant ['aarch64', 'x86_64']",
        "x86_64 debug_repository AppStream/x86_64/debug/tree",
        "AppStream x86_64 perl-4:5.30-1.src perl-4:5.30-1.x86_64 binary AppStream/x86_64/os/Packages/perl.rpm None",
        "BaseOS x86_64 bash-0:5.1-9.el9.src bash-debuginfo-0:5.1-9.el9.x86_64 debug BaseOS/x86_64/debug/tree/Packages/bash-debuginfo.rpm abcdef0123456789",
        "BaseOS x86_64 bash-0:5.1-9.el9.src bash-0:5.1-9.el9.src source BaseOS/source/tree/Packages/bash.src.rpm abcdef0123456789",
        "perl:5.30:8040020200923213406:466ea64f module-perl-5.30-8040020200923213406-466ea64f ['perl-4:5.30-1.src', 'perl-4:5.30-1.x86_64'] {'binary': 'AppStream/x86_64/os/repodata/modules.yaml.gz'}",
    ] {
        assert!(told.lines().any(|found| found == line), "{line}\n{told}");
    }
    assert_eq!(told.lines().count(), 2 + 2 * (1 + 18) + 4 + 1 + 1, "{told}");
}

#[test]
fn composes_of_every_kind_have_the_id_that_productmd_gives_them() {
    for kind in [ComposeKind::Test, ComposeKind::Ci, ComposeKind::Nightly, ComposeKind::Development] {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), &compose(kind));
        let told = python::run(METADATA, &[root.path().to_str().unwrap()]);
        let mut ids = told.split(' ');
        assert_eq!(ids.next(), ids.next(), "{told}");
    }
}

#[test]
fn productmd_reads_a_tree_and_would_write_the_same_bytes() {
    let variant = |name: &str, packages: &str, repository: &str| {
        let paths =
            [("packages", packages), ("repository", repository)].map(|(a, b)| (a.to_owned(), b.to_owned()));
        (name.to_owned(), TreeVariant { name: name.to_owned(), paths: paths.into() })
    };
    let digest = Digest::of(b"x").to_string();
    let mut tree = TreeInfo {
        name: "Kestrel Linux".to_owned(),
        short: "Kestrel".to_owned(),
        version: "9.4".to_owned(),
        arch: "x86_64".to_owned(),
        platforms: BTreeSet::from(["xen".to_owned()]),
        build_timestamp: 1_700_000_000,
        variants: [
            variant("BaseOS", "Packages", "."),
            variant("AppStream", "../../../AppStream/x86_64/os/Packages", "../../../AppStream/x86_64/os"),
        ]
        .into(),
        main_variant: "BaseOS".to_owned(),
        checksums: ["images/boot.iso", "repodata/repomd.xml"]
            .map(|it| (it.to_owned(), digest.parse().unwrap()))
            .into(),
        images: [("x86_64".to_owned(), [("kernel".to_owned(), "images/pxeboot/vmlinuz".to_owned())].into())]
            .into(),
        main_image: Some("images/install.img".to_owned()),
    };
    let disc = DiscInfo {
        timestamp: 1_700_000_000,
        description: "Kestrel Linux 9.4".to_owned(),
        arch: "x86_64".to_owned(),
    };
    let place = tempfile::tempdir().unwrap();
    let path = place.path();
    std::fs::write(path.join(".treeinfo"), tree.to_text().unwrap()).unwrap();
    std::fs::write(path.join(".discinfo"), disc.to_text().unwrap()).unwrap();
    std::fs::write(path.join("media.repo"), media_repo(&disc).unwrap()).unwrap();
    assert_eq!(
        python::run(TREE, &[path.to_str().unwrap()]),
        format!(
            "Kestrel Linux Kestrel 9.4 x86_64 ['x86_64', 'xen']\n\
             AppStream ../../../AppStream/x86_64/os/Packages ../../../AppStream/x86_64/os\n\
             BaseOS Packages .\n\
             [('images/boot.iso', ('sha256', '{digest}')), ('repodata/repomd.xml', ('sha256', '{digest}'))] \
             {{'x86_64': {{'kernel': 'images/pxeboot/vmlinuz'}}}} images/install.img\n\
             1700000000.0 Kestrel Linux 9.4 x86_64 ['ALL'] {{'name': 'Kestrel Linux 9.4', 'mediaid': '1700000000', \
             'metadata_expire': '-1', 'gpgcheck': '1', 'cost': '500'}}\n"
        )
    );

    // A tree of one variant, without anything to boot.
    tree.variants.remove("AppStream");
    (tree.checksums, tree.images, tree.main_image) = Default::default();
    std::fs::write(path.join(".treeinfo"), tree.to_text().unwrap()).unwrap();
    assert!(python::run(TREE, &[path.to_str().unwrap()]).contains("BaseOS Packages .\n[] {} None\n"));
}
