//! Replacing one value in a document's text, with everything else as it was.
//!
//! Whatever is replaced is looked up by the YAML reader, and the caller reads the new text again: a form of YAML that is
//! not foreseen here gives an error, and never a document that says something else.

use std::ops::Range;

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::yaml;

type Item = Spanned<String>;

#[derive(Deserialize)]
struct Artifacts {
    data: ArtifactsData,
}

#[derive(Deserialize)]
struct ArtifactsData {
    artifacts: ArtifactsList,
}

#[derive(Deserialize)]
struct ArtifactsList {
    rpms: Vec<Item>,
    #[serde(rename = "rpm-map")]
    map: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Default {
    data: DefaultData,
}

#[derive(Deserialize)]
struct DefaultData {
    module: Item,
    stream: Option<Item>,
}

/// The text without the artifacts that are not to be kept. The list may not become empty.
pub(super) fn without_artifacts(text: &str, keep: impl Fn(&str) -> bool) -> Result<String, String> {
    let Artifacts { data: ArtifactsData { artifacts: ArtifactsList { rpms, map } } } = yaml(text)?;
    if map.is_some() {
        return Err("its rpm-map says more about the artifacts; expected a document without one".to_owned());
    }
    let places = rpms.iter().map(|item| place(text, item)).collect::<Result<Vec<_>, _>>()?;
    let kept: Vec<_> = rpms.iter().map(|item| keep(&item.value)).collect();
    let (Some(first), Some(last)) = (places.first(), places.last()) else { return Ok(text.to_owned()) };
    if text[..first.start].trim_end().ends_with('[') {
        let left: Vec<_> = places.iter().zip(&kept).filter(|(_, kept)| **kept).collect();
        let left: Vec<_> = left.into_iter().map(|(place, _)| &text[place.clone()]).collect();
        return splice(text, first.start..last.end, &left.join(", "));
    }
    let mut edited = text.to_owned();
    // From the end, so that the places before stay what they are.
    for (place, _) in places.iter().zip(&kept).rev().filter(|(_, kept)| !**kept) {
        let start = text[..place.start].rfind('\n').map_or(0, |at| at + 1);
        let end = text[place.end..].find('\n').map_or(text.len(), |at| place.end + at + 1);
        edited = splice(&edited, start..end, "")?;
    }
    Ok(edited)
}

/// The text of a defaults document with another default stream.
pub(super) fn with_default(text: &str, stream: &str) -> Result<String, String> {
    let Default { data: DefaultData { module, stream: old } } = yaml(text)?;
    let value = format!("\"{stream}\"");
    if let Some(old) = old {
        return splice(text, place(text, &old)?, &value);
    }
    let after = place(text, &module)?;
    let start = text[..after.start].rfind('\n').map_or(0, |at| at + 1);
    let line = &text[start..after.start];
    let indent = &line[..line.len() - line.trim_start().len()];
    // On a line of its own, the module begins a block; else it is inside of braces.
    let is_block = line.trim_start().starts_with("module");
    let ends = text[after.end..].find('\n').map_or(text.len(), |at| after.end + at);
    match is_block {
        true => splice(text, ends..ends, &format!("\n{indent}stream: {value}")),
        false => splice(text, after.end..after.end, &format!(", stream: {value}")),
    }
}

/// Where a value is written, in bytes.
fn place(text: &str, item: &Item) -> Result<Range<usize>, String> {
    let unknown = || format!("`{}` is an alias or in an unusual form; expected it in its place", item.value);
    if item.referenced != item.defined {
        return Err(unknown());
    }
    let span = item.referenced.span();
    let (Some(start), Some(length)) = (span.byte_offset(), span.byte_len()) else { return Err(unknown()) };
    let number = |value: u64| usize::try_from(value).map_err(|_| unknown());
    let (start, length) = (number(start)?, number(length)?);
    let end = start.saturating_add(length);
    if end > text.len() || !text.is_char_boundary(start) || !text.is_char_boundary(end) || length == 0 {
        return Err(unknown());
    }
    Ok(start..end)
}

fn splice(text: &str, range: Range<usize>, with: &str) -> Result<String, String> {
    let (Some(before), Some(after)) = (text.get(..range.start), text.get(range.end..)) else {
        return Err("the document could not be edited".to_owned());
    };
    Ok(format!("{before}{with}{after}"))
}
