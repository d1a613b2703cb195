//! The files of a package while rules work on them: who wrote which line, and what nobody may change.

use std::collections::BTreeMap;
use std::rc::Rc;

use heirloom_formats::attribution::{is_licence_file, is_notice};
use heirloom_formats::spec::{Lines, Splice};

use crate::{Changes, LoadedRule, Problem, Rules, Source};

/// Largest file that is changed as a text, in bytes.
pub(crate) const LARGEST: u64 = 64 * 1024 * 1024;
/// Characters of a line that a message shows.
const SHOWN: usize = 120;

/// All files that rules looked at or changed.
pub(crate) struct Tree<'a> {
    source: &'a Source<'a>,
    rules: &'a Rules,
    files: BTreeMap<String, State>,
}

/// A file that was looked at.
enum State {
    There(Content),
    /// Gone, by this rule.
    Gone(usize),
}

struct Content {
    lines: Rc<Lines>,
    /// The rule that wrote each line.
    writers: Vec<Option<usize>>,
    changed: bool,
}

/// Who changes, and whether that may undo what an earlier rule did.
#[derive(Clone, Copy)]
pub(crate) struct Writer<'a> {
    pub(crate) index: usize,
    pub(crate) rule: &'a LoadedRule,
}

impl<'a> Tree<'a> {
    pub(crate) fn new(source: &'a Source<'a>, rules: &'a Rules) -> Self {
        Self { source, rules, files: BTreeMap::new() }
    }

    /// Names of all files, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.source.files.keys().filter(|name| !self.files.contains_key(*name)).cloned().collect();
        names.extend(
            self.files
                .iter()
                .filter(|(_, state)| matches!(state, State::There(_)))
                .map(|(name, _)| name.clone()),
        );
        names.sort();
        names
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        match self.files.get(name) {
            Some(state) => matches!(state, State::There(_)),
            None => self.source.files.contains_key(name),
        }
    }

    /// Why there is nothing to do about a file that is not there.
    fn absent(&self, name: &str) -> Problem {
        if let Some(State::Gone(by)) = self.files.get(name) {
            let by = self.label(*by);
            return Problem::Unfit(format!("needs the file {name}, which {by} deleted"));
        }
        let names = self.names();
        let similar = names
            .iter()
            .map(|known| (strsim::jaro_winkler(known, name), known))
            .filter(|(similarity, _)| *similarity > 0.75)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let similar = similar.map_or(String::new(), |(_, known)| format!("; did you mean {known}?"));
        Problem::Nothing(format!("the package has no file {name}{similar}"))
    }

    fn label(&self, rule: usize) -> String {
        self.rules.all().get(rule).map_or(String::new(), |rule| rule.label.clone())
    }

    /// The lines of a file as it is now.
    pub(crate) fn lines(&mut self, name: &str) -> Result<Rc<Lines>, Problem> {
        if !self.files.contains_key(name) && self.source.files.contains_key(name) {
            let size = self.source.files.get(name).copied().unwrap_or_default();
            let large = |size| Problem::Large { file: name.to_owned(), size, most: LARGEST };
            if size > LARGEST {
                return Err(large(size));
            }
            let bytes = (self.source.read)(name)
                .map_err(|source| Problem::Unreadable { file: name.to_owned(), source })?;
            if bytes.len() as u64 > LARGEST {
                return Err(large(bytes.len() as u64));
            }
            let lines = Lines::read(&bytes);
            let writers = vec![None; lines.len()];
            self.files.insert(
                name.to_owned(),
                State::There(Content { lines: Rc::new(lines), writers, changed: false }),
            );
        }
        match self.files.get(name) {
            Some(State::There(content)) => Ok(Rc::clone(&content.lines)),
            _ => Err(self.absent(name)),
        }
    }

    /// Makes changes of a text, if they are in order: no line of an earlier rule, no notice, no licence.
    pub(crate) fn splice(
        &mut self,
        name: &str,
        splices: &[Splice],
        writer: Writer<'_>,
    ) -> Result<bool, Problem> {
        self.lines(name)?;
        let Some(State::There(content)) = self.files.get(name) else { return Err(self.absent(name)) };
        let real: Vec<Splice> =
            splices.iter().filter(|splice| !is_same(splice, &content.lines)).cloned().collect();
        if real.is_empty() {
            return Ok(false);
        }
        let mut before = Vec::new();
        let mut after = Vec::new();
        for splice in &real {
            for line in splice.at.clone() {
                if let Some(by) = content.writers.get(line).copied().flatten() {
                    self.undoes(name, line, by, writer)?;
                }
            }
            before.extend(splice.at.clone().map(|line| (line, content.lines.text(line))));
            after.extend(splice.with.iter().map(Vec::as_slice));
        }
        if is_licence_file(name) && !before.is_empty() {
            return Err(Problem::Licence(name.to_owned()));
        }
        let hint = "; narrow the rule, or use `skip_notices = true` to leave notices out";
        notices_stay(name, before, after, hint)?;
        let mut lines = Lines::clone(&content.lines);
        lines.apply(&real);
        let mut writers = Vec::with_capacity(lines.len());
        let mut next = 0;
        for splice in &real {
            writers.extend_from_slice(content.writers.get(next..splice.at.start).unwrap_or_default());
            writers.extend(splice.with.iter().map(|_| Some(writer.index)));
            next = splice.at.end;
        }
        writers.extend_from_slice(content.writers.get(next..).unwrap_or_default());
        self.files
            .insert(name.to_owned(), State::There(Content { lines: Rc::new(lines), writers, changed: true }));
        Ok(true)
    }

    fn undoes(&self, file: &str, line: usize, earlier: usize, writer: Writer<'_>) -> Result<(), Problem> {
        match writer.rule.rule.builds_on_earlier || earlier == writer.index {
            true => Ok(()),
            false => {
                Err(Problem::Conflict { file: file.to_owned(), line: line + 1, earlier: self.label(earlier) })
            }
        }
    }

    /// Puts a whole file in place of another of this name, or of none. Returns whether that changes something.
    pub(crate) fn write(&mut self, name: &str, bytes: &[u8], writer: Writer<'_>) -> Result<bool, Problem> {
        let new = Lines::read(bytes);
        // What is too large for a text, such as an archive, has no notice that could be seen here.
        let original = match self.source.files.get(name) {
            Some(size) if *size <= LARGEST => Some(self.original(name)?),
            Some(_) if is_licence_file(name) => return Err(Problem::Licence(name.to_owned())),
            _ => None,
        };
        if let Some(State::There(content)) = self.files.get(name) {
            if *content.lines == new {
                return Ok(false);
            }
            if let Some(line) = content.writers.iter().position(Option::is_some) {
                self.undoes(name, line, content.writers[line].unwrap_or_default(), writer)?;
            }
        }
        if let Some(original) = original {
            if is_licence_file(name) && *original != new {
                return Err(Problem::Licence(name.to_owned()));
            }
            // Bytes of a picture or archive say nothing, whatever they look like.
            let is_text = !original.texts().any(|text| text.contains(&0));
            let hint = "; keep it in the new file, or delete the file and add another under another name";
            if is_text {
                notices_stay(name, original.texts().enumerate().collect(), new.texts().collect(), hint)?;
            }
        }
        let writers = vec![Some(writer.index); new.len()];
        self.files
            .insert(name.to_owned(), State::There(Content { lines: Rc::new(new), writers, changed: true }));
        Ok(true)
    }

    /// A file as it was imported.
    fn original(&mut self, name: &str) -> Result<Rc<Lines>, Problem> {
        match self.files.get(name) {
            None => self.lines(name),
            Some(State::There(content)) if !content.changed => Ok(Rc::clone(&content.lines)),
            _ => {
                let bytes = (self.source.read)(name)
                    .map_err(|source| Problem::Unreadable { file: name.to_owned(), source })?;
                Ok(Rc::new(Lines::read(&bytes)))
            }
        }
    }

    /// Takes a file away.
    pub(crate) fn remove(&mut self, name: &str, writer: Writer<'_>) -> Result<(), Problem> {
        if !self.has(name) {
            return Err(self.absent(name));
        }
        if is_licence_file(name) {
            return Err(Problem::Licence(name.to_owned()));
        }
        if let Some(State::There(content)) = self.files.get(name)
            && let Some(line) = content.writers.iter().position(Option::is_some)
        {
            self.undoes(name, line, content.writers[line].unwrap_or_default(), writer)?;
        }
        self.files.insert(name.to_owned(), State::Gone(writer.index));
        Ok(())
    }

    /// How the files differ from the source.
    pub(crate) fn changes(&self) -> Changes {
        let mut changes = Changes::default();
        for (name, state) in &self.files {
            match state {
                State::There(content) if content.changed => {
                    changes.written.insert(name.clone(), content.lines.to_bytes());
                }
                State::There(_) => {}
                State::Gone(_) if self.source.files.contains_key(name) => {
                    changes.removed.insert(name.clone());
                }
                State::Gone(_) => {}
            }
        }
        changes
    }
}

/// Whether a splice puts in what it takes out.
fn is_same(splice: &Splice, lines: &Lines) -> bool {
    splice.at.len() == splice.with.len()
        && splice.at.clone().zip(&splice.with).all(|(line, with)| lines.text(line) == with.as_slice())
}

/// Every notice that goes must come again, though it may be elsewhere.
fn notices_stay(
    file: &str,
    before: Vec<(usize, &[u8])>,
    after: Vec<&[u8]>,
    hint: &'static str,
) -> Result<(), Problem> {
    let mut there: BTreeMap<&[u8], usize> = BTreeMap::new();
    let notices: Vec<(usize, &[u8])> = before.into_iter().filter(|(_, line)| is_notice(line)).collect();
    if notices.is_empty() {
        return Ok(());
    }
    for line in after {
        *there.entry(line.trim_ascii()).or_default() += 1;
    }
    for (line, text) in notices {
        match there.get_mut(text.trim_ascii()) {
            Some(count) if *count > 0 => *count -= 1,
            _ => {
                let text = String::from_utf8_lossy(text).trim().chars().take(SHOWN).collect();
                return Err(Problem::Notice { file: file.to_owned(), line: line + 1, text, hint });
            }
        }
    }
    Ok(())
}
