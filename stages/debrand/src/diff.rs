//! What changed, as a unified diff.

use std::collections::BTreeMap;

use similar::TextDiff;

/// The unified diff of two sets of files by name. Files that are no text have one line.
#[must_use]
pub fn diff(before: &BTreeMap<String, Vec<u8>>, after: &BTreeMap<String, Vec<u8>>) -> String {
    let mut result = String::new();
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names {
        let (old, new) = (before.get(name), after.get(name));
        if old == new {
            continue;
        }
        let side = |side: &str, content: Option<&Vec<u8>>| match content {
            Some(_) => format!("{side}/{name}"),
            None => "/dev/null".to_owned(),
        };
        let (from, to) = (side("a", old), side("b", new));
        let bytes = |content: Option<&Vec<u8>>| content.map(Vec::as_slice).unwrap_or_default().to_vec();
        let (old, new) = (bytes(old), bytes(new));
        if old.contains(&0) || new.contains(&0) {
            result.push_str(&format!("Binary files {from} and {to} differ\n"));
            continue;
        }
        let text = TextDiff::from_lines(old.as_slice(), new.as_slice());
        result.push_str(&text.unified_diff().header(&from, &to).to_string());
    }
    result
}
