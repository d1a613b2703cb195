//! `heirloom signer`: holds the key, and signs what members have approved.

mod metadata;
mod policy;

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener;
use std::sync::{Mutex, PoisonError};

use heirloom_sign::{SecretKey, Use, harden, serve};

use crate::cli::SignerArgs;
use crate::context::{bytes, present};
use crate::fail::{Exit, Fail, chain};
use crate::ui::{Shown, say};
use metadata::Book;
use policy::Policy;

pub(crate) fn run(args: &SignerArgs) -> Result<Shown, Fail> {
    let failed = |what: &std::path::Path, error: &dyn std::fmt::Display| {
        Fail::new(Exit::Failed, format!("{}: {error}", what.display()))
    };
    fs::create_dir_all(&args.dir).map_err(|error| failed(&args.dir, &error))?;
    let book = Book::open(&args.dir, args.tuf_keys.as_deref())?;
    let certificate = args.certificate.as_ref().map(|path| bytes(path, 1 << 20)).transpose()?;
    let key = SecretKey::open(&args.key, certificate.as_deref()).map_err(|error| {
        Fail::new(Exit::Failed, chain(&error)).hint("docs/keys.md says which keys there are")
    })?;
    let user = args.user.as_deref().map(ids).transpose()?;
    if let Some((uid, gid)) = user {
        for dir in [args.dir.clone(), book.trees()] {
            std::os::unix::fs::chown(&dir, Some(uid), Some(gid)).map_err(|error| failed(&dir, &error))?;
        }
    }
    // One that a killed process left.
    if args.socket.exists() && std::os::unix::net::UnixStream::connect(&args.socket).is_err() {
        fs::remove_file(&args.socket).map_err(|error| failed(&args.socket, &error))?;
    }
    let listener = UnixListener::bind(&args.socket).map_err(|error| failed(&args.socket, &error))?;
    // Who may ask is in the signer's group; what it may ask for is another matter.
    fs::set_permissions(&args.socket, fs::Permissions::from_mode(0o660))
        .map_err(|error| failed(&args.socket, &error))?;
    if let Some((uid, gid)) = user {
        std::os::unix::fs::chown(&args.socket, Some(uid), Some(gid))
            .map_err(|error| failed(&args.socket, &error))?;
    }
    harden(user).map_err(|error| Fail::new(Exit::Machine, chain(&error)))?;
    let policy = Policy::open(args, key.fingerprint(), &book)?;
    let log = args.dir.join("uses.jsonl");
    let log_file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(&log)
        .map_err(|error| failed(&log, &error))?;
    let log_file = Mutex::new(log_file);
    say(&format!("signer of {} listens on {}", key.fingerprint().to_lowercase(), args.socket.display()));
    let decide = |request: &heirloom_sign::Request, _peer| policy.decide(request);
    let noted = |used: &Use<'_>| {
        let line = serde_json::json!({
            "at": present(),
            "pid": used.peer.pid,
            "uid": used.peer.uid,
            "digest": used.request.map(heirloom_sign::Request::digest),
            "purpose": used.request.map(|request| request.purpose),
            "proposal": used.request.and_then(|request| policy.by(request.digest())),
            "refused": used.refused,
        });
        let mut file = log_file.lock().unwrap_or_else(PoisonError::into_inner);
        // A use that can't be noted is told at least.
        if let Err(error) = writeln!(file, "{line}").and_then(|()| file.sync_data()) {
            say(&format!("warning: {}: {error}", log.display()));
        }
    };
    serve(&listener, decide, &key, book.keys(), noted).map_err(|error| failed(&args.socket, &error))?;
    Ok(Shown::nothing())
}

fn ids(text: &str) -> Result<(u32, u32), Fail> {
    let parse = |(uid, gid): (&str, &str)| Some((uid.parse().ok()?, gid.parse().ok()?));
    text.split_once(':')
        .and_then(parse)
        .ok_or_else(|| Fail::new(Exit::Usage, format!("`{text}` is not UID:GID, two numbers")))
}
