//! Running the program, and packages that differ in one thing.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;
use testkit::rpm_builder::RpmBuilder;
use testkit::tool::Tool;

use crate::ran::Ran;

impl Ran {
    /// Fails the test unless it printed all of these.
    #[track_caller]
    pub(crate) fn says(&self, words: &[&str]) {
        let all = format!("{}\n{}", self.stdout, self.stderr);
        for word in words {
            assert!(all.contains(word), "`{word}` is not in:\n{all}");
        }
    }
}

/// A directory for one test, and the program run in it.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.0.path().join(below)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        std::fs::write(self.path(name), content).unwrap();
        name.to_owned()
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Builds a package into a directory; gives the path of its file, relative to the place.
    pub(crate) fn package(&self, dir: &str, package: &RpmBuilder) -> String {
        let built = package.build(&self.path(dir)).unwrap();
        std::fs::remove_file(built.source).unwrap();
        format!("{dir}/{}", built.binary.file_name().unwrap().to_str().unwrap())
    }

    /// Runs `heirloom` with these arguments, which are separated by blanks.
    pub(crate) fn run(&self, arguments: &str) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_heirloom"))
            .args(arguments.split_whitespace())
            .current_dir(self.0.path())
            .env("XDG_CACHE_HOME", self.path("cache"))
            .output()
            .unwrap();
        Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Runs `heirloom --format json`; its exit code must be this one.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &str, code: i32) -> serde_json::Value {
        self.run(&format!("--format json {arguments}")).expect(code).json()
    }

    /// A shared library of this C source, as bytes.
    pub(crate) fn library(&self, source: &str) -> Vec<u8> {
        let (code, library) = (self.path("library.c"), self.path("library.so"));
        std::fs::write(&code, source).unwrap();
        Tool::new("gcc")
            .args(["-shared", "-fPIC", "-O1", "-g", "-Wl,-soname,libsample.so.1", "-o"])
            .arg(&library)
            .arg(&code)
            .run()
            .unwrap();
        std::fs::read(library).unwrap()
    }
}

/// A package with a text file.
pub(crate) fn sample(text: &str) -> RpmBuilder {
    named("sample", "1.0").file("/usr/share/sample/text", text)
}

/// A package, to be described further.
pub(crate) fn named(name: &str, version: &str) -> RpmBuilder {
    RpmBuilder::new(name, version)
}

/// A package with a shared library.
pub(crate) fn with_library(library: &[u8]) -> RpmBuilder {
    named("libsample", "1.0").arch("x86_64").file("/usr/lib64/libsample.so.1", library)
}

/// Fails the test unless the published schema allows this result.
#[track_caller]
pub(crate) fn matches_schema(schema: &str, value: &serde_json::Value) {
    const VALIDATE: &str = "
import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
cls = jsonschema.validators.validator_for(schema)
cls.check_schema(schema)
errors = [f'{list(e.absolute_path)}: {e.message}' for e in cls(schema).iter_errors(json.load(sys.stdin))]
sys.exit('\\n'.join(errors) or 0)
";
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(schema);
    let errors = python(VALIDATE, &schema, &value.to_string());
    assert!(errors.is_ok(), "{}\n{value:#}", errors.unwrap_err());
}

/// Runs a Python program with one argument and this input: what it printed, or how it failed.
pub(crate) fn python(program: &str, argument: impl AsRef<Path>, input: &str) -> Result<String, String> {
    // The system's own, which has the modules that `./dev setup` installs.
    let mut python = Command::new("/usr/bin/python3")
        .args(["-c", program])
        .arg(argument.as_ref())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout).unwrap()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// Fails the test unless a page loads nothing, runs nothing and its links lead somewhere; gives its anchors, sorted.
#[track_caller]
pub(crate) fn page_ids(page: &str) -> String {
    // Elements, attributes that load something, links and anchors, as Python's parser sees them.
    const PARSE: &str = "
import sys, html.parser
ids, links = set(), []
class Page(html.parser.HTMLParser):
    def handle_starttag(self, tag, attributes):
        assert tag not in ('script', 'link', 'img', 'iframe', 'object', 'embed', 'base', 'form'), tag
        for name, value in attributes:
            assert name not in ('src', 'srcset', 'style', 'action', 'data') and not name.startswith('on'), name
            if name == 'href': links.append(value)
            if name == 'id':
                assert value not in ids, value
                ids.add(value)
Page().feed(sys.stdin.read())
import urllib.parse
for link in links:
    assert link[0] == '#' and urllib.parse.unquote(link[1:]) in ids, link
print(*sorted(ids))
";
    python(PARSE, "", page).unwrap()
}
