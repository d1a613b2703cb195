//! Git repositories, here and over smart HTTP.

use std::fs;
use std::path::PathBuf;

use heirloom_import::sources::{self, Upstream};
use heirloom_import::{ImportError, Importer};
use heirloom_model::record::Imported;
use testkit::server::{Fault, Server};

use crate::site::{Site, commit, says, settings, sh};

const ENV: &str = "git -c user.name=x -c user.email=x@example.org";

struct Remote {
    site: Site,
    server: Server,
}

impl Remote {
    /// Packages in repositories that are served.
    fn new(packages: &[&str]) -> Self {
        let site = Site::new();
        for name in packages {
            site.tree(&format!("git/{name}"));
            // `tree` names files after the whole path.
            let dir = site.path("up/git").join(name);
            fs::rename(dir.join(format!("SPECS/git/{name}.spec")), dir.join(format!("SPECS/{name}.spec")))
                .unwrap();
            fs::remove_dir(dir.join("SPECS/git")).unwrap();
            commit(&dir, "c9");
        }
        let server = Server::start(&site.path("up")).unwrap();
        Self { site, server }
    }

    fn dir(&self, name: &str) -> PathBuf {
        self.site.path("up/git").join(name)
    }

    fn upstream(&self, location: &str, names: &[&str], branch: Option<&str>) -> Upstream {
        Upstream::Git {
            location: location.to_owned(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            branch: branch.map(str::to_owned),
            tags: branch.is_none().then(|| "imports/c9/".to_owned()),
            lookaside: Vec::new(),
            modules: None,
        }
    }

    fn away(&self, names: &[&str], branch: Option<&str>) -> Upstream {
        self.upstream(&self.server.url("git/{name}/.git"), names, branch)
    }

    fn here(&self, branch: Option<&str>) -> Upstream {
        self.upstream(&self.site.path("up/git").display().to_string(), &[], branch)
    }
}

fn digests(all: &[Imported]) -> Vec<String> {
    all.iter().map(|imported| imported.digest().to_string()).collect()
}

#[test]
fn repositories_here_and_away_give_the_same_and_are_fetched_once() {
    let remote = Remote::new(&["one", "two"]);
    let other = Site::new();
    let here = remote.site.import(&remote.here(Some("c9"))).unwrap().ordinary;
    let upstream = remote.away(&["one", "two"], Some("c9"));
    let away = other.import(&upstream).unwrap().ordinary;
    assert_eq!(digests(&here), digests(&away));
    assert!(away[0].origin.starts_with("http://") && away[0].published.is_some());
    other.has_only(&["one", "two"]);

    let packs = |remote: &Remote| {
        remote.server.requests(None).iter().filter(|request| request.method == "POST").count()
    };
    let before = packs(&remote);
    other.import(&upstream).unwrap();
    let listings = packs(&remote) - before;
    fs::write(remote.dir("one").join("SOURCES/fix.patch"), "better\n").unwrap();
    let head = commit(&remote.dir("one"), "c9");
    let again = other.import(&upstream).unwrap().ordinary;
    assert!(packs(&remote) - before > 2 * listings, "a fetch of what is new");
    assert!(again[0].origin.ends_with(&head));
    assert_eq!(again[1], away[1]);
    assert_eq!(other.arrival("one").unwrap().revision, head);
    // Nothing was checked out anywhere.
    assert!(!other.path("state/upstream/one.git/index").exists());
}

#[test]
fn the_import_tag_with_the_newest_version_is_taken() {
    let remote = Remote::new(&["one"]);
    let dir = remote.dir("one");
    let tag = |tag: &str, text: &str, annotated: bool| {
        fs::write(dir.join("SOURCES/fix.patch"), text).unwrap();
        let head = commit(&dir, "c9");
        let how = if annotated { "-m x" } else { "" };
        sh(&dir, &format!("{ENV} tag {how} {tag}"));
        head
    };
    let newest = tag("imports/c9/one-1.10-1.el9", "a\n", true);
    tag("imports/c9/one-1.9-3.el9", "b\n", false);
    tag("imports/c8/one-3-1.el8", "c\n", false);
    tag("imports/c9/onemore-3-1.el9", "d\n", false);
    let head = tag("imports/c9/one-1.0-1.el9", "e\n", true);
    let away = Site::new();
    for (site, upstream) in [(&remote.site, remote.here(None)), (&away, remote.away(&["one"], None))] {
        for _ in 0..2 {
            let one = &site.import(&upstream).unwrap().ordinary[0];
            assert_eq!(one.nevra.as_ref().unwrap().to_string(), "one-1.10-1.el9.src");
            assert!(one.origin.ends_with(&newest));
        }
    }
    sh(&dir, "git pack-refs --all");
    remote.site.import(&remote.here(None)).unwrap();
    // A branch whose commit has a tag is known by it.
    let one = &Site::new().import(&remote.here(Some("c9"))).unwrap().ordinary[0];
    assert!(one.origin.ends_with(&head));
    assert_eq!(one.nevra.as_ref().unwrap().to_string(), "one-1.0-1.el9.src");
    // The newest is withdrawn, or moved.
    sh(&dir, "git tag -d imports/c9/one-1.10-1.el9");
    says(remote.site.import(&remote.here(None)), &["rewritten or went back", &newest, "accept_older"]);
    tag("imports/c9/one-1.10-1.el9", "f\n", false);
    says(remote.site.import(&remote.here(None)), &["rewritten or went back"]);
    tag("imports/c9/one-1.11-1.el9", "g\n", false);
    remote.site.import(&remote.here(None)).unwrap();
}

#[test]
fn a_rewritten_history_is_noticed_and_can_be_accepted() {
    let remote = Remote::new(&["one", "two"]);
    let away = Site::new();
    let upstream = remote.away(&["one", "two"], Some("c9"));
    let seen = away.import(&upstream).unwrap().ordinary[0].clone();
    remote.site.import(&remote.here(Some("c9"))).unwrap();
    fs::write(remote.dir("one").join("SOURCES/fix.patch"), "evil\n").unwrap();
    let found = sh(
        &remote.dir("one"),
        "git checkout -q --orphan new; git add -A; \
        git -c user.name=x -c user.email=x@example.org commit -qm new; git branch -qM c9; git rev-parse HEAD",
    );
    let found = found.trim();
    fs::write(remote.dir("two").join("SOURCES/fix.patch"), "good\n").unwrap();
    commit(&remote.dir("two"), "c9");
    let old = seen.origin.rsplit('@').next().unwrap();
    for (site, upstream) in [(&away, &upstream), (&remote.site, &remote.here(Some("c9")))] {
        says(site.import(upstream), &["1 of 2", "one", "rewritten or went back", old, found, "accept_older"]);
        assert_eq!(site.store.get::<Imported>("one").unwrap().unwrap().digest(), seen.digest());
        assert!(site.arrival("one").unwrap().failed.is_some());
        let importer = Importer { accept_older: vec![found.to_owned()], ..site.importer() };
        let accepted = sources::import_upstream(&importer, upstream, settings()).unwrap();
        assert!(accepted.ordinary[0].origin.ends_with(found));
        site.import(upstream).unwrap();
    }
}

#[test]
fn nothing_of_a_hostile_repository_runs_or_is_followed() {
    let remote = Remote::new(&["filters", "good", "huge", "link", "submodule"]);
    let mark = remote.site.path("ran");
    let run = format!("touch {}", mark.display());
    let dir = remote.dir("filters");
    fs::write(dir.join(".gitattributes"), "* filter=evil diff=evil\n").unwrap();
    fs::write(dir.join(".gitmodules"), "[submodule \"x\"]\n\tpath = x\n\turl = ext::sh -c touch\n").unwrap();
    commit(&dir, "c9");
    let config = format!(
        "[filter \"evil\"]\n\tsmudge = {run}\n\tclean = {run}\n[core]\n\tfsmonitor = \"{run}\"\n\tsshCommand = {run}\n\
         [uploadpack]\n\tpackObjectsHook = {run}\n[alias]\n\tls-tree = !{run}\n"
    );
    let path = dir.join(".git/config");
    fs::write(&path, fs::read_to_string(&path).unwrap() + &config).unwrap();
    for hook in ["post-checkout", "reference-transaction", "post-merge"] {
        let hook = dir.join(".git/hooks").join(hook);
        fs::create_dir_all(hook.parent().unwrap()).unwrap();
        fs::write(&hook, format!("#!/bin/sh\n{run}\n")).unwrap();
        sh(&dir, &format!("chmod +x {}", hook.display()));
    }
    std::os::unix::fs::symlink("/etc/passwd", remote.dir("link").join("SOURCES/passwd")).unwrap();
    let head = commit(&remote.dir("link"), "c9");
    sh(
        &remote.dir("submodule"),
        &format!(
            "git update-index --add --cacheinfo 160000,{head},SOURCES/sub; \
        {ENV} commit -qm x"
        ),
    );
    let huge = fs::File::create(remote.dir("huge").join("SOURCES/huge")).unwrap();
    huge.set_len(300 << 20).unwrap();
    commit(&remote.dir("huge"), "c9");
    let away = Site::new();
    let names = ["filters", "good", "huge", "link", "submodule"];
    for (site, upstream) in
        [(&away, remote.away(&names, Some("c9"))), (&remote.site, remote.here(Some("c9")))]
    {
        // The server takes its time to pack what is huge.
        let mut importer = site.importer();
        importer.fetcher = heirloom_import::fetch::Fetcher::default();
        says(
            sources::import_upstream(&importer, &upstream, settings()),
            &[
                "3 of 5",
                "huge has more than",
                "`SOURCES/passwd` is not a plain file",
                "`SOURCES/sub` is not a plain",
            ],
        );
        site.has_only(&["filters", "good"]);
    }
    assert!(!mark.exists());
}

#[test]
fn servers_and_names_that_are_no_good() {
    let remote = Remote::new(&["good", "stalls"]);
    remote.server.always("git/stalls/.git/info/refs?service=git-upload-pack", Fault::Stall(0));
    let away = Site::new();
    let names = ["../up", "-x", "good", "missing", "stalls"];
    says(
        away.import(&remote.away(&names, Some("c9"))),
        &["4 of 5", "../up", "missing", "stalls", "not a plain file name"],
    );
    away.has_only(&["good"]);
    says(
        Site::new().import(&remote.away(&["good"], Some("c10"))),
        &["good/.git has no such branch, tag or commit c10"],
    );
    let ran = remote.site.path("ran");
    let ext =
        remote.upstream(&format!("ext::sh -c touch% {}://{{name}}", ran.display()), &["good"], Some("c9"));
    says(Site::new().import(&ext), &["good", "not allowed"]);
    assert!(!ran.exists());
    let nothing: Result<_, ImportError> = Site::new().import(&remote.away(&[], Some("c9")));
    assert!(nothing.unwrap().ordinary.is_empty());
}
