//! The process that holds the key.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::members::{Governed, fingerprint_of};
use crate::site::Site;

/// A signer of a distribution, which is stopped with it.
struct Signer {
    process: Child,
    dir: TempDir,
}

impl Signer {
    fn start(governed: &Governed) -> Self {
        let key = governed.site.path("secret.asc").display().to_string();
        Self::holding(governed, &["--key", &key], &[])
    }

    /// One that holds this key, in this environment.
    fn holding(governed: &Governed, key: &[&str], environment: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let show = governed.site.json(&["charter", "show"]);
        let socket = governed.site.path("signer.sock");
        let process = Command::new(env!("CARGO_BIN_EXE_heirloom"))
            .args(["signer", "--pin", show["digest"].as_str().unwrap()])
            .args(key)
            .envs(environment.iter().copied())
            .arg("--inbox")
            .arg(governed.site.path("state/inbox"))
            .arg("--socket")
            .arg(&socket)
            .arg("--dir")
            .arg(dir.path())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let began = Instant::now();
        while std::os::unix::net::UnixStream::connect(&socket).is_err() {
            assert!(began.elapsed() < Duration::from_secs(30), "the signer does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { process, dir }
    }

    fn uses(&self) -> Vec<serde_json::Value> {
        let text = fs::read_to_string(self.dir.path().join("uses.jsonl")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Drop for Signer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Lets a site's key be a signer's alone; its certificate is in this file.
fn give_away(site: &Site, certificate: &str) {
    let definition = site.path("heirloom.toml");
    let text = fs::read_to_string(&definition).unwrap();
    let socket = site.path("signer.sock");
    let signing = format!("key = \"signer:{}\"\ncertificate = \"{certificate}\"", socket.display());
    fs::write(&definition, text.replace("key = \"secret.asc\"", &signing)).unwrap();
}

/// A distribution whose key is a signer's alone.
fn behind_a_signer() -> (Governed, Signer) {
    let governed = Governed::new();
    let signer = Signer::start(&governed);
    give_away(&governed.site, "key.asc");
    (governed, signer)
}

#[test]
fn it_signs_what_is_approved_and_notes_each_use() {
    let (governed, signer) = behind_a_signer();
    governed.release(1);
    let uses = signer.uses();
    assert_eq!(uses.len(), 2, "{uses:?}");
    assert!(uses.iter().all(|one| one["refused"].is_null() && one["proposal"].is_string()), "{uses:?}");
    let repomd = governed.site.published("9/BaseOS/x86_64/os/repodata/repomd.xml");
    let signed =
        heirloom_formats::openpgp::Keyring::from_armoured(&fs::read(governed.site.path("key.asc")).unwrap())
            .unwrap();
    signed
        .verify_detached(&fs::read(&repomd).unwrap(), &fs::read(repomd.with_extension("xml.asc")).unwrap())
        .unwrap();
}

#[test]
fn it_refuses_what_is_not_approved() {
    let (governed, signer) = behind_a_signer();
    governed.release(1);
    // Somebody who has the socket and asks for what nobody has approved: an errata site, say.
    let key = format!("signer:{}", governed.site.path("signer.sock").display()).parse().unwrap();
    let certificate = fs::read(governed.site.path("key.asc")).unwrap();
    let key = heirloom_sign::SecretKey::open(&key, Some(&certificate)).unwrap();
    let refused = key.sign_detached(b"a repomd.xml of mine", 1_790_000_000).unwrap_err();
    let text = format!("{refused} {:?}", refused);
    assert!(text.contains("is in no proposal that a quorum has approved"), "{text}");
    assert!(key.sign_envelope("text/plain", b"a statement").is_err());
    // A proposal without a quorum, laid into its inbox by hand.
    governed.offer(2);
    let proposal = governed.propose(&[]);
    governed.approve(&proposal, &["ada", "ben"]);
    let inbox = governed.site.path(&format!("state/inbox/{proposal}.json")).display().to_string();
    governed.run(&["release", "export", &proposal, "--out", &inbox]).expect(0);
    let repomd = crate::site::tree(2).join("BaseOS/x86_64/os/repodata/repomd.xml");
    let refused = format!("{:?}", key.sign_detached(&fs::read(repomd).unwrap(), 1).unwrap_err());
    assert!(refused.contains("1 of 3 approvals"), "{refused}");
    let last = signer.uses().pop().unwrap();
    assert!(last["refused"].as_str().unwrap().contains("in no proposal"), "{last}");
}

#[test]
fn it_is_shown_one_history_only() {
    let (governed, signer) = behind_a_signer();
    governed.release(1);
    // Another history from the same charter: the same members, another snapshot first.
    let other = Governed::new();
    fs::copy(governed.site.path("charter.toml"), other.site.path("charter.toml")).unwrap();
    other.offer(2);
    let proposal = other.propose(&[]);
    other.approve(&proposal, &["ada", "cho", "dee"]);
    other.promote(&proposal).expect(0);
    other.offer(3);
    let next = other.propose(&[]);
    other.approve(&next, &["ada", "cho", "dee"]);
    governed.offer(4);
    let proposal = governed.propose(&[]);
    governed.approve(&proposal, &["ada", "cho", "dee"]);
    governed.promote(&proposal).expect(0);
    let inbox = governed.site.path(&format!("state/inbox/{next}.json")).display().to_string();
    other.run(&["release", "export", &next, "--out", &inbox]).expect(0);
    let key = format!("signer:{}", governed.site.path("signer.sock").display()).parse().unwrap();
    let certificate = fs::read(governed.site.path("key.asc")).unwrap();
    let key = heirloom_sign::SecretKey::open(&key, Some(&certificate)).unwrap();
    let repomd = crate::site::tree(3).join("BaseOS/x86_64/os/repodata/repomd.xml");
    let refused = format!("{:?}", key.sign_detached(&fs::read(repomd).unwrap(), 1).unwrap_err());
    assert!(refused.contains("somebody shows two histories"), "{refused}");
    let kept = fs::read_to_string(signer.dir.path().join("history.jsonl")).unwrap();
    assert!(kept.lines().count() >= 2, "{kept}");
}

#[test]
fn a_token_signs_what_is_approved() {
    let site = Site::new("https://kestrel.example", "");
    let tokens = site.path("tokens");
    fs::create_dir(&tokens).unwrap();
    let configuration = site.path("softhsm2.conf").display().to_string();
    fs::write(&configuration, format!("directories.tokendir = {}\n", tokens.display())).unwrap();
    let environment = [("SOFTHSM2_CONF", configuration.as_str())];
    let run = |program: &str, arguments: &[&str]| {
        let ran = Command::new(program)
            .args(arguments)
            .envs(environment)
            .current_dir(site.path(""))
            .output()
            .unwrap();
        assert!(ran.status.success(), "{program}: {}", String::from_utf8_lossy(&ran.stderr));
    };
    run("softhsm2-util", &["--init-token", "--free", "--label", "one", "--pin", "1234", "--so-pin", "5678"]);
    run(
        "openssl",
        &["genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "key.pem"],
    );
    run(
        "softhsm2-util",
        &["--import", "key.pem", "--token", "one", "--label", "release", "--id", "01", "--pin", "1234"],
    );
    let pin = site.path("pin").display().to_string();
    fs::write(&pin, "1234\n").unwrap();
    run("chmod", &["600", &pin]);
    let modules =
        ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so", "/usr/lib64/libsofthsm2.so"];
    let module =
        modules.iter().find(|path| std::path::Path::new(path).exists()).expect("softhsm2 is not installed");
    let uri = format!("pkcs11:token=one;object=release?module-path={module}&pin-source={pin}");
    let heirloom = env!("CARGO_BIN_EXE_heirloom");
    run(
        heirloom,
        &["key", "certify", &uri, "--user-id", "Kestrel <k@kestrel.example>", "--out", "token.asc"],
    );
    let certificate = site.path("token.asc").display().to_string();
    let key = fingerprint_of(&fs::read(&certificate).unwrap());
    give_away(&site, "token.asc");
    let governed = Governed::signed_by(site, key, &[]);
    let signer = Signer::holding(&governed, &["--key", &uri, "--certificate", &certificate], &environment);
    governed.release(1);
    assert_eq!(signer.uses().len(), 2);
    let repomd = governed.site.published("9/BaseOS/x86_64/os/repodata/repomd.xml");
    let keyring =
        heirloom_formats::openpgp::Keyring::from_armoured(&fs::read(&certificate).unwrap()).unwrap();
    let signature = fs::read(repomd.with_extension("xml.asc")).unwrap();
    keyring.verify_detached(&fs::read(&repomd).unwrap(), &signature).unwrap();
}

/// The public keys of TUF's roles, as a root names them.
fn public(root: &serde_json::Value, role: &str) -> [u8; 32] {
    let id = root["signed"]["roles"][role]["keyids"][0].as_str().unwrap();
    let text = root["signed"]["keys"][id]["keyval"]["public"].as_str().unwrap();
    let byte = |at: usize| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap();
    std::array::from_fn(byte)
}

#[test]
fn metadata_is_signed_of_what_members_approved_alone() {
    let governed = Governed::new();
    let socket = governed.site.path("signer.sock");
    governed.define(&format!("[tuf]\nkeys = \"tuf-keys\"\nsigner = \"{}\"\n", socket.display()));
    governed.run(&["tuf", "init"]).expect(0);
    // The root key stays where it is; the signer has the others.
    let keys = tempfile::tempdir().unwrap();
    for role in ["targets", "snapshot", "timestamp"] {
        let name = format!("{role}.key");
        testkit::tool::Tool::new("mv")
            .arg(governed.site.path("tuf-keys").join(&name))
            .arg(keys.path())
            .run()
            .unwrap();
    }
    let (key, dir) =
        (governed.site.path("secret.asc").display().to_string(), keys.path().display().to_string());
    let _signer = Signer::holding(&governed, &["--key", &key, "--tuf-keys", &dir], &[]);
    give_away(&governed.site, "key.asc");
    governed.release(1);
    let read = |name: &str| fs::read(governed.site.published("9/tuf").join(name)).unwrap();
    let (old, old_snapshot) = (read("1.targets.json"), read("1000000.snapshot.json"));
    governed.release(2);
    governed.run(&["tuf", "refresh"]).expect(0);
    let root = governed.site.path("tuf-keys/1.root.json");
    let place = governed.site.published("9").display().to_string();
    let show = governed.site.json(&["charter", "show"]);
    let pin = show["digest"].as_str().unwrap();
    governed.run(&["verify", &place, "--root", &root.display().to_string(), "--charter", pin]).expect(0);

    // Whoever has the socket gets no other list signed, and nothing that was before.
    let root: serde_json::Value = serde_json::from_slice(&fs::read(&root).unwrap()).unwrap();
    let ask = |role: &str, signed: &serde_json::Value| {
        let refused =
            heirloom_sign::sign_remotely(&socket, public(&root, role), signed.to_string().as_bytes());
        refused.map_err(|error| error.to_string()).err().unwrap_or_default()
    };
    let signed = |file: &[u8]| serde_json::from_slice::<serde_json::Value>(file).unwrap()["signed"].take();
    assert_eq!(ask("targets", &signed(&read("2.targets.json"))), "", "what is served may be signed again");
    let mut altered = signed(&read("2.targets.json"));
    let path = "BaseOS/x86_64/os/repodata/repomd.xml";
    altered["targets"][path]["hashes"]["sha256"] = "0".repeat(64).into();
    let refused = ask("targets", &altered);
    assert!(refused.contains(&format!("{path} is not as members have approved it for 9")), "{refused}");
    let mut missing = signed(&read("2.targets.json"));
    missing["targets"].as_object_mut().unwrap().remove(path);
    assert!(ask("targets", &missing).contains("is not as members have approved it"));
    let mut superseded = signed(&read("2.targets.json"));
    superseded["targets"]["evil.rpm"] = serde_json::json!({
        "length": 1, "hashes": { "sha256": "1".repeat(64) }, "custom": { "x-heirloom-superseded": true },
    });
    assert!(ask("targets", &superseded).contains("evil.rpm is not as members have approved it"));
    let refused = ask("targets", &signed(&old));
    assert!(refused.contains("is not as members have approved it for 9"), "{refused}");
    // An older state, as if it were a newer one.
    let mut again = signed(&old_snapshot);
    again["version"] = 9_000_000.into();
    assert!(ask("snapshot", &again).contains("not to be served any more"), "{}", ask("snapshot", &again));
    // A key of another role, and another channel.
    assert!(ask("timestamp", &signed(&read("2.targets.json"))).contains("_type: expected `timestamp`"));
    let mut elsewhere = signed(&read("2.targets.json"));
    elsewhere["x-heirloom-channel"] = "stable".into();
    assert!(ask("targets", &elsewhere).contains("members have not decided that stable serves anything"));
}

#[test]
fn a_decision_of_tomorrow_is_not_believed() {
    let (governed, signer) = behind_a_signer();
    governed.offer(1);
    let proposal = governed.propose(&[]);
    governed.approve(&proposal, &["ada", "cho", "dee"]);
    governed.at("+20d", &["release", "promote", &proposal]).expect(0);
    let key = format!("signer:{}", governed.site.path("signer.sock").display()).parse().unwrap();
    let certificate = fs::read(governed.site.path("key.asc")).unwrap();
    let key = heirloom_sign::SecretKey::open(&key, Some(&certificate)).unwrap();
    let refused = format!("{:?}", key.sign_detached(b"anything", 1).unwrap_err());
    assert!(
        refused.contains("history: its newest decision took effect at") && refused.contains("later than now"),
        "{refused}"
    );
    let kept = fs::read_to_string(signer.dir.path().join("history.jsonl")).unwrap();
    assert_eq!(kept.lines().count(), 1, "only the charter: {kept}");
}
