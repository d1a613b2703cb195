//! A directory of rules, read and made ready.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use heirloom_formats::debrand::{self, Action, Rule};
use heirloom_model::allowance::matches_glob;
use heirloom_model::digest::{Digest, Hasher};
use heirloom_model::record::Edit;
use regex::bytes::{Regex, RegexBuilder};

use crate::RulesError;

/// Largest file of rules, and largest file that a rule names, in bytes.
const LARGEST_RULES: u64 = 1024 * 1024;
const LARGEST_CONTENT: u64 = 64 * 1024 * 1024;
/// Most bytes of all files that rules name.
const MOST_CONTENT: u64 = 1024 * 1024 * 1024;
/// The file whose rules concern every package.
const ALL: &str = "all";
/// A part of every digest, to be raised when the same rules make something else.
const ENGINE: &str = "heirloom-debrand 1\n";

/// All rules of a directory.
#[derive(Debug)]
pub struct Rules {
    rules: Vec<LoadedRule>,
    /// Rules that name packages, in order.
    named: Vec<usize>,
    /// Rules by the file that they stand in, without `.toml`.
    of_file: BTreeMap<String, Vec<usize>>,
}

/// A rule with all that it needs.
#[derive(Debug)]
pub struct LoadedRule {
    /// Where it stands, as `FILE:LINE`.
    pub label: String,
    /// What it says.
    pub rule: Rule,
    /// Name of its file without `.toml`.
    file: String,
    /// The bytes of the file that it names.
    pub(crate) content: Vec<u8>,
    /// What it looks for.
    pub(crate) wanted: Option<Regex>,
    /// The lines in which it looks.
    pub(crate) lines: Option<Regex>,
    digest: Digest,
}

impl Rules {
    /// Reads a directory of rules: its `*.toml` files, and the files that they name. Whatever else is there is not
    /// looked at.
    ///
    /// # Errors
    /// A file can't be read, is too large, lies outside, or says something that it should not.
    pub fn load(dir: &Path) -> Result<Self, RulesError> {
        let unreadable = |path: &Path, source| RulesError::Unreadable { path: path.to_owned(), source };
        let mut files: Vec<(String, PathBuf)> = Vec::new();
        for entry in std::fs::read_dir(dir).map_err(|error| unreadable(dir, error))? {
            let path = entry.map_err(|error| unreadable(dir, error))?.path();
            let name =
                path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".toml"));
            if let Some(name) = name.filter(|name| !name.is_empty() && !name.starts_with('.')) {
                files.push((name.to_owned(), path.clone()));
            }
        }
        // `all.toml` first, then the others by name.
        files.sort_by(|a, b| (a.0 != ALL, &a.0).cmp(&(b.0 != ALL, &b.0)));
        let root = dir.canonicalize().map_err(|error| unreadable(dir, error))?;
        let mut loaded = Self { rules: Vec::new(), named: Vec::new(), of_file: BTreeMap::new() };
        let mut left = MOST_CONTENT;
        for (name, path) in files {
            let bytes = read(&path, LARGEST_RULES).map_err(|error| unreadable(&path, error))?;
            let text = String::from_utf8(bytes)
                .map_err(|error| unreadable(&path, io::Error::new(io::ErrorKind::InvalidData, error)))?;
            for rule in debrand::parse(&text, &path)? {
                loaded.add(LoadedRule::new(&name, rule, &root, &mut left)?);
            }
        }
        Ok(loaded)
    }

    fn add(&mut self, rule: LoadedRule) {
        let index = self.rules.len();
        if rule.file == ALL || !rule.rule.packages.is_empty() {
            self.named.push(index);
        }
        self.of_file.entry(rule.file.clone()).or_default().push(index);
        self.rules.push(rule);
    }

    /// All rules, in the order of files.
    #[must_use]
    pub fn all(&self) -> &[LoadedRule] {
        &self.rules
    }

    /// The rules that concern a package, in the order in which they are applied: those of `all.toml`, those of other
    /// files that name the package, those of its own file.
    pub fn concerning<'a>(&'a self, package: &'a str) -> impl Iterator<Item = (usize, &'a LoadedRule)> {
        let named = self.named.iter().copied().filter(move |index| self.rules[*index].file != package);
        let own = self.of_file.get(package).into_iter().flatten().copied();
        named
            .chain(own)
            .map(|index| (index, &self.rules[index]))
            .filter(move |(_, rule)| rule.concerns(package))
    }

    /// The digest of the rules that concern a package and of the files that these name.
    #[must_use]
    pub fn digest(&self, package: &str) -> Digest {
        let mut hasher = Hasher::default();
        hasher.update(ENGINE.as_bytes());
        for (_, rule) in self.concerning(package) {
            hasher.update(rule.digest.as_bytes());
        }
        hasher.finish()
    }

    /// After all packages were debranded: rules for many packages that changed nothing in any of them, given the edits
    /// of all, and rules for a package that is not among `packages`.
    #[must_use]
    pub fn idle<'a>(
        &self,
        packages: impl IntoIterator<Item = &'a str>,
        edits: impl IntoIterator<Item = &'a Edit>,
    ) -> Vec<&LoadedRule> {
        let active: std::collections::BTreeSet<&str> =
            edits.into_iter().map(|edit| edit.rule.as_str()).collect();
        let mut concerned = vec![false; self.rules.len()];
        for package in packages {
            for (index, _) in self.concerning(package) {
                concerned[index] = true;
            }
        }
        let idle = self.rules.iter().zip(concerned).filter(|(rule, concerned)| {
            !concerned || rule.is_pattern() && !active.contains(rule.label.as_str())
        });
        idle.map(|(rule, _)| rule).collect()
    }
}

impl LoadedRule {
    fn new(file: &str, rule: Rule, root: &Path, left: &mut u64) -> Result<Self, RulesError> {
        let label = format!("{file}.toml:{}", rule.line);
        let content = match named_file(&rule.action) {
            Some(path) => beside(root, path, (*left).min(LARGEST_CONTENT)).map_err(|source| {
                RulesError::Content { rule: label.clone(), path: path.to_owned(), source }
            })?,
            None => Vec::new(),
        };
        *left = left.saturating_sub(content.len() as u64);
        if let Action::Run(run) = &rule.action {
            let found = Digest::of(&content);
            if !found.to_string().eq_ignore_ascii_case(&run.sha256) {
                let (path, expected) = (run.script.clone(), run.sha256.clone());
                return Err(RulesError::Script { rule: label, path, expected, found });
            }
        }
        let mut hasher = Hasher::default();
        hasher.update(format!("{label} {rule:?} {}\n", Digest::of(&content)).as_bytes());
        let compile = |pattern: &str| {
            let built = RegexBuilder::new(pattern).multi_line(true).build();
            built.map_err(|error| RulesError::Content {
                rule: label.clone(),
                path: pattern.to_owned(),
                source: io::Error::new(io::ErrorKind::InvalidInput, error),
            })
        };
        let (wanted, lines) = match &rule.action {
            Action::Replace(replace) => {
                let text = replace
                    .text
                    .as_deref()
                    .map(|text| regex::escape(text.strip_suffix('\n').unwrap_or(text)));
                let wanted = text.or_else(|| replace.regex.clone());
                (wanted, replace.lines.clone())
            }
            Action::DeleteLines(delete) => (delete.regex.clone(), None),
            _ => (None, None),
        };
        let wanted = wanted.as_deref().map(compile).transpose()?;
        let lines = lines.as_deref().map(compile).transpose()?;
        Ok(Self { file: file.to_owned(), content, wanted, lines, digest: hasher.finish(), label, rule })
    }

    /// Patterns of the packages; none for those of the file alone.
    fn patterns(&self) -> &[String] {
        &self.rule.packages
    }

    fn concerns(&self, package: &str) -> bool {
        match self.patterns() {
            [] => self.file == ALL || self.file == package,
            patterns => patterns.iter().any(|pattern| matches_glob(pattern, package)),
        }
    }

    /// Whether it is for many packages.
    #[must_use]
    pub fn is_pattern(&self) -> bool {
        match self.patterns() {
            [] => self.file == ALL,
            patterns => patterns.iter().any(|pattern| pattern.contains(['*', '?'])),
        }
    }

    /// Whether it need not change anything in this package: it does not name it, but a pattern.
    pub(crate) fn may_do_nothing(&self, package: &str) -> bool {
        !self.rule.every && self.is_pattern() && !self.patterns().iter().any(|pattern| pattern == package)
    }
}

/// The file beside the rules that an action names.
fn named_file(action: &Action) -> Option<&str> {
    match action {
        Action::AddSource(add) | Action::AddPatch(add) => add.content.as_deref(),
        Action::ReplaceSource(replace) | Action::ReplacePatch(replace) => Some(&replace.content),
        Action::AddFile(add) => add.content.as_deref(),
        Action::ReplaceFile(replace) => replace.content.as_deref(),
        Action::Run(run) => Some(&run.script),
        _ => None,
    }
}

/// Reads a file below the directory of rules. A link that leads out of it is refused.
fn beside(root: &Path, path: &str, most: u64) -> io::Result<Vec<u8>> {
    let path = root.join(path).canonicalize()?;
    if !path.starts_with(root) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it lies outside of the directory of rules"));
    }
    read(&path, most)
}

fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"));
    }
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {most} bytes")));
    }
    Ok(bytes)
}
