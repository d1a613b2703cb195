//! Dates as the formats write them.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Reads `2026-03-14T10:00:00Z` with any offset (RFC 3339), `2026-03-14 10:00:00`, with or without `UTC`, `2026-03-14`,
/// and seconds since 1970. What has no offset is UTC.
#[must_use]
pub fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let plain = text.strip_suffix("UTC").unwrap_or(text).trim_end();
    let utc = |time: DateTime| time.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    if plain.len() > 40 {
        return None;
    }
    if let Ok(time) = plain.parse::<Timestamp>() {
        return Some(time);
    }
    if plain.len() > 8 && plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return plain.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    }
    if let Ok(time) = plain.parse::<DateTime>() {
        return utc(time);
    }
    plain.parse::<Date>().ok().and_then(|date| utc(date.to_datetime(jiff::civil::Time::midnight())))
}

/// `2026-03-14 10:00:00`, as updateinfo.xml has it, in UTC.
pub(crate) fn plain(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// `2026-03-14`, in UTC.
pub(super) fn day(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d").to_string()
}

/// `Sat, 14 Mar 2026 10:00:00 +0000`, as mail has it (RFC 5322), in UTC.
pub(super) fn mail(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ways_of_writing_a_date() {
        for text in [
            "2026-03-14T10:00:00Z",
            "2026-03-14T11:00:00+01:00",
            "2026-03-14 10:00:00",
            "2026-03-14 10:00:00 UTC",
            "2026-03-14T10:00:00",
            "1773482400",
        ] {
            let time = parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(
                (time.as_second(), plain(time).as_str()),
                (1_773_482_400, "2026-03-14 10:00:00"),
                "{text}"
            );
        }
        assert_eq!(parse("2026-03-14").map(day).as_deref(), Some("2026-03-14"));
        for text in ["", "yesterday", "2026-13-01", "2026-02-30", "14.03.2026", "999999999999999999999"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
