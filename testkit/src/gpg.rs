//! Signing keys of test repositories, kept by the real `gpg`.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::tool::Tool;
use crate::{Error, Result};

/// A key pair without a passphrase, in a gnupg home of its own.
#[derive(Debug)]
pub struct Key {
    /// Holds a short symbolic link to the real home: gpg's sockets live in the home, and the
    /// system limits a socket's path to 107 bytes.
    short: TempDir,
    fingerprint: String,
}

impl Key {
    /// A small key in a temporary directory that goes away with it.
    pub fn throwaway(uid: &str) -> Result<Self> {
        let short = TempDir::new().map_err(Error::io("/tmp"))?;
        make_home(&short.path().join("g"))?;
        Self::generate(short, uid, "rsa2048")
    }

    /// The key kept in `home`, made on first use (RSA 4096).
    pub fn kept_in(home: &Path, uid: &str) -> Result<Self> {
        if !home.exists() {
            // Made under another name first, so that a killed run leaves no half-made home.
            let building = home.with_extension("new");
            if building.exists() {
                fs::remove_dir_all(&building).map_err(Error::io(&building))?;
            }
            make_home(&building)?;
            drop(Self::generate(linked(&building)?, uid, "rsa4096")?);
            fs::rename(&building, home).map_err(Error::io(home))?;
        }
        let short = linked(home)?;
        let fingerprint = fingerprint(short.path())?;
        Ok(Self { short, fingerprint })
    }

    fn generate(short: TempDir, uid: &str, algorithm: &str) -> Result<Self> {
        gpg(short.path())
            .args(["--passphrase", "", "--quick-generate-key", uid])
            .args([algorithm, "sign", "never"])
            .run()?;
        let fingerprint = fingerprint(short.path())?;
        Ok(Self { short, fingerprint })
    }

    /// The gnupg home, by a path short enough for gpg's sockets.
    pub fn home(&self) -> PathBuf {
        self.short.path().join("g")
    }

    /// The fingerprint, in upper-case hexadecimal.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The public key, armoured: what goes into `/etc/pki/rpm-gpg`.
    pub fn public(&self) -> Result<String> {
        gpg(self.short.path()).args(["--armor", "--export", &self.fingerprint]).run()
    }

    /// The secret key, armoured and without passphrase.
    pub fn secret(&self) -> Result<String> {
        gpg(self.short.path()).args(["--armor", "--export-secret-keys", &self.fingerprint]).run()
    }

    /// Writes `<file>.asc`, a detached signature.
    pub fn sign_file(&self, file: &Path) -> Result<PathBuf> {
        let mut signature = file.as_os_str().to_owned();
        signature.push(".asc");
        gpg(self.short.path())
            .args(["--yes", "--armor", "--digest-algo", "sha256"])
            .arg("--output")
            .arg(&signature)
            .args(["--local-user", &self.fingerprint, "--detach-sign"])
            .arg(file)
            .run()?;
        Ok(PathBuf::from(signature))
    }

    /// Signs packages in place, all in one call.
    pub fn sign_rpms(&self, rpms: &[PathBuf]) -> Result<()> {
        if rpms.is_empty() {
            return Ok(());
        }
        Tool::new("rpmsign")
            .define("_gpg_path", self.home())
            .define("_gpg_name", &self.fingerprint)
            .define("_gpg_digest_algo", "sha256")
            // Debian's rpm looks for gpg2, which Debian does not have.
            .define("__gpg", "/usr/bin/gpg")
            .arg("--addsign")
            .args(rpms)
            .run()
            .map(drop)
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        // The agent would outlive us otherwise; when it is gone already there is nothing to do.
        let _ = Tool::new("gpgconf").arg("--homedir").arg(self.home()).args(["--kill", "gpg-agent"]).run();
    }
}

fn make_home(home: &Path) -> Result<()> {
    fs::create_dir_all(home).map_err(Error::io(home))?;
    fs::set_permissions(home, fs::Permissions::from_mode(0o700)).map_err(Error::io(home))
}

fn linked(home: &Path) -> Result<TempDir> {
    let short = TempDir::new().map_err(Error::io("/tmp"))?;
    let home = fs::canonicalize(home).map_err(Error::io(home))?;
    symlink(&home, short.path().join("g")).map_err(Error::io(&home))?;
    Ok(short)
}

fn gpg(short: &Path) -> Tool {
    Tool::new("gpg").arg("--homedir").arg(short.join("g")).args([
        "--batch",
        "--quiet",
        "--no-tty",
        "--pinentry-mode",
        "loopback",
    ])
}

fn fingerprint(short: &Path) -> Result<String> {
    let output = gpg(short).args(["--list-secret-keys", "--with-colons"]).run()?;
    output
        .lines()
        .find_map(|line| line.strip_prefix("fpr:"))
        .map(|line| line.trim_matches(':').to_owned())
        .ok_or(Error::Output { tool: "gpg", expected: "fingerprint", output })
}
