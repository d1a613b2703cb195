//! Lists of parts, judged by the libraries of those who make the formats.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::path::{Path, PathBuf};

use heirloom_formats::Document;
use heirloom_formats::sbom::{
    About, Bill, FilePart, Form, Licence, Maker, PackagePart, SourcePart, Subject, Tool, ToolPart, read,
    write,
};
use heirloom_model::advisory::CveId;
use heirloom_model::{Digest, Nevra};
use serde_json::{Value, json};
use testkit::tool::Tool as Program;

const SPDX: [&str; 1] = ["spdx-tools==0.8.5"];
const SPDX3: [&str; 1] = ["spdx-python-model==0.0.6"];
const CYCLONEDX: [&str; 1] = ["cyclonedx-python-lib[json-validation]==11.12.0"];

fn nevra(text: &str) -> Nevra {
    text.parse().unwrap()
}

fn about(text: &str, licence: &str, url: &str) -> About {
    let summary = "Says \"hello\" <é>".to_owned();
    About { nevra: nevra(text), licence: Licence::of(licence), summary, url: url.to_owned() }
}

fn package(text: &str, licence: &str) -> PackagePart {
    PackagePart {
        about: about(text, licence, "https://hello.example/"),
        digest: Digest::of(text.as_bytes()),
        source_rpm: "hello-2.10-1.el9.src.rpm".to_owned(),
        module: None,
        foreign_vendor: None,
    }
}

fn cve(text: &str) -> CveId {
    text.parse().unwrap()
}

fn bill(subject: Subject) -> Bill {
    let file = |name: &str, url: Option<&str>, fixes: &[&str]| FilePart {
        name: name.to_owned(),
        digest: Digest::of(name.as_bytes()),
        url: url.map(str::to_owned),
        is_patch: name.ends_with(".patch"),
        fixes: fixes.iter().map(|text| cve(text)).collect(),
    };
    let tool = |text: &str, own| ToolPart { nevra: nevra(text), digest: Digest::of(text.as_bytes()), own };
    let modular = PackagePart {
        module: heirloom_model::stream::StreamId::parse("hello:2:9040:c0"),
        ..package("hello-langs-2:2.10-1.module+el9.noarch", "BSD and (MIT or Public Domain)")
    };
    let foreign = PackagePart {
        foreign_vendor: Some("Someone (Inc.)".to_owned()),
        source_rpm: "tzdata-1-1.src.rpm".to_owned(),
        ..package("tzdata-2024a-1.el9.noarch", "")
    };
    Bill {
        subject,
        maker: Maker {
            id: "kestrel".to_owned(),
            version: "9.4".to_owned(),
            organisation: "Kestrel Foundation".to_owned(),
            home: "https://kestrel.example/".to_owned(),
            tool_version: "0.1.0".to_owned(),
        },
        created: 1_700_000_000,
        packages: vec![package("hello-2.10-1.el9.x86_64", "GPLv3+"), modular, foreign],
        sources: vec![SourcePart {
            about: about("hello-2.10-1.el9.src", "GPLv3+", "not an address"),
            digest: Digest::of(b"source"),
            files: vec![
                file("hello-2.10.tar.gz", Some("https://lookaside.example/hello-2.10.tar.gz"), &[]),
                file("hello-CVE-2024-12345 é.patch", None, &["CVE-2024-12345"]),
                file("hello.spec", None, &[]),
            ],
            fixes: vec![cve("CVE-2024-12345"), cve("CVE-2024-99999")],
            action: Digest::of(b"action"),
            gave: vec![0, 1],
            buildroot: vec![Tool::Other(0), Tool::Other(1), Tool::Own(2)],
        }],
        tools: vec![tool("bash-5.1.8-9.el9.x86_64", false), tool("gcc-c++-11.4-3~rc1.el9.x86_64", true)],
    }
}

fn release() -> Bill {
    bill(Subject::Release { name: "Kestrel Enterprise Linux".to_owned() })
}

fn one_build() -> Bill {
    bill(Subject::Build { name: "hello".to_owned(), version: "2.10-1.el9".to_owned() })
}

fn judged(form: &str, text: &str) -> testkit::Result<Value> {
    let library: PathBuf = match form {
        "spdx" => testkit::pypi::packages(&SPDX)?,
        "spdx3" => testkit::pypi::packages(&SPDX3)?,
        _ => testkit::pypi::packages(&CYCLONEDX)?,
    };
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("list.spdx.json");
    std::fs::write(&file, text).unwrap();
    let judge = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sbom/judge.py");
    let run = Program::new("/usr/bin/python3").arg(judge).arg(form).arg(&file).env("PYTHONPATH", library);
    Ok(serde_json::from_str(&run.run()?).unwrap())
}

#[test]
fn spdx_2_3_is_valid() {
    let text = write(&one_build(), Form::Spdx).unwrap();
    let relationships =
        json!(["BUILD_DEPENDENCY_OF", "CONTAINS", "DESCRIBES", "GENERATED_FROM", "PATCH_FOR"]);
    assert_eq!(judged("spdx", &text).unwrap(), json!({ "packages": 9, "relationships": relationships }));
    let read = judged("spdx", &write(&release(), Form::Spdx).unwrap()).unwrap();
    assert_eq!(read["packages"], 10, "with the system");
    // The judge does judge.
    let wrong =
        text.replacen("\"licenseDeclared\":\"GPL-3.0-or-later\"", "\"licenseDeclared\":\"GPLv3+\"", 1);
    assert_ne!(wrong, text);
    let refused = judged("spdx", &wrong).unwrap_err().to_string();
    assert!(refused.contains("GPLv3+"), "{refused}");
}

#[test]
fn spdx_3_is_valid() {
    let text = write(&one_build(), Form::Spdx3).unwrap();
    let expected = json!({
        "packages": 6,
        "builds": 1,
        "scopes": ["build"],
        "vulnerabilities": ["CVE-2024-12345", "CVE-2024-99999"],
        "licences": ["GPL-3.0-or-later", Licence::of("BSD and (MIT or Public Domain)").expression],
    });
    assert_eq!(judged("spdx3", &text).unwrap(), expected);
    assert_eq!(judged("spdx3", &write(&release(), Form::Spdx3).unwrap()).unwrap()["packages"], 7);
    for (from, to) in [
        ("\"hasDeclaredLicense\"", "\"hasALicence\""),
        ("\"software_packageVersion\"", "\"software_version\""),
        ("#organisation\"", "#nobody\""),
    ] {
        let wrong = text.replacen(from, to, 1);
        assert_ne!(wrong, text);
        assert!(judged("spdx3", &wrong).is_err(), "{to}");
    }
}

#[test]
fn cyclonedx_is_valid() {
    let text = write(&one_build(), Form::CycloneDx).unwrap();
    let vulnerabilities = json!(["CVE-2024-12345", "CVE-2024-99999"]);
    let expected = json!({ "components": 4, "vulnerabilities": vulnerabilities });
    assert_eq!(judged("cyclonedx", &text).unwrap(), expected);
    let whole = judged("cyclonedx", &write(&release(), Form::CycloneDx).unwrap()).unwrap();
    assert_eq!(whole["components"], 5);
    let wrong = text.replacen("\"taskTypes\":[\"build\"]", "\"taskTypes\":[\"bake\"]", 1);
    assert_ne!(wrong, text);
    let refused = judged("cyclonedx", &wrong).unwrap_err().to_string();
    assert!(refused.contains("bake"), "{refused}");
}

/// What was written is read back as the installed packages, and nothing that only the build had.
#[test]
fn what_is_written_is_read_back() {
    for subject in [one_build(), release()] {
        for form in [Form::Spdx, Form::CycloneDx] {
            let text = write(&subject, form).unwrap();
            assert_eq!(text, write(&subject, form).unwrap());
            let list = read(Document::new("list", text.as_bytes())).unwrap();
            let names: Vec<_> = list.packages.iter().map(ToString::to_string).collect();
            assert_eq!(
                names,
                [
                    "hello-2.10-1.el9.x86_64",
                    "hello-langs-2:2.10-1.module+el9.noarch",
                    "tzdata-2024a-1.el9.noarch"
                ]
            );
            assert_eq!(list.faults, Vec::<String>::new());
            assert_eq!((list.system.id.as_str(), list.system.version.as_str()), ("kestrel", "9.4"));
            let hello = &list.packages[0];
            assert_eq!(hello.source.as_ref().unwrap().to_string(), "hello-2.10-1.el9.src");
            assert_eq!(list.packages[1].module.as_ref().unwrap().label(), "hello:2:9040:c0");
            let built = if form == Form::Spdx { Some(&2) } else { None };
            assert_eq!(list.others.get("build"), built, "{form:?}");
        }
    }
}

#[test]
fn other_contents_have_another_name() {
    let name = |bill: &Bill| {
        let json: Value = serde_json::from_str(&write(bill, Form::Spdx).unwrap()).unwrap();
        json["documentNamespace"].as_str().unwrap().to_owned()
    };
    let first = one_build();
    let mut other = first.clone();
    other.packages[0].digest = Digest::of(b"other");
    assert_ne!(name(&first), name(&other));
    assert!(name(&first).starts_with("https://kestrel.example/sbom/"), "{}", name(&first));
    let json: Value = serde_json::from_str(&write(&first, Form::CycloneDx).unwrap()).unwrap();
    let serial = json["serialNumber"].as_str().unwrap();
    assert_eq!((serial.len(), &serial[23..24]), (45, "8"), "{serial}");
}
