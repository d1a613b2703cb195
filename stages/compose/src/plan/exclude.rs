//! Packages that are left out on purpose.

use std::cell::Cell;

use heirloom_model::Nevra;

use super::pattern::fits;
use crate::{ComposeError, Input};

/// All exclusions; each must concern something, else it is likely a slip of the pen.
pub(crate) struct Excludes<'a> {
    all: Vec<Exclude<'a>>,
}

struct Exclude<'a> {
    /// The repository that it is for; none: all.
    repository: Option<&'a str>,
    pattern: &'a str,
    used: Cell<bool>,
}

impl<'a> Excludes<'a> {
    pub(crate) fn new(input: &Input<'a>) -> Self {
        let one = |repository, pattern: &'a String| Exclude { repository, pattern, used: Cell::new(false) };
        let everywhere = input.exclude.iter().map(|pattern| one(None, pattern));
        let of_rules = input
            .rules
            .iter()
            .flat_map(|rule| rule.rule.exclude.iter().map(move |pattern| one(Some(rule.name), pattern)));
        Self { all: everywhere.chain(of_rules).collect() }
    }

    /// The pattern that keeps a package out of this repository.
    pub(crate) fn of(&self, repository: &str, nevra: &Nevra) -> Option<&'a str> {
        let mut found = None;
        for exclude in &self.all {
            if exclude.repository.is_none_or(|name| name == repository) && fits(exclude.pattern, nevra) {
                exclude.used.set(true);
                found = found.or(Some(exclude.pattern));
            }
        }
        found
    }

    pub(crate) fn check(&self) -> Result<(), ComposeError> {
        match self.all.iter().find(|exclude| !exclude.used.get()) {
            None => Ok(()),
            Some(exclude) => Err(ComposeError::ExcludesNothing {
                repository: exclude.repository.map(str::to_owned),
                pattern: exclude.pattern.to_owned(),
            }),
        }
    }
}
