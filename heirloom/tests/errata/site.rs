//! The site that is laid out of advisories, judged by those who read such sites.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use testkit::gpg::Key;
use testkit::tool::Tool;
use testkit::{npm, pypi};

use crate::ran::Ran;
use crate::{WHOSE, heirloom, osv};

const HOME: &str = "https://kestrel.example";
/// A title that is none of ours.
const HOSTILE: &str = "<script>alert(1)</script> & \\\"x\\\" onload=\\\"y\\\"\\r\\nBcc: all@evil.example \u{fc}n\u{ef} \u{1f984} and so on, until the subject has to be folded";

const VEX: &str = r#"
[[statement]]
cve = "CVE-2026-0001"
package = "bash"
status = "not affected"
justification = "vulnerable_code_not_present"
why = "bash is <another> program"
since = "2026-01-05"

[[statement]]
cve = "CVE-2026-0003"
package = "bash"
major = "9"
status = "under investigation"
since = "2026-01-06"

[[statement]]
cve = "CVE-2026-0004"
package = "zsh"
status = "will not fix"
why = "nobody uses it so"
since = "2026-01-07"

[[rejected]]
cve = "CVE-2026-0005"
why = "a duplicate"
since = "2026-01-08"
"#;

struct World {
    dir: tempfile::TempDir,
    key: Key,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let key = Key::throwaway("Kestrel <security@kestrel.example>").unwrap();
        let secret = dir.path().join("secret.asc");
        fs::write(&secret, key.secret().unwrap()).unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
        fs::create_dir(dir.path().join("in")).unwrap();
        // What was taken over leads to where it was taken from.
        let put = |name: &str, text: String| {
            let text = text.replace("https://kestrel.example/errata", "https://upstream.example/errata");
            fs::write(dir.path().join("in").join(name), text).unwrap();
        };
        put("a.json", osv("KESA-2026:1", "alpha", "2-1", "CVE-2026-0001"));
        let hostile = osv("KESA-2026:2", "beta", "1:2-1", "CVE-2026-0002");
        let hostile =
            hostile.replace("Important: beta security update", HOSTILE).replace("2026-01-03", "2026-01-04");
        put(
            "b.json",
            hostile.replace(
                "\"references\": [",
                "\"references\": [{\"type\": \"WEB\", \"url\": \"javascript:alert(2)\"}, ",
            ),
        );
        let withdrawn = osv("KESA-2025:9", "gamma", "2-1", "CVE-2025-0009");
        put(
            "c.json",
            withdrawn.replace("\"published\"", "\"withdrawn\": \"2026-01-03T00:00:00Z\", \"published\""),
        );
        fs::write(dir.path().join("vex.toml"), VEX).unwrap();
        Self { dir, key }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    fn site(&self, to: &str, more: &[&str]) -> Ran {
        let args = [
            "--format",
            "json",
            "errata",
            "site",
            "in",
            "--to",
            to,
            "--key",
            "secret.asc",
            "--vex",
            "vex.toml",
        ];
        heirloom(self.dir.path(), &[&args[..], &WHOSE[..], more].concat())
    }

    /// What independent readers find.
    fn judged(&self, site: &str) -> Value {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errata/site.py");
        let packages = pypi::packages(&["feedparser==6.0.14", "html5lib==1.1"]).unwrap();
        let said = Tool::new("/usr/bin/python3")
            .env("PYTHONPATH", packages)
            .arg(script)
            .arg(self.path(site))
            .arg(HOME)
            .run()
            .unwrap();
        serde_json::from_str(&said).unwrap()
    }
}

#[test]
fn a_site_is_whole_and_readers_read_it() {
    let world = World::new();
    let ran = world.site("out", &["--expires", "2027-06-30"]).expect(0).json();
    assert_eq!(ran["written"], json!({"csaf": 3, "osv": 3, "oval": 1, "updateinfo": 1, "vex": 5}));
    assert_eq!(
        (&ran["disagreements"], &ran["wrong_statements"], &ran["outdated_statements"]),
        (&json!([]), &json!([]), &json!([]))
    );

    let judged = world.judged("out");
    assert_eq!(judged["advisories"], json!(["KESA-2025:9", "KESA-2026:1", "KESA-2026:2"]));
    assert_eq!(judged["documents"].as_array().unwrap().len(), 8);
    assert_eq!(judged["pages"], 3 + 5 + 2);
    for (name, version) in [("advisories.atom", "atom10"), ("advisories.rss", "rss20")] {
        let feed = &judged["feeds"][name];
        assert_eq!((&feed["version"], &feed["updated"]), (&json!(version), &json!([2026, 1, 4])), "{feed}");
        let ids: Vec<_> =
            feed["entries"].as_array().unwrap().iter().map(|entry| entry[0].as_str().unwrap()).collect();
        let ends: Vec<_> = ids.iter().map(|id| id.rsplit('/').next().unwrap()).collect();
        assert_eq!(ends, ["KESA-2026:2.html", "KESA-2025:9.html", "KESA-2026:1.html"]);
        assert!(feed["entries"][1][1].as_str().unwrap().starts_with("Withdrawn: KESA-2025:9"));
    }
    let mail = &judged["mails"]["KESA-2026:1.txt"];
    assert_eq!(mail["subject"], "[KESA-2026:1] Important: alpha security update");
    assert_eq!(mail["from"], "security@kestrel.example");
    assert_eq!(mail["date"], "2026-01-02T00:00:00+00:00");
    assert_eq!(mail["id"], "<kesa-2026_1.20260103T000000Z@kestrel.example>");
    let text = mail["text"].as_str().unwrap();
    assert!(text.contains("CVE:        CVE-2026-0001") && text.contains("alpha-2-1"), "{text}");
    let hostile = &judged["mails"]["KESA-2026:2.txt"];
    assert_eq!(
        hostile["headers"],
        json!([
            "Content-Transfer-Encoding",
            "Content-Type",
            "Date",
            "From",
            "MIME-Version",
            "Message-ID",
            "Subject"
        ])
    );
    let subject = hostile["subject"].as_str().unwrap();
    assert!(
        subject.contains("\u{fc}n\u{ef} \u{1f984} and so on") && subject.contains("Bcc: all"),
        "{subject}"
    );
    let page = fs::read_to_string(world.path("out/advisories/KESA-2026:2.html")).unwrap();
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;x&quot;"), "{page}");
    assert!(page.contains("javascript:alert(2)") && !page.contains("\"javascript:"), "{page}");

    let security = fs::read_to_string(world.path("out/.well-known/security.txt")).unwrap();
    assert!(
        security.contains("Contact: mailto:security@kestrel.example\nExpires: 2027-06-30T23:59:59Z\n"),
        "{security}"
    );

    // The same again gives the same bytes.
    world.site("again", &["--expires", "2027-06-30"]).expect(0);
    Tool::new("diff").arg("-r").arg(world.path("out")).arg(world.path("again")).run().unwrap();
    // Signatures of documents that are the same are taken from an earlier site; what is none there is made anew.
    let changed = world.path("again/csaf/white/2026/kesa-2026_1.json.asc");
    fs::write(&changed, "no signature").unwrap();
    world.site("third", &["--expires", "2027-06-30", "--before", "again"]).expect(0);
    Tool::new("diff").arg("-r").arg(world.path("out")).arg(world.path("third")).run().unwrap();
    // Nobody's last day is today.
    world.site("never", &[]).expect(0);
    assert!(!world.path("never/.well-known/security.txt").exists());
    for day in ["tomorrow", "2027-02-30", "2027-06-30T00:00:00Z"] {
        assert!(world.site("wrong", &["--expires", day]).expect(2).stderr.contains("is no day"));
    }
    assert!(world.site("out", &[]).expect(1).stderr.contains("out is there already"));
}

#[test]
fn pages_and_documents_say_the_state_of_each_package() {
    let world = World::new();
    world.site("out", &[]).expect(0);
    let page = |cve: &str| fs::read_to_string(world.path(&format!("out/cve/{cve}.html"))).unwrap();
    let one = page("CVE-2026-0001");
    assert!(
        one.contains(
            "<td class=\"fixed\">fixed</td><td><a href=\"../advisories/KESA-2026%3A1.html\">KESA-2026:1</a>"
        ),
        "{one}"
    );
    assert!(one.contains("<td class=\"not-affected\">not affected</td><td>The vulnerable code is not in it. bash is &lt;another&gt; program</td>"), "{one}");
    assert!(page("CVE-2026-0003").contains("under investigation"));
    assert!(
        page("CVE-2026-0004")
            .contains("<td class=\"will-not-fix\">will not fix</td><td>nobody uses it so</td>")
    );
    assert!(page("CVE-2026-0005").contains("<strong>a duplicate</strong> It concerns no package."));
    // What was withdrawn fixes nothing.
    assert!(!world.path("out/cve/CVE-2025-0009.html").exists());

    // All documents hold to the standard: the schema and its mandatory tests.
    let dir = world.path("out/csaf/white/2026");
    let mut documents: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    documents.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    assert_eq!(documents.len(), 8);
    let library = npm::packages(&["@secvisogram/csaf-validator-lib@2.0.10"]).unwrap();
    let validate = |documents: &[PathBuf]| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errata/csaf.mjs");
        Tool::new(npm::node().unwrap()).arg(script).arg(&library).args(documents).run()
    };
    assert_eq!(validate(&documents).unwrap().trim(), "8 are valid");
    // The judge does judge: what is not affected has to say why.
    let rejected = world.path("out/csaf/white/2026/cve-2026-0005.json");
    let text = fs::read_to_string(&rejected).unwrap();
    fs::write(&rejected, text.replace("\"threats\":[", "\"threats\":[],\"others\":[")).unwrap();
    let refused = validate(&[rejected]).unwrap_err().to_string();
    assert!(refused.contains("mandatoryTest_6_1_27_9"), "{refused}");
}

#[test]
fn digests_and_signatures_hold() {
    let world = World::new();
    world.site("out", &[]).expect(0);
    let fingerprint = world.key.fingerprint();
    let home = tempfile::tempdir().unwrap();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let gpg = || Tool::new("gpg").arg("--homedir").arg(home.path()).args(["--batch", "--quiet"]);
    gpg().arg("--import").arg(world.path(&format!("out/csaf/openpgp/{fingerprint}.asc"))).run().unwrap();
    let verify = |file: &str| {
        let signature = world.path(&format!("out/{file}.asc"));
        gpg()
            .args(["--status-fd", "1", "--verify"])
            .arg(signature)
            .arg(world.path(&format!("out/{file}")))
            .run()
    };
    let documents = ["csaf/white/2026/kesa-2026_1.json", "csaf/white/2026/cve-2026-0001.json", "SHA256SUMS"];
    for file in documents {
        assert!(verify(file).unwrap().contains(&format!("VALIDSIG {fingerprint}")), "{file}");
    }
    Tool::new("sha256sum")
        .dir(world.path("out"))
        .args(["--check", "--strict", "--quiet", "SHA256SUMS"])
        .run()
        .unwrap();
    for ending in ["sha256", "sha512"] {
        let sums = format!("cve-2026-0001.json.{ending}");
        let dir = world.path("out/csaf/white/2026");
        Tool::new(format!("{ending}sum"))
            .dir(dir)
            .args(["--check", "--strict", "--quiet", &sums])
            .run()
            .unwrap();
    }
    let listed = fs::read_to_string(world.path("out/SHA256SUMS")).unwrap();
    let files = Tool::new("find").arg(world.path("out")).args(["-type", "f"]).run().unwrap();
    let is_signature =
        |file: &&str| file.strip_suffix(".asc").is_some_and(|signed| Path::new(signed).exists());
    let count = files.lines().filter(|file| !is_signature(file)).count();
    assert_eq!(listed.lines().count() + 1, count, "all but itself and signatures");

    let file = world.path(&format!("out/{}", documents[0]));
    fs::write(&file, fs::read_to_string(&file).unwrap().replace("alpha", "gamma")).unwrap();
    assert!(verify(documents[0]).is_err());
}

#[test]
fn contradictions_are_told_and_the_rest_is_laid_out() {
    let world = World::new();
    let more = "\n[[statement]]\ncve = \"CVE-2026-0002\"\npackage = \"beta\"\nstatus = \"not affected\"\nwhy = \"no\"\nsince = \"2026-01-09\"\n\
                [[statement]]\ncve = \"CVE-2026-0001\"\npackage = \"alpha\"\nstatus = \"under investigation\"\nsince = \"2026-01-01\"\n";
    fs::write(world.path("vex.toml"), format!("{VEX}{more}")).unwrap();
    let ran = world.site("out", &[]).expect(5).json();
    assert_eq!(
        ran["wrong_statements"],
        json!(["line 30: CVE-2026-0002, beta is `not affected`, but KESA-2026:2 fixes it there"])
    );
    assert_eq!(
        ran["outdated_statements"],
        json!(["line 36: CVE-2026-0001, alpha is `under investigation`, but KESA-2026:1 has fixed it"])
    );
    let page = fs::read_to_string(world.path("out/cve/CVE-2026-0002.html")).unwrap();
    assert!(page.contains("fixed") && !page.contains("not affected"), "the advisory counts: {page}");
    fs::write(world.path("vex.toml"), VEX.replace("will not fix", "wont fix")).unwrap();
    let refused = world.site("other", &[]).expect(3);
    assert!(
        refused.stderr.contains("vex.toml") && refused.stderr.contains("did you mean `will not fix`?"),
        "{}",
        refused.stderr
    );
    assert!(!world.path("other").exists());
}
