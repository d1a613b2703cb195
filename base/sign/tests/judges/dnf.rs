//! dnf with `gpgcheck=1` and `repo_gpgcheck=1` installs what is signed, and refuses what was touched.

use std::fs;

use heirloom_sign::{Algorithm, SecretKey};

use crate::support::{Place, TIME, text};

fn install(place: &Place, root: &str) -> (bool, String) {
    let installroot = format!("--installroot={}", place.path(root).display());
    let config = format!("--config={}", place.path("dnf.conf").display());
    let output = place.try_run("dnf", &["-y", &config, &installroot, "--releasever=9", "install", "plain"]);
    (output.status.success(), text(&output))
}

#[test]
fn dnf_installs_only_what_is_untouched() {
    let place = Place::new();
    let key = SecretKey::generate("Test <test@example.org>", TIME, Algorithm::Ed25519).unwrap();
    let repository = place.path("repository");
    fs::create_dir(&repository).unwrap();
    let package = repository.join("plain.rpm");
    key.sign_rpm(&place.package("plain", "content"), &package, TIME).unwrap();
    place.run("createrepo_c", &["--quiet", "repository"]);
    let repomd = repository.join("repodata/repomd.xml");
    let metadata = fs::read(&repomd).unwrap();
    fs::write(repository.join("repodata/repomd.xml.asc"), key.sign_detached(&metadata, TIME).unwrap())
        .unwrap();
    place.write("key.asc", key.public_armoured().unwrap());
    let at = |name: &str| place.path(name).display().to_string();
    place.write(
        "dnf.conf",
        format!(
            "[main]\nplugins=0\nreposdir=/none\ncachedir={}\nmodule_platform_id=platform:el9\n\
             [test]\nname=test\nbaseurl=file://{}\ngpgkey=file://{}\ngpgcheck=1\nrepo_gpgcheck=1\n",
            at("cache"),
            at("repository"),
            at("key.asc"),
        ),
    );
    let (fine, said) = install(&place, "root");
    assert!(fine && place.path("root/opt/plain").exists(), "{said}");

    let mut bytes = fs::read(&package).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&package, &bytes).unwrap();
    let (fine, said) = install(&place, "tampered-package");
    assert!(!fine && !place.path("tampered-package/opt/plain").exists(), "{said}");

    fs::write(&repomd, String::from_utf8(metadata).unwrap().replace("<repomd", "<!-- x --><repomd")).unwrap();
    place.run("rm", &["-rf", "cache"]);
    let (fine, said) = install(&place, "tampered-metadata");
    assert!(!fine && said.contains("repomd.xml GPG signature verification error"), "{said}");
}
