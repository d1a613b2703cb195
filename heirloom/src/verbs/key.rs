//! `heirloom key`: private keys are made, looked at, and kept by several people.

use std::fs;
use std::path::Path;

use heirloom_model::KeySource;
use heirloom_sign::{Algorithm, MemberKey, SecretKey, Share, join, split_file, write_private};
use serde::Serialize;

use crate::cli::{CertifyKey, JoinKey, KeyAlgorithm, KeyVerb, MakeKey, ShowKey, SplitKey};
use crate::context::{bytes, now, timestamp};
use crate::fail::{Exit, Fail};
use crate::ui::{Shown, say};

/// Largest file that is read, in bytes.
const LARGEST: u64 = 1 << 20;

pub(crate) fn run(verb: &KeyVerb) -> Result<Shown, Fail> {
    match verb {
        KeyVerb::Make(args) => make(args),
        KeyVerb::Show(args) => show(args),
        KeyVerb::Certify(args) => certify(args),
        KeyVerb::Split(args) => parts(args),
        KeyVerb::Join(args) => whole(args),
    }
}

/// What was made.
#[derive(Serialize)]
struct Made<'a> {
    fingerprint: &'a str,
    /// Files that were written.
    files: Vec<&'a Path>,
}

fn make(args: &MakeKey) -> Result<Shown, Fail> {
    let certificate = args.out.with_extension("asc");
    if certificate == args.out {
        return Err(Fail::new(Exit::Usage, "the certificate would get the name of the secret key")
            .hint("give the secret key a name that does not end in .asc, such as release.key"));
    }
    absent(&args.out)?;
    absent(&certificate)?;
    let algorithm = match args.algorithm {
        KeyAlgorithm::Ed25519 => Algorithm::Ed25519,
        KeyAlgorithm::Rsa4096 => {
            say("making an RSA 4096 key; this takes some seconds");
            Algorithm::Rsa4096
        }
    };
    let key = SecretKey::generate(&args.user_id, now(), algorithm)?;
    key.save(&args.out)?;
    publish(&key, &certificate)?;
    let text = format!(
        "key {}: {}, to be kept secret; its certificate, to be published: {}",
        key.fingerprint(),
        args.out.display(),
        certificate.display()
    );
    Shown::new(&Made { fingerprint: key.fingerprint(), files: vec![&args.out, &certificate] }, text)
}

fn certify(args: &CertifyKey) -> Result<Shown, Fail> {
    let KeySource::Pkcs11(uri) = &args.key else {
        return Err(Fail::new(Exit::Usage, format!("{} is not on a PKCS#11 token", args.key))
            .hint("every other key has a certificate: `gpg --armor --export FINGERPRINT`, or the .asc beside its file"));
    };
    absent(&args.out)?;
    let key = SecretKey::certify_token(uri, &args.user_id, args.created.unwrap_or_else(now))?;
    publish(&key, &args.out)?;
    let text = format!("certificate of {}: {}", key.fingerprint(), args.out.display());
    Shown::new(&Made { fingerprint: key.fingerprint(), files: vec![&args.out] }, text)
}

/// What `show` prints.
#[derive(Serialize)]
struct About<'a> {
    fingerprint: &'a str,
    /// `OpenPGP`, `SSH` or `FIDO`.
    kind: String,
    algorithm: &'a str,
    /// Unix seconds.
    created: Option<u64>,
    /// Unix seconds.
    expires: Option<u64>,
    is_private: bool,
}

fn show(args: &ShowKey) -> Result<Shown, Fail> {
    let text = text(&args.file)?;
    let is_private = text.contains("PRIVATE KEY");
    let key = if is_private { MemberKey::of_private(&text) } else { MemberKey::parse(&text) };
    let key = key.map_err(|error| {
        Fail::new(Exit::Failed, format!("{}: {}", args.file.display(), crate::fail::chain(&error)))
    })?;
    let about = About {
        fingerprint: key.fingerprint(),
        kind: key.kind().to_string(),
        algorithm: key.algorithm(),
        created: key.created(),
        expires: key.expires(),
        is_private,
    };
    let day = |time: Option<u64>, otherwise: &str| {
        time.and_then(timestamp).map_or_else(|| otherwise.to_owned(), |time| time.to_string())
    };
    let never = if about.created.is_some() { "never" } else { "not said" };
    let text = format!(
        "fingerprint  {}\nkind         {} {}{}\ncreated      {}\nexpires      {}",
        about.fingerprint,
        about.kind,
        about.algorithm,
        if is_private { ", private" } else { "" },
        day(about.created, "not said"),
        day(about.expires, never),
    );
    Shown::new(&about, text)
}

fn parts(args: &SplitKey) -> Result<Shown, Fail> {
    let (shares, fingerprint) = split_file(&args.file, args.shares, args.need)?;
    let name = args.file.file_stem().unwrap_or_default().to_string_lossy();
    let files: Vec<_> = shares
        .iter()
        .map(|share| args.out.join(format!("{name}-{}-of-{}.share", share.number(), args.shares)))
        .collect();
    files.iter().try_for_each(|file| absent(file))?;
    fs::create_dir_all(&args.out).map_err(|error| failed(&args.out, &error))?;
    for (share, file) in shares.iter().zip(&files) {
        write_private(file, share.to_text().as_bytes())?;
    }
    let (need, all) = (args.need, args.shares);
    let text = format!(
        "{all} shares of {fingerprint} in {}: give each to another person; any {need} of them are the key.\n\
         Try `heirloom key join` with {need} of them before you destroy {}.",
        args.out.display(),
        args.file.display()
    );
    let files = files.iter().map(std::path::PathBuf::as_path).collect();
    Shown::new(&Made { fingerprint: &fingerprint, files }, text)
}

fn whole(args: &JoinKey) -> Result<Shown, Fail> {
    absent(&args.out)?;
    let mut shares = Vec::new();
    for file in &args.shares {
        shares.push((file.display().to_string(), Share::read(file)?));
    }
    let (key, fingerprint) = join(&shares)?;
    write_private(&args.out, &key)?;
    let text = format!("key {fingerprint}: {}, to be kept secret", args.out.display());
    Shown::new(&Made { fingerprint: &fingerprint, files: vec![&args.out] }, text)
}

fn publish(key: &SecretKey, to: &Path) -> Result<(), Fail> {
    fs::write(to, key.public_armoured()?).map_err(|error| failed(to, &error))
}

fn text(file: &Path) -> Result<String, Fail> {
    String::from_utf8(bytes(file, LARGEST)?).map_err(|_| {
        Fail::new(Exit::Failed, format!("{} is no text", file.display())).hint("keys are armoured")
    })
}

fn absent(file: &Path) -> Result<(), Fail> {
    match file.exists() {
        true => Err(Fail::new(Exit::Failed, format!("{} is there already", file.display()))
            .hint("keys and shares are never overwritten: name another file, or move this one away")),
        false => Ok(()),
    }
}

fn failed(file: &Path, error: &std::io::Error) -> Fail {
    Fail::new(Exit::Failed, format!("{}: {error}", file.display()))
}
