//! The order in which rpm upgrades.

use std::cmp::Ordering;

use heirloom_model::{DistMap, Evr};

/// Compares as rpm does: epoch, then version, then release, each by segments. Texts that differ may still be
/// equal in this order (`1.0` and `1.00`), which is why it is not `Ord`.
#[must_use]
pub fn compare(a: &Evr, b: &Evr) -> Ordering {
    a.epoch()
        .cmp(&b.epoch())
        .then_with(|| compare_versions(a.version(), b.version()))
        .then_with(|| compare_versions(a.release(), b.release()))
}

/// Compares two versions or two releases by segments (rpm's `rpmvercmp`).
#[must_use]
pub fn compare_versions(a: &str, b: &str) -> Ordering {
    rpm_version::Evr::new("0", a, "").cmp(&rpm_version::Evr::new("0", b, ""))
}

/// Compares what the reference has with what a rebuild has, release tags that mean the same left aside.
#[must_use]
pub fn compare_mapped(dist: &DistMap, reference: &Evr, ours: &Evr) -> Ordering {
    let order = reference.epoch().cmp(&ours.epoch());
    let compare = |a: &str, b: &str| compare_versions(&dist.plain(a), &dist.plain(b));
    order
        .then_with(|| compare(reference.version(), ours.version()))
        .then_with(|| compare(reference.release(), ours.release()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn declared_release_tags_do_not_count() {
        let dist: DistMap = ".el9=.el9_4,.centos=".parse().unwrap();
        let compare =
            |one: &str, other: &str| compare_mapped(&dist, &one.parse().unwrap(), &other.parse().unwrap());
        assert_eq!(compare("1-1.el9", "1-1.el9_4"), Ordering::Equal);
        assert_eq!(compare("1-1.el9.centos", "1-1.el9_4"), Ordering::Equal);
        assert_eq!(compare("1-2.el9", "1-1.el9_4"), Ordering::Greater);
        assert_eq!(compare("1:1-1.el9", "2-1.el9_4"), Ordering::Greater);
    }

    const VERSIONS: &[&str] = &[
        "1",
        "1.0",
        "1.00",
        "1.01",
        "01",
        "1.a",
        "1a",
        "a1",
        "1.0a",
        "1.0.1",
        "1.10",
        "1.9",
        "2",
        "10",
        "1~rc1",
        "1~",
        "1~~",
        "1~rc1^git1",
        "1^",
        "1^git1",
        "1^git1~pre",
        "1.0^20240101",
        "1.0^",
        "1.0.1^git",
        "xyz",
        "xyz.4",
        "XYZ",
        "2_0",
        "2.0",
        "2+0",
        "+",
        "_",
        "a",
        "b",
        "fc4",
        "FC5",
        "2a",
        "5.5p10",
        "5.5p1",
        "6.5",
        "10.1xyz",
        "10xyz",
        "8.0",
        "8.0.rc1",
        "10b2",
        "10a1",
        "0",
        "00",
        "20101122",
        "1.8.0_292",
        "7e9",
        "7.e9",
        "99999999999999999999",
        "100000000000000000000",
        "1.module_el8.9.0+3634+fb2a896c",
        "1.el9_4.2",
        "1.el9",
    ];

    #[test]
    fn agrees_with_rpm_on_every_pair() {
        let pairs: Vec<_> = VERSIONS.iter().flat_map(|a| VERSIONS.iter().map(move |b| (a, b))).collect();
        let calls: String =
            pairs.iter().map(|(a, b)| format!("print(rpm.vercmp('{a}','{b}'), ' ')")).collect();
        let output = Command::new("rpm").args(["--eval", &format!("%{{lua: {calls}}}")]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let expected: Vec<i32> = text.split_whitespace().map(|word| word.parse().unwrap()).collect();
        assert_eq!(expected.len(), pairs.len(), "{text}");
        for ((a, b), expected) in pairs.into_iter().zip(expected) {
            assert_eq!(compare_versions(a, b) as i32, expected, "{a} {b}");
        }
    }

    #[test]
    fn epoch_before_version_before_release() {
        for (a, b) in
            [("1:1-1", "2-1"), ("2-1", "1-2"), ("1-2", "1-1"), ("1-1", "1~rc1-1"), ("1-1.el9_1", "1-1.el9")]
        {
            let (a, b) = (a.parse().unwrap(), b.parse().unwrap());
            assert_eq!((compare(&a, &b), compare(&b, &a)), (Ordering::Greater, Ordering::Less));
        }
        assert_eq!(compare(&"1.0-1".parse().unwrap(), &"0:1.00-01".parse().unwrap()), Ordering::Equal);
    }

    proptest::proptest! {
        #[test]
        fn is_a_total_preorder(a in "[0-9a-c.~^+_]{0,8}", b in "[0-9a-c.~^+_]{0,8}", c in "[0-9a-c.~^+_]{0,8}") {
            proptest::prop_assert_eq!(compare_versions(&a, &b), compare_versions(&b, &a).reverse());
            if compare_versions(&a, &b).is_le() && compare_versions(&b, &c).is_le() {
                proptest::prop_assert!(compare_versions(&a, &c).is_le());
            }
        }
    }
}
