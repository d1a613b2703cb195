//! Release: composed trees become snapshots that clients are served, and channels are switched from one to the other.
//!
//! ```text
//! <state>/published/                  the document root, for any web server; all links in it are relative
//!   9 -> channels/9/17                a channel: what clients follow; switched by the rename of a link
//!   channels/9/17/                    a *view*: the snapshot by hard links, and beside it the packages and the metadata
//!                                     with checksums in their names that the channel had in the hours before, for
//!                                     clients that have read an earlier repomd.xml
//!   vault/2026-03-14-1a2b3c4d5e6f/    a snapshot: complete, never changed, hard links to the store's objects
//!   vault/2026-03-14 -> 2026-03-14-.. the day's newest
//!   <view or snapshot>/mirrorlist/    one line for each repository: its URL in the snapshot
//!   <view>/governance/                who decided on it, if there is a charter
//!   <view>/tuf/                     what clients check the view by, if there are keys for it
//!   RPM-GPG-KEY-<id>, <id>.repo       those of the default channel
//!   **/.*.new                         being written, or being removed; a killed process leaves it to the next one
//! ```
//!
//! A directory gets its name when all of it is on disk, and its record is in the ledger before that; the link is what
//! is served, whatever the ledger says. So a process that is killed anywhere leaves the old state or the new one.
//!
//! It lays out what the store has already, by links: nothing is fetched or changed here, and only TUF metadata is signed,
//! by who is given for that. It must not decide whether a snapshot is good enough for a channel. It never asks the clock.
//! Writing is for who holds the store; reading needs no lock. Start at [`Site`].

mod channel;
mod check;
mod error;
mod file;
mod governance;
mod keep;
mod media;
mod name;
mod parallel;
mod s3;
mod serve;
mod site;
mod snapshot;
mod tree;
mod tuf;

pub use channel::{Current, Switched, channel_names};
pub use check::{Check, Checked, Fault, FaultKind, Mend, Need};
pub use error::ReleaseError;
pub use keep::{Kept, Outdated, Until};
pub use name::FileClass;
pub use s3::{Bucket, Keys, S3Error, Uploaded};
pub use serve::{Answered, Server};
pub use site::Site;
pub use tuf::{Lives, Refreshed, Renewal, Sign, Tuf, Unwilling, renew};
