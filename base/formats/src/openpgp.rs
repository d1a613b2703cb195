//! OpenPGP signatures of others, judged: beside files, and in RPM packages.
//!
//! No private key is needed, and none can be used: what signs is another crate's.
//!
//! A certificate is a primary key with its user ids and subkeys. A signature counts for a certificate if its primary
//! key made it, or a subkey that is bound to it and may sign; if its digest can't be forged; and if the key was neither
//! revoked nor out of its time (RFC 9580).

mod certificate;
mod keyring;

pub use certificate::{CertificateError, Key, certificates, fingerprint, hex, signing_keys};
pub use keyring::{Keyring, VerifyError};
