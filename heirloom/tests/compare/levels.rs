//! Two files at each level, and the exit code of each.

use testkit::corrupt;
use testkit::gpg::Key;

use crate::support::{Place, matches_schema, named, sample, with_library};

/// Compares by both formats, checks level, exit code and schema, and gives the JSON.
#[track_caller]
fn level(place: &Place, pair: &[String; 2], verdict: &str, code: i32) -> serde_json::Value {
    let pair = pair.join(" ");
    let json = place.json(&format!("compare {pair}"), code);
    assert_eq!(json["verdict"], verdict, "{json:#}");
    assert!(json["findings"].is_array() && json["normalisations"].is_array());
    matches_schema("comparison.schema.json", &json);
    let text = place.run(&format!("compare {pair}")).expect(code);
    let first = text.stdout.lines().next().unwrap();
    assert!(first.ends_with(&format!(": {verdict}")), "{}", text.stdout);
    json
}

#[test]
fn the_same_bytes_are_bit_identical_whoever_signed_them() {
    let place = Place::new();
    let pair = [place.package("a", &sample("text")), place.package("b", &sample("text"))];
    Key::throwaway("Vendor <v@example.org>").unwrap().sign_rpms(&[place.path(&pair[0])]).unwrap();
    let json = level(&place, &pair, "bit-identical", 0);
    assert_eq!(json["findings"], serde_json::json!([]));
}

#[test]
fn another_vendor_and_the_same_files_are_payload_identical() {
    let place = Place::new();
    let of = |vendor: &str| sample("text").tag("Vendor", vendor).tag("Distribution", vendor);
    let pair = [place.package("a", &of("One")), place.package("b", &of("Other"))];
    level(&place, &pair, "payload-identical", 0);
}

#[test]
fn what_differs_only_in_what_means_nothing_is_identical() {
    let place = Place::new();
    let zipped = |seconds: u8| {
        // RFC 1952: a stored block, and a time at bytes 4 to 7.
        let mut bytes = vec![0x1f, 0x8b, 8, 0, seconds, 0, 0, 0, 0, 3, 1, 5, 0, 0xfa, 0xff];
        bytes.extend(b"hello");
        bytes.extend([0x86, 0xa6, 0x10, 0x36, 5, 0, 0, 0]);
        named("sample", "1.0").file("/usr/share/sample/text.gz", bytes)
    };
    let pair = [place.package("a", &zipped(1)), place.package("b", &zipped(2))];
    let json = level(&place, &pair, "identical", 0);
    let normalisation = &json["normalisations"][0];
    assert_eq!(
        (&normalisation["rule"], &normalisation["subject"]),
        (&"gzip".into(), &"/usr/share/sample/text.gz".into())
    );
    place.run(&format!("compare {}", pair.join(" "))).says(&["after 1 normalisation: gzip"]);
}

#[test]
fn other_code_behind_the_same_interface_is_abi_compatible() {
    let place = Place::new();
    let of = |value: u32| with_library(&place.library(&format!("int answer(void) {{ return {value}; }}")));
    let pair = [place.package("a", &of(41)), place.package("b", &of(42))];
    let json = level(&place, &pair, "abi-compatible", 10);
    assert_eq!(json["evidence"], "symbols");
    let explained = place.run(&format!("compare --explain {}", pair.join(" "))).expect(10);
    explained.says(&["/usr/lib64/libsample.so.1", ".text", "differing in byte", "answer"]);
}

#[test]
fn a_symbol_that_is_gone_is_incompatible() {
    let place = Place::new();
    let both = place.library("int one(void) { return 1; } int two(void) { return 2; }");
    let half = place.library("int one(void) { return 1; }");
    let pair = [place.package("a", &with_library(&both)), place.package("b", &with_library(&half))];
    let json = level(&place, &pair, "incompatible", 11);
    assert!(json["findings"].to_string().contains("/usr/lib64/libsample.so.1: two"), "{json:#}");
    // The other way round a symbol is new, which breaks nobody.
    let pair = [pair[1].clone(), pair[0].clone()];
    level(&place, &pair, "abi-compatible", 10);
}

#[test]
fn types_are_compared_where_there_is_debugging_data() {
    let place = Place::new();
    let of = |dir: &str, body: &str, more: &str| {
        let library = place.library(&format!(
            "struct point {{ int x; {more} int y; }}; int sum(struct point *p) {{ return {body}; }}"
        ));
        // rpmbuild strips what is not below this directory.
        let data = named("libsample-debuginfo", "1.0")
            .arch("x86_64")
            .file("/usr/lib/debug/libsample.debug", &library);
        [place.package(dir, &with_library(&library)), place.package(dir, &data)]
    };
    let one = of("a", "p->x + p->y", "");
    let with_data = |other: [String; 2], code| {
        let data = format!("--debuginfo {} {}", one[1], other[1]);
        let pair = format!("compare {} {}", one[0], other[0]);
        (place.json(&pair, 10), place.json(&format!("{pair} {data}"), code))
    };
    let (without, with) = with_data(of("b", "p->x + p->y + 1", ""), 10);
    assert_eq!((&without["evidence"], &with["evidence"]), (&"symbols".into(), &"types".into()));
    let (without, with) = with_data(of("c", "p->x + p->y", "int between;"), 11);
    assert_eq!((&without["evidence"], &with["verdict"]), (&"symbols".into(), &"incompatible".into()));
    let findings = with["findings"].as_array().unwrap();
    let types = findings.iter().find(|finding| finding["rule"] == "types").unwrap();
    assert!(types.to_string().contains("point"), "{types}");
}

#[test]
fn a_damaged_package_is_undecided() {
    let place = Place::new();
    let pair = [place.package("a", &sample("text")), place.package("b", &sample("text"))];
    corrupt::flip_byte(&place.path(&pair[1]), -20).unwrap();
    level(&place, &pair, "undecided", 12);
}

#[test]
fn a_new_requirement_is_undecided_until_it_is_known_what_the_reference_provides() {
    let place = Place::new();
    let pair = [place.package("a", &sample("text")), place.package("b", &sample("text").requires("other"))];
    level(&place, &pair, "undecided", 12);
}

#[test]
fn what_is_no_pair_of_packages_is_said_so() {
    let place = Place::new();
    let good = place.package("a", &sample("text"));
    let source = sample("text").build(&place.path("source")).unwrap().source;
    place.write("text.rpm", "no package");
    for (other, code, words) in [
        ("none.rpm", 1, "none.rpm: can't be read: No such file"),
        (source.to_str().unwrap(), 1, "source package"),
        // One of the two is there to be compared with: evidence is missing.
        ("text.rpm", 12, "text.rpm: is not an RPM file"),
    ] {
        place.run(&format!("compare {good} {other}")).expect(code).says(&[words]);
    }
    place.run("compare a a").expect(1).says(&["a: is a directory", "--reference DIR --rebuild DIR"]);
    place.run("compare text.rpm text.rpm").expect(1).says(&["text.rpm: is not an RPM file"]);
    place.run(&format!("compare {good}")).expect(2);
    place.run(&format!("compare --reference a {good} {good}")).expect(2);
    place.run("compare --reference a").expect(2);
    place.run("compare").expect(3).says(&["can't read the definition heirloom.toml"]);
    place.run(&format!("compare {good} {good} --dist-map el9")).expect(2).says(&[".el9=.el9_4"]);
}
