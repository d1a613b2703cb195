//! What is served: snapshots and channels, judged by dnf, by the file system, and by killing the program.
//!
//! Trees are made of real packages, by rpmbuild, createrepo_c and gpg, and put into a store.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

#[path = "../common/ran.rs"]
mod ran;

mod bucket;
mod checking;
mod clients;
mod keeping;
mod layout;
mod migrating;
mod serving;
mod site;
mod steps;
