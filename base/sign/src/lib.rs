//! Signatures: the only route to a private key, and the judge of other people's signatures.
//!
//! It makes and checks OpenPGP signatures of RPM packages and of files, signed statements (DSSE), and the signatures
//! of a foundation's members (OpenPGP or SSH), and plain Ed25519 signatures, as TUF metadata has them. It has no idea what may be signed: its callers decide that. It never
//! asks the clock (a signature's time is given to it, so that the same input gives the same signature), never looks for
//! keys anywhere but where it is told, and never prints.
//!
//! Start reading at [`SecretKey`], which signs, and [`Keyring`], which verifies; `holder` is where private keys can be
//! other than in a file, `serve` a process that signs for others, `member` and `secret` the keys of members, `share`
//! the custody of a key by several people. `envelope` is the layout of an RPM file around its signatures, `dsse` that
//! of a statement.

mod certificate;
mod dsse;
mod envelope;
mod fault;
mod file;
mod harden;
mod holder;
mod key;
mod keyring;
mod member;
mod open;
mod part;
mod protocol;
mod raw;
mod secret;
mod serve;
mod share;
mod sign;
mod ssh_agent;
mod sshsig;

pub use dsse::{DsseError, VerifiedPayload, verify_envelope};
pub use envelope::EnvelopeError;
pub use file::write_private;
pub use harden::{HardenError, harden};
pub use holder::HolderError;
pub use holder::agent::AgentError;
pub use holder::remote::RemoteError;
pub use holder::token::TokenError;
pub use key::{Algorithm, KeyError, SecretKey};
pub use keyring::{Keyring, VerifyError};
pub use member::{MemberKey, MemberKeyError, MemberKind, MemberVerifyError};
pub use part::signed_part;
pub use protocol::{LARGEST_DATA, ProtocolError, Purpose, Request, SignatureKind};
pub use raw::{RawKey, RawKeyError, sign_remotely};
pub use secret::{MemberSecret, MemberSecretError, Unlock};
pub use serve::{Peer, Use, serve};
pub use share::{Share, ShareError, join, split_file};
pub use sign::SignError;
pub use ssh_agent::SshAgentError;
