//! What of two long values to show: the place where they begin to differ.

use heirloom_formats::rpm_file::Value;

/// Characters of a value that a finding carries at most.
const MOST: usize = 160;
/// Characters before the difference, for orientation.
const BEFORE: usize = 24;

/// Both texts, cut to the place where they begin to differ if they are long.
pub(crate) fn texts(expected: &str, found: &str) -> (String, String) {
    let long = |text: &str| text.chars().nth(MOST).is_some();
    if !long(expected) && !long(found) {
        return (expected.to_owned(), found.to_owned());
    }
    let same = expected.chars().zip(found.chars()).take_while(|(a, b)| a == b).count();
    let start = same.saturating_sub(BEFORE);
    (window(expected, start), window(found, start))
}

/// Both values, as texts.
pub(crate) fn values(expected: Option<&Value>, found: Option<&Value>) -> (String, String) {
    let text = |value: Option<&Value>| value.map(whole).unwrap_or_default();
    texts(&text(expected), &text(found))
}

fn window(text: &str, start: usize) -> String {
    let mut cut = String::new();
    if start > 0 && !text.is_empty() {
        cut.push('…');
    }
    cut.extend(text.chars().skip(start).take(MOST));
    if text.chars().nth(start + MOST).is_some() {
        cut.push('…');
    }
    cut
}

fn whole(value: &Value) -> String {
    match value {
        Value::Texts(texts) => texts.join(", "),
        Value::Numbers(numbers) => numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(", "),
        Value::Binary(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_texts_stay_whole() {
        assert_eq!(texts("a", ""), ("a".to_owned(), String::new()));
    }

    #[test]
    fn long_texts_show_where_they_differ() {
        let same = "ä".repeat(500);
        let (expected, found) = texts(&format!("{same}one"), &format!("{same}two{same}"));
        assert_eq!(expected, format!("…{}one", "ä".repeat(BEFORE)));
        assert!(found.starts_with(&format!("…{}two", "ä".repeat(BEFORE))) && found.ends_with('…'));
        assert_eq!(found.chars().count(), MOST + 2);
    }

    #[test]
    fn one_that_ends_early_still_shows_something() {
        let (expected, found) = texts("short", &"long".repeat(100));
        assert_eq!(expected, "short");
        assert!(found.starts_with("long") && found.ends_with('…'));
    }
}
