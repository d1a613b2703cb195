//! Channels in a bucket of an S3-compatible store.
//!
//! ```text
//! <prefix>/9/..                    the snapshot's files, and those that clients in flight may still want
//! <prefix>/9/mirrorlist/..         the URLs of the repositories in this bucket: there is no vault here
//! <prefix>/.heirloom/9.json        what is there and since when what is there too is superseded
//! ```
//!
//! A bucket has no links and switches one object at a time, so the order is what keeps clients whole: first all that
//! nothing names yet, then what names it: a signature that fits the old and the new repomd.xml, the new repomd.xml, and
//! its signature alone. What is there already is not sent again. Interrupted
//! anywhere, the next run goes on, and clients have the old state until a repomd.xml is another.
//!
//! Requests are signed by rusty-s3, which takes the time of a signature from the system.

mod client;
mod signature;
mod upload;

pub use client::{Bucket, Keys, S3Error};
pub use upload::Uploaded;
