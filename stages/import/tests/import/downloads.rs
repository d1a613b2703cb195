//! Files over HTTP: resumed, tried again, bounded, checked.

use heirloom_import::fetch::{Fetcher, Patience};
use heirloom_model::Digest;
use testkit::server::{Fault, Server};

use crate::site::{Site, says};

const LIMIT: u64 = 1 << 20;

fn content() -> Vec<u8> {
    (0..300_000_u32).flat_map(u32::to_le_bytes).collect()
}

struct Away {
    site: Site,
    server: Server,
    digest: Digest,
}

fn away() -> Away {
    let site = Site::new();
    site.write("big", content());
    let server = Server::start(&site.path("up")).unwrap();
    Away { site, server, digest: Digest::of(&content()) }
}

impl Away {
    fn fetch(&self, fetcher: &Fetcher) -> Result<u64, heirloom_import::ImportError> {
        let size = Some(content().len() as u64);
        fetcher.into_store(&self.site.store, &self.server.url("big"), self.digest, size, "the list")
    }

    fn ranges(&self) -> Vec<Option<String>> {
        self.server.requests(Some("big")).into_iter().map(|request| request.range).collect()
    }
}

#[test]
fn an_interrupted_download_goes_on_where_it_was_also_in_the_next_run() {
    let away = away();
    away.server.fail("big", [Fault::Truncate(100_000), Fault::Stall(200_000)]);
    let once = Fetcher::new(Patience { attempts: 1, ..away.site.importer().fetcher.patience() });
    says(away.fetch(&once), &["/big", "tried 1 times"]);
    away.site.has_only(&[]);
    assert_eq!(away.fetch(&away.site.importer().fetcher).unwrap(), 1_200_000);
    let ranges = away.ranges();
    assert_eq!(ranges[..2], [None, Some("bytes=100000-".to_owned())]);
    assert_eq!(ranges[2], Some("bytes=300000-".to_owned()));
    assert_eq!(away.site.store.read(away.digest).unwrap(), content());
    assert_eq!(std::fs::read_dir(away.site.path("state/partial")).unwrap().count(), 0);
    // What is there is not asked for.
    away.fetch(&once).unwrap();
    assert_eq!(away.ranges().len(), 3);
}

#[test]
fn another_file_is_not_glued_to_the_beginning_of_the_old_one() {
    let away = away();
    let mut changed = content();
    changed[0] ^= 1;
    away.server.fail("big", [Fault::Other(changed[..700].to_vec()), Fault::Truncate(5000)]);
    let unsized_ = |fetcher: &Fetcher| {
        fetcher.into_store(&away.site.store, &away.server.url("big"), away.digest, None, "the list")
    };
    says(unsized_(&away.site.importer().fetcher), &["/big", "the list says", "nothing of it was kept"]);
    away.site.has_only(&[]);
    unsized_(&away.site.importer().fetcher).unwrap();
    assert_eq!(away.ranges(), [None, None, Some("bytes=5000-".to_owned())]);
}

#[test]
fn faults_are_tried_again_and_answers_are_not() {
    let away = away();
    let fetcher = away.site.importer().fetcher;
    away.server.fail("big", [Fault::Status(503), Fault::Status(429)]);
    away.fetch(&fetcher).unwrap();
    assert_eq!(away.ranges().len(), 3);
    let url = |path: &str| away.server.url(path);
    away.server.always("down", Fault::Status(500));
    says(fetcher.read(&url("down"), LIMIT), &["/down", "500", "tried 3 times"]);
    for (path, status) in [("none", 404), ("forbidden", 403)] {
        away.server.always("forbidden", Fault::Status(403));
        says(fetcher.read(&url(path), LIMIT), &[path, &status.to_string()]);
        assert_eq!(away.server.requests(Some(path)).len(), 1, "{path}");
    }
    drop(away.server);
    says(fetcher.read("http://127.0.0.1:9/gone", LIMIT), &["can't fetch http://127.0.0.1:9/gone", "3 times"]);
}

#[test]
fn a_stalling_server_is_left() {
    let away = away();
    away.server.always("big", Fault::Stall(10));
    says(away.fetch(&away.site.importer().fetcher), &["/big", "imeout", "tried 3 times"]);
    away.site.has_only(&[]);
}

#[test]
fn sizes_that_are_lies_are_refused_before_anything_is_read() {
    let away = away();
    let fetcher = away.site.importer().fetcher;
    away.server.fail("big", [Fault::Length(1 << 50)]);
    says(away.fetch(&fetcher), &["has more than", "nothing of that kind"]);
    away.server.fail("big", [Fault::Length(17)]);
    says(away.fetch(&fetcher), &["has 17 bytes", "says 1200000"]);
    away.server.always("big", Fault::Length(1_300_000));
    says(
        fetcher.into_store(&away.site.store, &away.server.url("big"), away.digest, None, "the list"),
        &["/big", "tried 3 times"],
    );
    away.server.always("big", Fault::Length(1_200_000));
    says(fetcher.read(&away.server.url("big"), 1000), &["has more than 1000 bytes"]);
    away.site.has_only(&[]);
}

#[test]
fn circles_end() {
    let away = away();
    away.server.always("a", Fault::Redirect(away.server.url("b")));
    away.server.always("b", Fault::Redirect(away.server.url("a")));
    says(
        away.site.importer().fetcher.read(&away.server.url("a"), LIMIT),
        &["/a", "redirected more than 8 times", "in circles"],
    );
    away.server.always("moved", Fault::Redirect("/big".to_owned()));
    let read = away.site.importer().fetcher.read(&away.server.url("moved"), 2 * LIMIT).unwrap();
    assert_eq!(read, content());
}

#[test]
fn wrong_bytes_of_the_right_size_are_not_kept_and_not_tried_again() {
    let away = away();
    let mut changed = content();
    changed[1_000_000] ^= 1;
    away.server.fail("big", [Fault::Other(changed)]);
    says(away.fetch(&away.site.importer().fetcher), &["/big", "nothing of it was kept"]);
    assert_eq!(away.ranges().len(), 1);
    away.site.has_only(&[]);
    assert_eq!(std::fs::read_dir(away.site.path("state/partial")).unwrap().count(), 0);
}
