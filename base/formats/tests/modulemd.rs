//! Modules of a repository, read by libmodulemd.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

#[path = "support/python.rs"]
mod python;

use std::collections::BTreeMap;

use heirloom_formats::Document;
use heirloom_formats::modulemd::{ModuleIndex, Wanted};
use heirloom_model::Nevra;

/// A stream as repositories have it.
fn stream(name: &str, stream: &str, context: &str, artifacts: &[&str]) -> String {
    let list: String = artifacts.iter().map(|artifact| format!("    - {artifact}\n")).collect();
    format!(
        "---\ndocument: modulemd\nversion: 2\ndata:\n  name: {name}\n  stream: {stream}\n  version: 8040020200923213406\n  \
         context: {context}\n  arch: x86_64\n  summary: A tool\n  description: >-\n    A tool.\n  license:\n    module:\n    \
         - MIT\n  dependencies:\n  - requires:\n      platform: [el8]\n  profiles:\n    common:\n      rpms: [{name}]\n  \
         artifacts:\n    rpms:\n{list}...\n"
    )
}

const COMPANIONS: &str = "---
document: modulemd-defaults
version: 1
data:
  module: tool
  stream: '1.10' # once
  profiles:
    '1.10': [common]
    '2': [common]
---
document: modulemd-obsoletes
version: 1
data:
  modified: 2020-05-01T00:00Z
  module: tool
  stream: '1.10'
  eol_date: 2021-05-01T00:00Z
  message: use 2
  obsoleted_by: {module: tool, stream: '2'}
---
document: modulemd-translations
version: 1
data:
  module: tool
  stream: '2'
  modified: 202005010000
  translations:
    de: {summary: Werkzeug, description: Ein Werkzeug}
";

/// Of the first version of the format.
const OLD: &str = "---
document: modulemd
version: 1
data:
  name: old
  stream: a
  version: 1
  context: c0
  arch: x86_64
  summary: Old
  description: Old
  license: {module: [MIT]}
  dependencies:
    requires: {platform: el8}
  artifacts: {rpms: [old-0:1-1.x86_64, old-libs-0:1-1.x86_64, old-doc-0:1-1.noarch]}
";

/// Prints what libmodulemd, told to be strict, finds in the file that it is given.
const JUDGE: &str = r"
import sys, gi
gi.require_version('Modulemd', '2.0')
from gi.repository import Modulemd
index = Modulemd.ModuleIndex.new()
ok, failures = index.update_from_file(sys.argv[1], True)
assert ok, [(f.get_gerror().message, f.get_yaml()) for f in failures]
defaults = index.get_default_streams()
for name in sorted(index.get_module_names()):
    module = index.get_module(name)
    print('module', name, 'default', defaults.get(name))
    for stream in sorted(module.get_all_streams(), key=lambda s: s.get_NSVCA()):
        assert stream.validate()
        text = module.get_translation(stream.get_stream_name())
        locales = text.get_locales() if text else []
        print(stream.get_NSVCA(), *sorted(stream.get_rpm_artifacts()), *locales)
    for obsoletes in module.get_obsoletes():
        print('obsoleted by', obsoletes.get_obsoleted_by_module_stream())
";

fn packages(list: &[&str]) -> BTreeMap<Nevra, String> {
    list.iter().map(|nevra| (nevra.parse().unwrap(), String::new())).collect()
}

fn judged(yaml: &str) -> String {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("modules.yaml");
    std::fs::write(&path, yaml).unwrap();
    python::run(JUDGE, &[path.to_str().unwrap()])
}

#[test]
fn libmodulemd_reads_what_was_selected_cut_and_set() {
    let text = [
        stream(
            "tool",
            "'1.10'",
            "aaaa1111",
            &["tool-0:1.10-1.src", "tool-0:1.10-1.x86_64", "tool-libs-0:1.10-1.x86_64"],
        ),
        stream("tool", "'2'", "bbbb2222", &["tool-0:2-1.x86_64"]),
        stream("gone", "'1'", "cccc3333", &["gone-0:1-1.x86_64"]),
        stream("bare", "'1'", "dddd4444", &["bare-0:1-1.x86_64"]),
        COMPANIONS.to_owned(),
        OLD.to_owned(),
    ]
    .concat();
    let index = ModuleIndex::parse(Document::new("modules.yaml", text.as_bytes())).unwrap();
    let packages = packages(&[
        "tool-1.10-1.x86_64",
        "tool-2-1.x86_64",
        "bare-1-1.x86_64",
        "old-1-1.x86_64",
        "old-doc-1-1.noarch",
    ]);
    let default_streams = [("tool", "2"), ("bare", "1")].map(|(a, b)| (a.to_owned(), b.to_owned())).into();
    let wanted = Wanted { arch: "x86_64", packages: &packages, default_streams: &default_streams, cut: true };
    let selected = index.select(&wanted).unwrap();
    assert_eq!(
        judged(&selected.index.to_yaml()),
        "module bare default 1\n\
         bare:1:8040020200923213406:dddd4444:x86_64 bare-0:1-1.x86_64\n\
         module old default None\n\
         old:a:1:c0:x86_64 old-0:1-1.x86_64 old-doc-0:1-1.noarch\n\
         module tool default 2\n\
         tool:1.10:8040020200923213406:aaaa1111:x86_64 tool-0:1.10-1.src tool-0:1.10-1.x86_64\n\
         tool:2:8040020200923213406:bbbb2222:x86_64 tool-0:2-1.x86_64 de\n\
         obsoleted by 2\n"
    );
}
