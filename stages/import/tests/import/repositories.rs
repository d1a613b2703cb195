//! Repositories and directories of source RPMs.

use std::fs;
use std::path::{Path, PathBuf};

use heirloom_import::sources::{self, Upstream};
use heirloom_import::{Importer, repository};
use heirloom_model::record::{Imported, RepositoryRole, Watched};
use testkit::gpg::Key;
use testkit::rpm_builder::RpmBuilder;
use testkit::server::{Fault, Server};
use testkit::tool::Tool;
use testkit::{corrupt, repo};

use crate::site::{Site, now, says, settings};

const DAY: u64 = 24 * 60 * 60;

pub(crate) struct Signed {
    pub(crate) site: Site,
    pub(crate) key: Key,
    pub(crate) keys: Vec<PathBuf>,
}

impl Signed {
    pub(crate) fn new() -> Self {
        let site = Site::new();
        let key = Key::throwaway("Vendor <vendor@example.org>").unwrap();
        let keys = vec![site.write("../key.asc", key.public().unwrap())];
        Self { site, key, keys }
    }

    /// Adds a signed source RPM.
    pub(crate) fn add(&self, builder: &RpmBuilder) -> PathBuf {
        let out = tempfile::tempdir().unwrap();
        let built = builder.build(out.path()).unwrap();
        self.key.sign_rpms(std::slice::from_ref(&built.source)).unwrap();
        let there = self.site.path("up").join(built.source.file_name().unwrap());
        fs::copy(&built.source, &there).unwrap();
        there
    }

    /// Writes and signs metadata of this time.
    pub(crate) fn publish(&self, time: u64) {
        repo::repo_at(&self.site.path("up"), time).unwrap();
        repo::sign(&self.site.path("up"), &self.key).unwrap();
    }

    pub(crate) fn upstream(&self, locations: &[String]) -> Upstream {
        Upstream::SrpmRepository { locations: locations.to_vec(), keys: self.keys.clone() }
    }

    fn local(&self) -> Upstream {
        self.upstream(&[self.site.path("up").display().to_string()])
    }
}

fn package(name: &str, version: &str) -> RpmBuilder {
    RpmBuilder::new(name, version).file(&format!("/usr/share/{name}"), format!("{name} {version}\n"))
}

#[test]
fn a_repository_over_http_and_a_directory_give_the_same() {
    let signed = Signed::new();
    signed.add(&package("one", "1.9"));
    signed.add(&package("one", "1.10"));
    signed.add(&package("two", "1"));
    signed.publish(now() - DAY);
    let server = Server::start(&signed.site.path("up")).unwrap();
    let away = signed.upstream(&[server.url("")]);
    let sources = signed.site.import(&away).unwrap().ordinary;
    let one = &sources[0];
    assert_eq!(one.nevra.as_ref().unwrap().to_string(), "one-1.10-1.src");
    assert_eq!((one.published, sources.len()), (Some(1_700_000_000), 2));
    let arrival = signed.site.arrival("one").unwrap();
    assert_eq!((arrival.nevra.clone(), arrival.published), (one.nevra.clone(), one.published));
    // The packages themselves are not kept, only what is in them.
    signed.site.has_only(&["one", "two"]);

    let requests = server.requests(None).len();
    assert_eq!(signed.site.import(&away).unwrap().ordinary, sources);
    assert_eq!(server.requests(None).len(), requests + 2, "repomd.xml and its signature, and no more");

    let other = Site::new();
    let dir = Upstream::Srpms { dir: signed.site.path("up"), keys: signed.keys.clone() };
    for _ in 0..2 {
        let found = other.import(&dir).unwrap().ordinary;
        let digests = |all: &[Imported]| all.iter().map(Imported::digest).collect::<Vec<_>>();
        assert_eq!(digests(&found), digests(&sources));
    }
    assert_eq!(other.store.history::<Imported>().unwrap().len(), 2);
}

#[test]
fn several_repositories_are_taken_together() {
    let (signed, second) = (Signed::new(), Signed::new());
    signed.add(&package("one", "1"));
    second.add(&package("one", "2"));
    second.add(&package("two", "1"));
    for signed in [&signed, &second] {
        signed.publish(now());
    }
    let locations = [&signed, &second].map(|signed| signed.site.path("up").display().to_string());
    let keys = [&signed, &second].into_iter().flat_map(|signed| signed.keys.clone()).collect();
    let upstream = Upstream::SrpmRepository { locations: locations.to_vec(), keys };
    let sources = signed.site.import(&upstream).unwrap().ordinary;
    let nevras: Vec<_> = sources.iter().map(|one| one.nevra.as_ref().unwrap().to_string()).collect();
    assert_eq!(nevras, ["one-2-1.src", "two-1-1.src"]);
}

#[test]
fn one_bad_package_is_no_fault_of_others() {
    let signed = Signed::new();
    signed.add(&package("good", "1"));
    let unsigned = package("unsigned", "1").build(&signed.site.path("out")).unwrap().source;
    fs::copy(&unsigned, signed.site.path("up/unsigned-1-1.src.rpm")).unwrap();
    let (changed, cut) = (signed.add(&package("changed", "1")), signed.add(&package("cut", "1")));
    signed.publish(now());
    corrupt::flip_byte(&changed, -20).unwrap();
    corrupt::truncate(&cut, 3000).unwrap();
    let server = Server::start(&signed.site.path("up")).unwrap();
    server.always("good-1-1.src.rpm", Fault::Redirect(server.url("./good-1-1.src.rpm?x")));
    for upstream in [signed.upstream(&[server.url("")]), signed.local()] {
        says(
            signed.site.import(&upstream),
            &[
                "3 of 4 source packages",
                "changed-1-1.src.rpm has the digest",
                "cut-1-1.src.rpm has",
                "unsigned:",
            ],
        );
        signed.site.has_only(&["good"]);
        let arrival = signed.site.arrival("changed").unwrap();
        assert!(arrival.imported.is_none() && arrival.failed.unwrap().contains("digest"));
    }
}

#[test]
fn older_metadata_with_a_good_signature_is_refused_until_it_is_accepted() {
    let signed = Signed::new();
    signed.add(&package("one", "1"));
    let old = now() - 10 * DAY;
    signed.publish(old);
    let kept = signed.site.path("old");
    Tool::new("cp").arg("-a").arg(signed.site.path("up/repodata")).arg(&kept).run().unwrap();
    signed.site.import(&signed.local()).unwrap();
    signed.add(&package("one", "2"));
    signed.publish(now() - DAY);
    signed.site.import(&signed.local()).unwrap();
    let repodata = signed.site.path("up/repodata");
    fs::remove_dir_all(&repodata).unwrap();
    fs::rename(kept, &repodata).unwrap();
    says(signed.site.import(&signed.local()), &["went back", "accept_older", "withholds"]);
    assert_eq!(signed.site.store.get::<Imported>("one").unwrap().unwrap().files.len(), 2);
    assert!(signed.site.store.get::<Imported>("one").unwrap().unwrap().origin.contains("one-2"));
    let repomd = crate::site::digest("sha256sum", &repodata.join("repomd.xml"));
    let importer = Importer { accept_older: vec![repomd.clone()], ..signed.site.importer() };
    let sources = sources::import_upstream(&importer, &signed.local(), settings()).unwrap();
    assert!(sources.ordinary[0].origin.contains("one-1"));
    let at = signed.site.path("up").display().to_string();
    assert_eq!(signed.site.store.get::<Watched>(&at).unwrap().unwrap().revision, repomd);
}

#[test]
fn a_reference_may_not_go_back_either_and_nothing_is_from_the_future() {
    let signed = Signed::new();
    signed.add(&package("one", "1"));
    let at = signed.site.path("up").display().to_string();
    let importer = signed.site.importer();
    let keys = importer.keyring(&signed.keys).unwrap();
    let import = || repository::import(&importer, RepositoryRole::Reference, "BaseOS", &at, &keys);
    signed.publish(now() - DAY);
    import().unwrap();
    signed.publish(now() - 2 * DAY);
    says(import(), &[&at, "went back"]);
    signed.publish(now() + 400 * DAY);
    says(import(), &[&at, "check the clock"]);
}

#[test]
fn an_upstream_that_stands_still_is_noticed() {
    let signed = Signed::new();
    signed.add(&package("one", "1"));
    signed.publish(now() - 100 * DAY);
    let import = |days| {
        let settings = sources::Settings { max_age_days: Some(days), ..settings() };
        sources::import_upstream(&signed.site.importer(), &signed.local(), settings)
    };
    says(import(90), &["more than the 90 days", "max_age_days"]);
    signed.site.has_only(&[]);
    import(110).unwrap();
    let dir = Upstream::Srpms { dir: signed.site.path("up"), keys: signed.keys.clone() };
    let old = sources::Settings { max_age_days: Some(30), ..settings() };
    says(sources::import_upstream(&signed.site.importer(), &dir, old), &["2023-11-14", "30 days"]);
}

/// Replaces a metadata file, and lists it in repomd.xml again with its right digest.
fn replace_metadata(signed: &Signed, kind: &str, content: &[u8], size: Option<u64>, open: u64) {
    let up = signed.site.path("up");
    fs::write(up.join("repodata/bomb"), content).unwrap();
    let digest = crate::site::digest("sha256sum", &up.join("repodata/bomb"));
    let text = fs::read_to_string(up.join("repodata/repomd.xml")).unwrap();
    let start = text.find(&format!("<data type=\"{kind}\"")).unwrap();
    let end = start + text[start..].find("</data>").unwrap();
    let size = size.unwrap_or(content.len() as u64);
    let data = format!(
        "<data type=\"{kind}\"><checksum type=\"sha256\">{digest}</checksum><location href=\"repodata/bomb\"/>\
         <timestamp>1</timestamp><size>{size}</size><open-size>{open}</open-size>"
    );
    fs::write(up.join("repodata/repomd.xml"), format!("{}{data}{}", &text[..start], &text[end..])).unwrap();
    repo::sign(&up, &signed.key).unwrap();
}

#[test]
fn bombs_in_signed_metadata_do_not_go_off() {
    let signed = Signed::new();
    signed.add(&package("one", "1"));
    signed.publish(now());
    let zeroes = |tool: &str, path: &Path| {
        let line = format!("head -c 300000000 /dev/zero | {tool} >bomb");
        crate::site::sh(path, &line);
        fs::read(path.join("bomb")).unwrap()
    };
    for tool in ["zstd -q", "gzip", "xz -1"] {
        let bomb = zeroes(tool, &signed.site.path(""));
        replace_metadata(&signed, "primary", &bomb, None, 5000);
        let result = signed.site.import(&signed.local());
        let error = std::error::Error::source(&result.unwrap_err()).map(crate::repositories::chain).unwrap();
        assert!(error.contains("more than the 5000 bytes"), "{tool}: {error}");
    }
    replace_metadata(&signed, "primary", b"<metadata/>", Some(5), 11);
    says(signed.site.import(&signed.local()), &["has 11 bytes", "says 5"]);
    signed.site.has_only(&[]);
}

pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
