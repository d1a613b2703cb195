//! Against a server that misbehaves, by the real curl.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use heirloom_migrate::fetch::{FetchError, Fetcher, Patience, is_place, join, with_variables};
use heirloom_model::Digest;
use tempfile::TempDir;
use testkit::server::{Fault, Server};

fn part_of(file: &Path) -> PathBuf {
    file.with_file_name("into.rpm.part")
}

struct Place {
    dir: TempDir,
    server: Server,
    content: Vec<u8>,
}

fn place() -> Place {
    let dir = TempDir::new().unwrap();
    let content: Vec<u8> = (0..200_000_u32).map(|n| (n % 251) as u8).collect();
    fs::create_dir(dir.path().join("tree")).unwrap();
    fs::write(dir.path().join("tree/a+b^1.rpm"), &content).unwrap();
    let server = Server::start(&dir.path().join("tree")).unwrap();
    Place { dir, server, content }
}

fn fetcher() -> Fetcher {
    let patience = Patience {
        connect: Duration::from_secs(5),
        stall: Duration::from_secs(1),
        attempts: 3,
        pause: Duration::from_millis(1),
    };
    Fetcher::default().patient(patience)
}

const NAME: &str = "a+b^1.rpm";
const SENT: &str = "a+b%5E1.rpm";

impl Place {
    fn save(&self, places: &[String]) -> Result<String, FetchError> {
        let expected = (self.content.len() as u64, Digest::of(&self.content));
        fetcher().save(places, NAME, &self.file(), expected, &mut |_| ())
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("into.rpm")
    }

    fn is_saved(&self) {
        assert_eq!(fs::read(self.file()).unwrap(), self.content);
        assert!(!part_of(&self.file()).exists());
    }

    /// The file by its escaped name too, for a server that does not unescape.
    fn escaped(self) -> Self {
        fs::write(self.dir.path().join("tree").join(SENT), &self.content).unwrap();
        self
    }
}

#[test]
fn directories_and_urls_are_read_alike() {
    let place = place().escaped();
    let tree = place.dir.path().join("tree").to_str().unwrap().to_owned();
    for at in [tree.clone(), format!("file://{tree}"), place.server.url("")] {
        let read = fetcher().read(std::slice::from_ref(&at), NAME, 1 << 20).unwrap();
        assert!(read.bytes == place.content && read.place == at, "{at}");
        let range = fetcher().read_range(std::slice::from_ref(&at), NAME, (10, 300)).unwrap();
        assert_eq!(range.bytes, place.content[10..300], "{at}");
        let error = fetcher().read(std::slice::from_ref(&at), NAME, 1000).unwrap_err().to_string();
        assert!(error.contains("more than 1000 bytes"), "{error}");
        let error = fetcher().read(std::slice::from_ref(&at), "none", 1000).unwrap_err().to_string();
        assert!(error.contains("`none` can't be had: at "), "{error}");
        fs::remove_file(place.file()).unwrap_or_default();
        place.save(std::slice::from_ref(&at)).unwrap();
        place.is_saved();
    }
}

#[test]
fn a_broken_transfer_goes_on_where_it_ended() {
    let place = place().escaped();
    place.server.fail(SENT, [Fault::Truncate(50_000), Fault::Stall(40_000)]);
    place.save(&[place.server.url("")]).unwrap();
    place.is_saved();
    let ranges: Vec<_> = place.server.requests(Some(SENT)).into_iter().map(|it| it.range).collect();
    assert_eq!(ranges.len(), 3, "{ranges:?}");
    assert_eq!(ranges[1].as_deref(), Some("bytes=50000-"), "{ranges:?}");
    assert_eq!(ranges[0], None);
}

#[test]
fn what_a_killed_run_left_is_continued_or_thrown_away() {
    let place = place().escaped();
    fs::write(part_of(&place.file()), &place.content[..1000]).unwrap();
    place.save(&[place.server.url("")]).unwrap();
    place.is_saved();
    assert_eq!(place.server.requests(Some(SENT))[0].range.as_deref(), Some("bytes=1000-"));
    // Of another file, too long, or complete already.
    for left in [vec![7; 1000], vec![7; 300_000], place.content.clone()] {
        fs::remove_file(place.file()).unwrap();
        fs::write(part_of(&place.file()), left).unwrap();
        place.save(&[place.server.url("")]).unwrap();
        place.is_saved();
    }
    let asked = place.server.requests(None).len();
    assert_eq!(place.save(&[place.server.url("")]).unwrap(), "");
    assert_eq!(place.server.requests(None).len(), asked, "what is there is not fetched");
}

#[test]
fn the_next_place_is_tried_and_each_fault_is_told() {
    let place = place().escaped();
    let tree = place.dir.path().join("tree").to_str().unwrap().to_owned();
    let (dead, gone) = ("http://127.0.0.1:1/x".to_owned(), place.server.url("nothing"));
    let used = place.save(&[dead.clone(), gone.clone(), tree.clone()]).unwrap();
    assert_eq!(used, tree);
    fs::remove_file(place.file()).unwrap();
    let error = place.save(&[dead.replace("127", "u:secret@127"), gone]).unwrap_err().to_string();
    assert!(error.contains("at http://127.0.0.1:1/x: curl says (7)"), "{error}");
    assert!(error.contains("404") && !error.contains("secret"), "{error}");
    assert_eq!(place.server.requests(Some(&format!("nothing/{SENT}"))).len(), 2, "a 404 is not tried again");
}

#[test]
fn a_server_s_fault_passes_and_wrong_content_never_gets_the_name() {
    let place = place().escaped();
    place.server.fail(SENT, [Fault::Status(503), Fault::Status(429)]);
    place.save(&[place.server.url("")]).unwrap();
    fs::remove_file(place.file()).unwrap();
    for (wrong, told) in [
        (vec![1; 200_000], "its SHA-256 is"),
        (vec![1; 100], "it has 100 bytes"),
        (vec![1; 300_000], "more than 200000 bytes"),
    ] {
        place.server.always(SENT, Fault::Other(wrong));
        let error = place.save(&[place.server.url("")]).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
        assert!(!place.file().exists() && !part_of(&place.file()).exists());
    }
}

#[test]
fn a_redirect_leads_to_no_file_of_the_machine() {
    let place = place();
    place.server.fail("x", [Fault::Redirect("file:///etc/passwd".to_owned())]);
    let error = fetcher().read(&[place.server.url("")], "x", 1 << 20).unwrap_err().to_string();
    assert!(error.contains("curl says (1)"), "{error}");
}

#[test]
fn without_curl_it_says_what_to_do() {
    let fetcher = Fetcher::by(|| Command::new("/nowhere/curl"));
    let error = fetcher.read(&["https://mirror.example/".to_owned()], "x", 9).unwrap_err().to_string();
    assert!(error.contains("`/nowhere/curl` can't be run") && error.contains("install curl"), "{error}");
}

#[test]
fn places_and_variables() {
    for place in ["https://a/b", "HTTP://a", "ftp://a/", "file:///srv", "/srv/tree"] {
        assert!(is_place(place), "{place}");
    }
    for place in ["", "srv", "gopher://a", "file://srv", "https:/a", "https://a b", "é"] {
        assert!(!is_place(place), "{place}");
    }
    let place = with_variables("https://a/$releasever/${basearch}/os", "x86_64", 9).unwrap();
    assert_eq!(place, "https://a/9/x86_64/os");
    let error = with_variables("https://a/$contentdir", "x86_64", 9).unwrap_err().to_string();
    assert!(error.contains("$contentdir"), "{error}");
    assert_eq!(join("https://a/b/", "c d#1"), "https://a/b/c%20d%231");
    assert_eq!(join("/srv/", "c d#1"), "/srv/c d#1");
}
