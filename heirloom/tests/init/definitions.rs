//! Each definition against its layout.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use tempfile::TempDir;
use testkit::server::Server;
use testkit::tool::Tool;

use crate::public::{KEY, OLD_KEY, Public, bootstrap, digest, spec};
use crate::ran::Ran;

const NAMES: [&str; 10] = [
    "almalinux-8",
    "almalinux-9",
    "almalinux-10",
    "centos-stream-9",
    "centos-stream-10",
    "openela-8",
    "openela-9",
    "rocky-8",
    "rocky-9",
    "rocky-10",
];

fn heirloom(dir: &Path, arguments: &[&str]) -> Ran {
    let output =
        Command::new(env!("CARGO_BIN_EXE_heirloom")).current_dir(dir).args(arguments).output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A distribution in a directory of its own, made by `init --from`.
struct Site(TempDir);

impl Site {
    fn from(name: &str, options: &[&str]) -> Self {
        // Making a key takes long; one that is there is kept.
        static KEYS: LazyLock<TempDir> = LazyLock::new(|| {
            let dir = tempfile::tempdir().unwrap();
            heirloom(dir.path(), &["init"]).expect(0);
            dir
        });
        let site = Self(tempfile::tempdir().unwrap());
        Tool::new("cp").arg("-a").arg(KEYS.path().join("keys")).arg(site.path("keys")).run().unwrap();
        let said = heirloom(site.0.path(), &[&["init", "--from", name], options].concat()).expect(0);
        assert_eq!(said.stdout.contains("still to be supplied"), options.is_empty(), "{}", said.stdout);
        site
    }

    fn path(&self, below: &str) -> PathBuf {
        self.0.path().join(below)
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path("heirloom.toml")).unwrap()
    }

    /// Lets the definition's hosts be directories of this server, and the vendors' keys those of the tests.
    fn redirect(&self, server: &Server) {
        let old = "5E9B8F5617B5066CE92057C3488FCF7C3ABB34F8";
        let text = self.text().replace("\"https://", &format!("\"{}", server.url("")));
        let lines = text.lines().map(|line| match line.strip_prefix("fingerprint = ") {
            Some(pinned) => {
                let key = if pinned.contains(old) { &OLD_KEY } else { &KEY };
                format!("fingerprint = \"{}\"\n", key.fingerprint())
            }
            None => format!("{line}\n"),
        });
        fs::write(self.path("heirloom.toml"), lines.collect::<String>()).unwrap();
    }

    fn redefine(&self, from: &str, to: &str) {
        let text = self.text();
        assert!(text.contains(from), "{from} is not in:\n{text}");
        fs::write(self.path("heirloom.toml"), text.replace(from, to)).unwrap();
    }

    /// What an import says of the source packages that it brings in.
    fn import(&self) -> serde_json::Value {
        heirloom(self.0.path(), &["--format", "json", "import"]).expect(0).json()
    }
}

/// Names of packages, and where each is from.
fn packages(lines: &serde_json::Value) -> Vec<(&str, &str)> {
    let lines = lines.as_array().unwrap().iter();
    lines.map(|line| (line["package"].as_str().unwrap(), line["origin"].as_str().unwrap())).collect()
}

/// Makes a site of this name, serves the layout, imports from it; gives the components of modules that came.
fn imports(name: &str, public: &Public, prepare: impl FnOnce(&Site)) -> Vec<String> {
    let server = Server::start(public.root()).unwrap();
    let work = tempfile::tempdir().unwrap();
    let key = work.path().join("first.asc");
    fs::write(&key, KEY.public().unwrap()).unwrap();
    let first = bootstrap(work.path());
    let options = [format!("--bootstrap={}", first.display()), format!("--bootstrap-key={}", key.display())];
    let site = Site::from(name, &[&options[0], &options[1]]);
    site.redirect(&server);
    prepare(&site);
    let report = site.import();
    let sources = packages(&report["sources"]);
    let names: Vec<_> = sources.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["alpha", "beta", "kestrel-release"], "{name}");
    assert!(sources[0].1.starts_with(&server.url("")), "{}", sources[0].1);
    // A key that is not the pinned one ends it.
    let pinned = format!("fingerprint = \"{}\"", KEY.fingerprint());
    site.redefine(&pinned, &pinned.replace(KEY.fingerprint(), &"0".repeat(40)));
    let refused = heirloom(site.0.path(), &["import"]).expect(1);
    assert!(refused.stderr.contains(KEY.fingerprint()), "{}", refused.stderr);
    packages(&report["modular"]).into_iter().map(|(name, _)| name.to_owned()).collect()
}

fn rocky(public: &Public, major: &str, crb: &str) {
    let at = |path: &str| format!("dl.rockylinux.org/pub/rocky/{major}/{path}");
    public.write(&format!("dl.rockylinux.org/pub/rocky/RPM-GPG-KEY-Rocky-{major}"), KEY.public().unwrap());
    public.binaries([&at("BaseOS/x86_64/os"), &at("AppStream/x86_64/os"), &at(&format!("{crb}/x86_64/os"))]);
    public.sources([
        &at("BaseOS/source/tree"),
        &at("AppStream/source/tree"),
        &at(&format!("{crb}/source/tree")),
    ]);
}

#[test]
fn rocky_linux() {
    for (major, crb) in [("8", "PowerTools"), ("9", "CRB"), ("10", "CRB")] {
        let public = Public::new();
        rocky(&public, major, crb);
        imports(&format!("rocky-{major}"), &public, |_| ());
    }
}

#[test]
fn almalinux() {
    for (major, crb, sources) in [
        ("8", "PowerTools", "repo.almalinux.org/almalinux/8"),
        ("9", "CRB", "vault.almalinux.org/9"),
        ("10", "CRB", "vault.almalinux.org/10"),
    ] {
        let public = Public::new();
        let old = if major == "8" { OLD_KEY.public().unwrap() } else { String::new() };
        public.write(
            &format!("repo.almalinux.org/almalinux/RPM-GPG-KEY-AlmaLinux-{major}"),
            format!("{}{old}", KEY.public().unwrap()),
        );
        let at = |part: &str| format!("repo.almalinux.org/almalinux/{major}/{part}/x86_64/os");
        public.binaries([&at("BaseOS"), &at("AppStream"), &at(crb)]);
        let at = |part: &str| format!("{sources}/{part}/Source");
        public.sources([&at("BaseOS"), &at("AppStream"), &at(crb)]);
        imports(&format!("almalinux-{major}"), &public, |_| ());
    }
}

#[test]
fn centos_stream() {
    for major in ["9", "10"] {
        let public = Public::new();
        public.write("www.centos.org/keys/RPM-GPG-KEY-CentOS-Official-SHA256", KEY.public().unwrap());
        let at = |part: &str| format!("mirror.stream.centos.org/{major}-stream/{part}/x86_64/os");
        public.binaries([&at("BaseOS"), &at("AppStream"), &at("CRB")]);
        for name in ["alpha", "beta"] {
            // Flat, with a list of what the lookaside has.
            let file = format!("{name}-1.tar.gz");
            let digest = digest("sha512sum", name);
            public.git(
                &format!("gitlab.com/redhat/centos-stream/rpms/{name}.git"),
                &format!("c{major}s"),
                &[
                    (&format!("{name}.spec"), &spec(name)),
                    ("sources", &format!("SHA512 ({file}) = {digest}\n")),
                    ("gating.yaml", "--- !Policy\n"),
                    (".gitignore", "/*.tar.gz\n"),
                ],
            );
            public.write(
                &format!("sources.stream.centos.org/sources/rpms/{name}/{file}/sha512/{digest}/{file}"),
                name,
            );
        }
        imports(&format!("centos-stream-{major}"), &public, |_| ());
    }
}

#[test]
fn openela() {
    const LOOKASIDE: &str = "ax8edlmsvvfp.compat.objectstorage.us-phoenix-1.oraclecloud.com/mship-srpm1";
    for (major, crb) in [("8", "PowerTools"), ("9", "CRB")] {
        let public = Public::new();
        rocky(&public, major, crb);
        let package = |name: &str, branch: &str| {
            let digest = digest("sha256sum", name);
            public.git(
                &format!("github.com/openela-main/{name}.git"),
                branch,
                &[
                    (&format!("SPECS/{name}.spec"), &spec(name)),
                    (&format!(".{name}.metadata"), &format!("{digest} SOURCES/{name}-1.tar.gz\n")),
                    (".gitignore", "SOURCES/*.tar.gz\n"),
                ],
            );
            public.write(&format!("{LOOKASIDE}/{digest}"), name);
        };
        package("alpha", &format!("el{major}"));
        package("beta", &format!("el{major}"));
        package("gamma", &format!("el{major}-stream-1"));
        let module = "document: modulemd\nversion: 2\ndata:\n  name: tool\n  stream: \"1\"\n  summary: x\n  \
                      description: x\n  license:\n    module: [MIT]\n  components:\n    rpms:\n      gamma:\n        \
                      rationale: It is the tool.\n";
        public.git(
            "github.com/openela-main/tool.git",
            &format!("el{major}-modulemd-1"),
            &[("SOURCES/modulemd.src.txt", module), (".tool.metadata", "")],
        );
        let modular = imports(&format!("openela-{major}"), &public, |site| {
            site.redefine("streams = []", "streams = [\"tool:1\"]");
        });
        assert_eq!(modular, ["gamma@tool:1"]);
    }
}

/// The value at these keys of a definition.
fn at<'a>(definition: &'a toml::Table, keys: &[&str]) -> Option<&'a toml::Value> {
    let (last, tables) = keys.split_last().unwrap();
    tables.iter().try_fold(definition, |table, key| table.get(*key)?.as_table())?.get(*last)
}

#[test]
fn previews_are_what_centos_stream_is() {
    let parse = |name: &str| Site::from(name, &[]).text().parse::<toml::Table>().unwrap();
    let mut previews = 0;
    for name in NAMES {
        let (vendor, major) = name.rsplit_once('-').unwrap();
        let definition = parse(name);
        let preview = at(&definition, &["preview", "upstream"]);
        assert_eq!(preview.is_some(), vendor != "centos-stream" && major != "8", "{name}");
        if preview.is_some() {
            let stream = parse(&format!("centos-stream-{major}"));
            assert_eq!(preview, at(&stream, &["upstream"]), "{name}");
            assert_eq!(at(&definition, &["preview", "reference"]), at(&stream, &["reference"]), "{name}");
            let pin = ["keys", "centos-official", "fingerprint"];
            assert_eq!(at(&definition, &pin), at(&stream, &pin), "{name}");
            previews += 1;
        }
    }
    assert_eq!(previews, 5);
}

#[test]
fn what_is_given_counts() {
    let exclude = "--exclude=shim=needs a signature";
    let site = Site::from("rocky-9", &[exclude, "--release=9.6", "--bootstrap=b", "--name=Other Linux"]);
    let definition = site.text().parse::<toml::Table>().unwrap();
    let text = |keys: &[&str]| at(&definition, keys).unwrap().as_str().unwrap().to_owned();
    assert_eq!(text(&["distribution", "name"]), "Other Linux");
    assert_eq!(text(&["distribution", "version"]), "9.6");
    assert_eq!(text(&["distribution", "dist"]), ".el9");
    assert_eq!(text(&["bootstrap", "location"]), "b");
    let excluded = at(&definition, &["upstream", "exclude"]).unwrap().as_array().unwrap();
    assert_eq!(excluded[0]["package"].as_str(), Some("shim"));

    // Without a bootstrap repository of one's own, that is what is missing.
    let site = Site::from("rocky-10", &[]);
    assert!(site.text().contains("version = \"10\""));
    let missing = heirloom(site.0.path(), &["import"]).expect(1);
    assert!(missing.stderr.contains("bootstrap/repodata/repomd.xml"), "{}", missing.stderr);
}

#[test]
fn what_can_not_be_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let refused = |arguments: &[&str], code, says: &[&str]| {
        let ran = heirloom(dir.path(), arguments).expect(code);
        for words in says {
            assert!(ran.stderr.contains(words), "{words} is not in:\n{}", ran.stderr);
        }
        assert!(!dir.path().join("heirloom.toml").exists());
    };
    refused(&["init", "--from", "rocky9"], 2, &[&["a similar value exists: 'rocky-9'"], &NAMES[..]].concat());
    refused(&["init", "--from", "rocky-9", "--upstream", "x"], 2, &["cannot be used with"]);
    refused(&["init", "--from", "rocky-9", "--release", "8.10"], 1, &["--release is 8.10, but rocky-9"]);
}
