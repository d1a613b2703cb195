//! The web server, asked by sockets: what it answers, what it refuses, and that it stays up.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::site::Site;

const MARCH: u64 = 1_773_482_400;

/// A running `heirloom serve`; it is ended when it is dropped.
pub(crate) struct Serving {
    pub(crate) address: SocketAddr,
    child: Child,
}

impl Serving {
    pub(crate) fn of(site: &Site) -> Self {
        let root = site.published("");
        let mut command =
            site.command(&["serve", "--listen", "127.0.0.1:0", "--dir", root.to_str().unwrap()]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        log.read_line(&mut line).unwrap();
        let address = line.trim().rsplit("http://").next().unwrap().trim_end_matches('/').parse();
        let address = address.unwrap_or_else(|_| panic!("{line}"));
        // The log must go on being read.
        std::thread::spawn(move || log.lines().for_each(drop));
        Self { address, child }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Head and body of the answer to a request of these lines.
    fn ask(&self, lines: &[&str]) -> (String, Vec<u8>) {
        let request = format!("{}\r\nHost: x\r\nConnection: close\r\n\r\n", lines.join("\r\n"));
        split(&self.send(request.as_bytes()))
    }

    fn send(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(40))).unwrap();
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        // What is refused may be reset.
        let _ = stream.read_to_end(&mut answer);
        answer
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        testkit::tool::Tool::new("kill").args([name, &pid]).run().unwrap();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn split(answer: &[u8]) -> (String, Vec<u8>) {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("{:?}", String::from_utf8_lossy(answer)));
    (String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase(), answer[end + 4..].to_vec())
}

fn field(head: &str, name: &str) -> String {
    let line = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
    line.unwrap_or_else(|| panic!("no {name} in {head}")).to_owned()
}

fn served() -> (Site, Serving) {
    let site = Site::new("https://kestrel.example", "");
    site.snapshot(1, MARCH);
    site.run(&["publish", "9"]).expect(0);
    let serving = Serving::of(&site);
    (site, serving)
}

const PACKAGE: &str = "/9/BaseOS/x86_64/os/Packages/common-1-1.noarch.rpm";
const REPOMD: &str = "/9/BaseOS/x86_64/os/repodata/repomd.xml";

#[test]
fn files_are_served_whole_in_part_and_not_again() {
    let (site, serving) = served();
    let bytes = fs::read(site.published(&PACKAGE[1..])).unwrap();
    let get = format!("GET {PACKAGE} HTTP/1.1");
    let (head, body) = serving.ask(&[&get]);
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert_eq!(body, bytes);
    assert_eq!(field(&head, "content-type"), "application/x-rpm");
    assert!(field(&head, "cache-control").contains("immutable"));
    let (tag, date) = (field(&head, "etag"), field(&head, "last-modified"));
    let date = date.replace("gmt", "GMT");

    let (head, body) = serving.ask(&[&format!("HEAD {PACKAGE} HTTP/1.1")]);
    assert_eq!((field(&head, "content-length"), body.len()), (bytes.len().to_string(), 0));
    for (fields, status, expected) in [
        (vec![format!("If-None-Match: {tag}")], 304, &bytes[..0]),
        (vec![format!("If-None-Match: \"x\", W/{tag}")], 304, &bytes[..0]),
        (vec!["If-None-Match: \"x\"".to_owned()], 200, &bytes[..]),
        (vec!["If-Modified-Since: Sun, 06 Nov 2033 08:49:37 GMT".to_owned()], 200, &bytes[..]),
        (
            vec![format!("If-None-Match: \"x\""), format!("If-Modified-Since: {}", title(&date))],
            200,
            &bytes[..],
        ),
        (vec![format!("If-Modified-Since: {}", title(&date))], 304, &bytes[..0]),
        (vec!["Range: bytes=10-19".to_owned()], 206, &bytes[10..20]),
        (vec!["Range: bytes=-7".to_owned()], 206, &bytes[bytes.len() - 7..]),
        (vec!["Range: bytes=10-19".to_owned(), format!("If-Range: {tag}")], 206, &bytes[10..20]),
        (vec!["Range: bytes=10-19".to_owned(), "If-Range: \"x\"".to_owned()], 200, &bytes[..]),
        (vec!["Range: bytes=10-19,30-39".to_owned()], 200, &bytes[..]),
        (vec![format!("Range: bytes={}-", bytes.len())], 416, &bytes[..0]),
    ] {
        let mut lines = vec![get.as_str()];
        lines.extend(fields.iter().map(String::as_str));
        let (head, body) = serving.ask(&lines);
        assert!(head.starts_with(&format!("http/1.1 {status}")), "{fields:?}: {head}");
        assert!(body == expected, "{fields:?}: {} bytes", body.len());
    }
    let (head, _) = serving.ask(&[&format!("GET {REPOMD} HTTP/1.1")]);
    assert_eq!(field(&head, "cache-control"), "public, max-age=0, must-revalidate");
    assert_eq!(field(&head, "content-type"), "text/xml");
}

/// `sun, 06 nov 1994` as it is written.
fn title(date: &str) -> String {
    let mut words: Vec<String> = date.split(' ').map(str::to_owned).collect();
    for index in [0, 2] {
        words[index][..1].make_ascii_uppercase();
    }
    words.join(" ")
}

#[test]
fn directories_are_listed_and_nothing_outside_is_read() {
    let (site, serving) = served();
    fs::write(site.path("state/secret"), "secret").unwrap();
    fs::write(site.published(".hidden"), "secret").unwrap();
    std::os::unix::fs::symlink("../secret", site.published("up")).unwrap();
    let (head, page) = serving.ask(&["GET /9/BaseOS/x86_64/os/ HTTP/1.1"]);
    let page = String::from_utf8(page).unwrap();
    assert!(head.starts_with("http/1.1 200") && page.contains("<a href=\"repodata/\">"), "{page}");
    let (head, _) = serving.ask(&["GET /9/BaseOS HTTP/1.1"]);
    assert!(head.starts_with("http/1.1 301"), "{head}");
    assert_eq!(field(&head, "location"), "/9/baseos/");
    for (line, status) in [
        ("GET /up HTTP/1.1", 404),
        ("GET /.hidden HTTP/1.1", 400),
        ("GET /../secret HTTP/1.1", 400),
        ("GET /9/../../secret HTTP/1.1", 400),
        ("GET /%2e%2e/secret HTTP/1.1", 400),
        ("GET /..%2fsecret HTTP/1.1", 400),
        ("GET /9%00 HTTP/1.1", 400),
        ("GET //kestrel.example/9 HTTP/1.1", 404),
        ("GET /9/none HTTP/1.1", 404),
        ("POST /9/ HTTP/1.1", 405),
        ("DELETE /9/ HTTP/1.1", 405),
    ] {
        let (head, body) = serving.ask(&[line]);
        assert!(head.starts_with(&format!("http/1.1 {status}")), "{line}: {head}");
        assert!(!String::from_utf8_lossy(&body).contains("secret"), "{line}");
    }
    let (_, page) = serving.ask(&["GET / HTTP/1.1"]);
    assert!(!String::from_utf8_lossy(&page).contains("hidden"));
}

#[test]
fn hostile_clients_do_not_keep_others_from_being_served() {
    let (_site, serving) = served();
    let silent: Vec<_> = (0..200).map(|_| TcpStream::connect(serving.address).unwrap()).collect();
    let mut dripping = TcpStream::connect(serving.address).unwrap();
    dripping.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX: ").unwrap();
    let threads = fs::read_dir(format!("/proc/{}/task", serving.child.id())).unwrap().count();
    assert!(threads <= 40, "{threads} threads");

    let get = format!("GET {REPOMD} HTTP/1.1\r\nHost: x\r\n\r\n");
    let last = format!("GET {REPOMD} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let many = serving.send(format!("{}{last}", get.repeat(99)).as_bytes());
    assert_eq!(
        String::from_utf8_lossy(&many).matches("HTTP/1.1 200").count(),
        100,
        "all in a row are answered"
    );

    for hostile in [
        format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(1 << 20)),
        format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(1 << 20)),
        format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(5000)),
        "\0\u{1}\u{2}\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(),
    ] {
        let answer = serving.send(hostile.as_bytes());
        let answer = String::from_utf8_lossy(&answer);
        assert!(
            !answer.starts_with("HTTP/1.1 200") || hostile.contains("chunked"),
            "{}",
            &answer[..answer.len().min(90)]
        );
    }
    // They are left after a while: an end of the stream, or an answer that it took too long.
    dripping.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut rest = Vec::new();
    dripping.read_to_end(&mut rest).unwrap();
    for mut stream in silent {
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.read_to_end(&mut rest).unwrap();
    }
    assert!(serving.ask(&[&format!("GET {REPOMD} HTTP/1.1")]).0.starts_with("http/1.1 200"));
}

#[test]
fn an_idle_connection_is_closed_and_a_signal_ends_it_after_running_answers() {
    let (site, mut serving) = served();
    let mut idle = TcpStream::connect(serving.address).unwrap();
    idle.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    idle.write_all(format!("GET {REPOMD} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).unwrap();
    let mut all = Vec::new();
    idle.read_to_end(&mut all).unwrap();
    assert!(all.starts_with(b"HTTP/1.1 200"));

    let size = fs::metadata(site.published(&PACKAGE[1..])).unwrap().len();
    let mut slow = TcpStream::connect(serving.address).unwrap();
    slow.write_all(format!("GET {PACKAGE} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).unwrap();
    let mut piece = [0; 1000];
    slow.read_exact(&mut piece).unwrap();
    serving.signal("-TERM");
    std::thread::sleep(Duration::from_millis(500));
    let mut rest = Vec::new();
    slow.read_to_end(&mut rest).unwrap();
    let (_, body) = split(&[&piece[..], &rest].concat());
    assert_eq!(body.len() as u64, size);
    assert_eq!(serving.child.wait().unwrap().code(), Some(0));
    assert!(TcpStream::connect(serving.address).is_err());
}

#[test]
fn a_client_sees_one_generation_of_all_repositories_and_another_client_the_new_one() {
    let (site, serving) = served();
    let get = |path: &str, agent: &str| {
        serving.ask(&[&format!("GET {path} HTTP/1.1"), &format!("User-Agent: {agent}")]).1
    };
    let old = get("/9/AppStream/x86_64/os/repodata/repomd.xml", "other");
    get(REPOMD, "dnf");
    site.snapshot(2, MARCH + 1);
    site.run(&["publish", "9"]).expect(0);
    assert_eq!(get("/9/AppStream/x86_64/os/repodata/repomd.xml", "dnf"), old);
    assert_ne!(get("/9/AppStream/x86_64/os/repodata/repomd.xml", "new"), old);
    let list = |agent| String::from_utf8(get("/9/mirrorlist/BaseOS-x86_64", agent)).unwrap();
    assert_ne!(list("dnf"), list("new"), "the list is of the same state as all else");
}
