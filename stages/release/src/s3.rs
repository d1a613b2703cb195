//! Channels in a bucket of an S3-compatible store.
//!
//! ```text
//! <prefix>/9/..                    the snapshot's files, and those that clients in flight may still want
//! <prefix>/9/vault/<snapshot>/..   its metadata once more, where it never changes
//! <prefix>/9/mirrorlist/..         of each repository the URL of that metadata, and where the packages are
//! <prefix>/.heirloom/9.json        what is there and since when what is there too is superseded
//! ```
//!
//! A bucket has no links and switches one object at a time, so the order is what keeps clients whole: first all that
//! nothing names yet, then the mirrorlists, which switch a repository in one request; last each repomd.xml.asc and
//! repomd.xml of the channel itself, for clients without a mirrorlist. What is there already is not sent again.
//! Interrupted anywhere, the next run goes on.
//!
//! Requests are signed by rusty-s3, which takes the time of a signature from the system.

mod client;
mod upload;

pub use client::{Bucket, Keys, S3Error};
pub use upload::Uploaded;
