//! What commits say. Paths of this machine do not belong there: they tell others nothing, and would make other
//! commits of the same imports elsewhere.

use std::fmt::Write as _;

use super::Entry;

/// The message of a commit with what upstream has.
pub(super) fn upstream(entry: &Entry<'_>) -> String {
    let pristine = entry.pristine;
    let mut text = format!("Import {}\n\n", line(entry.version));
    if let Some(nevra) = &pristine.nevra {
        let _ = writeln!(text, "Package: {nevra}");
    }
    let _ = writeln!(text, "Origin: {}", origin(&pristine.origin));
    let _ = writeln!(text, "Digest: {}", pristine.digest());
    text
}

/// The message of a commit with what is built.
pub(super) fn main(entry: &Entry<'_>) -> String {
    let version = line(entry.version);
    let mut text = match entry.edits {
        [] => format!("Take {version} as it is\n\n"),
        _ => format!("Debrand {version}\n\n"),
    };
    for edit in entry.edits {
        let (purpose, file, done) = (line(&edit.purpose), line(&edit.file), line(&edit.done));
        let _ = writeln!(text, "- {purpose}\n  {file}: {done} ({})", last(&line(&edit.rule)));
    }
    if !entry.edits.is_empty() {
        text.push('\n');
    }
    let _ = writeln!(text, "Digest: {}", entry.result.digest());
    text
}

/// An origin as it may be told to the world: a URL without a user's name and password; the last component of a path.
#[must_use]
pub fn origin(text: &str) -> String {
    let text = line(text);
    match text.split_once("://") {
        Some((scheme, rest)) if scheme != "file" => {
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
            format!("{scheme}://{host}/{path}")
        }
        _ => last(&text).to_owned(),
    }
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn line(text: &str) -> String {
    text.replace(char::is_control, " ")
}
