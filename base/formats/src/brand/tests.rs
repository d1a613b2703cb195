use std::path::Path;

use heirloom_model::record::MarkKind;

use super::*;

const WHOLE: &str = r#"
[[mark]]
name = "tarnholt"
kind = "name"
words = ["Tarnholt", "Grey Heron"]
exact-case = true
unless = ["tarnholt-*-config"]

[[mark]]
name = "hosts"
kind = "url"
urls = ["tarnholt.example", "git.example/tarnholt"]

[[mark]]
name = "mail"
kind = "email"
domains = ["tarnholt.example"]

[[mark]]
name = "tags"
kind = "vendor-tag"
values = ["Tarnholt*"]

[[mark]]
name = "heron"
kind = "logo"
looks = ["c3a1f00f00ff18e7"]
sha256 = ["31e066137a962676e89f69d1b65382de95a7ef7d914b8cb956f41ea72e0f516b"]
distance = 4

[[mark]]
name = "release-key"
kind = "key"
fingerprints = ["0123 4567 89AB CDEF 0123  4567 89AB CDEF 0123 4567", "0x0123456789abcdef"]
subjects = ["Tarnholt Secure Boot"]

[[allowance]]
mark = "tarnholt"
packages = ["hello*"]
files = ["*/NEWS"]
reason = "history"
expires = 2027-06-30

[[allowance]]
mark = "unreadable"
reason = "the test suite has a damaged archive"
"#;

fn read(text: &str) -> Result<Brand, DefinitionError> {
    Brand::parse(text, Path::new("brand.toml"))
}

/// Line, column, message and hint.
fn refused(text: &str) -> (usize, usize, String, String) {
    match read(text) {
        Err(DefinitionError::Wrong { line, column, message, hint, .. }) => (line, column, message, hint),
        other => panic!("{other:?}"),
    }
}

#[test]
fn marks_and_allowances_are_read() {
    let brand = read(WHOLE).unwrap();
    let kinds: Vec<_> = brand.marks.iter().map(|mark| mark.signs.kind()).collect();
    use MarkKind::{Email, Key, Logo, Name, Url, VendorTag};
    assert_eq!(kinds, [Name, Url, Email, VendorTag, Logo, Key]);
    let Signs::Key { fingerprints, .. } = &brand.marks[5].signs else { panic!() };
    assert_eq!(
        (fingerprints[0].len(), &fingerprints[1][..]),
        (20, &[1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef][..])
    );
    let Signs::VendorTags { tags, .. } = &brand.marks[3].signs else { panic!() };
    assert_eq!(tags.len(), 5, "all of them");
    let Signs::Logo { looks, distance, .. } = &brand.marks[4].signs else { panic!() };
    assert_eq!((looks[0], *distance), (0xc3a1_f00f_00ff_18e7, 4));
    assert_eq!(brand.allowances[0].expires, Some("2027-06-30".parse().unwrap()));
    assert_eq!((&brand.allowances[1].packages[0][..], brand.allowances[1].expires), ("*", None));
    assert_eq!(read("").unwrap(), Brand::default());
}

#[test]
fn faults_have_their_place_and_what_to_do() {
    let change = |from: &str, to: &str| {
        assert!(WHOLE.contains(from), "{from}");
        refused(&WHOLE.replacen(from, to, 1))
    };
    let (line, column, message, hint) = change("\"url\"", "\"uri\"");
    assert_eq!((line, column, &*message), (11, 8, "there is no kind `uri`"));
    assert!(hint.contains("vendor-tag"), "{hint}");
    let (line, _, message, hint) = change("exact-case", "exact-caze");
    assert_eq!((line, &*hint), (6, "did you mean `exact-case`?"), "{message}");
    let (line, _, message, _) = change("domains =", "words =");
    assert_eq!((line, &*message), (17, "a mark of kind `email` has no key `words`"));
    let (_, _, message, hint) = change("words = [\"Tarnholt\", \"Grey Heron\"]", "words = []");
    assert_eq!(
        (&*message, &*hint),
        ("the mark `tarnholt` looks for nothing", "a mark of kind `name` needs words")
    );
    assert_eq!(change("\"mail\"", "\"hosts\"").2, "the name `hosts` is taken");
    assert_eq!(change("\"mail\"", "\"unreadable\"").2, "the name `unreadable` is taken");
    assert_eq!(change("mark = \"tarnholt\"", "mark = \"tarnhold\"").2, "there is no mark `tarnhold`");
    assert_eq!(change("\"history\"", "\" \"").2, "an allowance needs a reason");
    assert!(change("reason = \"history\"\n", "").2.contains("missing field `reason`"));
    assert!(change("2027-06-30", "\"never\"").2.contains("is no date"));
    assert!(change("distance = 4", "distance = 40").2.contains("too large"));
    assert!(change("c3a1f00f00ff18e7", "+3a1f00f00ff18e7").2.contains("no perceptual hash"));
    assert!(change("0x0123456789abcdef", "0x89abcdef").3.contains("short key id"));
    assert!(change("\"Grey Heron\"", "\"-\"").2.contains("can't be looked for as a word"));
    assert!(change("git.example/tarnholt", "https://git.example").2.contains("is no host"));
    assert!(change("\"Tarnholt*\"", "\"\"").2.contains("can't be looked for"));
    assert!(change("files = [\"*/NEWS\"]", "files = []").2.contains("fits nothing"));
}

#[test]
fn a_file_is_read_up_to_a_size() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("brand.toml");
    assert!(Brand::load(&path).unwrap_err().to_string().contains("brand.toml"));
    std::fs::write(&path, WHOLE).unwrap();
    assert_eq!(Brand::load(&path).unwrap(), read(WHOLE).unwrap());
    std::fs::write(&path, "#".repeat(2 << 20)).unwrap();
    assert!(Brand::load(&path).unwrap_err().to_string().contains("can't read"));
}

proptest::proptest! {
    #[test]
    fn never_panics(cut in 0usize..1200, junk in "\\PC{0,8}") {
        let cut = cut.min(WHOLE.len());
        let _ = read(&format!("{}{junk}{}", &WHOLE[..cut], &WHOLE[cut..]));
    }
}
