//! `heirloom changes` as its users meet it: packages made by rpmbuild, and results judged by JSON Schema and HTML
//! parsers of others.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

#[path = "../common/ran.rs"]
mod ran;
#[path = "../compare/support.rs"]
#[expect(dead_code, reason = "the tests of `heirloom compare` use the rest")]
mod support;

mod hostile;
mod made;
mod reports;
mod rules;
