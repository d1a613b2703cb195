//! What clients see.

use testkit::server::Server;

use super::*;

#[test]
fn git_clones_it_from_a_path_and_from_a_plain_web_server() {
    let place = Place::new();
    place.three();
    let server = Server::start(&place.history()).unwrap();
    for url in [format!("file://{}/hello.git", place.history().display()), server.url("hello.git")] {
        let clone = tempfile::tempdir().unwrap();
        git(clone.path(), &["clone", "--quiet", &url, "hello"]);
        let hello = clone.path().join("hello");
        assert!(fs::read_to_string(hello.join("SPECS/hello.spec")).unwrap().contains("Vendor: Example"));
        assert_eq!(git(&hello, &["branch", "--show-current"]), "main\n");
        assert_eq!(git(&hello, &["tag", "--list"]).lines().count(), 5, "{url}");
        assert_eq!(
            git(&hello, &["rev-parse", "origin/upstream^{tree}", "imports/hello-2.0%7Erc1-1.el9^{tree}"])
                .lines()
                .count(),
            2
        );
    }
}
