//! A way into the buildroot of an action, for a person who wants to see why it fails.

use std::path::PathBuf;

use heirloom_model::record::{Action, Limits};

use crate::action::{command, environment};
use crate::sandbox::{BUILD_ID, Content, Input, Run, Step, Surroundings, TOPDIR, Upper, View};
use crate::{BuildError, Builder};

/// How a visit ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visit {
    /// The program's exit code; none if a signal ended it.
    Ended(Option<i32>),
    /// A limit of the action was hit, memory or processes.
    Stopped,
    /// There is no buildroot: rpm did not install it, for this reason.
    NotInstalled(String),
}

impl Builder<'_> {
    /// Runs a program in an action's buildroot, with its sources where a build has them, as the same user,
    /// without network, with the same limits but that on time. The caller's standard streams are the
    /// program's. `~/rebuild` runs what a build runs. All that is changed inside vanishes.
    ///
    /// An empty `command` means a shell; `terminal` is the kind of the caller's terminal (`TERM`).
    ///
    /// # Errors
    /// A source or a package is not in the store, or the sandbox could not be set up.
    pub fn visit(
        &self,
        action: &Action,
        jobs: usize,
        visitor: &[String],
        terminal: Option<&str>,
    ) -> Result<Visit, BuildError> {
        let mut inputs = self.inputs(action)?;
        let root = match self.root_of(action)? {
            Ok(root) => root,
            Err(why) => return Ok(Visit::NotInstalled(why.0)),
        };
        let script = script(&command(action, TOPDIR, Some(jobs)));
        inputs.push(Input {
            content: Content::Script(script),
            to: PathBuf::from("rebuild"),
            owner: BUILD_ID,
        });
        let mut environment = environment();
        environment.push(("PS1", format!("[{} \\w]\\$ ", action.name)));
        for (name, value) in &mut environment {
            if let ("TERM", Some(terminal)) = (*name, terminal) {
                terminal.clone_into(value);
            }
        }
        let command = match visitor {
            [] => vec!["/bin/bash".to_owned(), "--norc".to_owned()],
            command => command.to_vec(),
        };
        let run = Run {
            view: View { layers: root.layers(), upper: Upper::Memory, host_tools: false },
            limits: Limits { seconds: u64::MAX, ..action.limits },
            inputs,
            packages: Vec::new(),
            environment: &environment,
            steps: vec![Step { command, user: BUILD_ID, seconds: None, output: None }],
            surroundings: Surroundings::default(),
        };
        let end = self.sandbox.attach(run)?;
        match end.stop {
            Some(_) => Ok(Visit::Stopped),
            None => Ok(Visit::Ended(end.report.steps.first().and_then(|step| step.code))),
        }
    }
}

fn script(command: &[String]) -> String {
    let words: Vec<_> = command.iter().map(|word| quoted(word)).collect();
    format!(
        "#!/bin/bash\n# What a build runs. Arguments are added, as in `~/rebuild --noprep`.\ncd /\nexec {} \"$@\"\n",
        words.join(" ")
    )
}

/// A word as the shell reads it back.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=+:,@%".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_the_shell() {
        for (word, expected) in [
            ("-ba", "-ba"),
            ("dist .el9", "'dist .el9'"),
            ("it's $HOME", r"'it'\''s $HOME'"),
            ("", "''"),
            ("%{x}", "'%{x}'"),
        ] {
            assert_eq!(quoted(word), expected);
        }
    }
}
