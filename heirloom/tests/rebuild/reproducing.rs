//! Builds again from a provenance alone, elsewhere.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use heirloom_model::Digest;
use heirloom_sign::SecretKey;
use serde_json::{Value, json};

use crate::ran::Ran;
use crate::site::{Site, finish, turn};

const TYPE: &str = "application/vnd.in-toto+json";

/// Another machine: an empty directory with the statement and the public key.
struct Elsewhere {
    dir: tempfile::TempDir,
    secret: SecretKey,
}

impl Elsewhere {
    fn new(site: &Site) -> Self {
        let dir = tempfile::tempdir().unwrap();
        site.run(&["provenance", "tree", "--out", dir.path().to_str().unwrap()]).expect(0);
        let secret = SecretKey::load(&site.path("keys/kestrel.secret.asc")).unwrap();
        fs::write(dir.path().join("public.asc"), secret.public_armoured().unwrap()).unwrap();
        let found = testkit::place::entries(dir.path()).unwrap();
        let statement = found.iter().find(|file| file.to_string_lossy().ends_with(".provenance.json"));
        fs::rename(statement.unwrap(), dir.path().join("statement.json")).unwrap();
        Self { dir, secret }
    }

    fn path(&self, below: &str) -> std::path::PathBuf {
        self.dir.path().join(below)
    }

    fn reproduce(&self, file: &str, objects: &[&Path], more: &[&str]) -> Ran {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_heirloom"));
        command
            .args(["--format", "json", "reproduce", file, "--key", "public.asc"])
            .current_dir(self.dir.path());
        for place in objects {
            command.arg("--objects").arg(place);
        }
        command.args(more);
        finish(command)
    }

    fn statement(&self) -> Value {
        let envelope: Value =
            serde_json::from_slice(&fs::read(self.path("statement.json")).unwrap()).unwrap();
        let payload = envelope["payload"].as_str().unwrap();
        serde_json::from_slice(&base64::engine::general_purpose::STANDARD.decode(payload).unwrap()).unwrap()
    }

    /// Another statement with a good signature.
    fn state(&self, file: &str, statement: &Value) {
        let envelope = self.secret.sign_envelope(TYPE, statement.to_string().as_bytes()).unwrap();
        fs::write(self.path(file), envelope).unwrap();
    }
}

#[test]
fn a_package_is_built_again_from_its_provenance_alone() {
    let _turn = turn();
    let site = Site::new(&["tree"]);
    assert_eq!(site.json("rebuild")["failed"], 0);
    let elsewhere = Elsewhere::new(&site);

    let state = site.path("state");
    let same = elsewhere.reproduce("statement.json", &[&state], &["--out", "out"]).expect(0).json();
    assert_eq!(same["verdict"], "bit-identical", "{same}");
    let packages = same["packages"].as_array().unwrap();
    assert!(packages.len() >= 4 && packages.iter().all(|it| it["verdict"] == "bit-identical"), "{same}");
    assert!(elsewhere.path("out/build.log").is_file());
    let own = site.run(&["--format", "json", "reproduce", "tree"]).expect(0).json();
    assert_eq!((&own["verdict"], &own["signed_by"]), (&json!("bit-identical"), &Value::Null));

    from_what_is_published(&site, &elsewhere);
    what_is_missing_or_changed_is_named(&site, &elsewhere);
    a_false_statement_is_found_out(&elsewhere, &state);
}

/// The published tree has the sources in a source package, and bootstrap the buildroot.
fn from_what_is_published(site: &Site, elsewhere: &Elsewhere) {
    let (published, bootstrap) = (site.published(), testkit::world().unwrap().join("bootstrap"));
    let ran = elsewhere.reproduce("statement.json", &[&published, &bootstrap], &[]).expect(0).json();
    assert_eq!(ran["verdict"], "bit-identical", "{ran}");
}

fn what_is_missing_or_changed_is_named(site: &Site, elsewhere: &Elsewhere) {
    let bootstrap = testkit::world().unwrap().join("bootstrap");
    let none = elsewhere.reproduce("statement.json", &[&bootstrap], &[]).expect(1);
    none.says(&["nowhere", "tree.spec ("]);
    assert!(!none.stderr.contains("x86_64 ("), "all of the buildroot is there: {}", none.stderr);

    let statement = elsewhere.statement();
    let dependencies = statement["predicate"]["buildDefinition"]["resolvedDependencies"].as_array().unwrap();
    let flat = elsewhere.path("flat");
    fs::create_dir(&flat).unwrap();
    for dependency in dependencies.iter().filter(|it| it["annotations"]["role"] == "source") {
        let digest = dependency["digest"]["sha256"].as_str().unwrap();
        let object = site.path("state/objects").join(&digest[..2]).join(&digest[2..]);
        fs::write(flat.join(digest), fs::read(object).unwrap()).unwrap();
    }
    let spec = dependencies.iter().find(|it| it["name"] == "tree.spec").unwrap();
    let spec = spec["digest"]["sha256"].as_str().unwrap();
    fs::write(flat.join(spec), "Name: tree\n").unwrap();
    let changed = elsewhere.reproduce("statement.json", &[&bootstrap, &flat], &[]).expect(1);
    changed.says(&["is damaged", "1 object is nowhere", "tree.spec (", spec]);
}

fn a_false_statement_is_found_out(elsewhere: &Elsewhere, state: &Path) {
    // Of a package that did not come out so.
    let mut other = elsewhere.statement();
    let subjects = other["subject"].as_array_mut().unwrap();
    let subject = subjects
        .iter_mut()
        .find(|it| {
            it["name"].as_str().unwrap().starts_with("tree-")
                && it["name"].as_str().unwrap().ends_with("x86_64.rpm")
        })
        .unwrap();
    let name = subject["name"].as_str().unwrap().to_owned();
    subject["digest"]["sha256"] = Digest::of(b"another file").to_string().into();
    elsewhere.state("other.json", &other);
    let undecided = elsewhere.reproduce("other.json", &[state], &[]).expect(12).json();
    let judged = |ran: &Value| {
        let packages = ran["packages"].as_array().unwrap().iter();
        packages.filter(|it| it["package"] == name.as_str()).cloned().collect::<Vec<_>>()
    };
    assert!(judged(&undecided)[0]["because"].as_str().unwrap().contains("--against"), "{undecided}");
    let against = elsewhere.path("out").join(&name);
    let compared = elsewhere
        .reproduce("other.json", &[state], &["--against", against.to_str().unwrap()])
        .expect(0)
        .json();
    assert_eq!(judged(&compared)[0]["compared"]["verdict"], "bit-identical", "{compared}");

    // Of another action than the one whose key it states.
    let mut other = elsewhere.statement();
    let action = &mut other["predicate"]["buildDefinition"]["internalParameters"]["action"];
    action["macros"].as_array_mut().unwrap().push(json!(["more", "1"]));
    let typed: heirloom_model::record::Action = serde_json::from_value(action.clone()).unwrap();
    let document = Digest::of(&serde_json::to_vec(&typed).unwrap());
    let byproducts = other["predicate"]["runDetails"]["byproducts"].as_array_mut().unwrap();
    byproducts[1]["digest"]["sha256"] = document.to_string().into();
    elsewhere.state("action.json", &other);
    elsewhere.reproduce("action.json", &[state], &[]).expect(5).says(&["has the key", "it states"]);
}
