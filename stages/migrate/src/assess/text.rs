//! What a machine's files and tools say, taken apart: pure functions from text to values. None of them fails: what is of no known form
//! is left out, since one strange line must not hide the rest.

mod ini;
mod kernel;
mod systemd;

pub use ini::{Section, boolean, ini, list};
pub use kernel::{MountLine, Volume, listeners, modules, mountinfo, volumes};
pub use systemd::{UnitFile, unit_files, units};

use crate::facts::Alternative;

/// `KEY=value` lines as in os-release(5): quotes and backslashes as a shell reads them. The last of several counts.
#[must_use]
pub fn assignments(text: &str) -> Vec<(String, String)> {
    let pair = |line: &str| {
        let (key, value) = line.trim().split_once('=')?;
        let is_key = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        is_key.then(|| (key.to_owned(), unquoted(value.trim())))
    };
    text.lines().filter(|line| !line.trim_start().starts_with('#')).filter_map(pair).collect()
}

fn unquoted(value: &str) -> String {
    let quote = value.chars().next().filter(|c| ['"', '\''].contains(c));
    let inner = quote.map_or(value, |quote| value[1..].strip_suffix(quote).unwrap_or(&value[1..]));
    if quote == Some('\'') {
        return inner.to_owned();
    }
    let mut text = String::new();
    let mut characters = inner.chars();
    while let Some(c) = characters.next() {
        text.extend(if c == '\\' { characters.next() } else { Some(c) });
    }
    text
}

/// Lines that are neither empty nor comments.
#[must_use]
pub fn lines(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(str::to_owned).collect()
}

/// An address without a password: `http://user@proxy:3128`.
#[must_use]
pub fn without_password(address: &str) -> String {
    let (scheme, rest) = address.split_once("://").map_or(("", address), |(scheme, rest)| (scheme, rest));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    // What stands before the last `@` is the user's, whatever characters a password has.
    let authority = match authority.rsplit_once('@') {
        Some((user, host)) => format!("{}@{host}", user.split(':').next().unwrap_or_default()),
        None => authority.to_owned(),
    };
    let scheme = if scheme.is_empty() { String::new() } else { format!("{scheme}://") };
    format!("{scheme}{authority}{path}")
}

/// The state file of `alternatives`: `auto` or `manual`, then the link that programs use. Where that leads is not in it.
#[must_use]
pub fn alternative(name: &str, text: &str) -> Option<Alternative> {
    let mode = text.lines().next()?.trim();
    let is_one = ["auto", "manual"].contains(&mode);
    is_one.then(|| Alternative { name: name.to_owned(), mode: mode.to_owned(), ..Alternative::default() })
}

/// Names and numbers of `/etc/passwd` or `/etc/group`.
#[must_use]
pub fn ids(text: &str) -> Vec<(String, u32)> {
    let one = |line: &str| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        Some((name.to_owned(), fields.nth(1)?.parse().ok()?))
    };
    text.lines().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_are_read_as_a_shell_reads_them() {
        let text =
            "NAME=\"A \\\"b\\\"\"\n# no=1\nID='kes trel'\n VERSION_ID=9.4 \nbad line\n=x\na-b=1\nOPEN=\"x\n";
        let expected = [("NAME", "A \"b\""), ("ID", "kes trel"), ("VERSION_ID", "9.4"), ("OPEN", "x")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(assignments(text), expected);
    }

    #[test]
    fn passwords_are_left_out() {
        for (address, expected) in [
            ("http://user:se:c@ret@proxy:3128/x@y", "http://user@proxy:3128/x@y"),
            ("http://proxy:3128", "http://proxy:3128"),
            ("user:secret@proxy:1", "user@proxy:1"),
            ("socks5h://:secret@proxy", "socks5h://@proxy"),
            ("", ""),
        ] {
            assert_eq!(without_password(address), expected);
        }
    }

    #[test]
    fn alternatives_and_ids_are_read() {
        assert_eq!(alternative("java", "manual\n/usr/bin/java\n").unwrap().mode, "manual");
        assert_eq!(alternative("java", "other\n"), None);
        assert_eq!(alternative("java", ""), None);
        let text = "root:x:0:0:root:/root:/bin/sh\n:x:1:\nbad\nbin:x:no:1\nbin:x:1:1:::\n";
        assert_eq!(ids(text), [("root".to_owned(), 0), ("bin".to_owned(), 1)]);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "[\\PC\n]{0,200}") {
            let _ = (assignments(&text), ids(&text), lines(&text), alternative("a", &text));
            let without = without_password(&format!("http://u:{text}@h"));
            proptest::prop_assert!(without.starts_with("http://u"));
        }
    }
}
