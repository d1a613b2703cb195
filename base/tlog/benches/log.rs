//! A log of a whole distribution: 100,000 entries appended at once, one more appended, a proof made and checked, and a
//! monitor that reads all of it.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that can't go on has failed, and it tells"
)]

use std::time::Instant;

use heirloom_model::Digest;
use heirloom_model::log::{LogEntry, LogKind};
use heirloom_tlog::{Log, Look, NoteKey, Policy, Proof, Source, Tree, follow};

const ENTRIES: u32 = 100_000;
const ROUNDS: u32 = 5;
/// Proofs that are made and checked in each round.
const PROOFS: u32 = 100;

fn entry(number: u32) -> Vec<u8> {
    let digest = Digest::of(&number.to_le_bytes());
    let name = format!("package-{number}-1.{number}-1.el9.x86_64.rpm");
    LogEntry { digest, kind: LogKind::Certificate, name }.line().unwrap().into_bytes()
}

fn measure(what: &str, per: u32, mut work: impl FnMut()) {
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let began = Instant::now();
            work();
            began.elapsed().as_secs_f64() * 1000.0 / f64::from(per)
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!("{what:40} {:9.3} ms  ({:.3} to {:.3}, {ROUNDS} rounds)", times[2], times[0], times[4]);
}

fn main() {
    let dir = tempfile::tempdir().unwrap();
    let (path, key_path) = (dir.path().join("log"), dir.path().join("key"));
    NoteKey::generate("kestrel.example/log").unwrap().save(&key_path).unwrap();
    let key = || NoteKey::load(&key_path).unwrap();
    let entries: Vec<_> = (0..ENTRIES).map(entry).collect();
    measure("append 100,000 entries to an empty log", 1, || {
        let _ = std::fs::remove_dir_all(&path);
        Log::create(&path, key()).unwrap().append(&entries).unwrap();
    });
    measure("open a log of 100,000 entries", 1, || drop(Log::open(&path, key()).unwrap()));
    let mut log = Log::open(&path, key()).unwrap();
    let mut next = ENTRIES;
    measure("append one entry", 1, || {
        log.append(&[entry(next)]).unwrap();
        next += 1;
    });
    let policy = Policy::of_log(key().log_vkey());
    let source = Source::directory(&path);
    let signed = policy.open(&source.checkpoint().unwrap()).unwrap();
    let mut proofs = Vec::new();
    measure("make one proof, nothing read before", PROOFS, || {
        proofs = (0..PROOFS)
            .map(|number| {
                let tree = Tree::new(&source, signed.checkpoint());
                Proof::make(&tree, &signed, u64::from(number * 997 % ENTRIES)).unwrap().to_text()
            })
            .collect();
    });
    measure("check one proof, from its text", PROOFS, || {
        for text in &proofs {
            Proof::parse(text).unwrap().verify(&policy).unwrap();
        }
    });
    measure("monitor: read and check all entries", 1, || {
        assert!(follow(&policy, &source, None, Look::All).unwrap().findings.is_empty());
    });
}
