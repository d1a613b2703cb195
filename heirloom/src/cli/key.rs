//! Private keys: made, looked at, and kept by several people.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use heirloom_model::KeySource;

/// What is done with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyVerb {
    /// Makes an OpenPGP key: the secret one into a file that only its owner can read, its certificate beside it.
    Make(MakeKey),
    /// Shows what a key is: fingerprint, kind, when it was made and when it ends.
    Show(ShowKey),
    /// Makes a certificate for a key on a PKCS#11 token, signed by the token.
    Certify(CertifyKey),
    /// Splits the file of a private key into shares, of which so many together are the key, and fewer tell nothing.
    Split(SplitKey),
    /// Puts a private key together from shares.
    Join(JoinKey),
}

/// Kinds of keys that can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeyAlgorithm {
    /// Fast; for Enterprise Linux 9 and later.
    Ed25519,
    /// What Enterprise Linux 8 and later verifies.
    Rsa4096,
}

/// Which key is made.
#[derive(Args, Debug)]
pub(crate) struct MakeKey {
    /// File of the secret key; its certificate gets the same name with `.asc`.
    #[arg(value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Whose key it is: `Kestrel release key <keys@kestrel.example>`.
    #[arg(long, value_name = "NAME")]
    pub(crate) user_id: String,
    /// The kind of key.
    #[arg(long, value_name = "KIND", default_value = "ed25519")]
    pub(crate) algorithm: KeyAlgorithm,
}

/// Which key is shown.
#[derive(Args, Debug)]
pub(crate) struct ShowKey {
    /// An armoured OpenPGP key or certificate, or an OpenSSH private or public key.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

/// Which key gets a certificate.
#[derive(Args, Debug)]
pub(crate) struct CertifyKey {
    /// The key, as in `signing.key`: `pkcs11:token=T;object=O?module-path=/usr/lib/M.so&pin-source=FILE`.
    #[arg(value_name = "URI")]
    pub(crate) key: KeySource,
    /// Whose key it is: `Kestrel release key <keys@kestrel.example>`.
    #[arg(long, value_name = "NAME")]
    pub(crate) user_id: String,
    /// When the key was made, in seconds since 1970. The same second gives the same fingerprint [default: now].
    #[arg(long, value_name = "SECONDS")]
    pub(crate) created: Option<u64>,
    /// File of the certificate.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

/// How a key is split.
#[derive(Args, Debug)]
pub(crate) struct SplitKey {
    /// File of the private key: armoured OpenPGP, or OpenSSH.
    #[arg(value_name = "KEYFILE")]
    pub(crate) file: PathBuf,
    /// How many shares are made.
    #[arg(long, value_name = "N")]
    pub(crate) shares: usize,
    /// How many of them are needed.
    #[arg(long, value_name = "K")]
    pub(crate) need: usize,
    /// Directory of the shares, one file for each.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

/// Which shares are put together.
#[derive(Args, Debug)]
pub(crate) struct JoinKey {
    /// Files of shares, as many as are needed or more.
    #[arg(value_name = "SHARE", required = true)]
    pub(crate) shares: Vec<PathBuf>,
    /// File of the private key.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}
