//! A package that can't be looked at is never said to be alike: one that is damaged is undecided, and where
//! there is nothing to compare there is an error.

use std::path::Path;

use heirloom_compare::{CompareError, Options, Stored, compare_stored};
use heirloom_model::record::Compared;
use heirloom_model::{Digest, Severity, Verdict};
use testkit::rpm_builder::RpmBuilder;

fn compare(reference: &Path, rebuilt: &Path) -> Result<Compared, CompareError> {
    heirloom_compare::compare(reference, rebuilt, &Options::default())
}

#[test]
fn a_damaged_package_is_undecided_and_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let made = RpmBuilder::new("sample", "1").file("/usr/share/sample", "sample").build(dir.path()).unwrap();
    let whole = made.binary;
    assert_eq!(compare(&whole, &whole).unwrap().verdict, Verdict::BitIdentical);

    let damaged = dir.path().join("damaged.rpm");
    let length = whole.metadata().unwrap().len();
    let undecided = |expected: &str| {
        let compared = compare(&whole, &damaged).unwrap();
        let [finding] = &compared.findings[..] else { panic!("{:#?}", compared.findings) };
        assert_eq!((compared.verdict, finding.severity), (Verdict::Undecided, Severity::Undecided));
        assert!(finding.found.contains("damaged.rpm") && finding.found.contains(expected), "{finding:?}");
        assert_eq!(compared.nevra.name(), "sample");
    };
    std::fs::copy(&whole, &damaged).unwrap();
    testkit::corrupt::flip_byte(&damaged, -9).unwrap();
    undecided("digest");
    for cut in [1, length / 2, length - 1000, length - 100, length - 50, length] {
        std::fs::copy(&whole, &damaged).unwrap();
        testkit::corrupt::truncate(&damaged, length - cut).unwrap();
        undecided("");
    }
}

#[test]
fn what_is_no_binary_package_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let made = RpmBuilder::new("sample", "1").file("/usr/share/sample", "sample").build(dir.path()).unwrap();
    let whole = made.binary;
    assert!(matches!(compare(&whole, &made.source).unwrap_err(), CompareError::Source { .. }));
    assert!(matches!(compare(&made.source, &whole).unwrap_err(), CompareError::Source { .. }));
    let empty = dir.path().join("empty.rpm");
    std::fs::write(&empty, "").unwrap();
    assert!(compare(&empty, &empty).is_err());
    let error = compare(&whole, &dir.path().join("absent.rpm")).unwrap_err();
    assert!(error.to_string().contains("absent.rpm"), "{error}");
}

#[test]
fn known_digests_are_used_as_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let made = RpmBuilder::new("sample", "1").build(dir.path()).unwrap();
    let stored = |digest| Stored { path: &made.binary, digest };
    let (a, b) = (Digest::of(b"a"), Digest::of(b"b"));
    let compared = compare_stored(stored(a), stored(b), &Options::default()).unwrap();
    assert_eq!((compared.reference, compared.package, compared.nevra.name()), (a, b, "sample"));
}
