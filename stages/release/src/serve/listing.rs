//! Directories as simple pages.

use std::fmt::Write as _;
use std::fs::{File, Metadata};
use std::io;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::path::is_shown;

/// Names in one page.
const MOST: usize = 100_000;

/// What need not be encoded in a part of a URL's path.
const PART: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'+');

/// A part of a path, for a URL.
pub(super) fn encode(part: &str) -> String {
    utf8_percent_encode(part, PART).to_string()
}

/// The page of an open directory.
pub(super) fn page(dir: &File, parts: &[String]) -> io::Result<String> {
    let mut names = Vec::new();
    for entry in rustix::fs::Dir::read_from(dir)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if is_shown(&name) && names.len() < MOST {
            names.push(name);
        }
    }
    names.sort();
    let title = escape(&format!("/{}", parts.join("/")));
    let mut page = format!(
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
         <body><h1>{title}</h1>\n<pre>\n"
    );
    if !parts.is_empty() {
        page.push_str("<a href=\"../\">../</a>\n");
    }
    for name in names {
        let found = rustix::fs::statat(dir, name.as_str(), rustix::fs::AtFlags::empty());
        let Ok(found) = found else { continue };
        let is_dir = rustix::fs::FileType::from_raw_mode(found.st_mode) == rustix::fs::FileType::Directory;
        let slash = if is_dir { "/" } else { "" };
        let size = if is_dir { String::new() } else { format!("  {}", found.st_size) };
        let _ = writeln!(page, "<a href=\"{}{slash}\">{}{slash}</a>{size}", encode(&name), escape(&name));
    }
    page.push_str("</pre></body></html>\n");
    Ok(page)
}

fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other if other.is_control() => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A strong validator: a file is never changed, only replaced by another inode. The time of the last change to its
/// links is left out, since every snapshot makes one.
pub(super) fn validator(file: &Metadata) -> String {
    use std::os::unix::fs::MetadataExt as _;
    format!("\"{:x}-{:x}.{:x}-{:x}\"", file.ino(), file.mtime(), file.mtime_nsec(), file.size())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_do_nothing_in_a_page() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["<script>", "a\"b&c", ".hidden", ".treeinfo", "x y+z"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let page = page(&File::open(dir.path()).unwrap(), &["<b>".to_owned()]).unwrap();
        assert!(!page.contains("<script>") && !page.contains("<b>") && !page.contains("hidden"), "{page}");
        assert!(page.contains("href=\"%3Cscript%3E\"") && page.contains("a&quot;b&amp;c"), "{page}");
        assert!(page.contains("href=\"x%20y+z\"") && page.contains(".treeinfo"), "{page}");
    }
}
