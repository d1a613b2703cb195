//! What is written equals what createrepo_c writes for the same packages: 1.2.5 as PyPI has it, and 0.17 as Debian has
//! it. Every element and attribute of every package is compared.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

#[path = "support/metadata.rs"]
mod metadata;
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use heirloom_formats::repodata::{Compression, ExtraRecord, RepositoryWriter};
use heirloom_formats::repomd::{Distro, Repomd, Tags};
use metadata::{COMPS, again, known, metadata, write};
use quick_xml::events::Event;
use quick_xml::{Reader, XmlVersion};
use support::{build, repository, run};

/// A createrepo_c and its relatives.
struct Peer {
    version: &'static str,
    programs: PathBuf,
}

/// The one of PyPI, installed below `target` if it is not there, and the one of the system.
fn peers() -> &'static [Peer; 2] {
    static PEERS: OnceLock<[Peer; 2]> = OnceLock::new();
    PEERS.get_or_init(|| {
        let programs = testkit::pypi::createrepo_c().unwrap().parent().unwrap().to_owned();
        [Peer { version: "1.2.5", programs }, Peer { version: "0.17", programs: PathBuf::from("/usr/bin") }]
    })
}

impl Peer {
    fn run(&self, repository: &Path, arguments: &[&str]) -> tempfile::TempDir {
        let out = tempfile::tempdir().unwrap();
        let mut command = Command::new(self.programs.join("createrepo_c"));
        run(command.args(["--quiet", "--no-database", "-o"]).arg(out.path()).args(arguments).arg(repository));
        out
    }
}

/// Where versions of createrepo_c differ, the newest is followed. Before 1.2, requirements of `%pretrans` and
/// `%posttrans` were not marked as needed beforehand; the fixtures have one of each, named like that.
fn as_0_17(mut lines: String) -> String {
    for name in ["pretrans", "posttrans"] {
        let entry = format!("rpm:entry name=\"{name}\"");
        lines = lines.replace(&format!("{entry} pre=\"1\""), &entry);
    }
    lines
}

/// One line for each element: path, attributes, text. Packages are sorted; nothing else is normalised but
/// the white space between elements.
fn flatten(xml: &str) -> Vec<String> {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().expand_empty_elements = true;
    let (mut packages, mut lines, mut path, mut text) = (Vec::new(), Vec::new(), Vec::new(), String::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                let name = start.name().as_ref().to_owned();
                path.push(name);
                let attributes = start.attributes().map(|a| {
                    let a = a.unwrap();
                    format!(" {}={:?}", a.key.as_ref(), a.normalized_value(XmlVersion::Implicit1_0).unwrap())
                });
                let line = path.join("/") + &attributes.collect::<String>();
                if path.len() == 1 { &mut packages } else { &mut lines }.push(line);
                text.clear();
            }
            Event::Text(piece) => text.push_str(&piece.xml10_content()),
            Event::GeneralRef(reference) => {
                let name = reference.xml10_content();
                text.push_str(&quick_xml::escape::unescape(&format!("&{name};")).unwrap());
            }
            Event::End(_) => {
                if !text.trim().is_empty() {
                    lines.push(format!("{} = {text:?}", path.join("/")));
                }
                text.clear();
                if path.len() == 2 {
                    packages.push(std::mem::take(&mut lines).join("\n"));
                }
                path.pop();
            }
            Event::Eof => break,
            _ => {}
        }
    }
    packages.sort();
    packages
}

fn assert_equal(repository: &Path, packages: usize) {
    let ours = tempfile::tempdir().unwrap();
    write(&known(repository), Compression::Zstd, ours.path());
    let ours = metadata(ours.path());
    for peer in peers() {
        let theirs = metadata(peer.run(repository, &[]).path());
        for (kind, theirs) in &theirs {
            let (theirs, mut ours) = (flatten(theirs), flatten(&ours[kind]));
            if peer.version == "0.17" {
                ours = ours.into_iter().map(as_0_17).collect();
            }
            assert_eq!(theirs.len(), packages + 1, "the packages and the root");
            assert_eq!(theirs.len(), ours.len());
            for (theirs, ours) in theirs.iter().zip(&ours) {
                if ours != theirs {
                    let differs = ours.lines().zip(theirs.lines()).find(|(ours, theirs)| ours != theirs);
                    panic!(
                        "{kind} of {}: {differs:#?}\n{} and {} lines",
                        peer.version,
                        ours.lines().count(),
                        theirs.lines().count()
                    );
                }
            }
        }
    }
}

#[test]
fn common_packages_are_described_alike() {
    assert_equal(repository(), 8);
}

#[test]
fn uncommon_packages_are_described_alike() {
    let edge = build(&["edge"]);
    assert_equal(edge.path(), 4);
}

#[test]
fn what_either_writes_is_taken_over_as_it_is() {
    for peer in peers() {
        let (theirs, ours) = (peer.run(repository(), &[]), tempfile::tempdir().unwrap());
        again(theirs.path(), Compression::Zstd, ours.path());
        // Theirs is ordered by file names.
        let packages = |root: &Path| {
            let split = |text: String| {
                let mut packages: Vec<_> =
                    text.trim_end().split_inclusive("</package>\n").map(str::to_owned).collect();
                let first = packages.remove(0);
                let (head, first) = first.split_once("<package ").unwrap();
                packages.extend([head.to_owned(), format!("<package {first}")]);
                packages.sort();
                packages
            };
            metadata(root).into_iter().map(|(kind, text)| (kind, split(text))).collect::<Vec<_>>()
        };
        for ((kind, theirs), (_, ours)) in packages(theirs.path()).into_iter().zip(packages(ours.path())) {
            let differs = theirs.iter().zip(&ours).find(|(theirs, ours)| theirs != ours);
            assert_eq!(differs, None, "{kind} of {}", peer.version);
            assert_eq!(theirs.len(), ours.len());
        }
    }
}

#[test]
fn groups_and_tags_are_written_as_1_2_does() {
    let [peer, _] = peers();
    let comps = tempfile::tempdir().unwrap();
    let file = comps.path().join("comps.xml");
    std::fs::write(&file, COMPS).unwrap();
    let told = [
        "--distro",
        "cpe:/o:kestrel:kestrel:9,Kestrel 9",
        "--distro",
        "Kestrel",
        "--content",
        "binary-x86_64",
    ];
    let told: Vec<_> =
        told.into_iter().chain(["--repo", "BaseOS", "--groupfile", file.to_str().unwrap()]).collect();
    let theirs = peer.run(comps.path(), &told);
    let modules = theirs.path().join("modules.yaml");
    std::fs::write(&modules, "---\ndocument: modulemd\n").unwrap();
    let mut modify = Command::new(peer.programs.join("modifyrepo_c"));
    run(modify.args(["--mdtype", "modules"]).arg(&modules).arg(theirs.path().join("repodata")));
    let text = std::fs::read(theirs.path().join("repodata/repomd.xml")).unwrap();
    let theirs = Repomd::parse(heirloom_formats::Document::new("repomd.xml", &text)).unwrap();

    let ours = tempfile::tempdir().unwrap();
    let mut writer = RepositoryWriter::create(ours.path(), 0, Compression::Zstd).unwrap();
    for (kind, file_name, content) in
        [("group", "comps.xml", COMPS), ("modules", "modules.yaml", "---\ndocument: modulemd\n")]
    {
        writer.extra(&ExtraRecord { kind, file_name, content: content.as_bytes() }).unwrap();
    }
    let mut ours = writer.finish("7", 7).unwrap();
    let distro =
        |cpeid: Option<&str>, name: &str| Distro { cpeid: cpeid.map(str::to_owned), name: name.to_owned() };
    ours.tags = Tags {
        content: vec!["binary-x86_64".to_owned()],
        repo: vec!["BaseOS".to_owned()],
        distro: vec![distro(Some("cpe:/o:kestrel:kestrel:9"), "Kestrel 9"), distro(None, "Kestrel")],
    };
    assert_eq!(ours.tags, theirs.tags);
    // The compressed bytes depend on the library; all else is the same, in the same order.
    let facts = |repomd: &Repomd| {
        let records = repomd.records.iter();
        let name = |location: &str| location.split_once('-').unwrap().1.to_owned();
        records
            .map(|record| {
                (record.kind.clone(), name(&record.location), record.open_checksum, record.open_size)
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(facts(&ours), facts(&theirs));
    let lines = |repomd: &Repomd| {
        repomd
            .to_xml()
            .lines()
            .take_while(|line| !line.contains("<data "))
            .skip(3)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let text = String::from_utf8(text).unwrap();
    let theirs: Vec<_> =
        text.lines().take_while(|line| !line.contains("<data ")).skip(3).map(str::to_owned).collect();
    assert_eq!(lines(&ours), theirs);
}
