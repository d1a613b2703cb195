//! Signatures: the only route to a private key, and the judge of other people's signatures.
//!
//! It makes and checks OpenPGP signatures of RPM packages and of files. It has no idea what may be signed:
//! `compose` decides that. It never asks the clock (a signature's time is given to it, so that the same input
//! gives the same signature), never looks for keys anywhere, and never prints.
//!
//! Start reading at [`SecretKey`], which signs, and [`Keyring`], which verifies; `envelope` is the layout of
//! an RPM file around its signatures.

mod certificate;
mod envelope;
mod key;
mod keyring;
mod sign;

pub use envelope::EnvelopeError;
pub use key::{Algorithm, KeyError, SecretKey};
pub use keyring::{Keyring, VerifyError};
pub use sign::SignError;
