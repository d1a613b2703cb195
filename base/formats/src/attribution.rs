//! Copyright notices and licence texts: what nobody may take out, whatever else is changed.

/// Names of files that hold a licence or an attribution, in lower case, without an extension.
const LICENCE_NAMES: &[&str] = &[
    "authors",
    "contributors",
    "copying",
    "copyright",
    "copyrights",
    "credits",
    "licence",
    "license",
    "notice",
    "patents",
    "thanks",
];

/// What a notice of copyright or licence begins with or has in it, in lower case.
const NOTICES: &[&str] = &[
    "copyright",
    "(c) ",
    "\u{a9}",
    "spdx-license-identifier",
    "spdx-filecopyrighttext",
    "all rights reserved",
    "permission is hereby granted",
    "redistribution and use in source",
    "licensed under",
    "trademark of",
    "trademarks of",
    "registered trademark",
];

/// What a line that credits an author begins with or has in it, in lower case.
const CREDITS: &[&str] = &[
    "author",
    "written by",
    "contributed by",
    "developed by",
    "maintained by",
    "maintainer",
    "signed-off-by:",
    "reviewed-by:",
    "acked-by:",
    "tested-by:",
    "reported-by:",
    "suggested-by:",
    "last-translator",
    "translated by",
    "patch by",
    "patch from",
    "thanks to",
];

/// Whether a file of this name holds a licence or an attribution: `COPYING`, `LICENSE.MIT`, `licenses/GPL-2.0.txt`.
#[must_use]
pub fn is_licence_file(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    let mut parts = path.rsplit('/');
    let name = parts.next().unwrap_or_default();
    let stem = name.split(['.', '-', '_']).next().unwrap_or_default();
    LICENCE_NAMES.contains(&stem) || parts.any(|dir| matches!(dir, "licenses" | "licences" | "license"))
}

/// Whether this line is, or belongs to, a notice of copyright, licence or trademark.
#[must_use]
pub fn is_notice(line: &[u8]) -> bool {
    let line = String::from_utf8_lossy(line).to_lowercase();
    NOTICES.iter().any(|notice| line.contains(notice))
}

/// Whether a notice of copyright on this line goes on on the next one: `Copyright 2001, 2003` and then the
/// holder's name.
#[must_use]
pub fn goes_on(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    let open =
        line.last().is_some_and(|last| last.is_ascii_digit() || *last == b',') || line.ends_with(b" by");
    open && is_notice(line)
}

/// Whether this line credits a person: an author, a translator, or who signed off a change; or is nothing but a
/// person's name and address, as in a list of authors.
#[must_use]
pub fn is_credit(line: &[u8]) -> bool {
    let text = String::from_utf8_lossy(line);
    let line = text.to_lowercase();
    let start = line.trim_start();
    start.starts_with("from: ") && start.contains('@')
        || CREDITS.iter().any(|credit| line.contains(credit))
        || is_person(&text)
}

/// `Ada B. Lovelace <ada@example.org>`, behind the marks of a comment: two names or more with capital letters.
fn is_person(line: &str) -> bool {
    let line = line.trim_start_matches(|c: char| !c.is_alphanumeric());
    let Some((names, address)) = line.split_once('<') else { return false };
    let capital = |name: &str| name.trim_start_matches(['(', '"', '\'']).starts_with(char::is_uppercase);
    let address =
        address.split_once('>').filter(|(address, _)| address.contains('@') && !address.contains(' '));
    (2..=5).contains(&names.split_whitespace().count())
        && names.split_whitespace().all(capital)
        && address.is_some_and(|(_, rest)| !rest.contains(char::is_alphanumeric))
}

/// Whether a file of this name is a changelog.
#[must_use]
pub fn is_changelog(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    name.starts_with("changelog")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_and_notices() {
        for name in ["COPYING", "a/COPYING.LIB", "LICENSE-MIT", "LICENSES/x.txt", "NOTICE", "AUTHORS"] {
            assert!(is_licence_file(name), "{name}");
        }
        for name in ["copy.c", "license_check.py.in/x", "README", "noticeboard.c"] {
            assert!(!is_licence_file(name), "{name}");
        }
        for line in ["/* Copyright (C) 2001 A */", " * SPDX-License-Identifier: MIT", "\u{a9} 2020 B"] {
            assert!(is_notice(line.as_bytes()), "{line}");
        }
        assert!(!is_notice(b"Report bugs to: bugs@example.org"));
        assert!(
            goes_on(b" * Copyright (C) 2001,\r") && goes_on(b"# (c) 2001 by") && !goes_on(b"Copyright A")
        );
        assert!(is_credit(b"Signed-off-by: A <a@b.c>") && is_credit(b"From: A <a@b.c>"));
        assert!(is_credit(b" *   Ada B. (Ada) Lovelace <ada@b.c>\r"));
        assert!(!is_credit(b"Report bugs to <bugs@b.c>") && !is_credit(b"Report Bugs <bugs@b.c> or call"));
        assert!(!is_credit(b"From: the left") && !is_credit(b"Report bugs to: bugs@example.org"));
        assert!(is_changelog("doc/ChangeLog.old") && !is_changelog("doc/NEWS"));
        assert!(is_notice(b"Heron is a registered trademark of A."));
        // Prose about a trademark is what debranding is for.
        for line in ["Report bugs to: bugs@example.org", "images with the Heron trademark"] {
            assert!(!is_notice(line.as_bytes()), "{line}");
        }
    }
}
