//! Allowances: declared, reasoned acceptances of findings, each with an end.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Finding, Severity};

/// A day of the calendar, written `2027-06-30`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// The text is no day of the calendar.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no date: expected a day of the calendar such as `2027-06-30`")]
pub struct InvalidDate(String);

/// A declared acceptance: findings of one rule, in packages and places of these patterns, until a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// The rule's name.
    pub rule: String,
    /// Pattern of the rebuilt package's name. `*` stands for any text and `?` for one character.
    pub package: String,
    /// Pattern of the finding's subject, written likewise; `*` crosses directories.
    pub path: String,
    /// Why it is accepted.
    pub reason: String,
    /// The last day on which it holds.
    pub expires: Date,
}

/// A finding that an allowance covered: it is a [`Severity::Note`] for that reason.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct AllowanceUse {
    /// The finding's rule.
    pub rule: String,
    /// The finding's subject.
    pub subject: String,
    /// The allowance's reason.
    pub reason: String,
}

/// Why an allowance should be looked at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idle {
    /// No finding needed it.
    Unused,
    /// Its last day is over.
    Expired,
}

impl Date {
    /// The day in UTC that this many seconds after the beginning of 1970 fall on.
    #[must_use]
    pub fn from_unix(seconds: u64) -> Self {
        let (mut days, mut year) = (seconds / 86_400, 1970);
        while days >= days_of_year(year) && year < 9999 {
            days -= days_of_year(year);
            year += 1;
        }
        let mut month = 1;
        while month < 12 && days >= u64::from(days_of_month(year, month)) {
            days -= u64::from(days_of_month(year, month));
            month += 1;
        }
        Self { year, month, day: u8::try_from(days + 1).map_or(31, |day| day.min(31)) }
    }

    /// Its beginning in UTC, in seconds since 1970; 0 for a day before.
    #[must_use]
    pub fn unix(self) -> u64 {
        if self.year < 1970 {
            return 0;
        }
        let years: u64 = (1970..self.year).map(days_of_year).sum();
        let months: u64 = (1..self.month).map(|month| u64::from(days_of_month(self.year, month))).sum();
        (years + months + u64::from(self.day) - 1) * 86_400
    }

    /// The day after it.
    #[must_use]
    pub fn next(self) -> Self {
        self.plus(1)
    }

    /// The day that is so many days after it.
    #[must_use]
    pub fn plus(self, days: u32) -> Self {
        Self::from_unix(self.unix() + u64::from(days) * 86_400)
    }

    /// Days from it to another; negative if the other is earlier.
    #[must_use]
    pub fn days_to(self, other: Self) -> i64 {
        let day = |date: Self| i64::try_from(date.unix() / 86_400).unwrap_or(i64::MAX);
        day(other) - day(self)
    }

    /// Year, month and day.
    #[must_use]
    pub fn parts(self) -> (u16, u8, u8) {
        (self.year, self.month, self.day)
    }
}

/// The beginning of 1970: no allowance has expired then.
impl Default for Date {
    fn default() -> Self {
        Self::from_unix(0)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl From<Date> for String {
    fn from(date: Date) -> Self {
        date.to_string()
    }
}

impl TryFrom<String> for Date {
    type Error = InvalidDate;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl FromStr for Date {
    type Err = InvalidDate;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidDate(text.chars().take(40).collect());
        let number = |part: Option<&str>, width| {
            part.filter(|part| part.len() == width && part.bytes().all(|digit| digit.is_ascii_digit()))
                .and_then(|part| part.parse::<u16>().ok())
                .ok_or_else(invalid)
        };
        let mut parts = text.split('-');
        let (year, month, day) =
            (number(parts.next(), 4)?, number(parts.next(), 2)?, number(parts.next(), 2)?);
        let (month, day) = (u8::try_from(month), u8::try_from(day));
        match (month, day, parts.next()) {
            (Ok(month @ 1..=12), Ok(day), None) if (1..=days_of_month(year, month)).contains(&day) => {
                Ok(Self { year, month, day })
            }
            _ => Err(invalid()),
        }
    }
}

impl Allowance {
    /// Whether it covers this finding of a package of this name. What is expected or noted needs no allowance,
    /// and missing evidence can't be declared away.
    #[must_use]
    pub fn applies(&self, package: &str, finding: &Finding, today: Date) -> bool {
        matches!(finding.severity, Severity::Different | Severity::Incompatible)
            && today <= self.expires
            && self.covers(package, &finding.rule, &finding.subject)
    }

    fn covers(&self, package: &str, rule: &str, subject: &str) -> bool {
        self.rule == rule && matches_glob(&self.package, package) && matches_glob(&self.path, subject)
    }

    fn is_used(&self, package: &str, uses: &[AllowanceUse]) -> bool {
        uses.iter().any(|of| of.reason == self.reason && self.covers(package, &of.rule, &of.subject))
    }
}

impl fmt::Display for Allowance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, package, path, reason, expires } = self;
        write!(f, "`{rule}` of `{path}` in `{package}` ({reason}), until {expires}")
    }
}

impl fmt::Display for Idle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unused => "unused: no finding needed it",
            Self::Expired => "expired: renew it or take it out",
        })
    }
}

/// Lowers every finding that an allowance covers to a note, and says which and why.
#[must_use]
pub fn apply(
    mut findings: Vec<Finding>,
    package: &str,
    allowances: &[Allowance],
    today: Date,
) -> (Vec<Finding>, Vec<AllowanceUse>) {
    let mut uses = Vec::new();
    for finding in &mut findings {
        let Some(allowance) = allowances.iter().find(|one| one.applies(package, finding, today)) else {
            continue;
        };
        finding.severity = Severity::Note;
        let (rule, subject) = (finding.rule.clone(), finding.subject.clone());
        uses.push(AllowanceUse { rule, subject, reason: allowance.reason.clone() });
    }
    uses.dedup();
    (findings, uses)
}

/// The allowances that no package needed, and those that have expired. Of each package: its name, and what
/// was used for it.
#[must_use]
pub fn unused_or_expired<'a, 'c>(
    allowances: &'a [Allowance],
    packages: impl IntoIterator<Item = (&'c str, &'c [AllowanceUse])>,
    today: Date,
) -> Vec<(&'a Allowance, Idle)> {
    let mut used = vec![false; allowances.len()];
    for (package, uses) in packages {
        for (used, allowance) in used.iter_mut().zip(allowances) {
            *used = *used || allowance.is_used(package, uses);
        }
    }
    let idle = |(allowance, used): (&'a Allowance, bool)| match (today > allowance.expires, used) {
        (true, _) => Some((allowance, Idle::Expired)),
        (false, false) => Some((allowance, Idle::Unused)),
        (false, true) => None,
    };
    allowances.iter().zip(used).filter_map(idle).collect()
}

fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_of_year(year: u16) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

fn days_of_month(year: u16, month: u8) -> u8 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Whether the pattern fits the whole text. Where it does not, the last `*` takes one character more: an
/// earlier one need not be tried again, so that no pattern is slow.
#[must_use]
pub fn matches_glob(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    let mut last_star = None;
    loop {
        let rest = text.clone();
        match (pattern.next(), text.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                last_star = Some((pattern.clone(), rest.clone()));
                text = rest;
            }
            (Some(wanted), Some(found)) if wanted == '?' || wanted == found => {}
            _ => {
                let Some((after, from)) = &mut last_star else { return false };
                if from.next().is_none() {
                    return false;
                }
                (pattern, text) = (after.clone(), from.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn allowance(rule: &str, package: &str, path: &str) -> Allowance {
        let (reason, expires) = ("debranding".to_owned(), "2027-06-30".parse().unwrap());
        Allowance {
            rule: rule.to_owned(),
            package: package.to_owned(),
            path: path.to_owned(),
            reason,
            expires,
        }
    }

    fn finding(rule: &str, severity: Severity, subject: &str) -> Finding {
        let (expected, found) = ("1".to_owned(), "2".to_owned());
        Finding { rule: rule.to_owned(), severity, subject: subject.to_owned(), expected, found }
    }

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn a_finding_is_lowered_by_rule_package_path_and_day() {
        let one = allowance("file-content", "centos-*", "/etc/*-release");
        let differs = finding("file-content", Severity::Different, "/etc/os-release");
        assert!(one.applies("centos-release", &differs, day("2027-06-30")));
        assert!(!one.applies("centos-release", &differs, day("2027-07-01")), "its last day is over");
        assert!(!one.applies("redhat-release", &differs, day("2027-06-30")));
        let elsewhere = finding("file-content", Severity::Different, "/etc/issue");
        assert!(!one.applies("centos-release", &elsewhere, day("2027-06-30")));
        let other = finding("file-mode", Severity::Different, "/etc/os-release");
        assert!(!one.applies("centos-release", &other, day("2027-06-30")));
    }

    #[test]
    fn only_differences_can_be_allowed() {
        let all = [allowance("r", "*", "*")];
        let severities = [
            (Severity::Expected, Severity::Expected, 0),
            (Severity::Note, Severity::Note, 0),
            (Severity::Different, Severity::Note, 1),
            (Severity::Incompatible, Severity::Note, 1),
            (Severity::Undecided, Severity::Undecided, 0),
        ];
        for (before, after, used) in severities {
            let (findings, uses) = apply(vec![finding("r", before, "/a")], "p", &all, Date::default());
            assert_eq!((findings[0].severity, uses.len()), (after, used), "{before:?}");
            assert_eq!((&*findings[0].expected, &*findings[0].found), ("1", "2"), "nothing is hidden");
        }
    }

    #[test]
    fn what_nobody_needs_and_what_has_expired_is_told() {
        let all = [allowance("r", "p", "/a"), allowance("r", "p", "/b"), allowance("r", "q", "/a")];
        let today = day("2027-01-01");
        let (_, uses) = apply(vec![finding("r", Severity::Different, "/a")], "p", &all, today);
        assert_eq!(
            unused_or_expired(&all, [("p", &*uses)], today),
            [(&all[1], Idle::Unused), (&all[2], Idle::Unused)]
        );
        let late = unused_or_expired(&all, [("p", &*uses)], day("2028-01-01"));
        assert!(late.len() == 3 && late.iter().all(|(_, idle)| *idle == Idle::Expired));
    }

    #[test]
    fn days_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01"),
            (86_399, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (1_735_689_599, "2024-12-31"),
            (1_772_323_200, "2026-03-01"),
            (u64::MAX, "9999-12-31"),
        ] {
            assert_eq!(Date::from_unix(seconds).to_string(), text);
        }
        for text in
            ["2027-6-30", "2027-02-29", "2027-13-01", "2027-00-01", "2027-01-00", "+027-01-01", "", "a"]
        {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
        assert!("2027-01-01-".parse::<Date>().is_err());
    }

    #[test]
    fn a_hard_pattern_is_not_slow() {
        let (pattern, text) = (format!("{}b", "a*".repeat(2000)), "a".repeat(20_000));
        assert!(!matches_glob(&pattern, &text));
    }

    /// The definition of a pattern, slowly.
    fn fits(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], []) => true,
            (['*', rest @ ..], _) => {
                fits(rest, text) || text.split_first().is_some_and(|(_, text)| fits(pattern, text))
            }
            (['?', rest @ ..], [_, text @ ..]) => fits(rest, text),
            ([wanted, rest @ ..], [found, text @ ..]) => wanted == found && fits(rest, text),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn patterns_mean_what_they_say(pattern in "[ab*?é]{0,7}", text in "[abé]{0,7}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(matches_glob(&pattern, &text), fits(&chars(&pattern), &chars(&text)));
        }

        #[test]
        fn dates_round_trip(seconds in 0u64..200_000_000_000) {
            let date = Date::from_unix(seconds);
            prop_assert_eq!(date.to_string().parse::<Date>().unwrap(), date);
        }

        #[test]
        fn dates_never_panic(text in "\\PC{0,12}") {
            let _ = text.parse::<Date>();
        }
    }
}
