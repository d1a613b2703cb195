//! What is stated of made-up builds.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::BTreeMap;

use heirloom_attest::{
    BuildParts, Facts, Foreign, Present, Says, SignedPackage, SourceOf, SourceSays, Times, bill_of_build,
    bill_of_release, provenance, source_digest,
};
use heirloom_formats::sbom::{Maker, Tool};
use heirloom_model::provenance::{InvalidProvenance, Provenance, Role};
use heirloom_model::record::{
    Action, BuildrootPackage, Built, Debranded, Edit, Imported, Limits, Resources, SourceFile,
};
use heirloom_model::{Digest, Package};
use serde_json::Value;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

fn package(nevra: &str, source_rpm: &str) -> Package {
    serde_json::from_value(serde_json::json!({
        "nevra": nevra, "digest": digest(nevra), "size": 1, "build_time": 1_700_000_000, "source_rpm": source_rpm,
        "provides": [], "requires": [], "conflicts": [], "obsoletes": [], "recommends": [], "suggests": [],
        "supplements": [], "enhances": [], "files": [],
    }))
    .unwrap()
}

fn file(name: &str, content: &str, origin: &str) -> SourceFile {
    SourceFile { name: name.to_owned(), digest: digest(content), size: 1, origin: origin.to_owned() }
}

fn imported(files: Vec<SourceFile>) -> Imported {
    Imported {
        name: "hello".to_owned(),
        spec: "hello.spec".to_owned(),
        files,
        origin: format!("https://user:secret@git.example/rpms/hello.git@{COMMIT}"),
        own: false,
        nevra: None,
        published: None,
    }
}

struct Made {
    built: Built,
    action: Action,
    before: Imported,
    debranded: Debranded,
    signed: Vec<SignedPackage>,
}

impl Made {
    fn new() -> Self {
        let tree = |path: &str| format!("https://git.example/rpms/hello.git@{COMMIT}:{path}");
        let tarball = file("hello.tar.gz", "tarball", "https://lookaside.example/hello.tar.gz");
        let patch = file("a.patch", "patch", &tree("SOURCES/a.patch"));
        let before = imported(vec![
            patch.clone(),
            file("hello.spec", "spec", &tree("SPECS/hello.spec")),
            tarball.clone(),
        ]);
        let result = imported(vec![
            patch,
            file("hello.spec", "other spec", "the distribution's debrand rules"),
            tarball,
        ]);
        let edit = Edit {
            rule: "hello.toml:3".to_owned(),
            purpose: "name".to_owned(),
            file: "hello.spec".to_owned(),
            done: "replaced 1 time".to_owned(),
        };
        let debranded = Debranded {
            name: "hello".to_owned(),
            source: before.digest(),
            rules: digest("rules"),
            result,
            edits: vec![edit],
        };
        let pinned = |nevra: &str| BuildrootPackage { nevra: nevra.parse().unwrap(), digest: digest(nevra) };
        let action = Action {
            builder: 2,
            name: "hello".to_owned(),
            spec: "hello.spec".to_owned(),
            sources: debranded.result.files.iter().map(|file| (file.name.clone(), file.digest)).collect(),
            base: vec![pinned("bash-5.1.8-9.el9.x86_64")],
            extra: vec![pinned("gcc-c++-1:11-1.el9.x86_64")],
            requires: vec!["gcc-c++ >= 11".parse().unwrap()],
            macros: vec![("dist".to_owned(), ".el9".to_owned())],
            with: Vec::new(),
            arch: "x86_64".to_owned(),
            limits: Limits { seconds: 1, memory: 1 << 40, disk: 3, processes: 4 },
        };
        let (source, binary) = ("hello-1-1.el9.src", "hello-1-1.el9.x86_64");
        let built = Built {
            action: digest("key"),
            document: Digest::of(&serde_json::to_vec(&action).unwrap()),
            step: "hello".to_owned(),
            nevra: source.parse().unwrap(),
            packages: vec![package(binary, "hello-1-1.el9.src.rpm")],
            source: package(source, ""),
            buildroot: action.buildroot().cloned().collect(),
            log: digest("log"),
            resources: Resources::default(),
        };
        let signed = vec![SignedPackage {
            unsigned: digest(binary),
            signed: digest("signed"),
            key: "ABCD".to_owned(),
        }];
        Self { built, action, before, debranded, signed }
    }

    fn stated(&self) -> Provenance {
        let facts = Facts {
            built: &self.built,
            action: &self.action,
            source: Some(SourceOf {
                built: &self.debranded.result,
                debranded: Some((&self.debranded, &self.before)),
            }),
            signed: &self.signed,
            header: &|package| (package == self.built.packages[0].digest).then(|| digest("header")),
            from: &|package| match package == digest("bash-5.1.8-9.el9.x86_64") {
                true => (
                    None,
                    Some(Foreign {
                        repository: "bootstrap/boot",
                        url: Some("https://boot.example/bash.rpm"),
                    }),
                ),
                false => (Some("kestrel"), None),
            },
            shown: &|origin| origin.replace("user:secret@", ""),
            times: Some(Times { started: 1_700_000_000, finished: 1_700_000_060 }),
            command: vec!["rpmbuild".to_owned(), "-ba".to_owned()],
            environment: BTreeMap::from([("LANG".to_owned(), "C.UTF-8".to_owned())]),
            builder: "https://kestrel.example#heirloom".to_owned(),
            tool_version: "0.1.0",
        };
        provenance(&facts).unwrap()
    }
}

#[test]
fn everything_that_is_known_is_stated_and_no_secret() {
    let made = Made::new();
    let stated = serde_json::to_value(made.stated()).unwrap();
    let subjects: Vec<_> =
        stated["subject"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(
        subjects,
        ["hello-1-1.el9.src.rpm", "hello-1-1.el9.x86_64.rpm", "signed/ABCD/hello-1-1.el9.x86_64.rpm"]
    );
    assert_eq!(stated["subject"][1]["digest"]["rpmHeaderSha256"], digest("header").to_string());
    assert_eq!(stated["subject"][2]["digest"]["rpmHeaderSha256"], digest("header").to_string());
    assert_eq!(stated["subject"][2]["digest"]["sha256"], digest("signed").to_string());
    let definition = &stated["predicate"]["buildDefinition"];
    let source = &definition["externalParameters"]["source"];
    assert_eq!(source["commit"], COMMIT);
    assert_eq!(source["origin"], format!("https://git.example/rpms/hello.git@{COMMIT}"));
    assert!(!stated.to_string().contains("secret"), "{stated}");

    let dependencies = definition["resolvedDependencies"].as_array().unwrap();
    let of = |role: &str| -> Vec<&Value> {
        dependencies.iter().filter(|it| it["annotations"]["role"] == role).collect()
    };
    assert_eq!(of("source").len(), 3);
    assert_eq!(of("source")[2]["downloadLocation"], "https://lookaside.example/hello.tar.gz");
    assert_eq!(of("source")[0]["downloadLocation"], Value::Null, "a path inside a commit is no address");
    assert_eq!(of("upstream").len(), 1);
    assert_eq!(of("upstream")[0]["digest"]["sha256"], digest("spec").to_string());
    assert_eq!(of("commit")[0]["uri"], format!("git+https://git.example/rpms/hello.git@{COMMIT}"));
    assert_eq!(of("commit")[0]["digest"]["gitCommit"], COMMIT);
    assert_eq!(of("debrand-rules")[0]["annotations"]["edits"][0]["rule"], "hello.toml:3");
    let buildroot: Vec<_> = of("buildroot").iter().map(|it| it["uri"].as_str().unwrap()).collect();
    assert_eq!(
        buildroot,
        ["pkg:rpm/bash@5.1.8-9.el9?arch=x86_64", "pkg:rpm/kestrel/gcc-c%2B%2B@11-1.el9?arch=x86_64&epoch=1"]
    );
    assert_eq!(of("buildroot")[0]["downloadLocation"], "https://boot.example/bash.rpm");
    let metadata = &stated["predicate"]["runDetails"]["metadata"];
    assert_eq!(metadata["invocationId"], made.built.action.to_string());
    assert_eq!(metadata["startedOn"], "2023-11-14T22:13:20Z");
    assert_eq!(metadata["finishedOn"], "2023-11-14T22:14:20Z");
}

#[test]
fn it_is_read_back_whole() {
    let stated = Made::new().stated();
    let mut json = serde_json::to_value(&stated).unwrap();
    json["predicate"]["runDetails"]["later"] = "more".into();
    assert_eq!(Provenance::from_json(json.to_string().as_bytes()).unwrap(), stated);
    assert_eq!(stated.dependencies(Role::Buildroot).count(), 2);
    assert_eq!(stated.built().count(), 2);
    let made = Made::new();
    assert_eq!(source_digest(&made.action), made.debranded.result.digest());
}

#[test]
fn what_contradicts_itself_is_refused() {
    let good = serde_json::to_value(Made::new().stated()).unwrap();
    let refused = |pointer: &str, to: Value| {
        let mut json = good.clone();
        *json.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = to;
        Provenance::from_json(json.to_string().as_bytes()).unwrap_err()
    };
    let definition = "/predicate/buildDefinition";
    for (pointer, part) in [
        ("/internalParameters/action/macros/0/1", "the digest of the action's document"),
        ("/externalParameters/architecture", "the architecture"),
        ("/externalParameters/source/name", "the source package's name"),
    ] {
        let error = refused(&format!("{definition}{pointer}"), "other".into()).to_string();
        assert!(error.contains(part), "{pointer}: {error}");
    }
    let other = digest("other").to_string();
    for (number, part) in [(1, "source 2"), (7, "package of the buildroot 2")] {
        let pointer = format!("{definition}/resolvedDependencies/{number}/digest/sha256");
        let error = refused(&pointer, other.clone().into()).to_string();
        assert!(error.contains(part) && error.contains(&other), "{error}");
    }
    let none = refused("/subject", serde_json::json!([]));
    assert!(matches!(none, InvalidProvenance::NoSubject));
    let undigested = refused("/subject/0/digest", serde_json::json!({ "sha1": "aa" }));
    assert!(matches!(undigested, InvalidProvenance::NoDigest(name) if name == "hello-1-1.el9.src.rpm"));
    let type_of = refused("/predicateType", "https://heirloom.example/comparison/v1".into()).to_string();
    assert!(type_of.contains("predicateType is `https://heirloom.example/comparison/v1`"), "{type_of}");
    assert!(matches!(refused("/predicate", Value::Null), InvalidProvenance::Malformed(_)));
}

#[test]
fn another_action_than_the_recorded_one_is_no_ground_for_a_statement() {
    let mut made = Made::new();
    made.built.document = digest("another");
    let facts = Facts {
        built: &made.built,
        action: &made.action,
        source: None,
        signed: &[],
        header: &|_| None,
        from: &|_| (None, None),
        shown: &str::to_owned,
        times: None,
        command: Vec::new(),
        environment: BTreeMap::new(),
        builder: String::new(),
        tool_version: "0.1.0",
    };
    let error = provenance(&facts).unwrap_err().to_string();
    assert!(error.contains("another version wrote it"), "{error}");
    let built =
        Built { document: Digest::of(&serde_json::to_vec(&made.action).unwrap()), ..made.built.clone() };
    let bare = serde_json::to_value(provenance(&Facts { built: &built, ..facts }).unwrap()).unwrap();
    assert_eq!(bare["predicate"]["runDetails"]["metadata"]["startedOn"], Value::Null, "nothing is invented");
    assert_eq!(bare["predicate"]["buildDefinition"]["externalParameters"]["source"]["origin"], Value::Null);
}

fn maker() -> Maker {
    Maker {
        id: "kestrel".to_owned(),
        version: "9.4".to_owned(),
        organisation: "Kestrel".to_owned(),
        home: "https://kestrel.example".to_owned(),
        tool_version: "0.1.0".to_owned(),
    }
}

#[test]
fn a_list_of_parts_has_what_went_in() {
    let made = Made::new();
    let says = |licence: &str| Says { licence: licence.to_owned(), ..Says::default() };
    let parts = || BuildParts {
        built: &made.built,
        action: &made.action,
        delivered_source: digest("signed source"),
        says: SourceSays {
            says: says("GPLv2+"),
            patches: vec!["hello-CVE-2025-1234.patch".to_owned()],
            fixes: vec!["CVE-2025-1234".parse().unwrap()],
        },
        files: vec![
            file("hello-CVE-2025-1234.patch", "patch", "the tree"),
            file("hello-CVE-2025-9999.tar.gz", "tarball", "https://lookaside.example/a"),
        ],
    };
    let binary = &made.built.packages[0];
    let own = Present {
        nevra: &binary.nevra,
        accepted: binary.digest,
        delivered: digest("signed"),
        source_rpm: &binary.source_rpm,
        says: says("GPLv2+"),
        is_foreign: false,
    };
    let bash = "bash-5.1.8-9.el9.x86_64".parse().unwrap();
    let inherited = Present {
        nevra: &bash,
        accepted: digest("bash-5.1.8-9.el9.x86_64"),
        delivered: digest("signed bash"),
        source_rpm: "bash-5.1.8-9.el9.src.rpm",
        says: Says { vendor: "Vendor".to_owned(), ..says("GPLv3+") },
        is_foreign: true,
    };
    let is_own = |package: Digest| package == digest("gcc-c++-1:11-1.el9.x86_64");
    let bill = bill_of_build(maker(), &parts(), std::slice::from_ref(&own), &is_own);
    assert_eq!(bill.created, 1_700_000_000);
    assert_eq!(bill.packages[0].digest, digest("signed"));
    let source = &bill.sources[0];
    assert_eq!(source.buildroot, [Tool::Other(0), Tool::Other(1)]);
    assert_eq!(bill.tools.iter().map(|tool| tool.own).collect::<Vec<_>>(), [false, true]);
    assert_eq!(source.files[0].fixes.len(), 1, "a patch's name");
    assert_eq!(source.files[1].fixes, Vec::new(), "only patches fix");
    assert_eq!((&source.files[0].url, source.files[1].url.is_some()), (&None, true));
    assert_eq!(source.about.licence.expression.as_deref(), Some("GPL-2.0-or-later"));

    // What is delivered itself is not listed a second time as a tool.
    let whole = bill_of_release(maker(), "Kestrel Linux", 7, &[parts()], &[own, inherited], &is_own);
    assert_eq!((whole.tools.len(), whole.created), (1, 7));
    assert_eq!(whole.packages[0].foreign_vendor.as_deref(), Some("Vendor"));
    assert_eq!(whole.sources[0].buildroot, [Tool::Own(0), Tool::Other(0)]);
    assert_eq!(whole.sources[0].gave, [1]);
}
