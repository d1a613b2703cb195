//! Monitors and witnesses.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use testkit::server::{Fault, Server};

use crate::place::{Place, append};

fn evidence(place: &Place) -> Vec<PathBuf> {
    let all = fs::read_dir(place.dir.path()).unwrap().map(|entry| entry.unwrap().path());
    all.filter(|path| path.to_string_lossy().contains("seen.evidence-")).collect()
}

/// A monitor that saw four entries, and what it says now.
struct Monitor {
    place: Place,
    server: Server,
    arguments: Vec<String>,
}

impl Monitor {
    fn new() -> Self {
        let place = Place::begun();
        place.append(&["one", "two", "three"]);
        let server = Server::start(&place.path("state/published")).unwrap();
        let (url, key, state) = (server.url("log"), place.vkey(), place.text("seen"));
        let arguments =
            ["log", "monitor", &url, "--key", &key, "--state", &state].map(str::to_owned).to_vec();
        let monitor = Self { place, server, arguments };
        let first = monitor.look(0);
        assert_eq!((first["new"].as_array().unwrap().len(), &first["checkpoint"]["size"]), (4, &4.into()));
        monitor
    }

    fn look(&self, code: i32) -> Value {
        let arguments: Vec<_> = self.arguments.iter().map(String::as_str).collect();
        self.place.json(&arguments, code)
    }

    fn said(&self, code: i32) -> String {
        let arguments: Vec<_> = self.arguments.iter().map(String::as_str).collect();
        let ran = self.place.run(&arguments).expect(code);
        ran.stdout + &ran.stderr
    }

    /// Something is found, there is evidence of it, and what was seen before is kept.
    #[track_caller]
    fn finds(&self, kind: &str, message: &str) {
        let before = fs::read(self.place.path("seen")).unwrap();
        let said = self.look(5);
        let [finding] = &said["findings"].as_array().unwrap()[..] else { panic!("{said}") };
        assert_eq!((&finding["kind"], &finding["message"]), (&kind.into(), &message.into()));
        assert_eq!(fs::read(self.place.path("seen")).unwrap(), before);
        let [path] = &evidence(&self.place)[..] else { panic!("{:?}", evidence(&self.place)) };
        let kept: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        assert_eq!((&kept["key"], &kept["findings"][0]["kind"]), (&self.place.vkey().into(), &kind.into()));
        assert_eq!(kept["findings"][0]["seen"].as_str().unwrap().as_bytes(), before);
        let now = fs::read_to_string(self.place.log().join("checkpoint")).unwrap();
        assert_eq!(kept["findings"][0]["now"], now);
        assert!(self.said(5).contains(&format!("{kind}: {message}\nthe evidence is in")));
        assert_eq!(evidence(&self.place).len(), 1, "the same evidence is the same file");
    }
}

#[test]
fn new_entries_are_told_and_what_was_seen_is_kept() {
    let monitor = Monitor::new();
    assert_eq!(monitor.look(0)["new"], Value::Array(Vec::new()));
    monitor.place.append(&["four"]);
    let said = monitor.said(0);
    assert!(said.contains("4      certificate") && said.contains("about four"), "{said}");
    let kept = fs::read(monitor.place.path("seen")).unwrap();
    assert_eq!(kept, fs::read(monitor.place.log().join("checkpoint")).unwrap());
    assert_eq!(evidence(&monitor.place), Vec::<PathBuf>::new());
    // An entry of a later version is shown as it stands there.
    let key = heirloom_tlog::NoteKey::load(&monitor.place.path("log.key")).unwrap();
    let mut log = heirloom_tlog::Log::open(&monitor.place.log(), key).unwrap();
    log.append(&["{\"later\":1}"]).unwrap();
    assert_eq!(monitor.look(0)["new"][0]["text"], "{\"later\":1}");
}

#[test]
fn a_fork_is_evidence() {
    let monitor = Monitor::new();
    monitor.place.forge(&["zero", "one", "two", "other"]);
    monitor.finds("fork", "the log forked: it signed two different trees of 4 entries");
}

#[test]
fn a_rewritten_history_is_evidence() {
    let monitor = Monitor::new();
    monitor.place.forge(&["zero", "one", "two", "other", "more"]);
    let message =
        "the log was rewritten: its tree of 5 entries does not continue the tree of 4 that it signed before";
    monitor.finds("rewritten", message);
}

#[test]
fn a_shrunk_log_is_evidence() {
    let monitor = Monitor::new();
    monitor.place.forge(&["zero", "one"]);
    monitor.finds("shrunk", "the log shrank: it has 2 entries, and had 4");
}

#[test]
fn a_rewritten_entry_is_evidence() {
    let monitor = Monitor::new();
    let path = monitor.place.log().join("tile/entries/000.p/4");
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(9).position(|part| part == b"about two").unwrap();
    bytes[at..at + 9].copy_from_slice(b"about six");
    fs::write(&path, bytes).unwrap();
    monitor.finds("entry", "entry 2 was rewritten: it is not the one that the tree was made of");
}

#[test]
fn a_checkpoint_by_another_key_is_not_believed_and_no_evidence() {
    let monitor = Monitor::new();
    let stranger = Place::begun();
    let note = fs::read(stranger.log().join("checkpoint")).unwrap();
    fs::write(monitor.place.log().join("checkpoint"), note).unwrap();
    let said = monitor.said(5);
    assert!(said.contains(&format!("it is not signed by {}", monitor.place.vkey())), "{said}");
    assert!(said.contains("there are signatures of: kestrel.example/el/log"), "{said}");
    assert_eq!(evidence(&monitor.place), Vec::<PathBuf>::new());
}

#[test]
fn a_log_that_can_not_be_read_is_a_failure_and_no_finding() {
    let monitor = Monitor::new();
    monitor.server.always("log/checkpoint", Fault::Status(404));
    let said = monitor.said(1);
    assert!(said.contains("has no checkpoint"), "{said}");
    let checkpoint = fs::read(monitor.place.log().join("checkpoint")).unwrap();
    monitor.server.always("log/checkpoint", Fault::Other(checkpoint));
    monitor.place.write("seen", "nonsense");
    let said = monitor.said(1);
    assert!(
        said.contains("what was seen before is no checkpoint of this log") && said.contains("--state"),
        "{said}"
    );
}

#[test]
fn witnesses_cosign_what_continues_and_proofs_carry_it() {
    let place = Place::begun();
    let keygen = |name: &str| {
        place.run(&["log", "keygen", name, &place.text(name)]).expect(0).stdout.trim().to_owned()
    };
    let (one, two, other) = (keygen("one.example"), keygen("two.example"), keygen("other.example"));
    place.define(&format!("[log]\nwitnesses = [\"{one}\", \"{two}\"]\nwitnesses_needed = 2\n"));
    place.append(&["doc"]);
    let (vkey, log) = (place.vkey(), place.log().to_str().unwrap().to_owned());
    let witness = |name: &str, code: i32| {
        let (key, state) = (place.text(name), place.text(&format!("{name}.seen")));
        place.run(&["log", "witness", &log, "--vkey", &vkey, "--key", &key, "--state", &state]).expect(code)
    };
    let early = witness("two.example", 0).stdout;
    place.append(&["later"]);
    let lines = [witness("one.example", 0).stdout, early, witness("other.example", 0).stdout].concat();
    assert!(lines.starts_with("\u{2014} one.example "), "{lines}");
    let file = place.write("lines", &lines);
    let ran = place.run(&["log", "cosign", &file]).expect(5);
    assert!(ran.stdout.contains("added the cosignature of one.example"), "{}", ran.stdout);
    let refused = "refused two.example: it is no cosignature of the present checkpoint";
    assert!(ran.stdout.contains(refused), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("refused other.example: no witness that is known has this key"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("has 1 cosignatures; 2 are needed"), "{}", ran.stdout);
    let file = place.write("lines", &witness("two.example", 0).stdout);
    let said = place.json(&["log", "cosign", &file], 0);
    assert_eq!(said["checkpoint"]["cosignatures"].as_array().unwrap().len(), 2);
    let document = place.write("doc.txt", "doc");
    place.run(&["log", "prove", &document]).expect(0);
    let proof = format!("{document}.tlog-proof");
    let verify = |more: &[&str], code: i32| {
        let all = [&["log", "verify", &proof, &document, "--key", &vkey], more].concat();
        place.run(&all).expect(code)
    };
    let ran = verify(&["--witness", &one, "--witness", &two], 0);
    assert!(ran.stdout.contains("cosigned by one.example 2"), "{}", ran.stdout);
    verify(&["--witness", &one, "--witness", &other], 5);
    verify(&["--witness", &one, "--witness", &other, "--need", "1"], 0);
    let ran = place.run(&["log", "cosign", &document]).expect(1);
    assert!(ran.stderr.contains("has no cosignature"), "{}", ran.stderr);

    place.forge(&["other", "history", "of", "more"]);
    let ran = witness("one.example", 5);
    assert!(ran.stdout.contains("nothing was cosigned\nrewritten: the log was rewritten"), "{}", ran.stdout);
    assert!(!ran.stdout.contains('\u{2014}'), "{}", ran.stdout);
    // The log's own key is no witness.
    let (key, state) = (place.text("log.key"), place.text("own.seen"));
    let ran =
        place.run(&["log", "witness", &log, "--vkey", &vkey, "--key", &key, "--state", &state]).expect(2);
    assert!(ran.stderr.contains("have the same key"), "{}", ran.stderr);
}

#[test]
fn only_new_entries_are_read_if_that_is_wanted() {
    let monitor = Monitor::new();
    for number in 0..3 {
        let documents: Vec<_> = (0..200).map(|one| format!("{number}-{one}")).collect();
        let documents: Vec<_> = documents.iter().map(String::as_str).collect();
        append(&monitor.place.log(), &monitor.place.path("log.key"), &documents);
    }
    monitor.look(0);
    monitor.place.append(&["last"]);
    let before = monitor.server.requests(None).len();
    let mut arguments: Vec<_> = monitor.arguments.iter().map(String::as_str).collect();
    arguments.push("--new-only");
    let said = monitor.place.json(&arguments, 0);
    assert_eq!(said["new"].as_array().unwrap().len(), 1);
    let asked: Vec<_> =
        monitor.server.requests(None).split_off(before).into_iter().map(|request| request.path).collect();
    assert!(!asked.iter().any(|path| path.contains("entries/000")), "{asked:?}");
    assert!(asked.iter().any(|path| path.contains("entries/002.p/93")), "{asked:?}");
}
