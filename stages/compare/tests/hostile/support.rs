//! Packages of arbitrary files, and comparisons in processes of their own, whose memory and time are bounded.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use heirloom_compare::{Options, Stored, compare_stored};
use heirloom_model::record::Compared;
use heirloom_model::{Digest, Verdict};

use crate::workshop::Workshop;

/// Memory that a comparison of small packages may take, in MiB.
const MOST_MEMORY: u64 = 512;
/// When a comparison of small packages is taken for one that does not end.
const MOST_TIME: Duration = Duration::from_secs(60);

const SPEC: &str = "Name: hostile
Version: 1
Release: 1
Summary: Files that someone made
License: MIT
AutoReqProv: no
%description
Files that someone made.
%install
cp -r %{tree}/usr %{buildroot}/
%files
/usr
";

const LINKED: &str = "Name: linked
Version: 1
Release: 1
Summary: Hard links
License: MIT
AutoReqProv: no
%description
Hard links.
%install
mkdir -p %{buildroot}/usr/share/h
echo %{data} > %{buildroot}/usr/share/h/one
ln %{buildroot}/usr/share/h/one %{buildroot}/usr/share/h/two
echo %{data} > %{buildroot}/usr/share/h/other
%files
/usr/share/h
";

/// Files by path.
pub(crate) type Tree = BTreeMap<String, Vec<u8>>;

pub(crate) fn tree(files: &[(&str, &[u8])]) -> Tree {
    files.iter().map(|(path, content)| ((*path).to_owned(), content.to_vec())).collect()
}

/// Where packages are made.
pub(crate) struct Shop {
    shop: Workshop,
    dir: tempfile::TempDir,
    made: std::cell::Cell<usize>,
}

impl Shop {
    pub(crate) fn new() -> Self {
        Self { shop: Workshop::new(), dir: tempfile::tempdir().unwrap(), made: 0.into() }
    }

    fn next(&self) -> String {
        self.made.set(self.made.get() + 1);
        format!("made{}", self.made.get())
    }

    /// A package of these files.
    pub(crate) fn package(&self, tree: &Tree) -> PathBuf {
        let name = self.next();
        let dir = self.dir.path().join(&name);
        for (path, content) in tree {
            let file = dir.join(path.trim_start_matches('/'));
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, content).unwrap();
        }
        self.built(&name, &dir)
    }

    /// A package of what is below `usr` in a directory.
    pub(crate) fn built(&self, name: &str, dir: &Path) -> PathBuf {
        let defines =
            [("tree", dir.to_str().unwrap()), ("_build_id_links", "none"), ("_binary_payload", "w1.gzdio")];
        self.shop.build(name, SPEC, &defines)
    }

    pub(crate) fn compare(&self, reference: &Tree, rebuilt: &Tree) -> Compared {
        compare(&self.package(reference), &self.package(rebuilt))
    }

    /// A package with hard links, whose payload is not compressed.
    pub(crate) fn linked(&self, data: &str) -> PathBuf {
        self.shop.build(&self.next(), LINKED, &[("data", data), ("_binary_payload", "w.ufdio")])
    }

    /// The package with one file's entry twice in its payload.
    pub(crate) fn payload_twice(&self, package: &Path, name: &str) -> PathBuf {
        let mut bytes = std::fs::read(package).unwrap();
        let name = [name.as_bytes(), b"\0"].concat();
        let at = bytes.windows(name.len()).rposition(|window| window == name).unwrap() - 110;
        let size = |field: usize| {
            let digits = str::from_utf8(&bytes[at + 6 + 8 * field..at + 14 + 8 * field]).unwrap();
            usize::from_str_radix(digits, 16).unwrap()
        };
        let end = at + (110 + size(11)).next_multiple_of(4) + size(6).next_multiple_of(4);
        let entry = bytes[at..end].to_vec();
        bytes.splice(at..at, entry);
        let path = self.dir.path().join(self.next());
        std::fs::write(&path, bytes).unwrap();
        // Writes the size anew.
        self.shop.retag(&self.next(), &path, &[])
    }
}

/// Compares as the flow does, which has verified the packages before.
pub(crate) fn compare(reference: &Path, rebuilt: &Path) -> Compared {
    let stored = |path| Stored { path, digest: Digest::of(&std::fs::read(path).unwrap()) };
    compare_stored(stored(reference), stored(rebuilt), &Options::default()).unwrap()
}

/// The package is undecided since this file can't be read, for a reason that has these words.
pub(crate) fn unreadable(compared: &Compared, path: &str, why: &str) {
    let told = compared.findings.iter().find(|finding| {
        finding.rule == "unreadable" && finding.subject.starts_with(path) && finding.found.contains(why)
    });
    assert!(told.is_some_and(|finding| !finding.found.is_empty()), "{path}: {why}: {compared:#?}");
    assert_eq!(compared.verdict, Verdict::Undecided);
}

/// What a process of its own found.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) verdict: String,
    /// Rule, severity, subject and what was found.
    pub(crate) findings: Vec<[String; 4]>,
    /// Largest memory that the process had, in MiB.
    peak: u64,
}

impl Outcome {
    /// It is undecided, and a finding of this rule has these words.
    pub(crate) fn undecided(&self, rule: &str, path: &str, why: &str) {
        let told = self.findings.iter().any(|[name, severity, subject, found]| {
            name == rule && severity == "Undecided" && subject.starts_with(path) && found.contains(why)
        });
        assert!(told && self.verdict == Verdict::Undecided.to_string(), "{path}: {why}: {self:#?}");
    }
}

const REFERENCE: &str = "HEIRLOOM_HOSTILE_REFERENCE";
const REBUILT: &str = "HEIRLOOM_HOSTILE_REBUILT";

/// Compares two packages in a process of their own. Panics if it does not end, ends badly, or takes too much.
pub(crate) fn compare_apart(reference: &Path, rebuilt: &Path) -> Outcome {
    let out = tempfile::NamedTempFile::new().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "support::judges_in_a_process_of_its_own", "--ignored", "--nocapture"])
        .env(REFERENCE, reference)
        .env(REBUILT, rebuilt)
        .stdout(Stdio::from(out.reopen().unwrap()))
        .spawn()
        .unwrap();
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if began.elapsed() > MOST_TIME {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("the comparison does not end");
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let text = std::fs::read_to_string(out.path()).unwrap();
    assert!(status.success(), "the comparison ended with {status}: {text}");
    let mut outcome = Outcome::default();
    for line in text.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        match fields[..] {
            ["verdict", verdict] => outcome.verdict = verdict.to_owned(),
            ["peak", peak] => outcome.peak = peak.parse().unwrap(),
            ["finding", rule, severity, subject, found] => {
                outcome.findings.push([rule, severity, subject, found].map(str::to_owned));
            }
            _ => {}
        }
    }
    assert!(outcome.peak > 0 && outcome.peak < MOST_MEMORY, "it took {} MiB: {outcome:#?}", outcome.peak);
    outcome
}

#[test]
#[ignore = "other tests run it in a process of its own"]
fn judges_in_a_process_of_its_own() {
    let (Some(reference), Some(rebuilt)) = (std::env::var_os(REFERENCE), std::env::var_os(REBUILT)) else {
        return;
    };
    let compared = compare(Path::new(&reference), Path::new(&rebuilt));
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    let mut text = format!("\nverdict\t{}\npeak\t{}\n", compared.verdict, peak / 1024);
    let short = |text: &str| text.chars().take(400).collect::<String>().replace(['\t', '\n'], " ");
    for finding in compared.findings.iter().take(1000) {
        let (subject, found) = (short(&finding.subject), short(&finding.found));
        writeln!(text, "finding\t{}\t{:?}\t{subject}\t{found}", finding.rule, finding.severity).unwrap();
    }
    println!("{text}");
}
