//! Pinned keys.

use heirloom_import::{Importer, Pinned};
use testkit::gpg::Key;
use testkit::server::Server;

use crate::site::{Site, says};

#[test]
fn a_key_is_the_one_that_it_is_said_to_be_and_is_fetched_where_it_is_missing() {
    let site = Site::new();
    let key = Key::throwaway("Vendor <vendor@example.org>").unwrap();
    let stranger = Key::throwaway("Stranger <stranger@example.org>").unwrap();
    site.write("vendor.asc", key.public().unwrap());
    site.write("stranger.asc", stranger.public().unwrap());
    let server = Server::start(&site.path("up")).unwrap();
    let file = site.path("keys/vendor.asc");
    let importer = |from: &str, fingerprint: &str| Importer {
        pinned: vec![Pinned {
            file: file.clone(),
            fingerprint: fingerprint.to_owned(),
            url: Some(server.url(from)),
        }],
        ..site.importer()
    };
    let spaced = key.fingerprint().to_ascii_lowercase().replace("a", "a ");
    let files = [file.clone()];
    says(
        importer("stranger.asc", &spaced).keyring(&files),
        &["stranger.asc", stranger.fingerprint(), "not used"],
    );
    assert!(!file.exists());
    says(importer("none.asc", &spaced).keyring(&files), &["none.asc", "404"]);
    let ring = importer("vendor.asc", &spaced).keyring(&files).unwrap();
    assert_eq!(ring.fingerprints().len(), 1);
    // Now it is there, and not asked for again.
    drop(server);
    let there = |fingerprint: &str| Importer {
        pinned: vec![Pinned { file: file.clone(), fingerprint: fingerprint.to_owned(), url: None }],
        ..site.importer()
    };
    there(&spaced).keyring(&files).unwrap();
    says(there(stranger.fingerprint()).keyring(&files), &["vendor.asc", "but the definition says"]);
}
