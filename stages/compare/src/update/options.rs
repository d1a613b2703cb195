//! Long options, as man pages document them (roff with man(7) or mdoc(7)) and as shells complete them.
//!
//! A man page is not run through roff: what it loads and defines is a program of its own. A line that begins with an
//! option after its macro, as the tag of a paragraph does, defines all options in it; any other only mentions them.
//! An option counts as gone when the newer page does not even mention it.

use std::borrow::Cow;
use std::collections::BTreeSet;

/// Options that are told of one page; real ones have some hundred.
const MOST: usize = 5_000;
/// Characters of an option's name.
const LONGEST: usize = 80;

/// The program of a man page in section 1, 6 or 8, translations aside: `ls` of `/usr/share/man/man1/ls.1.gz`.
pub(super) fn program_of_page(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("/usr/share/man/man")?;
    let (section, name) = rest.split_once('/')?;
    let name =
        [".gz", ".xz", ".zst", ".bz2"].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name);
    let (program, suffix) = name.rsplit_once('.')?;
    (matches!(section, "1" | "6" | "8") && suffix.starts_with(section) && !name.contains('/'))
        .then_some(program)
}

/// The program that a completion file is for: its name, without zsh's `_` and fish's suffix.
pub(super) fn program_of_completion(path: &str) -> Option<&str> {
    let name = path.rsplit('/').next()?;
    let name = name.strip_suffix(".fish").or_else(|| name.strip_suffix(".bash")).unwrap_or(name);
    Some(name.strip_prefix('_').unwrap_or(name))
}

/// The options that a man page defines, without their dashes.
#[must_use]
pub fn defined(page: &str) -> BTreeSet<String> {
    let lines = page.lines().filter(|line| !is_comment(line)).map(plain);
    lines.filter(|line| begins_with_option(line)).flat_map(|line| names(&line)).take(MOST).collect()
}

/// The options that a man page mentions anywhere, without their dashes.
#[must_use]
pub fn mentioned(page: &str) -> BTreeSet<String> {
    let lines = page.lines().filter(|line| !is_comment(line)).map(plain);
    lines.flat_map(|line| names(&line)).take(MOST).collect()
}

/// The options that a completion file offers, without their dashes; `path` tells the shell.
#[must_use]
pub fn completed(path: &str, text: &str) -> BTreeSet<String> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    match path.ends_with(".fish") {
        true => lines.flat_map(fish).take(MOST).collect(),
        false => lines.flat_map(names).take(MOST).collect(),
    }
}

/// `complete -c tool -l verbose`.
fn fish(line: &str) -> Vec<String> {
    let words: Vec<_> = line.split_whitespace().collect();
    let pairs = words.windows(2).filter(|pair| matches!(pair[0], "-l" | "--long-option"));
    pairs.map(|pair| pair[1].trim_matches(['\'', '"']).chars().take(LONGEST).collect()).collect()
}

fn is_comment(line: &str) -> bool {
    line.starts_with(".\\\"") || line.starts_with("'\\\"") || line.starts_with("\\\"")
}

/// The line without fonts and the other escapes of which options are made.
fn plain(line: &str) -> Cow<'_, str> {
    let line = mdoc(line);
    if !line.contains('\\') {
        return line;
    }
    let mut text = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match chars.next() {
            Some('-') => text.push('-'),
            Some('f') => skip_argument(&mut chars),
            Some('(') => text.push_str(special(&chars.by_ref().take(2).collect::<String>())),
            // Of no width: \& \% \: \/ \, and what else is no letter.
            Some('&' | '%' | ':' | '/' | ',' | '|' | '^' | 'c') | None => {}
            Some('s') => {
                chars = chars
                    .as_str()
                    .trim_start_matches(['+', '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
                    .chars();
            }
            Some(other) => text.push(other),
        }
    }
    Cow::Owned(text)
}

/// The hyphens and dashes among the special characters.
fn special(name: &str) -> &'static str {
    match name {
        "hy" | "mi" | "en" => "-",
        "em" => "--",
        _ => "?",
    }
}

/// A font's name: `B`, `(CW` or `[CW]`.
fn skip_argument(chars: &mut std::str::Chars<'_>) {
    match chars.next() {
        Some('(') => drop(chars.by_ref().take(2).count()),
        Some('[') => drop(chars.by_ref().take_while(|c| *c != ']').count()),
        _ => {}
    }
}

/// mdoc's `Fl Fl name` and `Fl -name` as `--name`.
fn mdoc(line: &str) -> Cow<'_, str> {
    if !line.starts_with('.') || !line.contains("Fl ") {
        return Cow::Borrowed(line);
    }
    Cow::Owned(line.replace("Fl Fl ", "--").replace("Fl \\-", "--").replace("Fl -", "--").replace("Fl ", "-"))
}

/// Whether the first thing in a line after its macro is an option, as in the tag of a paragraph.
fn begins_with_option(line: &str) -> bool {
    let is_macro = line.starts_with(['.', '\'']) && line.len() > 1;
    let rest = match is_macro {
        true => line.split_once(char::is_whitespace).map_or("", |(_, rest)| rest),
        false => line,
    };
    rest.trim_start_matches(['"', ' ', '*']).starts_with('-')
}

/// All words of the form `--name` in a plain line.
fn names(line: &str) -> Vec<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut found = Vec::new();
    for (at, _) in line.match_indices("--") {
        let alone = !line[..at].ends_with(|c: char| is_name(c) || c == '/');
        let rest = &line[at + 2..];
        let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        let name = rest[..end].trim_end_matches(['-', '_']);
        if alone
            && name.len() > 1
            && name.len() <= LONGEST
            && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        {
            found.push(name.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(set: BTreeSet<String>) -> Vec<String> {
        set.into_iter().collect()
    }

    #[test]
    fn the_ways_in_which_pages_define_options() {
        for (page, options) in [
            (".TP\n\\fB\\-a\\fR, \\fB\\-\\-all\\fR\ndo not ignore\n", &["all"][..]),
            (".IP \"\\fB\\-\\-no\\-verify\\fR\" 4\n", &["no-verify"]),
            (".PP\n\\-v, \\-\\-verbose\n.RS 4\n", &["verbose"]),
            (".TP\n.BR \\-\\-color [ =\\fIWHEN\\fR ]\n", &["color"]),
            (".It Fl Fl long Ar x\n.It Fl -other\n", &["long", "other"]),
            (".TP\n\\f[B]--pandoc\\f[R], --two=X\n", &["pandoc", "two"]),
            ("see \\fB\\-\\-elsewhere\\fR\n[\\-\\-synopsis]\n", &[]),
            (".\\\" \\-\\-comment\n.TP\n----\n.TP\n-\\-x\n", &[]),
        ] {
            assert_eq!(list(defined(page)), options, "{page}");
        }
        assert_eq!(list(mentioned("see \\fB\\-\\-elsewhere\\fR, a--b and /x--y")), ["elsewhere"]);
    }

    #[test]
    fn the_ways_in_which_shells_complete_options() {
        assert_eq!(list(completed("/c/tool", "# --not\n  opts='--all --no-pager='\n")), ["all", "no-pager"]);
        assert_eq!(list(completed("/f/tool.fish", "complete -c tool -s a -l all -d '--x'\n")), ["all"]);
        assert_eq!(list(completed("/z/_tool", "'(-q --quiet)'{-q,--quiet}'[be quiet]'\n")), ["quiet"]);
    }

    #[test]
    fn pages_and_completions_have_their_programs() {
        assert_eq!(program_of_page("/usr/share/man/man1/git-log.1.gz"), Some("git-log"));
        assert_eq!(program_of_page("/usr/share/man/man8/x.8"), Some("x"));
        assert_eq!(program_of_page("/usr/share/man/man1/openssl.1ssl.gz"), Some("openssl"));
        assert_eq!(program_of_page("/usr/share/man/man3/x.3.gz"), None);
        assert_eq!(program_of_page("/usr/share/man/de/man1/x.1.gz"), None);
        assert_eq!(program_of_completion("/usr/share/zsh/site-functions/_tar"), Some("tar"));
    }

    proptest::proptest! {
        #[test]
        fn never_panics_and_defines_only_what_it_mentions(page in "[-\\\\fB(\\[hy.TPFl s\"'\n\\PC]{0,200}") {
            proptest::prop_assert!(defined(&page).is_subset(&mentioned(&page)));
            let _ = completed("x.fish", &page);
        }
    }
}
