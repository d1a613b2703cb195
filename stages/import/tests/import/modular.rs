//! Modules: from the metadata of a repository, and from dist-git.

use heirloom_import::sources::{ModuleSources, Upstream};
use heirloom_model::record::Module;
use testkit::repo;
use testkit::rpm_builder::RpmBuilder;

use crate::repositories::Signed;
use crate::site::{Site, commit, now, says};

fn document(stream: &str, version: u64, artifacts: &[&str]) -> String {
    let artifacts: String = artifacts.iter().map(|artifact| format!("    - {artifact}\n")).collect();
    format!(
        "---\ndocument: modulemd\nversion: 2\ndata:\n  name: tool\n  stream: {stream}\n  version: {version}\n  \
         context: abc\n  arch: x86_64\n  summary: A tool\n  description: x\n  license: {{module: [MIT]}}\n  \
         components:\n    rpms:\n      tool:\n        rationale: itself\n        ref: stream-{stream}\n  \
         artifacts:\n    rpms:\n{artifacts}...\n"
    )
}

#[test]
fn streams_of_a_repository_come_in_beside_each_other() {
    let signed = Signed::new();
    let tool = |version: &str| RpmBuilder::new("tool", version).file("/usr/bin/tool", version);
    for version in ["1.0", "2.0", "2.1", "0.9"] {
        signed.add(&tool(version));
    }
    repo::repo_at(&signed.site.path("up"), now()).unwrap();
    let modules = [
        document("1.10", 1, &["tool-0:1.0-1.src", "tool-0:1.0-1.noarch"]),
        document("2", 1, &["tool-0:2.0-1.src"]),
        document("2", 2, &["tool-0:2.1-1.src"]),
        "---\ndocument: modulemd-defaults\nversion: 1\ndata: {module: tool, stream: 2}\n...\n".to_owned(),
    ];
    let file = signed.site.write("../modules.yaml", modules.concat());
    repo::add_metadata(&signed.site.path("up"), "modules", &file).unwrap();
    repo::sign(&signed.site.path("up"), &signed.key).unwrap();
    let upstream = signed.upstream(&[signed.site.path("up").display().to_string()]);
    for _ in 0..2 {
        let sources = signed.site.import(&upstream).unwrap();
        let named = |all: &[heirloom_model::record::Imported]| {
            all.iter()
                .map(|one| format!("{} {}", one.name, one.nevra.as_ref().unwrap().evr().version()))
                .collect::<Vec<_>>()
        };
        assert_eq!(named(&sources.ordinary), ["tool 0.9"]);
        assert_eq!(named(&sources.modular), ["tool@tool:1.10 1.0", "tool@tool:2 2.1"]);
        assert_eq!(sources.modules.len(), 3);
    }
    let kept = signed.site.store.all::<Module>().unwrap();
    assert_eq!(kept.len(), 3);
    assert_eq!(kept[0].identity(), "tool:1.10:1:abc:x86_64");
    let text = signed.site.store.read(kept[0].document).unwrap();
    assert!(String::from_utf8(text).unwrap().contains("stream: 1.10"));
    assert!(signed.site.arrival("tool@tool:2").unwrap().imported.is_some());
}

fn from_git(site: &Site, streams: &[(&str, &str)]) -> Upstream {
    let at = |dir: &str| format!("{}/{{name}}", site.path(dir).display());
    Upstream::Git {
        location: at("up/rpms"),
        names: vec!["plain".to_owned()],
        branch: Some("c9".to_owned()),
        tags: None,
        lookaside: Vec::new(),
        modules: Some(ModuleSources {
            location: at("up/modules"),
            branch: "c9-{stream}".to_owned(),
            component_branch: "c9-stream-{stream}".to_owned(),
            streams: streams
                .iter()
                .map(|(name, stream)| ((*name).to_owned(), (*stream).to_owned()))
                .collect(),
        }),
    }
}

#[test]
fn modules_of_dist_git_come_in_with_their_components() {
    let site = Site::new();
    for (name, branch) in [("plain", "c9"), ("tool", "c9-stream-2")] {
        site.write(&format!("rpms/{name}/SPECS/{name}.spec"), "x");
        commit(&site.path("up/rpms").join(name), branch);
    }
    let plain = document("2", 1, &[]).replace("  name: tool\n", "");
    site.write("modules/tool/SOURCES/modulemd.src.txt", plain);
    commit(&site.path("up/modules/tool"), "c9-2");
    let sources = site.import(&from_git(&site, &[("tool", "2")])).unwrap();
    assert_eq!(
        (sources.ordinary[0].name.as_str(), sources.modular[0].name.as_str()),
        ("plain", "tool@tool:2")
    );
    assert_eq!(sources.modules[0].components[0].reference.as_deref(), Some("stream-2"));

    // A module that is missing, one that is a bomb: the others come in.
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let alias = format!("*a{}", level - 1);
        bomb += &format!("a{level}: &a{level} [{}]\n", [alias.as_str(); 10].join(", "));
    }
    site.write(
        "modules/bomb/bomb.yaml",
        format!("document: modulemd\nversion: 2\n{bomb}data: {{name: *a11}}\n"),
    );
    commit(&site.path("up/modules/bomb"), "c9-1");
    let other = Site::new();
    says(
        other.import(&from_git(&site, &[("bomb", "1"), ("tool", "2"), ("tool", "3")])),
        &["bomb:1:", "bomb.yaml", "tool:3:", "no such branch, tag or commit c9-3"],
    );
    assert_eq!(other.store.all::<Module>().unwrap().len(), 1);
    assert!(other.arrival("plain").is_some() && other.arrival("tool@tool:2").is_some());
}
