//! What clients see.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use super::*;

#[test]
fn git_clones_it_from_a_path_and_from_a_plain_web_server() {
    let place = Place::new();
    place.three();
    let root = serve(place.history());
    for url in [format!("file://{}/hello.git", place.history().display()), format!("{root}/hello.git")] {
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

/// Serves the files of a directory as long as the test runs; returns its URL.
fn serve(dir: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
                request.push(byte[0]);
            }
            let request = String::from_utf8_lossy(&request).into_owned();
            let path = request.split(' ').nth(1).unwrap_or("/").split('?').next().unwrap_or_default();
            let (status, body) = match fs::read(dir.join(path.trim_start_matches('/'))) {
                Ok(body) => ("200 OK", body),
                Err(_) => ("404 Not Found", Vec::new()),
            };
            let head =
                format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
        }
    });
    url
}
