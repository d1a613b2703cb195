//! The path of a request, and opening it so that nothing outside the root is ever read.

use std::fs::File;
use std::io;
use std::path::Path;

use percent_encoding::percent_decode_str;
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};

/// Longest path that is looked at, encoded.
const LONGEST: usize = 4096;

/// The parts of a request's path, decoded; none if it is not one that can be here.
pub(super) fn parts(path: &str) -> Option<Vec<String>> {
    if !path.starts_with('/') || path.len() > LONGEST {
        return None;
    }
    path.split('/').filter(|part| !part.is_empty()).map(part).collect()
}

fn part(encoded: &str) -> Option<String> {
    let broken = encoded
        .split('%')
        .skip(1)
        .any(|rest| !rest.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)));
    let part = percent_decode_str(encoded).decode_utf8().ok().filter(|_| !broken)?;
    let plain = !part.contains(['/', '\\']) && !part.chars().any(char::is_control) && part.len() < 256;
    (plain && is_shown(&part)).then(|| part.into_owned())
}

/// Whether a name is for clients. Those of productmd are the only ones with a dot in front.
pub(super) fn is_shown(name: &str) -> bool {
    !name.starts_with('.') || matches!(name, ".treeinfo" | ".discinfo")
}

/// Opens what is below the root. The kernel sees to it that no link leads out of it.
pub(super) fn open(root: &Path, parts: &[String]) -> io::Result<File> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = openat(CWD, root, flags, Mode::empty())?;
    let below = if parts.is_empty() { ".".to_owned() } else { parts.join("/") };
    // What is no file must not be waited for.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let how = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    Ok(File::from(openat2(&root, below, flags, Mode::empty(), how)?))
}

/// Whether the root can be served.
pub(super) fn probe(root: &Path) -> io::Result<()> {
    open(root, &[]).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_decoded_once_and_hostile_ones_are_none() {
        let read = |path| parts(path).map(|parts| parts.join("|"));
        assert_eq!(read("/"), Some(String::new()));
        assert_eq!(read("/9//a/"), Some("9|a".to_owned()));
        assert_eq!(read("/libstdc%2b%2B-1%5e.rpm"), Some("libstdc++-1^.rpm".to_owned()));
        assert_eq!(read("/os/.treeinfo"), Some("os|.treeinfo".to_owned()));
        assert_eq!(read("/%2541"), Some("%41".to_owned()));
        let long = format!("/{}", "x".repeat(LONGEST));
        for path in [
            "",
            "x",
            "*",
            "/..",
            "/a/../b",
            "/%2e%2e/x",
            "/.",
            "/.git/config",
            "/a%2fb",
            "/a%5cb",
            "/a\\b",
            "/%00",
            "/a%0ab",
            "/%ff",
            "/%",
            "/%4",
            "/%zz",
            &long,
        ] {
            assert_eq!(read(path), None, "{path}");
        }
    }

    #[test]
    fn links_lead_nowhere_outside() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        std::fs::create_dir_all(root.join("channels/9/1")).unwrap();
        std::fs::write(root.join("channels/9/1/file"), "in").unwrap();
        std::fs::write(dir.path().join("secret"), "out").unwrap();
        for (link, target) in [("9", "channels/9/1"), ("up", "../secret"), ("abs", "/etc/passwd")] {
            std::os::unix::fs::symlink(target, root.join(link)).unwrap();
        }
        let read = |path: &str| {
            let file = open(&root, &parts(path)?).ok()?;
            io::read_to_string(file).ok()
        };
        assert_eq!(read("/9/file").as_deref(), Some("in"));
        assert_eq!(read("/up"), None);
        assert_eq!(read("/abs"), None);
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_asked_for_stays_below_the_root(path in "(/|%2[eEfF]|%5c|%00|\\.|\\\\|[a-z~+%]|\\PC){0,40}") {
            for part in parts(&path).unwrap_or_default() {
                proptest::prop_assert!(!part.is_empty() && !part.contains(['/', '\\', '\0']), "{}", part);
                proptest::prop_assert!(is_shown(&part) && part != "..", "{}", part);
            }
        }
    }
}
