//! Whether dependencies are satisfied, as rpm sees it: versions by ranges, boolean dependencies by their operators.
//!
//! Source: `rpmdsCompareEVR` of rpm's `lib/rpmds.c`, and `doc/manual/boolean_dependencies.md`.

use std::cmp::Ordering;

use heirloom_formats::evr::compare_versions;
use heirloom_model::{Compare, Dependency, Evr};

/// Levels of parentheses; real ones have three or four.
const DEEPEST: usize = 20;
/// Operands of one operator.
const MOST: usize = 200;

/// A boolean dependency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rich {
    /// A plain one.
    One(Dependency),
    And(Vec<Rich>),
    Or(Vec<Rich>),
    /// One package has all of them.
    With(Vec<Rich>),
    /// One package has the first and not the second.
    Without(Box<Rich>, Box<Rich>),
    /// The first if the second; else the third, if there is one.
    If(Box<Rich>, Box<Rich>, Option<Box<Rich>>),
    /// The first unless the second; then the third, if there is one.
    Unless(Box<Rich>, Box<Rich>, Option<Box<Rich>>),
}

impl Rich {
    /// Reads what stands in parentheses; none if rpm would not take it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut words = Words { left: text };
        let rich = words.group(0)?;
        words.left.trim().is_empty().then_some(rich)
    }
}

struct Words<'a> {
    left: &'a str,
}

impl<'a> Words<'a> {
    fn peek(&self) -> &'a str {
        let text = self.left.trim_start();
        if text.starts_with(['(', ')']) {
            return text.get(..1).unwrap_or_default();
        }
        // A name may have parentheses of its own: `libc.so.6()(64bit)`.
        let mut depth = 0_usize;
        for (at, c) in text.char_indices() {
            match c {
                '(' => depth += 1,
                ')' if depth == 0 => return text.get(..at).unwrap_or_default(),
                ')' => depth -= 1,
                c if c.is_whitespace() => return text.get(..at).unwrap_or_default(),
                _ => {}
            }
        }
        text
    }

    fn take(&mut self) -> &'a str {
        let word = self.peek();
        self.left = self.left.trim_start().get(word.len()..).unwrap_or_default();
        word
    }

    fn group(&mut self, depth: usize) -> Option<Rich> {
        if depth > DEEPEST || self.take() != "(" {
            return None;
        }
        let first = self.operand(depth)?;
        let operator = match self.take() {
            ")" => return Some(first),
            operator => operator,
        };
        let mut all = vec![first, self.operand(depth)?];
        let mut otherwise = None;
        loop {
            match self.take() {
                ")" => break,
                word if word == operator && matches!(word, "and" | "or" | "with") && all.len() < MOST => {
                    all.push(self.operand(depth)?);
                }
                "else" if matches!(operator, "if" | "unless") && otherwise.is_none() => {
                    otherwise = Some(Box::new(self.operand(depth)?));
                }
                _ => return None,
            }
        }
        let mut two = || {
            let second = all.pop()?;
            Some((Box::new(all.pop()?), Box::new(second)))
        };
        Some(match operator {
            "and" => Rich::And(all),
            "or" => Rich::Or(all),
            "with" => Rich::With(all),
            "without" => two().map(|(a, b)| Rich::Without(a, b))?,
            "if" => two().map(|(a, b)| Rich::If(a, b, otherwise))?,
            "unless" => two().map(|(a, b)| Rich::Unless(a, b, otherwise))?,
            _ => return None,
        })
    }

    fn operand(&mut self, depth: usize) -> Option<Rich> {
        if self.peek() == "(" {
            return self.group(depth + 1);
        }
        let name = self.take();
        if name.is_empty() || name == ")" {
            return None;
        }
        let version = match self.peek().parse::<Compare>() {
            Ok(compare) => {
                self.take();
                let version = self.take();
                Some((compare, (!version.is_empty()).then(|| version.to_owned())?))
            }
            Err(_) => None,
        };
        Some(Rich::One(Dependency { name: name.to_owned(), version }))
    }
}

/// Whether two ranges of one name have a version in common.
pub(super) fn overlaps(a: &Dependency, b: &Dependency) -> bool {
    let (Some((compare_a, a)), Some((compare_b, b))) = (&a.version, &b.version) else { return true };
    let less = |compare: &Compare| matches!(compare, Compare::Less | Compare::LessOrEqual);
    let greater = |compare: &Compare| matches!(compare, Compare::Greater | Compare::GreaterOrEqual);
    let equal = |compare: &Compare| !matches!(compare, Compare::Less | Compare::Greater);
    match compare_stated(a, b) {
        Ordering::Less => greater(compare_a) || less(compare_b),
        Ordering::Greater => less(compare_a) || greater(compare_b),
        Ordering::Equal => {
            equal(compare_a) && equal(compare_b)
                || less(compare_a) && less(compare_b)
                || greater(compare_a) && greater(compare_b)
        }
    }
}

/// Whether a package of this name in this version is meant: obsoletes look at nothing but names.
pub(super) fn means(dependency: &Dependency, evr: &Evr) -> bool {
    dependency.version.is_none()
        || overlaps(
            &Dependency { name: String::new(), version: Some((Compare::Equal, evr.to_string())) },
            dependency,
        )
}

/// `[epoch:]version[-release]`: what is not stated is 0, or any release.
fn compare_stated(a: &str, b: &str) -> Ordering {
    let (a, b) = (parts(a), parts(b));
    let order = a.0.cmp(&b.0).then_with(|| compare_versions(a.1, b.1));
    match (a.2, b.2) {
        (Some(a), Some(b)) => order.then_with(|| compare_versions(a, b)),
        _ => order,
    }
}

fn parts(text: &str) -> (u64, &str, Option<&str>) {
    let (epoch, rest) = match text.split_once(':') {
        Some((epoch, rest)) => (epoch.parse().unwrap_or(0), rest),
        None => (0, text),
    };
    match rest.rsplit_once('-') {
        Some((version, release)) => (epoch, version, Some(release)),
        None => (epoch, rest, None),
    }
}

/// The other name of a path where `/bin`, `/sbin`, `/lib` and `/lib64` are links into `/usr`, as since Enterprise Linux 7.
pub(super) fn other_path(path: &str) -> Option<String> {
    let merged = |rest: &str| ["bin/", "sbin/", "lib/", "lib64/"].iter().any(|dir| rest.starts_with(dir));
    match path.strip_prefix("/usr/") {
        Some(rest) => merged(rest).then(|| format!("/{rest}")),
        None => path.strip_prefix('/').filter(|rest| merged(rest)).map(|rest| format!("/usr/{rest}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dependency(text: &str) -> Dependency {
        text.parse().unwrap()
    }

    #[test]
    fn ranges_overlap_as_rpm_says() {
        for (one, other, expected) in [
            ("a = 1-1", "a", true),
            ("a = 1-1", "a = 1", true),
            ("a = 1-1", "a = 1-2", false),
            ("a = 1-1", "a >= 1-2", false),
            ("a = 1-2", "a >= 1-1", true),
            ("a = 1-1", "a > 1", false),
            ("a = 1-1", "a <= 1", true),
            ("a = 1:1-1", "a < 2", false),
            ("a = 1-1", "a < 1:0", true),
            ("a = 2~rc1-1", "a >= 2", false),
            ("a = 1-1.el9_4", "a >= 1-1.el9", true),
            ("a < 3", "a > 1", true),
            ("a < 3", "a > 3", false),
            ("a <= 3", "a >= 3", true),
            ("a < 3", "a <= 3", true),
            ("a > 3", "a >= 4", true),
        ] {
            let (one, other) = (dependency(one), dependency(other));
            assert_eq!(overlaps(&one, &other), expected, "{one}, {other}");
            assert_eq!(overlaps(&other, &one), expected, "{other}, {one}");
        }
        let evr: Evr = "1:2-3".parse().unwrap();
        assert!(means(&dependency("a < 1:3"), &evr) && !means(&dependency("a < 3"), &evr));
    }

    #[test]
    fn boolean_dependencies_are_read() {
        let one = |text: &str| Rich::One(dependency(text));
        let boxed = |text: &str| Box::new(one(text));
        for (text, expected) in [
            ("(a and b and c)", Rich::And(vec![one("a"), one("b"), one("c")])),
            ("(a >= 1 or lib.so.1()(64bit))", Rich::Or(vec![one("a >= 1"), one("lib.so.1()(64bit)")])),
            ("(a if b)", Rich::If(boxed("a"), boxed("b"), None)),
            ("(a if b else c)", Rich::If(boxed("a"), boxed("b"), Some(boxed("c")))),
            ("(a unless b)", Rich::Unless(boxed("a"), boxed("b"), None)),
            ("(a >= 1 with a < 2)", Rich::With(vec![one("a >= 1"), one("a < 2")])),
            ("(a without b)", Rich::Without(boxed("a"), boxed("b"))),
            ("(a if (b or c))", Rich::If(boxed("a"), Box::new(Rich::Or(vec![one("b"), one("c")])), None)),
            (
                "(crate(x/y) >= 1.0 with crate(x/y) < 2~)",
                Rich::With(vec![one("crate(x/y) >= 1.0"), one("crate(x/y) < 2~")]),
            ),
        ] {
            assert_eq!(Rich::parse(text), Some(expected), "{text}");
        }
        for text in ["", "(", "a", "(a and)", "(a and b or c)", "(a if b if c)", "(a b)", "(a >= )", "(a) b"]
        {
            assert_eq!(Rich::parse(text), None, "{text}");
        }
        assert_eq!(Rich::parse(&"(".repeat(100_000)), None);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "[ab()<>= ifandorwithuless]{0,60}") {
            let _ = Rich::parse(&text);
        }
    }

    #[test]
    fn paths_have_two_names() {
        assert_eq!(other_path("/bin/sh").as_deref(), Some("/usr/bin/sh"));
        assert_eq!(other_path("/usr/lib64/a").as_deref(), Some("/lib64/a"));
        assert_eq!(other_path("/etc/a"), None);
    }
}
