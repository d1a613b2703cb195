//! What changes in texts that people rely on: defaults, units, presets, and the options of programs.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;

use heirloom_formats::archive;
use heirloom_formats::rpm_file::{self, FileEntry, Header};
use heirloom_model::change::{Change, ChangeKind};
use similar::TextDiff;

use super::place::Place;
use super::{Versions, not_examined, options, services};
use crate::payload::is_listed;

/// Bytes of a file that is read, packed and unpacked, and of all of one package.
const LARGEST: u64 = 4 << 20;
const MOST: u64 = 128 << 20;
/// Lines of a text that is compared line by line; finding what differs in longer ones can take long.
const LINES: usize = 4_000;
/// Lines and characters of a diff that are told.
const DIFF_LINES: usize = 60;
const DIFF_LINE: usize = 200;

pub(super) fn changes(versions: &Versions<'_>) -> Vec<Change> {
    let pairs = pairs(versions);
    let presets: Vec<_> =
        versions.files.extra.iter().copied().filter(|file| delivers(file, Place::Preset)).collect();
    let pages = pages(versions, &pairs);
    let mut wanted = (BTreeSet::new(), BTreeSet::new());
    for (old, new) in &pairs {
        wanted.0.insert(old.path.as_str());
        wanted.1.insert(new.path.as_str());
    }
    wanted.1.extend(presets.iter().chain(&pages).map(|file| file.path.as_str()));
    let mut changes = Vec::new();
    let old = read(versions.paths.0, versions.old, &wanted.0, &mut changes);
    let new = read(versions.paths.1, versions.new, &wanted.1, &mut changes);
    for file in presets {
        if let Some(text) = new.get(file.path.as_str()) {
            changes.extend(services::presets(&file.path, "", text));
        }
    }
    // What a page mentions, by the program.
    let documented: BTreeMap<&str, BTreeSet<String>> = (pages.iter())
        .filter_map(|page| {
            let text = new.get(page.path.as_str())?;
            Some((options::program_of_page(&page.path)?, options::mentioned(text)))
        })
        .collect();
    for (before, after) in pairs {
        if let (Some(before), Some(text)) = (old.get(before.path.as_str()), new.get(after.path.as_str())) {
            changes.extend(compare(after, before, text, &documented));
        }
    }
    changes
}

/// Files of which both have another text, in places where it matters.
fn pairs<'a>(versions: &Versions<'a>) -> Vec<(&'a FileEntry, &'a FileEntry)> {
    let alike = versions.old.file_digest_algorithm() == versions.new.file_digest_algorithm();
    let matters = |file: &FileEntry| {
        let place = Place::of(file);
        let read =
            matches!(place, Place::Unit | Place::Preset | Place::Config | Place::Manual | Place::Completion);
        read && file.is_regular() && !file.is_ghost()
    };
    let both = versions.files.both.iter().copied();
    both.filter(|(old, new)| matters(old) && matters(new))
        .filter(|(old, new)| !alike || new.digest.is_empty() || old.digest != new.digest)
        .collect()
}

/// Man pages of the newer package, of programs whose page or completion is another.
fn pages<'a>(versions: &Versions<'a>, pairs: &[(&FileEntry, &'a FileEntry)]) -> Vec<&'a FileEntry> {
    let programs: BTreeSet<&str> = pairs
        .iter()
        .filter_map(|(_, file)| match Place::of(file) {
            Place::Manual => options::program_of_page(&file.path),
            Place::Completion => options::program_of_completion(&file.path),
            _ => None,
        })
        .collect();
    let page = |file: &&FileEntry| {
        delivers(file, Place::Manual)
            && options::program_of_page(&file.path).is_some_and(|program| programs.contains(program))
    };
    versions.new.files.iter().filter(page).collect()
}

fn delivers(file: &FileEntry, place: Place) -> bool {
    file.is_regular() && !file.is_ghost() && Place::of(file) == place
}

/// The texts of the wanted files, unpacked. What can't be had is told instead.
fn read<'a>(
    path: &Path,
    header: &'a Header,
    wanted: &BTreeSet<&str>,
    changes: &mut Vec<Change>,
) -> BTreeMap<&'a str, String> {
    let (mut texts, mut left) = (BTreeMap::new(), MOST);
    let mut indices = BTreeSet::new();
    for (index, file) in
        header.files.iter().enumerate().filter(|(_, file)| wanted.contains(file.path.as_str()))
    {
        match left.checked_sub(file.size) {
            Some(rest) if file.size <= LARGEST => {
                left = rest;
                indices.insert(index);
            }
            _ => {
                changes.push(not_examined(&file.path, format!("{} bytes are more than are read", file.size)))
            }
        }
    }
    if indices.is_empty() {
        return texts;
    }
    let mut waiting = indices.clone();
    let mut faults = Vec::new();
    let take = |index: usize, reader: &mut dyn Read| -> std::io::Result<ControlFlow<()>> {
        let file = &header.files[index];
        let bytes = rpm_file::read_whole(reader, file, LARGEST)?;
        waiting.remove(&index);
        match text(header, file, &bytes, &mut left) {
            Ok(text) => drop(texts.insert(file.path.as_str(), text)),
            Err(why) => faults.push(not_examined(&file.path, why)),
        }
        Ok(if waiting.is_empty() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    };
    let done = rpm_file::each_file(path, header, |index| indices.contains(&index), take);
    let problem = match done {
        Ok(Ok(())) => "the payload lacks it".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.problem.to_string(),
    };
    changes.extend(faults);
    changes.extend(
        waiting
            .iter()
            .filter_map(|index| header.files.get(*index))
            .map(|file| not_examined(&file.path, &problem)),
    );
    texts
}

fn text(header: &Header, file: &FileEntry, bytes: &[u8], left: &mut u64) -> Result<String, String> {
    if !is_listed(header, file, bytes) {
        return Err("its content is not what the header's digest is of".to_owned());
    }
    let bytes = archive::decompress(bytes, LARGEST.min(*left)).map_err(|error| error.to_string())?;
    *left = left.saturating_sub(bytes.len() as u64);
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn compare(
    file: &FileEntry,
    before: &str,
    after: &str,
    documented: &BTreeMap<&str, BTreeSet<String>>,
) -> Vec<Change> {
    let changed = |kind| Change { diff: diff(before, after), ..Change::new(kind, file.path.clone()) };
    let none = BTreeSet::new();
    match Place::of(file) {
        _ if before == after => Vec::new(),
        Place::Preset => services::presets(&file.path, before, after),
        Place::Config if before.contains('\0') || after.contains('\0') => {
            vec![Change::new(ChangeKind::ChangedDefault, file.path.clone()).values("data", "other data")]
        }
        Place::Unit | Place::Config if meaning(before).eq(meaning(after)) => {
            vec![Change::new(ChangeKind::ChangedComment, file.path.clone())]
        }
        Place::Unit => vec![changed(ChangeKind::ChangedUnit)],
        Place::Config => vec![changed(ChangeKind::ChangedDefault)],
        // A page that only names another one has no options of its own.
        Place::Manual if after.trim_start().starts_with(".so ") => Vec::new(),
        Place::Manual => {
            let program = options::program_of_page(&file.path).unwrap_or_default();
            gone(program, &file.path, &options::defined(before), &options::mentioned(after))
        }
        Place::Completion => {
            let program = options::program_of_completion(&file.path).unwrap_or_default();
            let mut now = options::completed(&file.path, after);
            now.extend(documented.get(program).unwrap_or(&none).iter().cloned());
            gone(program, &file.path, &options::completed(&file.path, before), &now)
        }
        Place::Program | Place::Library | Place::Module | Place::Development => Vec::new(),
        Place::Documentation | Place::Data => Vec::new(),
    }
}

fn gone(program: &str, path: &str, before: &BTreeSet<String>, after: &BTreeSet<String>) -> Vec<Change> {
    let gone = before.difference(after);
    gone.map(|option| {
        Change::new(ChangeKind::RemovedOption, format!("{program} --{option}"))
            .values(format!("in {path}"), "")
    })
    .collect()
}

/// The lines that are no comments.
fn meaning(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with(['#', ';']))
}

/// Both texts as a unified diff, of which a part is told where it is long.
pub(super) fn diff(before: &str, after: &str) -> String {
    if before.lines().take(LINES + 1).count() > LINES || after.lines().take(LINES + 1).count() > LINES {
        return format!("(more than {LINES} lines; they differ)\n");
    }
    let diff = TextDiff::from_lines(before, after);
    let unified = diff.unified_diff().context_radius(2).header("before", "after").to_string();
    let mut told = String::new();
    let mut lines = unified.lines().filter(|line| !line.starts_with("\\ No newline"));
    for line in lines.by_ref().take(DIFF_LINES) {
        let mut line = line.to_owned();
        super::cut(&mut line, DIFF_LINE);
        told.push_str(&line);
        told.push('\n');
    }
    match lines.count() {
        0 => {}
        more => told.push_str(&format!("(and {more} more lines)\n")),
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_is_bounded_in_lines_and_in_their_length() {
        let many = |word: &str| (0..500).map(|n| format!("{word}{n}\n")).collect::<String>();
        let told = diff(&many("a"), &many("b"));
        assert!(told.lines().count() == DIFF_LINES + 1 && told.contains("more lines)"), "{told}");
        let told = diff("a", &"b".repeat(100_000));
        assert!(told.len() < 400, "{}", told.len());
        assert!(diff(&"x\n".repeat(LINES + 1), "").contains("more than"));
    }

    #[test]
    fn comments_and_blank_lines_mean_nothing() {
        assert!(meaning("# a\n\n x = 1\n; b").eq(meaning("x = 1\n")));
        assert!(!meaning("x = 1").eq(meaning("x = 2")));
    }
}
