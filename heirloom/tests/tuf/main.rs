//! TUF metadata of channels, judged by python-tuf's client and by `heirloom verify` on the same trees.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

#[path = "../common/machine.rs"]
#[expect(dead_code, reason = "only dnf is asked here")]
mod machine;
#[path = "../common/ran.rs"]
mod ran;
#[path = "../publish/site.rs"]
#[expect(dead_code, reason = "what is published is tested elsewhere")]
mod site;

mod client;
mod follow;
mod kept;
mod making;
mod refuse;
mod rotate;
mod verify;
