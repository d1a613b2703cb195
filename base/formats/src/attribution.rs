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
        assert!(is_notice(b"Heron is a registered trademark of A."));
        // Prose about a trademark is what debranding is for.
        for line in ["Report bugs to: bugs@example.org", "images with the Heron trademark"] {
            assert!(!is_notice(line.as_bytes()), "{line}");
        }
    }
}
