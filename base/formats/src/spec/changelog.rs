//! Entries of `%changelog`.

use std::fmt;
use std::str::FromStr;

use heirloom_model::allowance::{Date, InvalidDate};

use super::{Spec, SpecError, Splice};

const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A day, shown as changelogs write it: `Mon Jan 15 2024`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(Date);

/// The first line of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangelogEntry {
    /// Its line.
    pub line: usize,
    /// Its day.
    pub day: Day,
    /// What stands behind the day: author, version.
    pub rest: Vec<u8>,
}

/// An entry to be added.
#[derive(Clone, Copy, Debug)]
pub struct NewEntry<'a> {
    /// Who, as `Name <address>`.
    pub author: &'a str,
    /// Version and release, with the epoch if there is one.
    pub version: &'a str,
    /// The points, each of one line or more.
    pub text: &'a [String],
    /// The day; absent: that of the newest entry.
    pub day: Option<Day>,
}

impl Day {
    /// Its beginning in UTC, in seconds since 1970; 0 for a day before.
    #[must_use]
    pub fn unix(self) -> u64 {
        self.0.unix()
    }

    /// By Sakamoto's method.
    fn weekday(self) -> usize {
        const OFFSETS: [usize; 12] = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4];
        let (year, month, day) = self.0.parts();
        let month = usize::from(month);
        let year = usize::from(year) - usize::from(month < 3);
        (year + year / 4 - year / 100 + year / 400 + OFFSETS[(month - 1) % 12] + usize::from(day)) % 7
    }

    /// `Mon Jan 15 2024` and `Mon Jan 15 10:00:00 UTC 2024`, and what is behind it.
    fn parse(text: &[u8]) -> Option<(Self, &[u8])> {
        let mut rest = text;
        let mut word = || {
            let start = rest.trim_ascii_start();
            let length = start.iter().position(u8::is_ascii_whitespace).unwrap_or(start.len());
            let (word, behind) = start.split_at(length);
            rest = behind;
            std::str::from_utf8(word).ok()
        };
        word()?;
        let month = word()?;
        let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))? + 1;
        let day = word()?;
        let mut year = word()?;
        if year.contains(':') {
            word()?;
            year = word()?;
        }
        let day = format!("{year:0>4}-{month:02}-{day:0>2}").parse().ok()?;
        Some((day, rest))
    }
}

impl FromStr for Day {
    type Err = InvalidDate;

    /// Parses `2024-01-15`.
    fn from_str(text: &str) -> Result<Self, InvalidDate> {
        text.parse().map(Self)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.0.parts();
        let month = MONTHS[usize::from(month - 1) % 12];
        write!(f, "{} {month} {day:02} {year:04}", WEEKDAYS[self.weekday()])
    }
}

impl Spec<'_> {
    /// The entries of the changelog in order. Lines that look like one but have no day are left out.
    pub fn changelog(&self) -> impl Iterator<Item = ChangelogEntry> {
        let sections = self.sections.iter().filter(|section| section.name == "changelog");
        sections.flat_map(|section| section.body()).filter_map(|line| {
            let text = self.lines.text(line).strip_prefix(b"*")?;
            let (day, rest) = Day::parse(text)?;
            Some(ChangelogEntry { line, day, rest: rest.trim_ascii().to_vec() })
        })
    }

    /// Puts an entry before all others; without a changelog, at the end of the file.
    ///
    /// # Errors
    /// No day is given and there is no entry to take it from, or it is before that of the newest entry.
    pub fn add_changelog(&self, new: &NewEntry<'_>) -> Result<Vec<Splice>, SpecError> {
        let newest = self.changelog().map(|entry| entry.day).max();
        let day = match (new.day, newest) {
            (Some(day), Some(newest)) if day < newest => {
                let message = format!(
                    "{day} is before the newest entry of the changelog ({newest}), which rpm refuses"
                );
                return Err(SpecError::Unclear(message));
            }
            (Some(day), _) | (None, Some(day)) => day,
            (None, None) => {
                let message = "the changelog has no entry with a date; give the rule a `date`";
                return Err(SpecError::Unclear(message.to_owned()));
            }
        };
        let head = format!("* {day} {} - {}", new.author, new.version);
        let mut text = vec![head.into_bytes()];
        for point in new.text {
            for (index, line) in point.lines().enumerate() {
                // rpm expands macros in changelogs too.
                let line = line.trim_end().replace('%', "%%");
                let lead = if index > 0 {
                    "  "
                } else if line.starts_with('-') {
                    ""
                } else {
                    "- "
                };
                text.push(format!("{lead}{line}").into_bytes());
            }
        }
        let splice = match self.sections.iter().find(|section| section.name == "changelog") {
            Some(section) => {
                let body = section.body();
                if body.clone().any(|line| !self.lines.text(line).trim_ascii().is_empty()) {
                    text.push(Vec::new());
                }
                Splice::insert(body.start, text)
            }
            None => {
                text.splice(0..0, [Vec::new(), b"%changelog".to_vec()]);
                Splice::insert(self.lines.len(), text)
            }
        };
        Ok(vec![splice])
    }
}
