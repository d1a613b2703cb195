//! Certificates: made, checked, made again, and refused.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;
use testkit::corrupt;
use testkit::gpg::Key;

use crate::ran::Ran;
use crate::support::{Place, matches_schema, sample, with_library};

/// A pair that differs, its certificate, and the keys `mine` and `other`; gives the pair.
fn certified(place: &Place) -> String {
    for name in ["mine", "other"] {
        make_key(place, name);
    }
    let of = |text: &str, value: u32| {
        let library = place.library(&format!("int answer(void) {{ return {value}; }}"));
        with_library(&library).file("/usr/share/sample/text", text)
    };
    let pair = [place.package("a", &of("a\n", 1)), place.package("b", &of("b\n", 2))].join(" ");
    place.write(
        "allowances.toml",
        "[[allowance]]\nrule = \"file-content\"\nreason = \"debranding\"\nexpires = \"2999-12-31\"\n",
    );
    let certify = "--certify mine.secret.asc --certificates certificates";
    place.run(&format!("compare {pair} --allowances allowances.toml {certify}")).expect(10);
    pair
}

/// Writes `NAME.asc` and `NAME.secret.asc`; `heirloom init` makes larger keys, which takes long.
fn make_key(place: &Place, name: &str) {
    let key = Key::throwaway(&format!("{name} <{name}@example.org>")).unwrap();
    place.write(&format!("{name}.asc"), key.public().unwrap());
    let secret = place.write(&format!("{name}.secret.asc"), key.secret().unwrap());
    std::fs::set_permissions(place.path(&secret), Permissions::from_mode(0o600)).unwrap();
}

const CERTIFICATE: &str = "certificates/libsample-1.0-1.x86_64.rpm.intoto.json";

fn verify(place: &Place, more: &str) -> Ran {
    place.run(&format!("verify-certificate {CERTIFICATE} --key mine.asc {more}"))
}

#[test]
fn a_certificate_is_checked_and_made_again() {
    let place = Place::new();
    let pair = certified(&place);
    verify(&place, "").expect(0).says(&["libsample-1.0-1.x86_64.rpm: abi-compatible", "the signature holds"]);
    verify(&place, &pair).expect(0).says(&["the certificate holds", "verdict        as stated"]);
    let json = place.json(&format!("verify-certificate {CERTIFICATE} --key mine.asc {pair}"), 0);
    assert_eq!(json["holds"], true);
    let statement = &json["statement"];
    matches_schema("certificate.schema.json", statement);
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(statement["predicate"]["allowances"][0]["reason"], "debranding");
    let envelope: Value = serde_json::from_str(&place.read(CERTIFICATE)).unwrap();
    assert_eq!(envelope["payloadType"], "application/vnd.in-toto+json");
}

#[test]
fn one_changed_byte_is_noticed_wherever_it_is() {
    let place = Place::new();
    let pair = certified(&place);
    let good = place.read(CERTIFICATE);
    let envelope: Value = serde_json::from_str(&good).unwrap();
    for text in [envelope["payload"].as_str().unwrap(), envelope["signatures"][0]["sig"].as_str().unwrap()] {
        let middle = text.len() / 2;
        let other = if text.as_bytes()[middle] == b'A' { "B" } else { "A" };
        let changed = [&text[..middle], other, &text[middle + 1..]].concat();
        place.write(CERTIFICATE, good.replace(text, &changed));
        verify(&place, "").expect(5).says(&[CERTIFICATE]);
    }
    place.write(CERTIFICATE, &good);
    verify(&place, &pair).expect(0);
    for file in pair.split(' ') {
        corrupt::flip_byte(&place.path(file), -20).unwrap();
        let ran = verify(&place, &pair).expect(5);
        ran.says(&["stated", "found", "the certificate does not hold: it is about other packages"]);
        corrupt::flip_byte(&place.path(file), -20).unwrap();
    }
    verify(&place, &pair).expect(0);
}

#[test]
fn another_key_another_pair_and_no_certificate_are_refused() {
    let place = Place::new();
    let pair = certified(&place);
    let ran = place.run(&format!("verify-certificate {CERTIFICATE} --key other.asc")).expect(5);
    ran.says(&[CERTIFICATE]);
    let (a, b) = pair.split_once(' ').unwrap();
    let certify = format!("compare {pair} --certify mine.asc --certificates certificates");
    place.run(&certify).expect(1).says(&["mine.asc", "private key", "help:"]);
    verify(&place, &format!("{b} {a}")).expect(5).says(&["reference      stated"]);
    place.write("none.json", "{}");
    place.run("verify-certificate none.json --key mine.asc").expect(5).says(&["none.json"]);
    place.run("verify-certificate absent.json --key mine.asc").expect(1).says(&["can't read absent.json"]);
    place.run(&format!("verify-certificate {CERTIFICATE} --key {CERTIFICATE}")).expect(1).says(&["key"]);
    place.run(&format!("verify-certificate {CERTIFICATE}")).expect(2).says(&["--key"]);
}

#[test]
fn every_pair_of_two_sets_gets_a_certificate_and_the_same_bytes_each_time() {
    let place = Place::new();
    make_key(&place, "mine");
    for dir in ["a", "b"] {
        place.package(dir, &sample("text"));
    }
    let sets = "compare --reference a --rebuild b --certify mine.secret.asc --certificates certificates";
    place.run(sets).expect(0);
    let file = "certificates/sample-1.0-1.noarch.rpm.intoto.json";
    let payload = |text: String| serde_json::from_str::<Value>(&text).unwrap()["payload"].clone();
    let first = payload(place.read(file));
    place.run(sets).expect(0);
    assert_eq!(payload(place.read(file)), first);
}
