//! Each action, done to the files of a package.

mod entries;

use std::cell::OnceCell;

use heirloom_formats::debrand::{Action, AddLines, Changelog, Position};
use heirloom_formats::spec::{
    EntryKind, Identity, Lines, NewEntry, Place, Spec, SpecError, Splice, the_line,
};
use heirloom_model::allowance::matches_glob;

use crate::search::{self, Found};
use crate::tree::{Tree, Writer};
use crate::{Changes, LoadedRule, Problem, Rules, RunScript, Source};

/// Most lines that a message names.
const NAMED: usize = 8;

/// What a rule did: file, and in a few words what.
type Done = Result<Vec<(String, String)>, Problem>;

/// A package that rules are applied to, one after the other.
pub(crate) struct Work<'a> {
    source: &'a Source<'a>,
    run: &'a RunScript<'a>,
    tree: Tree<'a>,
    identity: OnceCell<Identity>,
}

impl<'a> Work<'a> {
    pub(crate) fn new(source: &'a Source<'a>, rules: &'a Rules, run: &'a RunScript<'a>) -> Self {
        Self { source, run, tree: Tree::new(source, rules), identity: OnceCell::new() }
    }

    pub(crate) fn into_changes(self) -> Changes {
        self.tree.changes()
    }

    /// Why a rule does not apply, if its precondition does not hold.
    pub(crate) fn applies(&self, rule: &LoadedRule) -> Result<Option<String>, Problem> {
        if let Some(pattern) = &rule.rule.when.branch {
            let branch = self.source.branch.ok_or(Problem::Branch)?;
            if !matches_glob(pattern, branch) {
                return Ok(Some(format!("the branch {branch} is not `{pattern}`")));
            }
        }
        let Some(range) = &rule.rule.when.version else { return Ok(None) };
        let (holds, what) = match self.source.nevra {
            Some(nevra) => {
                let evr = nevra.evr();
                (range.has(evr.epoch(), evr.version(), Some(evr.release())), evr.to_string())
            }
            None => {
                let identity = self.identity()?;
                let unknown = |what: &str| {
                    let spec = self.source.spec;
                    Problem::Version(format!("the {what} in {spec} depends on what only rpm knows"))
                };
                let epoch = identity.epoch.ok_or_else(|| unknown("epoch"))?;
                let version = identity.version.as_deref().ok_or_else(|| unknown("version"))?;
                let release = identity.release.as_deref();
                let holds = range.has(epoch, version, release);
                (
                    Some(holds.ok_or_else(|| unknown("release"))?),
                    format!("{version}-{}", release.unwrap_or("?")),
                )
            }
        };
        Ok((holds != Some(true)).then(|| format!("the version {what} is not in its range")))
    }

    /// What the spec file says as it was imported.
    fn identity(&self) -> Result<&Identity, Problem> {
        if let Some(identity) = self.identity.get() {
            return Ok(identity);
        }
        let file = self.source.spec;
        let bytes = (self.source.read)(file)
            .map_err(|source| Problem::Unreadable { file: file.to_owned(), source })?;
        Ok(self.identity.get_or_init(|| crate::identity(&bytes, self.source.dist)))
    }

    pub(crate) fn apply(&mut self, index: usize, rule: &LoadedRule) -> Done {
        let writer = Writer { index, rule };
        match &rule.rule.action {
            Action::Replace(replace) => {
                let files = replace.file.as_ref().map(|file| file.all());
                let found = |lines: &Lines, spec: Option<&Spec<'_>>| match &rule.wanted {
                    Some(wanted) => Ok(search::replace(replace, rule, wanted, lines, spec)),
                    None => Ok(Found { splices: Vec::new(), at: Vec::new() }),
                };
                let wanted = replace.text.as_deref().or(replace.regex.as_deref()).unwrap_or_default();
                self.search(writer, files, replace.count, wanted, found, |count| {
                    format!("replaced {}", times(count))
                })
            }
            Action::DeleteLines(delete) => {
                let files = delete.file.as_ref().map(std::slice::from_ref);
                let found = |lines: &Lines, spec: Option<&Spec<'_>>| {
                    search::delete(delete, rule.wanted.as_ref(), lines, spec).map_err(Problem::from)
                };
                let wanted = delete.text.as_deref().or(delete.regex.as_deref()).unwrap_or_default();
                let each = delete.text.as_deref().map_or(1, |text| search::block(text).len());
                self.search(writer, files, delete.count, wanted, found, |count| {
                    format!("deleted {}", lines(count * each))
                })
            }
            Action::AddLines(add) => self.add_lines(add, writer),
            Action::SetTag(set) => {
                let what = format!("the tag {} is `{}` already", set.tag, set.value);
                let package = set.subpackage.as_deref();
                self.edit(writer, &what, |read| {
                    Ok((
                        read.set_tag(&set.tag, &set.value, package)?,
                        format!("set {}{}", set.tag, of(package)),
                    ))
                })
            }
            Action::AppendToTag(append) => {
                let package = append.subpackage.as_deref();
                self.edit(writer, "there is nothing to append", |read| {
                    let done = format!("appended to {}{}", append.tag, of(package));
                    Ok((read.append_to_tag(&append.tag, &append.text, package)?, done))
                })
            }
            Action::AddTag(add) => {
                let package = add.subpackage.as_deref();
                self.edit(writer, "", |read| {
                    let done = format!("added {}{}", add.tag, of(package));
                    Ok((read.add_tag(&add.tag, &add.value, package)?, done))
                })
            }
            Action::SetMacro(set) => {
                let what = format!("the macro {} is `{}` already", set.name, set.value);
                self.edit(writer, &what, |read| {
                    Ok((
                        read.set_macro(&set.name, &set.value, set.add)?,
                        format!("set the macro {}", set.name),
                    ))
                })
            }
            Action::Release(release) => {
                let what = format!("the release ends in {} already", release.suffix);
                self.edit(writer, &what, |read| {
                    let splices = read.set_release(&release.suffix, release.number)?;
                    let value = splices.first().and_then(|splice| splice.with.first());
                    let value =
                        value.map(|line| String::from_utf8_lossy(line).into_owned()).unwrap_or_default();
                    let value = value.split_once(':').map_or("", |(_, value)| value.trim());
                    Ok((splices, format!("set Release to {value}")))
                })
            }
            Action::Changelog(changelog) => self.changelog(changelog, writer),
            Action::AddSource(add) => self.add_entry(EntryKind::Source, add, writer),
            Action::AddPatch(add) => self.add_entry(EntryKind::Patch, add, writer),
            Action::RemoveSource(remove) => self.remove_entry(EntryKind::Source, remove, writer),
            Action::RemovePatch(remove) => self.remove_entry(EntryKind::Patch, remove, writer),
            Action::ReplaceSource(replace) => self.replace_entry(EntryKind::Source, replace, writer),
            Action::ReplacePatch(replace) => self.replace_entry(EntryKind::Patch, replace, writer),
            Action::AddFile(add) => {
                let bytes = add.text.as_deref().map_or(&rule.content[..], str::as_bytes);
                self.add_file(&add.name, bytes, writer)?;
                Ok(vec![(add.name.clone(), "added".to_owned())])
            }
            Action::DeleteFile(delete) => {
                self.tree.remove(&delete.name, writer)?;
                Ok(vec![(delete.name.clone(), "deleted".to_owned())])
            }
            Action::ReplaceFile(replace) => {
                let bytes = replace.text.as_deref().map_or(&rule.content[..], str::as_bytes);
                if !self.tree.has(&replace.name) {
                    // Says what there is.
                    self.tree.lines(&replace.name)?;
                }
                match self.tree.write(&replace.name, bytes, writer)? {
                    true => Ok(vec![(replace.name.clone(), "replaced".to_owned())]),
                    false => Err(Problem::Nothing(format!("{} has that content already", replace.name))),
                }
            }
            Action::Run(run) => crate::script::run(self.source, &mut self.tree, self.run, run, writer),
        }
    }

    /// Changes the spec file; `same` says why nothing changed, if nothing did.
    fn edit(
        &mut self,
        writer: Writer<'_>,
        same: &str,
        change: impl FnOnce(&Spec<'_>) -> Result<(Vec<Splice>, String), SpecError>,
    ) -> Done {
        let file = self.source.spec;
        let text = self.tree.lines(file)?;
        let (splices, done) = change(&Spec::read(&text))?;
        match self.tree.splice(file, &splices, writer)? {
            true => Ok(vec![(file.to_owned(), done)]),
            false => Err(Problem::Nothing(same.to_owned())),
        }
    }

    /// Looks for something in files and changes it.
    fn search(
        &mut self,
        writer: Writer<'_>,
        files: Option<&[String]>,
        count: Option<usize>,
        wanted: &str,
        find: impl Fn(&Lines, Option<&Spec<'_>>) -> Result<Found, Problem>,
        done: impl Fn(usize) -> String,
    ) -> Done {
        let spec = self.source.spec;
        let files: Vec<String> = match files {
            None => vec![spec.to_owned()],
            Some(patterns) => {
                let names = self.tree.names();
                for pattern in patterns.iter().filter(|pattern| !pattern.contains(['*', '?'])) {
                    self.tree.lines(pattern)?;
                }
                let fits = |name: &&String| patterns.iter().any(|pattern| matches_glob(pattern, name));
                names.iter().filter(fits).cloned().collect()
            }
        };
        if files.is_empty() {
            return Err(Problem::Nothing("the package has no such file".to_owned()));
        }
        let mut results = Vec::new();
        for file in &files {
            let text = self.tree.lines(file)?;
            let read = (file == spec).then(|| Spec::read(&text));
            let found = find(&text, read.as_ref())?;
            if !found.at.is_empty() {
                results.push((file.clone(), found));
            }
        }
        let total: usize = results.iter().map(|(_, found)| found.at.len()).sum();
        if total == 0 {
            // Where nothing need be found, nobody asks what is nearest.
            let near = !writer.rule.may_do_nothing(self.source.name);
            return Err(Problem::Nothing(self.not_there(&files, wanted, near)?));
        }
        if let Some(expected) = count.filter(|count| *count != total) {
            let places = results.iter().flat_map(|(file, found)| {
                found.at.iter().map(move |line| format!("{file}, line {}", line + 1))
            });
            let mut named: Vec<String> = places.take(NAMED).collect();
            if total > NAMED {
                named.push("and more".to_owned());
            }
            return Err(Problem::Count { expected, found: total, places: named.join("; ") });
        }
        let mut edits = Vec::new();
        for (file, found) in results {
            if self.tree.splice(&file, &found.splices, writer)? {
                edits.push((file, done(found.at.len())));
            }
        }
        match edits.is_empty() {
            true => Err(Problem::Nothing("what it writes is there already".to_owned())),
            false => Ok(edits),
        }
    }

    fn not_there(&mut self, files: &[String], wanted: &str, near: bool) -> Result<String, Problem> {
        let mut best: Option<(f64, String)> = None;
        for file in files.iter().filter(|_| near) {
            let text = self.tree.lines(file)?;
            if let Some((alike, place)) = search::nearest(wanted, &text)
                && best.as_ref().is_none_or(|(best, _)| alike > *best)
            {
                best = Some((alike, format!("{file}, {place}")));
            }
        }
        let first = wanted.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let more = if wanted.trim_end().contains('\n') { " and what follows" } else { "" };
        let where_ = match files {
            [file] => format!(" in {file}"),
            files => format!(" in {} files", files.len()),
        };
        let nearest = best.map_or(String::new(), |(_, place)| format!("; the nearest is {place}"));
        Ok(format!("`{first}`{more} is not there{where_}{nearest}"))
    }

    fn add_lines(&mut self, add: &AddLines, writer: Writer<'_>) -> Done {
        let text: Vec<Vec<u8>> = search::block(&add.text).into_iter().map(<[u8]>::to_vec).collect();
        let count = lines(text.len());
        let place = match (&add.at, &add.before, &add.after) {
            (_, Some(before), _) => Place::Before(before),
            (_, _, Some(after)) => Place::After(after),
            (Some(Position::Start), ..) => Place::Start,
            _ => Place::End,
        };
        if let Some(file) = add.file.as_deref().filter(|file| *file != self.source.spec) {
            let there = self.tree.lines(file)?;
            let at = match place {
                Place::Start => 0,
                Place::End => there.len(),
                Place::Before(wanted) => the_line(there.texts().enumerate(), wanted)?,
                Place::After(wanted) => the_line(there.texts().enumerate(), wanted)? + 1,
            };
            self.tree.splice(file, &[Splice::insert(at, text)], writer)?;
            return Ok(vec![(file.to_owned(), format!("added {count}"))]);
        }
        let (section, package) = (add.section.as_deref(), add.subpackage.as_deref());
        self.edit(writer, "", |read| {
            let place = read.add_lines(section, package, place, text)?;
            let section = section.map_or(String::new(), |section| format!(" in {section}"));
            Ok((place, format!("added {count}{section}{}", of(package))))
        })
    }

    fn changelog(&mut self, changelog: &Changelog, writer: Writer<'_>) -> Done {
        let file = self.source.spec;
        self.edit(writer, "", |read| {
            let version = match &changelog.version {
                Some(version) => version.clone(),
                None => {
                    // By custom, the changelog leaves the distribution's tag out.
                    let identity = read.identity(Some(""));
                    let (Some(version), Some(release), Some(epoch)) =
                        (identity.version, identity.release, identity.epoch)
                    else {
                        let message = format!(
                            "version and release in {file} depend on what only rpm knows; give `version`"
                        );
                        return Err(SpecError::Unclear(message));
                    };
                    let epoch = if epoch > 0 { format!("{epoch}:") } else { String::new() };
                    format!("{epoch}{version}-{release}")
                }
            };
            let day = changelog.date.as_deref().and_then(|date| date.parse().ok());
            let new =
                NewEntry { author: &changelog.author, version: &version, text: changelog.text.all(), day };
            Ok((read.add_changelog(&new)?, format!("added a changelog entry for {version}")))
        })
    }

    fn add_file(&mut self, name: &str, bytes: &[u8], writer: Writer<'_>) -> Result<(), Problem> {
        if self.tree.has(name) {
            return Err(Problem::Exists(name.to_owned()));
        }
        self.tree.write(name, bytes, writer)?;
        Ok(())
    }
}

fn times(count: usize) -> String {
    match count {
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}

fn lines(count: usize) -> String {
    match count {
        1 => "1 line".to_owned(),
        count => format!("{count} lines"),
    }
}

fn of(package: Option<&str>) -> String {
    package.map_or(String::new(), |package| format!(" of {package}"))
}
