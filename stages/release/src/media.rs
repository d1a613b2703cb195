//! What web servers say of files: their type, and how long caches may keep them.

use std::path::Path;

use heirloom_formats::tuf::DIR as TUF;

use crate::name::{FileClass, LOG, MIRRORLIST, VAULT, day_of};

/// The media type of a file, by its path.
pub(crate) fn media_type(parts: &[String]) -> &'static str {
    let name = parts.last().map_or("", String::as_str);
    match Path::new(name).extension().and_then(|extension| extension.to_str()) {
        _ if parts.iter().any(|part| part == MIRRORLIST) => "text/plain; charset=utf-8",
        _ if is_checkpoint(parts) => "text/plain; charset=utf-8",
        _ if name.starts_with("RPM-GPG-KEY-") => "application/pgp-keys",
        Some("rpm") => "application/x-rpm",
        Some("xml") => "text/xml",
        Some("asc") => "application/pgp-signature",
        Some("gz") => "application/gzip",
        Some("xz") => "application/x-xz",
        Some("zst") => "application/zstd",
        Some("bz2") => "application/x-bzip2",
        Some("json") => "application/json",
        Some("yaml") => "application/yaml",
        Some("iso" | "img") => "application/octet-stream",
        Some("repo" | "txt") => "text/plain; charset=utf-8",
        _ if matches!(name, ".treeinfo" | ".discinfo") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// For how long caches may keep a file. What is replaced together is asked for each time.
pub(crate) fn cache(parts: &[String]) -> &'static str {
    let is_list = parts.iter().any(|part| part == MIRRORLIST);
    let in_snapshot = parts.first().is_some_and(|part| part == VAULT)
        && parts.get(1).is_some_and(|name| day_of(name).is_some() && name.len() > 10);
    let in_log =
        parts.first().is_some_and(|part| part == LOG) && parts.get(1).is_some_and(|part| part == "tile");
    match FileClass::of(&parts.join("/")) {
        _ if is_list => SHORT,
        _ if is_versioned(parts) => IMMUTABLE,
        _ if in_log => IMMUTABLE,
        _ if is_checkpoint(parts) => ASKED,
        _ if in_snapshot => IMMUTABLE,
        FileClass::Package | FileClass::Metadata => IMMUTABLE,
        FileClass::Repomd => ASKED,
        FileClass::Other => SHORT,
    }
}

/// Whether it is TUF metadata with its version in its name.
fn is_versioned(parts: &[String]) -> bool {
    let [.., dir, name] = parts else { return false };
    dir == TUF && name.starts_with(|first: char| first.is_ascii_digit())
}

/// The state of the public log, which each new entry changes.
fn is_checkpoint(parts: &[String]) -> bool {
    matches!(parts, [log, name] if log == LOG && name == "checkpoint")
}

const ASKED: &str = "public, max-age=0, must-revalidate";
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
pub(crate) const SHORT: &str = "public, max-age=60, must-revalidate";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_changes_is_kept_and_what_is_switched_is_asked_for() {
        let sum = "a".repeat(64);
        for (path, expected) in [
            ("vault/2026-03-14-1a2b3c4d5e6f/BaseOS/x86_64/os/repodata/repomd.xml".to_owned(), IMMUTABLE),
            ("vault/2026-03-14-1a2b3c4d5e6f/mirrorlist/BaseOS-x86_64".to_owned(), SHORT),
            ("vault/2026-03-14/BaseOS/x86_64/os/.treeinfo".to_owned(), SHORT),
            (format!("9/BaseOS/x86_64/os/repodata/{sum}-primary.xml.gz"), IMMUTABLE),
            ("9/BaseOS/x86_64/os/Packages/b/bc.rpm".to_owned(), IMMUTABLE),
            ("9/BaseOS/x86_64/os/repodata/repomd.xml.asc".to_owned(), ASKED),
            ("log/checkpoint".to_owned(), ASKED),
            ("log/tile/0/000.p/17".to_owned(), IMMUTABLE),
            ("kestrel.repo".to_owned(), SHORT),
            ("9/tuf/timestamp.json".to_owned(), SHORT),
            ("9/tuf/root.json".to_owned(), SHORT),
            ("9/tuf/17000000.snapshot.json".to_owned(), IMMUTABLE),
        ] {
            let parts: Vec<_> = path.split('/').map(str::to_owned).collect();
            assert_eq!(cache(&parts), expected, "{path}");
        }
    }

    #[test]
    fn a_checkpoint_is_text_and_tiles_are_bytes() {
        for (path, expected) in [
            ("log/checkpoint", "text/plain; charset=utf-8"),
            ("log/tile/entries/000", "application/octet-stream"),
            ("9/checkpoint", "application/octet-stream"),
        ] {
            let parts: Vec<_> = path.split('/').map(str::to_owned).collect();
            assert_eq!(media_type(&parts), expected, "{path}");
        }
    }
}
