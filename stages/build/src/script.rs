//! Runs a script over the files of a source package: a debrand rule that no edit can express.

use std::collections::BTreeMap;
use std::path::PathBuf;

use heirloom_formats::archive::{self, MemberKind};
use heirloom_model::Digest;
use heirloom_model::record::{Imported, Limits};

use crate::action::{environment, plain_name};
use crate::sandbox::{BUILD_ID, Content, Input, Run, Step, Surroundings, TOP, TOPDIR, Upper, View};
use crate::{BuildError, Builder, Root};

/// Where the script itself is, below the build user's home: beside the tree that it works on.
const SCRIPT: &str = "script";

/// Name of the stream that the tree comes out as.
const TREE: &str = "tree";

/// Bytes of the log that a message has at most.
const TAIL: u64 = 2000;

/// What one script may use.
const LIMITS: Limits = Limits { seconds: 10 * 60, memory: 4 << 30, disk: 8 << 30, processes: 512 };

impl Builder<'_> {
    /// Runs a script in this root, in the directory that has the package's `SPECS/` and `SOURCES/`, with the
    /// environment of a build, these arguments and these variables. Returns all files by their plain names, kept in the store; the inner
    /// error says why there are none.
    ///
    /// # Errors
    /// A source is not in the store, or the sandbox could not be set up.
    pub fn run_script(
        &self,
        root: &Root,
        source: &Imported,
        script: &str,
        arguments: &[String],
        variables: &[(&str, String)],
    ) -> Result<Result<BTreeMap<String, Digest>, String>, BuildError> {
        let mut inputs = vec![Input {
            content: Content::Script(script.to_owned()),
            to: PathBuf::from(SCRIPT),
            owner: BUILD_ID,
        }];
        for file in &source.files {
            let to =
                PathBuf::from(TOP).join(dir(source, &file.name)).join(plain_name(&source.name, &file.name)?);
            let content = Content::File(self.source(&source.name, &file.name, file.digest)?);
            inputs.push(Input { content, to, owner: BUILD_ID });
        }
        let environment: Vec<_> = environment().into_iter().chain(variables.iter().cloned()).collect();
        let in_tree = |command: &str, arguments: &[String], output: Option<&str>| {
            let words = ["/bin/sh", "-c", &format!("cd {TOPDIR} && {command}"), SCRIPT].map(str::to_owned);
            let command = words.into_iter().chain(arguments.iter().cloned()).collect();
            Step { command, user: BUILD_ID, seconds: None, output: output.map(str::to_owned) }
        };
        let run = Run {
            view: View { layers: root.layers(), upper: Upper::Memory, host_tools: false },
            limits: LIMITS,
            inputs,
            packages: Vec::new(),
            environment: &environment,
            // A package without sources has no SOURCES as yet; the script may add the first.
            steps: vec![
                in_tree(&format!("mkdir -p SOURCES && exec ../{SCRIPT} \"$@\""), arguments, None),
                in_tree("exec tar -cf - SPECS SOURCES", &[], Some(TREE)),
            ],
            surroundings: Surroundings::default(),
        };
        let end = self.sandbox.run(run, |_| {})?;
        let code = |step: usize| end.report.steps.get(step).and_then(|step| step.code);
        if end.stop.is_some() || code(0) != Some(0) || code(1) != Some(0) {
            let why = match (end.stop, code(0)) {
                (Some(_), _) => "it was stopped at a limit of time, memory or processes".to_owned(),
                (None, Some(0)) => "what it left could not be read".to_owned(),
                (None, Some(code)) => format!("it ended with exit code {code}"),
                (None, None) => "a signal ended it".to_owned(),
            };
            return Ok(Err(format!("{why}\n{}", end.log_tail(TAIL).trim_end())));
        }
        self.take_tree(source, &end.out().join(format!("{TREE}.out")))
    }

    /// Keeps the files of the tree. Only plain files below SPECS and SOURCES are sources.
    fn take_tree(
        &self,
        source: &Imported,
        path: &std::path::Path,
    ) -> Result<Result<BTreeMap<String, Digest>, String>, BuildError> {
        let bytes = std::fs::read(path).map_err(|error| BuildError::io("read", path, error))?;
        let members = match archive::tar(&bytes, LIMITS.disk) {
            Ok(members) => members,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let mut files = BTreeMap::new();
        for member in members {
            let name = member.name.trim_end_matches('/');
            match (&member.kind, name.split_once('/')) {
                (MemberKind::Directory, None) => {}
                (MemberKind::File, Some((found, plain)))
                    if plain_name(&source.name, plain).is_ok() && found == dir(source, plain) =>
                {
                    let digest = self.store.put(&member.data).map_err(BuildError::from)?;
                    files.insert(plain.to_owned(), digest);
                }
                _ => {
                    return Ok(Err(format!(
                        "it left `{name}`; sources are plain files in SOURCES/, and the spec file in SPECS/ keeps its \
                         name {}",
                        source.spec
                    )));
                }
            }
        }
        Ok(Ok(files))
    }
}

fn dir(source: &Imported, file: &str) -> &'static str {
    if file == source.spec { "SPECS" } else { "SOURCES" }
}
