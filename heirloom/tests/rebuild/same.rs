//! The same inputs give the same bytes.

use crate::site::{Site, digests, turn};

#[test]
fn two_rebuilds_from_empty_stores_publish_the_same_bytes() {
    let _turn = turn();
    let packages = ["tree", "zlib", "python-toml"];
    let (one, other) = (Site::bare(&packages), Site::bare(&packages));
    for site in [&one, &other] {
        assert_eq!(site.json("rebuild")["failed"], 0);
    }
    let (one, other) = (digests(&one.published()), digests(&other.published()));
    assert!(one.lines().count() > 20, "{one}");
    assert_eq!(one, other);
}
