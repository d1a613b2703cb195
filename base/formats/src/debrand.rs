//! Debrand rules: what a distribution changes in foreign source packages, in files that people read and write.
//!
//! `all.toml` concerns every package, `<package>.toml` one; a rule may name packages itself. The keys are explained
//! in `docs/debranding.md`. What other tools use is converted into it: [`srpmproc`] and [`autopatch`].

mod action;
pub mod autopatch;
mod check;
mod convert;
mod rules;
pub mod srpmproc;
mod textproto;
mod when;

pub use action::{
    Action, AddEntry, AddFile, AddLines, AddTag, AppendToTag, Changelog, DeleteFile, DeleteLines, OneOrMany,
    Position, Release, RemoveEntry, Replace, ReplaceEntry, ReplaceFile, RunScript, SetMacro, SetTag,
};
pub use convert::{Content, ConvertError, Converted, NotCarried, ReadContent};
pub use rules::{Rule, parse};
pub use when::{Bound, VersionRange, When};

#[cfg(test)]
mod tests;
