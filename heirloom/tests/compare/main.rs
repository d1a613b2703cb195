//! `heirloom compare` and `heirloom verify-certificate` as their users meet them: packages made by rpmbuild, and
//! results judged by JSON Schema, XML and HTML parsers of others.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

#[path = "../common/ran.rs"]
mod ran;

mod allowances;
mod certificates;
mod levels;
mod reports;
mod sets;
mod support;
