//! Signatures: the only route to a private key.
//!
//! It makes OpenPGP signatures of RPM packages and of files, and plain Ed25519 signatures, as TUF metadata has them;
//! it makes and checks signed statements (DSSE) and the signatures of a foundation's members (OpenPGP or SSH). Other
//! people's OpenPGP signatures are judged by [`heirloom_formats::openpgp`]. It has no idea what may be signed: its
//! callers decide that. It never asks the clock (a signature's time is given to it, so that the same input gives the same signature), never looks for
//! keys anywhere but where it is told, and never prints.
//!
//! Start reading at [`SecretKey`], which signs; `holder` is where private keys can be other than in a file, `serve` a
//! process that signs for others, `member` and `secret` the keys of members, `share` the custody of a key by several
//! people. `envelope` is how a package gets a signature, `dsse` the layout of a statement.

mod dsse;
mod envelope;
mod fault;
mod file;
mod harden;
mod holder;
mod key;
mod member;
mod open;
mod protocol;
mod raw;
mod secret;
mod serve;
mod share;
mod sign;
mod ssh_agent;
mod sshsig;

pub use dsse::{DsseError, VerifiedPayload, verify_envelope};
pub use file::write_private;
pub use harden::{HardenError, harden};
pub use holder::HolderError;
pub use holder::agent::AgentError;
pub use holder::remote::RemoteError;
pub use holder::token::TokenError;
pub use key::{Algorithm, KeyError, SecretKey};
pub use member::{MemberKey, MemberKeyError, MemberKind, MemberVerifyError};
pub use protocol::{LARGEST_DATA, ProtocolError, Purpose, Request, SignatureKind};
pub use raw::{RawKey, RawKeyError, sign_remotely};
pub use secret::{MemberSecret, MemberSecretError, Unlock};
pub use serve::{Peer, Use, serve};
pub use share::{Share, ShareError, join, split_file};
pub use sign::SignError;
pub use ssh_agent::SshAgentError;
