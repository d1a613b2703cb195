//! Signatures: the only route to a private key, and the judge of other people's signatures.
//!
//! It makes and checks OpenPGP signatures of RPM packages and of files, and signed statements (DSSE). It has
//! no idea what may be signed: its callers decide that. It never asks the clock (a signature's time is given
//! to it, so that the same input gives the same signature), never looks for keys anywhere, and never prints.
//!
//! Start reading at [`SecretKey`], which signs, and [`Keyring`], which verifies; `envelope` is the layout of
//! an RPM file around its signatures, `dsse` that of a statement.

mod certificate;
mod dsse;
mod envelope;
mod key;
mod keyring;
mod sign;

pub use dsse::{DsseError, VerifiedPayload, verify_envelope};
pub use envelope::EnvelopeError;
pub use key::{Algorithm, KeyError, SecretKey};
pub use keyring::{Keyring, VerifyError};
pub use sign::SignError;
