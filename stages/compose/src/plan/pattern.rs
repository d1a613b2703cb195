//! Names in which `*` stands for anything.

use heirloom_model::Nevra;

/// Whether a name fits a pattern.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(head) else { return false };
    let mut parts: Vec<_> = rest.split('*').collect();
    let tail = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = name.find(part) else { return false };
        name = &name[at + part.len()..];
    }
    name.ends_with(tail)
}

/// Whether a package fits a pattern of the form `NAME` or `NAME.ARCH`.
pub(crate) fn fits(pattern: &str, nevra: &Nevra) -> bool {
    matches(pattern, nevra.name())
        || pattern
            .rsplit_once('.')
            .is_some_and(|(name, arch)| matches(name, nevra.name()) && matches(arch, nevra.arch()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let fits = [
            ("a", "a"),
            ("*", ""),
            ("*", "a"),
            ("a*", "a"),
            ("a*c", "abc"),
            ("*b*", "abc"),
            ("a*b*a", "aba"),
        ];
        let misses = [("a", "ab"), ("a*", "ba"), ("a*a", "a"), ("*b", "abc"), ("a*b*a", "aa"), ("", "a")];
        for (pattern, name) in fits {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in misses {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn packages_by_name_and_architecture() {
        let python = "python3.12-1-1.i686".parse().unwrap();
        for (pattern, taken) in [
            ("python3.12", true),
            ("python3.12.i686", true),
            ("python3.*", true),
            ("*.i686", true),
            ("python3.12.x86_64", false),
            ("python3", false),
        ] {
            assert_eq!(fits(pattern, &python), taken, "{pattern}");
        }
    }
}
