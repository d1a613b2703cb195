//! Names: what may be a channel, and what a file is by its path.

use std::path::Path;

use heirloom_model::allowance::Date;

use crate::ReleaseError;

/// Directories of the document root that are no channels.
pub(crate) const VAULT: &str = "vault";
pub(crate) const CHANNELS: &str = "channels";
/// The public log of what was decided and released.
pub(crate) const LOG: &str = "log";
/// Directory of a view or snapshot with the URLs of its repositories.
pub(crate) const MIRRORLIST: &str = "mirrorlist";

/// What a file of a published tree is, by its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileClass {
    /// A package.
    Package,
    /// A metadata file with its checksum in its name: other content has another name.
    Metadata,
    /// A repomd.xml or its signature, which are replaced together.
    Repomd,
    /// All else.
    Other,
}

impl FileClass {
    /// The class of a path.
    #[must_use]
    pub fn of(path: &str) -> Self {
        let mut parts = path.rsplit('/');
        let (name, dir) = (parts.next().unwrap_or(path), parts.next());
        match name {
            _ if Path::new(name).extension().is_some_and(|extension| extension == "rpm") => Self::Package,
            "repomd.xml" | "repomd.xml.asc" | "repomd.xml.key" => Self::Repomd,
            _ if dir == Some("repodata") && has_checksum(name) => Self::Metadata,
            _ => Self::Other,
        }
    }

    /// Whether clients that have read an earlier repomd.xml may still ask for it.
    #[must_use]
    pub fn is_named_in_metadata(self) -> bool {
        match self {
            Self::Package | Self::Metadata => true,
            Self::Repomd | Self::Other => false,
        }
    }
}

/// `<checksum>-primary.xml.gz`: MD5 to SHA-512 in hexadecimal.
fn has_checksum(name: &str) -> bool {
    name.split_once('-').is_some_and(|(checksum, _)| {
        (32..=128).contains(&checksum.len()) && checksum.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// A channel's name is a directory, and a part of a URL.
pub(crate) fn check_channel(name: &str) -> Result<(), ReleaseError> {
    let wrong = |why| Err(ReleaseError::Name { name: name.chars().take(80).collect(), why });
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    match name {
        "" => wrong("it is empty"),
        VAULT | CHANNELS | LOG | MIRRORLIST => wrong("the document root has a directory of that name"),
        _ if name.len() > 64 => wrong("it is longer than 64 characters"),
        _ if !name.bytes().all(plain) => wrong("use letters, digits, `.`, `_` and `-`"),
        _ if name.starts_with(['.', '-']) => wrong("begin it with a letter or a digit"),
        _ if is_root_file(name) => wrong("the document root has files of such names"),
        _ if day_of(name).is_some() => wrong("it begins with a day, as snapshots do"),
        _ => Ok(()),
    }
}

/// `RPM-GPG-KEY-<id>` and `<id>.repo`, which the document root has of the default channel.
pub(crate) fn is_root_file(name: &str) -> bool {
    name.starts_with("RPM-GPG-KEY-")
        || Path::new(name).extension().is_some_and(|extension| extension == "repo")
}

/// The day that a snapshot's name begins with.
pub(crate) fn day_of(name: &str) -> Option<Date> {
    name.get(..10)?.parse().ok()
}

/// Path components that can be laid out below a directory: none is empty, `.` or `..`.
pub(crate) fn is_plain(path: &str) -> bool {
    path.len() < 4096
        && !path.contains('\0')
        && path.split('/').all(|part| !matches!(part, "" | "." | "..") && part.len() < 256)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_classed_by_their_paths() {
        let sum = "0".repeat(64);
        for (path, class) in [
            ("BaseOS/x86_64/os/Packages/b/bc-1-1.x86_64.rpm".to_owned(), FileClass::Package),
            (format!("BaseOS/x86_64/os/repodata/{sum}-primary.xml.gz"), FileClass::Metadata),
            (format!("BaseOS/x86_64/os/{sum}-primary.xml.gz"), FileClass::Other),
            ("BaseOS/x86_64/os/repodata/x-primary.xml.gz".to_owned(), FileClass::Other),
            ("repodata/repomd.xml".to_owned(), FileClass::Repomd),
            ("repodata/repomd.xml.asc".to_owned(), FileClass::Repomd),
            (".treeinfo".to_owned(), FileClass::Other),
        ] {
            assert_eq!(FileClass::of(&path), class, "{path}");
        }
    }

    #[test]
    fn channels_are_plain_names_that_nothing_else_has() {
        for name in ["9", "9.6", "stable", "c9-beta"] {
            assert!(check_channel(name).is_ok(), "{name}");
        }
        let long = "x".repeat(65);
        for name in [
            "",
            "vault",
            "channels",
            "log",
            "mirrorlist",
            ".9",
            "-x",
            "a/b",
            "..",
            "a b",
            "é",
            &long,
            "x.repo",
            "2026-03-14",
        ] {
            assert!(check_channel(name).is_err(), "{name}");
        }
    }

    #[test]
    fn paths_that_leave_their_directory_are_not_plain() {
        for path in ["", "/a", "a/", "a//b", "a/../b", "./a", "a\0b"] {
            assert!(!is_plain(path), "{path:?}");
        }
        assert!(is_plain("a/.treeinfo"));
    }
}
