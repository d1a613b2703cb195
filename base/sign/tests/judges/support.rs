//! A directory with a gpg home and an rpm database of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use heirloom_formats::openpgp::Keyring;
use heirloom_sign::SecretKey;

pub(crate) const TIME: u64 = 1_700_000_000;

pub(crate) struct Place(tempfile::TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(place.path("gpg")).unwrap();
        place.run("chmod", &["700", "gpg"]);
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        std::fs::write(self.path(name), content).unwrap();
        self.path(name)
    }

    /// Runs a tool in the directory; its output must be a success.
    pub(crate) fn run(&self, program: &str, args: &[&str]) -> String {
        let output = self.try_run(program, args);
        let text = text(&output);
        assert!(output.status.success(), "{program} {args:?}: {text}");
        text
    }

    pub(crate) fn try_run(&self, program: &str, args: &[&str]) -> Output {
        let mut command = Command::new(program);
        command.current_dir(self.0.path()).env("GNUPGHOME", self.path("gpg")).env("LC_ALL", "C");
        command.args(args).output().unwrap_or_else(|error| panic!("{program} is not installed: {error}"))
    }

    pub(crate) fn gpg(&self, args: &[&str]) -> String {
        self.run("gpg", &[&["--batch", "--quiet", "--passphrase", ""], args].concat())
    }

    /// A private key made by gpg, as this crate loads it.
    pub(crate) fn gpg_key(&self, user_id: &str, algorithm: &str) -> SecretKey {
        self.gpg(&["--quick-gen-key", user_id, algorithm, "sign", "never"]);
        self.gpg(&["--armor", "--output", "exported.key", "--export-secret-keys", user_id]);
        self.run("chmod", &["600", "exported.key"]);
        let key = SecretKey::load(&self.path("exported.key")).unwrap();
        std::fs::remove_file(self.path("exported.key")).unwrap();
        key
    }

    pub(crate) fn gpg_certificate(&self, user_id: &str) -> Keyring {
        Keyring::from_armoured(self.gpg(&["--armor", "--export", user_id]).as_bytes()).unwrap()
    }

    pub(crate) fn import_to_rpm(&self, key: &SecretKey) {
        self.write("key.asc", key.public_armoured().unwrap());
        self.run("rpmkeys", &["--define", &self.database(), "--import", "key.asc"]);
    }

    /// What `rpm -K` says, and whether it is content.
    pub(crate) fn rpm_check(&self, package: &Path) -> (bool, String) {
        let output =
            self.try_run("rpmkeys", &["--define", &self.database(), "-K", package.to_str().unwrap()]);
        (output.status.success(), text(&output))
    }

    fn database(&self) -> String {
        format!("_dbpath {}", self.path("rpmdb").display())
    }

    /// A small package with a file of this content, built by rpmbuild.
    pub(crate) fn package(&self, name: &str, content: &str) -> PathBuf {
        let spec = format!(
            "Name: {name}\nVersion: 1\nRelease: 1\nSummary: test\nLicense: none\nBuildArch: noarch\n\
             %description\ntest\n%install\nmkdir -p %{{buildroot}}/opt\n\
             echo '{content}' > %{{buildroot}}/opt/{name}\n%files\n/opt/{name}\n"
        );
        self.write("package.spec", spec);
        let topdir = format!("_topdir {}", self.path("top").display());
        self.run("rpmbuild", &["-bb", "--quiet", "--define", &topdir, "package.spec"]);
        self.path(&format!("top/RPMS/noarch/{name}-1-1.noarch.rpm"))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // gpg leaves an agent behind that would watch a removed directory.
        self.try_run("gpgconf", &["--kill", "all"]);
    }
}

pub(crate) fn keyring(key: &SecretKey) -> Keyring {
    Keyring::from_armoured(key.public_armoured().unwrap().as_bytes()).unwrap()
}

pub(crate) fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// gpg, to which the certificate is new, verifies a detached signature.
pub(crate) fn gpg_verifies(key: &SecretKey, certificate: &str) {
    let place = Place::new();
    place.write("key.asc", certificate);
    place.gpg(&["--import", "key.asc"]);
    place.write("data", "some data\n");
    place.write("data.asc", key.sign_detached(b"some data\n", TIME).unwrap());
    let said = place.run("gpg", &["--verify", "data.asc", "data"]);
    assert!(said.contains("Good signature"), "{said}");
    place.write("data", "some date\n");
    assert!(!place.try_run("gpg", &["--verify", "data.asc", "data"]).status.success());
}

/// rpm, which has nothing but the certificate, accepts a signed package.
pub(crate) fn rpm_accepts(key: &SecretKey, certificate: &str) {
    let place = Place::new();
    place.write("key.asc", certificate);
    place.run("rpmkeys", &["--define", &place.database(), "--import", "key.asc"]);
    let package = place.package("signed", "content");
    let (fine, said) = place.rpm_check(&package);
    assert!(fine && !said.contains("signatures"), "before: {said}");
    key.sign_rpm(&package, &place.path("signed.rpm"), TIME).unwrap();
    let (fine, said) = place.rpm_check(&place.path("signed.rpm"));
    assert!(fine && said.contains("signatures OK"), "{said}");
}
