//! What the target's own rpm makes of spec files. Reading one runs code (`%(...)`, Lua), so that each is
//! read in the sandbox under a user of its own: it can't touch what others say.

mod answer;

use std::path::{Path, PathBuf};

use heirloom_model::Digest;
use heirloom_model::record::{Evaluated, Imported, Limits};

use crate::action::{environment, macro_options, plain_name};
use crate::sandbox::{Content, End, Input, Run, Step, Surroundings, TOP, TOPDIR, Upper, View};
use crate::{BUILDER, BuildError, Builder, Root};
use answer::{BINARIES, SOURCE};

/// First of the users that spec files are read as.
const FIRST_USER: u32 = 20_000;

/// Sources larger than this are not shown: what a spec file loads or includes is small.
const SHOWN: u64 = 1 << 20;

/// Seconds for one question about one spec file.
const SECONDS: u64 = 15;

/// Spec files in one run of the sandbox.
const AT_ONCE: usize = 200;

/// What one run may use.
const LIMITS: Limits = Limits { seconds: 4 * 3600, memory: 4 << 30, disk: 2 << 30, processes: 1024 };

/// rpm does not understand a spec file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{spec} of {package} can't be evaluated: {message}")]
pub struct SpecError {
    /// The source package's name.
    pub package: String,
    /// Name of its spec file.
    pub spec: String,
    /// rpm's words, with the line.
    pub message: String,
}

/// The key of an evaluation: everything that its result depends on.
#[must_use]
pub fn evaluation_key(root: &Root, source: &Imported, macros: &[(String, String)], arch: &str) -> Digest {
    let mut text = format!("evaluation {BUILDER}\n{}\n{}\n{arch}\n", source.digest(), root.digest());
    for (name, value) in macros {
        text.push_str(&format!("{name} {value}\n"));
    }
    Digest::of(text.as_bytes())
}

impl Builder<'_> {
    /// Evaluates spec files in this root, in order. An inner error is about that spec file alone.
    ///
    /// # Errors
    /// A source is not in the store, or the sandbox could not be set up.
    pub fn evaluate(
        &self,
        root: &Root,
        sources: &[&Imported],
        macros: &[(String, String)],
        arch: &str,
    ) -> Result<Vec<Result<Evaluated, SpecError>>, BuildError> {
        let share = sources.len().div_ceil(self.jobs).clamp(1, AT_ONCE);
        let batches: Vec<_> = sources.chunks(share).collect();
        let mut results = Vec::new();
        for round in batches.chunks(self.jobs) {
            std::thread::scope(|scope| {
                let batch =
                    |batch| scope.spawn(move || Batch { root, macros, arch, sources: batch }.evaluate(self));
                let threads: Vec<_> = round.iter().copied().map(batch).collect();
                for thread in threads {
                    let crashed = |_| BuildError::Sandbox("evaluation ended early".to_owned());
                    results.extend(thread.join().map_err(crashed)??);
                }
                Ok::<_, BuildError>(())
            })?;
        }
        Ok(results)
    }
}

/// The spec files of one run.
struct Batch<'a> {
    root: &'a Root,
    macros: &'a [(String, String)],
    arch: &'a str,
    sources: &'a [&'a Imported],
}

/// What is asked about one spec file; the output streams have these endings.
#[derive(Clone, Copy)]
enum Question {
    Source,
    Bootstrap,
    Binaries,
}

impl Batch<'_> {
    fn evaluate(&self, builder: &Builder<'_>) -> Result<Vec<Result<Evaluated, SpecError>>, BuildError> {
        let (mut inputs, mut steps, mut asked) = (Vec::new(), Vec::new(), Vec::new());
        for (index, source) in self.sources.iter().enumerate() {
            for question in questions(builder, source)? {
                steps.push(self.step(index, source, question));
                asked.push((index, question));
            }
            self.add_inputs(builder, index, source, &mut inputs)?;
        }
        let run = Run {
            view: View { layers: self.root.layers(), upper: Upper::Memory, host_tools: false },
            limits: LIMITS,
            inputs,
            packages: Vec::new(),
            environment: &environment(),
            steps,
            surroundings: Surroundings::default(),
        };
        let end = builder.sandbox.run(run, |_| {})?;
        let answer = |(index, source): (usize, &&Imported)| {
            let answers = Answers { end: &end, asked: &asked, index };
            let failed =
                |message| SpecError { package: source.name.clone(), spec: source.spec.clone(), message };
            self.put_together(source, &answers).map_err(failed)
        };
        Ok(self.sources.iter().enumerate().map(answer).collect())
    }

    fn put_together(&self, source: &Imported, answers: &Answers<'_>) -> Result<Evaluated, String> {
        let main = answer::source(&answers.get(Question::Source)?.unwrap_or_default())?;
        let binaries = answer::binaries(&answers.get(Question::Binaries)?.unwrap_or_default())?;
        let bootstrap = answers.get(Question::Bootstrap)?.map(|text| answer::source(&text)).transpose()?;
        Ok(Evaluated {
            key: evaluation_key(self.root, source, self.macros, self.arch),
            source: source.digest(),
            excluded: main.excluded(self.arch),
            nevra: main.nevra,
            build_requires: main.requires,
            bootstrap_requires: bootstrap.map(|bootstrap| bootstrap.requires),
            binaries,
        })
    }

    fn step(&self, index: usize, source: &Imported, question: Question) -> Step {
        let dir = format!("{TOPDIR}/{index}");
        let mut command = vec!["rpmspec".to_owned()];
        command.extend(macro_options(self.macros, &dir, self.arch));
        let options: &[&str] = match question {
            Question::Source => &["-q", "--srpm", "--qf", SOURCE],
            Question::Bootstrap => &["--with", "bootstrap", "-q", "--srpm", "--qf", SOURCE],
            Question::Binaries => &["-q", "--builtrpms", "--qf", BINARIES],
        };
        command.extend(options.iter().map(|&option| option.to_owned()));
        command.push(format!("{dir}/SPECS/{}", source.spec));
        Step { command, user: user(index), seconds: Some(SECONDS), output: Some(question.file(index)) }
    }

    fn add_inputs(
        &self,
        builder: &Builder<'_>,
        index: usize,
        source: &Imported,
        inputs: &mut Vec<Input>,
    ) -> Result<(), BuildError> {
        for file in source.files.iter().filter(|file| file.size <= SHOWN || file.name == source.spec) {
            let dir = if file.name == source.spec { "SPECS" } else { "SOURCES" };
            let tree = PathBuf::from(TOP).join(index.to_string());
            let to = tree.join(dir).join(plain_name(&source.name, &file.name)?);
            let content = Content::File(builder.source(&source.name, &file.name, file.digest)?);
            inputs.push(Input { content, to, owner: user(index) });
        }
        Ok(())
    }
}

fn user(index: usize) -> u32 {
    FIRST_USER + u32::try_from(index).unwrap_or(0)
}

/// A second evaluation costs time: only a spec file that declares the conditional gets it.
fn questions(builder: &Builder<'_>, source: &Imported) -> Result<Vec<Question>, BuildError> {
    let mut questions = vec![Question::Source, Question::Binaries];
    if let Some(spec) = source.files.iter().find(|file| file.name == source.spec) {
        builder.source(&source.name, &spec.name, spec.digest)?;
        let text = builder.store.read(spec.digest)?;
        if answer::mentions_bootstrap(&String::from_utf8_lossy(&text)) {
            questions.push(Question::Bootstrap);
        }
    }
    Ok(questions)
}

impl Question {
    fn file(self, index: usize) -> String {
        let kind = match self {
            Self::Source => "source",
            Self::Bootstrap => "bootstrap",
            Self::Binaries => "binaries",
        };
        format!("{index}.{kind}")
    }
}

/// The answers about one spec file.
struct Answers<'a> {
    end: &'a End,
    asked: &'a [(usize, Question)],
    index: usize,
}

impl Answers<'_> {
    /// What rpmspec printed; `None` if it was not asked. The error is its own words.
    fn get(&self, question: Question) -> Result<Option<String>, String> {
        let name = question.file(self.index);
        let Some(place) = self.asked.iter().position(|(index, asked)| asked.file(*index) == name) else {
            return Ok(None);
        };
        let Some(step) = self.end.report.steps.get(place) else {
            return Err("evaluation ended before it: a spec file used too much time or memory".to_owned());
        };
        let stream = |ending| read(&self.end.out().join(format!("{name}.{ending}")));
        match step.code {
            Some(0) => Ok(Some(stream("out"))),
            _ if step.late => Err(format!("it took longer than {SECONDS} s to read")),
            _ => Err(answer::error_lines(&stream("err"))),
        }
    }
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
}
