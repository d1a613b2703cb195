//! Sources and patches that come, go and change.

use heirloom_formats::debrand::{AddEntry, RemoveEntry, ReplaceEntry};
use heirloom_formats::spec::{EntryKind, Lines, Spec};

use super::{Done, Work};
use crate::Problem;
use crate::tree::Writer;

impl Work<'_> {
    pub(super) fn add_entry(&mut self, kind: EntryKind, add: &AddEntry, writer: Writer<'_>) -> Done {
        let name = &add.name;
        match &add.content {
            Some(_) if self.tree.has(name) => return Err(Problem::Exists(name.clone())),
            None if !self.tree.has(name) => {
                let message = format!("the package has no file {name}; give its `content`, or add it before");
                return Err(Problem::Unfit(message));
            }
            _ => {}
        }
        let mut done = Vec::new();
        let file = self.source.spec;
        let text = self.tree.lines(file)?;
        let read = Spec::read(&text);
        let (mut splices, number) = read.add_entry(kind, add.number, name)?;
        let mut what = format!("added {}{number}", kind.word());
        if kind == EntryKind::Patch && add.prep {
            let mut with_entry = Lines::clone(&text);
            with_entry.apply(&splices);
            // Where it is applied can be seen without it, whether it is applied by itself with it.
            let there =
                Spec::read(&with_entry).apply_patch(number, name, add.strip).map_err(Problem::Spec)?;
            if !there.is_empty() {
                splices.extend(read.apply_patch(number, name, add.strip).map_err(Problem::Spec)?);
                what.push_str(" and applied it in %prep");
            }
        }
        splices.sort_by_key(|splice| splice.at.start);
        if add.content.is_some() {
            self.add_file(name, &writer.rule.content, writer)?;
            done.push((name.clone(), "added".to_owned()));
        }
        self.tree.splice(file, &splices, writer)?;
        done.push((file.to_owned(), what));
        Ok(done)
    }

    pub(super) fn remove_entry(&mut self, kind: EntryKind, remove: &RemoveEntry, writer: Writer<'_>) -> Done {
        let file = self.source.spec;
        let text = self.tree.lines(file)?;
        let read = Spec::read(&text);
        let entry = match (&remove.name, remove.number) {
            (Some(name), _) => read.entry_named(kind, name)?,
            (None, number) => read.entry_numbered(kind, number.unwrap_or(0))?,
        };
        let mut splices = read.remove_entry(&entry)?;
        let mut what = format!("removed {}{}", kind.word(), entry.number);
        if kind == EntryKind::Patch && remove.prep {
            let prep = read.unapply_patch(entry.number)?;
            if !prep.is_empty() {
                what.push_str(" and its line in %prep");
            }
            splices.extend(prep);
            splices.sort_by_key(|splice| splice.at.start);
        }
        let name = read.entry_file(&entry);
        self.tree.splice(file, &splices, writer)?;
        let mut done = vec![(file.to_owned(), what)];
        if !remove.keep_file {
            let Some(name) = name.filter(|name| self.tree.has(name)) else {
                let value = String::from_utf8_lossy(read.entry_value(&entry)).into_owned();
                let message = format!(
                    "can't tell which file `{value}` is; use `keep_file = true` and delete it by name"
                );
                return Err(Problem::Unfit(message));
            };
            self.tree.remove(&name, writer)?;
            done.push((name, "deleted".to_owned()));
        }
        Ok(done)
    }

    pub(super) fn replace_entry(
        &mut self,
        kind: EntryKind,
        replace: &ReplaceEntry,
        writer: Writer<'_>,
    ) -> Done {
        let file = self.source.spec;
        let text = self.tree.lines(file)?;
        let read = Spec::read(&text);
        let entry = read.entry_named(kind, &replace.name)?;
        let old = read.entry_file(&entry).filter(|name| self.tree.has(name));
        let splices = read.set_entry(&entry, &replace.by);
        let same = old.as_deref() == Some(&replace.by);
        if !same && self.tree.has(&replace.by) {
            return Err(Problem::Exists(replace.by.clone()));
        }
        let wrote = self.tree.write(&replace.by, &writer.rule.content, writer)?;
        let mut done = Vec::new();
        if self.tree.splice(file, &splices, writer)? {
            done.push((file.to_owned(), format!("{}{} is {} now", kind.word(), entry.number, replace.by)));
        }
        if wrote {
            done.push((replace.by.clone(), if same { "replaced" } else { "added" }.to_owned()));
        }
        if let Some(old) = old.filter(|_| !same) {
            self.tree.remove(&old, writer)?;
            done.push((old, "deleted".to_owned()));
        }
        match done.is_empty() {
            true => Err(Problem::Nothing(format!("{} has that content already", replace.by))),
            false => Ok(done),
        }
    }
}
