use serde_json::{Value, json};

use super::*;

fn sha(text: &str) -> String {
    Digest::of(text.as_bytes()).to_string()
}

fn resource(name: &str, text: &str, role: &str) -> Value {
    json!({ "name": name, "digest": { "sha256": sha(text) }, "annotations": { "role": role } })
}

/// A statement of another hand: all that has to be there, and something that this version does not know.
fn statement() -> Value {
    let action: Action = serde_json::from_value(json!({
        "builder": 2, "name": "a", "spec": "a.spec", "sources": [["a.spec", sha("s")]],
        "base": [{ "nevra": "b-1-1.noarch", "digest": sha("b") }], "extra": [], "requires": ["b >= 1"],
        "macros": [["dist", ".el9"]], "with": [], "arch": "x86_64",
        "limits": { "seconds": 1, "memory": 2, "disk": 3, "processes": 4 },
    }))
    .unwrap();
    let document = Digest::of(&serde_json::to_vec(&action).unwrap()).to_string();
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": "a-1-1.noarch.rpm", "digest": { "sha256": sha("a"), "sha512": "x" } }],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": "https://heirloom.example/build/v1",
                "externalParameters": {
                    "source": { "name": "a", "nevra": "a-1-1.src" }, "architecture": "x86_64", "command": ["rpmbuild"],
                },
                "internalParameters": { "action": action, "environment": { "LANG": "C.UTF-8" } },
                "resolvedDependencies": [resource("a.spec", "s", "source"), resource("b-1-1.noarch", "b", "buildroot")],
            },
            "runDetails": {
                "builder": { "id": "https://e.example", "version": { "builder": "2" }, "later": 1 },
                "metadata": { "invocationId": sha("k") },
                "byproducts": [{ "name": "action.json", "digest": { "sha256": document } }],
            },
        },
    })
}

#[test]
fn what_is_read_is_written_again() {
    let read = Provenance::from_json(statement().to_string().as_bytes()).unwrap();
    assert_eq!(read.subject[0].sha256().unwrap().to_string(), sha("a"));
    assert_eq!(read.subject[0].header(), None);
    let text = serde_json::to_vec(&read).unwrap();
    assert_eq!(Provenance::from_json(&text).unwrap(), read);
    let written: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(written["predicate"]["buildDefinition"], statement()["predicate"]["buildDefinition"]);
}

#[test]
fn lists_of_other_lengths_are_no_statement() {
    let mut more = statement();
    let list = &mut more["predicate"]["buildDefinition"]["resolvedDependencies"];
    list.as_array_mut().unwrap().push(resource("c-1-1.noarch", "c", "buildroot"));
    let error = Provenance::from_json(more.to_string().as_bytes()).unwrap_err().to_string();
    assert!(error.contains("package of the buildroot 2 is not that of the action"), "{error}");
    assert!(error.contains("expected no more"), "{error}");
}

proptest::proptest! {
    #[test]
    fn never_panics(at in 0usize..4000, byte: u8) {
        let mut bytes = statement().to_string().into_bytes();
        let place = at.min(bytes.len() - 1);
        bytes[place] = byte;
        let _ = Provenance::from_json(&bytes);
    }
}
