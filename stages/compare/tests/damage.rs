//! A package that can't be looked at is an error, never a verdict.

use heirloom_compare::{CompareError, Stored, compare, compare_stored};
use heirloom_formats::rpm_file::RpmProblem;
use heirloom_model::{Digest, Verdict};
use testkit::rpm_builder::RpmBuilder;

#[test]
fn truncated_unreadable_and_source_packages_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let made = RpmBuilder::new("sample", "1").file("/usr/share/sample", "sample").build(dir.path()).unwrap();
    let whole = made.binary;
    assert_eq!(compare(&whole, &whole).unwrap().verdict, Verdict::BitIdentical);

    let cut = dir.path().join("cut.rpm");
    std::fs::copy(&whole, &cut).unwrap();
    let length = whole.metadata().unwrap().len();
    testkit::corrupt::truncate(&cut, length - 1).unwrap();
    let error = compare(&whole, &cut).unwrap_err();
    assert!(matches!(&error, CompareError::Rpm(error) if matches!(error.problem, RpmProblem::Size { .. })));
    assert!(error.to_string().contains("cut.rpm"), "{error}");

    for length in [0, 50, 100, 1000, length / 2] {
        testkit::corrupt::truncate(&cut, length).unwrap();
        assert!(compare(&cut, &whole).is_err(), "{length} bytes");
    }
    assert!(matches!(compare(&whole, &made.source).unwrap_err(), CompareError::Source { .. }));
    let error = compare(&whole, &dir.path().join("absent.rpm")).unwrap_err();
    assert!(error.to_string().contains("absent.rpm"), "{error}");
}

#[test]
fn known_digests_are_used_as_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let made = RpmBuilder::new("sample", "1").build(dir.path()).unwrap();
    let stored = |digest| Stored { path: &made.binary, digest };
    let (a, b) = (Digest::of(b"a"), Digest::of(b"b"));
    let compared = compare_stored(stored(a), stored(b)).unwrap();
    assert_eq!((compared.reference, compared.package, compared.nevra.name()), (a, b, "sample"));
}
