//! A distribution whose key is not in a file.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use testkit::gpg::Key;
use testkit::tool::Tool;

use crate::heirloom;

const LIFE: &str = r#"
id = "kestrel"
name = "Kestrel"
updated = 2026-01-15
[[major]]
version = 9
[[major.phase]]
kind = "full"
begins = 2022-05-17
ends = 2027-05-31
promises = { security = "Low" }
maintainer = "Kestrel Foundation"
"#;

fn define(dir: &Path, signing: &str) {
    let definition = format!(
        "lifecycle = \"lifecycle.toml\"\nrepositories = {{}}\nbootstrap = {{ location = \"boot\", keys = [] }}\n\
         publish = {{ url = \"https://kestrel.example\" }}\nupstream = {{ kind = \"dist-git\", location = \"up\" }}\n\
         [distribution]\nname = \"Kestrel\"\nid = \"kestrel\"\nversion = \"9.4\"\ndist = \".el9\"\nvendor = \"Kestrel\"\n\
         platform_id = \"platform:el9\"\nhome_url = \"https://kestrel.example\"\nbug_url = \"https://kestrel.example\"\n\
         promise = \"identical\"\n[signing]\n{signing}\n"
    );
    fs::create_dir_all(dir.join("boot")).unwrap();
    fs::create_dir_all(dir.join("up")).unwrap();
    fs::write(dir.join("heirloom.toml"), definition).unwrap();
    fs::write(dir.join("lifecycle.toml"), LIFE).unwrap();
}

/// gpg, to which the certificate is new, believes what was exported.
fn judge(dir: &Path, certificate: &str) {
    let home = dir.join("judge");
    fs::create_dir(&home).unwrap();
    fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).unwrap();
    let gpg =
        || Tool::new("gpg").dir(dir).env("GNUPGHOME", &home).args(["--batch", "--quiet", "--no-autostart"]);
    gpg().args(["--import", certificate]).run().unwrap();
    gpg().args(["--verify", "out/lifecycle.json.asc", "out/lifecycle.json"]).run().unwrap();
}

#[test]
fn the_user_s_own_gpg_agent_signs() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let key = Key::throwaway("Kestrel <keys@kestrel.example>").unwrap();
    fs::write(dir.join("own.asc"), key.public().unwrap()).unwrap();
    define(dir, &format!("key = \"gpg-agent:{}\"\ncertificate = \"own.asc\"", key.fingerprint()));
    let home = key.home();
    let run = || heirloom(dir, &[("GNUPGHOME", &home)], &["lifecycle", "export", "--to", "out"]);
    run().expect(0);
    judge(dir, "own.asc");

    fs::remove_dir_all(dir.join("out")).unwrap();
    let empty = dir.join("empty");
    fs::create_dir(&empty).unwrap();
    fs::set_permissions(&empty, fs::Permissions::from_mode(0o700)).unwrap();
    let none = heirloom(dir, &[("GNUPGHOME", &empty)], &["lifecycle", "export", "--to", "out"]).expect(1);
    let _ = Tool::new("gpgconf").env("GNUPGHOME", &empty).args(["--kill", "all"]).run();
    assert!(
        none.stderr.contains("has no secret key for") && none.stderr.contains("docs/keys.md"),
        "{}",
        none.stderr
    );
    assert!(!dir.join("out").exists());
}

#[test]
fn a_token_signs() {
    let modules =
        ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so", "/usr/lib64/libsofthsm2.so"];
    let module = modules.iter().find(|path| Path::new(path).exists()).expect("softhsm2 is not installed");
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::create_dir(dir.join("tokens")).unwrap();
    let configuration = dir.join("softhsm2.conf");
    fs::write(&configuration, format!("directories.tokendir = {}\n", dir.join("tokens").display())).unwrap();
    let softhsm = || Tool::new("softhsm2-util").dir(dir).env("SOFTHSM2_CONF", &configuration);
    softhsm()
        .args(["--init-token", "--free", "--label", "release", "--pin", "1234", "--so-pin", "5678"])
        .run()
        .unwrap();
    let make =
        ["genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072", "-out", "key.pem"];
    Tool::new("openssl").dir(dir).args(make).run().unwrap();
    softhsm()
        .args([
            "--import", "key.pem", "--token", "release", "--label", "packages", "--id", "01", "--pin", "1234",
        ])
        .run()
        .unwrap();
    fs::write(dir.join("pin"), "1234\n").unwrap();
    fs::set_permissions(dir.join("pin"), fs::Permissions::from_mode(0o600)).unwrap();

    let uri = format!("pkcs11:token=release;object=packages?module-path={module}&pin-source=pin");
    let env = [("SOFTHSM2_CONF", configuration.as_path())];
    let certify = ["key", "certify", &uri, "--user-id", "Kestrel <k@example.org>", "--created", "1700000000"];
    heirloom(dir, &env, &[certify.as_slice(), &["--out", "own.asc"]].concat()).expect(0);
    heirloom(dir, &env, &[certify.as_slice(), &["--out", "again.asc"]].concat()).expect(0);
    assert_eq!(fs::read(dir.join("own.asc")).unwrap(), fs::read(dir.join("again.asc")).unwrap());
    define(dir, &format!("key = \"{uri}\"\ncertificate = \"own.asc\""));
    heirloom(dir, &env, &["lifecycle", "export", "--to", "out"]).expect(0);
    judge(dir, "own.asc");

    fs::write(dir.join("pin"), "4321\n").unwrap();
    let wrong = heirloom(dir, &env, &["lifecycle", "export", "--to", "none"]).expect(1);
    assert!(wrong.stderr.contains("the token `release` refused the PIN"), "{}", wrong.stderr);
    define(dir, &format!("key = \"{uri}\""));
    let missing = heirloom(dir, &env, &["lifecycle", "export", "--to", "none"]).expect(3);
    assert!(missing.stderr.contains("`signing.certificate` is missing"), "{}", missing.stderr);
    let file =
        heirloom(dir, &env, &["key", "certify", "own.key", "--user-id", "K", "--out", "none.asc"]).expect(2);
    assert!(file.stderr.contains("is not on a PKCS#11 token"), "{}", file.stderr);
}
