use std::collections::BTreeMap;
use std::fs;

use super::*;

mod actions;
mod convert;
mod guards;
mod patches;
mod whole;

/// A spec file as most are.
const SPEC: &str = "\
%global vendor_name Tarnholt

Summary: A pager of Tarnholt
Name:    pager
Version: 590
Release: 4%{?dist}
License: MIT
URL:     https://www.tarnholt.example/
Source0: pager-%{version}.tar.gz
Source1: logo.png

BuildRequires: gcc
Requires: %{name}-data = %{version}-%{release}

%description
A pager for Tarnholt Linux.

%package data
Summary: Data of the pager
BuildArch: noarch

%description data
Data.

%prep
%setup -q

%build
%make_build

%files
%license COPYING
%{_bindir}/pager

%files data
%{_datadir}/pager

%changelog
* Mon Jan 15 2024 Ivo Brandt <ibrandt@tarnholt.example> - 590-4
- ask for reports at bugs.tarnholt.example
";

/// A package and its rules, in memory and in a directory.
struct Case {
    dir: tempfile::TempDir,
    files: BTreeMap<String, Vec<u8>>,
    nevra: Option<Nevra>,
    branch: Option<&'static str>,
    dist: Option<&'static str>,
}

impl Case {
    fn new() -> Self {
        Self::with(SPEC)
    }

    fn with(spec: &str) -> Self {
        let files = [
            ("pager.spec", spec.as_bytes()),
            ("pager-590.tar.gz", b"\x1f\x8b archive"),
            ("logo.png", b"\x89PNG\0"),
            ("COPYING", b"Copyright (C) 2001 A. U. Thor\nAll of it.\n"),
            ("pager.desktop", b"[Desktop Entry]\nName=Tarnholt Pager\nComment=Tarnholt\n"),
            ("page.c", b"/* Copyright (C) 2001 Tarnholt */\nputs(\"Tarnholt\");\n"),
        ];
        let files = files.map(|(name, bytes)| (name.to_owned(), bytes.to_vec())).into();
        Self { dir: tempfile::tempdir().unwrap(), files, nevra: None, branch: None, dist: None }
    }

    /// Writes a file of rules, or one that rules name.
    fn file(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self.dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// Adds a rule for the package; the text is all but the purpose.
    fn rule(self, rule: &str) -> Self {
        let path = self.dir.path().join("pager.toml");
        let mut text = fs::read_to_string(&path).unwrap_or_default();
        text.push_str(&format!("[[rule]]\npurpose = \"test\"\n{rule}\n"));
        fs::write(path, text).unwrap();
        self
    }

    fn rules(&self) -> Rules {
        Rules::load(self.dir.path()).unwrap()
    }

    fn run(&self) -> Result<Outcome, DebrandError> {
        self.run_with(&|script| panic!("{} is not to be run", script.name))
    }

    fn run_with(&self, run: &RunScript<'_>) -> Result<Outcome, DebrandError> {
        let sizes = self.files.iter().map(|(name, bytes)| (name.clone(), bytes.len() as u64)).collect();
        let read = |name: &str| {
            assert!(!name.ends_with(".tar.gz"), "{name} is large and nobody names it");
            Ok(self.files[name].clone())
        };
        let source = Source {
            name: "pager",
            nevra: self.nevra.as_ref(),
            branch: self.branch,
            dist: self.dist,
            spec: "pager.spec",
            files: &sizes,
            read: &read,
        };
        debrand(&source, &self.rules(), run)
    }

    /// The spec file after the rules.
    fn spec(&self) -> String {
        let outcome = self.run().unwrap();
        let spec = outcome.changes.written.get("pager.spec").unwrap_or(&self.files["pager.spec"]);
        String::from_utf8(spec.clone()).unwrap()
    }

    /// Lines that are gone and lines that are new in the spec file.
    fn changed(&self) -> (Vec<String>, Vec<String>) {
        let before = String::from_utf8(self.files["pager.spec"].clone()).unwrap();
        let after = self.spec();
        let mut gone = Vec::new();
        let mut new = Vec::new();
        for change in similar::TextDiff::from_lines(&before, &after).iter_all_changes() {
            match change.tag() {
                similar::ChangeTag::Delete => gone.push(change.to_string().trim_end().to_owned()),
                similar::ChangeTag::Insert => new.push(change.to_string().trim_end().to_owned()),
                similar::ChangeTag::Equal => {}
            }
        }
        (gone, new)
    }

    /// The message of the only failure, without rule and purpose.
    fn problem(&self) -> String {
        let error = self.run().unwrap_err();
        let [failure] = &error.failures[..] else { panic!("{error}") };
        failure.problem.to_string()
    }
}
