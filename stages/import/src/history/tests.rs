use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use heirloom_model::record::{Edit, Imported, SourceFile};
use heirloom_store::{Store, StoreError};
use tempfile::TempDir;

use super::*;
use crate::{Importer, sources};

mod kill;
mod measure;
mod served;

const WHO: Identity<'_> = Identity { name: "Example Linux Foundation", email: "imports@example.org" };
const SPEC: &str = "Name: hello\nVersion: 1.0\nVendor: Upstream Inc.\n";

/// A store, and a history beside it.
struct Place {
    path: PathBuf,
    store: Store,
    _dir: Option<TempDir>,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().to_owned();
        Self { _dir: Some(dir), ..Self::at(path) }
    }

    fn at(path: PathBuf) -> Self {
        // What a killed process was just starting has its lock for a moment.
        let mut store = Store::open(&path.join("state"));
        for _ in 0..100 {
            if !matches!(store, Err(StoreError::Locked(_))) {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
            store = Store::open(&path.join("state"));
        }
        Self { store: store.unwrap(), path, _dir: None }
    }

    fn history(&self) -> PathBuf {
        self.path.join("history")
    }

    fn repository(&self, name: &str) -> PathBuf {
        self.history().join(format!("{name}.git"))
    }

    fn imported(&self, name: &str, files: &[(&str, &[u8])]) -> Imported {
        let mut kept = Vec::new();
        for (file, bytes) in files {
            let digest = self.store.put(bytes).unwrap();
            let origin = format!("{}/{file}", self.path.display());
            kept.push(SourceFile { name: (*file).to_owned(), digest, size: bytes.len() as u64, origin });
        }
        kept.sort_by(|a, b| a.name.cmp(&b.name));
        Imported {
            name: name.to_owned(),
            spec: format!("{}.spec", name.split('@').next().unwrap()),
            files: kept,
            origin: format!("{}/{name}@c0ffee", self.path.display()),
            own: false,
            nevra: None,
            published: None,
        }
    }

    fn record(&self, pristine: &Imported, result: &Imported, version: &str, time: u64) -> Committed {
        let edits = match pristine == result {
            true => Vec::new(),
            false => vec![Edit {
                rule: format!("{}/rules/all.toml:7", self.path.display()),
                purpose: "The vendor is ours".to_owned(),
                file: result.spec.clone(),
                done: "replaced 1 time".to_owned(),
            }],
        };
        let entry = Entry { pristine, result, edits: &edits, version, time };
        record(&self.store, &self.history(), WHO, &entry).unwrap()
    }

    /// Three imports of one package: as it came, with other rules, a new version.
    fn three(&self) -> Committed {
        let patch: &[u8] = b"--- a\n+++ b\n";
        let old = self.imported("hello", &[("hello.spec", SPEC.as_bytes()), ("fix.patch", patch)]);
        let ours = SPEC.replace("Upstream Inc.", "Example");
        let first = self.imported("hello", &[("hello.spec", ours.as_bytes()), ("fix.patch", patch)]);
        self.record(&old, &old, "hello-1.0-1.el9", 1_600_000_000);
        self.record(&old, &first, "hello-1.0-1.el9", 1_600_000_000);
        let (new, ours) = (SPEC.replace("1.0", "2.0"), ours.replace("1.0", "2.0"));
        let new = self.imported("hello", &[("hello.spec", new.as_bytes())]);
        let second = self.imported("hello", &[("hello.spec", ours.as_bytes())]);
        self.record(&new, &second, "hello-2.0~rc1-1.el9", 1_700_000_000)
    }
}

fn git(repository: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "safe.directory=*", "-C"])
        .arg(repository)
        .args(arguments)
        .envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")])
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

/// All files below a directory, with their bytes.
fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push((path.clone(), fs::read(&path).unwrap())),
        }
    }
    found.sort();
    found
}

#[test]
fn branches_show_what_came_and_what_is_built() {
    let place = Place::new();
    let last = place.three();
    let repository = place.repository("hello");
    assert_eq!(
        git(&repository, &["rev-parse", "upstream", "main"]),
        format!("{}\n{}\n", last.upstream, last.main)
    );
    let diff = git(&repository, &["diff", "--stat", "--format=", "upstream", "main"]);
    assert!(diff.starts_with(" SPECS/hello.spec | 2 +-\n 1 file changed"), "{diff}");
    assert_eq!(git(&repository, &["rev-list", "--count", "upstream"]), "2\n");
    // One commit for each import on the branch itself, the pristine ones merged.
    assert_eq!(git(&repository, &["rev-list", "--count", "--first-parent", "main"]), "4\n");
    let subjects = git(&repository, &["log", "--first-parent", "--format=%s", "main"]);
    assert_eq!(
        subjects.lines().collect::<Vec<_>>(),
        [
            "Debrand hello-2.0~rc1-1.el9",
            "Debrand hello-1.0-1.el9",
            "Take hello-1.0-1.el9 as it is",
            "Import hello-1.0-1.el9"
        ]
    );
    // The newest is a merge; new rules alone bring nothing from upstream.
    let parents = git(&repository, &["show", "--no-patch", "--format=%P", "main", "main^"]);
    let id = |revision| git(&repository, &["rev-parse", revision]).trim().to_owned();
    assert_eq!(
        parents.split_whitespace().collect::<Vec<_>>(),
        [id("debranded/hello-1.0-1.el9@2"), last.upstream.clone(), id("debranded/hello-1.0-1.el9")]
    );
    assert_eq!(
        git(&repository, &["tag", "--list"]).lines().collect::<Vec<_>>(),
        [
            "debranded/hello-1.0-1.el9",
            "debranded/hello-1.0-1.el9@2",
            "debranded/hello-2.0%7Erc1-1.el9",
            "imports/hello-1.0-1.el9",
            "imports/hello-2.0%7Erc1-1.el9"
        ]
    );
    let said = git(&repository, &["log", "-1", "--format=%an <%ae> %at %cn <%ce> %ct%n%B", "main"]);
    assert!(said.starts_with(
        "Example Linux Foundation <imports@example.org> 1700000000 Example Linux Foundation <imports@example.org> \
         1700000000\nDebrand hello-2.0~rc1-1.el9\n\n- The vendor is ours\n  hello.spec: replaced 1 time (all.toml:7)\n"
    ), "{said}");
    let said = git(&repository, &["log", "-1", "--format=%B", "upstream"]);
    assert!(said.contains("\nOrigin: hello@c0ffee\nDigest: "), "{said}");
    assert_eq!(git(&repository, &["fsck", "--strict", "--full", "--no-dangling"]), "");
    assert!(!repository.join("hooks").exists());
    assert_eq!(fs::read_dir(repository.join("refs/heads")).unwrap().count(), 0);
}

#[test]
fn the_same_imports_make_the_same_commits_elsewhere() {
    let (here, there) = (Place::new(), Place::new());
    assert_eq!(here.three(), there.three());
    let refs = |place: &Place| fs::read_to_string(place.repository("hello").join("packed-refs")).unwrap();
    assert_eq!(refs(&here), refs(&there));
}

#[test]
fn nothing_new_writes_nothing() {
    let place = Place::new();
    let hello = place.imported("hello", &[("hello.spec", SPEC.as_bytes()), ("a.tar.gz", b"large")]);
    let first = place.record(&hello, &hello, "hello-1.0-1.el9", 1);
    let before = files(&place.history());
    let again = place.record(&hello, &hello, "called-otherwise", 2);
    assert_eq!((&again.upstream, &again.main, again.new), (&first.upstream, &first.main, false));
    assert_eq!(files(&place.history()), before);
}

#[test]
fn content_that_comes_back_is_an_import_too() {
    let place = Place::new();
    let one = place.imported("hello", &[("hello.spec", b"Name: hello\n")]);
    let two = place.imported("hello", &[("hello.spec", b"Name: hello\nEpoch: 1\n")]);
    let first = place.record(&one, &one, "hello-1-1", 1);
    place.record(&two, &two, "hello-1-1", 2);
    let third = place.record(&one, &one, "hello-1-1", 3);
    assert!(third.new && third.upstream != first.upstream);
    let tags = git(&place.repository("hello"), &["tag", "--list", "imports/*"]);
    assert_eq!(tags, "imports/hello-1-1\nimports/hello-1-1@2\nimports/hello-1-1@3\n");
    assert_eq!(git(&place.repository("hello"), &["rev-parse", "imports/hello-1-1"]).trim(), first.upstream);
}

#[test]
fn what_is_read_back_is_what_was_recorded() {
    let place = Place::new();
    let noise: Vec<u8> = (0..=255_u8).cycle().take(3000).collect();
    let large = vec![b'x'; 1024 * 1024 + 1];
    let names = [
        "with blank.txt",
        " leading",
        "trailing ",
        "ünïcødé – 名前.patch",
        "quo\"te",
        "back\\slash",
        "tab\tname",
        "line\rreturn",
        "a=1;b",
        "-dash",
        ".hidden",
        ".gitattributes",
        ".git",
        ".gitmodules",
        "GIT~1",
        "x.spec.in",
    ];
    let mut all: Vec<(&str, &[u8])> = names.iter().map(|name| (*name, name.as_bytes())).collect();
    all.extend([
        ("hello.spec", SPEC.as_bytes()),
        ("empty", b""),
        ("noise.png", &noise[..]),
        ("crlf.txt", b"a\r\nb\r\n"),
        ("big.txt", &large[..]),
        ("hello-1.0.tar.xz", &noise[..]),
        ("empty.tar.gz", b""),
    ]);
    let pristine = place.imported("hello", &all);
    all.retain(|(name, _)| *name != "noise.png");
    all.push(("our.zip", b"ours"));
    let result = place.imported("hello", &all);
    place.record(&pristine, &result, "hello-1.0-1.el9", 1);

    let repository = place.repository("hello");
    assert_eq!(git(&repository, &["fsck", "--strict", "--full", "--no-dangling"]), "");
    let listed = git(&repository, &["cat-file", "blob", "main:.hello.metadata"]);
    let large: Vec<_> = listed.lines().map(|line| line.split_once(' ').unwrap().1).collect();
    assert_eq!(
        large,
        [
            "SOURCES/.git",
            "SOURCES/.gitattributes",
            "SOURCES/.gitmodules",
            "SOURCES/GIT~1",
            "SOURCES/big.txt",
            "SOURCES/empty.tar.gz",
            "SOURCES/hello-1.0.tar.xz",
            "SOURCES/our.zip",
        ]
    );
    let modes = git(&repository, &["ls-tree", "-r", "--format=%(objectmode)", "main"]);
    assert!(modes.lines().all(|mode| mode == "100644"));

    for (branch, expected) in [(MAIN, &result), (UPSTREAM, &pristine)] {
        let read = read_back(&place.history(), branch);
        assert_eq!(read.digest(), expected.digest(), "{branch}");
        assert_eq!(read.files.len(), expected.files.len());
    }
}

/// Imports a branch into another store, which has nothing but what the history gives it.
fn read_back(history: &Path, branch: &str) -> Imported {
    let reader = Place::new();
    let importer = Importer::new(&reader.store, 2_000_000_000);
    let upstream = sources::Upstream::Git {
        location: history.display().to_string(),
        names: Vec::new(),
        branch: Some(branch.to_owned()),
        tags: None,
        lookaside: vec![format!("{}/{LOOKASIDE}/{{digest}}", history.display())],
        modules: None,
    };
    let settings = sources::Settings { exclude: &[LOOKASIDE], max_age_days: None, tick: &|_, _| () };
    let mut read = sources::import_upstream(&importer, &upstream, settings).unwrap();
    read.ordinary.append(&mut read.modular);
    read.ordinary.pop().unwrap()
}

#[test]
fn large_sources_are_links_to_the_store() {
    let place = Place::new();
    let hello = place.imported("hello", &[("hello.spec", SPEC.as_bytes()), ("a.tar.gz", b"large")]);
    place.record(&hello, &hello, "hello-1.0-1.el9", 1);
    let object = place.store.path(hello.files[0].digest);
    let kept = place.history().join(LOOKASIDE).join(hello.files[0].digest.to_string());
    assert_eq!(fs::metadata(object).unwrap().ino(), fs::metadata(kept).unwrap().ino());
}

#[test]
fn a_component_of_a_module_has_a_repository_too() {
    let place = Place::new();
    let files: [(&str, &[u8]); 2] = [("hello.spec", SPEC.as_bytes()), ("a.tar.gz", b"x")];
    let part = place.imported("hello@tool:1", &files);
    place.record(&part, &part, "hello-1.0-1.el9", 1);
    assert_eq!(git(&place.repository("hello@tool:1"), &["fsck", "--strict", "--full", "--no-dangling"]), "");
    assert_eq!(read_back(&place.history(), MAIN).digest(), part.digest());
}

#[test]
fn errors_say_what_to_do_and_leave_nothing() {
    let place = Place::new();
    let good = place.imported("hello", &[("hello.spec", SPEC.as_bytes())]);
    let fails = |imported: &Imported, who, says: &str| {
        let entry = Entry { pristine: imported, result: imported, edits: &[], version: "hello-1-1", time: 1 };
        let error = record(&place.store, &place.history(), who, &entry).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
        assert!(!place.repository("hello").join("packed-refs").exists());
    };
    for name in ["../up", "a\nb", "a\\.git", ".git ", ""] {
        let bad = place.imported("hello", &[("hello.spec", SPEC.as_bytes()), (name, b"x")]);
        fails(&bad, WHO, "can't have a source with the name");
    }
    for name in ["", "..", "a/b", "../../etc"] {
        let bad = Imported { name: name.to_owned(), ..good.clone() };
        fails(&bad, WHO, "can't be the name of a source package's repository");
    }
    for (name, email) in [("", "a@b"), ("A <b>", "a@b"), ("A", "a@b\nc"), ("A", " ")] {
        fails(&good, Identity { name, email }, "can't be a committer's name or address");
    }
    let mut lost = good.clone();
    lost.files[0].digest = heirloom_model::Digest::of(b"not there");
    fails(&lost, WHO, "is not in the store");
}

#[test]
fn branches_that_others_wrote_are_not_overwritten() {
    let place = Place::new();
    let last = place.three();
    let repository = place.repository("hello");
    git(&repository, &["update-ref", "refs/heads/main", &last.upstream]);
    let new = place.imported("hello", &[("hello.spec", b"Name: hello\nVersion: 3\n")]);
    let entry = Entry { pristine: &new, result: &new, edits: &[], version: "hello-3-1", time: 1 };
    let error = record(&place.store, &place.history(), WHO, &entry).unwrap_err().to_string();
    assert!(error.contains("refs/heads/main was written by another program"), "{error}");
    fs::remove_file(repository.join("refs/heads/main")).unwrap();
    // Tags and branches of other names stay, packed or not.
    git(
        &repository,
        &["-c", "user.name=A", "-c", "user.email=a@b", "tag", "-a", "-m", "said", "note", "main"],
    );
    git(&repository, &["gc", "--quiet"]);
    let committed = record(&place.store, &place.history(), WHO, &entry).unwrap();
    assert_eq!(
        git(&repository, &["rev-parse", "note^{}", "main"]),
        format!("{}\n{}\n", last.main, committed.main)
    );
    let served = fs::read_to_string(repository.join("info/refs")).unwrap();
    assert!(served.contains(&format!("{}\trefs/tags/note^{{}}\n", last.main)), "{served}");
    assert_eq!(git(&repository, &["fsck", "--strict", "--full", "--no-dangling"]), "");
}

#[test]
fn origins_show_neither_paths_nor_passwords() {
    for (origin, shown) in [
        ("/srv/dist-git/bzip2@c0ffee", "bzip2@c0ffee"),
        ("file:///srv/bzip2.src.rpm", "bzip2.src.rpm"),
        (
            "https://user:secret@git.example.org/rpms/bzip2.git@c0ffee",
            "https://git.example.org/rpms/bzip2.git@c0ffee",
        ),
        ("https://git.example.org/a@b", "https://git.example.org/a@b"),
    ] {
        assert_eq!(message::origin(origin), shown);
    }
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(48))]

    /// Whatever a version is, git takes its tag and gives the commit back.
    #[test]
    fn any_version_has_a_tag(version in "[a-c.~^:@{}/\\\\ lock*?\\[é%-]{1,12}|\\.{1,3}|a\\.lock|@") {
        let place = Place::new();
        let hello = place.imported("hello", &[("hello.spec", SPEC.as_bytes())]);
        let committed = place.record(&hello, &hello, &version, 1);
        let shown = git(&place.repository("hello"), &["for-each-ref", "--format=%(objectname)", "refs/tags/imports"]);
        proptest::prop_assert_eq!(shown.trim(), committed.upstream);
    }

    /// The list of references is read without a panic, and what is written is read back.
    #[test]
    fn never_panics(text in "[a-f0-9 /^#\n\té]{0,200}") {
        let place = Place::new();
        let repository = Repository::of(&place.path, "x").unwrap();
        fs::create_dir(&repository.path).unwrap();
        fs::write(repository.path.join("packed-refs"), &text).unwrap();
        if let Ok(refs) = repository.refs() {
            let _ = repository.recorded(&refs);
        }
    }
}
