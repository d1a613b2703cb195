use super::*;

fn read_text(text: &str) -> Result<Sbom, SbomError> {
    read(Document::new("list.json", text.as_bytes()))
}

const BASH: &str = "pkg:rpm/kestrel/bash@5.1.8-9.el9?arch=x86_64&distro=kestrel-9.4&epoch=1&upstream=bash-5.1.8-9.el9.src.rpm";
const REDIS: &str =
    "pkg:rpm/kestrel/redis@7.0.1-1.module%2Bel9?arch=x86_64&distro=kestrel-9.4&rpmmod=redis:7:9040:c0";

fn checked(sbom: &Sbom) {
    let names: Vec<_> = sbom.packages.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["bash-1:5.1.8-9.el9.x86_64", "redis-7.0.1-1.module+el9.x86_64", "tool-1-1"]);
    assert_eq!(sbom.packages[0].source.as_ref().unwrap().to_string(), "bash-5.1.8-9.el9.src");
    assert_eq!(sbom.packages[1].module.as_ref().unwrap().label(), "redis:7:9040:c0");
    assert_eq!((sbom.system.id.as_str(), sbom.system.version.as_str()), ("kestrel", "9.4"));
    assert_eq!(sbom.others, BTreeMap::from([("none".to_owned(), 1), ("pypi".to_owned(), 1)]));
    assert_eq!(sbom.faults.len(), 1, "{:?}", sbom.faults);
    assert!(sbom.faults[0].contains("`broken`"), "{:?}", sbom.faults);
}

fn spdx() -> String {
    let package = |name: &str, purl: &str| {
        format!(
            r#"{{"name": "{name}", "SPDXID": "SPDXRef-{name}", "versionInfo": "1", "externalRefs": [
            {{"referenceCategory": "SECURITY", "referenceType": "cpe23Type", "referenceLocator": "cpe:2.3:a"}},
            {{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "{purl}"}}]}}"#
        )
    };
    let packages = [
        package("bash", BASH),
        package("redis", REDIS),
        package("redis", REDIS),
        package("tool", "pkg:rpm/tool@1-1"),
        package("x", "pkg:pypi/x@1"),
        package("gpg-pubkey", "pkg:rpm/kestrel/gpg-pubkey@8483c65d-5ccc5b19"),
        package("broken", "pkg:rpm/kestrel/broken@1"),
        r#"{"name": "plain", "SPDXID": "SPDXRef-plain"}"#.to_owned(),
    ];
    format!(r#"{{"spdxVersion": "SPDX-2.3", "packages": [{}]}}"#, packages.join(","))
}

fn cyclonedx() -> String {
    let component = |name: &str, purl: &str, inside: &str| {
        format!(
            r#"{{"type": "library", "name": "{name}", "version": "1", "purl": "{purl}", "components": [{inside}]}}"#
        )
    };
    let components = [
        component("bash", BASH, &component("redis", REDIS, "")),
        component("tool", "pkg:rpm/tool@1-1", &component("x", "pkg:pypi/x@1", "")),
        component("broken", "pkg:rpm/../../etc/passwd@1-1?arch=a/b", ""),
        r#"{"type": "library", "name": "plain"}, {"type": "file", "name": "/etc/passwd"}"#.to_owned(),
        r#"{"type": "operating-system", "name": "Kestrel", "version": "9.4"}"#.to_owned(),
    ];
    format!(r#"{{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{}]}}"#, components.join(","))
}

#[test]
fn both_formats_give_the_same_packages() {
    let (one, other) = (read_text(&spdx()).unwrap(), read_text(&cyclonedx()).unwrap());
    checked(&one);
    checked(&other);
    assert_eq!((one.format.as_str(), other.format.as_str()), ("SPDX-2.3", "CycloneDX 1.6"));
    assert_eq!(one.packages, other.packages);
}

#[test]
fn only_what_nothing_but_builds_needed_is_left_out() {
    let relation = |one: &str, kind: &str, other: &str| {
        format!(
            r#"{{"spdxElementId": "SPDXRef-{one}", "relationshipType": "{kind}", "relatedSpdxElement": "SPDXRef-{other}"}}"#
        )
    };
    let build =
        [relation("bash", "BUILD_DEPENDENCY_OF", "tool"), relation("redis", "BUILD_DEPENDENCY_OF", "tool")];
    let listed = |relations: &[String]| {
        let text = spdx().trim_end_matches('}').to_owned()
            + &format!(r#", "relationships": [{}]}}"#, relations.join(","));
        let list = read_text(&text).unwrap();
        (list.packages.len(), list.others.get("build").copied())
    };
    assert_eq!(listed(&[]), (3, None));
    assert_eq!(listed(&build), (1, Some(3)), "one of them is listed twice");
    let both = [&build[..], &[relation("x", "DEPENDS_ON", "bash")]].concat();
    assert_eq!(listed(&both), (2, Some(2)), "what something else depends on may be there");
}

#[test]
fn what_is_no_list_of_parts_is_an_error() {
    for (text, expected) in [
        ("", "neither SPDX nor CycloneDX"),
        ("{}", "neither SPDX nor CycloneDX"),
        ("<bom/>", "neither SPDX nor CycloneDX"),
        (r#"{"spdxVersion": "SPDX-3.0"}"#, "SPDX-2.3 are read"),
        (r#"{"spdxVersion": 2}"#, "spdxVersion"),
        (
            r#"{"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": []}"#,
            "is SPDX 3; SPDX-2.2",
        ),
        (r#"{"bomFormat": "Other"}"#, "not CycloneDX"),
        (r#"{"bomFormat": "CycloneDX", "specVersion": "9"}"#, "is CycloneDX `9`"),
        (
            r#"{"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [{"purl": 1}]}"#,
            "components[0].purl",
        ),
        (r#"{"spdxVersion": "SPDX-2.3", "packages": [{"name""#, "EOF"),
    ] {
        let error = read_text(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
    let (open, close) = (r#"[{"components": "#.repeat(100_000), "}]".repeat(100_000));
    let deep =
        format!(r#"{{"bomFormat": "CycloneDX", "specVersion": "1.5", "components": {open}[]{close}}}"#);
    assert!(read_text(&deep).unwrap_err().to_string().contains("recursion limit"));
}

proptest::proptest! {
    #[test]
    fn never_panics(at in 0usize..2000, byte: u8) {
        for text in [spdx(), cyclonedx()] {
            let mut bytes = text.into_bytes();
            let place = at.min(bytes.len() - 1);
            bytes[place] = byte;
            let _ = read(Document::new("list.json", &bytes));
        }
    }
}
