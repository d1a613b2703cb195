//! What a requirement that the reference does not have means for those who install the rebuild.

use heirloom_formats::rpm_file::{DependencyKind, Header, Relation};
use heirloom_model::Compare;

use crate::pair::Pair;
use crate::universe;

/// Where a new requirement stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Whoever satisfies the reference satisfies it too; says why.
    Satisfied(&'static str),
    /// The reference's repository does not provide it.
    Unsatisfied,
    /// Nothing is known of what the reference's repository provides.
    Unknown,
}

pub(super) fn standing(pair: &Pair<'_>, wanted: &Relation) -> Standing {
    use Standing::{Satisfied, Unknown, Unsatisfied};
    if wanted.name.starts_with("rpmlib(") {
        return Satisfied("a feature of rpm itself");
    }
    let required = pair.reference.relations(DependencyKind::Requires);
    if required.iter().any(|has| weaker(has, wanted)) {
        return Satisfied("the reference requires more");
    }
    if required.iter().any(|has| older_version(&has.name, &wanted.name)) {
        return Satisfied("the reference requires a later one, which includes it");
    }
    if provides(pair.rebuilt, wanted) {
        return Satisfied("the package provides it itself");
    }
    let Some(universe) = pair.universe else { return Unknown };
    match universe.satisfies(wanted) {
        Some(true) => Satisfied("the reference's repository provides it"),
        Some(false) => {
            // A repository that lacks what the reference itself needs is not all of it.
            let whole = required.iter().all(|own| {
                own.name.starts_with("rpmlib(")
                    || provides(pair.reference, own)
                    || universe.satisfies(own) != Some(false)
            });
            if whole { Unsatisfied } else { Unknown }
        }
        None => Unknown,
    }
}

/// Whether everything that satisfies `has` satisfies `wanted`.
fn weaker(has: &Relation, wanted: &Relation) -> bool {
    use Compare::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
    if has.name != wanted.name {
        return false;
    }
    let (has_compare, wanted_compare) = match (has.compare(), wanted.compare()) {
        (_, None) => return true,
        (None, Some(_)) => return false,
        (Some(has), Some(wanted)) => (has, wanted),
    };
    let order = universe::order(&has.version, &wanted.version);
    match wanted_compare {
        GreaterOrEqual => order.is_ge() && matches!(has_compare, Equal | GreaterOrEqual | Greater),
        Greater => {
            order.is_gt() && matches!(has_compare, Equal | GreaterOrEqual)
                || order.is_ge() && has_compare == Greater
        }
        LessOrEqual => order.is_le() && matches!(has_compare, Equal | LessOrEqual | Less),
        Less => {
            order.is_lt() && matches!(has_compare, Equal | LessOrEqual)
                || order.is_le() && has_compare == Less
        }
        Equal => false,
    }
}

fn provides(header: &Header, wanted: &Relation) -> bool {
    let relations = header.relations(DependencyKind::Provides);
    relations.iter().any(|has| has.name == wanted.name && universe::overlap(has, wanted))
        || header.files.iter().any(|file| file.path == wanted.name)
}

/// Whether `has` is a later member than `wanted` of a series of which each includes all earlier ones: the
/// symbol versions of one library (`libc.so.6(GLIBC_2.14)(64bit)`), and the compatible perls of one minor
/// version (`perl(:MODULE_COMPAT_5.26.1)`).
fn older_version(has: &str, wanted: &str) -> bool {
    let (Some(has), Some(wanted)) = (Series::of(has), Series::of(wanted)) else { return false };
    (has.head, has.tail) == (wanted.head, wanted.tail) && has.numbers > wanted.numbers
}

/// A capability's name around its version number.
struct Series<'a> {
    head: &'a str,
    numbers: Vec<u64>,
    tail: &'a str,
}

impl<'a> Series<'a> {
    fn of(name: &'a str) -> Option<Self> {
        let library = name.contains(".so") && name.contains('(');
        let perl = name.strip_prefix("perl(:MODULE_COMPAT_");
        let close = name.find(')')?;
        let digits = |c: char| c.is_ascii_digit() || c == '.';
        let mut start = close - name[..close].chars().rev().take_while(|c| digits(*c)).count();
        if let Some(rest) = perl {
            // Perls of another minor version are not compatible.
            start = name.len() - rest.len() + rest.match_indices('.').nth(1)?.0 + 1;
        }
        let inside = name.get(start..close).filter(|_| library || perl.is_some())?;
        let numbers: Option<Vec<u64>> = inside.split('.').map(|number| number.parse().ok()).collect();
        Some(Self { head: &name[..start], numbers: numbers?, tail: &name[close..] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_versions_include_earlier_ones() {
        for (has, wanted, included) in [
            ("libc.so.6(GLIBC_2.14)(64bit)", "libc.so.6(GLIBC_2.4)(64bit)", true),
            ("libc.so.6(GLIBC_2.4)(64bit)", "libc.so.6(GLIBC_2.14)(64bit)", false),
            ("libc.so.6(GLIBC_2.14)", "libc.so.6(GLIBC_2.4)(64bit)", false),
            ("libm.so.6(GLIBC_2.14)(64bit)", "libc.so.6(GLIBC_2.4)(64bit)", false),
            ("libstdc++.so.6(GLIBCXX_3.4.15)(64bit)", "libstdc++.so.6(GLIBCXX_3.4)(64bit)", true),
            ("libstdc++.so.6(GLIBCXX_3.4)(64bit)", "libstdc++.so.6(CXXABI_1.3)(64bit)", false),
            ("perl(:MODULE_COMPAT_5.26.2)", "perl(:MODULE_COMPAT_5.26.1)", true),
            ("perl(:MODULE_COMPAT_5.26.1)", "perl(:MODULE_COMPAT_5.26.2)", false),
            ("perl(:MODULE_COMPAT_5.28.2)", "perl(:MODULE_COMPAT_5.26.1)", false),
            ("foo(2.0)", "foo(1.0)", false),
        ] {
            assert_eq!(older_version(has, wanted), included, "{has} {wanted}");
        }
    }
}
