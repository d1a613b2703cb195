//! The files of dnf and yum: sections, keys, values that go on in the next line.

/// A section of such a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// Its heading.
    pub name: String,
    /// Keys and values in their order; further lines of a value follow a line break.
    pub values: Vec<(String, String)>,
}

impl Section {
    /// The value of a key; of several, the last.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.values.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// The items of these keys' values together.
    #[must_use]
    pub fn items(&self, keys: &[&str]) -> Vec<String> {
        keys.iter().flat_map(|key| list(self.get(key).unwrap_or_default())).collect()
    }
}

/// Sections that are read of one file.
const MOST: usize = 10_000;

/// Reads such a file. What stands before the first heading is left out, as dnf refuses it.
#[must_use]
pub fn ini(text: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut is_value = false;
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || line.starts_with(['#', ';']) {
            is_value = is_value && !trimmed.is_empty();
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            if sections.len() == MOST {
                break;
            }
            sections.push(Section { name: name.trim().to_owned(), values: Vec::new() });
            is_value = false;
            continue;
        }
        let Some(section) = sections.last_mut() else { continue };
        match (line.starts_with([' ', '\t']) && is_value, section.values.last_mut(), line.split_once('=')) {
            (true, Some((_, value)), _) => {
                value.push('\n');
                value.push_str(trimmed);
            }
            (_, _, Some((key, value))) => {
                section.values.push((key.trim().to_lowercase(), value.trim().to_owned()));
                is_value = true;
            }
            _ => is_value = false,
        }
    }
    sections
}

/// The items of a list: between commas, blanks and line breaks.
#[must_use]
pub fn list(value: &str) -> Vec<String> {
    let items = value.split(|c: char| c == ',' || c.is_whitespace());
    items.filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// Yes or no, in dnf's words.
#[must_use]
pub fn boolean(value: &str) -> Option<bool> {
    match value.trim().to_lowercase().as_str() {
        "1" | "yes" | "true" | "on" | "enabled" => Some(true),
        "0" | "no" | "false" | "off" | "disabled" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_and_long_values_are_read() {
        let text = "lost=1\n# comment\n[main]\nGPGCheck = 1\nexclude=a, b*\n  c\n# in between\n\td\n\n e\nx\n\n[b-1] ; x\nbaseurl=http://a/=b\n    http://c\nenabled=0\nenabled=1\n";
        let sections = ini(text);
        let [main, other] = &sections[..] else { panic!("{sections:?}") };
        assert_eq!(main.get("gpgcheck"), Some("1"));
        assert_eq!(main.items(&["exclude", "excludepkgs"]), ["a", "b*", "c", "d"]);
        assert_eq!((other.name.as_str(), other.get("enabled")), ("b-1", Some("1")));
        assert_eq!(other.items(&["baseurl"]), ["http://a/=b", "http://c"]);
    }

    #[test]
    fn yes_and_no_have_many_words() {
        for (text, expected) in [("Yes", Some(true)), ("0", Some(false)), ("off", Some(false)), ("2", None)] {
            assert_eq!(boolean(text), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "[\\[\\]=#; \t\na-c\\PC]{0,200}") {
            for section in ini(&text) {
                for (_, value) in section.values {
                    let _ = (list(&value), boolean(&value));
                }
            }
        }
    }
}
