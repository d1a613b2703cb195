//! Advisories of several documents as one list.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::{Advisory, AdvisoryFinding};

/// What several documents say together.
#[derive(Clone, Debug, Default)]
pub struct Merged {
    /// The advisories, sorted by id, each once.
    pub advisories: Vec<Advisory>,
    /// Contradictions, sorted.
    pub findings: Vec<AdvisoryFinding>,
}

/// Joins advisories, in their order. Of several with one id and different content, that which was changed last counts; of
/// several of one time, the first.
#[must_use]
pub fn merge(advisories: impl IntoIterator<Item = Advisory>) -> Merged {
    let mut merged: BTreeMap<String, Advisory> = BTreeMap::new();
    let mut findings = Vec::new();
    for advisory in advisories {
        let Some(first) = merged.get_mut(&advisory.id) else {
            merged.insert(advisory.id.clone(), advisory);
            continue;
        };
        if *first == advisory {
            continue;
        }
        let (kept, left_out) = match seconds(date(&advisory)).cmp(&seconds(date(first))) {
            Ordering::Greater => {
                let old = std::mem::replace(first, advisory);
                (date(first).to_owned(), date(&old).to_owned())
            }
            Ordering::Less | Ordering::Equal => (date(first).to_owned(), date(&advisory).to_owned()),
        };
        findings.push(AdvisoryFinding::Contradiction { id: first.id.clone(), kept, left_out });
    }
    findings.sort();
    findings.dedup();
    Merged { advisories: merged.into_values().collect(), findings }
}

/// When it was changed, or else issued.
fn date(advisory: &Advisory) -> &str {
    if advisory.updated.is_empty() { &advisory.issued } else { &advisory.updated }
}

/// Seconds since 1970 of `2024-03-05`, `2024-03-05 10:00:00` (with `T` and `Z`, too) or a number of seconds, in UTC as all
/// writers mean it. Nothing for anything else, which is older than all.
fn seconds(text: &str) -> Option<i64> {
    let text = text.trim().trim_end_matches([' ', 'Z', 'U', 'T', 'C']);
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok();
    }
    let numbers: Vec<i64> =
        text.split(['-', ' ', 'T', ':']).map(str::parse).collect::<Result<_, _>>().ok()?;
    let &[year, month, day, ref time @ ..] = &numbers[..] else { return None };
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || !(0..=9999).contains(&year) || time.len() > 3
    {
        return None;
    }
    let time = time.iter().zip([3600, 60, 1]).map(|(part, unit)| part.saturating_mul(unit));
    let time = time.fold(0i64, i64::saturating_add);
    Some((days(year, month, day) * 86_400).saturating_add(time))
}

/// Days since 1970 of a date of the Gregorian calendar; years are counted from March, so that a leap day is their last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    365 * year + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn times_agree_with_date() {
        for text in
            ["2024-03-05", "2000-02-29 23:59:59", "1970-01-01 00:00:00", "1999-12-31T12:00:01Z", "2100-03-01"]
        {
            let output = std::process::Command::new("date").args(["-u", "-d", text, "+%s"]).output().unwrap();
            let expected: i64 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
        assert_eq!(seconds("1700000000"), Some(1_700_000_000));
        assert_eq!(seconds("2024-03-05 10:00:00 UTC"), seconds("2024-03-05T10:00:00Z"));
        for text in [
            "",
            "yesterday",
            "2024-13-01",
            "2024-01",
            "99999999999999999999",
            "1-1-1 9223372036854775807:9:9:9",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
