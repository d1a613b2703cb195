//! The directory of recorded buildroots: which record belongs to which source package.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::Path;

use heirloom_formats::Document;
use heirloom_formats::definition::Against;
use heirloom_formats::recorded::{self, Recorded as File};
use heirloom_model::{Nevra, RecordedBuildroot};

use crate::context::Context;
use crate::fail::{Exit, Fail, chain};

/// Bytes of a file as it lies there. Decompressed, the parser has a bound of its own.
const LARGEST: u64 = 32 << 20;
/// Files in the directory: a whole distribution has some thousands of source packages.
const MOST: usize = 100_000;

/// The recorded buildroots, by the name of their file.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    records: BTreeMap<String, RecordedBuildroot>,
    /// What a person should know of the directory, one sentence each.
    findings: Vec<String>,
}

impl Recorded {
    /// Reads the directory that the definition names, if builds are against recorded buildroots.
    pub(crate) fn load(context: &Context) -> Result<Option<Self>, Fail> {
        let build = &context.definition.build;
        match (build.against(), &build.recorded) {
            (Against::Recorded, Some(dir)) => {
                Self::read(&context.definition.resolve(dir.get_ref()), context.arch()).map(Some)
            }
            (Against::Latest | Against::Snapshot | Against::Recorded, _) => Ok(None),
        }
    }

    /// Reads a directory. What a person left there without meaning, hidden files and directories, is passed over.
    fn read(dir: &Path, arch: &str) -> Result<Self, Fail> {
        let failed = |path: &Path, error: &dyn std::error::Error| {
            let message = format!("can't read the recorded buildroot {}: {}", path.display(), chain(error));
            Fail::new(Exit::Definition, message)
                .hint("`build.recorded` in the definition names their directory; docs/buildroots.md has their forms")
        };
        let mut all = Self::default();
        let mut names = BTreeSet::new();
        for entry in std::fs::read_dir(dir).map_err(|error| failed(dir, &error))? {
            let entry = entry.map_err(|error| failed(dir, &error))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.starts_with('.') && entry.path().is_file() {
                names.insert(name);
            }
            if names.len() > MOST {
                let error = std::io::Error::other(format!("it has more than {MOST} files"));
                return Err(failed(dir, &error));
            }
        }
        for name in names {
            let path = dir.join(&name);
            let bytes = bytes(&path).map_err(|error| failed(&path, &error))?;
            let shown = path.display().to_string();
            let file =
                recorded::parse(Document::new(&shown, &bytes)).map_err(|error| failed(&path, &error))?;
            all.add(name, file, arch);
        }
        Ok(all)
    }

    fn add(&mut self, name: String, file: File, arch: &str) {
        if let File::Locks(locks) = &file {
            let lock = locks.iter().find(|lock| lock.arch == arch).map_or("the lock", |lock| &lock.lockfile);
            let finding = format!("{name} only names where locks are: put {lock} there in its place");
            return self.findings.push(finding);
        }
        match file.for_arch(arch) {
            Some(buildroot) => {
                self.records.insert(name, buildroot);
            }
            None => self.findings.push(format!("{name} has no buildroot for {arch}")),
        }
    }

    /// The recorded buildroot of a source package: the file of this name, version and release, else that of the name.
    pub(crate) fn for_step(&self, source: &str, nevra: &Nevra) -> Option<&RecordedBuildroot> {
        self.file_of(source, nevra).and_then(|name| self.records.get(name))
    }

    fn file_of(&self, source: &str, nevra: &Nevra) -> Option<&str> {
        let evr = nevra.evr();
        let nvr = format!("{}-{}-{}", nevra.name(), evr.version(), evr.release());
        [nvr.as_str(), source].into_iter().find_map(|key| {
            let dotted = format!("{key}.");
            let exact = self.records.get_key_value(key).map(|(name, _)| name);
            let next = || self.records.range(dotted.clone()..).next().map(|(name, _)| name);
            exact.or_else(|| next().filter(|name| name.starts_with(&dotted))).map(String::as_str)
        })
    }

    /// What a person should know: files that can't be used, and those that belong to none of these source packages.
    pub(crate) fn findings<'a>(
        &self,
        sources: impl IntoIterator<Item = (&'a str, &'a Nevra)>,
    ) -> Vec<String> {
        let used: BTreeSet<_> =
            sources.into_iter().filter_map(|(source, nevra)| self.file_of(source, nevra)).collect();
        let unused = self.records.keys().filter(|name| !used.contains(name.as_str()));
        let unused = unused.map(|name| {
            format!("{name} is used for no source package: none is named so, or it has another file")
        });
        self.findings.iter().cloned().chain(unused).collect()
    }
}

fn bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(std::io::Error::other(format!("it has more than {LARGEST} bytes")));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::sample::DEFINITION;

    fn read(files: &[(&str, &str)]) -> Result<Recorded, Fail> {
        let dir = tempfile::tempdir().unwrap();
        for (name, content) in files {
            std::fs::write(dir.path().join(name), content).unwrap();
        }
        std::fs::create_dir(dir.path().join("logs")).unwrap();
        Recorded::read(dir.path(), "x86_64")
    }

    fn nevra(text: &str) -> Nevra {
        text.parse().unwrap()
    }

    #[test]
    fn the_longer_name_wins_and_dots_end_it() {
        let files = [
            ("zlib.root", "a-1-1.noarch\n"),
            ("zlib-1-2.list", "b-1-1.noarch\n"),
            ("zlib-ng", "c-1-1.noarch\n"),
            ("java-1.8.0-openjdk.list.txt", "d-1-1.noarch\n"),
            (".hidden", "nothing"),
        ];
        let recorded = read(&files).unwrap();
        for (source, at, has) in [
            ("zlib", "zlib-1-1.src", Some("a")),
            ("zlib", "zlib-1-2.src", Some("b")),
            ("zlib-ng", "zlib-ng-1-1.src", Some("c")),
            ("java-1.8.0-openjdk", "java-1.8.0-openjdk-1-1.src", Some("d")),
            ("java", "java-1-1.src", None),
            ("zli", "zli-1-1.src", None),
        ] {
            let found = recorded.for_step(source, &nevra(at));
            assert_eq!(found.map(|buildroot| buildroot.packages[0].nevra.name()), has, "{at}");
        }
        let (zlib, other) = (nevra("zlib-1-2.src"), nevra("zlib-ng-1-1.src"));
        let findings = recorded.findings([("zlib", &zlib), ("zlib-ng", &other)]);
        let of = |name: &str| findings.iter().any(|finding| finding.starts_with(name));
        assert_eq!((findings.len(), of("zlib.root "), of("java-1.8.0-openjdk.list.txt ")), (2, true, true));
    }

    #[test]
    fn the_definition_names_the_directory() {
        let load = |build: &str| {
            let dir = tempfile::tempdir().unwrap();
            std::fs::create_dir(dir.path().join("records")).unwrap();
            std::fs::write(dir.path().join("records/zlib.list"), "a-1-1.noarch\n").unwrap();
            let path = dir.path().join("heirloom.toml");
            std::fs::write(&path, format!("{DEFINITION}{build}")).unwrap();
            Recorded::load(&Context::open(&path).unwrap()).unwrap()
        };
        assert!(load("").is_none());
        let recorded = load("[build]\nagainst = \"recorded\"\nrecorded = \"records\"\n").unwrap();
        assert!(recorded.for_step("zlib", &nevra("zlib-1-1.src")).is_some());
    }

    #[test]
    fn what_can_not_be_used_is_told() {
        let lock = r#"{"version": "1.1.0", "config": {"target_arch": "s390x"}, "buildroot": {"rpms": [
            {"name": "a", "epoch": null, "version": "1", "release": "1", "arch": "noarch"}]}}"#;
        let locks = r#"{"x86_64": {"filelist": [], "lockfile": "/w/x86_64/results/buildroot_lock.json"}}"#;
        let recorded = read(&[("a.json", lock), ("b.json", locks)]).unwrap();
        let none: [(&str, &Nevra); 0] = [];
        assert_eq!(
            recorded.findings(none),
            [
                "a.json has no buildroot for x86_64",
                "b.json only names where locks are: put /w/x86_64/results/buildroot_lock.json there in its place",
            ]
        );
        let fail = read(&[("README", "words\n")]).unwrap_err();
        assert_eq!(fail.exit, Exit::Definition);
        assert!(fail.message.contains("README, line 1: it is no record of a buildroot"), "{}", fail.message);
    }
}
