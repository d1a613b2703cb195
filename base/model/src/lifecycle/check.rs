//! What is wrong with a lifecycle.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{Lifecycle, Major, Phase, Stream, Upstream};
use crate::allowance::Date;

/// Characters that a name or a line of text may have.
const LONGEST: usize = 300;
/// Majors, minors, streams or repositories that one list may have.
const MOST: usize = 2000;
/// Packages that one stream may list.
const MOST_PACKAGES: usize = 20_000;
/// Years that dates may be in.
const YEARS: std::ops::RangeInclusive<u16> = 1990..=2199;

/// Something that can't be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {message}")]
pub struct Fault {
    /// Where.
    pub at: Place,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: &'static str,
}

/// A place in a lifecycle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Which major version, counted from 0.
    pub major: Option<usize>,
    /// Which part of it, counted from 0.
    pub part: Option<(Part, usize)>,
    /// The field, as the types name it; empty if it is the whole.
    pub field: &'static str,
}

/// A part of a major version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A phase.
    Phase,
    /// A minor version.
    Minor,
    /// A stream.
    Stream,
    /// A repository.
    Repository,
}

impl fmt::Display for Place {
    /// As a path in JSON: `majors[0].phases[1].ends`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut dot = "";
        if let Some(major) = self.major {
            write!(f, "majors[{major}]")?;
            dot = ".";
        }
        if let Some((part, number)) = self.part {
            let list = match part {
                Part::Phase => "phases",
                Part::Minor => "minors",
                Part::Stream => "streams",
                Part::Repository => "repositories",
            };
            write!(f, "{dot}{list}[{number}]")?;
        }
        if !self.field.is_empty() {
            write!(f, "{dot}{}", self.field)?;
        }
        Ok(())
    }
}

impl Place {
    fn field(self, field: &'static str) -> Self {
        Self { field, ..self }
    }

    fn part(self, part: Part, number: usize) -> Self {
        Self { part: Some((part, number)), ..self }
    }

    fn fault<T>(self, message: String, hint: &'static str) -> Result<T, Fault> {
        Err(Fault { at: self, message, hint })
    }

    fn when(self, wrong: bool, message: impl FnOnce() -> String, hint: &'static str) -> Result<(), Fault> {
        if wrong { self.fault(message(), hint) } else { Ok(()) }
    }

    /// A line of text that is not empty.
    fn line(self, text: &str) -> Result<(), Fault> {
        self.when(text.trim().is_empty(), || "it is empty".to_owned(), "say it in a word, or in a line")?;
        self.text(text)
    }

    /// A line of text, or nothing.
    fn text(self, text: &str) -> Result<(), Fault> {
        let wrong = text.chars().any(is_no_text) || text.chars().count() > LONGEST;
        let message = || format!("it has more than {LONGEST} characters, or more than one line");
        self.when(wrong, message, "say it in one line")
    }

    fn date(self, date: Date) -> Result<(), Fault> {
        let wrong = !YEARS.contains(&date.parts().0);
        let message = || format!("{date} is not between {} and {}", YEARS.start(), YEARS.end());
        self.when(wrong, message, "look at the year")
    }

    fn few(self, count: usize, most: usize) -> Result<(), Fault> {
        self.when(
            count > most,
            || format!("{count} entries are more than {most}"),
            "no real document has as many",
        )
    }

    /// A name that was not there before.
    fn once<T: Ord + fmt::Display>(self, seen: &mut BTreeSet<T>, name: T) -> Result<(), Fault> {
        let message = format!("`{name}` is there twice");
        self.when(!seen.insert(name), || message, "give each its own name")
    }

    fn upstream(self, upstream: &Upstream) -> Result<(), Fault> {
        let at = self.field("upstream");
        at.line(&upstream.name)?;
        at.text(&upstream.then)?;
        at.date(upstream.ends)
    }
}

impl Lifecycle {
    /// Whether it can be true.
    ///
    /// # Errors
    /// The first thing that is wrong: a name that is there twice, phases that overlap or leave a gap, what ends before it
    /// begins, a stream that goes on after the last phase and does not say so, and what goes on after its upstream has
    /// ended without anybody who maintains it.
    pub fn check(&self) -> Result<(), Fault> {
        let top = Place::default();
        let is_id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
        top.field("id").line(&self.id)?;
        top.field("id").when(
            !self.id.chars().all(is_id),
            || format!("`{}` can't be an id", self.id),
            "use lower-case letters, digits, `-`, `_` and `.`, as ID of /etc/os-release has",
        )?;
        top.field("name").line(&self.name)?;
        top.field("vendor").text(&self.vendor)?;
        let url = top.field("url");
        url.text(&self.url)?;
        let has_scheme = ["https://", "http://"].iter().any(|scheme| self.url.starts_with(scheme));
        let wrong = !self.url.is_empty() && (!has_scheme || self.url.contains(char::is_whitespace));
        url.when(wrong, || format!("`{}` is no address", self.url), "begin it with https://")?;
        top.field("updated").date(self.updated)?;
        let majors = top.field("majors");
        majors.when(
            self.majors.is_empty(),
            || "there is no major version".to_owned(),
            "name at least one",
        )?;
        majors.few(self.majors.len(), MOST)?;
        let mut seen = BTreeSet::new();
        for (number, major) in self.majors.iter().enumerate() {
            let at = Place { major: Some(number), ..Place::default() };
            at.field("version").once(&mut seen, major.version)?;
            let before = number.checked_sub(1).and_then(|before| self.majors.get(before));
            let unordered = before.is_some_and(|before| before.version > major.version);
            let message = || format!("{} comes after a later one", major.version);
            at.field("version").when(unordered, message, "put the oldest first")?;
            major.check(at)?;
        }
        Ok(())
    }
}

impl Major {
    fn check(&self, at: Place) -> Result<(), Fault> {
        if let Some(upstream) = &self.upstream {
            at.upstream(upstream)?;
        }
        let Some(ends) = self.ends() else {
            return at.field("phases").fault(
                format!("{} has no phase", self.version),
                "give it a phase `full`, with its first and its last day",
            );
        };
        at.field("phases").few(self.phases.len(), MOST)?;
        let mut before = None;
        for (number, phase) in self.phases.iter().enumerate() {
            self.phase_is_right(at.part(Part::Phase, number), phase, before)?;
            before = Some(phase);
        }
        self.minors_are_right(at, ends)?;
        at.field("streams").few(self.streams.len(), MOST)?;
        let (mut seen, mut packages, mut sources) = (BTreeSet::new(), BTreeMap::new(), BTreeMap::new());
        for (number, stream) in self.streams.iter().enumerate() {
            let at = at.part(Part::Stream, number);
            at.field("name").once(&mut seen, &stream.name)?;
            stream_is_right(at, stream, ends)?;
            if !stream.is_module() {
                only_here(at.field("packages"), stream, &stream.packages, &mut packages)?;
                only_here(at.field("sources"), stream, &stream.sources, &mut sources)?;
            }
        }
        at.field("repositories").few(self.repositories.len(), MOST)?;
        let mut seen = BTreeSet::new();
        for (number, repository) in self.repositories.iter().enumerate() {
            let at = at.part(Part::Repository, number);
            at.field("name").line(&repository.name)?;
            at.field("name").once(&mut seen, &repository.name)?;
            if let Some(end) = repository.ends {
                at.field("ends").date(end)?;
                not_after(at.field("ends"), end, ends)?;
            }
        }
        Ok(())
    }

    fn phase_is_right(&self, at: Place, phase: &Phase, before: Option<&Phase>) -> Result<(), Fault> {
        let name = phase.kind.name();
        at.field("begins").date(phase.begins)?;
        at.field("ends").date(phase.ends)?;
        at.field("maintainer").text(&phase.maintainer)?;
        at.field("ends").when(
            phase.ends < phase.begins,
            || format!("`{name}` ends on {}, before it begins on {}", phase.ends, phase.begins),
            "give its last day",
        )?;
        if let Some(before) = before {
            at.field("kind").when(
                phase.kind <= before.kind,
                || format!("`{name}` comes after `{}`", before.kind.name()),
                "the phases are full, maintenance and extended, in this order, each once",
            )?;
            at.field("begins").when(
                phase.begins <= before.ends,
                || {
                    format!(
                        "`{name}` begins on {}, and `{}` ends on {}",
                        phase.begins,
                        before.kind.name(),
                        before.ends
                    )
                },
                "phases do not overlap: begin on the day after the one before has ended",
            )?;
            let next = before.ends.next();
            at.field("begins").when(
                phase.begins > next,
                || {
                    let last = next.plus(u32::try_from(next.days_to(phase.begins) - 1).unwrap_or(0));
                    format!(
                        "nothing is promised from {next} to {last}, between `{}` and `{name}`",
                        before.kind.name()
                    )
                },
                "phases leave no gap: begin on the day after the one before has ended",
            )?;
        }
        let upstream = self.upstream.as_ref().filter(|upstream| upstream.ends < phase.ends);
        if let Some(upstream) = upstream.filter(|_| phase.maintainer.trim().is_empty()) {
            let Upstream { name: theirs, ends, .. } = upstream;
            return at.field("maintainer").fault(
                format!("`{name}` goes on until {}, and {theirs} ends on {ends}: nobody is named who maintains it then", phase.ends),
                "name the maintainer of this phase, or end it with upstream",
            );
        }
        Ok(())
    }

    fn minors_are_right(&self, at: Place, ends: Date) -> Result<(), Fault> {
        at.field("minors").few(self.minors.len(), MOST)?;
        let mut seen = BTreeSet::new();
        for (number, minor) in self.minors.iter().enumerate() {
            let at = at.part(Part::Minor, number);
            at.field("version").once(&mut seen, minor.version)?;
            at.field("released").date(minor.released)?;
            not_after(at.field("released"), minor.released, ends)?;
            if let Some(before) = number.checked_sub(1).and_then(|before| self.minors.get(before)) {
                at.field("version").when(
                    minor.version < before.version,
                    || format!("{} comes after {}", minor.version, before.version),
                    "put the oldest first",
                )?;
                at.field("released").when(
                    minor.released <= before.released,
                    || {
                        format!(
                            "{} is not after {}, when the one before came out",
                            minor.released, before.released
                        )
                    },
                    "minors come out one after the other",
                )?;
            }
            if let Some(end) = minor.ends {
                at.field("ends").date(end)?;
                at.field("ends").when(
                    end < minor.released,
                    || format!("it ends on {end}, before it is released on {}", minor.released),
                    "give its last day",
                )?;
                not_after(at.field("ends"), end, ends)?;
            }
        }
        Ok(())
    }
}

fn stream_is_right(at: Place, stream: &Stream, major: Date) -> Result<(), Fault> {
    let name = &stream.name;
    at.field("name").when(
        !is_stream(name),
        || format!("`{name}` can't be a stream's name"),
        "write `name`, or `name:stream` for a module, of letters, digits and `._+-`",
    )?;
    at.field("maintainer").text(&stream.maintainer)?;
    for date in stream.released.iter().chain(&stream.ends) {
        at.field("ends").date(*date)?;
    }
    at.field("sources").few(stream.sources.len(), MOST_PACKAGES)?;
    at.field("packages").few(stream.packages.len(), MOST_PACKAGES)?;
    for (field, list) in [("sources", &stream.sources), ("packages", &stream.packages)] {
        if let Some(wrong) = list.iter().find(|package| !is_word(package)) {
            return at
                .field(field)
                .fault(format!("`{wrong}` can't be a package's name"), "write names alone");
        }
    }
    at.field("name").when(
        !stream.is_module() && stream.sources.is_empty() && stream.packages.is_empty(),
        || format!("`{name}` has no packages"),
        "list its source packages in `sources`, or its binary ones in `packages`",
    )?;
    let ends = stream.ends.unwrap_or(major);
    let begins_late = stream.released.filter(|released| *released > ends);
    if let Some(released) = begins_late {
        let message = format!("it ends on {ends}, before it begins on {released}");
        return at.field("ends").fault(message, "give its last day");
    }
    match stream.outlives {
        false => not_after(at.field("ends"), ends, major)?,
        true => {
            at.field("outlives").when(
                ends <= major,
                || format!("it is said to outlive the major version, and that ends later, on {major}"),
                "give its end, or leave `outlives` out",
            )?;
            at.field("maintainer").when(
                stream.maintainer.trim().is_empty(),
                || "it goes on after the last phase, and nobody is named who maintains it then".to_owned(),
                "name its maintainer",
            )?;
        }
    }
    let Some(upstream) = &stream.upstream else { return Ok(()) };
    at.upstream(upstream)?;
    at.field("maintainer").when(
        upstream.ends < ends && stream.maintainer.trim().is_empty(),
        || {
            let Upstream { name: theirs, ends: end, .. } = upstream;
            format!("`{name}` goes on until {ends}, and {theirs} ends on {end}: nobody is named who maintains it then")
        },
        "name the maintainer of this stream, or end it with its upstream",
    )
}

/// Each package belongs to one application stream.
fn only_here<'a>(
    at: Place,
    stream: &'a Stream,
    list: &'a BTreeSet<String>,
    all: &mut BTreeMap<&'a str, &'a str>,
) -> Result<(), Fault> {
    for package in list {
        if let Some(other) = all.insert(package, &stream.name) {
            let message = format!("both `{other}` and `{}` have `{package}`", stream.name);
            return at.fault(message, "a package belongs to one stream");
        }
    }
    Ok(())
}

fn not_after(at: Place, day: Date, major: Date) -> Result<(), Fault> {
    let hint = match at.part {
        Some((Part::Stream, _)) => {
            "end it with the major version, or say `outlives = true` and who maintains it"
        }
        _ => "the last phase is the end of the major version",
    };
    at.when(
        day > major,
        || format!("{day} is after the last phase of the major version, which ends on {major}"),
        hint,
    )
}

/// What has no place in a line of text, or in XML.
fn is_no_text(c: char) -> bool {
    c.is_control() || "\u{fffe}\u{ffff}".contains(c)
}

/// Letters, digits and `._+-`, as names of packages have them.
fn is_word(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    !text.is_empty() && text.len() <= LONGEST && text.chars().all(fits)
}

fn is_stream(name: &str) -> bool {
    match name.split_once(':') {
        Some((module, stream)) => is_word(module) && is_word(stream),
        None => is_word(name),
    }
}

#[cfg(test)]
pub(super) mod tests;
