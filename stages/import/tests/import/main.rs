//! Imports from servers, repositories and trees as they should be and as they should not: each fault is a clear error
//! about one package, and nothing of it is kept.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod downloads;
mod keys;
mod modular;
mod remotes;
mod repositories;
mod site;
mod trees;
