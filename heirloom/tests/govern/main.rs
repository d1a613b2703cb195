//! Who decides: charters, proposals, votes and promotions, with members' real keys, and what insiders try.
//!
//! Trees are made of real packages, and put into a store as a compose leaves them.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

#[path = "../common/ran.rs"]
mod ran;
#[path = "../publish/site.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod site;

mod crash;
mod insiders;
mod members;
mod procedures;
mod signer;
mod verify;
