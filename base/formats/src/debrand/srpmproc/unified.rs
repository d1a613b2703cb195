//! A unified diff of files of the package, as rules: each hunk is a block of lines that must be there once.

use crate::debrand::convert::{Output, Value, base};

/// A file of a diff.
#[derive(Default)]
struct Patched<'a> {
    old: &'a str,
    new: &'a str,
    /// Lines before and after.
    hunks: Vec<(Vec<&'a str>, Vec<&'a str>)>,
}

/// Converts a diff that a directive in line `line` names.
pub(super) fn convert(bytes: &[u8], line: usize, path: &str, output: &mut Output<'_>) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return output.lost(line, format!("patch {path}: it is not UTF-8"));
    };
    let files = match read(text) {
        Ok(files) if files.is_empty() => {
            return output.lost(line, format!("patch {path}: it is no unified diff"));
        }
        Ok(files) => files,
        Err(fault) => return output.lost(line, format!("patch {path}: {fault}")),
    };
    for file in files {
        let (old, new) = (base(file.old), base(file.new));
        if file.old == "/dev/null" {
            let text: String =
                file.hunks.iter().flat_map(|(_, after)| after).map(|line| format!("{line}\n")).collect();
            output.rule(line, "add_file", &[("name", Value::Text(new)), ("text", Value::Text(&text))]);
        } else if file.new == "/dev/null" {
            output.rule(line, "delete_file", &[("name", Value::Text(old))]);
        } else if old != new {
            output.lost(line, format!("patch {path}: it renames {old}"));
        } else {
            for (before, after) in &file.hunks {
                hunk(before, after, new, line, path, output);
            }
        }
    }
}

fn hunk(before: &[&str], after: &[&str], name: &str, line: usize, path: &str, output: &mut Output<'_>) {
    if before.iter().all(|line| line.trim().is_empty()) {
        return output
            .lost(line, format!("patch {path}: a hunk for {name} has no lines to find its place by"));
    }
    let joined = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let (text, with) = (joined(before), joined(after));
    let mut keys = vec![("text", Value::Text(text.as_str())), ("with", Value::Text(with.as_str()))];
    keys.push(("count", Value::Number(1)));
    // Without a file, it is the spec file, where the changelog is left out by default.
    match name.ends_with(".spec") {
        true => keys.push(("changelog", Value::Yes(true))),
        false => keys.push(("file", Value::Text(name))),
    }
    output.rule(line, "replace", &keys);
}

fn read(text: &str) -> Result<Vec<Patched<'_>>, String> {
    let mut files: Vec<Patched<'_>> = Vec::new();
    let mut lines = text.split_inclusive('\n').map(|line| line.strip_suffix('\n').unwrap_or(line)).peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("GIT binary patch") || line.starts_with("Binary files ") {
            return Err("it changes a binary file".to_owned());
        }
        if line.starts_with("rename from ") || line.starts_with("copy from ") {
            return Err("it renames or copies a file".to_owned());
        }
        if let (Some(old), Some(new)) =
            (line.strip_prefix("--- "), lines.peek().and_then(|next| next.strip_prefix("+++ ")))
        {
            let old = plain(old, "a/");
            let new = plain(new, "b/");
            lines.next();
            files.push(Patched { old, new, hunks: Vec::new() });
            continue;
        }
        let Some(ranges) = line.strip_prefix("@@ -") else { continue };
        let file = files.last_mut().ok_or("a hunk belongs to no file")?;
        let (mut old, mut new) = ranges_of(ranges).ok_or_else(|| format!("`{line}` is no range of lines"))?;
        let mut hunk = (Vec::new(), Vec::new());
        while old > 0 || new > 0 {
            let line = lines.next().ok_or("a hunk is cut off")?;
            // Some editors strip the blank of empty lines.
            let (sign, rest) = line.split_at_checked(1).unwrap_or((" ", ""));
            if matches!(sign, " " | "-") {
                hunk.0.push(rest);
                old = old.checked_sub(1).ok_or("a hunk has more lines than it says")?;
            }
            if matches!(sign, " " | "+") {
                hunk.1.push(rest);
                new = new.checked_sub(1).ok_or("a hunk has more lines than it says")?;
            }
            if !matches!(sign, " " | "-" | "+" | "\\") {
                return Err(format!("`{line}` is no line of a hunk"));
            }
        }
        file.hunks.push(hunk);
    }
    Ok(files)
}

/// A file's name without the time behind it and the side before it.
fn plain<'a>(text: &'a str, side: &str) -> &'a str {
    let name = text.split('\t').next().unwrap_or(text).trim_end();
    name.strip_prefix(side).unwrap_or(name)
}

/// How many lines a hunk has before and after: `12,3 +12,4 @@`.
fn ranges_of(text: &str) -> Option<(usize, usize)> {
    let (old, rest) = text.split_once(" +")?;
    let (new, _) = rest.split_once(" @@")?;
    let count = |range: &str| match range.split_once(',') {
        Some((_, count)) => count.parse().ok(),
        None => Some(1),
    };
    Some((count(old)?, count(new)?))
}
