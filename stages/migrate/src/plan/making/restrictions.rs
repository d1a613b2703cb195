//! What the administrator told the package manager not to touch.

use heirloom_model::Nevra;

use crate::check::Check;
use crate::facts::PackageManager;
use crate::plan::{Action, PackageStep};
use crate::vendors::matches;

/// Names that one sentence lists.
const MOST_NAMES: usize = 10;

/// Whether a pattern of dnf or yum means this package: by name, `name.arch`, or any of its longer forms.
pub(super) fn means(pattern: &str, nevra: &Nevra) -> bool {
    let (name, arch) = (nevra.name(), nevra.arch());
    let (version, release) = (nevra.evr().version(), nevra.evr().release());
    let epoch = nevra.evr().epoch();
    let forms = [
        name.to_owned(),
        format!("{name}.{arch}"),
        format!("{name}-{version}"),
        format!("{name}-{version}-{release}"),
        format!("{name}-{version}-{release}.{arch}"),
        format!("{name}-{epoch}:{version}-{release}"),
        format!("{name}-{epoch}:{version}-{release}.{arch}"),
        // yum's.
        format!("{epoch}:{name}-{version}-{release}.{arch}"),
    ];
    forms.iter().any(|form| glob(pattern, form))
}

/// `*`, `?` and `[…]`, as a shell has them.
fn glob(pattern: &str, text: &str) -> bool {
    if !pattern.contains(['?', '[']) {
        return matches(pattern, text);
    }
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    // Where each state can go on: (place in the pattern) for each place in the text.
    let mut states = vec![0_usize];
    let close = |states: &mut Vec<usize>| {
        let mut at = 0;
        while let Some(state) = states.get(at).copied() {
            if pattern.get(state) == Some(&'*') && !states.contains(&(state + 1)) {
                states.push(state + 1);
            }
            at += 1;
        }
    };
    close(&mut states);
    for c in text {
        let mut next = Vec::new();
        for state in &states {
            let to = match pattern.get(*state) {
                Some('*') => Some(*state),
                Some('?') => Some(state + 1),
                Some('[') => set(&pattern, *state, c),
                Some(found) => (*found == c).then_some(state + 1),
                None => None,
            };
            next.extend(to.filter(|to| !next.contains(to)));
        }
        close(&mut next);
        states = next;
    }
    states.contains(&pattern.len())
}

/// Behind a set of characters, if it has this one.
fn set(pattern: &[char], start: usize, c: char) -> Option<usize> {
    let inside = pattern.get(start + 1..)?;
    let end = inside.iter().skip(1).position(|it| *it == ']')? + 1;
    let (negated, inside) = match inside.get(..end)? {
        ['!' | '^', rest @ ..] => (true, rest),
        all => (false, all),
    };
    let ranges = inside.windows(3).any(|it| it[1] == '-' && (it[0]..=it[2]).contains(&c));
    ((inside.contains(&c) || ranges) != negated).then_some(start + 1 + end + 1)
}

/// Findings about packages that the plan has to touch and may not.
pub(super) fn checks(manager: &PackageManager, packages: &[PackageStep]) -> Vec<Check> {
    let mut checks = Vec::new();
    let touched: Vec<&PackageStep> =
        packages.iter().filter(|step| step.result.is_some() || step.action == Action::Remove).collect();
    let both = |step: &PackageStep| -> Vec<Nevra> {
        let result = step.result.as_ref().map(|source| source.nevra.clone());
        step.installed.iter().cloned().chain(result).collect()
    };
    let named = |hit: &dyn Fn(&PackageStep) -> bool| names(touched.iter().filter(|step| hit(step)).copied());
    let excluded = |step: &PackageStep| {
        step.result.as_ref().is_some_and(|source| manager.excludes.iter().any(|it| means(it, &source.nevra)))
    };
    if let Some(names) = named(&excluded) {
        checks.push(Check::blocker(
            "excluded-packages",
            format!("the package manager's `exclude` keeps it from installing {names}"),
            format!(
                "Take the patterns out of /etc/{} for the time being: `{}`.",
                configuration(manager),
                manager.excludes.join(" ")
            ),
        ));
    }
    let locked = |step: &PackageStep| manager.locks.iter().any(|lock| is_locked(lock, step, &both(step)));
    if let Some(names) = named(&locked) {
        checks.push(Check::blocker(
            "version-locks",
            format!("versions are locked of packages that have to change: {names}"),
            format!(
                "Take the locks away for the time being: `{} versionlock delete NAME`.",
                if manager.name.is_empty() { "dnf" } else { &manager.name }
            ),
        ));
    }
    let protected = |step: &PackageStep| {
        let name = step.installed.as_ref().map(Nevra::name);
        let is_second = step.reason.starts_with("It is a second one");
        step.action == Action::Remove
            && !is_second
            && name.is_some_and(|name| manager.protected.iter().any(|it| it == name))
    };
    if let Some(names) = named(&protected) {
        checks.push(Check::blocker(
            "protected-packages",
            format!("packages have to go that are protected from removal: {names}"),
            "Declare what takes their place in the target file (`[[swaps]]`), or take their names out of /etc/dnf/protected.d.",
        ));
    }
    checks
}

fn configuration(manager: &PackageManager) -> &'static str {
    if manager.name == "yum" { "yum.conf" } else { "dnf/dnf.conf" }
}

/// Whether a lock is about this package, and would not let it become what it is to become.
fn is_locked(lock: &str, step: &PackageStep, about: &[Nevra]) -> bool {
    let (excludes, lock) = match lock.trim().strip_prefix('!') {
        Some(lock) => (true, lock),
        None => (false, lock.trim()),
    };
    let result = step.result.as_ref().map(|source| &source.nevra);
    if excludes {
        return result.is_some_and(|result| means(lock, result));
    }
    // The lock's name: the same pattern with the package's own version would be met.
    let concerns = |nevra: &Nevra| lock_name(lock).is_some_and(|name| glob(name, nevra.name()));
    about.iter().any(concerns) && result.is_none_or(|result| concerns(result) && !means(lock, result))
}

/// `bash` of `bash-0:5.1-1.el9.*`, or of yum's `0:bash-5.1-1.el9.*`.
fn lock_name(lock: &str) -> Option<&str> {
    let lock = match lock.split_once(':') {
        Some((epoch, rest)) if epoch.chars().all(|c| c.is_ascii_digit()) => rest,
        _ => lock,
    };
    let stem =
        lock.strip_suffix(".*").or_else(|| lock.rsplit_once('.').map(|(stem, _)| stem)).unwrap_or(lock);
    match stem.rsplit_once('-').and_then(|(rest, _)| rest.rsplit_once('-')) {
        Some((name, _)) => Some(name),
        None => Some(lock),
    }
}

/// The names of the packages of steps, shortened; none if there are none.
pub(super) fn names<'s>(steps: impl Iterator<Item = &'s PackageStep>) -> Option<String> {
    let name = |step: &'s PackageStep| {
        let nevra = step.installed.as_ref().or(step.result.as_ref().map(|source| &source.nevra));
        nevra.map(|nevra| nevra.name())
    };
    let mut all: Vec<&str> = steps.filter_map(name).collect();
    all.dedup();
    some_of(&all)
}

/// A list for a sentence.
pub(super) fn some_of(all: &[&str]) -> Option<String> {
    let shown = all.iter().take(MOST_NAMES).copied().collect::<Vec<_>>().join(", ");
    match all.len() {
        0 => None,
        found if found > MOST_NAMES => Some(format!("{shown} and {} more", found - MOST_NAMES)),
        _ => Some(shown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_dnf_s() {
        let nevra: Nevra = "kernel-core-1:5.14.0-427.el9.x86_64".parse().unwrap();
        for (pattern, expected) in [
            ("kernel*", true),
            ("kernel", false),
            ("kernel-core.x86_64", true),
            ("kernel-core.i686", false),
            ("kernel-core-5.14.0", true),
            ("kernel-core-1:5.14.0-427.el9.*", true),
            ("kernel-core-0:5.14.0-427.el9.*", false),
            ("1:kernel-core-5.14.0-427.el9.*", true),
            ("k?rnel-co[qr]e", true),
            ("k?rnel-co[!qr]e", false),
            ("kernel-co[a-z]e*", true),
            ("[", false),
            ("[a", false),
        ] {
            assert_eq!(means(pattern, &nevra), expected, "{pattern}");
        }
        assert_eq!(lock_name("bash-0:5.1-1.el9.*"), Some("bash"));
        assert_eq!(lock_name("0:bash-completion-5.1-1.el7.x86_64"), Some("bash-completion"));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(pattern in r"[\]\[ab*?!^-]{0,12}", text in "[ab-]{0,12}") {
            let _ = glob(&pattern, &text);
        }
    }
}
