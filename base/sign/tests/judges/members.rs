//! Members' keys and votes: ssh-keygen and gpg judge.

use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use heirloom_formats::openpgp::VerifyError;
use heirloom_model::KeySource;
use heirloom_sign::{
    Algorithm, KeyError, MemberKey, MemberKeyError, MemberKind, MemberSecret, MemberSecretError,
    MemberVerifyError, SecretKey, SshAgentError, Unlock,
};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256, Sha512};

use crate::support::{Place, TIME};

const VOTE: &str = "{\"vote\": \"yes\"}\n";
const DAY: u64 = 24 * 60 * 60;

/// ssh-keygen, told who may sign, verifies a signature, and does not verify it of anything else.
pub(crate) fn ssh_keygen_verifies(place: &Place, public: &str, namespace: &str, data: &str, signature: &str) {
    place.write("allowed", format!("member@example.org {public}"));
    place.write("vote.sig", signature);
    let verify = |data: &str, namespace: &str| {
        let input = std::fs::File::open(place.write("vote", data)).unwrap();
        let args =
            ["-Y", "verify", "-f", "allowed", "-I", "member@example.org", "-s", "vote.sig", "-n", namespace];
        let mut command = Command::new("ssh-keygen");
        command.current_dir(place.path("")).args(args).stdin(Stdio::from(input)).output().unwrap()
    };
    let good = verify(data, namespace);
    assert!(good.status.success(), "{}", crate::support::text(&good));
    assert!(!verify("changed", namespace).status.success());
    assert!(!verify(data, "other").status.success());
}

fn ssh_key(place: &Place, name: &str, kind: &[&str], passphrase: &str) -> String {
    place.run(
        "ssh-keygen",
        &[["-q", "-f", name, "-C", "a member", "-N", passphrase, "-t"].as_slice(), kind].concat(),
    );
    std::fs::read_to_string(place.path(&format!("{name}.pub"))).unwrap()
}

fn file(place: &Place, name: &str) -> KeySource {
    KeySource::File(place.path(name))
}

#[test]
fn ssh_keygen_and_we_agree() {
    let place = Place::new();
    let kinds: [(&str, &[&str]); 4] = [
        ("ed25519", &["ed25519"]),
        ("ecdsa-p256", &["ecdsa", "-b", "256"]),
        ("rsa2048", &["rsa", "-b", "2048"]),
        ("rsa4096", &["rsa", "-b", "4096"]),
    ];
    for (algorithm, kind) in kinds {
        let public = ssh_key(&place, algorithm, kind, "");
        let key = MemberKey::parse(&format!("# a member\n\n{public}")).unwrap();
        assert_eq!((key.algorithm(), key.kind()), (algorithm, MemberKind::Ssh));
        assert_eq!((key.created(), key.expires()), (None, None));
        let listed = place.run("ssh-keygen", &["-l", "-f", &format!("{algorithm}.pub")]);
        assert!(listed.contains(key.fingerprint()), "{listed}");

        let secret = MemberSecret::open(&file(&place, algorithm), Unlock::default()).unwrap();
        assert_eq!(MemberKey::parse(&secret.public().unwrap()).unwrap().fingerprint(), key.fingerprint());
        let ours = secret.sign("vote", VOTE.as_bytes(), TIME).unwrap();
        ssh_keygen_verifies(&place, &public, "vote", VOTE, &ours);

        for hash in ["sha256", "sha512"] {
            place.write("data", VOTE);
            let _ = std::fs::remove_file(place.path("data.sig"));
            let option = format!("hashalg={hash}");
            place.run("ssh-keygen", &["-Y", "sign", "-O", &option, "-f", algorithm, "-n", "vote", "data"]);
            let theirs = std::fs::read_to_string(place.path("data.sig")).unwrap();
            key.verify("vote", VOTE.as_bytes(), &theirs, TIME).unwrap();
            if hash == "sha512" && !algorithm.starts_with("ecdsa") {
                assert_eq!(ours, theirs, "{algorithm}");
            }
        }
        let fails =
            |namespace: &str, data: &[u8], text: &str| key.verify(namespace, data, text, TIME).unwrap_err();
        assert!(matches!(fails("vote", b"changed", &ours), MemberVerifyError::BadSignature { .. }));
        assert!(matches!(fails("file", VOTE.as_bytes(), &ours), MemberVerifyError::Namespace { found, .. }
            if found == "vote"));
        assert!(matches!(fails("vote", VOTE.as_bytes(), "hello"), MemberVerifyError::Form { .. }));
    }
    let one = MemberKey::parse(&std::fs::read_to_string(place.path("ed25519.pub")).unwrap()).unwrap();
    let other = MemberSecret::open(&file(&place, "rsa2048"), Unlock::default()).unwrap();
    let signature = other.sign("vote", VOTE.as_bytes(), TIME).unwrap();
    let error = one.verify("vote", VOTE.as_bytes(), &signature, TIME).unwrap_err();
    assert!(
        matches!(&error, MemberVerifyError::OtherKey { found, .. } if found == other.fingerprint()),
        "{error}"
    );
}

fn string(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap().to_be_bytes());
    out.extend_from_slice(bytes);
}

/// A FIDO device with a fixed key.
struct Device {
    name: &'static str,
    public: Vec<u8>,
    sign: fn(&[u8]) -> Vec<u8>,
}

fn ed25519_device() -> Device {
    let name = "sk-ssh-ed25519@openssh.com";
    let key = || SigningKey::from_bytes(&[7; 32]);
    let mut public = Vec::new();
    string(&mut public, name.as_bytes());
    string(&mut public, key().verifying_key().as_bytes());
    Device { name, public, sign: |data| SigningKey::from_bytes(&[7; 32]).sign(data).to_bytes().to_vec() }
}

fn ecdsa_device() -> Device {
    let name = "sk-ecdsa-sha2-nistp256@openssh.com";
    let key = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    let mut public = Vec::new();
    for part in [name.as_bytes(), b"nistp256", key.verifying_key().to_encoded_point(false).as_bytes()] {
        string(&mut public, part);
    }
    let sign = |data: &[u8]| {
        let key = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
        let signature: p256::ecdsa::Signature = key.sign(data);
        let mut out = Vec::new();
        for number in [signature.r().to_bytes(), signature.s().to_bytes()] {
            // As numbers of the protocol: without needless zeros, and not negative.
            let mut number = number.as_slice();
            while let [0, rest @ ..] = number {
                number = rest;
            }
            let sign: &[u8] = if number[0] & 0x80 == 0 { b"" } else { b"\0" };
            string(&mut out, &[sign, number].concat());
        }
        out
    };
    Device { name, public, sign }
}

/// What a FIDO device and ssh-keygen make together (OpenSSH's PROTOCOL.u2f and PROTOCOL.sshsig): public line, signature.
fn fido(device: &Device, flags: u8, counter: u32, namespace: &str, data: &[u8]) -> (String, String) {
    let mut public = device.public.clone();
    string(&mut public, b"ssh:");
    let mut message = b"SSHSIG".to_vec();
    for part in [namespace.as_bytes(), b"", b"sha512", &Sha512::digest(data)] {
        string(&mut message, part);
    }
    let mut signed = Sha256::digest(b"ssh:").to_vec();
    signed.push(flags);
    signed.extend_from_slice(&counter.to_be_bytes());
    signed.extend_from_slice(&Sha256::digest(&message));
    let mut signature = Vec::new();
    string(&mut signature, device.name.as_bytes());
    string(&mut signature, &(device.sign)(&signed));
    signature.push(flags);
    signature.extend_from_slice(&counter.to_be_bytes());

    let mut blob = b"SSHSIG\0\0\0\x01".to_vec();
    for part in [&public, namespace.as_bytes(), b"", b"sha512", &signature] {
        string(&mut blob, part);
    }
    let text =
        format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n", STANDARD.encode(blob));
    (format!("{} {} a member\n", device.name, STANDARD.encode(public)), text)
}

#[test]
fn a_fido_device_votes_if_it_is_touched() {
    for (device, algorithm) in [(ed25519_device(), "ed25519-sk"), (ecdsa_device(), "ecdsa-p256-sk")] {
        let place = Place::new();
        let (public, touched) = fido(&device, 1, 42, "vote", VOTE.as_bytes());
        ssh_keygen_verifies(&place, &public, "vote", VOTE, &touched);
        let key = MemberKey::parse(&public).unwrap();
        assert_eq!((key.kind(), key.algorithm()), (MemberKind::Fido, algorithm));
        key.verify("vote", VOTE.as_bytes(), &touched, TIME).unwrap();
        let error = key.verify("vote", b"changed", &touched, TIME).unwrap_err();
        assert!(matches!(error, MemberVerifyError::BadSignature { .. }), "{error}");
        let (_, untouched) = fido(&device, 0, 43, "vote", VOTE.as_bytes());
        let error = key.verify("vote", VOTE.as_bytes(), &untouched, TIME).unwrap_err();
        assert!(matches!(error, MemberVerifyError::NotTouched { .. }), "{error}");
    }
}

#[test]
fn gpg_and_we_agree() {
    let place = Place::new();
    for (user, algorithm, named) in
        [("rsa@example.org", "rsa2048", "rsa2048"), ("ed@example.org", "ed25519", "ed25519")]
    {
        place.gpg(&["--quick-gen-key", user, algorithm, "sign", "1y"]);
        let key = MemberKey::parse(&place.gpg(&["--armor", "--export", user])).unwrap();
        assert_eq!((key.algorithm(), key.kind()), (named, MemberKind::OpenPgp));
        let (created, expires) = (key.created().unwrap(), key.expires().unwrap());
        assert!((364 * DAY..366 * DAY).contains(&(expires - created)), "{created} {expires}");
        place.write("vote", VOTE);
        place.gpg(&["--yes", "-u", user, "--armor", "--output", "vote.asc", "--detach-sign", "vote"]);
        let signature = std::fs::read_to_string(place.path("vote.asc")).unwrap();
        key.verify("vote", VOTE.as_bytes(), &signature, created + DAY).unwrap();
        for at in [created - 1, expires + 1] {
            let error = key.verify("vote", VOTE.as_bytes(), &signature, at).unwrap_err();
            assert!(matches!(error, MemberVerifyError::Expired { .. }), "{error}");
        }
        let error = key.verify("vote", b"changed", &signature, created + DAY).unwrap_err();
        assert!(matches!(error, MemberVerifyError::OpenPgp(_)), "{error}");
        let (_, ssh) = fido(&ed25519_device(), 1, 42, "vote", VOTE.as_bytes());
        let error = key.verify("vote", VOTE.as_bytes(), &ssh, created + DAY).unwrap_err();
        assert!(matches!(error, MemberVerifyError::Form { .. }), "{error}");
    }
    let key = SecretKey::generate("Own <own@example.org>", TIME, Algorithm::Ed25519).unwrap();
    key.save(&place.path("own.key")).unwrap();
    let secret = MemberSecret::open(&file(&place, "own.key"), Unlock::default()).unwrap();
    place.write("own.asc", secret.public().unwrap());
    place.gpg(&["--import", "own.asc"]);
    place.write("vote.asc", secret.sign("vote", VOTE.as_bytes(), TIME).unwrap());
    assert!(place.run("gpg", &["--verify", "vote.asc", "vote"]).contains("Good signature"));
}

/// Who finds an expired subkey could date a signature back, but not the day on which it is asked for.
#[test]
fn an_expired_subkey_does_not_vote() {
    let place = Place::new();
    place.gpg(&["--quick-gen-key", "sub@example.org", "ed25519", "cert", "never"]);
    let listed = place.gpg(&["--with-colons", "--list-keys"]);
    let primary =
        listed.lines().find_map(|line| line.strip_prefix("fpr:")).unwrap().trim_matches(':').to_owned();
    place.gpg(&["--quick-add-key", &primary, "ed25519", "sign", "10d"]);
    let key = MemberKey::parse(&place.gpg(&["--armor", "--export", "sub@example.org"])).unwrap();
    assert_eq!((key.fingerprint(), key.expires()), (primary.as_str(), None));
    place.write("vote", VOTE);
    place.gpg(&["--armor", "--output", "vote.asc", "--detach-sign", "vote"]);
    let signature = std::fs::read_to_string(place.path("vote.asc")).unwrap();
    let at = |days: u64| key.verify("vote", VOTE.as_bytes(), &signature, key.created().unwrap() + days * DAY);
    at(9).unwrap();
    let error = at(11).unwrap_err();
    assert!(matches!(error, MemberVerifyError::OpenPgp(VerifyError::Expired { .. })), "{error}");
}

#[test]
fn keys_that_do_not_count_are_told() {
    let place = Place::new();
    let parse = |text: &str| MemberKey::parse(text).unwrap_err();
    let good = ssh_key(&place, "good", &["ed25519"], "");
    let other = ssh_key(&place, "other", &["ed25519"], "");
    assert!(matches!(parse(&format!("{good}{other}")), MemberKeyError::Several(2)));
    assert!(matches!(parse("# nobody\n"), MemberKeyError::Malformed(_)));
    assert!(matches!(parse(&good.replace("AAAA", "AAAB")), MemberKeyError::Malformed(_)));
    assert!(matches!(parse(&format!("no-pty {good}")), MemberKeyError::Malformed(_)));
    assert!(matches!(parse(&std::fs::read_to_string(place.path("good")).unwrap()), MemberKeyError::Private));
    let weak = ssh_key(&place, "weak", &["rsa", "-b", "1024"], "");
    assert!(matches!(parse(&weak), MemberKeyError::RsaSize(1024)));
    let curve = ssh_key(&place, "curve", &["ecdsa", "-b", "384"], "");
    assert!(matches!(parse(&curve), MemberKeyError::Algorithm { .. }));

    place.gpg(&["--quick-gen-key", "left@example.org", "ed25519", "sign", "never"]);
    place.gpg(&["--quick-gen-key", "here@example.org", "ed25519", "sign", "never"]);
    let both = place.gpg(&["--armor", "--export"]);
    assert!(matches!(parse(&both), MemberKeyError::Several(2)));
    let here = place.gpg(&["--armor", "--export", "here@example.org"]);
    let listed = place.gpg(&["--with-colons", "--list-keys", "left@example.org"]);
    let fingerprint = listed.lines().find_map(|line| line.strip_prefix("fpr:")).unwrap().trim_matches(':');
    // gpg puts a colon before the armour, so that nobody imports it by accident.
    let path = place.path(&format!("gpg/openpgp-revocs.d/{fingerprint}.rev"));
    let revocation = std::fs::read_to_string(path).unwrap().replace(":-----BEGIN", "-----BEGIN");
    place.write("revocation", revocation);
    place.gpg(&["--import", "revocation"]);
    let left = place.gpg(&["--armor", "--export", "left@example.org"]);
    let error = parse(&left);
    assert!(
        matches!(&error, MemberKeyError::Revoked { fingerprint: found, .. } if found == fingerprint),
        "{error}"
    );
    // One that was valid may not stand before the one that says that it is not.
    assert!(matches!(parse(&format!("{here}{left}")), MemberKeyError::Several(2)));
}

#[test]
fn secret_keys_are_opened_with_what_they_need() {
    let place = Place::new();
    ssh_key(&place, "locked", &["ed25519"], "a passphrase");
    ssh_key(&place, "open", &["ed25519"], "");
    let fails =
        |name: &str, unlock: Unlock<'_>| MemberSecret::open(&file(&place, name), unlock).err().unwrap();
    assert!(matches!(fails("locked", Unlock::default()), MemberSecretError::Locked { .. }));
    let passphrase = place.write("passphrase", "a passphrase\n");
    let with = Unlock { passphrase: Some(&passphrase), ..Unlock::default() };
    let error = fails("locked", with);
    assert!(matches!(&error, MemberSecretError::Key(KeyError::Exposed { .. })), "{error}");
    place.run("chmod", &["600", "passphrase"]);
    let secret = MemberSecret::open(&file(&place, "locked"), with).unwrap();
    let public = std::fs::read_to_string(place.path("locked.pub")).unwrap();
    let signature = secret.sign("vote", VOTE.as_bytes(), TIME).unwrap();
    ssh_keygen_verifies(&place, &public, "vote", VOTE, &signature);
    place.write("passphrase", "another");
    assert!(matches!(fails("locked", with), MemberSecretError::WrongPassphrase { .. }));
    place.run("chmod", &["644", "open"]);
    let error = fails("open", Unlock::default());
    assert!(matches!(&error, MemberSecretError::Key(KeyError::Exposed { mode: 0o644, .. })), "{error}");
    assert!(matches!(fails("open.pub", Unlock::default()), MemberSecretError::Elsewhere { .. }));
    place.write("nothing", "nothing\n");
    assert!(matches!(fails("nothing", Unlock::default()), MemberSecretError::Unknown { .. }));
}

/// An ssh-agent, ended with it.
struct Agent(std::process::Child);

impl Agent {
    fn start(socket: &Path) -> Self {
        let mut command = Command::new("ssh-agent");
        command.arg("-D").arg("-a").arg(socket).stdout(Stdio::null()).stderr(Stdio::null());
        let agent = Self(command.spawn().unwrap());
        for _ in 0..200 {
            if socket.exists() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        agent
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn ssh_agent_signs() {
    let place = Place::new();
    let socket = place.path("agent");
    let unlock = Unlock { ssh_agent: Some(&socket), ..Unlock::default() };
    let kinds: [(&str, &[&str]); 3] =
        [("ed", &["ed25519"]), ("rsa", &["rsa", "-b", "2048"]), ("ec", &["ecdsa", "-b", "256"])];
    for (name, kind) in kinds {
        ssh_key(&place, name, kind, "");
    }
    let error = MemberSecret::open(&file(&place, "ed.pub"), unlock).err().unwrap();
    assert!(matches!(error, MemberSecretError::SshAgent(SshAgentError::Absent { .. })), "{error}");
    let _agent = Agent::start(&socket);
    let error = MemberSecret::open(&file(&place, "ed.pub"), unlock).err().unwrap();
    assert!(matches!(error, MemberSecretError::SshAgent(SshAgentError::NoKey { .. })), "{error}");
    for (name, _) in kinds {
        let mut add = Command::new("ssh-add");
        add.arg("-q").arg(place.path(name)).env("SSH_AUTH_SOCK", &socket);
        assert!(add.status().unwrap().success());
        let secret = MemberSecret::open(&file(&place, &format!("{name}.pub")), unlock).unwrap();
        let signature = secret.sign("vote", VOTE.as_bytes(), TIME).unwrap();
        let public = std::fs::read_to_string(place.path(&format!("{name}.pub"))).unwrap();
        ssh_keygen_verifies(&place, &public, "vote", VOTE, &signature);
    }
}

#[test]
fn no_text_is_too_strange() {
    let (public, signature) = fido(&ed25519_device(), 1, 42, "vote", VOTE.as_bytes());
    let key = MemberKey::parse(&public).unwrap();
    let (start, end) = (signature.find('\n').unwrap() + 1, signature.rfind("\n-----END").unwrap());
    let blob = STANDARD.decode(&signature[start..end]).unwrap();
    proptest!(|(at in 0..blob.len(), with: u8, cut: bool)| {
        let mut changed = blob.clone();
        if cut { changed.truncate(at) } else { changed[at] = with }
        let text = signature.replace(&signature[start..end], &STANDARD.encode(&changed));
        prop_assert_eq!(key.verify("vote", VOTE.as_bytes(), &text, TIME).is_ok(), changed == blob);
    });
    proptest!(|(text in "(ssh-ed25519 |ssh-rsa |-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n)?[A-Za-z0-9+/=\n ]{0,99}")| {
        prop_assert!(MemberKey::parse(&text).is_err());
    });
}
