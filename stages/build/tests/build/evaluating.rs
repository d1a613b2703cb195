//! What rpmspec says about spec files, those that mean harm among them.

use heirloom_build::{SpecError, evaluation_key};
use heirloom_model::Digest;
use heirloom_model::record::{Evaluated, Imported, SourceFile};

use crate::support::{base, builder, place, spec};

pub(crate) fn imported(name: &str, files: &[(&str, &str)]) -> Imported {
    let file = |(name, text): &(&str, &str)| SourceFile {
        name: (*name).to_owned(),
        digest: place().store.put(text.as_bytes()).unwrap(),
        size: text.len() as u64,
        origin: String::new(),
    };
    let (name, spec) = (name.to_owned(), files[0].0.to_owned());
    Imported {
        name,
        spec,
        files: files.iter().map(file).collect(),
        origin: String::new(),
        own: false,
        nevra: None,
        published: None,
    }
}

fn evaluate(sources: &[Imported]) -> Vec<Result<Evaluated, SpecError>> {
    let root = builder().base_root(base()).unwrap();
    let macros = [("dist".to_owned(), ".el9".to_owned())];
    builder().evaluate(&root, &sources.iter().collect::<Vec<_>>(), &macros, "x86_64").unwrap()
}

fn texts(dependencies: &[heirloom_model::Dependency]) -> Vec<String> {
    dependencies.iter().map(ToString::to_string).collect()
}

#[test]
fn facts_of_a_spec_file() {
    let text = "%bcond_with bootstrap\nName: a\nSource0: more.inc\n%include %{SOURCE0}\nEpoch: 2\nVersion: %{ver}\nRelease: 1%{?dist}\n\
        Summary: A\nLicense: MIT\nBuildRequires: gcc >= 12, (b or c)\n%if %{without bootstrap}\n\
        BuildRequires: a-devel\n%endif\n%description\nA\n%package libs\nSummary: L\nProvides: old-libs = 7\n\
        %description libs\nL\n%generate_buildrequires\n:\n%files\n%files libs\n";
    let found = evaluate(&[imported("a", &[("a.spec", text), ("more.inc", "%global ver 5.1\n")])]);
    let a = found[0].as_ref().unwrap();
    assert_eq!(a.nevra.to_string(), "a-2:5.1-1.el9.src");
    assert_eq!(texts(&a.build_requires), ["(b or c)", "a-devel", "gcc >= 12"]);
    assert_eq!(texts(a.bootstrap_requires.as_ref().unwrap()), ["(b or c)", "gcc >= 12"]);
    assert!(a.excluded.is_none());
    let names: Vec<_> = a.binaries.iter().map(|binary| binary.nevra.to_string()).collect();
    assert!(names.contains(&"a-libs-2:5.1-1.el9.x86_64".to_owned()), "{names:?}");
    let libs = a.binaries.iter().find(|binary| binary.nevra.name() == "a-libs").unwrap();
    assert!(texts(&libs.provides).contains(&"old-libs = 7".to_owned()), "{:?}", libs.provides);
}

#[test]
fn architectures_and_absence() {
    let plain = imported("plain", &[("t.spec", &spec("true"))]);
    let other = spec("true").replace("BuildArch: noarch", "ExclusiveArch: aarch64 s390x");
    let found = evaluate(&[plain, imported("other", &[("t.spec", &other)])]);
    let plain = found[0].as_ref().unwrap();
    assert!(plain.bootstrap_requires.is_none() && plain.excluded.is_none());
    let other = found[1].as_ref().unwrap();
    assert_eq!(other.excluded.as_deref(), Some("ExclusiveArch lists aarch64 s390x, not x86_64"));
}

#[test]
fn one_that_fails_is_named_alone() {
    let broken = imported("broken", &[("broken.spec", "Name: broken\nVersion: 1\nRelease: 1\nBogus: 3\n")]);
    let empty = imported("empty", &[("empty.spec", "")]);
    let found = evaluate(&[imported("good", &[("t.spec", &spec("true"))]), broken, empty]);
    assert!(found[0].is_ok());
    let error = found[1].as_ref().unwrap_err();
    assert_eq!((error.package.as_str(), error.spec.as_str()), ("broken", "broken.spec"));
    assert!(error.message.contains("line 4") && error.message.contains("Bogus"), "{}", error.message);
    assert!(found[2].is_err());
}

#[test]
fn code_in_a_spec_file_can_t_touch_the_others() {
    let evil = format!(
        "%(rm -rf /builddir/build/* 2>/dev/null; echo x > /builddir/build/1/SPECS/t.spec; kill -9 -1; id -u > /tmp/me)\n{}",
        spec("true")
    );
    let endless = format!("%(while :; do :; done)\n{}", spec("true"));
    let good = |name| imported(name, &[("t.spec", &spec("true"))]);
    let found = evaluate(&[
        imported("evil", &[("t.spec", &evil)]),
        good("b"),
        imported("c", &[("t.spec", &endless)]),
        good("d"),
    ]);
    assert!(found[1].is_ok() && found[3].is_ok(), "{found:#?}");
    let slow = found[2].as_ref().unwrap_err();
    assert!(slow.message.contains("longer than"), "{}", slow.message);
}

#[test]
fn the_key_covers_what_goes_in() {
    let root = builder().base_root(base()).unwrap();
    let source = imported("a", &[("t.spec", &spec("true"))]);
    let key = |macros: &[(String, String)], arch| -> Digest { evaluation_key(&root, &source, macros, arch) };
    let macros = [("a".to_owned(), "b c".to_owned())];
    assert_ne!(key(&macros, "x86_64"), key(&[], "x86_64"));
    assert_ne!(key(&macros, "x86_64"), key(&macros, "aarch64"));
    assert_eq!(
        evaluate(std::slice::from_ref(&source))[0].as_ref().unwrap().key,
        key(&[("dist".to_owned(), ".el9".to_owned())], "x86_64")
    );
}
